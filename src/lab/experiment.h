/* The experiment: teachers, students and controls of one recipe. */
#ifndef UT_EXPERIMENT_H
#define UT_EXPERIMENT_H

#include "data/dataset.h"
#include "lab/results.h"

/* Kinds of work, which a device does at different rates. */
enum ut_effort {
	UT_EFFORT_TEACHER, /* training */
	UT_EFFORT_STUDENT,
	UT_EFFORT_MEASURE, /* test images, forward alone */
	UT_EFFORTS,
};

/*
 * Where the experiment stands, for whoever watches: told before anything is
 * done, now and then during training, and when something ends.
 */
struct ut_progress {
	enum ut_condition phase;
	uint64_t epoch, epochs;        /* epoch from 1; 0: not training */
	unsigned first, replicas, all; /* of this group, and of the run */
	/* useful operations of each kind done, and in all */
	double done[UT_EFFORTS], planned[UT_EFFORTS];
	double images; /* trained on so far */
	bool epoch_ends;
	double loss, accuracy; /* at its end, means; < 0: none */
	/* where a condition's replicas were just measured; else NULL */
	const struct ut_results *measured;
};

/* What comes next, or has just been done. */
enum ut_stage_kind {
	UT_STAGE_PREPARE,  /* what a condition begins with */
	UT_STAGE_STEP,     /* a step of training */
	UT_STAGE_LOOK,     /* an epoch's checks and measures */
	UT_STAGE_RECORD,   /* done: the epoch's points are in the results */
	UT_STAGE_MEASURE,  /* a condition's measures */
	UT_STAGE_MEASURED, /* done: its scores are in the results */
};

struct ut_stage {
	enum ut_stage_kind kind;
	enum ut_condition phase;
	unsigned first, replicas; /* the group's */
	uint64_t epoch;           /* from 1; 0: before training */
	size_t step;              /* of the epoch, from 1; 0: none */
	struct ut_device *device;
	const struct ut_results *results;
};

/*
 * Callbacks of whoever watches; any may be NULL. Devices that share an
 * experiment call them from threads of their own, one at a time.
 */
struct ut_observer {
	void *user;
	void (*progress)(void *user, const struct ut_progress *progress);
	/* Asked between steps; true ends the experiment, UT_INTERRUPTED. */
	bool (*stop)(void *user);
	/*
	 * Arenas (replicas, parameters) of a group as they are when a condition
	 * is done: UT_REFERENCE is the initialisation. UT_OK to go on.
	 */
	enum ut_status (*weights)(void *user, const struct ut_net *net,
				  enum ut_condition condition, unsigned first,
				  unsigned replicas, const float *arenas,
				  struct ut_error *error);
	/* Told of every stage, the first time before there are data on the
	 * device. UT_OK to go on. */
	enum ut_status (*stage)(void *user, const struct ut_stage *stage,
				struct ut_error *error);
	/* Told what people should know. */
	void (*note)(void *user, const char *text);
};

/*
 * Prepares the data as the recipe says: classes, split, limit. *set is changed
 * in place.
 */
enum ut_status ut_experiment_prepare(const struct ut_recipe *recipe,
				     struct ut_dataset *set,
				     struct ut_error *error);

struct ut_teachers;
struct ut_checkpoint;

/* What one of the devices did of an experiment. */
struct ut_share {
	unsigned replicas;    /* that it finished */
	double seconds;       /* at work */
	size_t device_bytes;  /* the most ever held */
	struct ut_error lost; /* why it did no more, or UT_OK */
};

/* What an experiment is made with. */
struct ut_experiment {
	const struct ut_recipe *recipe;
	const struct ut_dataset *data;    /* prepared */
	struct ut_device *const *devices; /* (device_count): at least one */
	size_t device_count;
	struct ut_share *shares; /* (device_count), filled in; or NULL */
	const struct ut_observer *observer;
	const struct ut_teachers *teachers; /* NULL: they are trained */
	struct ut_checkpoint *checkpoint;   /* NULL: none is kept */
	/* Trains this many epochs alone of each condition, those that need a
	 * whole teacher only if it is, and measures none; 0: all is done. */
	uint64_t epochs;
};

/*
 * Runs the recipe and fills results (from ut_results_init). The same recipe and
 * data give the same results and fingerprints on all devices together as on any
 * one.
 *
 * Replicas that are too many for a device's memory are halved. With several
 * devices one that fails leaves its replicas to the others; both are noted. The
 * error of the last one, or of anything else, is the experiment's.
 */
enum ut_status ut_experiment_run(const struct ut_experiment *experiment,
				 struct ut_results *results,
				 struct ut_error *error);

/* Builds the network of the recipe for the data. */
enum ut_status ut_experiment_net(const struct ut_recipe *recipe,
				 const struct ut_dataset *data,
				 struct ut_net *net, struct ut_error *error);

/*
 * Measures a condition whose arenas (results->replicas, parameters) are given,
 * as ut_experiment_run does, and writes it to the results.
 */
enum ut_status ut_experiment_evaluate(const struct ut_recipe *recipe,
				      const struct ut_dataset *data,
				      struct ut_device *device,
				      enum ut_condition c, const float *arenas,
				      struct ut_results *results,
				      struct ut_error *error);

#endif
