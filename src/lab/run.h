/* A run: one recipe on one device, and the folder it leaves. */
#ifndef UT_RUN_H
#define UT_RUN_H

#include "lab/experiment.h"

enum { UT_CONTRACT = 1 };

struct ut_run_options {
	const char *device;            /* selector, or NULL */
	const char *out;               /* the folder to make */
	bool force;                    /* replace an older run there */
	const char *const *data_roots; /* as ut_dataset_load takes them */
	struct ut_observer observer;   /* weights is the run's own */
	/* Told once, when device and data are ready; may be NULL. */
	void (*begun)(void *user, const struct ut_device_info *device,
		      const struct ut_dataset *data);
};

/*
 * Runs the recipe and leaves options->out, whole, or nothing. results: from
 * nothing; release it when the status is UT_OK.
 */
enum ut_status ut_run(const struct ut_recipe *recipe,
		      const struct ut_run_options *options,
		      struct ut_results *results, struct ut_error *error);

/* A condition of a run, evaluated again from the weights it kept. */
struct ut_reevaluation {
	enum ut_condition condition;
	size_t replicas;            /* of which weights were kept */
	double *accuracy, *present; /* (replicas) */
	double *recorded;           /* (replicas), the receipt's */
};

/*
 * Evaluates the weights of a run's folder on a device (selector, or NULL) and
 * calls each for every condition kept. data_dir, if not NULL, is where the data
 * are now. Data that differ from the run's are UT_CORRUPT.
 */
enum ut_status ut_run_evaluate(const char *folder, const char *device,
			       const char *data_dir,
			       const char *const *data_roots,
			       void (*each)(void *user,
					    const struct ut_reevaluation *),
			       void *user, struct ut_error *error);

#endif
