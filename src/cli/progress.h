/* How a run shows where it stands, on standard error. */
#ifndef UT_PROGRESS_H
#define UT_PROGRESS_H

#include "lab/experiment.h"

struct progress_view {
	bool quiet, terminal;
	uint64_t all; /* replicas of the run */
	double started;
	int width; /* of the line that stands there */
};

void progress_begin(struct progress_view *view, bool quiet, uint64_t replicas);
void progress_show(struct progress_view *view,
		   const struct ut_progress *progress);
void progress_end(struct progress_view *view);

#endif
