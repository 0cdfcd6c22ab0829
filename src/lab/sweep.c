/* A sweep: making teachers and cells, each once, whoever else is at it. */
#include "lab/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "lab/sweep_table.h"

enum ut_status ut_sweep_init(struct ut_sweep *sweep,
			     const struct ut_sweep_plan *plan,
			     const struct ut_sweep_options *options,
			     struct ut_error *error)
{
	size_t i;

	*sweep = (struct ut_sweep){.plan = plan, .options = options};
	sweep->statuses = calloc(plan->cell_count, sizeof(*sweep->statuses));
	sweep->teachers = calloc(plan->teacher_count, sizeof(*sweep->teachers));
	sweep->mine = calloc(plan->cell_count, sizeof(*sweep->mine));
	if (!sweep->statuses || !sweep->teachers || !sweep->mine ||
	    !ut_sweep_costs_init(&sweep->costs, plan))
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for the sweep");
	for (i = 0; i < plan->cell_count; ++i)
		sweep->mine[i] = ut_sweep_in_shard(plan, i, options->shard,
						   options->shards);
	return UT_OK;
}

static void set_status(struct ut_sweep *sweep, size_t cell,
		       struct ut_cell_status status)
{
	free(sweep->statuses[cell].reason);
	sweep->statuses[cell] = status;
}

void ut_sweep_mark(struct ut_sweep *sweep, size_t cell,
		   enum ut_cell_state state, const char *reason)
{
	set_status(sweep, cell,
		   (struct ut_cell_status){
			   .state = state,
			   .reason = reason ? strdup(reason) : NULL,
		   });
}

void ut_sweep_release(struct ut_sweep *sweep)
{
	size_t i;

	for (i = 0; sweep->statuses && i < sweep->plan->cell_count; ++i)
		free(sweep->statuses[i].reason);
	for (i = 0; sweep->teachers && i < sweep->plan->teacher_count; ++i)
		free(sweep->teachers[i].reason);
	free(sweep->statuses);
	free(sweep->teachers);
	free(sweep->mine);
	ut_sweep_costs_release(&sweep->costs);
	ut_supplies_release(&sweep->supplies);
	*sweep = (struct ut_sweep){0};
}

size_t ut_sweep_count(const struct ut_sweep *sweep, enum ut_cell_state state)
{
	size_t count = 0, i;

	for (i = 0; i < sweep->plan->cell_count; ++i)
		count += sweep->mine[i] && sweep->statuses[i].state == state;
	return count;
}

bool ut_sweep_is_cells(enum ut_status status)
{
	return status == UT_NONFINITE || status == UT_INVALID ||
	       status == UT_MEMORY;
}

/* Clears the entry, unless another process is at it. */
static enum ut_status clear(const struct ut_sweep_entry *entry,
			    struct ut_error *error)
{
	struct ut_lock lock;
	enum ut_status status;
	bool taken;

	status = ut_lock_try(&lock, entry->lock, &taken, error);
	if (!status && taken)
		status = ut_sweep_entry_clear(entry, error);
	ut_lock_open(&lock);
	return status;
}

/*
 * Looks at an entry that was made with that status, and releases it. With force
 * everything goes that is not a whole folder: broken ones, notes of failures,
 * checkpoints.
 */
static enum ut_status look(bool force, struct ut_sweep_entry *entry,
			   enum ut_status made, struct ut_cell_status *found,
			   struct ut_error *error)
{
	*found = (struct ut_cell_status){.state = UT_CELL_WAITING};
	if (!made)
		made = ut_sweep_entry_look(entry, found, error);
	if (force && (made == UT_CORRUPT || found->state != UT_CELL_DONE)) {
		free(found->reason);
		*found = (struct ut_cell_status){.state = UT_CELL_WAITING};
		made = clear(entry, error);
	}
	ut_sweep_entry_release(entry);
	return made;
}

enum ut_status ut_sweep_open(struct ut_sweep *sweep, struct ut_error *error)
{
	const struct ut_sweep_plan *plan = sweep->plan;
	const struct ut_sweep_options *options = sweep->options;
	struct ut_sweep_entry entry;
	struct ut_cell_status found;
	enum ut_status status;
	size_t i;

	status = ut_sweep_folder_begin(plan, options->out, error);
	for (i = 0; i < plan->teacher_count && !status; ++i) {
		status = ut_sweep_entry_teacher(&entry, plan, options->out, i,
						error);
		status = look(options->force, &entry, status, &found, error);
		if (!status)
			sweep->teachers[i] = found;
	}
	for (i = 0; i < plan->cell_count && !status; ++i) {
		status = ut_sweep_entry_cell(&entry, plan, options->out, i,
					     error);
		status = look(options->force, &entry, status, &found, error);
		if (!status)
			set_status(sweep, i, found);
	}
	return status;
}

enum ut_status ut_sweep_fail(struct ut_sweep *sweep, size_t cell, bool again,
			     const char *reason, struct ut_error *error)
{
	struct ut_sweep_entry entry;
	enum ut_status status;

	status = ut_sweep_entry_cell(&entry, sweep->plan, sweep->options->out,
				     cell, error);
	if (!status)
		status = ut_sweep_entry_fail(&entry, again, reason, error);
	ut_sweep_entry_release(&entry);
	ut_sweep_mark(sweep, cell, UT_CELL_FAILED, reason);
	return status;
}

enum ut_status ut_sweep_run(struct ut_sweep *sweep, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	bool left = true, moved, busy;
	size_t i;

	while (left && !status) {
		left = moved = false;
		for (i = 0; i < sweep->plan->cell_count && !status; ++i) {
			if (!sweep->mine[i] ||
			    sweep->statuses[i].state != UT_CELL_WAITING)
				continue;
			status = ut_sweep_cell(sweep, i, &busy, error);
			left |= busy;
			moved |= !busy;
		}
		if (!status && left && ut_sweep_stopped(sweep))
			status = ut_sweep_stop(error);
		if (!status && left && !moved)
			ut_lock_pause();
	}
	return status;
}

enum ut_status ut_sweep_gather(struct ut_sweep *sweep, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	struct ut_cell_status found;
	struct ut_sweep_entry entry;
	size_t i;

	for (i = 0; i < sweep->plan->cell_count && !status; ++i) {
		/* other processes may have come further since */
		if (sweep->statuses[i].state == UT_CELL_FAILED)
			continue;
		status = ut_sweep_entry_cell(&entry, sweep->plan,
					     sweep->options->out, i, error);
		status = look(false, &entry, status, &found, error);
		if (!status)
			set_status(sweep, i, found);
	}
	if (!status)
		status = ut_sweep_folder_write(sweep->plan, sweep->options->out,
					       sweep->statuses, error);
	if (!status)
		status = ut_sweep_table_write(sweep, error);
	return status;
}
