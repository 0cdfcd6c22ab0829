/* Defects of devices, seeded. */
#include "support/mistakes.h"

#include <math.h>
#include <stdlib.h>

#include "support/testing.h"

/* Test programs are single-threaded and spoil one device at a time. */
static const struct ut_backend *inner;
static struct ut_backend table;
static unsigned calls;

void test_mistake_begin(struct ut_device *device,
			const struct test_mistake *defect)
{
	inner = device->backend;
	table = *inner;
	calls = 0;
	defect->seed(&table);
	device->backend = &table;
}

void test_mistake_end(struct ut_device *device)
{
	device->backend = inner;
}

/* Numbers of one replica, to and from the host. */
static float *get(struct ut_device *device, struct ut_slice s, unsigned r)
{
	float *data = test_alloc(s.count, sizeof(*data));

	inner->read(device, s.buffer, s.offset + r * s.stride, s.count, data);
	return data;
}

static void put(struct ut_device *device, struct ut_slice s, unsigned r,
		float *data)
{
	inner->write(device, s.buffer, s.offset + r * s.stride, s.count, data);
	free(data);
}

static float cleaned(float x)
{
	return fabsf(x) < 0x1p-40f ? 0 : x;
}

/* Linear layers ------------------------------------------------------------- */

typedef float multiply_add(float a, float b, float c);

/* y by hand: k descending, or w read as (O, D), or another multiply-add. */
static void linear_by_hand(struct ut_device *device, const struct ut_linear *op,
			   bool descending, bool turned, multiply_add *add)
{
	unsigned r;
	size_t b, o, i;

	for (r = 0; r < op->R; ++r) {
		float *x = get(device, op->x, r), *w = get(device, op->w, r);
		float *y = test_alloc(op->y.count, sizeof(*y));
		float *bias =
			ut_slice_none(op->b) ? NULL : get(device, op->b, r);

		for (b = 0; b < op->B; ++b)
			for (o = 0; o < op->O; ++o) {
				float s = 0;

				for (i = 0; i < op->D; ++i) {
					size_t d =
						descending ? op->D - 1 - i : i;

					s = add(x[b * op->D + d],
						turned ? w[o * op->D + d]
						       : w[d * op->O + o],
						s);
				}
				s = bias ? s + bias[o] : s;
				s = op->relu && !(s > 0) ? 0 : s;
				y[b * op->O + o] = cleaned(s);
			}
		free(x);
		free(w);
		free(bias);
		put(device, op->y, r, y);
	}
}

static float unfused(float a, float b, float c)
{
	float product = a * b;

	return product + c;
}

static float towards_zero(float a, float b, float c)
{
	double exact = (double)a * (double)b + (double)c;
	float near = (float)exact;

	return fabs((double)near) > fabs(exact) ? nextafterf(near, 0) : near;
}

static float flushed(float a, float b, float c)
{
	return fmaf(fabsf(a) < 0x1p-12f ? 0 : a, fabsf(b) < 0x1p-12f ? 0 : b,
		    c);
}

static void descending(struct ut_device *device, const struct ut_linear *op)
{
	linear_by_hand(device, op, true, false, fmaf);
}

static void turned(struct ut_device *device, const struct ut_linear *op)
{
	linear_by_hand(device, op, false, true, fmaf);
}

static void rounded_twice(struct ut_device *device, const struct ut_linear *op)
{
	linear_by_hand(device, op, false, false, unfused);
}

static void rounded_down(struct ut_device *device, const struct ut_linear *op)
{
	linear_by_hand(device, op, false, false, towards_zero);
}

static void small_is_zero(struct ut_device *device, const struct ut_linear *op)
{
	linear_by_hand(device, op, false, false, flushed);
}

static void short_of_a_row(struct ut_device *device, const struct ut_linear *op)
{
	struct ut_linear less = *op;

	less.B -= less.B > 1;
	inner->linear_forward(device, &less);
}

static void ungated(struct ut_device *device, const struct ut_linear_data *op)
{
	struct ut_linear_data open = *op;

	open.gate = (struct ut_slice){0};
	inner->linear_data(device, &open);
}

static void every_second(struct ut_device *device,
			 const struct ut_linear_weights *op)
{
	if (calls++ % 2 == 0)
		inner->linear_weights(device, op);
}

#define SEED(name, slot, defect)                       \
	static void seed_##name(struct ut_backend *to) \
	{                                              \
		to->slot = defect;                     \
	}

