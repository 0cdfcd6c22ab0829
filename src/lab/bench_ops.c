/* Benchmarks of single operations. */
#include <stdio.h>

#include "lab/bench_suite.h"

/* Matrix products ---------------------------------------------------------- */

struct product {
	struct ut_device *device;
	struct ut_linear op;
};

static void multiply(void *context)
{
	const struct product *product = context;

	ut_linear_forward(product->device, &product->op);
}

static void multiply_tuned(void *context)
{
	const struct product *product = context;

	ut_linear_forward_tuned(product->device, &product->op);
}

static enum ut_status measure_product(struct ut_bench *bench, const char *by,
				      void (*once)(void *context),
				      struct product *product)
{
	const struct ut_linear *op = &product->op;
	struct ut_measure result = {
		.suite = "gemm",
		.flop = 2.0 * (double)op->B * (double)op->O * (double)op->D,
	};

	snprintf(result.name, sizeof(result.name), "%zux%zux%zu%s", op->B,
		 op->O, op->D, by);
	return ut_bench_measure(bench, &(struct ut_work){once, product},
				&result);
}

static struct ut_buffer *random_matrix(struct ut_device *device, size_t rows,
				       size_t columns)
{
	struct ut_buffer *buffer =
		ut_buffer_new(device, UT_F32, rows * columns);

	if (buffer)
		ut_random(device,
			  &(struct ut_random){
				  .R = 1,
				  .B = rows,
				  .columns = columns,
				  .width = columns,
				  .affine = ut_affine_of(1, 0),
				  .x = ut_slice_of(buffer, rows * columns),
			  });
	return buffer;
}

static enum ut_status bench_product(struct ut_bench *bench, size_t M, size_t N,
				    size_t K)
{
	struct ut_buffer *x = random_matrix(bench->device, M, K);
	struct ut_buffer *w = random_matrix(bench->device, K, N);
	struct ut_buffer *y = random_matrix(bench->device, M, N);
	enum ut_status status = ut_device_finish(bench->device, bench->error);

	if (!status) {
		struct product product = {bench->device,
					  {
						  .R = 1,
						  .B = M,
						  .D = K,
						  .O = N,
						  .x = ut_slice_of(x, M * K),
						  .w = ut_slice_of(w, K * N),
						  .y = ut_slice_of(y, M * N),
					  }};

		status = measure_product(bench, "", multiply, &product);
		if (!status &&
		    ut_linear_forward_tuned(bench->device, &product.op))
			status = measure_product(bench, " by CLBlast",
						 multiply_tuned, &product);
	}
	ut_buffer_free(x);
	ut_buffer_free(w);
	ut_buffer_free(y);
	return status;
}

enum ut_status ut_bench_gemm(struct ut_bench *bench)
{
	enum ut_status status = bench_product(bench, 1020, 256, 784);

	return status ? status : bench_product(bench, 1024, 1024, 1024);
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

/* Useful operations of one pass over the batch. */
static double conv_flop(const struct ut_conv_shape *s)
{
	double places =
		(double)ut_conv_side(s, s->H) * (double)ut_conv_side(s, s->W);

	return 2 * places * (double)s->B * s->kernel * s->kernel *
	       (double)s->C * (double)s->O;
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
			.flop = conv_flop(s),
		};

		snprintf(result.name, sizeof(result.name),
			 "%zux%zu %zu->%zu, batch %zu, %s", s->H, s->W, s->C,
			 s->O, s->B, passes[i].name);
		status = ut_bench_measure(bench,
					  &(struct ut_work){passes[i].once, c},
					  &result);
	}
	return status;
}

static struct ut_slice new_slice(struct ut_device *device, size_t count)
{
	return ut_slice_of(ut_buffer_new(device, UT_F32, count), count);
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
		.x = ut_slice_of(random_matrix(device, B, row), B * row),
		.w = ut_slice_of(random_matrix(device, 9 * C, O), 9 * C * O),
		.b = ut_slice_of(random_matrix(device, 1, O), O),
		.relu = true,
		.y = ut_slice_of(random_matrix(device, B, outputs),
				 B * outputs),
		.index = ut_slice_of(ut_buffer_new(device, UT_U8, B * outputs),
				     B * outputs),
	};
	c.data = (struct ut_conv_data){
		.R = 1,
		.shape = shape,
		.dy = c.forward.y,
		.index = c.forward.index,
		.w = c.forward.w,
		.gate = c.forward.x,
		.scale = 1,
		.dx = new_slice(device, B * row),
	};
	c.weights = (struct ut_conv_weights){
		.R = 1,
		.shape = shape,
		.x = c.forward.x,
		.dy = c.forward.y,
		.index = c.forward.index,
		.dw = new_slice(device, 9 * C * O),
		.db = new_slice(device, O),
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

/* Memory ------------------------------------------------------------------- */

enum { MEMORY_FLOATS = 16 << 20 };

struct transfer {
	struct ut_device *device;
	struct ut_slice a, b, c, d;
};

static void copy_floats(void *context)
{
	const struct transfer *t = context;

	ut_copy(t->device, 1, t->a, t->b);
}

static void draw(const struct transfer *t, enum ut_distribution distribution)
{
	ut_random(t->device, &(struct ut_random){
				     .R = 1,
				     .B = MEMORY_FLOATS / 1024,
				     .columns = 1024,
				     .width = 1024,
				     .distribution = distribution,
				     .affine = ut_affine_of(1, 0),
				     .x = t->a,
			     });
}

static void draw_normal(void *context)
{
	draw(context, UT_NORMAL);
}

static void draw_uniform(void *context)
{
	draw(context, UT_UNIFORM);
}

static void update_adam(void *context)
{
	const struct transfer *t = context;
	struct ut_update update =
		ut_update_at(UT_ADAM, 1e-3, 0.9, 0.999, 0.9, 0.999, 1e-8, 0);

	ut_optimise(t->device, 1, &update, t->a, t->b, t->c, t->d);
}

enum ut_status ut_bench_memory(struct ut_bench *bench)
{
	static const struct {
		const char *name;
		void (*once)(void *context);
		double floats; /* moved, an element */
	} kinds[] = {
		{"copy", copy_floats, 2},
		{"uniform noise", draw_uniform, 1},
		{"normal noise", draw_normal, 1},
		{"adam", update_adam, 7},
	};
	struct ut_buffer *buffer =
		ut_buffer_new(bench->device, UT_F32, 4 * (size_t)MEMORY_FLOATS);
	enum ut_status status = ut_device_finish(bench->device, bench->error);
	struct ut_slice all = ut_slice_of(buffer, MEMORY_FLOATS);
	struct transfer t = {
		bench->device,         all,
		ut_slice_from(all, 1), ut_slice_from(all, 2),
		ut_slice_from(all, 3),
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds) && !status; ++i) {
		struct ut_measure result = {
			.suite = "memory",
			.bytes = 4.0 * kinds[i].floats * MEMORY_FLOATS,
		};

		snprintf(result.name, sizeof(result.name), "%s", kinds[i].name);
		status = ut_bench_measure(bench,
					  &(struct ut_work){kinds[i].once, &t},
					  &result);
	}
	ut_buffer_free(buffer);
	return status;
}
