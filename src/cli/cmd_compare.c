/* undertone compare */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <undertone/device.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/compare_table.h"
#include "cli/launch.h"
#include "cli/signals.h"
#include "lab/compare_child.h"

/* The child ---------------------------------------------------------------- */

enum { CHILD_WORDS = 8 };

/* When it last gave a sign of life. */
struct pulse {
	double last;
	double share;
};

/* A line at most five times a second; the share of the work that is done. */
static void beat(struct pulse *pulse)
{
	double now = ut_clock_now();

	if (now - pulse->last < 0.2)
		return;
	pulse->last = now;
	printf("%.4f\n", pulse->share);
	fflush(stdout);
}

static void show(void *user, const struct ut_progress *progress)
{
	struct pulse *pulse = user;
	double done = 0, planned = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		done += progress->done[w];
		planned += progress->planned[w];
	}
	pulse->share = planned > done ? done / planned : planned > 0;
	beat(pulse);
}

static bool keep_on(void *user)
{
	beat(user);
	return false;
}

/* compare @child WORK FOLDER DEVICE MILESTONE OUTPUT REPLICA */
static int be_child(const struct command *command, int count, char **words)
{
	static const char *const works[] = {"run", "trace", "dump"};
	struct ut_compare_task task = {.work = UT_COMPARE_RUN};
	struct pulse pulse = {0};
	const struct ut_observer observer = {.user = &pulse,
					     .progress = show,
					     .stop = keep_on};
	struct ut_error error = {0};
	struct places places;
	uint64_t replica;

	if (count != CHILD_WORDS)
		return complain(command, "@child is its own");
	while (task.work < UT_COMPARE_DUMP &&
	       strcmp(words[2], works[task.work]))
		++task.work;
	task.folder = words[3];
	task.device = words[4];
	if (!ut_parse_u64(words[5], 0, UINT64_MAX, &task.milestone) ||
	    !ut_parse_u64(words[6], 0, UINT64_MAX, &task.output) ||
	    !ut_parse_u64(words[7], 0, UINT32_MAX, &replica))
		return complain(command, "@child is its own");
	task.replica = (size_t)replica;
	places_of_data(&places);
	if (ut_compare_child(&task, places.folders, &observer, &error))
		return fail(&error);
	return DONE;
}

/* The parent --------------------------------------------------------------- */

/* The line that stands on the terminal. */
struct view {
	const struct ut_compare *compare;
	bool quiet, terminal;
	int width;
};

static void clear_line(struct view *view)
{
	if (view->width)
		fprintf(stderr, "\r%*s\r", view->width, "");
	view->width = 0;
}

static void show_work(void *user, size_t row, const char *doing, double share)
{
	struct view *view = user;
	const char *device = view->compare->rows[row].selector;
	char line[128];

	if (view->quiet || (share >= 0 && !view->terminal))
		return;
	snprintf(line, sizeof(line), "%s: %s", device, doing);
	clear_line(view);
	if (!view->terminal)
		fprintf(stderr, "%s\n", line);
	else if (share >= 0)
		view->width = fprintf(stderr, "%s, %.0f%%", line, 100 * share);
	else
		view->width = fprintf(stderr, "%s", line);
}

/* Seconds of silence after which a device is taken to hang. */
static const double patience = 600;

static bool read_patience(double *seconds, struct ut_error *error)
{
	const char *text = getenv("UNDERTONE_PATIENCE");

	*seconds = patience;
	if (!text || !*text || ut_parse_double(text, 0.1, 1e6, seconds))
		return true;
	ut_error_set(error, UT_INVALID,
		     "UNDERTONE_PATIENCE is %s: must be seconds, 0.1 to 1e6",
		     text);
	return false;
}

/* All usable devices, the host first, as a comma list. */
static enum ut_status list_all(struct ut_text *all, struct ut_error *error)
{
	struct ut_device_list list;
	enum ut_status status = ut_device_list_init(&list, error);
	size_t i;

