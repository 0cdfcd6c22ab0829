/* Figures of runs and sweeps, ready to be drawn. Private to lab. */
#ifndef UT_FIGURES_H
#define UT_FIGURES_H

#include "base/heap.h"
#include "lab/record.h"
#include "report/plot.h"

enum { UT_FIGURES_MAX = 24 };

/* All zero is none. What the figures point to is the heap's. */
struct ut_figures {
	struct ut_figure figures[UT_FIGURES_MAX];
	size_t count;
	struct ut_heap heap;
};

/* Adds the figures of a run. UT_MEMORY. */
enum ut_status ut_figures_of_run(struct ut_figures *figures,
				 const struct ut_record *record,
				 struct ut_error *error);

void ut_figures_release(struct ut_figures *figures);

#endif
