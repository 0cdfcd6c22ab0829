/* Benchmarks: what a device does of its own peak, on the work of real runs. */
#include "lab/bench_suite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SAMPLES = 7 };
static const double sample_seconds = 0.15;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Seconds of `count` repetitions, waiting at the end only. */
static double time_of(const struct ut_bench *bench, const struct ut_work *work,
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
static unsigned repetitions(const struct ut_bench *bench,
			    const struct ut_work *work)
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
	const struct ut_bench *bench = context;

	ut_fma_chain(bench->device, ut_slice_of(bench->chains, CHAINS), 0.5f,
		     1.0f, ROUNDS);
}

enum ut_status ut_bench_measure(struct ut_bench *bench,
				const struct ut_work *work,
				struct ut_measure *result)
{
	const struct ut_work peak = {run_chains, bench};
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

static enum ut_status bench_peak(struct ut_bench *bench)
{
	struct ut_measure result = {
		.suite = "peak",
		.name = "fma chains",
		.flop = 2.0 * CHAINS * ROUNDS,
	};

	return ut_bench_measure(bench, &(struct ut_work){run_chains, bench},
				&result);
}

static const struct {
	const char *name;
	enum ut_status (*run)(struct ut_bench *bench);
} suites[] = {
	{"gemm", ut_bench_gemm},     {"conv", ut_bench_conv},
	{"mlp", ut_bench_mlp},       {"cnn", ut_bench_cnn},
	{"memory", ut_bench_memory},
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
	struct ut_bench bench = {device, each, user, error, NULL};
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
