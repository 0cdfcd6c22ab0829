/* What the suites of benchmarks share; private to src/lab. */
#ifndef UT_BENCH_SUITE_H
#define UT_BENCH_SUITE_H

#include <undertone/ops.h>

#include "lab/bench.h"
#include "lab/trainer.h"

/* Some work that can be repeated; enqueues without waiting. */
struct ut_work {
	struct ut_device *device;
	void (*once)(void *context);
	void *context;
};

struct ut_bench {
	struct ut_device *device;
	const struct ut_bench_options *options;
	struct ut_error *error;
	struct ut_buffer *chains, *stream; /* of the ceilings */
	size_t stream_count;               /* floats of a part of the stream */
	unsigned chains_each, stream_each; /* repetitions of a sample */
};

/*
 * Times the work and what the device can do at most in turn, so that all see the
 * same machine; completes the result and hands it out.
 */
enum ut_status ut_bench_measure(struct ut_bench *bench,
				const struct ut_work *work,
				struct ut_measure *result);

/* A slice over a new buffer, of zeros or random; none after latching. */
struct ut_slice ut_bench_zeros(struct ut_device *device, enum ut_type type,
			       size_t count);
struct ut_slice ut_bench_random(struct ut_device *device, size_t rows,
				size_t columns);

/* A linear layer's products; its buffers are random. Free it either way. */
struct ut_products {
	struct ut_device *device;
	struct ut_linear forward;
	struct ut_linear_data data;
	struct ut_linear_weights weights;
};
struct ut_products ut_products_new(struct ut_device *device, size_t B, size_t O,
				   size_t D);
void ut_products_free(struct ut_products *layer);
void ut_products_forward(void *layer);

/* A training step, as runs take it: what is trained, how. */
struct ut_step {
	const char *suite, *name;
	const char *net;
	struct ut_volume image;
	enum ut_condition phase;
	unsigned R;
	uint64_t batch;
	uint64_t aux; /* of students */
	int noise;
};

/* All that it takes on a device. Close it either way. */
struct ut_stand {
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_results results;
	struct ut_observer observer;
	struct ut_session session;
	struct ut_group group;
	struct ut_trainer trainer;
};
enum ut_status ut_stand_open(struct ut_stand *stand, struct ut_device *device,
			     const struct ut_step *step,
			     struct ut_error *error);
void ut_stand_close(struct ut_stand *stand);
void ut_stand_step(void *stand);
/* Useful operations of a step. */
double ut_stand_flop(const struct ut_stand *stand);
void ut_step_name(const struct ut_step *step, char *text, size_t size);

/* Perceptrons and nets as they are measured; *count of them. */
const struct ut_step *ut_steps_mlp(size_t *count);
const struct ut_step *ut_steps_cnn(size_t *count);

/* The suites: bench_ops.c, bench_rows.c, bench_loss.c, bench_steps.c. */
enum ut_status ut_bench_gemm(struct ut_bench *bench);
enum ut_status ut_bench_conv(struct ut_bench *bench);
enum ut_status ut_bench_memory(struct ut_bench *bench);
enum ut_status ut_bench_pool(struct ut_bench *bench);
enum ut_status ut_bench_noise(struct ut_bench *bench);
enum ut_status ut_bench_batch(struct ut_bench *bench);
enum ut_status ut_bench_loss(struct ut_bench *bench);
enum ut_status ut_bench_update(struct ut_bench *bench);
enum ut_status ut_bench_look(struct ut_bench *bench);
enum ut_status ut_bench_mlp(struct ut_bench *bench);
enum ut_status ut_bench_cnn(struct ut_bench *bench);

/* Times of a sample: bench_time.c ------------------------------------------- */

enum { UT_SAMPLES = 7, UT_SAMPLES_QUICK = 3 };

/* Seconds of `count` repetitions, waiting at the end only. */
double ut_work_seconds(const struct ut_work *work, unsigned count);

/* How often to repeat for a sample of that length; warms up on the way. */
unsigned ut_work_repetitions(const struct ut_work *work, double seconds);

/* The median of count numbers, which it sorts. */
double ut_median(double *numbers, size_t count);

#endif
