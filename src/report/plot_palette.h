/* Colours of figures, for eyes that see colours and those that do not. */
#ifndef UT_PLOT_PALETTE_H
#define UT_PLOT_PALETTE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/plot.h"

/* Straight, 0 to 1 each. */
struct ut_colour_rgba {
	double r, g, b, a;
};

/* What a figure is drawn with, in one theme. */
struct ut_palette {
	struct ut_colour_rgba paper; /* behind everything */
	struct ut_colour_rgba ink;   /* titles, names, whiskers */
	struct ut_colour_rgba muted; /* numbers of axes, notes */
	struct ut_colour_rgba axis, grid;
	struct ut_colour_rgba empty; /* a cell without a number */
	struct ut_colour_rgba series[UT_HUES];
	double band; /* how opaque an interval is */
};

const struct ut_palette *ut_palette(enum ut_theme theme);

struct ut_colour_rgba ut_palette_series(const struct ut_palette *palette,
					unsigned colour);

/* The same colour, alpha times as opaque. */
struct ut_colour_rgba ut_colour_fade(struct ut_colour_rgba colour,
				     double alpha);

/* Viridis (van der Walt and Smith 2015) at 0 <= t <= 1. */
struct ut_colour_rgba ut_colour_scale(double t);

/* Black or white, whichever is read better on the colour. */
struct ut_colour_rgba ut_colour_readable(struct ut_colour_rgba behind);

#endif
