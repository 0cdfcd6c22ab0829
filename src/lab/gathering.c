/* A sweep as it is read back. */
#include "lab/gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/json_file.h"
#include "lab/receipt.h"
#include "lab/sweep_folder.h"
#include "lab/verdict.h"

enum { NOISE_SHOWN = 8 };

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory for the sweep");
}

/* sweep.json ---------------------------------------------------------------- */

static enum ut_status read_json(json_t **sweep, const char *folder,
				struct ut_error *error)
{
	char *path = ut_path_join(folder, UT_SWEEP_FILE);
	enum ut_status status;

	status = path ? ut_json_read(sweep, path, "a sweep's file", error)
		      : no_memory(error);
	free(path);
	return status;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Appends the axis as a word that `undertone sweep` takes. */
static bool append_word(struct ut_text *word, const json_t *axis)
{
	const json_t *values = json_object_get(axis, "values");
	const char *key = text_of(axis, "key");
	size_t i;

	if (!key || !json_array_size(values))
		return false;
	ut_text_append(word, "%s=", key);
	for (i = 0; i < json_array_size(values); ++i) {
		const char *value =
			json_string_value(json_array_get(values, i));

		if (!value)
			return false;
		ut_text_append(word, "%s%s",
			       !i                           ? ""
			       : ut_recipe_key_is_list(key) ? ";"
							    : ",",
			       value);
	}
	return !word->failed;
}

/* The plan of a sweep.json: it is made again, as the sweep made it. */
static enum ut_status read_plan(struct ut_sweep_plan *plan, const json_t *sweep,
				struct ut_error *error)
{
	const json_t *axes = json_object_get(sweep, "axes");
	const char *text = text_of(sweep, "recipe");
	const char *words[UT_SWEEP_AXES];
	struct ut_text built[UT_SWEEP_AXES] = {0};
	size_t count = json_array_size(axes), i;
	struct ut_recipe recipe;
	enum ut_status status = UT_OK;

	if (!text || !text_of(sweep, "undertone") || !count ||
	    count > UT_SWEEP_AXES ||
	    !json_is_integer(json_object_get(sweep, "contract")))
		return ut_error_set(error, UT_CORRUPT, "not a sweep's file");
	for (i = 0; i < count && !status; ++i) {
		if (!append_word(&built[i], json_array_get(axes, i)))
			status = ut_error_set(error, UT_CORRUPT,
					      "axis %zu is none", i + 1);
		words[i] = ut_text_string(&built[i]);
	}
	ut_recipe_init(&recipe);
	if (!status)
		status = ut_recipe_parse(&recipe, text, "its recipe", error);
	if (!status)
		status = ut_sweep_plan_make(plan, &recipe, words, count, error);
	for (i = 0; i < UT_SWEEP_AXES; ++i)
		ut_text_release(&built[i]);
	return status;
}

/* The cells' names and states are those of the plan, in its order. */
static enum ut_status check_cells(const struct ut_sweep_plan *plan,
				  const json_t *sweep, struct ut_error *error)
{
	const json_t *cells = json_object_get(sweep, "cells");
	size_t i;

	if (json_array_size(cells) != plan->cell_count)
		return ut_error_set(error, UT_CORRUPT,
				    "%zu cells, where the axes make %zu",
				    json_array_size(cells), plan->cell_count);
	for (i = 0; i < plan->cell_count; ++i) {
		const json_t *cell = json_array_get(cells, i);
		const char *folder = text_of(cell, "folder");

		if (!folder || strncmp(folder, "cells/", 6) ||
		    strcmp(folder + 6, plan->cells[i].name) ||
		    !text_of(cell, "state"))
			return ut_error_set(error, UT_CORRUPT,
					    "cell %zu is not %s", i + 1,
					    plan->cells[i].name);
	}
	return UT_OK;
}

/* Another folder's sweep.json must be of the same sweep. */
static enum ut_status compare(const struct ut_gathering *g, const json_t *sweep,
			      struct ut_error *error)
{
	struct ut_sweep_plan plan = {0};
	struct ut_text difference = {0};
	enum ut_status status = read_plan(&plan, sweep, error);
	long long contract =
		json_integer_value(json_object_get(sweep, "contract"));
	size_t i, j;

