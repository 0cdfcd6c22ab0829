/* undertone bench */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "lab/bench_figure.h"
#include "report/plot.h"

/* Where measurements go. */
struct sink {
	struct ut_bench_record record;
	bool json, failed;
};

static void print_device(const struct ut_device_info *device)
{
	printf("device: %s, %s (%s), driver %s\n", device->platform,
	       device->name, device->level, device->driver);
	if (!device->bit_exact)
		printf("not the contract's bits: %s\n", device->flaw);
}

/* The bound that the roof is there: of memory, or of arithmetic. */
static bool memory_bounds(const struct ut_measure *m)
{
	return m->bytes / m->bandwidth > m->flop / m->peak;
}

static void print_measure(const struct ut_measure *m)
{
	double share = ut_measure_share(m);

	printf("%-7s %-42s %10.3f ms", m->suite, m->name, m->seconds * 1e3);
	if (m->flop > 0)
		printf("  %8.1f GFLOP/s", m->flop / m->seconds / 1e9);
	else
		printf("  %16s", "");
	if (m->bytes > 0)
		printf("  %7.1f GB/s", m->bytes / m->seconds / 1e9);
	else
		printf("  %12s", "");
	if (!isnan(share) && memory_bounds(m))
		printf("  %5.1f%% of the memory's %.1f GB/s", 100 * share,
		       m->bandwidth / 1e9);
	else if (!isnan(share))
		printf("  %5.1f%% of the peak of %.1f GFLOP/s", 100 * share,
		       m->peak / 1e9);
	printf("\n");
	fflush(stdout);
}

static void take(void *user, const struct ut_measure *m)
{
	struct sink *sink = user;

	if (!ut_bench_record_add(&sink->record, m))
		sink->failed = true;
	if (!sink->json)
		print_measure(m);
}

/* Comparing ---------------------------------------------------------------- */

static void print_comparison(const struct ut_comparison *c, const char *path)
{
	size_t i;

	printf("\nagainst %s, the slowest first:\n", path);
	for (i = 0; i < c->count; ++i) {
		const struct ut_ratio *r = &c->ratios[i];

		printf("%6.2fx  %-7s %-42s %10.3f ms, was %.3f", r->speed,
		       r->now->suite, r->now->name, r->now->seconds * 1e3,
		       r->then->seconds * 1e3);
		if (!isnan(r->share))
			printf("; %.2fx of the share of the roof", r->share);
		printf("\n");
	}
	printf("%zu measurements: %.3fx the speed (geometric mean)", c->count,
	       c->speed);
	if (!isnan(c->share))
		printf(", %.3fx the share of the roof", c->share);
	printf("\n");
	if (c->only_now || c->only_then)
		printf("%zu here and %zu there have no partner\n", c->only_now,
		       c->only_then);
}

static json_t *comparison_json(const struct ut_comparison *c, const char *path)
{
	json_t *ratios = json_array();
	json_t *json;
	size_t i;

	for (i = 0; i < c->count; ++i) {
		const struct ut_ratio *r = &c->ratios[i];
		json_t *ratio =
			json_pack("{s:s, s:s, s:f, s:f}", "suite",
				  r->now->suite, "name", r->now->name, "speed",
				  r->speed, "seconds_then", r->then->seconds);

		if (!isnan(r->share))
			json_object_set_new(ratio, "share_of_roof",
					    json_real(r->share));
		json_array_append_new(ratios, ratio);
	}
	json = json_pack("{s:s, s:f, s:I, s:I, s:o}", "baseline", path, "speed",
			 c->speed, "only_now", (json_int_t)c->only_now,
			 "only_then", (json_int_t)c->only_then, "ratios",
			 ratios);
	if (json && !isnan(c->share))
		json_object_set_new(json, "share_of_roof", json_real(c->share));
	return json;
}

/* What is left to do once all is measured. */
static enum ut_status report(struct sink *sink, const struct options *options,
			     const struct ut_bench_record *baseline,
			     const struct ut_library *library,
			     struct ut_error *error)
{
	struct ut_comparison comparison = {0};
	enum ut_status status = UT_OK;
	json_t *json;

