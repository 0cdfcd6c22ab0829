/* Problems of convolutions, and the operations that solve them on a device. */
#include "conv.h"

#include <stdio.h>

struct ut_conv_shape conv_draw_shape(struct test_random *random, bool tiny)
{
	static const size_t channels[] = {1, 3, 16, 1, 5, 32, 7, 12, 17, 40};
	struct ut_conv_shape s;

	do {
		s = (struct ut_conv_shape){
			.B = test_between(random, 1, tiny ? 2 : 5),
			.H = test_between(random, 1, tiny ? 6 : 17),
			.W = test_between(random, 1, tiny ? 6 : 17),
			.C = channels[test_between(random, 0, tiny ? 2 : 9)],
			.O = channels[test_between(random, 0, tiny ? 2 : 9)],
			.kernel = 2 * (unsigned)test_between(random, 0,
							     tiny ? 1 : 3) +
				  1,
			.stride = (unsigned)test_between(random, 1, 2),
			.pool = test_word(random) & 1,
		};
		s.pad = (unsigned)test_between(random, 0, s.kernel - 1);
	} while (!ut_conv_outputs(&s));
	return s;
}

/* What share of dy's elements become zero: none, half, most or all. */
static void thin(struct test_random *random, struct test_operand *dy)
{
	static const uint32_t keep[] = {16, 8, 3, 0};
	uint32_t kept = keep[test_between(random, 0, 9) % 4];
	float *data = dy->data;
	size_t i;

	for (i = 0; i < dy->total; ++i)
		if (test_word(random) % 16 >= kept)
			data[i] = 0;
}

static void rectify(struct test_operand *gate)
{
	float *data = gate->data;
	size_t i;

	for (i = 0; i < gate->total; ++i)
		data[i] = data[i] > 0 ? data[i] : 0;
}

struct conv_problem conv_problem_new(struct test_random *random, unsigned R,
				     const struct ut_conv_shape *shape)
{
	size_t inputs = shape->B * shape->H * shape->W * shape->C;
	size_t outputs = shape->B * ut_conv_outputs(shape);
	size_t weights =
		(size_t)shape->kernel * shape->kernel * shape->C * shape->O;
	struct conv_problem p = {
		.R = R,
		.shape = *shape,
		.relu = test_word(random) & 1,
		.bias = test_word(random) & 3,
		.gated = test_word(random) & 1,
		.indexed = shape->pool && test_word(random) & 3,
		.scale = 1.25f,
		.x = test_operand_f32(random, R, inputs, test_word(random) & 1),
		.w = test_operand_f32(random, R, weights, false),
		.b = test_operand_f32(random, R, shape->O, false),
		.dy = test_operand_f32(random, R, outputs, false),
		.index = test_operand_int(random, UT_U8, R, outputs, false, 4),
		.gate = test_operand_f32(random, R, inputs, false),
		.y = test_operand_f32(random, R, outputs, false),
		.taken =
			test_operand_int(random, UT_U8, R, outputs, false, 256),
		.dx = test_operand_f32(random, R, inputs, false),
		.dw = test_operand_f32(random, R, weights, false),
		.db = test_operand_f32(random, R, shape->O, false),
	};

	thin(random, &p.dy);
	rectify(&p.gate);
	return p;
}

void conv_problem_free(struct conv_problem *p)
{
	struct test_operand *operands[] = {
		&p->x, &p->w,     &p->b,  &p->dy, &p->index, &p->gate,
		&p->y, &p->taken, &p->dx, &p->dw, &p->db,
	};
	size_t i;

	for (i = 0; i < sizeof(operands) / sizeof(*operands); ++i)
		test_operand_free(operands[i]);
}

void conv_describe(char *text, size_t size, const char *what,
		   const struct conv_problem *p)
{
	const struct ut_conv_shape *s = &p->shape;

	snprintf(text, size,
		 "%s R=%u B=%zu %zux%zux%zu to %zu, kernel %u pad %u stride "
		 "%u%s%s%s%s",
		 what, p->R, s->B, s->H, s->W, s->C, s->O, s->kernel, s->pad,
		 s->stride, s->pool ? " pool" : "", p->bias ? " bias" : "",
		 p->relu ? " relu" : "", p->gated ? " gate" : "");
}

void conv_run_forward(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct conv_problem *p = arguments;
	struct ut_conv op = {
		.R = p->R,
		.shape = p->shape,
		.x = test_upload(device, &p->x),
		.w = test_upload(device, &p->w),
		.relu = p->relu,
		.y = test_upload(device, &p->y),
	};

	if (p->bias)
		op.b = test_upload(device, &p->b);
	if (p->indexed)
		op.index = test_upload(device, &p->taken);
	ut_conv_forward(device, &op);
	test_take(output, "y", op.y);
	if (p->indexed)
		test_take(output, "index", op.index);
	test_drop(op.x);
	test_drop(op.w);
	test_drop(op.b);
}

