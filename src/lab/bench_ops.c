/* Benchmarks of single operations. */
#include <stdio.h>

#include "lab/bench_suite.h"

struct ut_slice ut_bench_zeros(struct ut_device *device, enum ut_type type,
			       size_t count)
{
	return ut_slice_of(ut_buffer_new(device, type, count), count);
}

struct ut_slice ut_bench_random(struct ut_device *device, size_t rows,
				size_t columns)
{
	struct ut_slice x = ut_bench_zeros(device, UT_F32, rows * columns);

	if (!ut_slice_none(x))
		ut_random(device, &(struct ut_random){
					  .R = 1,
					  .B = rows,
					  .columns = columns,
					  .width = columns,
					  .affine = ut_affine_of(1, 0),
					  .x = x,
				  });
	return x;
}

/* Matrix products ---------------------------------------------------------- */

void ut_products_forward(void *context)
{
	const struct ut_products *layer = context;

	ut_linear_forward(layer->device, &layer->forward);
}

static void pull_back(void *context)
{
	const struct ut_products *layer = context;

	ut_linear_backward_data(layer->device, &layer->data);
}

static void gather_weights(void *context)
{
	const struct ut_products *layer = context;

	ut_linear_backward_weights(layer->device, &layer->weights);
}

static void multiply_tuned(void *context)
{
	const struct ut_products *layer = context;

	ut_linear_forward_tuned(layer->device, &layer->forward);
}

struct ut_products ut_products_new(struct ut_device *device, size_t B, size_t O,
				   size_t D)
{
	struct ut_slice x = ut_bench_random(device, B, D);
	struct ut_slice w = ut_bench_random(device, D, O);
	struct ut_slice y = ut_bench_random(device, B, O), none = {0};

	return (struct ut_products){
		.device = device,
		.forward = {1, B, D, O, x, w, none, false, y},
		.data = {1, B, D, O, y, w, none, 1,
			 ut_bench_random(device, B, D)},
		.weights = {1, B, D, O, x, y, ut_bench_random(device, D, O),
			    none},
	};
}

void ut_products_free(struct ut_products *layer)
{
	ut_buffer_free(layer->forward.x.buffer);
	ut_buffer_free(layer->forward.w.buffer);
	ut_buffer_free(layer->forward.y.buffer);
	ut_buffer_free(layer->data.dx.buffer);
	ut_buffer_free(layer->weights.dw.buffer);
}

static enum ut_status measure_products(struct ut_bench *bench,
				       struct ut_products *layer)
{
	const struct ut_library *library = ut_device_library(bench->device);
	const struct {
		const char *name, *by;
		void (*once)(void *context);
	} products[] = {
		{"forward", "", ut_products_forward},
		{"data", "", pull_back},
		{"weights", "", gather_weights},
		{"forward by ", library ? library->version : "",
		 multiply_tuned},
	};
	double B = (double)layer->forward.B, O = (double)layer->forward.O,
	       D = (double)layer->forward.D;
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < (library ? 4 : 3) && !status; ++i) {
		struct ut_measure result = {
			.suite = "gemm",
			.flop = 2 * B * O * D,
			.bytes = 4 * (B * D + D * O + B * O),
		};

		snprintf(result.name, sizeof(result.name), "%gx%gx%g %s%s", B,
			 O, D, products[i].name, products[i].by);
		status = ut_bench_measure(bench,
					  &(struct ut_work){bench->device,
							    products[i].once,
							    layer},
					  &result);
	}
	return status;
}

enum ut_status ut_bench_gemm(struct ut_bench *bench)
{
	static const size_t shapes[][3] = {
		{1020, 256, 784},
		{1024, 1024, 1024},
	};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < 2 && !status; ++i) {
		struct ut_products layer =
			ut_products_new(bench->device, shapes[i][0],
					shapes[i][1], shapes[i][2]);

		status = ut_device_finish(bench->device, bench->error);
		if (!status)
			status = measure_products(bench, &layer);
		ut_products_free(&layer);
	}
	return status;
}

/* Convolutions ------------------------------------------------------------- */

/* One convolution of a training step, forward and backward. */
struct convolution {
	struct ut_device *device;
	struct ut_conv forward;
	struct ut_conv_data data;
	struct ut_conv_weights weights;
};

static void convolve(void *context)
{
	const struct convolution *c = context;

	ut_conv_forward(c->device, &c->forward);
}

static void convolve_data(void *context)
{
	const struct convolution *c = context;

	ut_conv_backward_data(c->device, &c->data);
}

static void convolve_weights(void *context)
{
	const struct convolution *c = context;

	ut_conv_backward_weights(c->device, &c->weights);
}

/*
 * Useful operations of one pass over the batch. Of a gradient behind a pool one
 * place of a window counts: the others are 0.
 */
