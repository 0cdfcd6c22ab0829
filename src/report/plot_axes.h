/* Axes of figures: from numbers to places, ticks, and what stands at them. */
#ifndef UT_PLOT_AXES_H
#define UT_PLOT_AXES_H

#include "report/plot_canvas.h"
#include "report/plot_number.h"
#include "report/plot_words.h"

/* Sizes of text. */
#define UT_FONT_TITLE ((struct ut_font){16, true})
#define UT_FONT_PANEL ((struct ut_font){14, true})
#define UT_FONT_LABEL ((struct ut_font){13, false})
#define UT_FONT_TICK ((struct ut_font){12, false})
#define UT_FONT_NOTE ((struct ut_font){11.5, false})

/* What the data hold; none of it while min > max. */
struct ut_range {
	double min, max;
	bool fraction; /* a number that is not whole */
};

struct ut_range ut_range_empty(void);
/* Takes value in, if it can be drawn (on a logarithmic axis). */
void ut_range_add(struct ut_range *range, double value, bool logarithmic);

/* Numbers min to max along some length. */
struct ut_scale {
	double min, max;
	bool logarithmic;
	bool whole; /* no ticks between whole numbers */
};

/*
 * The scale of an axis whose data have the range. Ends that the axis leaves
 * open are set by the data: to a tick of about `target`, or, where target is 0,
 * a little outside.
 */
struct ut_scale ut_scale_new(const struct ut_axis *axis, struct ut_range range,
			     size_t target);

/*
 * 0 at min, 1 at max, beyond them by at most 1000; NaN for a number that is not
 * drawn.
 */
double ut_scale_part(const struct ut_scale *scale, double value);

enum { UT_TICKS = 40 };

struct ut_ticks {
	size_t count;
	double width; /* of the widest text */
	double at[UT_TICKS];
	char text[UT_TICKS][UT_NUMBER_BYTES];
};

/* About `target` of them. */
void ut_ticks_make(struct ut_canvas *canvas, const struct ut_scale *scale,
		   size_t target, struct ut_ticks *ticks);

/* Names of places 0, 1, ...: of a list, or the bars', or else the numbers. */
struct ut_names {
	size_t count;
	const char *const *list;
	const struct ut_bar *bars;
};

const char *ut_names_at(const struct ut_names *names, size_t i,
			char number[UT_NUMBER_BYTES]);

/* What stands below a frame: ticks or names, and the axis's label. */
struct ut_foot {
	struct ut_names names; /* if any: else numbers */
	struct ut_ticks ticks;
	size_t every; /* names that are left out between */
	bool turned;
	double slot;        /* width of a name's place */
	double height;      /* of everything */
	double label_below; /* from the frame to the label's base line */
	double left, right; /* how far it stands out of the frame */
	struct ut_words label;
};

/* places: there are names or nothing, no numbers. */
void ut_foot_plan(struct ut_canvas *canvas, const struct ut_axis *axis,
		  const struct ut_scale *scale, struct ut_names names,
		  bool places, double width, struct ut_foot *foot);
/* marks: short lines at the places. */
void ut_foot_draw(struct ut_canvas *canvas, const struct ut_foot *foot,
		  const struct ut_scale *scale, struct ut_rect frame,
		  bool marks);

/* The vertical axis: lines across the frame, numbers left of it, its label. */
double ut_side_width(struct ut_canvas *canvas, const struct ut_axis *axis,
		     const struct ut_ticks *ticks);
void ut_side_draw(struct ut_canvas *canvas, const struct ut_axis *axis,
		  const struct ut_ticks *ticks, const struct ut_scale *scale,
		  struct ut_rect frame);
/* Its label alone, that far left of the frame. */
void ut_side_label(struct ut_canvas *canvas, const struct ut_axis *axis,
		   double distance, struct ut_rect frame);

#endif
