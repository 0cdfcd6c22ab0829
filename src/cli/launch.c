/* What the commands share that run a recipe. */
#include "cli/launch.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/summary.h"
#include "lab/run.h"

enum { SELECTOR = 256 };

bool launch_words(const struct command *command, const struct options *options,
		  const char *what, int *status)
{
	int w;

	if (!options->count) {
		*status = complain(command, "names no %s", what);
		return false;
	}
	for (w = 1; w < options->count; ++w)
		if (!strchr(options->words[w], '=')) {
			*status = complain(command,
					   "cannot read '%s': a knob is set "
					   "as key=value",
					   options->words[w]);
			return false;
		}
	return true;
}

enum ut_status launch_set(struct ut_recipe *recipe,
			  const struct options *options, struct ut_error *error)
{
	struct option_key named[OPTION_KEYS];
	enum ut_status status = UT_OK;
	size_t i;
	int w;

	for (w = 1; w < options->count && !status; ++w)
		status = ut_recipe_assign(recipe, options->words[w], error);
	options_keys(options, named);
	for (i = 0; i < OPTION_KEYS && !status; ++i)
		if (named[i].value)
			status = ut_recipe_set(recipe, named[i].key,
					       named[i].value, error);
	return status;
}

/*
 * runs/NAME, or runs/NAME-2 and so on: the first that is free, and is not the
 * folder of an interrupted run.
 */
static void free_folder(const char *name, const char *suffix, char *path,
			size_t size)
{
	unsigned n;

	snprintf(path, size, "runs/%s%s", name, suffix);
	for (n = 2; ut_file_exists(path) || ut_run_interrupted(path); ++n)
		snprintf(path, size, "runs/%s%s-%u", name, suffix, n);
}

/*
 * The selector of the device: with --gemm, +LIBRARY after it. UT_INVALID when it
 * names a library already, or has no room.
 */
static enum ut_status device_of(const struct options *options, char *text,
				size_t size, const char **selector,
				struct ut_error *error)
{
	const char *device = options->device ? options->device : "";
	int length;

	*selector = options->device;
	if (!options->gemm)
		return UT_OK;
	length = snprintf(text, size, "%s+%s", device, options->gemm);
	if (strchr(device, '+') || strchr(options->gemm, '+') || length < 0 ||
	    (size_t)length >= size)
		return ut_error_set(error, UT_INVALID,
				    "--device %s --gemm %s: that is one "
				    "library too many",
				    device, options->gemm);
	*selector = text;
	return UT_OK;
}

/* How long the run waited for data, and what of them is missing. */
static void print_waiting(const struct ut_results *results)
{
	double waited = results->seconds_loading;

	printf("\nwaiting for data: %.1f s, %.1f%% of the run", waited,
	       100 * waited / (waited + results->seconds));
	if (results->skipped)
		printf("; %llu image%s could not be read and left out",
		       (unsigned long long)results->skipped,
		       results->skipped == 1 ? "" : "s");
	printf("\n");
}

static void print_exactness(const struct progress_view *view,
			    const struct ut_results *results, const char *out)
{
	const char *flaw = *results->flaw ? results->flaw : view->flaw;

	if (*flaw)
		printf("Not the contract's bits: %s.\n", flaw);
	else
		printf("The same bits on another device: undertone verify %s "
		       "--device D\n",
		       out);
}

/* Says what became of the run; the results are released. */
static int finish(struct progress_view *view, enum ut_status failure,
		  const struct ut_recipe *recipe, struct ut_results *results,
		  const char *out, const struct ut_error *error)
{
	if (failure)
		return progress_fail(view, error);
	if (!progress_done(view, recipe, results, out)) {
		summary_print(recipe, results);
		print_waiting(results);
		printf("%.1f s, %.1f GFLOP/s, %.0f MiB of device memory. The "
		       "run is in %s\n",
		       results->seconds, results->flop / results->seconds / 1e9,
		       (double)results->device_bytes / (1 << 20), out);
		print_exactness(view, results, out);
	}
	ut_results_release(results);
	return DONE;
}

static void note(void *user, const char *text)
{
	progress_say(user, "%s", text);
}

/* Signals are caught, the view begins; what all runs are asked to do. */
static struct ut_run_options begin(struct progress_view *view,
				   const struct options *options,
				   struct places *places, const char *device,
				   const char *out)
{
	places_of_data(places);
	signals_catch();
	progress_begin(view, options);
	return (struct ut_run_options){
		.device = device,
		.devices = options->devices,
		.out = out,
		.data_roots = places->folders,
		.observer = {.user = view,
			     .progress = progress_show,
			     .stop = signals_came},
		.begun = progress_begun,
		.note = note,
	};
}

enum ut_status launch_check_devices(const struct options *options,
				    struct ut_error *error)
{
	if (options->devices && options->device)
		return ut_error_set(error, UT_INVALID,
				    "--device %s and --devices %s: give one of "
				    "them",
				    options->device, options->devices);
	if (options->devices && options->gemm)
		return ut_error_set(error, UT_INVALID,
				    "--gemm %s is for one device; in a list it "
				    "stands after each: --devices a+%s,b",
				    options->gemm, options->gemm);
	return UT_OK;
}

int launch(const struct launch *launch)
{
	const struct options *options = launch->options;
	const char *name = launch->recipe->name;
	struct progress_view view;
	struct ut_results results;
	struct ut_error error = {0};
	struct places places;
	char free_path[UT_RECIPE_TEXT + 64];
	const char *out = free_path, *device;
	char selector[SELECTOR];
	struct ut_run_options how;
	uint64_t checkpoint = 0;
	enum ut_status failure;

	if (options->checkpoint &&
	    !ut_parse_u64(options->checkpoint, 1, 1000000, &checkpoint)) {
		ut_error_set(&error, UT_INVALID,
			     "--checkpoint %s: must be a whole number of "
			     "epochs from 1 to 1000000",
			     options->checkpoint);
		return fail(&error);
	}
	if (launch_check_devices(options, &error))
		return fail(&error);
	if (options->out)
		out = options->out;
	else
		free_folder(*name ? name : "unnamed", launch->suffix, free_path,
			    sizeof(free_path));
	if (device_of(options, selector, sizeof(selector), &device, &error))
		return fail(&error);
	how = begin(&view, options, &places, device, out);
	how.force = options->force;
	how.teacher = launch->teacher;
	how.checkpoint = checkpoint;
	failure = ut_run(launch->recipe, &how, &results, &error);
	return finish(&view, failure, launch->recipe, &results, out, &error);
}

int launch_again(const struct options *options, const char *folder)
{
	struct progress_view view;
	struct ut_results results;
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct ut_run_options how;
	struct places places;
	enum ut_status failure;
	char selector[SELECTOR];
	const char *device;

	if (launch_check_devices(options, &error))
		return fail(&error);
	if (device_of(options, selector, sizeof(selector), &device, &error))
		return fail(&error);
	how = begin(&view, options, &places, device, folder);
	failure = ut_run_resume(&recipe, &how, &results, &error);
	return finish(&view, failure, &recipe, &results, folder, &error);
}