	if (sink->failed)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (options->baseline)
		status = ut_bench_compare(&comparison, &sink->record, baseline,
					  error);
	if (status)
		return status;
	if (options->json) {
		json = ut_bench_record_json(&sink->record, library);
		if (options->baseline)
			json_object_set_new(json, "comparison",
					    comparison_json(&comparison,
							    options->baseline));
		status = print_json(json, error);
	} else if (options->baseline) {
		print_comparison(&comparison, options->baseline);
	}
	ut_comparison_release(&comparison);
	if (!status && options->out)
		status = ut_bench_figure(&sink->record, options->out, error);
	if (!status && options->out && !options->json)
		printf("the roofline is in %s\n", options->out);
	return status;
}

static enum ut_status measure(const struct options *options,
			      struct ut_device *device,
			      const struct ut_bench_record *baseline,
			      struct ut_error *error)
{
	struct sink sink = {
		.record = {.device = *ut_device_about(device),
			   .quick = options->quick},
		.json = options->json,
	};
	struct ut_bench_options how = {
		.suite = options->count ? options->words[0] : NULL,
		.quick = options->quick,
		.each = take,
		.user = &sink,
	};
	enum ut_status status = UT_OK;

	if (options->baseline)
		status = ut_bench_check_baseline(&sink.record, baseline,
						 options->force, error);
	if (!status && !options->json)
		print_device(&sink.record.device);
	if (!status)
		status = ut_bench(device, &how, error);
	if (!status)
		status = report(&sink, options, baseline,
				ut_device_library(device), error);
	ut_bench_record_release(&sink.record);
	return status;
}

static enum ut_status bench_suites(const struct options *options,
				   struct ut_error *error)
{
	struct ut_bench_record baseline = {0};
	struct ut_device *device = NULL;
	enum ut_status status = UT_OK;

	if (options->out)
		status = ut_figure_savable(options->out, error);
	if (!status && options->baseline)
		status = ut_bench_record_read(&baseline, options->baseline,
					      error);
	if (!status)
		status = ut_device_open(&device, options->device, error);
	if (!status)
		status = measure(options, device, &baseline, error);
	ut_device_close(device);
	ut_bench_record_release(&baseline);
	return status;
}

/* What exactness costs ------------------------------------------------------ */

struct exactness {
	bool json;
	json_t *contests;
};

static void take_contest(void *user, const struct ut_contest *c)
{
	static const char *const ways[UT_WAYS] = {"own", "library", "relaxed"};
	struct exactness *exactness = user;
	json_t *json =
		json_pack("{s:s, s:f}", "name", c->name, "flop", c->flop);
	int way;

	for (way = 0; way < UT_WAYS; ++way)
		if (c->seconds[way] > 0)
			json_object_set_new(json, ways[way],
					    json_pack("{s:f, s:f}", "seconds",
						      c->seconds[way],
						      "own_speed_in_it",
						      c->seconds[way] /
							      c->seconds[0]));
	json_array_append_new(exactness->contests, json);
	if (exactness->json)
		return;
	printf("%-42s %10.3f ms %8.1f GFLOP/s", c->name, c->seconds[0] * 1e3,
	       c->flop / c->seconds[0] / 1e9);
	if (c->seconds[UT_WAY_LIBRARY] > 0)
		printf("  %6.2fx the library's", c->ratio[UT_WAY_LIBRARY]);
	if (c->seconds[UT_WAY_RELAXED] > 0)
		printf("  %6.3fx fast-math's", c->ratio[UT_WAY_RELAXED]);
	printf("\n");
	fflush(stdout);
}

/* The same kernels built with fast-math: the driver is told by the environment. */
static enum ut_status open_relaxed(struct ut_device **device,
				   const struct ut_device_info *own,
				   struct ut_error *error)
{
	const char *before = getenv("UNDERTONE_TUNING");
	char *kept = before ? strdup(before) : NULL;
	char tuning[UT_DEVICE_TUNING + 32], index[16];
	enum ut_status status;

