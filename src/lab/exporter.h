/* What the parts of an export share; private to src/lab. */
#ifndef UT_EXPORTER_H
#define UT_EXPORTER_H

#include <jansson.h>

#include "lab/export.h"
#include "lab/trainer.h"
#include "report/tensor_writer.h"

/*
 * The same walk goes over an export twice: to declare its tensors, and to make
 * and put their numbers.
 */
struct ut_exporter {
	const struct ut_export *options;
	enum ut_condition phase; /* whose batches, noise or masks */
	struct ut_recipe recipe;
	json_t *receipt; /* NULL without a folder */
	struct ut_dataset data;
	bool loaded; /* there are data */
	struct ut_device *device;
	struct ut_results results; /* none: a session has some */
	struct ut_session session;
	struct ut_group group; /* the one replica */
	struct ut_trainer trainer;
	uint64_t epochs[2], steps[2]; /* first and last, from 1 */
	struct ut_tensor_writer writer;
	bool declaring;
	void *scratch; /* of a step's numbers; grows */
	size_t scratch_bytes;
};

/* Whether a phase of the recipe is shown images that augmentation changes. */
bool ut_exporter_augments(const struct ut_recipe *recipe);

/* Whether the students' batches have labels. */
bool ut_exporter_labels(const struct ut_recipe *recipe);

/* Share of the layer's outputs that dropout takes in the phase. */
double ut_exporter_dropout(const struct ut_exporter *e,
			   const struct ut_layer *layer);

/* Room for so many bytes of a step's numbers, or NULL and an error. */
void *ut_exporter_room(struct ut_exporter *e, size_t bytes,
		       struct ut_error *error);

/* Declares a tensor, named printf's way, or puts its numbers. */
void ut_exporter_give(struct ut_exporter *e, enum ut_tensor_type type,
		      struct ut_shape shape, const void *numbers,
		      const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Turns images (count, pixels, channels) into PyTorch's (count, channels,
 * pixels); bytes: of an element.
 */
void ut_exporter_turn(const void *from, void *to, size_t count, size_t pixels,
		      size_t channels, size_t bytes);

/* The parts of the walk that go step by step, by what they export. */
enum ut_status ut_exporter_batches(struct ut_exporter *e,
				   struct ut_error *error);
enum ut_status ut_exporter_noise(struct ut_exporter *e, struct ut_error *error);
enum ut_status ut_exporter_logits(struct ut_exporter *e,
				  struct ut_error *error);
enum ut_status ut_exporter_masks(struct ut_exporter *e, struct ut_error *error);

/* Declares the tensors, or puts their numbers. */
enum ut_status ut_exporter_walk(struct ut_exporter *e, struct ut_error *error);

#endif
