/* The work of a sweep: making teachers and cells, one at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "lab/sweep.h"

bool ut_sweep_stopped(const struct ut_sweep *sweep)
{
	const struct ut_observer *observer = &sweep->options->observer;

	return observer->stop && observer->stop(observer->user);
}

/* What the run said of how it goes on is the sweep's to say. */
enum ut_status ut_sweep_stop(struct ut_error *error)
{
	return ut_error_set(error, UT_INTERRUPTED,
			    "interrupted; the same command goes on from here");
}

/* Which run of the sweep is being made. */
struct making {
	struct ut_sweep *sweep;
	bool teaches;
	size_t at;  /* which cell, or which teachers */
	bool tells; /* of the devices: it is the sweep's first run */
};

static void relay_progress(void *user, const struct ut_progress *progress)
{
	const struct making *making = user;
	const struct ut_observer *observer = &making->sweep->options->observer;
	struct ut_progress all = *progress;

	ut_sweep_costs_widen(&making->sweep->costs, &all);
	if (observer->progress)
		observer->progress(observer->user, &all);
}

static bool relay_stop(void *user)
{
	return ut_sweep_stopped(((const struct making *)user)->sweep);
}

/* Counts what is left for this process after the run that begins. */
static void plan_rest(const struct making *making)
{
	struct ut_sweep *sweep = making->sweep;
	const struct ut_sweep_plan *plan = sweep->plan;
	size_t i, t;

	ut_sweep_costs_begin(&sweep->costs);
	for (i = 0; i < plan->cell_count; ++i) {
		t = plan->cells[i].teacher;
		if (!sweep->mine[i] ||
		    sweep->statuses[i].state != UT_CELL_WAITING)
			continue;
		if (making->teaches || i != making->at)
			ut_sweep_costs_add_cell(&sweep->costs, i);
		if (sweep->teachers[t].state == UT_CELL_WAITING &&
		    !(making->teaches && t == making->at))
			ut_sweep_costs_add_teacher(&sweep->costs, t);
	}
}

static void relay_begun(void *user, const struct ut_device_info *device,
			const struct ut_dataset *data)
{
	struct making *making = user;
	struct ut_sweep *sweep = making->sweep;
	const struct ut_sweep_options *options = sweep->options;

	if (!sweep->costs.known) {
		ut_sweep_costs_learn(&sweep->costs, sweep->plan, data);
		making->tells = true;
	}
	if (making->tells && options->begun)
		options->begun(options->observer.user, device, data);
	plan_rest(making);
}

static void relay_note(void *user, const char *text)
{
	const struct making *making = user;
	const struct ut_sweep_options *options = making->sweep->options;

	options->note(options->observer.user, text);
}

static enum ut_status make(const struct making *making,
			   const struct ut_sweep_entry *entry,
			   const char *teacher, struct ut_results *results,
			   struct ut_error *error)
{
	struct ut_sweep *sweep = making->sweep;
	const struct ut_sweep_options *options = sweep->options;
	struct making copy = *making;
	enum ut_status status;

	status = ut_run(&entry->recipe,
			&(struct ut_run_options){
				.device = options->device,
				.devices = options->devices,
				.out = entry->folder,
				.teacher = teacher,
				.resume = true,
				.plain = true,
				.data_roots = options->data_roots,
				.supplies = &sweep->supplies,
				.observer = {.user = &copy,
					     .progress = relay_progress,
					     .stop = relay_stop},
				.begun = relay_begun,
				.note = options->note ? relay_note : NULL,
			},
			results, error);
	ut_sweep_costs_end(&sweep->costs);
	return status == UT_INTERRUPTED ? ut_sweep_stop(error) : status;
}

/* Tells that a run begins; its number is that of the cell it is for. */
static void announce(const struct ut_sweep *sweep, size_t cell,
		     const char *kind)
{
	const struct ut_sweep_options *options = sweep->options;
	struct ut_text name = {0};
	size_t number = 0, count = 0, i;

	if (!options->run)
		return;
	for (i = 0; i < sweep->plan->cell_count; ++i) {
		count += sweep->mine[i];
		number += i <= cell && sweep->mine[i];
	}
	ut_text_append(&name, "%s", kind);
	ut_sweep_describe(sweep->plan, cell, &name);
	options->run(options->observer.user, number, count,
		     ut_text_string(&name));
	ut_text_release(&name);
}

/* Notes a failure that is the run's own; others pass through. */
static enum ut_status note_failure(const struct ut_sweep_entry *entry,
				   enum ut_status failure,
				   struct ut_error *error)
{
	struct ut_error other;

	/* the same NaN comes again, on every device */
	if (ut_sweep_is_cells(failure) &&
	    ut_sweep_entry_fail(entry, failure != UT_NONFINITE, error->text,
				&other)) {
		*error = other;
		return other.status;
	}
	return failure;
}

/* Trains teachers that are waiting; their lock is held. */
static enum ut_status train(struct ut_sweep *sweep, size_t teacher, size_t cell,
			    const struct ut_sweep_entry *entry,
			    struct ut_error *error)
{
	struct ut_results results;
	enum ut_status status;

