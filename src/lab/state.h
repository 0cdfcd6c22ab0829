/*
 * A state: all that an unfinished run is between two steps, as bytes. Format:
 * a head, the results' arrays, the weights kept, the arenas, moments and losses
 * of the training under way, and XXH3-128 of all before it; numbers are in the
 * machine's order, and states are read by the version that wrote them alone.
 */
#ifndef UT_STATE_H
#define UT_STATE_H

#include "lab/archive.h"
#include "lab/keeper.h"
#include "lab/trainer.h"

/* What states are of. */
struct ut_subject {
	const struct ut_recipe *recipe;
	const struct ut_dataset *data;
	struct ut_results *results;
	struct ut_keeper *keeper;
	bool has_teachers; /* they are not trained */
};

/* Where the run stands. */
struct ut_state {
	uint64_t sequence;        /* from 1: the larger is the newer */
	uint32_t first, replicas; /* of the group under way */
	uint32_t phase;           /* enum ut_condition: what is trained */
	uint32_t step;            /* steps done of the epoch */
	uint64_t epoch;           /* under way, from 1 */
	double done[UT_EFFORTS], images, seconds; /* of the whole run */
	double power1, power2;                    /* the optimiser's */
};

/* Bytes that no state of the subject is longer than. */
size_t ut_state_limit(const struct ut_subject *subject);

/*
 * Writes the state of the subject, and of t, which trains what state says, to a
 * file: whole, or what stands at path stays.
 */
enum ut_status ut_state_write(const struct ut_subject *subject,
			      const struct ut_state *state,
			      struct ut_trainer *t, const char *path,
			      struct ut_error *error);

/* UT_CORRUPT says why the bytes are not a state of the subject. */
enum ut_status ut_state_check(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct ut_state *state, struct ut_error *error);

/*
 * Of bytes that were checked, in this order: into the subject's results and
 * keeper; and into a trainer for what the state says. archive keeps the place.
 */
enum ut_status ut_state_unpack(const struct ut_subject *subject,
			       const struct ut_state *state,
			       struct ut_archive *archive,
			       struct ut_error *error);
enum ut_status ut_state_unpack_trainer(const struct ut_state *state,
				       struct ut_archive *archive,
				       struct ut_trainer *t,
				       struct ut_error *error);

#endif