	if (!status && contract != g->contract)
		status = ut_error_set(error, UT_INVALID,
				      "made under contract %lld, the first "
				      "folder under contract %d",
				      contract, g->contract);
	if (!status &&
	    !ut_sweep_same(&g->plan, &g->plan.base, &plan.base, &difference))
		status = ut_error_set(error, UT_INVALID,
				      "of another recipe than the first "
				      "folder: %s",
				      ut_text_string(&difference));
	if (!status && plan.axis_count != g->plan.axis_count)
		status = ut_error_set(error, UT_INVALID,
				      "%zu axes, where the first folder has "
				      "%zu",
				      plan.axis_count, g->plan.axis_count);
	for (i = 0; i < plan.axis_count && !status; ++i) {
		const struct ut_sweep_axis *a = &g->plan.axes[i];
		const struct ut_sweep_axis *b = &plan.axes[i];
		bool same = !strcmp(a->key, b->key) && a->count == b->count;

		for (j = 0; same && j < a->count; ++j)
			same = !strcmp(a->values[j], b->values[j]);
		if (!same)
			status = ut_error_set(error, UT_INVALID,
					      "of another sweep than the first "
					      "folder: axis %s has other "
					      "values",
					      a->key);
	}
	ut_text_release(&difference);
	ut_sweep_plan_release(&plan);
	return status;
}

/* Cells --------------------------------------------------------------------- */

/* What must be equal in two copies of a cell. */
static const char *prints_of(struct ut_heap *heap,
			     const struct ut_record *record)
{
	const struct ut_results *results = &record->results;
	struct ut_text text = {0};
	const char *copy;
	size_t r;
	int c;

	ut_receipt_prints(record->receipt, &text, NULL);
	for (c = 0; c < UT_CONDITIONS; ++c)
		for (r = 0;
		     results->scores[c].accuracy && r < results->replicas; ++r)
			ut_text_append(&text, "%.9g ",
				       results->scores[c].accuracy[r]);
	copy = ut_heap_text(heap, "%s", ut_text_string(&text));
	heap->failed |= text.failed;
	ut_text_release(&text);
	return copy;
}

static void take_scores(struct ut_gathered *cell,
			const struct ut_results *results, int c)
{
	const struct ut_scores *own = &results->scores[c];
	const double *ceiling = results->scores[UT_CEILING].accuracy;
	enum ut_condition other = ut_condition_control((enum ut_condition)c);
	const double *control = results->scores[other].accuracy;
	size_t R = results->replicas;

	if (!own->accuracy)
		return;
	cell->accuracy[c] = ut_summarise(own->accuracy, R);
	if (own->auc)
		cell->auc[c] = ut_summarise(own->auc, R);
	if (ceiling && ut_condition_is_student(c))
		cell->share[c] =
			ut_summarise_pairs(own->accuracy, ceiling, R, UT_RATIO);
	if (control && (int)other != c && ut_condition_is_student(c))
		cell->difference[c] = ut_summarise_pairs(own->accuracy, control,
							 R, UT_DIFFERENCE);
}

static void take_noise(struct ut_gathering *g, struct ut_gathered *cell,
		       const struct ut_pictures *pictures)
{
	size_t each = pictures->height * pictures->width * pictures->channels;
	size_t count = pictures->noise.count < NOISE_SHOWN
			       ? pictures->noise.count
			       : NOISE_SHOWN;
	float *copy;

	if (!count)
		return;
	copy = ut_heap_take(&g->heap, count * each, sizeof(*copy));
	if (!copy)
		return;
	memcpy(copy, pictures->noise.numbers, count * each * sizeof(*copy));
	cell->noise.count = count;
	cell->noise.height = pictures->height;
	cell->noise.width = pictures->width;
	cell->noise.channels = pictures->channels;
	cell->noise.numbers = copy;
}

static void take_record(struct ut_gathering *g, struct ut_gathered *cell,
			const struct ut_record *record, const char *folder)
{
	const struct ut_results *results = &record->results;
	struct ut_heap *heap = &g->heap;
	struct ut_text devices = {0};
	struct ut_verdict verdict;
	int c;

	cell->state = "done";
	cell->reason = NULL;
	cell->folder = folder;
	ut_record_devices(record, &devices);
	cell->device = ut_heap_text(heap, "%s", ut_text_string(&devices));
	ut_text_release(&devices);
	cell->version =
		ut_heap_text(heap, "%s", ut_record_text(record, "undertone"));
	cell->replicas = results->replicas;
	cell->chance = results->chance;
	cell->prints = prints_of(heap, record);
	for (c = 0; c < UT_CONDITIONS; ++c)
		take_scores(cell, results, c);
	if (ut_verdict_judge(results, &verdict))
		cell->shown = ut_claim_shown(&verdict.accuracy) ||
			      (verdict.has_auc && ut_claim_shown(&verdict.auc));
	take_noise(g, cell, &record->pictures);
	++g->done;
}

/* The folder holds the run that its place says, under the same contract. */
static enum ut_status check_record(const struct ut_gathering *g, size_t i,
				   const struct ut_record *record,
				   struct ut_error *error)
{
	double contract = ut_record_number(record, "contract");
	struct ut_text difference = {0};
	enum ut_status status = UT_OK;
	struct ut_recipe recipe;

