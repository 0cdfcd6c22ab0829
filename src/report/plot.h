/* Figures: a panel or several, drawn with cairo, and their numbers beside them. */
#ifndef UT_PLOT_H
#define UT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#include <undertone/status.h>

/*
 * Everything below is the caller's and is only read. Texts are UTF-8. A number
 * that is NaN is not drawn.
 */

/*
 * Places in the palette (Okabe and Ito 2008); higher ones begin anew. Colours
 * of a series go with the shape of its marks.
 */
enum ut_hue {
	UT_HUE_BLUE,
	UT_HUE_VERMILION,
	UT_HUE_GREEN,
	UT_HUE_PURPLE,
	UT_HUE_ORANGE,
	UT_HUE_SKY,
	UT_HUE_GREY,
	UT_HUE_INK, /* black, or white in the dark */
	UT_HUES
};

/* x: numbers, or places 0, 1, ... with a name each. */
struct ut_axis {
	const char *label;        /* with its unit, or NULL */
	double min, max;          /* NaN, or both 0: as the data want */
	bool logarithmic;         /* needs min > 0 */
	const char *const *names; /* of places 0 .. names_count - 1, or NULL */
	size_t names_count;
};

/*
 * A line with marks; low and high make a band around it. Along an axis of names
 * there is no line: every mark stands by itself, low and high are a whisker.
 */
struct ut_series {
	const char *name; /* in the legend, or NULL */
	size_t count;
	const double *x, *y;
	const double *low, *high; /* (count), or NULL */
	unsigned colour;          /* enum ut_hue */
	bool dashed, marks;
	/* (count) beside the points, or NULL; of each, NULL: none */
	const char *const *labels;
};

/* A bar from 0 to its mean, its interval, and a dot for every replica. */
struct ut_bar {
	const char *name;
	double mean, low, high;
	size_t dot_count;
	const double *dots;
	unsigned colour;
};

/* A level that holds everywhere: chance, a ceiling. */
struct ut_level {
	const char *name;
	double y;
	double low, high; /* a band, or NaN */
};

/* values (rows, columns), row 0 on top. */
struct ut_heat {
	size_t rows, columns;
	const double *values;
	const char *const *row_names, *const *column_names; /* or NULL */
	double min, max; /* of the colours; both the same: of the values */
	bool numbers;    /* write them in the cells */
};

/* Small pictures in rows: pixels u8 (count, height, width, channels 1 or 3). */
struct ut_gallery {
	size_t count, columns, height, width, channels;
	const uint8_t *pixels;
	const char *const *captions; /* (count), "\n" breaks, or NULL */
};

enum ut_panel_kind { UT_LINES, UT_BARS, UT_HEAT, UT_GALLERY };

struct ut_panel {
	enum ut_panel_kind kind;
	const char *title;    /* or NULL */
	double width, height; /* of UT_LINES' frame, points; 0: as others are */
	struct ut_axis x, y;
	const struct ut_series *series; /* UT_LINES */
	size_t series_count;
	const struct ut_bar *bars; /* UT_BARS */
	size_t bar_count;
	const struct ut_level *levels; /* UT_LINES and UT_BARS */
	size_t level_count;
	struct ut_heat heat;
	struct ut_gallery gallery;
};

/* Panels from left to right, then down. */
struct ut_figure {
	const char *stem;    /* its files' name without the ending */
	const char *title;   /* what it shows, in a few words */
	const char *caption; /* how to read it, and of what N; may be NULL */
	size_t columns;
	const struct ut_panel *panels;
	size_t panel_count;
};

/* A mark of a drawn figure and what it says, for whoever points at it. */
struct ut_spot {
	double x, y, width, height; /* in the drawing's points */
	char *text;                 /* "aux, m = 3: 0.550 (0.512 to 0.588)" */
};

/* A drawing: SVG without an XML declaration, ready to stand in a page. */
struct ut_drawing {
	double width, height; /* points */
	struct ut_text svg;
	struct ut_spot *spots;
	size_t spot_count;
};

enum ut_theme { UT_LIGHT, UT_DARK };

/* Whether this build can draw, with cairo. Without, drawing is UT_MISSING. */
bool ut_plot_available(void);

/*
 * Draws the figure for a page: without title, caption and background, which are
 * the page's (made for paper of #ffffff, in the dark of #14171c). The same
 * figure gives the same drawing, and the ids in it begin with its stem and
 * theme, so that drawings of other stems may stand in the same page. UT_INVALID
 * for a figure that cannot be: a stem of other letters than A-Za-z0-9._-, an
 * axis from high to low, more than 16,000 points wide. Release the drawing
 * either way.
 */
enum ut_status ut_figure_draw(const struct ut_figure *figure,
			      enum ut_theme theme, struct ut_drawing *drawing,
			      struct ut_error *error);
void ut_drawing_release(struct ut_drawing *drawing);

/*
 * Writes folder/STEM.svg, STEM.png (two pixels a point) in the light theme, with
 * title and caption, and STEM.csv with every number that is drawn. Without cairo
 * the last alone.
 */
enum ut_status ut_figure_write(const struct ut_figure *figure,
			       const char *folder, struct ut_error *error);

/*
 * Writes it to path alone: SVG or PNG, by its ending, as above. The first says
 * beforehand what is wrong with that: UT_INVALID, another ending; UT_MISSING,
 * there is no cairo.
 */
enum ut_status ut_figure_savable(const char *path, struct ut_error *error);
enum ut_status ut_figure_save(const struct ut_figure *figure, const char *path,
			      struct ut_error *error);

/*
 * Appends those numbers: "panel,kind,name,x,y,low,high" lines (RFC 4180), kind
 * being point, bar, dot, level, cell or image. x is a place's name where it has
 * one; of a cell the column, its name being the row.
 */
void ut_figure_csv(const struct ut_figure *figure, struct ut_text *text);

#endif
