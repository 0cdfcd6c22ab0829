/* The self-test's cases of layers: linear, convolutions, pools. */
#include "device/selftest_lane.h"

static struct ut_slice f32(struct selftest_lane *lane, unsigned R, size_t count)
{
	return ut_selftest_take(lane, UT_F32, R, count);
}

/* Linear -------------------------------------------------------------------- */

/* Odd sizes, and more than a tile, a block of k or a chunk of rows. */
static const struct linear {
	unsigned R;
	size_t B, D, O;
	bool whole; /* bias, ReLU, gate, bias gradient; or none of them */
} linears[] = {
	{1, 1, 1, 1, true},    {2, 7, 300, 19, true}, {1, 70, 35, 67, false},
	{2, 13, 32, 16, true}, {1, 5, 21, 290, true}, {1, 300, 9, 17, true},
};

enum { LINEARS = sizeof(linears) / sizeof(*linears) };

static void linear_forward(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < LINEARS; ++i) {
		const struct linear *l = &linears[i];
		struct ut_linear op = {
			.R = l->R,
			.B = l->B,
			.D = l->D,
			.O = l->O,
			.relu = l->whole,
		};

		op.x = f32(lane, l->R, l->B * l->D);
		op.w = f32(lane, l->R, l->D * l->O);
		op.y = f32(lane, l->R, l->B * l->O);
		if (l->whole)
			op.b = f32(lane, l->R, l->O);
		ut_linear_forward(lane->device, &op);
	}
}

static void linear_data(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < LINEARS; ++i) {
		const struct linear *l = &linears[i];
		struct ut_linear_data op = {
			.R = l->R,
			.B = l->B,
			.D = l->D,
			.O = l->O,
			.scale = 1.25f,
		};

		op.dy = f32(lane, l->R, l->B * l->O);
		op.w = f32(lane, l->R, l->D * l->O);
		op.dx = f32(lane, l->R, l->B * l->D);
		if (l->whole)
			op.gate = f32(lane, l->R, l->B * l->D);
		ut_linear_backward_data(lane->device, &op);
	}
}

static void linear_weights(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < LINEARS; ++i) {
		const struct linear *l = &linears[i];
		struct ut_linear_weights op = {
			.R = l->R,
			.B = l->B,
			.D = l->D,
			.O = l->O,
		};

		op.x = f32(lane, l->R, l->B * l->D);
		op.dy = f32(lane, l->R, l->B * l->O);
		op.dw = f32(lane, l->R, l->D * l->O);
		if (l->whole)
			op.db = f32(lane, l->R, l->O);
		ut_linear_backward_weights(lane->device, &op);
	}
}

/* Convolutions -------------------------------------------------------------- */

/*
 * Few and many channels, either stride, pools that drop rows, and more than a
 * chunk of rows of pixels.
 */
static const struct conv {
	unsigned R;
	struct ut_conv_shape shape;
} convs[] = {
	{2, {2, 9, 7, 3, 16, 3, 1, 1, true}},
	{1, {2, 8, 9, 16, 20, 3, 1, 1, true}},
	{2, {3, 7, 6, 5, 13, 3, 0, 2, false}},
	{1, {1, 5, 5, 4, 8, 5, 2, 1, false}},
	{1, {2, 4, 6, 17, 33, 1, 0, 1, false}},
	{1, {1, 14, 31, 2, 9, 3, 1, 1, true}},
};

enum { CONVS = sizeof(convs) / sizeof(*convs) };

static size_t inputs(const struct ut_conv_shape *s)
{
	return s->B * s->H * s->W * s->C;
}

static size_t kernels(const struct ut_conv_shape *s)
{
	return (size_t)s->kernel * s->kernel * s->C * s->O;
}

static struct ut_conv forward(struct selftest_lane *lane, const struct conv *c)
{
	const struct ut_conv_shape *s = &c->shape;
	size_t outputs = s->B * ut_conv_outputs(s);
	struct ut_conv op = {
		.R = c->R,
		.shape = *s,
		.relu = s->O % 2 == 0,
	};

	op.x = f32(lane, c->R, inputs(s));
	op.w = f32(lane, c->R, kernels(s));
	op.b = f32(lane, c->R, s->O);
	op.y = f32(lane, c->R, outputs);
	if (s->pool)
		op.index = ut_selftest_take(lane, UT_U8, c->R, outputs);
	ut_conv_forward(lane->device, &op);
	return op;
}

static void conv_forward(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < CONVS; ++i)
		forward(lane, &convs[i]);
}

static void conv_data(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < CONVS; ++i) {
		struct ut_conv before = forward(lane, &convs[i]);
		struct ut_conv_data op = {
			.R = before.R,
			.shape = before.shape,
			.dy = before.y,
			.index = before.index,
			.w = before.w,
			.scale = 1.25f,
		};

		op.dx = f32(lane, before.R, inputs(&before.shape));
		if (i % 2 == 0)
			op.gate = before.x;
		ut_conv_backward_data(lane->device, &op);
	}
}

static void conv_weights(struct selftest_lane *lane)
{
	size_t i;

	for (i = 0; i < CONVS; ++i) {
		struct ut_conv before = forward(lane, &convs[i]);
		struct ut_conv_weights op = {
			.R = before.R,
			.shape = before.shape,
			.x = before.x,
			.dy = before.y,
			.index = before.index,
		};

		op.dw = f32(lane, before.R, kernels(&before.shape));
		if (i % 3)
			op.db = f32(lane, before.R, before.shape.O);
		ut_conv_backward_weights(lane->device, &op);
	}
}

/* Pools --------------------------------------------------------------------- */

static void pool(struct selftest_lane *lane, bool average, unsigned side,
		 bool gated)
{
	enum { R = 2, B = 2, H = 7, W = 8, C = 9 };
	size_t outputs = B * (H / side) * (W / side) * C;
	struct ut_pool op = {
		.R = R,
		.B = B,
		.H = H,
		.W = W,
		.C = C,
		.side = side,
	};
	struct ut_pool_data back = {
		.R = R,
		.B = B,
		.H = H,
		.W = W,
		.C = C,
		.side = side,
		.scale = 1.25f,
	};

	op.x = f32(lane, R, B * H * W * C);
	op.y = f32(lane, R, outputs);
	back.dy = op.y;
	back.dx = f32(lane, R, B * H * W * C);
	if (average) {
		ut_average_pool(lane->device, &op);
	} else {
		op.index = ut_selftest_take(lane, UT_U8, R, outputs);
		back.index = op.index;
		ut_max_pool(lane->device, &op);
	}
	if (gated)
		back.gate = op.x;
	ut_pool_backward(lane->device, &back);
}

static void pools(struct selftest_lane *lane)
{
	pool(lane, false, 2, true);
	pool(lane, false, 3, false);
	pool(lane, true, 3, true);
	pool(lane, true, 2, false);
}

const struct selftest_case ut_selftest_layers[] = {
	{"linear_forward", linear_forward},
	{"linear_data", linear_data},
	{"linear_weights", linear_weights},
	{"conv_forward", conv_forward},
	{"conv_data", conv_data},
	{"conv_weights", conv_weights},
	{"pool_data", pools},
	{0},
};