SEED(descending, linear_forward, descending)
SEED(turned, linear_forward, turned)
SEED(rounded_twice, linear_forward, rounded_twice)
SEED(rounded_down, linear_forward, rounded_down)
SEED(small_is_zero, linear_forward, small_is_zero)
SEED(short_of_a_row, linear_forward, short_of_a_row)
SEED(ungated, linear_data, ungated)
SEED(every_second, linear_weights, every_second)

/* Convolutions, pools ------------------------------------------------------- */

static void turned_index(struct ut_device *device, const struct ut_conv *op)
{
	static const uint8_t swapped[] = {0, 2, 1, 3};
	uint8_t place;
	unsigned r;
	size_t i;

	inner->conv_forward(device, op);
	for (r = 0; !ut_slice_none(op->index) && r < op->R; ++r)
		for (i = 0; i < op->index.count; ++i) {
			size_t at = op->index.offset + r * op->index.stride + i;

			inner->read(device, op->index.buffer, at, 1, &place);
			inner->write(device, op->index.buffer, at, 1,
				     &swapped[place]);
		}
}

static void unscaled(struct ut_device *device, const struct ut_conv_data *op)
{
	struct ut_conv_data plain = *op;

	plain.scale = 1;
	inner->conv_data(device, &plain);
}

static void without_bias(struct ut_device *device,
			 const struct ut_conv_weights *op)
{
	struct ut_conv_weights less = *op;

	less.db = (struct ut_slice){0};
	inner->conv_weights(device, &less);
}

static void by_the_side(struct ut_device *device, const struct ut_pool *op,
			float inverse)
{
	(void)inverse;
	inner->average_pool(device, op, 1.0f / (float)op->side);
}

SEED(turned_index, conv_forward, turned_index)
SEED(unscaled, conv_data, unscaled)
SEED(without_bias, conv_weights, without_bias)
SEED(by_the_side, average_pool, by_the_side)

/* Random numbers, noise, batches -------------------------------------------- */

static void next_stream(struct ut_device *device, const struct ut_random *op)
{
	struct ut_random other = *op;

	++other.rng.stream;
	inner->random(device, &other);
}

static void threshold_off(struct ut_device *device, const struct ut_dropout *op)
{
	struct ut_dropout other = *op;

	++other.threshold;
	inner->dropout(device, &other);
}

static void contracted(struct ut_device *device, const struct ut_blend *op)
{
	unsigned r;
	size_t i;

	for (r = 0; r < op->R; ++r) {
		float *x = get(device, op->x, r), *y = get(device, op->y, r);

		for (i = 0; i < op->y.count; ++i) {
			float product = y[i] * op->own;

			y[i] = cleaned(fmaf(op->other, x[i], product));
		}
		free(x);
		put(device, op->y, r, y);
	}
}

static void never_flipped(struct ut_device *device, const struct ut_augment *op)
{
	struct ut_augment other = *op;

	other.flip = false;
	inner->augment(device, &other);
}

static void beyond_its_part(struct ut_device *device, unsigned R,
			    struct ut_slice from, struct ut_slice to)
{
	inner->copy(device, R, from, to);
	++from.count;
	++to.count;
	inner->copy(device, 1, from, to);
}

SEED(next_stream, random, next_stream)
SEED(threshold_off, dropout, threshold_off)
SEED(contracted, blend, contracted)
SEED(never_flipped, augment, never_flipped)
SEED(beyond_its_part, copy, beyond_its_part)

/* Losses, optimisers, evaluation -------------------------------------------- */

static void unequal_weight(struct ut_device *device, const struct ut_loss *loss,
			   struct ut_slice labels, float inverse)
{
	inner->cross_entropy(device, loss, labels, nextafterf(inverse, 1));
}

static void of_a_sample(struct ut_device *device, unsigned R, size_t B,
			size_t C, size_t first, size_t count, struct ut_slice x,
			struct ut_slice moments, float inverse)
{
	(void)inverse;
	inner->moments(device, R, B, C, first, count, x, moments,
		       1.0f / (float)(B - 1));
}

/* One chain, where chunks should be. */
static void one_chain(struct ut_device *device, unsigned R, struct ut_slice x,
		      struct ut_slice y, float inverse)
{
	unsigned r;
	size_t i;

