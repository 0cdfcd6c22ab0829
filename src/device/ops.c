/* The front of every operation: checks shapes and bounds, then jumps. */
#include <undertone/ops.h>

#include <assert.h>

#include "device/backend.h"

/* True when R parts of count elements of this type lie inside the buffer. */
static bool input(struct ut_slice s, enum ut_type type, unsigned R,
		  size_t count)
{
	size_t size;

	if (!s.buffer || s.buffer->type != type || s.count != count || !count ||
	    !R)
		return false;
	size = s.buffer->count;
	if (s.offset > size || count > size - s.offset)
		return false;
	return R == 1 || s.stride <= (size - s.offset - count) / (R - 1);
}

/* The same for a slice that is written: its parts do not overlap. */
static bool output(struct ut_slice s, enum ut_type type, unsigned R,
		   size_t count)
{
	return input(s, type, R, count) && (R == 1 || s.stride >= count);
}

static bool optional(struct ut_slice s, unsigned R, size_t count)
{
	return !s.buffer || input(s, UT_F32, R, count);
}

/* Clause 4. */
static bool is_clean(float x)
{
	return !(x > -0x1p-40f && x < 0x1p-40f) || !(x < 0 || x > 0);
}

/*
 * Programs run with NDEBUG off: a slice out of bounds must never reach a
 * device. The device's error is asked for first, because after it buffers may
 * be missing.
 */
#define CHECK(device, condition)              \
	do {                                  \
		if ((device)->latched.status) \
			return;               \
		assert(condition);            \
	} while (0)

void ut_copy(struct ut_device *device, unsigned R, struct ut_slice from,
	     struct ut_slice to)
{
	CHECK(device, from.buffer && to.buffer);
	CHECK(device, input(from, to.buffer->type, R, to.count));
	CHECK(device, output(to, from.buffer->type, R, from.count));
	device->backend->copy(device, R, from, to);
}

void ut_fill_f32(struct ut_device *device, unsigned R, struct ut_slice x,
		 float value)
{
	union {
		float value;
		uint32_t bits;
	} word = {.value = value};

	CHECK(device, output(x, UT_F32, R, x.count));
	device->backend->fill(device, R, x, word.bits);
}

void ut_fill_u32(struct ut_device *device, unsigned R, struct ut_slice x,
		 uint32_t value)
{
	CHECK(device, output(x, UT_U32, R, x.count));
	device->backend->fill(device, R, x, value);
}

void ut_linear_forward(struct ut_device *device, const struct ut_linear *op)
{
	CHECK(device, input(op->x, UT_F32, op->R, op->B * op->D));
	CHECK(device, input(op->w, UT_F32, op->R, op->D * op->O));
	CHECK(device, optional(op->b, op->R, op->O));
	CHECK(device, output(op->y, UT_F32, op->R, op->B * op->O));
	device->backend->linear_forward(device, op);
}

bool ut_linear_forward_tuned(struct ut_device *device,
			     const struct ut_linear *op)
{
	if (device->latched.status)
		return false;
	assert(input(op->x, UT_F32, op->R, op->B * op->D));
	assert(input(op->w, UT_F32, op->R, op->D * op->O));
	assert(output(op->y, UT_F32, op->R, op->B * op->O));
	return device->backend->tuned_forward(device, op);
}

void ut_linear_backward_data(struct ut_device *device,
			     const struct ut_linear_data *op)
{
	CHECK(device, input(op->dy, UT_F32, op->R, op->B * op->O));
	CHECK(device, input(op->w, UT_F32, op->R, op->D * op->O));
	CHECK(device, optional(op->gate, op->R, op->B * op->D));
	CHECK(device, output(op->dx, UT_F32, op->R, op->B * op->D));
	device->backend->linear_data(device, op);
}

void ut_linear_backward_weights(struct ut_device *device,
				const struct ut_linear_weights *op)
{
	CHECK(device, input(op->x, UT_F32, op->R, op->B * op->D));
	CHECK(device, input(op->dy, UT_F32, op->R, op->B * op->O));
	CHECK(device, output(op->dw, UT_F32, op->R, op->D * op->O));
	CHECK(device,
	      ut_slice_none(op->db) || output(op->db, UT_F32, op->R, op->O));
	device->backend->linear_weights(device, op);
}

size_t ut_conv_side(const struct ut_conv_shape *shape, size_t side)
{
	size_t whole = side + 2 * (size_t)shape->pad;

	return whole < shape->kernel
		       ? 0
		       : (whole - shape->kernel) / shape->stride + 1;
}

size_t ut_conv_outputs(const struct ut_conv_shape *shape)
{
	unsigned by = shape->pool ? 2 : 1;

	return ut_conv_side(shape, shape->H) / by *
	       (ut_conv_side(shape, shape->W) / by) * shape->O;
}

