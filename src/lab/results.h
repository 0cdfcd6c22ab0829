/* What an experiment measured, replica by replica. Plain values. */
#ifndef UT_RESULTS_H
#define UT_RESULTS_H

#include "base/fingerprint.h"
#include "lab/recipe.h"

/* One replica after one epoch; epoch 0 is before training. */
struct ut_point {
	double loss;     /* mean over the epoch's steps; < 0: none */
	double accuracy; /* over all class logits; < 0: not measured */
	double rate;     /* learning rate of the epoch's last step */
	struct ut_fingerprint print; /* of the replica's arena */
};

struct ut_phase {
	bool trained;
	uint64_t epochs;
	struct ut_point *points; /* (epochs + 1, replicas) */
};

struct ut_results {
	size_t replicas;
	double *accuracy[UT_CONDITIONS];       /* (replicas), all logits */
	double *present[UT_CONDITIONS];        /* over the classes present */
	struct ut_phase phases[UT_CONDITIONS]; /* teacher and students */
	double chance, chance_present;
	double seconds, flop; /* of all training */
	size_t device_bytes;  /* the most ever held */
};

/* Room for what the recipe measures; UT_MEMORY. Release it either way. */
enum ut_status ut_results_init(struct ut_results *results,
			       const struct ut_recipe *recipe,
			       struct ut_error *error);
void ut_results_release(struct ut_results *results);

/*
 * Fingerprint of all replicas after an epoch: of the replicas' fingerprints, 16
 * bytes each, most significant byte first, in order (docs/ARITHMETIC.md).
 */
struct ut_fingerprint ut_results_print(const struct ut_results *results,
				       enum ut_condition phase, uint64_t epoch);

#endif
