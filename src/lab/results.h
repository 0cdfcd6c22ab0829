/* What an experiment measured, replica by replica. Plain values. */
#ifndef UT_RESULTS_H
#define UT_RESULTS_H

#include "base/fingerprint.h"
#include "data/dataset.h"
#include "data/robust.h"
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

/* What the networks of a condition did with one set of test images. */
struct ut_scores {
	double *accuracy; /* (replicas), over all class logits */
	double *present;  /* (replicas), over the classes present */
	/*
	 * (replicas), of the second class's logit less the first's; NULL unless
	 * there are exactly two classes, and images of both.
	 */
	double *auc;
	/*
	 * (replicas, classes, classes): labels, answers over all class logits;
	 * NULL of changed copies.
	 */
	uint32_t *confusion;
};

/* What diagnostics measure of a layer or a whole network: docs/RECIPES.md. */
enum ut_diagnostic {
	UT_DIAGNOSTIC_DRIFT,
	UT_DIAGNOSTIC_COSINE,
	UT_DIAGNOSTIC_PROGRESS,
	UT_DIAGNOSTIC_GRADIENT,
	UT_DIAGNOSTIC_CKA,
	UT_DIAGNOSTIC_PROBE,
	UT_DIAGNOSTIC_KL,
	UT_DIAGNOSTICS,
};

/* Diagnostics of a condition. */
struct ut_diagnosis {
	uint64_t epochs; /* 0 of networks that are measured at the end alone */
	/*
	 * (epochs + 1, replicas, layers + 1, UT_DIAGNOSTICS), after the layers
	 * the whole network; NaN: not measured. NULL: no diagnostics.
	 */
	double *values;
};

/* Bytes of a text that says why numbers are not the contract's. */
enum { UT_FLAW = 320 };

struct ut_results {
	/* What they come from that is not the contract's, beside the devices:
	 * teachers, what was done before the run was resumed; "" if none is */
	char flaw[UT_FLAW];
	size_t replicas, classes, aux;
	size_t labels[UT_DATASET_CLASSES];      /* test images of each class */
	struct ut_scores scores[UT_CONDITIONS]; /* all NULL: not measured */
	/* the same of changed copies of the test images, where asked for */
	struct ut_scores robust[UT_CONDITIONS][UT_ROBUST_KINDS];
	/* Logits of the first test images: class logits, then auxiliary ones. */
	size_t samples;
	uint8_t *sample_labels;                /* (samples) */
	float *sample_logits[UT_CONDITIONS];   /* (replicas, samples, logits) */
	struct ut_phase phases[UT_CONDITIONS]; /* teacher and students */
	size_t layers; /* with weights; 0: no diagnostics */
	struct ut_diagnosis diagnoses[UT_CONDITIONS];
	double chance, chance_present;
	double commonest;       /* share of the commonest class in the test */
	double seconds, flop;   /* of all training */
	double seconds_loading; /* waiting for data */
	uint64_t skipped;       /* images that could not be read */
	size_t device_bytes;    /* the most ever held */
};

/*
 * Room for what the recipe measures on data that are prepared; UT_MEMORY.
 * Release it either way.
 */
enum ut_status ut_results_init(struct ut_results *results,
			       const struct ut_recipe *recipe,
			       const struct ut_dataset *data,
			       struct ut_error *error);

/*
 * The same for results that are read back: replicas, classes, aux, samples
 * and layers are set, pair says whether there are AUCs. No room for confusion.
 */
enum ut_status ut_results_make_room(struct ut_results *results,
				    const struct ut_recipe *recipe, bool pair,
				    struct ut_error *error);

void ut_results_release(struct ut_results *results);

/*
 * Visits every array that there is, in the same order for results of the same
 * recipe and data. What is not in here is neither kept in checkpoints nor freed.
 */
typedef void ut_results_visit(void *user, void *array, size_t bytes);
void ut_results_walk(const struct ut_results *results, ut_results_visit *visit,
		     void *user);

/*
 * Copies what was measured of count replicas from first on; both are of the same
 * recipe and data.
 */
void ut_results_take(struct ut_results *results,
		     const struct ut_results *others, size_t first,
		     size_t count);

/*
 * Replica r's diagnostics (layers + 1, UT_DIAGNOSTICS) after an epoch, of a
 * condition that has them.
 */
double *ut_results_diagnostics(const struct ut_results *results,
			       enum ut_condition c, uint64_t epoch, size_t r);

/*
 * confusion (classes, classes), summed over the replicas of the scores, of all
 * test images.
 */
void ut_results_confusion(const struct ut_results *results,
			  const struct ut_scores *scores, uint64_t *confusion);

/*
 * Fingerprint of all replicas after an epoch: of the replicas' fingerprints, 16
 * bytes each, most significant byte first, in order (docs/ARITHMETIC.md).
 */
struct ut_fingerprint ut_results_print(const struct ut_results *results,
				       enum ut_condition phase, uint64_t epoch);

#endif