	for (r = 0; r < R; ++r) {
		float *data = get(device, x, r), sum = 0;

		for (i = 0; i < x.count; ++i)
			sum = sum + data[i];
		data[0] = sum * inverse;
		inner->write(device, y.buffer, y.offset + r * y.stride, 1,
			     data);
		free(data);
	}
}

/* Adam by hand, but for where epsilon is. */
static void epsilon_inside(struct ut_device *device, unsigned R,
			   const struct ut_update *update, struct ut_slice w,
			   struct ut_slice g, struct ut_slice m,
			   struct ut_slice v)
{
	unsigned r;
	size_t i;

	for (r = 0; r < R && update->kind != UT_SGD; ++r) {
		float *ws = get(device, w, r), *gs = get(device, g, r);
		float *ms = get(device, m, r), *vs = get(device, v, r);

		for (i = 0; i < w.count; ++i) {
			float u = gs[i] * update->rest1;
			float q = gs[i] * gs[i] * update->rest2;
			float h, n;

			u = fmaf(ms[i], update->beta1, u);
			q = fmaf(vs[i], update->beta2, q);
			h = q * update->correction2;
			n = u * update->correction1;
			n = n / sqrtf(h + update->epsilon);
			if (update->kind == UT_ADAMW)
				ws[i] = ws[i] * update->keep;
			ws[i] = cleaned(fmaf(-update->rate, n, ws[i]));
		}
		free(gs);
		free(ms);
		free(vs);
		put(device, w, r, ws);
	}
	if (update->kind == UT_SGD)
		inner->optimise(device, R, update, w, g, m, v);
}

/* Of equal ones the last. */
static void last_wins(struct ut_device *device, unsigned R, size_t B, size_t C,
		      size_t first, size_t count, struct ut_slice x,
		      struct ut_slice to)
{
	unsigned r;
	size_t b, i;

	for (r = 0; r < R; ++r) {
		float *data = get(device, x, r);

		for (b = 0; b < B; ++b) {
			const float *row = data + b * C + first;
			float most = -INFINITY;
			uint32_t best = 0;

			for (i = 0; i < count; ++i)
				if (most <= row[i]) {
					most = row[i];
					best = (uint32_t)i;
				}
			inner->write(device, to.buffer,
				     to.offset + r * to.stride + b, 1, &best);
		}
		free(data);
	}
}

static void all_but_the_last(struct ut_device *device, unsigned R,
			     struct ut_slice x, struct ut_slice where)
{
	--x.count;
	inner->check_finite(device, R, x, where);
}

SEED(unequal_weight, cross_entropy, unequal_weight)
SEED(of_a_sample, moments, of_a_sample)
SEED(one_chain, mean, one_chain)
SEED(epsilon_inside, optimise, epsilon_inside)
SEED(last_wins, argmax, last_wins)
SEED(all_but_the_last, check_finite, all_but_the_last)

const struct test_mistake test_mistakes[] = {
	{"a sum is reordered", "linear_forward", seed_descending},
	{"an index is transposed", "linear_forward", seed_turned},
	{"fma rounds twice", "linear_forward", seed_rounded_twice},
	{"fma rounds towards zero", "linear_forward", seed_rounded_down},
	{"small operands are flushed", "linear_forward", seed_small_is_zero},
	{"the tail is one row short", "linear_forward", seed_short_of_a_row},
	{"the gate of ReLU is lost", "linear_data", seed_ungated},
	{"a buffer is stale", "linear_weights", seed_every_second},
	{"an index of the pool is transposed", "conv_forward",
	 seed_turned_index},
	{"a scale is lost", "conv_data", seed_unscaled},
	{"bias gradients are left out", "conv_weights", seed_without_bias},
	{"a mean is of a side", "average_pool", seed_by_the_side},
	{"streams are off by one", "random", seed_next_stream},
	{"the threshold is off by one", "dropout", seed_threshold_off},
	{"a product and a sum are fused", "blend", seed_contracted},
	{"nothing is flipped", "augment", seed_never_flipped},
	{"a copy goes beyond its part", "copy", seed_beyond_its_part},
	{"a constant is off in its last bit", "cross_entropy",
	 seed_unequal_weight},
	{"a deviation is a sample's", "moments", seed_of_a_sample},
	{"a sum has no chunks", "mean", seed_one_chain},
	{"epsilon is inside the root", "optimise", seed_epsilon_inside},
	{"of equal ones the last wins", "argmax", seed_last_wins},
	{"the last element is not looked at", "check_finite",
	 seed_all_but_the_last},
	{0},
};