	ut_sweep_cell_recipe(&g->plan, i, &recipe);
	if (!ut_sweep_same(&g->plan, &record->recipe, &recipe, &difference))
		status = ut_error_set(error, UT_CORRUPT,
				      "%s: not the run of this cell: %s",
				      record->folder,
				      ut_text_string(&difference));
	else if (!(contract == g->contract))
		status = ut_error_set(error, UT_INVALID,
				      "%s: made under contract %.0f, the sweep "
				      "under contract %d",
				      record->folder, contract, g->contract);
	ut_text_release(&difference);
	return status;
}

static enum ut_status read_cell(struct ut_gathering *g, size_t i,
				const char *folder, const char *path,
				struct ut_error *error)
{
	struct ut_gathered *cell = &g->cells[i];
	struct ut_record record;
	enum ut_status status = ut_record_read(&record, path, error);

	if (!status)
		status = check_record(g, i, &record, error);
	if (!status && !cell->folder) {
		take_record(g, cell, &record, folder);
	} else if (!status) {
		++g->merged;
		if (strcmp(cell->prints, prints_of(&g->heap, &record)))
			status = ut_error_set(error, UT_INVALID,
					      "%s has other results than the "
					      "same cell in %s",
					      path, cell->folder);
	}
	ut_record_release(&record);
	return status;
}

static enum ut_status take_cell(struct ut_gathering *g, size_t i,
				const char *folder, const json_t *json,
				struct ut_error *error)
{
	const char *state = text_of(json, "state");
	const char *reason = text_of(json, "reason");
	char relative[UT_SWEEP_NAME + 8];
	enum ut_status status = UT_OK;
	char *path;

	snprintf(relative, sizeof(relative), "cells/%s", g->plan.cells[i].name);
	path = ut_path_join(folder, relative);
	if (!path)
		return no_memory(error);
	if (!strcmp(state, "done") || ut_file_exists(path)) {
		status = read_cell(g, i, folder, path, error);
	} else if (!g->cells[i].folder && !strcmp(state, "failed")) {
		g->cells[i].state = "failed";
		g->cells[i].reason =
			ut_heap_text(&g->heap, "%s", reason ? reason : "");
	}
	free(path);
	return status;
}

/* Folders ------------------------------------------------------------------- */

static enum ut_status begin(struct ut_gathering *g, const json_t *sweep,
			    struct ut_error *error)
{
	enum ut_status status = read_plan(&g->plan, sweep, error);
	size_t i;

	if (status)
		return status;
	g->contract =
		(int)json_integer_value(json_object_get(sweep, "contract"));
	g->version = ut_heap_text(&g->heap, "%s", text_of(sweep, "undertone"));
	g->cells =
		ut_heap_take(&g->heap, g->plan.cell_count, sizeof(*g->cells));
	if (!g->cells)
		return no_memory(error);
	for (i = 0; i < g->plan.cell_count; ++i)
		g->cells[i].state = "waiting";
	return UT_OK;
}

static enum ut_status read_folder(struct ut_gathering *g, const char *folder,
				  struct ut_error *error)
{
	json_t *sweep = NULL;
	enum ut_status status = read_json(&sweep, folder, error);
	size_t i;

	if (!status) {
		status = g->cells ? compare(g, sweep, error)
				  : begin(g, sweep, error);
		if (!status)
			status = check_cells(&g->plan, sweep, error);
		if (status)
			ut_error_prefix(error, "%s/" UT_SWEEP_FILE, folder);
	}
	for (i = 0; !status && i < g->plan.cell_count; ++i)
		status = take_cell(
			g, i, folder,
			json_array_get(json_object_get(sweep, "cells"), i),
			error);
	json_decref(sweep);
	return status;
}

enum ut_status ut_gathering_read(struct ut_gathering *gathering,
				 const char *const *folders, size_t count,
				 struct ut_error *error)
{
	enum ut_status status = UT_OK;
	size_t i;

	*gathering = (struct ut_gathering){.folders = count};
	for (i = 0; i < count && !status; ++i)
		status = read_folder(gathering, folders[i], error);
	for (i = 0; !status && i < gathering->plan.cell_count; ++i)
		gathering->failed +=
			!strcmp(gathering->cells[i].state, "failed");
	if (!status && gathering->heap.failed)
		status = no_memory(error);
	return status;
}

void ut_gathering_release(struct ut_gathering *gathering)
{
	ut_sweep_plan_release(&gathering->plan);
	ut_heap_release(&gathering->heap);
	*gathering = (struct ut_gathering){0};
}
