/* A sweep: the runs of a plan's cells, in one folder. */
#ifndef UT_SWEEP_H
#define UT_SWEEP_H

#include "lab/run.h"
#include "lab/sweep_costs.h"
#include "lab/sweep_folder.h"

struct ut_sweep_options {
	const char *device;     /* selector, or NULL */
	const char *devices;    /* as ut_run_options has them, or NULL */
	const char *out;        /* the sweep's folder */
	bool force;             /* broken and failed cells once more */
	unsigned shard, shards; /* the shard's cells alone; 1 of 1: all */
	const char *const *data_roots; /* as ut_dataset_load takes them */
	/* progress is that of all this process has to do; weights is unused */
	struct ut_observer observer;
	/* The following may be NULL; user is the observer's. */
	/* Told once, of each device, when they and data are first ready. */
	void (*begun)(void *user, const struct ut_device_info *device,
		      const struct ut_dataset *data);
	/* Told what people should know. */
	void (*note)(void *user, const char *text);
	/* A run begins, of teachers or a cell: number from 1, of count. */
	void (*run)(void *user, size_t number, size_t count, const char *name);
	/* A cell ended: its results, or NULL and why it failed. */
	void (*cell)(void *user, size_t cell, const struct ut_results *results,
		     const char *folder, const char *reason);
};

struct ut_sweep {
	const struct ut_sweep_plan *plan;
	const struct ut_sweep_options *options;
	struct ut_cell_status *statuses; /* one a cell */
	struct ut_cell_status *teachers; /* of the plan's teachers */
	bool *mine;                      /* one a cell: the shard's */
	struct ut_sweep_costs costs;
	struct ut_supplies supplies;
};

/* Room for what a sweep needs. Release it either way. */
enum ut_status ut_sweep_init(struct ut_sweep *sweep,
			     const struct ut_sweep_plan *plan,
			     const struct ut_sweep_options *options,
			     struct ut_error *error);
void ut_sweep_release(struct ut_sweep *sweep);

/*
 * Makes the folder, or opens the one there, and looks at every cell. UT_INVALID
 * when the folder is another sweep's; UT_CORRUPT when a cell or teachers are
 * broken (with force they go, with notes of failures and checkpoints).
 */
enum ut_status ut_sweep_open(struct ut_sweep *sweep, struct ut_error *error);

/*
 * Makes the teachers, unless they are there; where another process is making
 * them, waits. A status that ut_sweep_is_cells says is the teachers' own.
 */
enum ut_status ut_sweep_teach(struct ut_sweep *sweep, size_t teacher,
			      struct ut_error *error);

/*
 * Makes the cell, with its teachers where these are not there, unless it is
 * finished; *busy: another process is at it. A cell that fails is noted as
 * such, and that is UT_OK; other failures would stop every cell.
 */
enum ut_status ut_sweep_cell(struct ut_sweep *sweep, size_t cell, bool *busy,
			     struct ut_error *error);

/* For who hands out cells to other processes: what became of one. */
void ut_sweep_mark(struct ut_sweep *sweep, size_t cell,
		   enum ut_cell_state state, const char *reason);

/*
 * Notes that a cell failed whose process could not note it; again: another try
 * may do better.
 */
enum ut_status ut_sweep_fail(struct ut_sweep *sweep, size_t cell, bool again,
			     const char *reason, struct ut_error *error);

/*
 * Makes all waiting cells of the shard. Those that other processes are at, it
 * waits for in the end.
 */
enum ut_status ut_sweep_run(struct ut_sweep *sweep, struct ut_error *error);

/*
 * Looks at every cell again and writes sweep.json and sweep.csv, a row for each
 * condition of each finished cell.
 */
enum ut_status ut_sweep_gather(struct ut_sweep *sweep, struct ut_error *error);

/* How many of the shard's cells are in this state. */
size_t ut_sweep_count(const struct ut_sweep *sweep, enum ut_cell_state state);

/* Whether the observer asks to stop; and the error of that. */
bool ut_sweep_stopped(const struct ut_sweep *sweep);
enum ut_status ut_sweep_stop(struct ut_error *error);

/*
 * Whether a failure is the recipe's own, so that other cells may do better: a
 * NaN, values that do not go together, too little memory.
 */
bool ut_sweep_is_cells(enum ut_status status);

#endif
