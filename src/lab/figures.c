/* Figures of a run. */
#include "lab/figures.h"

enum ut_status ut_figures_of_run(struct ut_figures *figures,
				 const struct ut_record *record,
				 struct ut_error *error)
{
	(void)record;
	return figures->heap.failed
		       ? ut_error_set(error, UT_MEMORY,
				      "out of memory for the figures")
		       : UT_OK;
}

void ut_figures_release(struct ut_figures *figures)
{
	ut_heap_release(&figures->heap);
	*figures = (struct ut_figures){0};
}
