/*
 * A state: all that an unfinished run is, its groups between two steps, as bytes.
 * Format: a head; a byte a replica, 1 for those that are finished; each group
 * under way, its place first, then its arenas, moments and losses; the results'
 * arrays; the weights kept; and XXH3-128 of all before it. Numbers are in the
 * machine's order, and states are read by the version that wrote them alone.
 */
#ifndef UT_STATE_H
#define UT_STATE_H

#include "lab/archive.h"
#include "lab/keeper.h"
#include "lab/ledger.h"
#include "lab/trainer.h"

/* What states are of. */
struct ut_subject {
	const struct ut_recipe *recipe;
	const struct ut_dataset *data;
	struct ut_results *results;
	struct ut_keeper *keeper;
	struct ut_ledger *ledger;
	bool has_teachers; /* they are not trained */
	const char *flaw;  /* of the devices; "" or NULL if they are exact */
};

/* Where the run stands, beside its ledger. */
struct ut_state {
	uint64_t sequence;               /* from 1: the larger is the newer */
	uint64_t groups;                 /* under way */
	double done[UT_EFFORTS], images; /* of the replicas that are finished */
	double seconds;
};

/* Bytes that no state of the subject is longer than. */
size_t ut_state_limit(const struct ut_subject *subject);

/*
 * Packs what the device holds of the group that t trains, and that stands at
 * place. Free *kept when the status is UT_OK.
 */
enum ut_status ut_state_pack(struct ut_kept **kept,
			     const struct ut_place *place, struct ut_trainer *t,
			     struct ut_error *error);

/* Puts a trainer for that place where it was. */
enum ut_status ut_state_unpack(const struct ut_kept *kept, struct ut_trainer *t,
			       struct ut_error *error);

/*
 * Writes the state of the subject to a file: whole, or what stands at path
 * stays.
 */
enum ut_status ut_state_write(const struct ut_subject *subject,
			      uint64_t sequence, double seconds,
			      const char *path, struct ut_error *error);

/* UT_CORRUPT says why the bytes are not a state of the subject. */
enum ut_status ut_state_check(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct ut_state *state, struct ut_error *error);

/*
 * Of bytes that were checked: into the subject's ledger, in which nothing is
 * done yet, its results and its keeper.
 */
enum ut_status ut_state_read(const struct ut_subject *subject,
			     const unsigned char *bytes, size_t size,
			     struct ut_error *error);

#endif
