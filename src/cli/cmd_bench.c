/* undertone bench */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "lab/bench.h"

static void print_measure(void *user, const struct ut_measure *m)
{
	(void)user;
	printf("%-7s %-34s %10.3f ms", m->suite, m->name, m->seconds * 1e3);
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
	json_array_append_new(user, json_pack(
		"{s:s, s:s, s:f, s:f, s:f, s:f}", "suite", m->suite, "name",
		m->name, "seconds", m->seconds, "flop", m->flop, "bytes",
		m->bytes, "peak_flop_per_second", m->peak));
}

static void print_json(const struct ut_device_info *info, json_t *measures)
{
	json_t *all = json_pack("{s:{s:s, s:s, s:s, s:s}, s:O}", "device",
				"name", info->name, "platform", info->platform,
				"driver", info->driver, "level", info->level,
				"measures", measures);
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
	json_t *measures;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count > 1)
		return complain(command, "takes one suite at most");
	if (ut_device_open(&device, options.device, &error))
		return fail(&error);
	measures = json_array();
	if (!options.json)
		printf("device: %s, %s (%s)\n",
		       ut_device_about(device)->platform,
		       ut_device_about(device)->name,
		       ut_device_about(device)->level);
	failure = ut_bench(device, options.count ? options.words[0] : NULL,
			   options.json ? keep_measure : print_measure,
			   measures, &error);
	if (!failure && options.json)
		print_json(ut_device_about(device), measures);
	json_decref(measures);
	ut_device_close(device);
	return failure ? fail(&error) : DONE;
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[gemm|mlp|memory] [options]",
	.about = "Measures a device against its own fused multiply-add peak",
	.options = "dj",
	.run = run,
};
