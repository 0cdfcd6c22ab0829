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

void ut_random(struct ut_device *device, const struct ut_random *op)
{
	CHECK(device, op->columns <= op->width);
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

void ut_gather_images(struct ut_device *device, const struct ut_gather *op)
{
	CHECK(device, op->D <= op->width);
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

void ut_distil(struct ut_device *device, const struct ut_loss *loss,
	       enum ut_distillation kind, struct ut_slice teacher,
	       struct ut_slice moments)
{
	double batch = (double)loss->B, columns = (double)loss->count;

	CHECK(device, loss_fits(loss));
	CHECK(device, input(teacher, UT_F32, loss->R, loss->B * loss->C));
	CHECK(device, kind != UT_MSE_NORM ||
			      input(moments, UT_F32, loss->R, 2 * loss->count));
	device->backend->distil(device, loss, kind, teacher, moments,
				(float)(1.0 /
					(kind == UT_KL ? batch : columns)),
				(float)(2.0 / (batch * columns)));
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
