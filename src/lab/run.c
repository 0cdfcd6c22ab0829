/* A run: one recipe on one device, and the folder it leaves. */
#include "lab/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/pictures.h"
#include "lab/receipt.h"
#include "lab/report.h"
#include "lab/supplies.h"
#include "lab/teachers.h"

/* A run under way. */
struct run {
	const struct ut_recipe *recipe;
	const struct ut_run_options *options;
	struct ut_supplies *supplies;
	const struct ut_teachers *teachers; /* or NULL */
	struct ut_checkpoint checkpoint;
	struct ut_folder folder;
	struct ut_share *shares; /* one a device */
	double seconds_loading;
	char flaw[UT_FLAW]; /* of the devices */
};

/* The observer of the experiment: the caller's, with our keeper behind it. */
struct relay {
	const struct ut_observer *caller; /* of the options */
	const struct ut_run_options *options;
	struct ut_keeper *keeper;
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

	(void)net;
	return ut_keeper_take(relay->keeper, condition, first, replicas, arenas,
			      error);
}

static enum ut_status relay_stage(void *user, const struct ut_stage *stage,
				  struct ut_error *error)
{
	const struct relay *relay = user;

	return relay->caller->stage
		       ? relay->caller->stage(relay->caller->user, stage, error)
		       : UT_OK;
}

static void relay_note(void *user, const char *text)
{
	const struct relay *relay = user;

	if (relay->options->note)
		relay->options->note(relay->options->observer.user, text);
}

/* What an interrupted run left, if this one is to go on with it. */
static enum ut_status load_checkpoint(struct run *run, struct ut_keeper *keeper,
				      struct ut_results *results,
				      struct ut_error *error)
{
	const struct ut_run_options *options = run->options;
	const struct ut_subject subject = {
		.recipe = run->recipe,
		.data = &run->supplies->data,
		.results = results,
		.keeper = keeper,
		.has_teachers = run->teachers,
		.flaw = run->flaw,
	};
	struct ut_text notes = {0};
	enum ut_status status;

	status = ut_checkpoint_load(&run->checkpoint, &subject, &notes, error);
	if (!status && notes.length && options->note)
		options->note(options->observer.user, ut_text_string(&notes));
	ut_text_release(&notes);
	return status;
}

/* Has the experiment done by the devices of the supplies. */
static enum ut_status experiment(struct run *run, struct ut_keeper *keeper,
				 struct ut_results *results,
				 struct ut_error *error)
{
	struct relay relay = {&run->options->observer, run->options, keeper};
	struct ut_observer observer = {
		.user = &relay,
		.progress = relay_progress,
		.stop = relay_stop,
		.weights = relay_weights,
		.stage = relay_stage,
		.note = relay_note,
	};
	enum ut_status status = load_checkpoint(run, keeper, results, error);

	if (status)
		return status;
	return ut_experiment_run(
		&(struct ut_experiment){
			.recipe = run->recipe,
			.data = &run->supplies->data,
			.devices = run->supplies->devices,
			.device_count = run->supplies->device_count,
			.shares = run->shares,
			.observer = &observer,
			.teachers = run->teachers,
			.checkpoint = &run->checkpoint,
		},
		results, error);
}

/* A device that has not failed. */
static struct ut_device *sound_device(const struct run *run)
{
	size_t i = 0;

	while (run->shares[i].lost.status)
		++i;
	return run->supplies->devices[i];
}

/* Runs the experiment and fills the folder in the making. */
static enum ut_status fill_folder(struct run *run, struct ut_results *results,
				  struct ut_error *error)
{
	const struct ut_dataset *data = &run->supplies->data;
	const char *work = run->folder.work;
	struct ut_keeper keeper;
	struct ut_net net = {0};
	enum ut_status status;

	ut_keeper_init(&keeper, run->recipe, &net);
	status = ut_experiment_net(run->recipe, data, &net, error);
	if (!status)
		status = experiment(run, &keeper, results, error);
	if (!status)
		status = ut_keeper_write(&keeper, work, error);
	if (!status)
		status = ut_receipt_write(
			&(struct ut_receipt){
				.recipe = run->recipe,
				.data = data,
				.net = &net,
				.devices = run->supplies->devices,
				.device_count = run->supplies->device_count,
				.shares = run->shares,
				.results = results,
			},
			work, error);
	if (!status)
		status = ut_pictures_write(run->recipe, data, sound_device(run),
					   work, error);
	if (!status && !run->options->plain)
		status = ut_report_run(work, NULL, error);
	ut_keeper_release(&keeper);
	return status;
}

/* The devices that the options name. */
static enum ut_status open_devices(struct run *run, struct ut_error *error)
{
	const struct ut_run_options *options = run->options;
	struct ut_supplies *supplies = run->supplies;
	enum ut_status status;

	if (options->devices)
		status = ut_supplies_devices(supplies, options->devices, error);
	else
		status = ut_supplies_device(supplies, options->device, error);
	if (status)
		return status;
	run->shares = calloc(supplies->device_count, sizeof(*run->shares));
	return run->shares ? UT_OK
			   : ut_error_set(error, UT_MEMORY, "out of memory");
}

/* Where numbers are from that are not the contract's. */
static void note_flaws(struct run *run, struct ut_results *results)
{
	const struct ut_supplies *supplies = run->supplies;
	size_t i;

	if (run->teachers)
		strcpy(results->flaw, run->teachers->flaw);
	for (i = 0; i < supplies->device_count && !*run->flaw; ++i)
		snprintf(run->flaw, sizeof(run->flaw), "%s",
			 ut_device_about(supplies->devices[i])->flaw);
}

