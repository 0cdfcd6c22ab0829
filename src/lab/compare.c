/* One recipe on several devices, each in child processes. */
#include "lab/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "lab/compare_child.h"
#include "lab/compare_lines.h"

/* A comparison under way. */
struct work {
	struct ut_compare *compare;
	char *folder;     /* for everything; removed at the end */
	json_t **lines;   /* (rows) of their runs, or NULL */
	size_t reference; /* row */
	size_t row;       /* the child's */
	const char *doing;
};

/* Children ----------------------------------------------------------------- */

static void take_line(void *user, const char *line)
{
	const struct work *work = user;
	double share;

	if (!work->compare->progress || !ut_parse_double(line, 0, 1, &share))
		return;
	work->compare->progress(work->compare->user, work->row, work->doing,
				share);
}

static bool ask_stop(void *user)
{
	const struct ut_compare *compare = ((const struct work *)user)->compare;

	return compare->stop && compare->stop(compare->user);
}

/* The last line of a text, without what could steer a terminal. */
static void last_line(char *text, char *to, size_t size)
{
	char *end = text + strlen(text), *c;

	while (end > text && (unsigned char)end[-1] <= ' ')
		--end;
	*end = '\0';
	while (end > text && end[-1] != '\n')
		--end;
	for (c = end; *c; ++c)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (!strncmp(end, "undertone: ", 11))
		end += 11;
	snprintf(to, size, "%s", end);
	/* the cut may have been in the middle of a letter */
	while (!ut_text_is_utf8(to))
		to[strlen(to) - 1] = '\0';
}

/* How a child ended that did not end well, with its last words. */
static void complain(const struct ut_compare *compare, const char *folder,
		     const struct ut_process_outcome *outcome, char *text,
		     size_t size)
{
	char last[UT_COMPARE_TEXT / 2] = "", *words = NULL;
	char *path = ut_path_join(folder, "words");
	const char *between;
	size_t bytes;

	if (path && !ut_file_read(path, 1 << 20, &words, &bytes, NULL))
		last_line(words, last, sizeof(last));
	free(words);
	free(path);
	between = *last ? ": " : "";
	if (outcome->end == UT_PROCESS_SILENT)
		snprintf(text, size, "no sign of life for %.3g s%s%s",
			 compare->silence, between, last);
	else if (outcome->end == UT_PROCESS_DIED)
		snprintf(text, size, "died of signal %d (%s)%s%s",
			 outcome->code, strsignal(outcome->code), between,
			 last);
	else if (*last)
		snprintf(text, size, "%s", last);
	else
		snprintf(text, size, "ended with status %d", outcome->code);
}

