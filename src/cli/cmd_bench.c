/* undertone bench */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "lab/bench.h"

/* Where measurements go. */
struct sink {
	const struct ut_device_info *device;
	bool begun;
	json_t *measures;
};

static void print_measure(void *user, const struct ut_measure *m)
{
	struct sink *sink = user;

	if (!sink->begun)
		printf("device: %s, %s (%s)\n", sink->device->platform,
		       sink->device->name, sink->device->level);
	sink->begun = true;
	printf("%-7s %-42s %10.3f ms", m->suite, m->name, m->seconds * 1e3);
	if (m->flop > 0)
		printf("  %8.1f GFLOP/s  %5.1f%% of the peak of %.1f",
		       m->flop / m->seconds / 1e9,
		       100 * m->flop / m->seconds / m->peak, m->peak / 1e9);
	if (m->bytes > 0)
		printf("  %8.1f GB/s", m->bytes / m->seconds / 1e9);
	printf("\n");
	fflush(stdout);
}

static void keep_measure(void *user, const struct ut_measure *m)
{
	struct sink *sink = user;

	json_array_append_new(sink->measures,
			      json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}",
					"suite", m->suite, "name", m->name,
					"seconds", m->seconds, "flop", m->flop,
					"bytes", m->bytes,
					"peak_flop_per_second", m->peak));
}

static void print_json(const struct sink *sink)
{
	const struct ut_device_info *info = sink->device;
	json_t *all = json_pack("{s:{s:s, s:s, s:s, s:s}, s:O}", "device",
				"name", info->name, "platform", info->platform,
				"driver", info->driver, "level", info->level,
				"measures", sink->measures);
	char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;

	puts(text ? text : "{}");
	free(text);
	json_decref(all);
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_device *device = NULL;
	struct ut_error error = {0};
	struct options options;
	enum ut_status failure;
	struct sink sink;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count > 1)
		return complain(command, "takes one suite at most");
	if (options.count && !ut_bench_has(options.words[0]))
		return complain(command, "no benchmark '%s'", options.words[0]);
	if (ut_device_open(&device, options.device, &error))
		return fail(&error);
	sink = (struct sink){ut_device_about(device), false, json_array()};
	failure = ut_bench(device, options.count ? options.words[0] : NULL,
			   options.json ? keep_measure : print_measure, &sink,
			   &error);
	if (!failure && options.json)
		print_json(&sink);
	json_decref(sink.measures);
	ut_device_close(device);
	return failure ? fail(&error) : DONE;
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[gemm|conv|mlp|cnn|memory] [options]",
	.about = "Measures a device against its own fused multiply-add peak",
	.options = "dj",
	.run = run,
};
