/* sweep.json: what a sweep's folder was made for, and how far it is. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "base/file.h"
#include "base/lock.h"
#include "config.h"
#include "lab/json_file.h"
#include "lab/sweep_folder.h"

enum { FORMAT = 1 };

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory for the sweep");
}

static json_t *axes_json(const struct ut_sweep_plan *plan)
{
	json_t *axes = json_array();
	size_t i, j;

	for (i = 0; i < plan->axis_count; ++i) {
		json_t *values = json_array();

		for (j = 0; j < plan->axes[i].count; ++j)
			json_array_append_new(values,
					      json_string(
						      plan->axes[i].values[j]));
		json_array_append_new(axes, json_pack("{s:s, s:o}", "key",
						      plan->axes[i].key,
						      "values", values));
	}
	return axes;
}

static const char *state_name(enum ut_cell_state state)
{
	static const char *const names[] = {"waiting", "done", "failed"};

	return names[state];
}

static json_t *cell_json(const struct ut_sweep_plan *plan, size_t cell,
			 const struct ut_cell_status *status)
{
	const struct ut_sweep_cell *at = &plan->cells[cell];
	char hash[UT_FINGERPRINT_TEXT];
	json_t *overrides = json_object(), *object;
	size_t i;

	for (i = 0; i < plan->axis_count; ++i)
		json_object_set_new(overrides, plan->axes[i].key,
				    json_string(ut_sweep_value(plan, cell, i)));
	ut_fingerprint_text(plan->teachers[at->teacher].hash, hash);
	object =
		json_pack("{s:s+, s:o, s:s+, s:s}", "folder", "cells/",
			  at->name, "overrides", overrides, "teacher",
			  "teachers/", hash, "state",
			  state_name(status ? status->state : UT_CELL_WAITING));
	if (status && status->reason)
		json_object_set_new(object, "reason",
				    json_string(status->reason));
	return object;
}

/* NULL when memory runs out, or a text of the recipe is not UTF-8. */
static json_t *sweep_json(const struct ut_sweep_plan *plan,
			  const struct ut_cell_status *statuses)
{
	json_t *cells = json_array(), *sweep = NULL;
	struct ut_text recipe = {0};
	size_t i;

	for (i = 0; i < plan->cell_count; ++i)
		json_array_append_new(cells, cell_json(plan, i,
						       statuses ? &statuses[i]
								: NULL));
	ut_recipe_write(&plan->base, &recipe);
	if (!recipe.failed && json_array_size(cells) == plan->cell_count)
		sweep = json_pack("{s:i, s:s, s:i, s:s, s:s, s:o, s:O}",
				  "sweep", FORMAT, "undertone", UT_VERSION,
				  "contract", UT_CONTRACT, "name",
				  plan->base.name, "recipe",
				  ut_text_string(&recipe), "axes",
				  axes_json(plan), "cells", cells);
	json_decref(cells);
	ut_text_release(&recipe);
	return sweep;
}

enum ut_status ut_sweep_folder_write(const struct ut_sweep_plan *plan,
				     const char *out,
				     const struct ut_cell_status *statuses,
				     struct ut_error *error)
{
	char *path = ut_path_join(out, UT_SWEEP_FILE);
	json_t *sweep = sweep_json(plan, statuses);
	char *text = sweep ? json_dumps(sweep, JSON_INDENT(2)) : NULL;
	enum ut_status status;

	if (!path)
		status = no_memory(error);
	else if (!text)
		status = ut_error_set(error, UT_INVALID,
				      "cannot write %s: out of memory, or a "
				      "value that is not UTF-8",
				      path);
	else
		status = ut_file_write(path, text, strlen(text), error);
	json_decref(sweep);
	free(text);
	free(path);
	return status;
}

/* "1, 2, 5" */
static void append_values(struct ut_text *text, const json_t *values)
{
	size_t i;

	for (i = 0; i < json_array_size(values); ++i) {
		const char *value =
			json_string_value(json_array_get(values, i));

		ut_text_append(text, "%s%s", i ? "; " : "",
			       value ? value : "?");
	}
}

static void append_axes(struct ut_text *text, const json_t *axes)
{
	size_t i;

	for (i = 0; i < json_array_size(axes); ++i) {
		const json_t *axis = json_array_get(axes, i);
		const char *key =
			json_string_value(json_object_get(axis, "key"));

		ut_text_append(text, "%s%s = ", i ? ", " : "", key ? key : "?");
		append_values(text, json_object_get(axis, "values"));
	}
}

static enum ut_status compare_axes(const struct ut_sweep_plan *plan,
				   const json_t *there, struct ut_error *error)
{
	json_t *axes = axes_json(plan);
	struct ut_text theirs = {0}, ours = {0};
	enum ut_status status = UT_OK;

	if (!json_equal(axes, there)) {
		append_axes(&theirs, there);
		append_axes(&ours, axes);
		status = ut_error_set(error, UT_INVALID,
				      "its axes are others: %s there, %s here",
				      ut_text_string(&theirs),
				      ut_text_string(&ours));
	}
	ut_text_release(&theirs);
	ut_text_release(&ours);
	json_decref(axes);
	return status;
}

