/*
 * Which replicas a worker does next: so many that all workers, at the speeds they
 * have shown, end together. Knows nothing of devices or threads; times are those
 * of any one clock, in seconds. Private to src/lab.
 */
#ifndef UT_DISPATCH_H
#define UT_DISPATCH_H

#include "lab/ledger.h"

struct ut_worker {
	unsigned most;     /* replicas at a time; the caller sets it */
	bool lost;         /* takes no more */
	unsigned first, R; /* the group under way; R 0: none */
	double began;      /* that, at this time */
	double before;     /* operations of it that were done by then */
	double done[UT_EFFORTS], images; /* of it, until now */
	/* Operations and seconds of all its groups before. */
	double work, seconds;
};

struct ut_dispatch {
	struct ut_worker *workers; /* (count) */
	size_t count;
	bool *taken; /* (replicas): under way */
	size_t replicas, unfinished;
	double each; /* operations of a replica */
};

/* planned: of all replicas. Release it either way. */
enum ut_status ut_dispatch_init(struct ut_dispatch *dispatch, size_t count,
				const struct ut_ledger *ledger,
				const double planned[UT_EFFORTS],
				struct ut_error *error);
void ut_dispatch_release(struct ut_dispatch *dispatch);

/*
 * Has the worker take its next group, which is all or the first part of one that
 * the ledger has kept, or none of any. False: for now there is none, or it is
 * better left to others; ask again when one has finished or was lost.
 */
bool ut_dispatch_take(struct ut_dispatch *dispatch, size_t worker,
		      struct ut_ledger *ledger, double now);

/* The group begins, or begins again, where the ledger has kept it. */
void ut_dispatch_begin(struct ut_dispatch *dispatch, size_t worker,
		       const struct ut_kept *kept);

/* What the worker has done of its group until now. */
void ut_dispatch_hear(struct ut_dispatch *dispatch, size_t worker,
		      const struct ut_progress *progress);

/* Leaves all but the group's first replicas, and takes no more at a time. */
void ut_dispatch_shrink(struct ut_dispatch *dispatch, size_t worker,
			unsigned replicas);

/* The group is finished, as the ledger knows already. */
void ut_dispatch_finish(struct ut_dispatch *dispatch, size_t worker,
			double now);

/* The worker takes no more; its group is to be done. True: there are others. */
bool ut_dispatch_lose(struct ut_dispatch *dispatch, size_t worker);

#endif
