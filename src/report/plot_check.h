/* Whether a figure can be drawn. */
#ifndef UT_PLOT_CHECK_H
#define UT_PLOT_CHECK_H

#include "report/plot.h"

/* UT_INVALID says which panel cannot, and why. */
enum ut_status ut_figure_check(const struct ut_figure *figure,
			       struct ut_error *error);

#endif
