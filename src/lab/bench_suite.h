/* What the suites of benchmarks share; private to src/lab. */
#ifndef UT_BENCH_SUITE_H
#define UT_BENCH_SUITE_H

#include <undertone/ops.h>

#include "lab/bench.h"

struct ut_bench {
	struct ut_device *device;
	void (*each)(void *user, const struct ut_measure *);
	void *user;
	struct ut_error *error;
	struct ut_buffer *chains; /* of the peak */
};

/* Some work that can be repeated; enqueues without waiting. */
struct ut_work {
	void (*once)(void *context);
	void *context;
};

/*
 * Times the work and the device's peak in turn, so that both see the same
 * machine; completes the result and hands it out.
 */
enum ut_status ut_bench_measure(struct ut_bench *bench,
				const struct ut_work *work,
				struct ut_measure *result);

/* The suites: bench_ops.c, bench_steps.c. */
enum ut_status ut_bench_gemm(struct ut_bench *bench);
enum ut_status ut_bench_conv(struct ut_bench *bench);
enum ut_status ut_bench_memory(struct ut_bench *bench);
enum ut_status ut_bench_mlp(struct ut_bench *bench);
enum ut_status ut_bench_cnn(struct ut_bench *bench);

#endif