/* Its folder, with the recipe, of so many replicas side by side if not 0. */
static enum ut_status prepare(const struct work *work, const char *folder,
			      unsigned group, struct ut_error *error)
{
	struct ut_recipe recipe = *work->compare->recipe;
	struct ut_text text = {0};
	char *path = ut_path_join(folder, "recipe.ini");
	enum ut_status status;

	if (group)
		recipe.group = group;
	ut_recipe_write(&recipe, &text);
	if (!path || text.failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	else
		status = ut_folder_make(folder, error);
	if (!status)
		status = ut_file_write(path, ut_text_string(&text), text.length,
				       error);
	ut_text_release(&text);
	free(path);
	return status;
}

/* Does a task; words gets what went wrong with it, or "". */
static enum ut_status do_task(struct work *work,
			      const struct ut_compare_task *task,
			      unsigned group, char words[UT_COMPARE_TEXT],
			      struct ut_error *error)
{
	static const char *const works[] = {"run", "trace", "dump"};
	const struct ut_compare *compare = work->compare;
	char *complaint = ut_path_join(task->folder, "words");
	char milestone[32], output[32], replica[32];
	const char *arguments[] = {compare->program, "compare",
				   "@child",         works[task->work],
				   task->folder,     task->device,
				   milestone,        output,
				   replica,          NULL};
	struct ut_process process = {
		.program = compare->program,
		.words = arguments,
		.complaint = complaint,
		.silence = compare->silence,
		.user = work,
		.line = take_line,
		.stop = ask_stop,
	};
	struct ut_process_outcome outcome = {UT_PROCESS_EXITED, 0};
	enum ut_status status;

	snprintf(milestone, sizeof(milestone), "%llu",
		 (unsigned long long)task->milestone);
	snprintf(output, sizeof(output), "%llu",
		 (unsigned long long)task->output);
	snprintf(replica, sizeof(replica), "%zu", task->replica);
	words[0] = '\0';
	status = complaint ? prepare(work, task->folder, group, error)
			   : ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_process_run(&process, &outcome, error);
	if (!status && (outcome.end != UT_PROCESS_EXITED || outcome.code))
		complain(compare, task->folder, &outcome, words,
			 UT_COMPARE_TEXT);
	free(complaint);
	return status;
}

static void tell(struct work *work, size_t row, const char *doing)
{
	const struct ut_compare *compare = work->compare;

	work->row = row;
	work->doing = doing;
	if (compare->progress)
		compare->progress(compare->user, row, doing, -1);
}

/* "FOLDER/NAME-ROW"; the caller's, NULL when memory ran out. */
static char *folder_of(const struct work *work, const char *name, size_t row)
{
	char text[64];

	snprintf(text, sizeof(text), "%s-%zu", name, row);
	return ut_path_join(work->folder, text);
}

/* Runs --------------------------------------------------------------------- */

static void copy_word(char *to, const json_t *line, const char *name)
{
	snprintf(to, UT_COMPARE_TEXT, "%s", ut_compare_word(line, name));
}

/* The first line of what a run that failed said; else words stay. */
static void take_failure(struct ut_compare_row *row, const json_t *lines)
{
	const char *text =
		ut_compare_word(ut_compare_line(lines, "failed"), "text");
	size_t length = strcspn(text, "\n");
	char *line;

	if (!length)
		return;
	line = malloc(length + 1);
	if (line) {
		memcpy(line, text, length);
		line[length] = '\0';
		last_line(line, row->words, sizeof(row->words));
	}
	free(line);
}

static void take_run(struct ut_compare_row *row, const json_t *lines)
{
	const json_t *device = ut_compare_line(lines, "device");
	const json_t *done = ut_compare_line(lines, "done");
	const json_t *accuracy = json_object_get(done, "accuracy");
	int c;

	copy_word(row->name, device, "name");
	copy_word(row->platform, device, "platform");
	copy_word(row->driver, device, "driver");
	copy_word(row->level, device, "level");
	copy_word(row->flaw, device, "flaw");
	row->bit_exact = json_is_true(json_object_get(device, "bit_exact"));
	row->finished = done && !*row->words;
	take_failure(row, lines);
	row->seconds = json_number_value(json_object_get(done, "seconds"));
	row->flop = json_number_value(json_object_get(done, "flop"));
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const json_t *mean =
			json_object_get(accuracy, ut_condition_name(c));

		row->accuracy[c] = mean ? json_number_value(mean) : -1;
	}
}

static enum ut_status run_row(struct work *work, size_t i,
			      struct ut_error *error)
{
	struct ut_compare_row *row = &work->compare->rows[i];
	char *folder = folder_of(work, "run", i);
	enum ut_status status;

	tell(work, i, "run");
	status = folder ? do_task(work,
				  &(struct ut_compare_task){
					  .work = UT_COMPARE_RUN,
					  .folder = folder,
					  .device = row->selector,
				  },
				  0, row->words, error)
			: ut_error_set(error, UT_MEMORY, "out of memory");
	/* one that died at once has no lines, which is its row's matter */
	if (!status)
		ut_compare_read(folder, NULL, &work->lines[i],
				&(struct ut_error){0});
	if (!status)
		take_run(row, work->lines[i]);
	free(folder);
	return status;
}

/* Where they part ---------------------------------------------------------- */

/* The reference's and the row's child at the same task, one after another. */
static enum ut_status do_both(struct work *work, struct ut_compare_task task,
			      unsigned group, size_t row, char *folders[2],
			      struct ut_error *error)
{
	const size_t rows[2] = {work->reference, row};
	struct ut_parting *parting = &work->compare->rows[row].parting;
	const char *needed = task.work == UT_COMPARE_TRACE ? NULL : "tensor";
	enum ut_status status = UT_OK;
	char words[UT_COMPARE_TEXT];
	json_t *lines;
	int i;

	for (i = 0; i < 2 && !status && !*parting->note; ++i) {
		tell(work, rows[i],
		     task.work == UT_COMPARE_TRACE ? "trace" : "look");
		task.folder = folders[i];
		task.device = work->compare->rows[rows[i]].selector;
		status = do_task(work, &task, group, words, error);
		/* a run whose numbers are not finite ends early, and well */
		if (status || !*words)
			continue;
		if (ut_compare_read(folders[i], needed, &lines,
				    &(struct ut_error){0}) ||
		    !json_array_size(lines))
			snprintf(parting->note, sizeof(parting->note),
				 "nothing more is known: %.400s", words);
		json_decref(lines);
	}
	return status;
}

