/* Benchmarks: what a device does of its own peak, on the work of real runs. */
#include "lab/bench.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/trainer.h"

enum { SAMPLES = 7 };
static const double sample_seconds = 0.15;

struct bench {
	struct ut_device *device;
	void (*each)(void *user, const struct ut_measure *);
	void *user;
	struct ut_error *error;
	struct ut_buffer *chains; /* of the peak */
};

/* Some work that can be repeated; enqueues without waiting. */
struct work {
	void (*once)(void *context);
	void *context;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Seconds of `count` repetitions, waiting at the end only. */
static double time_of(const struct bench *bench, const struct work *work,
		      unsigned count)
{
	double start = ut_clock_now();
	unsigned i;

	for (i = 0; i < count; ++i)
		work->once(work->context);
	ut_device_finish(bench->device, NULL);
	return ut_clock_now() - start;
}

/* How often to repeat so that a sample is long enough; warms up on the way. */
static unsigned repetitions(const struct bench *bench, const struct work *work)
{
	unsigned count = 1;
	double seconds;

	time_of(bench, work, 1);
	seconds = time_of(bench, work, 1);
	while (seconds < sample_seconds / 4 && count < 1 << 20) {
		count *= 4;
		seconds = time_of(bench, work, count);
	}
	count = (unsigned)(count * sample_seconds / seconds);
	return count ? count : 1;
}

enum { CHAINS = 96 * 256, ROUNDS = 2000 };

static void run_chains(void *context)
{
	const struct bench *bench = context;

	ut_fma_chain(bench->device, ut_slice_of(bench->chains, CHAINS), 0.5f,
		     1.0f, ROUNDS);
}

/* The device's peak and the work in turn, so that both see the same machine. */
static enum ut_status measure(struct bench *bench, const struct work *work,
			      struct ut_measure *result)
{
	const struct work peak = {run_chains, bench};
	double seconds[SAMPLES], peaks[SAMPLES];
	unsigned chains = repetitions(bench, &peak);
	unsigned count = repetitions(bench, work);
	enum ut_status status;
	int i;

	for (i = 0; i < SAMPLES; ++i) {
		peaks[i] = time_of(bench, &peak, chains) / chains;
		seconds[i] = time_of(bench, work, count) / count;
	}
	qsort(seconds, SAMPLES, sizeof(*seconds), compare);
	qsort(peaks, SAMPLES, sizeof(*peaks), compare);
	result->seconds = seconds[SAMPLES / 2];
	result->peak = 2.0 * CHAINS * ROUNDS / peaks[SAMPLES / 2];
	status = ut_device_finish(bench->device, bench->error);
	if (!status)
		bench->each(bench->user, result);
	return status;
}

static enum ut_status bench_peak(struct bench *bench)
{
	struct ut_measure result = {
		.suite = "peak",
		.name = "fma chains",
		.flop = 2.0 * CHAINS * ROUNDS,
	};

