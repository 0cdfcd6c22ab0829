/* A sweep's folder: what of it is finished, failed or broken. Private to lab. */
#ifndef UT_SWEEP_FOLDER_H
#define UT_SWEEP_FOLDER_H

#include "lab/sweep_plan.h"

enum ut_cell_state { UT_CELL_WAITING, UT_CELL_DONE, UT_CELL_FAILED };

/* What there is to tell of every cell of a sweep. */
struct ut_cell_status {
	enum ut_cell_state state;
	char *reason; /* of a failed one, on the heap; else NULL */
};

/* One run of a sweep, a cell's or of teachers, in the folder. */
struct ut_sweep_entry {
	const struct ut_sweep_plan *plan;
	char *folder;            /* of the run */
	char *note;              /* the file that tells how it ended */
	char *lock;              /* of who works on it */
	struct ut_recipe recipe; /* of the run */
};

/* Release them either way. */
enum ut_status ut_sweep_entry_cell(struct ut_sweep_entry *entry,
				   const struct ut_sweep_plan *plan,
				   const char *out, size_t cell,
				   struct ut_error *error);
enum ut_status ut_sweep_entry_teacher(struct ut_sweep_entry *entry,
				      const struct ut_sweep_plan *plan,
				      const char *out, size_t teacher,
				      struct ut_error *error);
void ut_sweep_entry_release(struct ut_sweep_entry *entry);

/*
 * Reads how the run stands: done, failed in a way that comes again, or waiting.
 * A folder that is not whole is UT_CORRUPT, which says what is wrong with it.
 * *status: from nothing; free its reason.
 */
enum ut_status ut_sweep_entry_look(const struct ut_sweep_entry *entry,
				   struct ut_cell_status *status,
				   struct ut_error *error);

/* Notes that the run's folder is whole, with the print of its receipt. */
enum ut_status ut_sweep_entry_seal(const struct ut_sweep_entry *entry,
				   struct ut_error *error);

/* Notes why the run failed; again: another try may do better. */
enum ut_status ut_sweep_entry_fail(const struct ut_sweep_entry *entry,
				   bool again, const char *reason,
				   struct ut_error *error);

/* Removes the run's folder, note and checkpoint: it is made anew. */
enum ut_status ut_sweep_entry_clear(const struct ut_sweep_entry *entry,
				    struct ut_error *error);

/* The file that makes a folder a sweep's. */
#define UT_SWEEP_FILE "sweep.json"

/*
 * Makes the sweep's folder, or checks that the one there is of this plan:
 * UT_EXISTS when it is no sweep's, UT_INVALID says what differs.
 */
enum ut_status ut_sweep_folder_begin(const struct ut_sweep_plan *plan,
				     const char *out, struct ut_error *error);

/* Writes sweep.json; statuses: one a cell, or NULL: all wait. */
enum ut_status ut_sweep_folder_write(const struct ut_sweep_plan *plan,
				     const char *out,
				     const struct ut_cell_status *statuses,
				     struct ut_error *error);

#endif
