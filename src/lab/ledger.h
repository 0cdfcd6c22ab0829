/*
 * What of a run is done: the replicas that are finished, and the groups under
 * way as they were last kept.
 */
#ifndef UT_LEDGER_H
#define UT_LEDGER_H

#include "lab/experiment.h"

/* Where a group stands in a training, and what it took to get there. */
struct ut_place {
	uint64_t epoch;           /* under way, from 1 */
	uint32_t first, replicas; /* the group's */
	uint32_t phase;           /* enum ut_condition: what is trained */
	uint32_t step;            /* steps done of the epoch */
	double power1, power2;    /* the optimiser's */
	double done[UT_EFFORTS], images;
};

/* Such a group: arenas (each: replicas), then its losses (replicas). */
struct ut_kept {
	struct ut_kept *next;
	struct ut_place place;
	size_t arenas;        /* how many arrays of them */
	size_t arena_bytes;   /* of one replica's */
	size_t history_bytes; /* of one replica's losses */
	unsigned char *bytes; /* (ut_kept_bytes) */
};

struct ut_ledger {
	size_t replicas;
	uint8_t *finished;               /* (replicas): 1 or 0 */
	double done[UT_EFFORTS], images; /* of those */
	struct ut_kept *kept;            /* groups, of which none overlap */
};

/* Nothing is done yet. Release it either way. */
enum ut_status ut_ledger_init(struct ut_ledger *ledger, size_t replicas,
			      struct ut_error *error);
void ut_ledger_release(struct ut_ledger *ledger);

/* Bytes of all its arrays. */
size_t ut_kept_bytes(const struct ut_kept *kept);

/* One with room for the arrays of such a layout; NULL: out of memory. */
struct ut_kept *ut_kept_new(const struct ut_kept *layout);
void ut_kept_free(struct ut_kept *kept);

/* The group kept that begins with this replica, or NULL. */
struct ut_kept *ut_ledger_find(const struct ut_ledger *ledger, unsigned first);

/* Takes it, instead of what is kept of the same group. */
void ut_ledger_keep(struct ut_ledger *ledger, struct ut_kept *kept);

/*
 * Makes two of the group kept that begins with `first`, if there is one: so many
 * replicas, and the rest. Without memory for that nothing is kept of it.
 */
void ut_ledger_cut(struct ut_ledger *ledger, unsigned first, unsigned replicas);

/* The group is finished: what it took is in progress. */
void ut_ledger_finish(struct ut_ledger *ledger, unsigned first,
		      unsigned replicas, const struct ut_progress *progress);

#endif
