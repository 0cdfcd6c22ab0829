/* Benchmarks: what a device does of what it could, on the work of real runs. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/bench_suite.h"

enum { CHAINS = 96 * 256, ROUNDS = 2000 };

/* Seconds of a sample, and of one of what the device can do at most. */
static const double work_seconds = 0.1, ceiling_seconds = 0.04;
static const double quick_seconds = 0.002;

double ut_measure_share(const struct ut_measure *m)
{
	double ideal = 0;

	if (m->flop > 0)
		ideal = m->flop / m->peak;
	if (m->bytes > 0)
		ideal = fmax(ideal, m->bytes / m->bandwidth);
	return ideal > 0 ? ideal / m->seconds : NAN;
}

static void run_chains(void *context)
{
	const struct ut_bench *bench = context;

	ut_fma_chain(bench->device, ut_slice_of(bench->chains, CHAINS), 0.5f,
		     1.0f, ROUNDS);
}

/* y = own y + other x over memory that no cache holds: three floats a number. */
static void run_stream(void *context)
{
	const struct ut_bench *bench = context;
	struct ut_slice all = ut_slice_of(bench->stream, bench->stream_count);

	ut_blend(bench->device,
		 &(struct ut_blend){1, 0.5f, 0.5f, all, ut_slice_from(all, 1)});
}

static void run_copy(void *context)
{
	const struct ut_bench *bench = context;
	struct ut_slice all = ut_slice_of(bench->stream, bench->stream_count);

	ut_copy(bench->device, 1, all, ut_slice_from(all, 1));
}

static double sample_of(const struct ut_bench *bench, double usual)
{
	return bench->options->quick ? quick_seconds : usual;
}

enum ut_status ut_bench_measure(struct ut_bench *bench,
				const struct ut_work *work,
				struct ut_measure *result)
{
	const struct ut_work chains = {bench->device, run_chains, bench};
	const struct ut_work stream = {bench->device, run_stream, bench};
	double seconds[UT_SAMPLES], peaks[UT_SAMPLES], streams[UT_SAMPLES];
	size_t samples = bench->options->quick ? UT_SAMPLES_QUICK : UT_SAMPLES;
	unsigned count =
		ut_work_repetitions(work, sample_of(bench, work_seconds));
	enum ut_status status;
	size_t i;

	for (i = 0; i < samples; ++i) {
		peaks[i] = ut_work_seconds(&chains, bench->chains_each) /
			   bench->chains_each;
		streams[i] = ut_work_seconds(&stream, bench->stream_each) /
			     bench->stream_each;
		seconds[i] = ut_work_seconds(work, count) / count;
	}
	result->seconds = ut_median(seconds, samples);
	result->peak = 2.0 * CHAINS * ROUNDS / ut_median(peaks, samples);
	result->bandwidth = 3.0 * sizeof(float) * (double)bench->stream_count /
			    ut_median(streams, samples);
	status = ut_device_finish(bench->device, bench->error);
	if (!status)
		bench->options->each(bench->options->user, result);
	return status;
}

/* What the device can do at most. */
static enum ut_status bench_peak(struct ut_bench *bench)
{
	double floats = (double)bench->stream_count;
	const struct {
		const char *name;
		void (*once)(void *context);
		double flop, bytes;
	} kinds[] = {
		{"fma chains", run_chains, 2.0 * CHAINS * ROUNDS, 0},
		{"memory, y = a x + b y", run_stream, 0, 12 * floats},
		{"memory, copy", run_copy, 0, 8 * floats},
	};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds) && !status; ++i) {
		struct ut_measure result = {
			.suite = "peak",
			.flop = kinds[i].flop,
			.bytes = kinds[i].bytes,
		};

		snprintf(result.name, sizeof(result.name), "%s", kinds[i].name);
		status = ut_bench_measure(bench,
					  &(struct ut_work){bench->device,
							    kinds[i].once,
							    bench},
					  &result);
	}
	return status;
}

static const struct {
	const char *name;
	enum ut_status (*run)(struct ut_bench *bench);
} suites[] = {
	{"gemm", ut_bench_gemm},     {"conv", ut_bench_conv},
	{"pool", ut_bench_pool},     {"noise", ut_bench_noise},
	{"batch", ut_bench_batch},   {"loss", ut_bench_loss},
	{"update", ut_bench_update}, {"look", ut_bench_look},
	{"memory", ut_bench_memory}, {"mlp", ut_bench_mlp},
	{"cnn", ut_bench_cnn},
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

/* Buffers of the ceilings, and how often each makes a sample. */
static enum ut_status prepare(struct ut_bench *bench)
{
	const struct ut_work chains = {bench->device, run_chains, bench};
	const struct ut_work stream = {bench->device, run_stream, bench};
	double seconds = sample_of(bench, ceiling_seconds);
	enum ut_status status;

	/* beyond the caches of processors, and of large GPUs */
	bench->stream_count =
		ut_device_about(bench->device)->kind == UT_KIND_GPU ? 64 << 20
								    : 16 << 20;
	if (bench->options->quick)
		bench->stream_count = 1 << 18;
	bench->chains = ut_buffer_new(bench->device, UT_F32, CHAINS);
	bench->stream =
		ut_buffer_new(bench->device, UT_F32, 2 * bench->stream_count);
	status = ut_device_finish(bench->device, bench->error);
	if (status)
		return status;
	bench->chains_each = ut_work_repetitions(&chains, seconds);
	bench->stream_each = ut_work_repetitions(&stream, seconds);
	return ut_device_finish(bench->device, bench->error);
}

enum ut_status ut_bench(struct ut_device *device,
			const struct ut_bench_options *options,
			struct ut_error *error)
{
	struct ut_bench bench = {
		.device = device,
		.options = options,
		.error = error,
	};
	const char *suite = options->suite;
	enum ut_status status;
	size_t i;

	assert(!suite || ut_bench_has(suite));
	status = prepare(&bench);
	if (!status)
		status = bench_peak(&bench);
	for (i = 0; i < SUITES && !status; ++i)
		if (!suite || !strcmp(suite, suites[i].name))
			status = suites[i].run(&bench);
	ut_buffer_free(bench.chains);
	ut_buffer_free(bench.stream);
	return status;
}
