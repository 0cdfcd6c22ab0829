/* What the processes of a crew tell each other. */
#ifndef UT_CREW_MESSAGE_H
#define UT_CREW_MESSAGE_H

#include "cli/mpi.h"
#include "lab/sweep_plan.h"

/* Kinds of messages, and of tasks. */
enum crew_kind {
	/* from rank 0 */
	CREW_END,
	CREW_TEACH, /* item: teachers of the plan */
	CREW_CELL,  /* item: a cell */
	/* to rank 0 */
	CREW_READY, /* text: print of the plan */
	CREW_ENDED, /* task and item ended, with status and text */
	CREW_DIED,  /* they did not: text says how their process died */
	CREW_GONE,  /* will not work: status and text */
};

/* The print of a plan, by which all know that they have the same. */
void crew_print(const struct ut_sweep_plan *plan, char text[MPI_TEXT]);

/* Waits a moment. */
void crew_rest(void);

#endif