	if (before && !kept)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	snprintf(tuning, sizeof(tuning), "%s,fast-math=1", own->tuning);
	snprintf(index, sizeof(index), "%d", own->index);
	setenv("UNDERTONE_TUNING", tuning, 1);
	status = ut_device_open(device, index, error);
	if (kept)
		setenv("UNDERTONE_TUNING", kept, 1);
	else
		unsetenv("UNDERTONE_TUNING");
	free(kept);
	return status;
}

/* The device in the three ways, as far as there are such. */
static enum ut_status open_ways(struct ut_device *devices[UT_WAYS],
				const char *selector, struct ut_error *error)
{
	const struct ut_device_info *info;
	const struct ut_library *library;
	char text[64 + UT_DEVICE_WORD];
	enum ut_status status;

	status = ut_device_open(&devices[UT_WAY_OWN], selector, error);
	if (status)
		return status;
	info = ut_device_about(devices[UT_WAY_OWN]);
	if (!info->bit_exact)
		return ut_error_set(error, UT_INVALID,
				    "exactness is to be measured, and this "
				    "device is not exact: %s",
				    info->flaw);
	library = ut_device_library(devices[UT_WAY_OWN]);
	if (library) {
		snprintf(text, sizeof(text), "%d+%s", info->index,
			 library->name);
		status = ut_device_open(&devices[UT_WAY_LIBRARY], text, error);
	}
	if (!status && *info->tuning)
		status = open_relaxed(&devices[UT_WAY_RELAXED], info, error);
	return status;
}

static enum ut_status bench_exactness(const struct options *options,
				      struct ut_error *error)
{
	struct exactness exactness = {options->json, json_array()};
	struct ut_device *devices[UT_WAYS] = {NULL};
	const struct ut_library *library;
	enum ut_status status;
	int way;

	status = open_ways(devices, options->device, error);
	library = status ? NULL : ut_device_library(devices[UT_WAY_OWN]);
	if (!status && !options->json) {
		print_device(ut_device_about(devices[UT_WAY_OWN]));
		printf("library: %s; fast-math: %s\n",
		       library ? library->version : "none here",
		       devices[UT_WAY_RELAXED] ? "yes" : "not of this device");
	}
	if (!status)
		status = ut_bench_exactness(devices, options->quick,
					    take_contest, &exactness, error);
	if (!status && options->json)
		status =
			print_json(ut_bench_exactness_json(
					   ut_device_about(devices[UT_WAY_OWN]),
					   library, options->quick,
					   exactness.contests),
				   error);
	json_decref(exactness.contests);
	for (way = 0; way < UT_WAYS; ++way)
		ut_device_close(devices[way]);
	return status;
}

/* The command --------------------------------------------------------------- */

/* False after saying what does not go together. */
static bool check_words(const struct command *command,
			const struct options *options, bool exactness,
			int *status)
{
	const char *suite = options->count ? options->words[0] : NULL;

	*status = USAGE;
	if (options->count > 1)
		complain(command, "takes one suite at most");
	else if (suite && !exactness && !ut_bench_has(suite))
		complain(command, "no benchmark '%s'", suite);
	else if (exactness && (options->out || options->baseline))
		complain(command, "exactness has no --out and no --compare");
	else if (options->force && !options->baseline)
		complain(command, "--force is for --compare");
	else
		*status = DONE;
	return *status == DONE;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct options options;
	bool exactness;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	exactness = options.count && !strcmp(options.words[0], "exactness");
	if (!check_words(command, &options, exactness, &status))
		return status;
	if (exactness ? bench_exactness(&options, &error)
		      : bench_suites(&options, &error))
		return fail(&error);
	return DONE;
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[SUITE | exactness] [options]",
	.about = "Measures what a device does of what it could",
	.options = "dobfQj",
	.help = "SUITE is gemm, conv, pool, noise, batch, loss, update, look, "
		"memory, mlp or cnn;\nwithout one, all are measured. --out "
		"FILE.svg or FILE.png draws the roofline,\n--compare FILE "
		"prints how fast everything is beside what --json printed "
		"before;\n--force allows a baseline of another device. "
		"exactness measures what the\ncontract costs: our kernels "
		"against a tuned library's, and against themselves\nbuilt "
		"with fast-math.\n",
	.run = run,
};