static size_t conv_inputs(const struct ut_conv_shape *shape)
{
	return shape->B * shape->H * shape->W * shape->C;
}

static size_t conv_kernels(const struct ut_conv_shape *shape)
{
	return (size_t)shape->kernel * shape->kernel * shape->C * shape->O;
}

static bool conv_fits(const struct ut_conv_shape *shape)
{
	return shape->kernel % 2 && shape->pad < shape->kernel &&
	       (shape->stride == 1 || shape->stride == 2) &&
	       ut_conv_outputs(shape) > 0;
}

void ut_conv_forward(struct ut_device *device, const struct ut_conv *op)
{
	const struct ut_conv_shape *shape = &op->shape;
	size_t outputs = shape->B * ut_conv_outputs(shape);

	CHECK(device, conv_fits(shape));
	CHECK(device, input(op->x, UT_F32, op->R, conv_inputs(shape)));
	CHECK(device, input(op->w, UT_F32, op->R, conv_kernels(shape)));
	CHECK(device, optional(op->b, op->R, shape->O));
	CHECK(device, output(op->y, UT_F32, op->R, outputs));
	CHECK(device, ut_slice_none(op->index) ||
			      (shape->pool &&
			       output(op->index, UT_U8, op->R, outputs)));
	device->backend->conv_forward(device, op);
}

/* What a gradient's operands must be: dy, and the index if it was pooled. */
static bool conv_gradient_fits(const struct ut_conv_shape *shape, unsigned R,
			       struct ut_slice dy, struct ut_slice index)
{
	size_t outputs = shape->B * ut_conv_outputs(shape);

	return conv_fits(shape) && input(dy, UT_F32, R, outputs) &&
	       (shape->pool ? input(index, UT_U8, R, outputs)
			    : ut_slice_none(index));
}

void ut_conv_backward_data(struct ut_device *device,
			   const struct ut_conv_data *op)
{
	const struct ut_conv_shape *shape = &op->shape;
	size_t inputs = conv_inputs(shape);

	CHECK(device, conv_gradient_fits(shape, op->R, op->dy, op->index));
	CHECK(device, input(op->w, UT_F32, op->R, conv_kernels(shape)));
	CHECK(device, optional(op->gate, op->R, inputs));
	CHECK(device, output(op->dx, UT_F32, op->R, inputs));
	device->backend->conv_data(device, op);
}

void ut_conv_backward_weights(struct ut_device *device,
			      const struct ut_conv_weights *op)
{
	const struct ut_conv_shape *shape = &op->shape;

	CHECK(device, conv_gradient_fits(shape, op->R, op->dy, op->index));
	CHECK(device, input(op->x, UT_F32, op->R, conv_inputs(shape)));
	CHECK(device, output(op->dw, UT_F32, op->R, conv_kernels(shape)));
	CHECK(device,
	      ut_slice_none(op->db) || output(op->db, UT_F32, op->R, shape->O));
	device->backend->conv_weights(device, op);
}

static bool pool_fits(const struct ut_pool *op)
{
	size_t outputs;

	if (op->side < 2 || op->side > 16)
		return false;
	outputs = op->B * (op->H / op->side) * (op->W / op->side) * op->C;
	return input(op->x, UT_F32, op->R, op->B * op->H * op->W * op->C) &&
	       output(op->y, UT_F32, op->R, outputs) &&
	       (ut_slice_none(op->index) ||
		output(op->index, UT_U8, op->R, outputs));
}

void ut_max_pool(struct ut_device *device, const struct ut_pool *op)
{
	CHECK(device, pool_fits(op));
	device->backend->max_pool(device, op);
}

static float inverse_square(unsigned side)
{
	return (float)(1.0 / ((double)side * side));
}

void ut_average_pool(struct ut_device *device, const struct ut_pool *op)
{
	CHECK(device, pool_fits(op) && ut_slice_none(op->index));
	device->backend->average_pool(device, op, inverse_square(op->side));
}

void ut_pool_backward(struct ut_device *device, const struct ut_pool_data *op)
{
	size_t inputs = op->B * op->H * op->W * op->C, outputs;

	CHECK(device, op->side >= 2 && op->side <= 16);
	outputs = op->B * (op->H / op->side) * (op->W / op->side) * op->C;
	CHECK(device, input(op->dy, UT_F32, op->R, outputs));
	CHECK(device, ut_slice_none(op->index) ||
			      input(op->index, UT_U8, op->R, outputs));
	CHECK(device, optional(op->gate, op->R, inputs));
	CHECK(device, output(op->dx, UT_F32, op->R, inputs));
	device->backend->pool_data(device, op, inverse_square(op->side));
}

