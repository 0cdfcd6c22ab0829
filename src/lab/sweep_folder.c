/* A run of a sweep in its folder: whole, broken, failed or not there. */
#include "lab/sweep_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <undertone/version.h>

#include "base/file.h"
#include "config.h"
#include "lab/receipt.h"

enum { NOTE_LIMIT = 1 << 16, RECEIPT_LIMIT = 64 << 20 };

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory for the sweep");
}

/* "out/room/name.end" */
static char *path_of(const char *out, const char *room, const char *name,
		     const char *end)
{
	size_t bytes = strlen(out) + strlen(room) + strlen(name) + 16;
	char *path = malloc(bytes);

	if (path)
		snprintf(path, bytes, "%s/%s/%s%s", out, room, name, end);
	return path;
}

static enum ut_status init(struct ut_sweep_entry *entry, const char *out,
			   const char *room, const char *name,
			   struct ut_error *error)
{
	entry->folder = path_of(out, room, name, "");
	entry->note = path_of(out, "state", name, ".json");
	entry->lock = path_of(out, "state", name, ".lock");
	return entry->folder && entry->note && entry->lock ? UT_OK
							   : no_memory(error);
}

enum ut_status ut_sweep_entry_cell(struct ut_sweep_entry *entry,
				   const struct ut_sweep_plan *plan,
				   const char *out, size_t cell,
				   struct ut_error *error)
{
	*entry = (struct ut_sweep_entry){.plan = plan};
	ut_sweep_cell_recipe(plan, cell, &entry->recipe);
	return init(entry, out, "cells", plan->cells[cell].name, error);
}

enum ut_status ut_sweep_entry_teacher(struct ut_sweep_entry *entry,
				      const struct ut_sweep_plan *plan,
				      const char *out, size_t teacher,
				      struct ut_error *error)
{
	char name[UT_FINGERPRINT_TEXT];

	*entry = (struct ut_sweep_entry){.plan = plan};
	ut_sweep_teacher_recipe(plan, teacher, &entry->recipe);
	ut_fingerprint_text(plan->teachers[teacher].hash, name);
	return init(entry, out, "teachers", name, error);
}

void ut_sweep_entry_release(struct ut_sweep_entry *entry)
{
	free(entry->folder);
	free(entry->note);
	free(entry->lock);
	*entry = (struct ut_sweep_entry){0};
}

/* The note, or NULL where there is none that can be read. */
static json_t *read_note(const struct ut_sweep_entry *entry)
{
	json_t *note = NULL;
	struct ut_error error;
	char *text;
	size_t bytes;

	if (ut_file_read(entry->note, NOTE_LIMIT, &text, &bytes, &error))
		return NULL;
	note = json_loadb(text, bytes, 0, NULL);
	free(text);
	return note;
}

/* Takes the reference to the note. */
static enum ut_status write_note(const struct ut_sweep_entry *entry,
				 json_t *note, struct ut_error *error)
{
	char *text = note ? json_dumps(note, JSON_INDENT(2)) : NULL;
	enum ut_status status;

	status = text ? ut_file_write(entry->note, text, strlen(text), error)
		      : no_memory(error);
	free(text);
	json_decref(note);
	return status;
}

/* The print of a receipt's bytes. */
static enum ut_status print_receipt(const struct ut_sweep_entry *entry,
				    char print[UT_FINGERPRINT_TEXT],
				    struct ut_error *error)
{
	char *path = ut_path_join(entry->folder, UT_RECEIPT_FILE), *data;
	struct ut_fingerprinter all;
	enum ut_status status;
	size_t bytes;

	if (!path)
		return no_memory(error);
	status = ut_file_read(path, RECEIPT_LIMIT, &data, &bytes, error);
	free(path);
	if (status)
		return status;
	ut_fingerprint_init(&all);
	ut_fingerprint_update(&all, data, bytes);
	free(data);
	ut_fingerprint_text(ut_fingerprint_finish(&all), print);
	return UT_OK;
}

enum ut_status ut_sweep_entry_seal(const struct ut_sweep_entry *entry,
				   struct ut_error *error)
{
	char print[UT_FINGERPRINT_TEXT];
	enum ut_status status = print_receipt(entry, print, error);

	if (status)
		return status;
	return write_note(entry,
			  json_pack("{s:s, s:s}", "state", "done",
				    "receipt_xxh3_128", print),
			  error);
}

enum ut_status ut_sweep_entry_fail(const struct ut_sweep_entry *entry,
				   bool again, const char *reason,
				   struct ut_error *error)
{
	/* a name of a file may be in it, which need not be UTF-8 */
	if (!ut_text_is_utf8(reason))
		reason = "a reason that is not UTF-8";
	return write_note(entry,
			  json_pack("{s:s, s:b, s:s}", "state", "failed",
				    "again", again, "reason", reason),
			  error);
}

static enum ut_status check_recipe(const struct ut_sweep_entry *entry,
				   struct ut_error *error)
{
	struct ut_text difference = {0};
	struct ut_recipe recipe;
	enum ut_status status;

	status = ut_recipe_load_run(&recipe, entry->folder, error);
	if (!status &&
	    !ut_sweep_same(entry->plan, &recipe, &entry->recipe, &difference))
		status = ut_error_set(error, UT_CORRUPT,
				      "%s/recipe.ini is of another cell: %s",
				      entry->folder,
				      ut_text_string(&difference));
	ut_text_release(&difference);
	return status;
}

