/* The tensors of an export: their names, shapes and numbers. */
#include "lab/exporter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/order.h"
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

/* Room for a step's numbers, or NULL. */
static void *room(struct ut_exporter *e, size_t bytes, struct ut_error *error)
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

/* Declares a tensor, or puts its numbers. */
static void give(struct ut_exporter *e, enum ut_tensor_type type,
		 struct ut_shape shape, const void *numbers, const char *format,
		 ...) __attribute__((format(printf, 5, 6)));
static void give(struct ut_exporter *e, enum ut_tensor_type type,
		 struct ut_shape shape, const void *numbers, const char *format,
		 ...)
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

/* Turns images (count, pixels, channels) into PyTorch's (count, C, H W). */
static void turn(const void *from, void *to, size_t count, size_t pixels,
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

/* Calls make for every step of the ranges. */
typedef enum ut_status make_step(struct ut_exporter *e, uint64_t epoch,
				 size_t step, struct ut_error *error);

static enum ut_status each_step(struct ut_exporter *e, make_step *make,
				struct ut_error *error)
{
	const struct ut_export *options = e->options;
	enum ut_status status = UT_OK;
	uint64_t epoch, step;

	for (epoch = e->epochs[0]; epoch <= e->epochs[1]; ++epoch) {
		if (!e->declaring)
			ut_trainer_begin_epoch(&e->trainer, epoch);
		for (step = e->steps[0]; step <= e->steps[1] && !status;
		     ++step) {
			/* what could not be written is said in the end */
			if (e->writer.draft.code)
				return UT_OK;
			if (options->stop && options->stop(options->user))
				return ut_error_set(error, UT_INTERRUPTED,
						    "interrupted");
			status = make(e, epoch, step - 1, error);
		}
	}
	return status;
}

/* Names count from 1, as docs/RECIPES.md says. */
#define STEP_NAME "%s.%llu.%zu"
#define STEP(what, epoch, step) what, (unsigned long long)(epoch), (step) + 1

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

		give(e, tensor.type, tensor.shape, tensor.numbers, "%s.%s",
		     ut_condition_name(c), tensor.name);
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
	int64_t *wide = room(e, split->count * sizeof(*wide), error);
	size_t i;

	if (!wide)
		return UT_MEMORY;
	for (i = 0; i < split->count; ++i)
		wide[i] = split->labels[i];
	give(e, UT_TENSOR_I64, shape, wide, "%s.labels", name);
	return UT_OK;
}