	return measure(bench, &(struct work){run_chains, bench}, &result);
}

/* Matrix products ------------------------------------------------------------ */

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

static enum ut_status measure_product(struct bench *bench, const char *by,
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
	return measure(bench, &(struct work){once, product}, &result);
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

static enum ut_status bench_product(struct bench *bench, size_t M, size_t N,
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

static enum ut_status bench_gemm(struct bench *bench)
{
	enum ut_status status = bench_product(bench, 1020, 256, 784);

	return status ? status : bench_product(bench, 1024, 1024, 1024);
}

/* Training steps ------------------------------------------------------------- */

static void train_step(void *context)
{
	ut_trainer_step(context, 0);
}

/* Images that nobody looks at, for teachers to train on. */
static enum ut_status make_images(struct ut_dataset *data, size_t count,
				  struct ut_error *error)
{
	struct ut_split split = {.count = count};
	size_t i, bytes = count * 28 * 28;

	*data = (struct ut_dataset){
		.name = "none",
		.height = 28,
		.width = 28,
		.channels = 1,
		.classes = 10,
	};
	split.images = malloc(bytes);
	split.labels = malloc(count);
	if (!split.images || !split.labels) {
		free(split.images);
		free(split.labels);
		return ut_error_set(error, UT_MEMORY, "out of memory");
	}
	for (i = 0; i < bytes; ++i)
		split.images[i] = (uint8_t)(i * 7919 >> 5);
	for (i = 0; i < count; ++i)
		split.labels[i] = (uint8_t)(i % 10);
	data->train = data->test = split;
	return UT_OK;
}

/* One training step as a run takes it, of R replicas with this batch. */
static enum ut_status bench_step(struct bench *bench, const char *name,
				 enum ut_condition phase, unsigned R,
				 uint64_t batch)
{
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_results results = {0};
	struct ut_observer observer = {0};
	struct ut_session session = {
		.recipe = &recipe,
		.data = &data,
		.device = bench->device,
		.observer = &observer,
		.results = &results,
	};
	struct ut_group group = {0};
	struct ut_trainer trainer = {0};
	enum ut_status status;

	ut_recipe_init(&recipe);
	recipe.replicas = R;
	recipe.teacher.batch = recipe.distill.training.batch = batch;
	recipe.distill.images = 1024;
	status = make_images(&data, 1024, bench->error);
	if (status)
		return status;
	status = ut_session_init(&session, bench->error);
	if (!status)
		status = ut_group_init(&group, &session, 0, R, 1024,
				       bench->error);
	if (!status) {
		ut_net_draw(&session.net, bench->device, R, UT_INIT_FAN_IN,
			    ut_group_rng(&group, UT_PURPOSE_INIT, 0),
			    ut_group_arenas(&group, group.teacher));
		ut_net_draw(&session.net, bench->device, R, UT_INIT_FAN_IN,
			    ut_group_rng(&group, UT_PURPOSE_FRESH, 0),
			    ut_group_arenas(&group, group.student));
		status = ut_trainer_init(&trainer, &group, phase, bench->error);
	}
	if (!status) {
		struct ut_measure result = {
			.suite = "mlp",
			.flop = ut_trainer_flop(&trainer) * R * (double)batch,
		};

		snprintf(result.name, sizeof(result.name),
			 "%s step, R %u, batch %llu", name, R,
			 (unsigned long long)batch);
		ut_trainer_begin_epoch(&trainer, 1);
		status = measure(bench, &(struct work){train_step, &trainer},
				 &result);
	}
	ut_trainer_release(&trainer);
	ut_group_release(&group);
	ut_session_release(&session);
	free(data.train.images);
	free(data.train.labels);
	return status;
}

static enum ut_status bench_mlp(struct bench *bench)
{
	enum ut_status status;

	status = bench_step(bench, "teacher", UT_TEACHER, 25, 1024);
	if (!status)
		status = bench_step(bench, "distillation", UT_AUX, 25, 1024);
	if (!status)
		status = bench_step(bench, "teacher", UT_TEACHER, 1, 1024);
	if (!status)
		status = bench_step(bench, "distillation", UT_AUX, 1, 1024);
	if (!status)
		status = bench_step(bench, "teacher", UT_TEACHER, 1, 64);
	return status;
}

/* Memory --------------------------------------------------------------------- */

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

static enum ut_status bench_memory(struct bench *bench)
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
		status = measure(bench, &(struct work){kinds[i].once, &t},
				 &result);
	}
	ut_buffer_free(buffer);
	return status;
}

static const struct {
	const char *name;
	enum ut_status (*run)(struct bench *bench);
} suites[] = {
	{"gemm", bench_gemm},
	{"mlp", bench_mlp},
	{"memory", bench_memory},
};

enum { SUITES = sizeof(suites) / sizeof(*suites) };

bool ut_bench_has(const char *suite)
{
	size_t i;

	for (i = 0; i < SUITES; ++i)
		if (!strcmp(suite, suites[i].name))
			return true;
	return false;
}

enum ut_status ut_bench(struct ut_device *device, const char *suite,
			void (*each)(void *user, const struct ut_measure *),
			void *user, struct ut_error *error)
{
	struct bench bench = {device, each, user, error, NULL};
	enum ut_status status;
	size_t i;

	assert(!suite || ut_bench_has(suite));
	bench.chains = ut_buffer_new(device, UT_F32, CHAINS);
	status = ut_device_finish(device, error);
	if (!status)
		status = bench_peak(&bench);
	for (i = 0; i < SUITES && !status; ++i)
		if (!suite || !strcmp(suite, suites[i].name))
			status = suites[i].run(&bench);
	ut_buffer_free(bench.chains);
	return status;
}