/* Every condition's accuracies are there, and can be such. */
static enum ut_status check_scores(const struct ut_sweep_entry *entry,
				   const json_t *receipt,
				   struct ut_error *error)
{
	size_t count = entry->recipe.replicas, r;
	double *values = calloc(count, sizeof(*values));
	enum ut_status status = values ? UT_OK : no_memory(error);
	int c;

	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		if (!(entry->recipe.conditions & 1u << c))
			continue;
		status =
			ut_receipt_accuracies(receipt, c, count, values, error);
		for (r = 0; r < count && !status; ++r)
			if (!(values[r] >= 0 && values[r] <= 1))
				status = ut_error_set(
					error, UT_CORRUPT,
					"the receipt's accuracy of %s, replica "
					"%zu, is none",
					ut_condition_name(c), r);
	}
	free(values);
	return status;
}

static enum ut_status check_version(const json_t *receipt,
				    struct ut_error *error)
{
	const char *version =
		json_string_value(json_object_get(receipt, "undertone"));
	json_int_t contract =
		json_integer_value(json_object_get(receipt, "contract"));

	if (!version || strcmp(version, UT_VERSION) || contract != UT_CONTRACT)
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt is of undertone %s, contract "
				    "%lld, not of %s, contract %d",
				    version ? version : "unknown",
				    (long long)contract, UT_VERSION,
				    UT_CONTRACT);
	return UT_OK;
}

static enum ut_status check_receipt(const struct ut_sweep_entry *entry,
				    struct ut_error *error)
{
	struct ut_text prints = {0};
	json_t *receipt = NULL;
	enum ut_status status;

	status = ut_receipt_read(&receipt, entry->folder, error);
	if (!status)
		status = check_version(receipt, error);
	if (!status)
		status = check_scores(entry, receipt, error);
	if (!status)
		status = ut_receipt_prints(receipt, &prints, error);
	ut_text_release(&prints);
	json_decref(receipt);
	return status;
}

/* The receipt is as it was when the run ended; *sealed: that was noted. */
static enum ut_status check_seal(const struct ut_sweep_entry *entry,
				 bool *sealed, struct ut_error *error)
{
	json_t *note = read_note(entry);
	const char *noted =
		json_string_value(json_object_get(note, "receipt_xxh3_128"));
	char print[UT_FINGERPRINT_TEXT];
	enum ut_status status = UT_OK;

	*sealed = noted;
	if (noted)
		status = print_receipt(entry, print, error);
	if (noted && !status && strcmp(print, noted))
		status = ut_error_set(error, UT_CORRUPT,
				      "the receipt was edited after the run");
	json_decref(note);
	return status;
}

static enum ut_status check_whole(const struct ut_sweep_entry *entry,
				  struct ut_error *error)
{
	char *metrics = ut_path_join(entry->folder, "metrics.csv");
	enum ut_status status = metrics ? UT_OK : no_memory(error);
	struct ut_error cause;
	bool sealed = false;

	if (!status)
		status = check_recipe(entry, error);
	if (!status)
		status = check_receipt(entry, error);
	if (!status && !ut_file_exists(metrics))
		status = ut_error_set(error, UT_MISSING, "no metrics.csv");
	if (!status)
		status = check_seal(entry, &sealed, error);
	free(metrics);
	if (status && status != UT_MEMORY) {
		cause = *error;
		return ut_error_set(error, UT_CORRUPT,
				    "%s is broken: %s; --force makes it anew",
				    entry->folder, cause.text);
	}
	if (status)
		return status;
	/* whoever made it may have died before noting that */
	return sealed ? UT_OK : ut_sweep_entry_seal(entry, error);
}

enum ut_status ut_sweep_entry_look(const struct ut_sweep_entry *entry,
				   struct ut_cell_status *status,
				   struct ut_error *error)
{
	enum ut_status broken;
	const char *reason;
	json_t *note;

	*status = (struct ut_cell_status){.state = UT_CELL_WAITING};
	if (ut_file_exists(entry->folder)) {
		broken = check_whole(entry, error);
		if (!broken)
			status->state = UT_CELL_DONE;
		return broken;
	}
	note = read_note(entry);
	reason = json_string_value(json_object_get(note, "reason"));
	if (reason && json_is_false(json_object_get(note, "again"))) {
		status->state = UT_CELL_FAILED;
		status->reason = strdup(reason);
	}
	json_decref(note);
	return UT_OK;
}

enum ut_status ut_sweep_entry_clear(const struct ut_sweep_entry *entry,
				    struct ut_error *error)
{
	struct ut_text checkpoint = {0};
	enum ut_status status;

	if (unlink(entry->note) && errno != ENOENT)
		return ut_file_error(error, errno, "cannot remove %s",
				     entry->note);
	ut_text_append(&checkpoint, "%s.checkpoint", entry->folder);
	status = checkpoint.failed
			 ? no_memory(error)
			 : ut_folder_remove(ut_text_string(&checkpoint), error);
	ut_text_release(&checkpoint);
	return status ? status : ut_folder_remove(entry->folder, error);
}