static bool affine_fits(const struct ut_affine *affine)
{
	return affine->channels >= 1 && affine->channels <= UT_CHANNELS_MAX;
}

void ut_random(struct ut_device *device, const struct ut_random *op)
{
	CHECK(device, op->columns <= op->width && affine_fits(&op->affine));
	CHECK(device,
	      ut_slice_none(op->rows) || input(op->rows, UT_U32, op->R, op->B));
	CHECK(device, output(op->x, UT_F32, op->R, op->B * op->width));
	device->backend->random(device, op);
}

void ut_dropout(struct ut_device *device, const struct ut_dropout *op)
{
	CHECK(device, output(op->x, UT_F32, op->R, op->B * op->D));
	device->backend->dropout(device, op);
}

void ut_filter(struct ut_device *device, const struct ut_filter *op)
{
	size_t inputs = op->A * (op->N + op->taps - 1) * op->S;

	CHECK(device, op->taps && op->N * op->S <= op->width);
	CHECK(device, affine_fits(&op->affine));
	CHECK(device, input(op->weights, UT_F32, 1, op->taps));
	CHECK(device, input(op->x, UT_F32, op->R, inputs));
	CHECK(device, output(op->y, UT_F32, op->R, op->A * op->width));
	device->backend->filter(device, op);
}

/* Numbers of the grids of one plane: H x W, half of it, ... 1 x 1. */
static size_t grid_numbers(size_t H, size_t W)
{
	size_t numbers = H * W;

	while (H > 1 || W > 1) {
		H = (H + 1) / 2;
		W = (W + 1) / 2;
		numbers += H * W;
	}
	return numbers;
}

size_t ut_octave_numbers(size_t H, size_t W, size_t C, bool shared)
{
	return (C + shared) * grid_numbers(H, W);
}

void ut_octaves(struct ut_device *device, const struct ut_octaves *op)
{
	bool shared = op->shared < 0 || op->shared > 0;
	size_t numbers = ut_octave_numbers(op->H, op->W, op->C, shared);

	CHECK(device, op->H < 1 << 15 && op->W < 1 << 15);
	CHECK(device, op->H * op->W * op->C <= op->width);
	CHECK(device, affine_fits(&op->affine));
	CHECK(device, input(op->x, UT_F32, op->R, op->B * numbers));
	CHECK(device, output(op->y, UT_F32, op->R, op->B * op->width));
	device->backend->octaves(device, op);
}

void ut_blend(struct ut_device *device, const struct ut_blend *op)
{
	size_t n = op->y.count;

	CHECK(device, is_clean(op->own) && is_clean(op->other));
	CHECK(device, input(op->x, UT_F32, op->R, n));
	CHECK(device, output(op->y, UT_F32, op->R, n));
	device->backend->blend(device, op);
}

void ut_augment_images(struct ut_device *device, const struct ut_augment *op)
{
	size_t bytes = op->H * op->W * op->C;

	CHECK(device, op->turn < 1u << 31 && op->brightness < 256);
	CHECK(device,
	      op->H < 1 << 15 && op->W < 1 << 15 && op->shift < 1 << 15);
	CHECK(device, input(op->images, UT_U8, op->R, op->N * bytes));
	CHECK(device, input(op->ids, UT_U32, op->R, op->B));
	CHECK(device, output(op->to, UT_U8, op->R, op->B * bytes));
	device->backend->augment(device, op);
}

void ut_gather_images(struct ut_device *device, const struct ut_gather *op)
{
	CHECK(device, op->D <= op->width && affine_fits(&op->affine));
	CHECK(device, input(op->images, UT_U8, op->R, op->N * op->D));
	CHECK(device, input(op->ids, UT_U32, op->R, op->B));
	CHECK(device, output(op->x, UT_F32, op->R, op->B * op->width));
	device->backend->gather_images(device, op);
}

void ut_gather_labels(struct ut_device *device, unsigned R, size_t B, size_t N,
		      struct ut_slice labels, struct ut_slice ids,
		      struct ut_slice to)
{
	CHECK(device, input(labels, UT_U8, R, N));
	CHECK(device, input(ids, UT_U32, R, B));
	CHECK(device, output(to, UT_U32, R, B));
	device->backend->gather_labels(device, R, B, N, labels, ids, to);
}

static bool loss_fits(const struct ut_loss *loss)
{
	size_t n = loss->B * loss->C;

	return loss->count && loss->first <= loss->C &&
	       loss->count <= loss->C - loss->first &&
	       input(loss->logits, UT_F32, loss->R, n) &&
	       output(loss->gradient, UT_F32, loss->R, n) &&
	       output(loss->loss, UT_F32, loss->R, loss->B);
}

