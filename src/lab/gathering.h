/* A sweep as it is read back, from the folder of one process or of all shards. */
#ifndef UT_GATHERING_H
#define UT_GATHERING_H

#include <jansson.h>

#include "base/heap.h"
#include "lab/record.h"
#include "lab/sweep_plan.h"
#include "report/statistics.h"

/* Of one cell. Summaries of what was not measured have a count of 0. */
struct ut_gathered {
	const char *state;   /* "done", "failed" or "waiting" */
	const char *reason;  /* of one that failed, or NULL */
	const char *folder;  /* the one it was read from; NULL: not done */
	const char *device;  /* that computed it */
	const char *version; /* of undertone */
	size_t replicas;
	struct ut_summary accuracy[UT_CONDITIONS];
	struct ut_summary auc[UT_CONDITIONS];
	struct ut_summary share[UT_CONDITIONS];      /* of the ceiling's */
	struct ut_summary difference[UT_CONDITIONS]; /* from the control's */
	double chance;
	bool shown; /* the verdict: the initialisation carries it */
	/* (count, height, width, channels): noise of the first replica */
	struct {
		size_t count, height, width, channels;
		const float *numbers;
	} noise;
	const char *prints; /* and accuracies: what makes two cells equal */
};

struct ut_gathering {
	struct ut_sweep_plan plan;
	struct ut_gathered *cells; /* (plan.cell_count) */
	size_t done, failed;
	size_t folders, merged; /* cells that were in several folders */
	int contract;
	const char *version; /* of the sweep.json of the first folder */
	struct ut_heap heap;
};

/*
 * Reads the sweeps in the folders, which must be of the same plan: UT_INVALID
 * says what differs, of plan, contract, or a cell that is in two of them with
 * other results. Every cell that is said to be done must be there, and be the
 * one its place says. Release it either way.
 */
enum ut_status ut_gathering_read(struct ut_gathering *gathering,
				 const char *const *folders, size_t count,
				 struct ut_error *error);
void ut_gathering_release(struct ut_gathering *gathering);

#endif