static enum ut_status run_with_teachers(struct run *run,
					struct ut_results *results,
					struct ut_error *error)
{
	const struct ut_run_options *options = run->options;
	const struct ut_supplies *supplies = run->supplies;
	const struct ut_dataset *data = &supplies->data;
	enum ut_status status;
	size_t i;

	status = open_devices(run, error);
	if (!status)
		status = ut_results_init(results, run->recipe, data, error);
	results->seconds_loading = run->seconds_loading;
	if (!status)
		note_flaws(run, results);
	for (i = 0; !status && options->begun && i < supplies->device_count;
	     ++i)
		options->begun(options->observer.user,
			       ut_device_about(supplies->devices[i]), data);
	if (!status)
		status = fill_folder(run, results, error);
	if (!status)
		status = ut_folder_commit(&run->folder, error);
	if (status)
		ut_results_release(results);
	return status;
}

/* With the teachers of another run, if there are to be such. */
static enum ut_status run_with_data(struct run *run, struct ut_results *results,
				    struct ut_error *error)
{
	const char *folder = run->options->teacher;
	struct ut_teachers teachers;
	enum ut_status status;

	if (!folder)
		return run_with_teachers(run, results, error);
	status = ut_teachers_open(&teachers, folder, run->recipe,
				  &run->supplies->data, error);
	if (status)
		return status;
	run->teachers = &teachers;
	status = run_with_teachers(run, results, error);
	ut_teachers_release(&teachers);
	return status;
}

/* The path as another working folder needs it; empty where it is too long. */
static void make_absolute(const char *path, char *to, size_t size)
{
	char here[UT_RECIPE_PATH] = "";
	int length;

	if (*path != '/' && !getcwd(here, sizeof(here)))
		*here = '\0';
	length = snprintf(to, size, "%s%s%s", here, *here ? "/" : "", path);
	if (length < 0 || (size_t)length >= size)
		*to = '\0';
}

/* Opens the checkpoint of the folder to be. */
static enum ut_status open_checkpoint(struct run *run, struct ut_error *error)
{
	const struct ut_run_options *options = run->options;
	struct ut_plan plan = {
		.force = options->force,
		.interval = options->checkpoint,
	};

	if (options->teacher) {
		make_absolute(options->teacher, plan.teacher,
			      sizeof(plan.teacher));
		if (!*plan.teacher)
			return ut_error_set(error, UT_INVALID,
					    "too long a path: %s",
					    options->teacher);
	}
	return ut_checkpoint_open(&run->checkpoint, run->folder.path, &plan,
				  options->resume, error);
}

/* Ends what a run left unfinished; the error says how to go on, if one can. */
static void end_early(struct run *run, enum ut_status status,
		      struct ut_error *error)
{
	/* its numbers would be no more finite the second time */
	bool keep = status != UT_NONFINITE;
	struct ut_error why = *error;

	if (keep && ut_checkpoint_exists(run->folder.path))
		ut_error_set(error, status,
			     "%s; go on with `undertone resume "
			     "%s`",
			     why.text, run->folder.path);
	ut_checkpoint_close(&run->checkpoint, keep);
	ut_folder_abort(&run->folder);
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
		status = ut_folder_begin(&run.folder, options->out,
					 options->force, error);
	if (status)
		return status;
	status = open_checkpoint(&run, error);
	if (status) {
		ut_folder_abort(&run.folder);
		return status;
	}
	status = ut_supplies_data(run.supplies, recipe, options->data_roots,
				  &options->observer, error);
	run.seconds_loading = ut_clock_now() - started;
	if (!status)
		status = run_with_data(&run, results, error);
	if (status)
		end_early(&run, status, error);
	else
		ut_checkpoint_close(&run.checkpoint, false);
	free(run.shares);
	ut_supplies_check(run.supplies);
	ut_supplies_release(&own);
	return status;
}

bool ut_run_interrupted(const char *out)
{
	return ut_checkpoint_exists(out);
}

/* The run's folder, of that or of its checkpoint's; on the heap, or NULL. */
static char *folder_of_run(const char *path)
{
	static const char ending[] = ".checkpoint";
	size_t length = strlen(path), more = sizeof(ending) - 1;
	char *folder = malloc(length + 1);

	if (!folder)
		return NULL;
	while (length > 1 && path[length - 1] == '/')
		--length;
	if (length > more && !strncmp(path + length - more, ending, more))
		length -= more;
	memcpy(folder, path, length);
	folder[length] = '\0';
	return folder;
}

enum ut_status ut_run_resume(struct ut_recipe *recipe,
			     const struct ut_run_options *options,
			     struct ut_results *results, struct ut_error *error)
{
	struct ut_run_options again = *options;
	char *folder = folder_of_run(options->out);
	struct ut_plan plan;
	enum ut_status status;

	*results = (struct ut_results){0};
	if (!folder)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_checkpoint_recall(folder, recipe, &plan, error);
	if (!status) {
		again.out = folder;
		again.resume = true;
		again.force = plan.force;
		again.checkpoint = plan.interval;
		again.teacher = *plan.teacher ? plan.teacher : NULL;
		status = ut_run(recipe, &again, results, error);
	}
	free(folder);
	return status;
}
