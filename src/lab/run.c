/* A run: one recipe on one device, and the folder it leaves. */
#include "lab/run.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "lab/receipt.h"
#include "lab/supplies.h"
#include "lab/teachers.h"
#include "lab/weights.h"

/* A run under way. */
struct run {
	const struct ut_recipe *recipe;
	const struct ut_run_options *options;
	struct ut_supplies *supplies;
	const struct ut_teachers *teachers; /* or NULL */
	double seconds_loading;
};

/* The weights of all replicas, gathered group by group. */
struct keeper {
	const struct ut_recipe *recipe;
	struct ut_tensors files[UT_CONDITIONS];
};

static enum ut_status keep_weights(void *user, const struct ut_net *net,
				   enum ut_condition condition, unsigned first,
				   unsigned replicas, const float *arenas,
				   struct ut_error *error)
{
	struct keeper *keeper = user;
	struct ut_tensors *file = &keeper->files[condition];
	size_t end = ut_weights_kept(keeper->recipe), r;

	if (!ut_weights_file(condition))
		return UT_OK;
	for (r = first; r < end && r < first + replicas; ++r)
		ut_weights_add(file, net, r,
			       arenas + (r - first) * net->parameters);
	return file->failed ? ut_error_set(error, UT_MEMORY,
					   "out of memory "
					   "for the weights of %s",
					   ut_condition_name(condition))
			    : UT_OK;
}

/* The observer of the experiment: the caller's, with our keeper behind it. */
struct relay {
	const struct ut_observer *caller;
	struct keeper *keeper;
};

static void relay_progress(void *user, const struct ut_progress *progress)
{
	const struct relay *relay = user;

	if (relay->caller->progress)
		relay->caller->progress(relay->caller->user, progress);
}

static bool relay_stop(void *user)
{
	const struct relay *relay = user;

	return relay->caller->stop && relay->caller->stop(relay->caller->user);
}

static enum ut_status relay_weights(void *user, const struct ut_net *net,
				    enum ut_condition condition, unsigned first,
				    unsigned replicas, const float *arenas,
				    struct ut_error *error)
{
	const struct relay *relay = user;

	return keep_weights(relay->keeper, net, condition, first, replicas,
			    arenas, error);
}

static enum ut_status write_weights(const struct keeper *keeper,
				    const char *folder, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		char *path;

		if (!keeper->files[c].count)
			continue;
		path = ut_path_join(folder, ut_weights_file(c));
		status = path ? ut_tensors_write(&keeper->files[c], path, error)
			      : ut_error_set(error, UT_MEMORY, "out of memory");
		free(path);
	}
	return status;
}

/* Runs the experiment and fills the folder in the making. */
static enum ut_status fill_folder(const struct run *run, const char *work,
				  struct ut_results *results,
				  struct ut_error *error)
{
	const struct ut_recipe *recipe = run->recipe;
	const struct ut_dataset *data = &run->supplies->data;
	struct ut_device *device = run->supplies->device;
	struct keeper keeper = {.recipe = recipe};
	struct relay relay = {&run->options->observer, &keeper};
	struct ut_observer observer = {
		.user = &relay,
		.progress = relay_progress,
		.stop = relay_stop,
		.weights = relay_weights,
	};
	enum ut_status status;
	struct ut_net net;
	int c;

	status = ut_experiment_net(recipe, data, &net, error);
	if (!status)
		status = ut_experiment_run(
			&(struct ut_experiment){
				.recipe = recipe,
				.data = data,
				.device = device,
				.observer = &observer,
				.teachers = run->teachers,
			},
			results, error);
	if (!status)
		status = write_weights(&keeper, work, error);
	if (!status)
		status = ut_receipt_write(
			&(struct ut_receipt){
				.recipe = recipe,
				.data = data,
				.net = &net,
				.device = ut_device_about(device),
				.results = results,
			},
			work, error);
	for (c = 0; c < UT_CONDITIONS; ++c)
		ut_tensors_release(&keeper.files[c]);
	return status;
}

static enum ut_status run_to_folder(const struct run *run,
				    struct ut_results *results,
				    struct ut_error *error)
{
	const struct ut_run_options *options = run->options;
	const struct ut_dataset *data = &run->supplies->data;
	struct ut_folder folder = {0};
	enum ut_status status;

	status = ut_folder_begin(&folder, options->out, options->force, error);
	if (!status)
		status = ut_supplies_device(run->supplies, options->device,
					    error);
	if (!status)
		status = ut_results_init(results, run->recipe, data, error);
	results->seconds_loading = run->seconds_loading;
	if (!status && options->begun)
		options->begun(options->observer.user,
			       ut_device_about(run->supplies->device), data);
	if (!status)
		status = fill_folder(run, folder.work, results, error);
	if (!status)
		status = ut_folder_commit(&folder, error);
	else
		ut_folder_abort(&folder);
	if (status)
		ut_results_release(results);
	return status;
}

/* With the teachers of another run, if there are to be such. */
static enum ut_status run_with_teachers(struct run *run,
					struct ut_results *results,
					struct ut_error *error)
{
	struct ut_teachers teachers;
	enum ut_status status;

	if (!run->options->teacher)
		return run_to_folder(run, results, error);
	status = ut_teachers_open(&teachers, run->options->teacher, run->recipe,
				  &run->supplies->data, error);
	if (status)
		return status;
	run->teachers = &teachers;
	status = run_to_folder(run, results, error);
	ut_teachers_release(&teachers);
	return status;
}

enum ut_status ut_run(const struct ut_recipe *recipe,
		      const struct ut_run_options *options,
		      struct ut_results *results, struct ut_error *error)
{
	struct ut_supplies own = {0};
	struct run run = {
		.recipe = recipe,
		.options = options,
		.supplies = options->supplies ? options->supplies : &own,
	};
	double started = ut_clock_now();
	enum ut_status status;

	*results = (struct ut_results){0};
	status = ut_recipe_check(recipe, error);
	if (!status)
		status = ut_supplies_data(run.supplies, recipe,
					  options->data_roots,
					  &options->observer, error);
	run.seconds_loading = ut_clock_now() - started;
	if (!status)
		status = run_with_teachers(&run, results, error);
	ut_supplies_check(run.supplies);
	ut_supplies_release(&own);
	return status;
}