	announce(sweep, cell, "teachers of ");
	status = make(&(struct making){sweep, true, teacher, false}, entry,
		      NULL, &results, error);
	if (status)
		return note_failure(entry, status, error);
	ut_results_release(&results);
	return ut_sweep_entry_seal(entry, error);
}

/* Takes the lock, however long it takes. */
static enum ut_status wait_for(const struct ut_sweep *sweep, const char *path,
			       struct ut_lock *lock, struct ut_error *error)
{
	enum ut_status status;
	bool taken;

	for (;;) {
		status = ut_lock_try(lock, path, &taken, error);
		if (status || taken)
			return status;
		if (ut_sweep_stopped(sweep))
			return ut_sweep_stop(error);
		ut_lock_pause();
	}
}

/* The teachers of a cell, made where they are not there. */
static enum ut_status teach(struct ut_sweep *sweep, size_t teacher, size_t cell,
			    const struct ut_sweep_entry *entry,
			    struct ut_error *error)
{
	struct ut_cell_status *known = &sweep->teachers[teacher];
	struct ut_lock lock = {0};
	enum ut_status status = UT_OK;

	if (known->state == UT_CELL_WAITING)
		status = wait_for(sweep, entry->lock, &lock, error);
	if (!status && known->state == UT_CELL_WAITING)
		status = ut_sweep_entry_look(entry, known, error);
	if (!status && known->state == UT_CELL_WAITING) {
		status = train(sweep, teacher, cell, entry, error);
		known->state = status ? UT_CELL_WAITING : UT_CELL_DONE;
		if (ut_sweep_is_cells(status)) {
			known->state = UT_CELL_FAILED;
			known->reason = strdup(error->text);
		}
	}
	ut_lock_open(&lock);
	if (!status && known->state == UT_CELL_FAILED)
		status = ut_error_set(error, UT_NONFINITE, "%s",
				      known->reason ? known->reason : "");
	return status;
}

enum ut_status ut_sweep_teach(struct ut_sweep *sweep, size_t teacher,
			      struct ut_error *error)
{
	struct ut_sweep_entry entry;
	enum ut_status status;

	status = ut_sweep_entry_teacher(&entry, sweep->plan,
					sweep->options->out, teacher, error);
	if (!status)
		status = teach(sweep, teacher,
			       sweep->plan->teachers[teacher].cell, &entry,
			       error);
	ut_sweep_entry_release(&entry);
	return status;
}

/* Makes a cell that is waiting; its lock is held. */
static enum ut_status fill(struct ut_sweep *sweep, size_t cell,
			   const struct ut_sweep_entry *entry,
			   struct ut_results *results, struct ut_error *error)
{
	size_t teacher = sweep->plan->cells[cell].teacher;
	struct ut_sweep_entry teachers;
	enum ut_status status;

	status = ut_sweep_entry_teacher(&teachers, sweep->plan,
					sweep->options->out, teacher, error);
	if (!status) {
		status = teach(sweep, teacher, cell, &teachers, error);
		if (ut_sweep_is_cells(status))
			ut_error_prefix(error, "its teachers");
	}
	if (!status) {
		announce(sweep, cell, "");
		status = make(&(struct making){sweep, false, cell, false},
			      entry, teachers.folder, results, error);
	}
	ut_sweep_entry_release(&teachers);
	return status;
}

static void tell_end(const struct ut_sweep *sweep, size_t cell,
		     const struct ut_results *results, const char *folder)
{
	const struct ut_sweep_options *options = sweep->options;

	if (options->cell)
		options->cell(options->observer.user, cell, results, folder,
			      sweep->statuses[cell].reason);
}

static enum ut_status work(struct ut_sweep *sweep, size_t cell,
			   const struct ut_sweep_entry *entry,
			   struct ut_error *error)
{
	struct ut_results results = {0};
	enum ut_status status = fill(sweep, cell, entry, &results, error);

	if (!status)
		status = ut_sweep_entry_seal(entry, error);
	if (!status) {
		ut_sweep_mark(sweep, cell, UT_CELL_DONE, NULL);
		tell_end(sweep, cell, &results, entry->folder);
	}
	ut_results_release(&results);
	if (!status)
		return UT_OK;
	status = note_failure(entry, status, error);
	if (!ut_sweep_is_cells(status))
		return status;
	ut_sweep_mark(sweep, cell, UT_CELL_FAILED, error->text);
	tell_end(sweep, cell, NULL, entry->folder);
	return UT_OK;
}

enum ut_status ut_sweep_cell(struct ut_sweep *sweep, size_t cell, bool *busy,
			     struct ut_error *error)
{
	struct ut_sweep_entry entry;
	struct ut_cell_status found;
	struct ut_lock lock = {0};
	enum ut_status status;
	bool taken = false;

	status = ut_sweep_entry_cell(&entry, sweep->plan, sweep->options->out,
				     cell, error);
	if (!status)
		status = ut_lock_try(&lock, entry.lock, &taken, error);
	*busy = !status && !taken;
	if (taken)
		status = ut_sweep_entry_look(&entry, &found, error);
	if (taken && !status) {
		ut_sweep_mark(sweep, cell, found.state, found.reason);
		free(found.reason);
		if (found.state == UT_CELL_WAITING)
			status = work(sweep, cell, &entry, error);
	}
	ut_lock_open(&lock);
	ut_sweep_entry_release(&entry);
	return status;
}
