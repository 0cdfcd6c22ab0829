/* undertone run */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "lab/run.h"

/* Set by signals: handlers have nothing else to write to. */
static volatile sig_atomic_t interrupted;
static volatile time_t interrupted_at;

/*
 * The second signal ends the program at once. One that comes with the first is
 * the same: `timeout` signals its child and its group.
 */
static void on_signal(int number)
{
	time_t now = time(NULL);

	(void)number;
	if (!interrupted)
		interrupted_at = now;
	else if (now - interrupted_at > 1)
		_exit(FAILED);
	interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* under nohup it stays ignored */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* writing fails instead, and the folder in the making goes */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static bool stop(void *user)
{
	(void)user;
	return interrupted;
}

static enum ut_status read_recipe(struct ut_recipe *recipe,
				  const struct options *options,
				  struct ut_error *error)
{
	const struct {
		const char *key, *value;
	} named[] = {
		{"seed", options->seed},
		{"replicas", options->replicas},
		{"data.dir", options->data_dir},
	};
	enum ut_status status = recipe_find(recipe, options->words[0], error);
	size_t i;
	int w;

	for (w = 1; w < options->count && !status; ++w)
		status = ut_recipe_assign(recipe, options->words[w], error);
	for (i = 0; i < sizeof(named) / sizeof(*named) && !status; ++i)
		if (named[i].value)
			status = ut_recipe_set(recipe, named[i].key,
					       named[i].value, error);
	return status;
}

/* runs/NAME, or runs/NAME-2 and so on: the first that is free. */
static void free_folder(const char *name, char *path, size_t size)
{
	unsigned n;

	snprintf(path, size, "runs/%s", name);
	for (n = 2; ut_file_exists(path); ++n)
		snprintf(path, size, "runs/%s-%u", name, n);
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

static int run(const struct command *command, int count, char **words)
{
	struct progress_view view;
	struct ut_results results;
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct options options;
	struct places places;
	char free_path[UT_RECIPE_TEXT + 32];
	const char *out = free_path;
	enum ut_status failure;
	int status, w;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (!options.count)
		return complain(command, "names no recipe");
	for (w = 1; w < options.count; ++w)
		if (!strchr(options.words[w], '='))
			return complain(command,
					"cannot read '%s': a knob is set as "
					"key=value",
					options.words[w]);
	if (read_recipe(&recipe, &options, &error))
		return fail(&error);
	if (options.out)
		out = options.out;
	else
		free_folder(*recipe.name ? recipe.name : "unnamed", free_path,
			    sizeof(free_path));
	places_of_data(&places);
	catch_signals();
	progress_begin(&view, &options);
	failure = ut_run(&recipe,
			 &(struct ut_run_options){
				 .device = options.device,
				 .out = out,
				 .force = options.force,
				 .data_roots = places.folders,
				 .observer = {&view, progress_show, stop,
					      NULL},
				 .begun = progress_begun,
			 },
			 &results, &error);
	if (failure)
		return progress_fail(&view, &error);
	if (progress_done(&view, &recipe, &results, out)) {
		ut_results_release(&results);
		return DONE;
	}
	summary_print(&recipe, &results);
	print_waiting(&results);
	printf("%.1f s, %.1f GFLOP/s, %.0f MiB on the device. The run is in "
	       "%s\nThe same bits on another device: undertone run "
	       "%s/recipe.ini "
	       "--device D;\nthen compare what `undertone fingerprint` prints "
	       "of the two.\n",
	       results.seconds, results.flop / results.seconds / 1e9,
	       (double)results.device_bytes / (1 << 20), out, out);
	ut_results_release(&results);
	return DONE;
}

const struct command command_run = {
	.name = "run",
	.arguments = "RECIPE [key=value ...] [options]",
	.about = "Trains teachers, distils students from noise, measures all",
	.options = "doDsrfqj",
	.help = "RECIPE is a name of `undertone recipes` or an INI file; "
		"`undertone recipes --keys`\nlists what key=value can set.\n",
	.run = run,
};
