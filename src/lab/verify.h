/* A run, repeated from its receipt: are the bits the same here? */
#ifndef UT_VERIFY_H
#define UT_VERIFY_H

#include "lab/experiment.h"

struct ut_verify_options {
	const char *device;            /* selector, or NULL */
	const char *data_dir;          /* where the data are here, or NULL */
	const char *const *words;      /* (word_count) "key=value" */
	size_t word_count;             /* of circumstances alone */
	const char *const *data_roots; /* as ut_dataset_load takes them */
	uint64_t epochs;               /* the first ones alone; 0: all */
	const struct ut_observer *observer; /* progress, stop, note */
	/* As that of struct ut_run_options; may be NULL. */
	void (*begun)(void *user, const struct ut_device_info *device,
		      const struct ut_dataset *data);
};

enum { UT_VERIFY_TEXT = 512 };

/* The accuracies of a condition, recorded and here. */
struct ut_verified_accuracy {
	bool compared;
	double recorded, here; /* means over the replicas */
	bool same;             /* every replica's */
	bool near;             /* as far apart as chance may have it */
};

struct ut_verification {
	struct ut_recipe recipe;
	char there[UT_VERIFY_TEXT], here[UT_VERIFY_TEXT]; /* devices */
	bool exact_there, exact_here; /* whose bits are the contract's */
	char flaws[UT_VERIFY_TEXT];   /* why not */
	uint64_t all, checked, same;  /* fingerprints */
	bool parted;                  /* at the first that is not the same */
	enum ut_condition phase;
	uint64_t epoch;
	struct ut_verified_accuracy accuracies[UT_CONDITIONS];
	struct ut_text unchecked; /* what was not looked at; may be empty */
	struct ut_text notes;     /* lines; may be empty */
};

/*
 * Repeats the run of a receipt, which is the file at path or in the folder path.
 * A run of exact bits, on an exact device, ends at the first fingerprint that is
 * another; others run to their end and are compared by their accuracies alone.
 *
 * UT_CORRUPT and UT_INVALID say what is wrong with the receipt, or that data are
 * others here. Release *verification when the status is UT_OK.
 */
enum ut_status ut_verify(const char *path,
			 const struct ut_verify_options *options,
			 struct ut_verification *verification,
			 struct ut_error *error);
void ut_verification_release(struct ut_verification *verification);

/* Whether bits were compared, and not accuracies alone. */
bool ut_verification_exact(const struct ut_verification *verification);

/*
 * Whether the run is verified: bits and accuracies are the same, or, where bits
 * are not compared, all accuracies near.
 */
bool ut_verification_good(const struct ut_verification *verification);

/* Appends it as JSON, indented; false when memory ran out. */
bool ut_verification_json(const struct ut_verification *verification,
			  struct ut_text *text);

#endif