void ut_cross_entropy(struct ut_device *device, const struct ut_loss *loss,
		      struct ut_slice labels)
{
	CHECK(device, loss_fits(loss));
	CHECK(device, input(labels, UT_U32, loss->R, loss->B));
	device->backend->cross_entropy(device, loss, labels,
				       (float)(1.0 / (double)loss->B));
}

static bool distil_fits(const struct ut_distil *op)
{
	const struct ut_loss *loss = &op->loss;
	bool cooled = op->kind != UT_MSE && op->kind != UT_MSE_NORM &&
		      op->kind != UT_COSINE_DISTANCE;

	if (!loss_fits(loss) ||
	    !input(op->teacher, UT_F32, loss->R, loss->B * loss->C))
		return false;
	if (cooled && !(op->temperature >= 0.01 && op->temperature <= 1000))
		return false;
	if (op->kind == UT_MSE_NORM)
		return input(op->moments, UT_F32, loss->R, 2 * loss->count);
	if (op->kind == UT_KD)
		return op->alpha >= 0 && op->alpha <= 1 &&
		       (op->alpha <= 0 ||
			input(op->labels, UT_U32, loss->R, loss->B));
	return true;
}

void ut_distil(struct ut_device *device, const struct ut_distil *op)
{
	struct ut_distil_scale scale;

	CHECK(device, distil_fits(op));
	scale = ut_distil_scale_of(op);
	device->backend->distil(device, op, &scale);
}

void ut_moments(struct ut_device *device, unsigned R, size_t B, size_t C,
		size_t first, size_t count, struct ut_slice x,
		struct ut_slice moments)
{
	CHECK(device, count && first <= C && count <= C - first);
	CHECK(device, input(x, UT_F32, R, B * C));
	CHECK(device, output(moments, UT_F32, R, 2 * count));
	device->backend->moments(device, R, B, C, first, count, x, moments,
				 (float)(1.0 / (double)B));
}

void ut_mean(struct ut_device *device, unsigned R, struct ut_slice x,
	     struct ut_slice y)
{
	CHECK(device, input(x, UT_F32, R, x.count));
	CHECK(device, output(y, UT_F32, R, 1));
	device->backend->mean(device, R, x, y, (float)(1.0 / (double)x.count));
}

struct ut_update ut_update_at(enum ut_optimiser kind, double rate, double beta1,
			      double beta2, double power1, double power2,
			      double epsilon, double decay)
{
	return (struct ut_update){
		.kind = kind,
		.rate = (float)rate,
		.beta1 = (float)beta1,
		.rest1 = (float)(1.0 - beta1),
		.beta2 = (float)beta2,
		.rest2 = (float)(1.0 - beta2),
		.correction1 = (float)(1.0 / (1.0 - power1)),
		.correction2 = (float)(1.0 / (1.0 - power2)),
		.epsilon = (float)epsilon,
		.keep = (float)(1.0 - rate * decay),
	};
}

void ut_optimise(struct ut_device *device, unsigned R,
		 const struct ut_update *update, struct ut_slice w,
		 struct ut_slice g, struct ut_slice m, struct ut_slice v)
{
	CHECK(device, output(w, UT_F32, R, w.count));
	CHECK(device, input(g, UT_F32, R, w.count));
	CHECK(device, output(m, UT_F32, R, w.count));
	CHECK(device, update->kind == UT_SGD || output(v, UT_F32, R, w.count));
	device->backend->optimise(device, R, update, w, g, m, v);
}

void ut_argmax(struct ut_device *device, unsigned R, size_t B, size_t C,
	       size_t first, size_t count, struct ut_slice x,
	       struct ut_slice to)
{
	CHECK(device, count && first <= C && count <= C - first);
	CHECK(device, input(x, UT_F32, R, B * C));
	CHECK(device, output(to, UT_U32, R, B));
	device->backend->argmax(device, R, B, C, first, count, x, to);
}

void ut_count_equal(struct ut_device *device, unsigned R, struct ut_slice a,
		    struct ut_slice b, struct ut_slice total)
{
	CHECK(device, input(a, UT_U32, R, a.count));
	CHECK(device, input(b, UT_U32, R, a.count));
	CHECK(device, output(total, UT_U32, R, 1));
	device->backend->count_equal(device, R, a, b, total);
}

void ut_check_finite(struct ut_device *device, unsigned R, struct ut_slice x,
		     struct ut_slice where)
{
	CHECK(device, input(x, UT_F32, R, x.count));
	CHECK(device, output(where, UT_U32, R, 1));
	device->backend->check_finite(device, R, x, where);
}

void ut_fma_chain(struct ut_device *device, struct ut_slice x, float a, float b,
		  uint32_t rounds)
{
	CHECK(device, output(x, UT_F32, 1, x.count));
	device->backend->fma_chain(device, x, a, b, rounds);
}