	if (status)
		return status;
	for (i = 0; i < list.count; ++i) {
		const struct ut_device_info *info = &list.devices[i];

		if (!info->usable || *info->left_out)
			fprintf(stderr, "left out: %s: %s\n", info->name,
				info->usable ? info->left_out : info->reason);
		else if (info->kind == UT_KIND_HOST)
			ut_text_append(all, "%shost", all->length ? "," : "");
		else
			ut_text_append(all, "%s%d", all->length ? "," : "",
				       info->index);
	}
	ut_device_list_release(&list);
	return UT_OK;
}

/* The devices of --devices, two or more. UT_INVALID: named wrongly. */
static enum ut_status name_devices(const char *devices, struct ut_list *list,
				   struct ut_error *error)
{
	struct ut_text all = {0};
	enum ut_status status = UT_OK;
	size_t i;

	if (!devices || !strcmp(devices, "all")) {
		status = list_all(&all, error);
		devices = ut_text_string(&all);
	}
	if (!status && !ut_list_split(list, devices))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	ut_text_release(&all);
	for (i = 0; i < list->count && !status; ++i)
		if (!*list->items[i] || !ut_text_is_utf8(list->items[i]))
			status = ut_error_set(error, UT_INVALID,
					      "--devices: an empty name, or "
					      "one that is not UTF-8");
	if (!status && list->count < 2)
		status = ut_error_set(error, UT_INVALID,
				      "fewer than two devices: nothing to "
				      "compare");
	return status;
}

/* Writes what is asked for; the comparison is done. */
static enum ut_status report(const struct ut_compare *compare,
			     const struct options *options,
			     struct ut_error *error)
{
	struct ut_text json = {0};
	enum ut_status status = UT_OK;

	if (options->json && !ut_compare_json(compare, &json))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	else if (options->json)
		fputs(ut_text_string(&json), stdout);
	else
		compare_table_print(compare);
	ut_text_release(&json);
	if (!status && options->html)
		status = ut_compare_page(compare, options->html, error);
	return status;
}

static enum ut_status compare_devices(const struct options *options,
				      const struct ut_recipe *recipe,
				      const struct ut_list *devices, bool *same,
				      struct ut_error *error)
{
	struct view view = {
		.quiet = options->quiet || options->json,
		.terminal = isatty(STDERR_FILENO),
	};
	const char *temporary = getenv("TMPDIR");
	struct ut_compare compare = {
		.recipe = recipe,
		.program = "/proc/self/exe",
		.temporary = temporary && *temporary ? temporary : "/tmp",
		.user = &view,
		.stop = signals_came,
		.progress = show_work,
		.rows = calloc(devices->count, sizeof(*compare.rows)),
		.count = devices->count,
	};
	enum ut_status status;
	size_t i;

	view.compare = &compare;
	if (!compare.rows)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < compare.count; ++i)
		compare.rows[i].selector = devices->items[i];
	status = read_patience(&compare.silence, error)
			 ? ut_compare_run(&compare, error)
			 : error->status;
	clear_line(&view);
	if (!status)
		status = report(&compare, options, error);
	*same = ut_compare_same(&compare);
	free(compare.rows);
	return status;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct ut_list devices = {0};
	struct ut_recipe recipe;
	struct options options;
	enum ut_status failure;
	bool same = false;
	int status;

	if (count > 1 && !strcmp(words[1], "@child"))
		return be_child(command, count, words);
	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "recipe", &status))
		return status;
	failure = name_devices(options.devices, &devices, &error);
	if (failure == UT_INVALID) {
		ut_list_release(&devices);
		return complain(command, "%s", error.text);
	}
	if (!failure)
		failure = recipe_find(&recipe, options.words[0], &error);
	if (!failure)
		failure = launch_set(&recipe, &options, &error);
	if (!failure) {
		signals_catch();
		failure = compare_devices(&options, &recipe, &devices, &same,
					  &error);
	}
	ut_list_release(&devices);
	if (failure)
		return fail(&error);
	return same ? DONE : FAILED;
}

const struct command command_compare = {
	.name = "compare",
	.arguments = "RECIPE [key=value ...] [options]",
	.about = "Runs a recipe on several devices and finds where their bits "
		 "part",
	.options = "LDsrHqj",
	.help = "Without --devices it takes all there are. The status is 1 "
		"when any of them parts\nfrom the first, or fails.\n",
	.run = run,
};
