/* undertone sweep */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/crew.h"
#include "cli/grid.h"
#include "cli/launch.h"
#include "cli/mpi.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "lab/report.h"
#include "lab/sweep.h"

/* What the callbacks of the sweep see. */
struct watch {
	struct progress_view view; /* first: the observer's own */
	const struct ut_sweep_plan *plan;
};

static void note(void *user, const char *text)
{
	progress_say(user, "%s", text);
}

static void run_begins(void *user, size_t number, size_t count,
		       const char *name)
{
	progress_cell(user, number, count, name);
}

static void cell_ends(void *user, size_t cell, const struct ut_results *results,
		      const char *folder, const char *reason)
{
	struct watch *watch = user;
	struct ut_text name = {0};
	struct ut_recipe recipe;

	if (results) {
		ut_sweep_cell_recipe(watch->plan, cell, &recipe);
		progress_done(&watch->view, &recipe, results, folder);
		return;
	}
	ut_sweep_describe(watch->plan, cell, &name);
	progress_lost(&watch->view, ut_text_string(&name),
		      reason ? reason : "");
	ut_text_release(&name);
}

/* "3/8"; nothing is all. */
static bool read_shard(const char *text, unsigned *shard, unsigned *shards)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	uint64_t which, all;
	char first[16];

	*shard = *shards = 1;
	if (!text)
		return true;
	if (!slash || slash - text >= (long)sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	if (!ut_parse_u64(slash + 1, 1, UT_SWEEP_CELLS, &all) ||
	    !ut_parse_u64(first, 1, all, &which))
		return false;
	*shard = (unsigned)which;
	*shards = (unsigned)all;
	return true;
}

/* The words, and the options that are short for some. */
struct words {
	char named[OPTION_KEYS][4200];
	const char **list;
	size_t count;
};

static enum ut_status gather_words(struct words *words,
				   const struct options *options,
				   struct ut_error *error)
{
	struct option_key named[OPTION_KEYS];
	size_t i;
	int w;

	words->count = 0;
	words->list =
		calloc((size_t)options->count + OPTION_KEYS, sizeof(char *));
	if (!words->list)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (w = 1; w < options->count; ++w)
		words->list[words->count++] = options->words[w];
	options_keys(options, named);
	for (i = 0; i < OPTION_KEYS; ++i) {
		if (!named[i].value)
			continue;
		snprintf(words->named[i], sizeof(words->named[i]), "%s=%s",
			 named[i].key, named[i].value);
		words->list[words->count++] = words->named[i];
	}
	return UT_OK;
}

static enum ut_status make_plan(struct ut_sweep_plan *plan,
				const struct options *options,
				struct ut_error *error)
{
	struct ut_recipe recipe;
	struct words words;
	enum ut_status status;

	*plan = (struct ut_sweep_plan){0};
	status = recipe_find(&recipe, options->words[0], error);
	if (status)
		return status;
	status = gather_words(&words, options, error);
	if (!status)
		status = ut_sweep_plan_make(plan, &recipe, words.list,
					    words.count, error);
	free(words.list);
	return status;
}

/* What is there already, and what is left to do. */
static void tell_start(struct watch *watch, const struct ut_sweep *sweep)
{
	size_t done = ut_sweep_count(sweep, UT_CELL_DONE);
	size_t failed = ut_sweep_count(sweep, UT_CELL_FAILED);
	size_t waiting = ut_sweep_count(sweep, UT_CELL_WAITING);

	if (sweep->options->shards > 1)
		progress_say(&watch->view, "shard %u of %u: %zu of %zu cells",
			     sweep->options->shard, sweep->options->shards,
			     done + failed + waiting, sweep->plan->cell_count);
	else
		progress_say(&watch->view, "%zu cells, %zu set%s of teachers",
			     sweep->plan->cell_count,
			     sweep->plan->teacher_count,
			     sweep->plan->teacher_count == 1 ? "" : "s");
	if (done)
		progress_say(&watch->view, "%zu are finished already", done);
	if (failed)
		progress_say(&watch->view,
			     "%zu failed before and would again; --force tries "
			     "them once more",
			     failed);
}

