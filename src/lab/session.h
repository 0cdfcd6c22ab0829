/* What the parts of an experiment share; private to src/lab. */
#ifndef UT_SESSION_H
#define UT_SESSION_H

#include <pthread.h>

#include "lab/ledger.h"

/* What a generator's numbers are for: the second word of its key. */
enum ut_purpose {
	UT_PURPOSE_INIT = 0x696e6974,        /* "init" */
	UT_PURPOSE_FRESH = 0x66727368,       /* "frsh": the control's */
	UT_PURPOSE_ORDER = 0x6f726472,       /* "ordr": teacher's batches */
	UT_PURPOSE_NOISE_ORDER = 0x6e6f7264, /* "nord": students' batches */
	UT_PURPOSE_NOISE = 0x6e6f6973,       /* "nois" */
	UT_PURPOSE_BASIS = 0x62617369,       /* "basi": lowrank's directions */
	UT_PURPOSE_SHOWN = 0x73686f77,       /* "show": students' images */
	UT_PURPOSE_PERTURB = 0x70727462,     /* "prtb": students' way off */
	UT_PURPOSE_LABELS = 0x6c61626c,      /* "labl": shuffled ones */
	UT_PURPOSE_AUGMENT = 0x6175676d,     /* "augm" */
	UT_PURPOSE_DROPOUT = 0x64726f70,     /* "drop", plus the condition */
};

/* One experiment on one device: the data lives there. */
struct ut_session {
	const struct ut_recipe *recipe;
	const struct ut_dataset *data;
	struct ut_device *device;
	const struct ut_observer *observer;
	const struct ut_teachers *teachers; /* NULL: they are trained */
	struct ut_checkpoint *checkpoint;   /* NULL: none is kept */
	pthread_mutex_t *lock;      /* for what is not the session's alone */
	struct ut_results *results; /* NULL when only evaluating */
	uint64_t epochs; /* the first ones of each training alone; 0: all */
	struct ut_net net;
	size_t first_class, end_class; /* the classes present */
	/* Of the images' pixels as numbers of [0, 1], by channel. */
	double mean[UT_CHANNELS_MAX], deviation[UT_CHANNELS_MAX];
	struct ut_affine pixels;           /* pixel to float, by them */
	struct ut_buffer *images, *labels; /* training, u8 */
	struct ut_buffer *shown; /* u8: students' images of another set */
	uint32_t shared; /* layers that students have from the initialisation */
	struct ut_buffer *test_images;
	struct ut_buffer *test_ids; /* 0 .. count - 1 */
	struct ut_progress progress;
	unsigned steps_between_waits, steps_since_wait;
	double last_wait;
	double started; /* when the clock would show 0 seconds of the run */
	struct ut_kept *kept;   /* where the group goes on; NULL: it begins */
	uint64_t epochs_waited; /* since it was kept */
};

/* Replicas first .. first + R - 1, side by side. */
struct ut_group {
	struct ut_session *session;
	unsigned first, R;
	struct ut_buffer *initial, *teacher, *student; /* arenas (R, P) */
	float *arenas; /* host copy of one of them */
	/* Evaluation and teachers: forward only. */
	struct ut_activations watch;
	struct ut_buffer *test_x;      /* (B, D) */
	struct ut_buffer *predictions; /* (R, B) u32 */
};

/* Net, classes and scale of the data. Release it either way. */
enum ut_status ut_session_init(struct ut_session *session,
			       struct ut_error *error);

/* Puts the data on the device; training images where there are results. */
enum ut_status ut_session_upload(struct ut_session *session,
				 struct ut_error *error);

/* Epochs that a condition is trained. */
uint64_t ut_session_epochs(const struct ut_session *session,
			   enum ut_condition phase);

/* Tells the observer of a stage of the group under way. */
enum ut_status ut_session_stage(const struct ut_session *session,
				enum ut_stage_kind kind,
				enum ut_condition phase, uint64_t epoch,
				size_t step, struct ut_error *error);

/* Rows that suit a forward pass without gradients: fewer of large images. */
size_t ut_session_rows(const struct ut_session *session);

/* Useful operations of showing a replica all test images once. */
double ut_session_look_flop(const struct ut_session *session);

void ut_session_release(struct ut_session *session);

/* Room for R replicas; watch_B rows at a time in forward passes. */
enum ut_status ut_group_init(struct ut_group *group, struct ut_session *session,
			     unsigned first, unsigned R, size_t watch_B,
			     struct ut_error *error);
void ut_group_release(struct ut_group *group);

/* The arenas of a buffer (R, P). */
struct ut_slice ut_group_arenas(const struct ut_group *group,
				struct ut_buffer *buffer);

struct ut_rng ut_group_rng(const struct ut_group *group,
			   enum ut_purpose purpose, uint32_t stream);

/* Test accuracies over all class logits of the arenas, one a replica. */
enum ut_status ut_group_accuracy(struct ut_group *group,
				 struct ut_buffer *arenas, double *accuracy,
				 struct ut_error *error);

/*
 * Measures the arenas of a condition as the recipe says, and writes what its
 * replicas did to the session's results.
 */
enum ut_status ut_group_measure(struct ut_group *group,
				struct ut_buffer *arenas, enum ut_condition c,
				struct ut_error *error);

/*
 * Trains the arenas of group->teacher (UT_TEACHER) or group->student as the
 * recipe says, and writes a point an epoch.
 */
enum ut_status ut_group_train(struct ut_group *group, enum ut_condition phase,
			      struct ut_error *error);

#endif