static enum ut_status compare_recipe(const struct ut_sweep_plan *plan,
				     const char *text, struct ut_error *error)
{
	struct ut_text difference = {0};
	enum ut_status status;
	struct ut_recipe recipe;

	ut_recipe_init(&recipe);
	status = ut_recipe_parse(&recipe, text, "its recipe", error);
	if (!status && !ut_sweep_same(plan, &recipe, &plan->base, &difference))
		status = ut_error_set(error, UT_INVALID,
				      "its recipe is another: %s",
				      ut_text_string(&difference));
	ut_text_release(&difference);
	return status;
}

static enum ut_status compare(const struct ut_sweep_plan *plan,
			      const json_t *there, struct ut_error *error)
{
	json_int_t contract =
		json_integer_value(json_object_get(there, "contract"));
	const char *version =
		json_string_value(json_object_get(there, "undertone"));
	const char *recipe =
		json_string_value(json_object_get(there, "recipe"));
	enum ut_status status;

	if (json_integer_value(json_object_get(there, "sweep")) != FORMAT ||
	    !version || !recipe)
		return ut_error_set(error, UT_CORRUPT, "not a sweep's file");
	if (contract != UT_CONTRACT)
		return ut_error_set(error, UT_INVALID,
				    "it was made under contract %lld, this is "
				    "contract %d",
				    (long long)contract, UT_CONTRACT);
	if (strcmp(version, UT_VERSION))
		return ut_error_set(error, UT_INVALID,
				    "it was made by undertone %s, this is %s",
				    version, UT_VERSION);
	status = compare_axes(plan, json_object_get(there, "axes"), error);
	return status ? status : compare_recipe(plan, recipe, error);
}

static enum ut_status check_file(const struct ut_sweep_plan *plan,
				 const char *out, const char *path,
				 struct ut_error *error)
{
	struct ut_error cause;
	enum ut_status status;
	json_t *there;

	status = ut_json_read(&there, path, "a sweep's file", error);
	if (status == UT_CORRUPT) {
		cause = *error;
		return ut_error_set(error, status,
				    "%s; without it, the sweep goes on with "
				    "the cells that are there",
				    cause.text);
	}
	if (status)
		return status;
	status = compare(plan, there, error);
	json_decref(there);
	if (status == UT_INVALID) {
		cause = *error;
		ut_error_set(error, status,
			     "%s is another sweep's: %s; choose another --out",
			     out, cause.text);
	} else if (status) {
		ut_error_prefix(error, "%s", path);
	}
	return status;
}

/* Nothing is in the folder, or only what a sweep puts there. */
static enum ut_status check_strange(const char *out, struct ut_error *error)
{
	static const char *const ours[] = {
		".",     "..",        "cells",   "teachers",
		"state", "sweep.csv", "figures", "report.html",
	};
	enum ut_status status = UT_OK;
	struct dirent *entry;
	DIR *stream = opendir(out);
	size_t i;

	if (!stream)
		return errno == ENOENT ? UT_OK
				       : ut_file_error(error, errno,
						       "cannot read %s", out);
	while (!status && (entry = readdir(stream))) {
		bool known = !strncmp(entry->d_name, "." UT_SWEEP_FILE ".",
				      sizeof(UT_SWEEP_FILE) + 1);

		for (i = 0; i < sizeof(ours) / sizeof(*ours) && !known; ++i)
			known = !strcmp(entry->d_name, ours[i]);
		if (!known)
			status = ut_error_set(error, UT_EXISTS,
					      "%s exists and is not the folder "
					      "of a sweep (no %s in it): "
					      "choose another --out",
					      out, UT_SWEEP_FILE);
	}
	closedir(stream);
	return status;
}

static enum ut_status make_rooms(const char *out, struct ut_error *error)
{
	static const char *const rooms[] = {"cells", "teachers", "state"};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sizeof(rooms) / sizeof(*rooms) && !status; ++i) {
		char *path = ut_path_join(out, rooms[i]);

		status = path ? ut_folder_make(path, error) : no_memory(error);
		free(path);
	}
	return status;
}

/* Checks what is there, and makes what is not. */
static enum ut_status begin(const struct ut_sweep_plan *plan, const char *out,
			    const char *path, struct ut_error *error)
{
	bool there = ut_file_exists(path);
	enum ut_status status;

	status = there ? check_file(plan, out, path, error)
		       : check_strange(out, error);
	if (!status)
		status = make_rooms(out, error);
	if (!status && !there)
		status = ut_sweep_folder_write(plan, out, NULL, error);
	return status;
}

/* One process at a time: several may begin the same sweep together. */
enum ut_status ut_sweep_folder_begin(const struct ut_sweep_plan *plan,
				     const char *out, struct ut_error *error)
{
	char *path = ut_path_join(out, UT_SWEEP_FILE);
	char *lock_path = ut_path_join(out, "." UT_SWEEP_FILE ".lock");
	enum ut_status status = UT_OK;
	struct ut_lock lock = {0};
	bool taken = false;

	if (!path || !lock_path)
		status = no_memory(error);
	if (!status)
		status = ut_folder_make(out, error);
	while (!status && !taken) {
		status = ut_lock_try(&lock, lock_path, &taken, error);
		if (!status && !taken)
			ut_lock_pause();
	}
	if (!status)
		status = begin(plan, out, path, error);
	ut_lock_open(&lock);
	free(lock_path);
	free(path);
	return status;
}