static enum ut_status look_closer(struct work *work, size_t row,
				  const struct ut_compare_milestone *milestone,
				  char *folders[2], struct ut_error *error)
{
	struct ut_parting *parting = &work->compare->rows[row].parting;
	struct ut_compare_task task = {
		.work = UT_COMPARE_TRACE,
		.milestone = milestone->number,
	};
	struct ut_error why = {0};
	enum ut_status status;

	status = do_both(work, task, milestone->group, row, folders, error);
	if (status || *parting->note)
		return status;
	if (!ut_compare_traces(folders[0], folders[1], parting, &task.output,
			       &why)) {
		task.work = UT_COMPARE_DUMP;
		task.replica = parting->replica;
		status = do_both(work, task, milestone->group, row, folders,
				 error);
		if (!status && !*parting->note)
			ut_compare_dumps(folders[0], folders[1], parting, &why);
	}
	if (why.status)
		snprintf(parting->note, sizeof(parting->note), "%.500s",
			 why.text);
	return status;
}

static enum ut_status find_parting(struct work *work, size_t row,
				   const struct ut_compare_milestone *milestone,
				   struct ut_error *error)
{
	char *folders[2] = {folder_of(work, "reference", row),
			    folder_of(work, "device", row)};
	enum ut_status status;

	status = folders[0] && folders[1]
			 ? look_closer(work, row, milestone, folders, error)
			 : ut_error_set(error, UT_MEMORY, "out of memory");
	free(folders[0]);
	free(folders[1]);
	return status;
}

/* Whether the run ended by itself because its numbers were not finite. */
static bool is_nonfinite(const json_t *lines)
{
	const json_t *failed = ut_compare_line(lines, "failed");

	return json_integer_value(json_object_get(failed, "status")) ==
	       UT_NONFINITE;
}

static enum ut_status judge(struct work *work, size_t i, struct ut_error *error)
{
	struct ut_compare_row *row = &work->compare->rows[i];
	const json_t *mine = work->lines[i];
	const json_t *reference = work->lines[work->reference];
	struct ut_compare_milestone milestone;

	row->verdict = UT_COMPARE_FAILED;
	if (!row->finished && !is_nonfinite(mine))
		return UT_OK;
	if (ut_compare_milestones(reference, mine, &milestone, &row->parting)) {
		row->verdict = UT_COMPARE_PARTED;
		return find_parting(work, i, &milestone, error);
	}
	/* two that fail alike have the same bits, and no results */
	if (row->finished)
		row->verdict = UT_COMPARE_SAME;
	return UT_OK;
}

/* The first that finished; or count. */
static size_t choose_reference(const struct work *work)
{
	const struct ut_compare *compare = work->compare;
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].finished)
			return i;
	return compare->count;
}

static enum ut_status compare_rows(struct work *work, struct ut_error *error)
{
	struct ut_compare *compare = work->compare;
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < compare->count && !status; ++i)
		status = run_row(work, i, error);
	if (status)
		return status;
	work->reference = choose_reference(work);
	for (i = 0; i < compare->count && !status; ++i)
		if (work->reference == compare->count)
			compare->rows[i].verdict = UT_COMPARE_FAILED;
		else if (i == work->reference)
			compare->rows[i].verdict = UT_COMPARE_REFERENCE;
		else
			status = judge(work, i, error);
	return status;
}

/* The whole ---------------------------------------------------------------- */

/* A folder of its own where temporary files go. */
static enum ut_status make_folder(struct work *work, const char *temporary,
				  struct ut_error *error)
{
	work->folder = ut_path_join(temporary, "undertone-compare-XXXXXX");
	if (!work->folder)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (mkdtemp(work->folder))
		return UT_OK;
	ut_error_set(error, UT_IO, "cannot make a folder in %s", temporary);
	free(work->folder);
	work->folder = NULL;
	return UT_IO;
}

enum ut_status ut_compare_run(struct ut_compare *compare,
			      struct ut_error *error)
{
	struct work work = {
		.compare = compare,
		.lines = calloc(compare->count, sizeof(*work.lines)),
	};
	enum ut_status status;
	size_t i;

	status = work.lines ? ut_recipe_check(compare->recipe, error)
			    : ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = make_folder(&work, compare->temporary, error);
	if (!status)
		status = compare_rows(&work, error);
	if (work.folder)
		ut_folder_remove(work.folder, &(struct ut_error){0});
	free(work.folder);
	for (i = 0; work.lines && i < compare->count; ++i)
		json_decref(work.lines[i]);
	free(work.lines);
	return status;
}

bool ut_compare_same(const struct ut_compare *compare)
{
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].verdict != UT_COMPARE_REFERENCE &&
		    compare->rows[i].verdict != UT_COMPARE_SAME)
			return false;
	return true;
}
