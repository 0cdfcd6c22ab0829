/*
 * A sweep under mpirun: rank 0 hands out teachers and cells, the others ask for
 * them. Each of the others works in a child process that keeps its device and
 * data, so that what kills the child loses one cell at most.
 */
#ifndef UT_CREW_H
#define UT_CREW_H

#include "cli/progress.h"
#include "lab/sweep.h"

/*
 * Of rank 0: hands out what the opened sweep has to do, until all is done or
 * something failed that would stop every cell.
 */
enum ut_status crew_lead(struct ut_sweep *sweep, int size,
			 struct progress_view *view, struct ut_error *error);

/* Of rank 0, where nothing can be handed out: the others go home. */
void crew_dismiss(int size);

/* Of the others: works for rank 0 until there is nothing left. */
void crew_work(struct ut_sweep *sweep);

/* Of the others, where they cannot work. */
void crew_leave(const struct ut_error *error);

#endif
