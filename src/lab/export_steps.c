/* The tensors of an export that are made step by step. */
#include <string.h>

#include "data/order.h"
#include "lab/exporter.h"

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

/* Batches and noise -------------------------------------------------------- */

/* A buffer of whole numbers as the I64 that PyTorch's losses want. */
static enum ut_status give_whole(struct ut_exporter *e,
				 struct ut_buffer *buffer, size_t at, size_t b,
				 const char *name, uint64_t epoch, size_t step,
				 struct ut_error *error)
{
	int64_t *wide =
		ut_exporter_room(e, b * (sizeof(*wide) + sizeof(uint32_t)),
				 error);
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
		ut_exporter_give(e, UT_TENSOR_I64, (struct ut_shape){1, {b}},
				 wide, STEP_NAME, STEP(name, epoch, step));
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
	uint8_t *pixels = ut_exporter_room(e, 2 * b * D, error);
	enum ut_status status = UT_OK;

	if (!pixels)
		return UT_MEMORY;
	if (!e->declaring) {
		ut_trainer_feed(t, step);
		status = ut_buffer_read(t->changed, 0, b * D, pixels + b * D,
					error);
		if (!status)
			ut_exporter_turn(pixels + b * D, pixels, b,
					 data->height * data->width,
					 data->channels, 1);
	}
	if (!status)
		ut_exporter_give(e, UT_TENSOR_U8, shape, pixels, STEP_NAME,
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
	float *x = ut_exporter_room(e, b * (D + wide) * sizeof(*x), error);
	enum ut_status status = UT_OK;

	if (!x)
		return UT_MEMORY;
	if (!e->declaring) {
		ut_trainer_feed(t, step);
		status = ut_buffer_read(t->x, 0, b * wide, x + b * D, error);
		for (i = 0; i < b && !status; ++i)
			ut_exporter_turn(x + b * D + i * wide, x + i * D, 1,
					 flat ? D : net->image.H * net->image.W,
					 flat ? 1 : net->image.C, sizeof(*x));
	}
	if (!status)
		ut_exporter_give(e, UT_TENSOR_F32, input_shape(net, b), x,
				 STEP_NAME, STEP("noise", epoch, step));
	return status;
}

enum ut_status ut_exporter_batches(struct ut_exporter *e,
				   struct ut_error *error)
{
	enum ut_status status = each_step(e, give_ids, error);

	if (!status && ut_exporter_augments(&e->recipe))
		status = each_step(e, give_pixels, error);
	return status;
}

enum ut_status ut_exporter_noise(struct ut_exporter *e, struct ut_error *error)
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
	float *numbers =
		ut_exporter_room(e, b * (wide + L) * sizeof(*numbers), error);
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
		ut_exporter_give(e, UT_TENSOR_F32, (struct ut_shape){2, {N, L}},
				 NULL, "test.logits");
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
		ut_exporter_give(e, UT_TENSOR_F32, shape, logits, STEP_NAME,
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
		uint8_t *masks = ut_exporter_room(e, b * layer->O, error);

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
		ut_exporter_give(e, UT_TENSOR_U8, shape, masks, STEP_NAME ".%s",
				 STEP("masks", epoch, step), layer->name);
	}
	return UT_OK;
}

enum ut_status ut_exporter_logits(struct ut_exporter *e, struct ut_error *error)
{
	enum ut_status status = give_test_logits(e, error);

	return status ? status : each_step(e, give_noise_logits, error);
}

enum ut_status ut_exporter_masks(struct ut_exporter *e, struct ut_error *error)
{
	return each_step(e, give_masks, error);
}
