/* The kinds of panels: each is planned, then drawn where its frame came to be. */
#ifndef UT_PLOT_PANEL_H
#define UT_PLOT_PANEL_H

#include "report/plot_axes.h"

/* What a panel needs, in points, and what its measuring found. */
struct ut_plan {
	double width, height;            /* of the frame */
	double left, right, top, bottom; /* around it, without the title; left
						 and right grow to the column's */
	double cell, row;                /* of heat maps and galleries */
	double label; /* of a heat map: from its axis's label to the frame */
	struct ut_scale x, y;
	struct ut_ticks ticks; /* of y */
	struct ut_foot foot;
};

/*
 * Sets all of plan (zeroed). columns: of the figure; more of them make smaller
 * frames.
 */
typedef void ut_panel_plan(struct ut_canvas *canvas,
			   const struct ut_panel *panel, size_t columns,
			   struct ut_plan *plan);
typedef void ut_panel_draw(struct ut_canvas *canvas,
			   const struct ut_panel *panel,
			   const struct ut_plan *plan, struct ut_rect frame);

ut_panel_plan ut_lines_plan, ut_bars_plan, ut_heat_plan, ut_gallery_plan;
ut_panel_draw ut_lines_draw, ut_bars_draw, ut_heat_draw, ut_gallery_draw;

/* The frame of a panel of lines or bars by the figure's columns. */
void ut_frame_size(size_t columns, double *width, double *height);

/* Plans the vertical axis of data with that range, and all around the frame. */
void ut_side_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		  struct ut_range range, struct ut_plan *plan);

/*
 * Levels: their range, the room for their names, and drawing: the bands are
 * behind the data, the names outside the frame.
 */
void ut_levels_range(const struct ut_panel *panel, struct ut_range *range);
double ut_levels_width(struct ut_canvas *canvas, const struct ut_panel *panel);
void ut_levels_bands(struct ut_canvas *canvas, const struct ut_panel *panel,
		     const struct ut_scale *y, struct ut_rect frame);
void ut_levels_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_scale *y, struct ut_rect frame);
void ut_levels_name(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_scale *y, struct ut_rect frame);

/* The labels of lines' points, over everything. */
void ut_labels_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_plan *plan, struct ut_rect frame);

/* Where a number stands in a frame; NaN when it is not drawn. */
double ut_frame_x(struct ut_rect frame, const struct ut_scale *x, double value);
double ut_frame_y(struct ut_rect frame, const struct ut_scale *y, double value);

#endif
