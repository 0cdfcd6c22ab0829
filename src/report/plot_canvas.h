/*
 * What figures are drawn on: lines, areas, marks, text and pictures, in points
 * from the top left. Nothing but plot_canvas.c knows cairo. A failure latches
 * in the canvas and is reported when the drawing leaves it.
 */
#ifndef UT_PLOT_CANVAS_H
#define UT_PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/plot.h"
#include "report/plot_palette.h"

struct ut_canvas;

struct ut_rect {
	double x, y, width, height;
};

struct ut_font {
	double size;
	bool bold;
};

struct ut_stroke {
	struct ut_colour_rgba colour;
	double width;
	bool dashed;
};

enum ut_anchor { UT_START, UT_MIDDLE, UT_END };

/*
 * A canvas without a size, to measure text on. Free it either way. UT_MISSING
 * without cairo.
 */
enum ut_status ut_canvas_new(struct ut_canvas **canvas,
			     const struct ut_palette *palette,
			     struct ut_error *error);
void ut_canvas_free(struct ut_canvas *canvas);

/* Begins a drawing of that size, as SVG or in pixels (scale of them a point). */
void ut_canvas_begin_svg(struct ut_canvas *canvas, double width, double height);
void ut_canvas_begin_png(struct ut_canvas *canvas, double width, double height,
			 double scale);
/* Ends it; appends the file to text. */
enum ut_status ut_canvas_end(struct ut_canvas *canvas, struct ut_text *text,
			     struct ut_error *error);

const struct ut_palette *ut_canvas_palette(const struct ut_canvas *canvas);

void ut_canvas_line(struct ut_canvas *canvas, double x0, double y0, double x1,
		    double y1, const struct ut_stroke *stroke);
/* xy (count, 2) */
void ut_canvas_path(struct ut_canvas *canvas, const double *xy, size_t count,
		    const struct ut_stroke *stroke);
void ut_canvas_polygon(struct ut_canvas *canvas, const double *xy, size_t count,
		       struct ut_colour_rgba fill);
void ut_canvas_fill(struct ut_canvas *canvas, struct ut_rect rect,
		    struct ut_colour_rgba fill);

/* Mark number shape (any): a disc, a square, ...; edge may be NULL. */
void ut_canvas_mark(struct ut_canvas *canvas, unsigned shape, double x,
		    double y, double radius, struct ut_colour_rgba fill,
		    const struct ut_stroke *edge);

/* Until unclip, nothing is drawn outside. */
void ut_canvas_clip(struct ut_canvas *canvas, struct ut_rect rect);
void ut_canvas_unclip(struct ut_canvas *canvas);

/*
 * One line of text on the base line through (x, y), turned by degrees (counter
 * clockwise) about that point.
 */
void ut_canvas_text(struct ut_canvas *canvas, double x, double y,
		    enum ut_anchor anchor, double degrees, struct ut_font font,
		    struct ut_colour_rgba colour, const char *text);

/* Its width. */
double ut_canvas_measure(struct ut_canvas *canvas, struct ut_font font,
			 const char *text);

/*
 * pixels u8 (height, width, channels 1 or 3) in the rectangle: enlarged as
 * squares, reduced by averages.
 */
void ut_canvas_image(struct ut_canvas *canvas, struct ut_rect rect,
		     const uint8_t *pixels, size_t height, size_t width,
		     size_t channels);

/* Whether there were pictures, and all were enlarged. */
bool ut_canvas_enlarged(const struct ut_canvas *canvas);

/* Says what a mark is; a text of no letters is none. */
void ut_canvas_spot(struct ut_canvas *canvas, struct ut_rect rect,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Latches that memory has run out. */
void ut_canvas_fail(struct ut_canvas *canvas);

/* Hands the spots since the last begin to the caller. */
void ut_canvas_take_spots(struct ut_canvas *canvas, struct ut_spot **spots,
			  size_t *count);

#endif
