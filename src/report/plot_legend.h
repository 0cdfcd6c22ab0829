/* The legend of lines: rows above the frame, so that it hides nothing. */
#ifndef UT_PLOT_LEGEND_H
#define UT_PLOT_LEGEND_H

#include "report/plot_panel.h"

/* Its height when it is that wide; 0 where no series has a name. */
double ut_legend_height(struct ut_canvas *canvas, const struct ut_panel *panel,
			double width);
void ut_legend_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    struct ut_rect rect);

/* One series' line and mark, around (x, y). */
void ut_series_sample(struct ut_canvas *canvas, const struct ut_series *series,
		      double x, double y);
/* One of its marks. */
void ut_series_mark(struct ut_canvas *canvas, const struct ut_series *series,
		    double x, double y);

#endif
