/* A sweep's result for people. */
#include "cli/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/sweep_table.h"
#include "lab/verdict.h"

enum { COLUMN = 13 }; /* "0.715 ± 0.021" */

/* Rows are gathered by cell. */
struct grid {
	const struct ut_sweep *sweep;
	struct ut_sweep_row (*rows)[UT_CONDITIONS]; /* (cells); count 0: none */
	bool measured[UT_CONDITIONS];               /* in any cell */
};

static void gather(void *user, const struct ut_sweep_row *row)
{
	struct grid *grid = user;

	grid->rows[row->cell][row->condition] = *row;
	grid->measured[row->condition] = true;
}

/* Columns that an axis takes: its key, or its longest value. */
static int axis_width(const struct ut_sweep_axis *axis)
{
	size_t width = strlen(axis->key), i;

	for (i = 0; i < axis->count; ++i)
		if (strlen(axis->values[i]) > width)
			width = strlen(axis->values[i]);
	return (int)width;
}

static void print_head(const struct grid *grid)
{
	const struct ut_sweep_plan *plan = grid->sweep->plan;
	size_t i;

	printf("\n ");
	for (i = 0; i < plan->axis_count; ++i)
		printf(" %-*s ", axis_width(&plan->axes[i]), plan->axes[i].key);
	for (i = 0; i < UT_CONDITIONS; ++i)
		if (grid->measured[ut_condition_rows[i]])
			printf(" %-*s ", COLUMN,
			       ut_condition_name(ut_condition_rows[i]));
	if (grid->measured[UT_CEILING] && grid->measured[UT_AUX])
		printf(" aux/ceiling");
	printf("\n");
}

static void print_accuracy(const struct ut_summary *s)
{
	if (!s->count)
		printf(" %-*s ", COLUMN, "-");
	else if (s->count > 1)
		printf(" %.3f ± %.3f ", s->mean, s->half);
	else
		printf(" %-*.3f ", COLUMN, s->mean);
}

static void print_cell(const struct grid *grid, size_t cell)
{
	const struct ut_sweep_plan *plan = grid->sweep->plan;
	const struct ut_sweep_row *rows = grid->rows[cell];
	size_t i;

	printf(" ");
	for (i = 0; i < plan->axis_count; ++i)
		printf(" %-*s ", axis_width(&plan->axes[i]),
		       ut_sweep_value(plan, cell, i));
	for (i = 0; i < UT_CONDITIONS; ++i)
		if (grid->measured[ut_condition_rows[i]])
			print_accuracy(&rows[ut_condition_rows[i]].accuracy);
	if (rows[UT_AUX].accuracy.count && rows[UT_AUX].share >= 0)
		printf(" %.3f", rows[UT_AUX].share);
	printf("\n");
}

static void print_failures(const struct ut_sweep *sweep)
{
	size_t i;

	for (i = 0; i < sweep->plan->cell_count; ++i) {
		const struct ut_cell_status *status = &sweep->statuses[i];
		struct ut_text name = {0};

		if (!sweep->mine[i] || status->state != UT_CELL_FAILED)
			continue;
		ut_sweep_describe(sweep->plan, i, &name);
		printf("\nfailed: %s: %s\n", ut_text_string(&name),
		       status->reason ? status->reason : "");
		ut_text_release(&name);
	}
}

enum ut_status grid_print(const struct ut_sweep *sweep, struct ut_error *error)
{
	struct grid grid = {
		.sweep = sweep,
		.rows = calloc(sweep->plan->cell_count, sizeof(*grid.rows)),
	};
	enum ut_status status;
	size_t i;

	if (!grid.rows)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_sweep_rows(sweep, gather, &grid, error);
	if (!status && ut_sweep_count(sweep, UT_CELL_DONE))
		print_head(&grid);
	for (i = 0; i < sweep->plan->cell_count && !status; ++i)
		if (sweep->statuses[i].state == UT_CELL_DONE)
			print_cell(&grid, i);
	if (!status)
		print_failures(sweep);
	free(grid.rows);
	return status;
}