void conv_run_data(struct ut_device *device, const void *arguments,
		   struct test_output *output)
{
	const struct conv_problem *p = arguments;
	struct ut_conv_data op = {
		.R = p->R,
		.shape = p->shape,
		.dy = test_upload(device, &p->dy),
		.w = test_upload(device, &p->w),
		.scale = p->scale,
		.dx = test_upload(device, &p->dx),
	};

	if (p->shape.pool)
		op.index = test_upload(device, &p->index);
	if (p->gated)
		op.gate = test_upload(device, &p->gate);
	ut_conv_backward_data(device, &op);
	test_take(output, "dx", op.dx);
	test_drop(op.dy);
	test_drop(op.index);
	test_drop(op.w);
	test_drop(op.gate);
}

void conv_run_weights(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct conv_problem *p = arguments;
	struct ut_conv_weights op = {
		.R = p->R,
		.shape = p->shape,
		.x = test_upload(device, &p->x),
		.dy = test_upload(device, &p->dy),
		.dw = test_upload(device, &p->dw),
	};

	if (p->shape.pool)
		op.index = test_upload(device, &p->index);
	if (p->bias)
		op.db = test_upload(device, &p->db);
	ut_conv_backward_weights(device, &op);
	test_take(output, "dw", op.dw);
	if (p->bias)
		test_take(output, "db", op.db);
	test_drop(op.x);
	test_drop(op.dy);
	test_drop(op.index);
}

/* Pooling ------------------------------------------------------------------ */

struct pool_problem pool_problem_new(struct test_random *random, unsigned R,
				     bool tiny)
{
	unsigned side = (unsigned)test_between(random, 2, tiny ? 3 : 16);
	size_t most = side + (tiny ? 3 : 20);
	struct pool_problem p = {
		.R = R,
		.B = test_between(random, 1, tiny ? 2 : 4),
		.H = test_between(random, side, most),
		.W = test_between(random, side, most),
		.C = test_between(random, 1, tiny ? 5 : 37),
		.side = side,
		.indexed = test_word(random) & 1,
		.gated = test_word(random) & 1,
		.scale = 1.25f,
	};
	size_t inputs = p.B * p.H * p.W * p.C;
	size_t outputs = p.B * (p.H / side) * (p.W / side) * p.C;

	p.x = test_operand_f32(random, R, inputs, test_word(random) & 1);
	p.dy = test_operand_f32(random, R, outputs, false);
	p.index =
		test_operand_int(random, UT_U8, R, outputs, false, side * side);
	p.gate = test_operand_f32(random, R, inputs, false);
	p.y = test_operand_f32(random, R, outputs, false);
	p.taken = test_operand_int(random, UT_U8, R, outputs, false, 256);
	p.dx = test_operand_f32(random, R, inputs, false);
	rectify(&p.gate);
	rectify(&p.x); /* many are equal */
	return p;
}

void pool_problem_free(struct pool_problem *p)
{
	struct test_operand *operands[] = {
		&p->x, &p->dy, &p->index, &p->gate, &p->y, &p->taken, &p->dx,
	};
	size_t i;

	for (i = 0; i < sizeof(operands) / sizeof(*operands); ++i)
		test_operand_free(operands[i]);
}

void pool_describe(char *text, size_t size, const char *what,
		   const struct pool_problem *p)
{
	snprintf(text, size, "%s R=%u B=%zu %zux%zux%zu side %u%s%s", what,
		 p->R, p->B, p->H, p->W, p->C, p->side,
		 p->indexed ? " index" : "", p->gated ? " gate" : "");
}

static struct ut_pool pool_of(struct ut_device *device,
			      const struct pool_problem *p)
{
	return (struct ut_pool){
		.R = p->R,
		.B = p->B,
		.H = p->H,
		.W = p->W,
		.C = p->C,
		.side = p->side,
		.x = test_upload(device, &p->x),
		.y = test_upload(device, &p->y),
	};
}

void pool_run_max(struct ut_device *device, const void *arguments,
		  struct test_output *output)
{
	const struct pool_problem *p = arguments;
	struct ut_pool op = pool_of(device, p);

	if (p->indexed)
		op.index = test_upload(device, &p->taken);
	ut_max_pool(device, &op);
	test_take(output, "y", op.y);
	if (p->indexed)
		test_take(output, "index", op.index);
	test_drop(op.x);
}

void pool_run_average(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	struct ut_pool op = pool_of(device, arguments);

	ut_average_pool(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.x);
}

void pool_run_backward(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct pool_problem *p = arguments;
	struct ut_pool_data op = {
		.R = p->R,
		.B = p->B,
		.H = p->H,
		.W = p->W,
		.C = p->C,
		.side = p->side,
		.dy = test_upload(device, &p->dy),
		.scale = p->scale,
		.dx = test_upload(device, &p->dx),
	};

	if (p->indexed)
		op.index = test_upload(device, &p->index);
	if (p->gated)
		op.gate = test_upload(device, &p->gate);
	ut_pool_backward(device, &op);
	test_take(output, "dx", op.dx);
	test_drop(op.dy);
	test_drop(op.index);
	test_drop(op.gate);
}
