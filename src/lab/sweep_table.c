/* A sweep's results in a table. */
#include "lab/sweep_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"

/* Summaries of a cell's conditions; count is 0 of those not measured. */
static enum ut_status summarise(const struct ut_sweep_entry *entry,
				const json_t *receipt,
				struct ut_summary summaries[UT_CONDITIONS],
				struct ut_error *error)
{
	size_t count = entry->recipe.replicas;
	double *values = calloc(count, sizeof(*values));
	enum ut_status status = UT_OK;
	int c;

	if (!values)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		summaries[c] = (struct ut_summary){0};
		if (!(entry->recipe.conditions & 1u << c))
			continue;
		status =
			ut_receipt_accuracies(receipt, c, count, values, error);
		if (!status)
			summaries[c] = ut_summarise(values, count);
	}
	free(values);
	return status;
}

struct showing {
	void (*show)(void *user, const struct ut_sweep_row *row);
	void *user;
};

static enum ut_status show_cell(const struct ut_sweep_entry *entry, size_t cell,
				const struct showing *showing,
				struct ut_error *error)
{
	struct ut_summary summaries[UT_CONDITIONS];
	const struct ut_summary *ceiling = &summaries[UT_CEILING];
	struct ut_sweep_row row = {.cell = cell, .ceiling = -1, .share = -1};
	json_t *receipt = NULL;
	enum ut_status status;
	int c;

	status = ut_receipt_read(&receipt, entry->folder, error);
	if (!status)
		status = summarise(entry, receipt, summaries, error);
	row.chance = json_number_value(json_object_get(receipt, "chance"));
	json_decref(receipt);
	if (!status && ceiling->count)
		row.ceiling = ceiling->mean;
	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		if (!summaries[c].count)
			continue;
		row.condition = c;
		row.accuracy = summaries[c];
		if (row.ceiling > 0)
			row.share = summaries[c].mean / row.ceiling;
		showing->show(showing->user, &row);
	}
	return status;
}

enum ut_status ut_sweep_rows(const struct ut_sweep *sweep,
			     void (*show)(void *user,
					  const struct ut_sweep_row *row),
			     void *user, struct ut_error *error)
{
	const struct showing showing = {show, user};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sweep->plan->cell_count && !status; ++i) {
		struct ut_sweep_entry entry;

		if (sweep->statuses[i].state != UT_CELL_DONE)
			continue;
		status = ut_sweep_entry_cell(&entry, sweep->plan,
					     sweep->options->out, i, error);
		if (!status)
			status = show_cell(&entry, i, &showing, error);
		if (status)
			ut_error_prefix(error, "%s",
					sweep->plan->cells[i].name);
		ut_sweep_entry_release(&entry);
	}
	return status;
}

/* A field of a CSV file (RFC 4180), and a comma. */
static void append_field(struct ut_text *text, const char *value)
{
	if (!strpbrk(value, ",\"")) {
		ut_text_append(text, "%s,", value);
		return;
	}
	ut_text_append(text, "\"");
	for (; *value; ++value)
		ut_text_append(text, *value == '"' ? "\"%c" : "%c", *value);
	ut_text_append(text, "\",");
}

struct csv {
	const struct ut_sweep *sweep;
	struct ut_text text;
};

static void append_row(void *user, const struct ut_sweep_row *row)
{
	struct csv *csv = user;
	const struct ut_sweep_plan *plan = csv->sweep->plan;
	const struct ut_summary *s = &row->accuracy;
	size_t i;

	append_field(&csv->text, plan->cells[row->cell].name);
	for (i = 0; i < plan->axis_count; ++i)
		append_field(&csv->text, ut_sweep_value(plan, row->cell, i));
	ut_text_append(&csv->text, "%s,%zu,%.6g,",
		       ut_condition_name(row->condition), s->count, s->mean);
	if (s->count > 1)
		ut_text_append(&csv->text, "%.6g,%.6g,", s->deviation, s->half);
	else
		ut_text_append(&csv->text, ",,");
	ut_text_append(&csv->text, "%.6g,%.6g,%.6g,", s->min, s->max,
		       row->chance);
	if (row->ceiling >= 0)
		ut_text_append(&csv->text, "%.6g", row->ceiling);
	ut_text_append(&csv->text, ",");
	if (row->share >= 0)
		ut_text_append(&csv->text, "%.6g", row->share);
	ut_text_append(&csv->text, "\n");
}

enum ut_status ut_sweep_table_write(const struct ut_sweep *sweep,
				    struct ut_error *error)
{
	char *path = ut_path_join(sweep->options->out, "sweep.csv");
	struct csv csv = {.sweep = sweep};
	enum ut_status status;
	size_t i;

	append_field(&csv.text, "cell");
	for (i = 0; i < sweep->plan->axis_count; ++i)
		append_field(&csv.text, sweep->plan->axes[i].key);
	ut_text_append(&csv.text, "condition,n,mean,deviation,"
				  "half_interval_95,min,max,chance,"
				  "ceiling_mean,share_of_ceiling\n");
	status = ut_sweep_rows(sweep, append_row, &csv, error);
	if (!status && (!path || csv.text.failed))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_file_write(path, ut_text_string(&csv.text),
				       csv.text.length, error);
	ut_text_release(&csv.text);
	free(path);
	return status;
}
