/* A run: one recipe on one device, and the folder it leaves. */
#ifndef UT_RUN_H
#define UT_RUN_H

#include "lab/experiment.h"
#include "lab/supplies.h"

struct ut_run_options {
	const char *device;            /* selector, or NULL */
	const char *devices;           /* several instead, with commas between,
					* that share the replicas; or NULL */
	const char *out;               /* the folder to make */
	bool force;                    /* replace an older run there */
	const char *teacher;           /* a run's folder whose teachers are used
					* instead of training them, or NULL */
	uint64_t checkpoint;           /* epochs between checkpoints; 0: none
					* but when it is stopped */
	bool plain;                    /* without figures and page */
	bool resume;                   /* go on from out's checkpoint, where
					* there is one */
	const char *const *data_roots; /* as ut_dataset_load takes them */
	struct ut_supplies *supplies;  /* device and data that stay for the
					* next run, or NULL: they do not */
	struct ut_observer observer;   /* weights is the run's own */
	/* Told once, of each device, when they and data are ready; may be NULL.
	 */
	void (*begun)(void *user, const struct ut_device_info *device,
		      const struct ut_dataset *data);
	/* Told what people should know; may be NULL. */
	void (*note)(void *user, const char *text);
};

/*
 * Runs the recipe and leaves options->out, whole, or nothing. results: from
 * nothing; release it when the status is UT_OK.
 *
 * A run that is stopped (UT_INTERRUPTED), or fails after a checkpoint, leaves
 * OUT.checkpoint (lab/checkpoint.h), and the error says how to go on. UT_EXISTS
 * when that is there already, unless options ask to resume it or to force; or
 * when another process is at it.
 */
enum ut_status ut_run(const struct ut_recipe *recipe,
		      const struct ut_run_options *options,
		      struct ut_results *results, struct ut_error *error);

/*
 * Goes on with the run that was to leave options->out (which may also be
 * OUT.checkpoint), on any device; teacher, force, checkpoint and resume of the
 * options are not looked at. *recipe becomes that of the run. It ends as if it
 * had never been stopped.
 */
enum ut_status ut_run_resume(struct ut_recipe *recipe,
			     const struct ut_run_options *options,
			     struct ut_results *results,
			     struct ut_error *error);

/* Whether a run that was to leave the folder can be gone on with. */
bool ut_run_interrupted(const char *out);

struct ut_evaluate_options {
	const char *device;            /* selector, or NULL */
	const char *data_dir;          /* where the data are now, or NULL */
	const char *const *data_roots; /* as ut_dataset_load takes them */
	bool robustness;               /* changed copies of the images too */
};

/* A run's conditions, measured again from the weights it kept. */
struct ut_reevaluation {
	struct ut_results results; /* of the replicas kept */
	double *recorded
		[UT_CONDITIONS]; /* (replicas) accuracies, the receipt's */
};

/*
 * Measures the weights of a run's folder. Data that differ from the run's are
 * UT_CORRUPT. Release *again when the status is UT_OK.
 */
enum ut_status ut_run_evaluate(const char *folder,
			       const struct ut_evaluate_options *options,
			       struct ut_reevaluation *again,
			       struct ut_error *error);
void ut_reevaluation_release(struct ut_reevaluation *again);

#endif
