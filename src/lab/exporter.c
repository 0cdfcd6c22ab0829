/* The tensors of an export: their names, shapes and numbers. */
#include "lab/exporter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/students.h"
#include "lab/weights.h"

bool ut_exporter_augments(const struct ut_recipe *recipe)
{
	return recipe->augment.rotate > 0 || recipe->augment.shift ||
	       recipe->augment.flip || recipe->augment.brightness > 0;
}

bool ut_exporter_labels(const struct ut_recipe *recipe)
{
	return recipe->distill.loss == UT_KD && recipe->distill.alpha > 0;
}

double ut_exporter_dropout(const struct ut_exporter *e,
			   const struct ut_layer *layer)
{
	const struct ut_training *plan =
		ut_recipe_training(&e->recipe, e->phase);

	if (!layer->relu)
		return 0;
	return layer->kind == UT_LAYER_CONV || plan->dropout_fc < 0
		       ? plan->dropout
		       : plan->dropout_fc;
}

void *ut_exporter_room(struct ut_exporter *e, size_t bytes,
		       struct ut_error *error)
{
	void *grown = e->scratch;

	if (bytes > e->scratch_bytes) {
		grown = realloc(e->scratch, bytes);
		if (!grown) {
			ut_error_set(error, UT_MEMORY, "out of memory");
			return NULL;
		}
		e->scratch = grown;
		e->scratch_bytes = bytes;
	}
	return grown;
}

void ut_exporter_give(struct ut_exporter *e, enum ut_tensor_type type,
		      struct ut_shape shape, const void *numbers,
		      const char *format, ...)
{
	char name[UT_TENSOR_NAME];
	va_list arguments;

	if (!e->declaring) {
		ut_tensor_writer_put(&e->writer, numbers,
				     ut_shape_elements(&shape) *
					     ut_tensor_bytes(type));
		return;
	}
	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	ut_tensor_writer_declare(&e->writer, name, type, shape);
}

void ut_exporter_turn(const void *from, void *to, size_t count, size_t pixels,
		      size_t channels, size_t bytes)
{
	const char *at = from;
	char *out = to;
	size_t i, p, c;

	for (i = 0; i < count; ++i, out += pixels * channels * bytes)
		for (p = 0; p < pixels; ++p)
			for (c = 0; c < channels; ++c, at += bytes)
				memcpy(out + (c * pixels + p) * bytes, at,
				       bytes);
}

/* Init --------------------------------------------------------------------- */

/* The group's one replica becomes number r. */
static void draw_replica(struct ut_exporter *e, unsigned r)
{
	struct ut_group *group = &e->group;

	group->first = r;
	ut_net_draw(&e->session.net, e->device, 1, (enum ut_init)e->recipe.init,
		    ut_group_rng(group, UT_PURPOSE_INIT, 0),
		    ut_group_arenas(group, group->initial));
}

static enum ut_status give_arena(struct ut_exporter *e, enum ut_condition c,
				 unsigned r, struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	struct ut_group *group = &e->group;
	struct ut_tensors tensors = {0};
	enum ut_status status = UT_OK;
	size_t i;

	if (!e->declaring && c != UT_REFERENCE)
		ut_student_prepare(group, c);
	if (!e->declaring)
		status = ut_buffer_read(c == UT_REFERENCE ? group->initial
							  : group->student,
					0, net->parameters, group->arenas,
					error);
	else
		memset(group->arenas, 0, net->parameters * sizeof(float));
	if (!status)
		ut_weights_add(&tensors, net, r, group->arenas);
	if (tensors.failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < tensors.count && !status; ++i) {
		struct ut_tensor_view tensor = ut_tensors_at(&tensors, i);

		ut_exporter_give(e, tensor.type, tensor.shape, tensor.numbers,
				 "%s.%s", ut_condition_name(c), tensor.name);
	}
	ut_tensors_release(&tensors);
	return status;
}

static enum ut_status walk_init(struct ut_exporter *e, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	unsigned r;
	int c;

	for (r = 0; r < e->recipe.replicas && !status; ++r) {
		if (!e->declaring)
			draw_replica(e, r);
		status = give_arena(e, UT_REFERENCE, r, error);
		for (c = 0; c < UT_CONDITIONS && !status; ++c)
			if (e->recipe.conditions & 1u << c &&
			    ut_condition_is_student(c))
				status = give_arena(e, c, r, error);
	}
	return status;
}

/* Data --------------------------------------------------------------------- */

static enum ut_status give_labels(struct ut_exporter *e,
				  const struct ut_split *split,
				  const char *name, struct ut_error *error)
{
	struct ut_shape shape = {1, {split->count}};
	int64_t *wide =
		ut_exporter_room(e, split->count * sizeof(*wide), error);
	size_t i;

	if (!wide)
		return UT_MEMORY;
	for (i = 0; i < split->count; ++i)
		wide[i] = split->labels[i];
	ut_exporter_give(e, UT_TENSOR_I64, shape, wide, "%s.labels", name);
	return UT_OK;
}

static enum ut_status give_images(struct ut_exporter *e,
				  const struct ut_split *split,
				  const char *name, struct ut_error *error)
{
	const struct ut_dataset *data = &e->data;
	size_t pixels = data->height * data->width, C = data->channels;
	size_t rows = 256, at;
	uint8_t *turned = ut_exporter_room(e, rows * pixels * C, error);
	struct ut_shape shape = {4,
				 {split->count, C, data->height, data->width}};

	if (!turned)
		return UT_MEMORY;
	if (e->declaring) {
		ut_exporter_give(e, UT_TENSOR_U8, shape, NULL, "%s.images",
				 name);
		return UT_OK;
	}
	for (at = 0; at < split->count; at += rows) {
		size_t b = split->count - at < rows ? split->count - at : rows;

		ut_exporter_turn(split->images + at * pixels * C, turned, b,
				 pixels, C, 1);
		ut_tensor_writer_put(&e->writer, turned, b * pixels * C);
	}
	return UT_OK;
}

static enum ut_status walk_data(struct ut_exporter *e, struct ut_error *error)
{
	const struct ut_dataset *data = &e->data;
	const struct ut_affine *pixels = &e->session.pixels;
	struct ut_shape channels = {1, {data->channels}};
	enum ut_status status;

	status = give_labels(e, &data->train, "train", error);
	if (!status)
		status = give_labels(e, &data->test, "test", error);
	if (!status)
		ut_exporter_give(e, UT_TENSOR_F32, channels, pixels->scale,
				 "pixels.scale");
	if (!status)
		ut_exporter_give(e, UT_TENSOR_F32, channels, pixels->shift,
				 "pixels.shift");
	if (!status)
		status = give_images(e, &data->train, "train", error);
	if (!status)
		status = give_images(e, &data->test, "test", error);
	if (!status && data->shown)
		status = give_images(e, &data->shown->train, "shown", error);
	return status;
}

enum ut_status ut_exporter_walk(struct ut_exporter *e, struct ut_error *error)
{
	switch (e->options->what) {
	case UT_EXPORT_INIT:
		return walk_init(e, error);
	case UT_EXPORT_DATA:
		return walk_data(e, error);
	case UT_EXPORT_BATCHES:
		return ut_exporter_batches(e, error);
	case UT_EXPORT_NOISE:
		return ut_exporter_noise(e, error);
	case UT_EXPORT_LOGITS:
		return ut_exporter_logits(e, error);
	default:
		return ut_exporter_masks(e, error);
	}
}
