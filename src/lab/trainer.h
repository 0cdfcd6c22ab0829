/* A training's buffers and its step; private to src/lab. */
#ifndef UT_TRAINER_H
#define UT_TRAINER_H

#include "lab/noise.h"
#include "lab/shown.h"

/* Everything one training holds on the device, allocated before its loop. */
struct ut_trainer {
	struct ut_group *group;
	const struct ut_training *plan;
	enum ut_condition phase;
	size_t images, batch, steps; /* an epoch */
	size_t first, count;         /* the logits of the loss */
	struct ut_buffer *arena;     /* (R, P): what is trained */
	struct ut_activations activations;
	struct ut_optimiser_state optimiser;
	struct ut_noise noise;      /* of students */
	struct ut_shown choice;     /* of real images for them */
	struct ut_buffer *shown;    /* (R, images) u32: it, or NULL */
	struct ut_buffer *shuffled; /* u8 (R, images): labels, or NULL */
	struct ut_buffer *x;        /* (R, B, D) */
	struct ut_buffer *changed;  /* augmented u8 (R, B, H W C), or NULL */
	struct ut_buffer *in_turn;  /* u32 (B): 0, 1, ... */
	struct ut_buffer *labels;   /* (R, B) u32 */
	struct ut_buffer *gradient; /* (R, P) */
	struct ut_buffer *loss;     /* (R, B) */
	struct ut_buffer *history;  /* (R, steps) mean losses */
	struct ut_buffer *moments;  /* (R, 2 count) */
	struct ut_buffer *ids;      /* (R, images) u32: this epoch's order */
	struct ut_buffer *where;    /* (R) u32, of ut_check_finite */
	uint32_t *host_ids;         /* (images) */
	float *host_history;        /* (R, steps) */
	uint32_t *host_where;       /* (R) */
	uint64_t epoch;             /* from 1 */
	struct ut_diagnostics *diagnostics; /* or NULL; ut_group_train's */
};

/*
 * Allocates what training group->teacher (UT_TEACHER) or group->student takes,
 * as the recipe says. Release it either way.
 */
enum ut_status ut_trainer_init(struct ut_trainer *t, struct ut_group *group,
			       enum ut_condition phase, struct ut_error *error);
void ut_trainer_release(struct ut_trainer *t);

/* Steps of an epoch of the phase's training. */
size_t ut_trainer_steps(const struct ut_recipe *recipe,
			const struct ut_dataset *data, enum ut_condition phase);

/*
 * Uploads the epoch's order of images, for each replica. Noise that is redrawn
 * has new names in each epoch instead: image i of epoch e is number
 * (e - 1) images + i.
 */
void ut_trainer_begin_epoch(struct ut_trainer *t, uint64_t epoch);

/*
 * Enqueues a step's batch alone: t->x, t->labels where the loss needs them, and
 * t->changed where images are augmented.
 */
void ut_trainer_feed(struct ut_trainer *t, size_t step);

/*
 * Enqueues what a step of the epoch does before it updates the arena: batch,
 * forward, loss, backward. t->gradient is the loss's; nothing else that a step
 * begins with is changed.
 */
void ut_trainer_differentiate(struct ut_trainer *t, size_t step);

/* Enqueues one step of the epoch: the same, and the update. */
void ut_trainer_step(struct ut_trainer *t, size_t step);

/* Images of a step, and useful operations an image. */
size_t ut_trainer_batch(const struct ut_trainer *t, size_t step);
double ut_trainer_flop(const struct ut_trainer *t);

#endif