static enum ut_status give_images(struct ut_exporter *e,
				  const struct ut_split *split,
				  const char *name, struct ut_error *error)
{
	const struct ut_dataset *data = &e->data;
	size_t pixels = data->height * data->width, C = data->channels;
	size_t rows = 256, at;
	uint8_t *turned = room(e, rows * pixels * C, error);
	struct ut_shape shape = {4,
				 {split->count, C, data->height, data->width}};

	if (!turned)
		return UT_MEMORY;
	if (e->declaring) {
		give(e, UT_TENSOR_U8, shape, NULL, "%s.images", name);
		return UT_OK;
	}
	for (at = 0; at < split->count; at += rows) {
		size_t b = split->count - at < rows ? split->count - at : rows;

		turn(split->images + at * pixels * C, turned, b, pixels, C, 1);
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
		give(e, UT_TENSOR_F32, channels, pixels->scale, "pixels.scale");
	if (!status)
		give(e, UT_TENSOR_F32, channels, pixels->shift, "pixels.shift");
	if (!status)
		status = give_images(e, &data->train, "train", error);
	if (!status)
		status = give_images(e, &data->test, "test", error);
	return status;
}

/* Batches and noise -------------------------------------------------------- */

/* A buffer of whole numbers as the I64 that PyTorch's losses want. */
static enum ut_status give_whole(struct ut_exporter *e,
				 struct ut_buffer *buffer, size_t at, size_t b,
				 const char *name, uint64_t epoch, size_t step,
				 struct ut_error *error)
{
	int64_t *wide = room(e, b * (sizeof(*wide) + sizeof(uint32_t)), error);
	uint32_t *numbers = wide ? (uint32_t *)(wide + b) : NULL;
	enum ut_status status = UT_OK;
	size_t i;

	if (!wide)
		return UT_MEMORY;
	if (!e->declaring)
		status = ut_buffer_read(buffer, at, b, numbers, error);
	for (i = 0; i < b && !status && !e->declaring; ++i)
		wide[i] = numbers[i];
	if (!status)
		give(e, UT_TENSOR_I64, (struct ut_shape){1, {b}}, wide,
		     STEP_NAME, STEP(name, epoch, step));
	return status;
}

static enum ut_status give_step_labels(struct ut_exporter *e, uint64_t epoch,
				       size_t step, struct ut_error *error)
{
	struct ut_trainer *t = &e->trainer;

	if (!e->declaring)
		ut_trainer_feed(t, step);
	return give_whole(e, t->labels, 0, ut_trainer_batch(t, step), "labels",
			  epoch, step, error);
}

static enum ut_status give_ids(struct ut_exporter *e, uint64_t epoch,
			       size_t step, struct ut_error *error)
{
	struct ut_trainer *t = &e->trainer;
	enum ut_status status;

	status = give_whole(e, t->ids, step * t->batch,
			    ut_trainer_batch(t, step), "ids", epoch, step,
			    error);
	return status ? status : give_step_labels(e, epoch, step, error);
}

static enum ut_status give_pixels(struct ut_exporter *e, uint64_t epoch,
				  size_t step, struct ut_error *error)
{
	const struct ut_dataset *data = &e->data;
	struct ut_trainer *t = &e->trainer;
	size_t b = ut_trainer_batch(t, step), D = ut_dataset_image_bytes(data);
	struct ut_shape shape = {4,
				 {b, data->channels, data->height,
				  data->width}};
	uint8_t *pixels = room(e, 2 * b * D, error);
	enum ut_status status = UT_OK;

	if (!pixels)
		return UT_MEMORY;
	if (!e->declaring) {
		ut_trainer_feed(t, step);
		status = ut_buffer_read(t->changed, 0, b * D, pixels + b * D,
					error);
		if (!status)
			turn(pixels + b * D, pixels, b,
			     data->height * data->width, data->channels, 1);
	}
	if (!status)
		give(e, UT_TENSOR_U8, shape, pixels, STEP_NAME,
		     STEP("pixels", epoch, step));
	return status;
}

/* A row of inputs is an image, or the numbers that a linear layer takes. */
static struct ut_shape input_shape(const struct ut_net *net, size_t b)
{
	if (net->layers[0].kind == UT_LAYER_LINEAR)
		return (struct ut_shape){2, {b, net->layers[0].D}};
	return (struct ut_shape){4,
				 {b, net->image.C, net->image.H, net->image.W}};
}

static enum ut_status give_noise(struct ut_exporter *e, uint64_t epoch,
				 size_t step, struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	struct ut_trainer *t = &e->trainer;
	size_t b = ut_trainer_batch(t, step), D = net->layers[0].D;
	size_t wide = ut_net_input_width(net), i;
	bool flat = net->layers[0].kind == UT_LAYER_LINEAR;
	float *x = room(e, b * (D + wide) * sizeof(*x), error);
	enum ut_status status = UT_OK;

	if (!x)
		return UT_MEMORY;
	if (!e->declaring) {
		ut_trainer_feed(t, step);
		status = ut_buffer_read(t->x, 0, b * wide, x + b * D, error);
		for (i = 0; i < b && !status; ++i)
			turn(x + b * D + i * wide, x + i * D, 1,
			     flat ? D : net->image.H * net->image.W,
			     flat ? 1 : net->image.C, sizeof(*x));
	}
	if (!status)
		give(e, UT_TENSOR_F32, input_shape(net, b), x, STEP_NAME,
		     STEP("noise", epoch, step));
	return status;
}

static enum ut_status walk_batches(struct ut_exporter *e,
				   struct ut_error *error)
{
	enum ut_status status = each_step(e, give_ids, error);

	if (!status && ut_exporter_augments(&e->recipe))
		status = each_step(e, give_pixels, error);
	return status;
}

static enum ut_status walk_noise(struct ut_exporter *e, struct ut_error *error)
{
	enum ut_status status = UT_OK;

	if (ut_exporter_labels(&e->recipe))
		status = each_step(e, give_step_labels, error);
	return status ? status : each_step(e, give_noise, error);
}

/* Logits ------------------------------------------------------------------- */

/* The teacher's logits of b rows x, without what was rounded up. */
static enum ut_status ask(struct ut_exporter *e, struct ut_slice x, size_t b,
			  float **logits, struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	struct ut_group *group = &e->group;
	size_t wide = ut_net_columns(net), L = net->classes + net->aux, i;
	float *numbers = room(e, b * (wide + L) * sizeof(*numbers), error);
	struct ut_slice slice = ut_net_logits(net, &group->watch, b);
	enum ut_status status;

	*logits = numbers;
	if (!numbers)
		return UT_MEMORY;
	ut_net_forward(net, e->device, &group->watch, b, x,
		       ut_group_arenas(group, group->teacher), NULL);
	status = ut_buffer_read(slice.buffer, slice.offset, b * wide,
				numbers + b * L, error);
	for (i = 0; i < b && !status; ++i)
		memcpy(numbers + i * L, numbers + b * L + i * wide,
		       L * sizeof(*numbers));
	return status;
}

static enum ut_status give_test_logits(struct ut_exporter *e,
				       struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	struct ut_group *group = &e->group;
	size_t N = e->data.test.count, B = group->watch.B, at;
	size_t D = ut_dataset_image_bytes(&e->data),
	       L = net->classes + net->aux;
	size_t wide = ut_net_input_width(net);
	enum ut_status status = UT_OK;

	if (e->declaring) {
		give(e, UT_TENSOR_F32, (struct ut_shape){2, {N, L}}, NULL,
		     "test.logits");
		return UT_OK;
	}
	for (at = 0; at < N && !status; at += B) {
		size_t b = N - at < B ? N - at : B;
		struct ut_gather op = {
			.R = 1,
			.B = b,
			.N = N,
			.D = D,
			.width = wide,
			.images = ut_slice_of(e->session.test_images, N * D),
			.ids = {e->session.test_ids, at, b, 0},
			.affine = e->session.pixels,
			.x = {group->test_x, 0, b * wide, 0},
		};
		float *logits;

		ut_gather_images(e->device, &op);
		status = ask(e, op.x, b, &logits, error);
		if (!status)
			ut_tensor_writer_put(&e->writer, logits,
					     b * L * sizeof(*logits));
	}
	return status;
}

static enum ut_status give_noise_logits(struct ut_exporter *e, uint64_t epoch,
					size_t step, struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	struct ut_trainer *t = &e->trainer;
	size_t b = ut_trainer_batch(t, step);
	struct ut_shape shape = {2, {b, net->classes + net->aux}};
	enum ut_status status = UT_OK;
	float *logits = NULL;

	if (!e->declaring) {
		ut_trainer_feed(t, step);
		status =
			ask(e,
			    ut_rows(t->x, t->batch, b, ut_net_input_width(net)),
			    b, &logits, error);
	}
	if (!status)
		give(e, UT_TENSOR_F32, shape, logits, STEP_NAME,
		     STEP("noise.logits", epoch, step));
	return status;
}

/* Masks -------------------------------------------------------------------- */

/* What is left of the outputs of one image: element is its place as stored. */
static void draw_mask(const struct ut_layer *layer, double rate,
		      struct ut_draw draw, uint8_t *mask)
{
	uint32_t threshold = (uint32_t)(rate * 4294967296.0 + 0.5);
	size_t pixels = layer->out.H * layer->out.W, p, c;

	for (p = 0; p < pixels; ++p)
		for (c = 0; c < layer->wide_out; ++c) {
			bool kept = ut_draw_word(&draw) >= threshold;

			if (c < layer->out.C)
				mask[c * pixels + p] = kept;
		}
}

static enum ut_status give_masks(struct ut_exporter *e, uint64_t epoch,
				 size_t step, struct ut_error *error)
{
	const struct ut_net *net = &e->session.net;
	const struct ut_trainer *t = &e->trainer;
	size_t b = ut_trainer_batch(t, step), i, j;
	uint64_t number = (epoch - 1) * t->steps + step;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		double rate = ut_exporter_dropout(e, layer);
		struct ut_rng rng =
			ut_group_rng(&e->group, UT_PURPOSE_DROPOUT + e->phase,
				     layer->number);
		struct ut_shape shape = {2, {b, layer->O}};
		uint8_t *masks = room(e, b * layer->O, error);

		if (!(rate > 0))
			continue;
		if (!masks)
			return UT_MEMORY;
		if (layer->kind == UT_LAYER_CONV)
			shape = (struct ut_shape){4,
						  {b, layer->out.C,
						   layer->out.H, layer->out.W}};
		for (j = 0; j < b && !e->declaring; ++j) {
			uint32_t row = (uint32_t)(number * t->batch + j);

			draw_mask(layer, rate, ut_draw_from(rng, row),
				  masks + j * layer->O);
		}
		give(e, UT_TENSOR_U8, shape, masks, STEP_NAME ".%s",
		     STEP("masks", epoch, step), layer->name);
	}
	return UT_OK;
}

enum ut_status ut_exporter_walk(struct ut_exporter *e, struct ut_error *error)
{
	enum ut_status status;

	switch (e->options->what) {
	case UT_EXPORT_INIT:
		return walk_init(e, error);
	case UT_EXPORT_DATA:
		return walk_data(e, error);
	case UT_EXPORT_BATCHES:
		return walk_batches(e, error);
	case UT_EXPORT_NOISE:
		return walk_noise(e, error);
	case UT_EXPORT_LOGITS:
		status = give_test_logits(e, error);
		return status ? status : each_step(e, give_noise_logits, error);
	default:
		return each_step(e, give_masks, error);
	}
}