/* The end: tables, and how it went. */
static int conclude(struct watch *watch, struct ut_sweep *sweep)
{
	const char *out = sweep->options->out;
	struct ut_error error = {0};
	size_t failed, all = sweep->plan->cell_count, waiting = 0, i;
	enum ut_status status = ut_sweep_gather(sweep, &error);

	if (!status)
		status = ut_report(&out, 1, NULL, &error);
	if (!status && !watch->view.json)
		status = grid_print(sweep, &error);
	if (status)
		return progress_fail(&watch->view, &error);
	for (i = 0; i < all; ++i)
		waiting += sweep->statuses[i].state == UT_CELL_WAITING;
	failed = ut_sweep_count(sweep, UT_CELL_FAILED);
	if (!watch->view.json) {
		printf("\n95%% intervals of the mean over the replicas. The "
		       "sweep is in %s, its numbers in\n%s/sweep.csv, its page "
		       "is %s/" UT_REPORT_FILE,
		       out, out, out);
		if (waiting)
			printf("; %zu of %zu cells wait for other shards",
			       waiting, all);
		printf("\n");
	}
	return failed ? FAILED : DONE;
}

/* Opens the folder and makes the cells, alone or with others of mpirun. */
static int lead(struct watch *watch, struct ut_sweep *sweep, int size)
{
	struct ut_error error = {0};
	enum ut_status status = ut_sweep_open(sweep, &error);

	if (status && size > 1)
		crew_dismiss(size);
	if (status)
		return progress_fail(&watch->view, &error);
	tell_start(watch, sweep);
	status = size > 1 ? crew_lead(sweep, size, &watch->view, &error)
			  : ut_sweep_run(sweep, &error);
	if (!status)
		return conclude(watch, sweep);
	return progress_fail(&watch->view, &error);
}

static int sweep_as(int rank, int size, const struct options *options,
		    unsigned shard, unsigned shards)
{
	struct watch watch;
	struct ut_sweep_plan plan;
	struct ut_sweep sweep = {0};
	struct ut_error error = {0};
	struct places places;
	enum ut_status failure = make_plan(&plan, options, &error);
	struct ut_sweep_options how = {
		.device = options->device,
		.devices = options->devices,
		.out = options->out,
		.force = options->force,
		.shard = shard,
		.shards = shards,
		.data_roots = places.folders,
		.observer = {.user = &watch,
			     .progress = progress_show,
			     .stop = signals_came},
		.begun = progress_begun,
		.note = note,
		.run = run_begins,
		.cell = cell_ends,
	};
	int status = DONE;

	places_of_data(&places);
	progress_begin(&watch.view, options);
	watch.plan = &plan;
	if (rank) {
		how.observer.progress = NULL;
		how.begun = NULL;
		how.note = NULL;
		how.run = NULL;
		how.cell = NULL;
	}
	if (!failure)
		failure = ut_sweep_init(&sweep, &plan, &how, &error);
	signals_catch();
	if (failure && rank)
		crew_leave(&error);
	else if (failure && size > 1)
		crew_dismiss(size);
	if (failure)
		status = rank ? FAILED : progress_fail(&watch.view, &error);
	else if (rank)
		crew_work(&sweep);
	else
		status = lead(&watch, &sweep, size);
	ut_sweep_release(&sweep);
	ut_sweep_plan_release(&plan);
	return status;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct options options;
	unsigned shard, shards;
	int status, rank = 0, size = 1;
	bool crew = mpi_started();

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "recipe", &status))
		return status;
	if (launch_check_devices(&options, &error))
		return fail(&error);
	if (!options.out)
		return complain(command, "names no folder: --out DIR");
	if (!read_shard(options.shard, &shard, &shards))
		return complain(
			command,
			"cannot read --shard %s: it is I/N, with I from "
			"1 to N",
			options.shard);
	if (crew && mpi_begin(&rank, &size, &error))
		return fail(&error);
	status = sweep_as(rank, size, &options, shard, shards);
	if (crew)
		mpi_end();
	return status;
}

const struct command command_sweep = {
	.name = "sweep",
	.arguments = "RECIPE key=v1,v2,... [key=value ...] --out DIR [options]",
	.about = "Runs a recipe for every combination of some keys' values",
	.options = "dLoDsrNfqj",
	.help = "A key with several values is an axis of the grid; between the "
		"values stand commas, or\n';' where a value can hold a comma "
		"(net, conditions). Cells that do not differ in what\ndecides "
		"their teachers share them. The same command goes on with a "
		"sweep that was\ninterrupted. Under mpirun, rank 0 hands out "
		"the cells to the others.\n",
	.run = run,
};