static double conv_flop(const struct ut_conv_shape *s, bool backward)
{
	double places =
		(double)ut_conv_side(s, s->H) * (double)ut_conv_side(s, s->W);

	if (backward)
		places = (double)ut_conv_outputs(s) / (double)s->O;

	return 2 * places * (double)s->B * s->kernel * s->kernel *
	       (double)s->C * (double)s->O;
}

/* Bytes of a pass: x or dx, y or dy with its index, w or dw, and a gate. */
static double conv_bytes(const struct ut_conv_shape *s, bool gated)
{
	double x = (double)(s->B * s->H * s->W * s->C);
	double y = (double)(s->B * ut_conv_outputs(s));
	double w = (double)(s->kernel * s->kernel * s->C * s->O);

	return 4 * (x * (gated ? 2 : 1) + y + w) + y;
}

static enum ut_status measure_passes(struct ut_bench *bench,
				     struct convolution *c)
{
	static const struct {
		const char *name;
		void (*once)(void *context);
	} passes[] = {
		{"forward", convolve},
		{"data", convolve_data},
		{"weights", convolve_weights},
	};
	const struct ut_conv_shape *s = &c->forward.shape;
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sizeof(passes) / sizeof(*passes) && !status; ++i) {
		struct ut_measure result = {
			.suite = "conv",
			.flop = conv_flop(s, i > 0),
			.bytes = conv_bytes(s, passes[i].once == convolve_data),
		};

		snprintf(result.name, sizeof(result.name),
			 "%zux%zu %zu->%zu, batch %zu, %s", s->H, s->W, s->C,
			 s->O, s->B, passes[i].name);
		status = ut_bench_measure(bench,
					  &(struct ut_work){bench->device,
							    passes[i].once, c},
					  &result);
	}
	return status;
}

/* 3 x 3 with ReLU and a 2 x 2 max-pool, as in cnn3; free it either way. */
static struct convolution convolution_new(struct ut_device *device, size_t B,
					  size_t side, size_t C, size_t O)
{
	struct ut_conv_shape shape = {
		.B = B,
		.H = side,
		.W = side,
		.C = C,
		.O = O,
		.kernel = 3,
		.pad = 1,
		.stride = 1,
		.pool = true,
	};
	size_t row = side * side * C, outputs = ut_conv_outputs(&shape);
	struct convolution c = {.device = device};

	c.forward = (struct ut_conv){
		.R = 1,
		.shape = shape,
		.x = ut_bench_random(device, B, row),
		.w = ut_bench_random(device, 9 * C, O),
		.b = ut_bench_random(device, 1, O),
		.relu = true,
		.y = ut_bench_random(device, B, outputs),
		.index = ut_bench_zeros(device, UT_U8, B * outputs),
	};
	c.data = (struct ut_conv_data){
		.R = 1,
		.shape = shape,
		.dy = c.forward.y,
		.index = c.forward.index,
		.w = c.forward.w,
		.gate = c.forward.x,
		.scale = 1,
		.dx = ut_bench_zeros(device, UT_F32, B * row),
	};
	c.weights = (struct ut_conv_weights){
		.R = 1,
		.shape = shape,
		.x = c.forward.x,
		.dy = c.forward.y,
		.index = c.forward.index,
		.dw = ut_bench_zeros(device, UT_F32, 9 * C * O),
		.db = ut_bench_zeros(device, UT_F32, O),
	};
	return c;
}

static void convolution_free(struct convolution *c)
{
	ut_buffer_free(c->forward.x.buffer);
	ut_buffer_free(c->forward.w.buffer);
	ut_buffer_free(c->forward.b.buffer);
	ut_buffer_free(c->forward.y.buffer);
	ut_buffer_free(c->forward.index.buffer);
	ut_buffer_free(c->data.dx.buffer);
	ut_buffer_free(c->weights.dw.buffer);
	ut_buffer_free(c->weights.db.buffer);
}

/* The convolutions of cnn3 on digits and on photographs. */
enum ut_status ut_bench_conv(struct ut_bench *bench)
{
	static const struct {
		size_t B, side, C, O;
	} shapes[] = {
		{128, 28, 1, 32}, {128, 14, 32, 64}, {128, 7, 64, 128},
		{16, 224, 3, 32}, {16, 112, 32, 64}, {16, 56, 64, 128},
	};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes) && !status; ++i) {
		struct convolution c =
			convolution_new(bench->device, shapes[i].B,
					shapes[i].side, shapes[i].C,
					shapes[i].O);

		status = ut_device_finish(bench->device, bench->error);
		if (!status)
			status = measure_passes(bench, &c);
		convolution_free(&c);
	}
	return status;
}
