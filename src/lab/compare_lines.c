/* What child processes of compare wrote: milestones and traces. */
#include "lab/compare_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/compare_child.h"

static FILE *open_lines(const char *folder, struct ut_error *error)
{
	char *path = ut_path_join(folder, UT_COMPARE_LINES);
	FILE *file = path ? fopen(path, "r") : NULL;

	if (!path)
		ut_error_set(error, UT_MEMORY, "out of memory");
	else if (!file)
		ut_file_error(error, errno, "cannot read %s", path);
	free(path);
	return file;
}

/* A line that is one whole object; NULL for any other. */
static json_t *parse(const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

const char *ut_compare_word(const json_t *line, const char *name)
{
	const char *word = json_string_value(json_object_get(line, name));

	return word ? word : "";
}

static int64_t number_of(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

enum ut_status ut_compare_read(const char *folder, const char *kind,
			       json_t **lines, struct ut_error *error)
{
	FILE *file = open_lines(folder, error);
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	*lines = NULL;
	if (!file)
		return error->status;
	*lines = json_array();
	while ((length = getline(&line, &room, file)) > 0) {
		json_t *object = parse(line, (size_t)length);

		if (!kind || !strcmp(ut_compare_word(object, "kind"), kind))
			json_array_append(*lines, object);
		json_decref(object);
	}
	free(line);
	fclose(file);
	return UT_OK;
}

const json_t *ut_compare_line(const json_t *lines, const char *kind)
{
	size_t i;

	for (i = 0; i < json_array_size(lines); ++i) {
		const json_t *line = json_array_get(lines, i);

		if (!strcmp(ut_compare_word(line, "kind"), kind))
			return line;
	}
	return NULL;
}

/* Milestones --------------------------------------------------------------- */

static bool is_milestone(const json_t *line)
{
	return !strcmp(ut_compare_word(line, "kind"), "milestone");
}

/* What a milestone has of a replica of all; NULL where it is another's. */
static const json_t *of_replica(const json_t *line, int64_t replica)
{
	int64_t r = replica - number_of(line, "first");

	return r < 0 ? NULL
		     : json_array_get(json_object_get(line, "replicas"),
				      (size_t)r);
}

/* The same milestone of a replica in the other's lines, or NULL. */
static const json_t *find(const json_t *lines, const json_t *like,
			  int64_t replica)
{
	size_t i;

	for (i = 0; i < json_array_size(lines); ++i) {
		const json_t *line = json_array_get(lines, i);

		if (is_milestone(line) &&
		    json_equal(json_object_get(line, "phase"),
			       json_object_get(like, "phase")) &&
		    json_equal(json_object_get(line, "epoch"),
			       json_object_get(like, "epoch")) &&
		    json_equal(json_object_get(line, "measured"),
			       json_object_get(like, "measured")) &&
		    of_replica(line, replica))
			return of_replica(line, replica);
	}
	return NULL;
}

/* The first of a replica's values that differs, or NULL. */
static const char *difference(const json_t *mine, const json_t *theirs)
{
	static const char *const names[] = {"fingerprint", "loss", "accuracy"};
	size_t i;

	if (!theirs)
		return "end";
	for (i = 0; i < sizeof(names) / sizeof(*names); ++i)
		if (!json_equal(json_array_get(mine, i),
				json_array_get(theirs, i)))
			return names[i];
	return NULL;
}

static bool find_phase(const char *name, enum ut_condition *phase)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		if (!strcmp(name, ut_condition_name(c))) {
			*phase = c;
			return true;
		}
	return false;
}

static bool set_place(struct ut_parting *parting, const json_t *line,
		      int64_t replica, const char *what)
{
	if (!find_phase(ut_compare_word(line, "phase"), &parting->phase))
		return false;
	parting->placed = true;
	parting->epoch = (uint64_t)number_of(line, "epoch");
	parting->measured = json_is_true(json_object_get(line, "measured"));
	parting->replica = (size_t)replica;
	snprintf(parting->what, sizeof(parting->what), "%s", what);
	return true;
}

/* A run that failed has no more milestones: the next is where it parts. */
static bool parts_at_end(const json_t *reference, const json_t *device,
			 uint64_t passed, struct ut_compare_milestone *where,
			 struct ut_parting *parting)
{
	size_t i;

	if (ut_compare_line(device, "done"))
		return false;
	for (i = 0; i < json_array_size(reference); ++i) {
		const json_t *line = json_array_get(reference, i);
		int64_t replica = number_of(line, "first");

		if (!is_milestone(line) || find(device, line, replica))
			continue;
		where->number = passed;
		return set_place(parting, line, replica, "end");
	}
	return false;
}

bool ut_compare_milestones(const json_t *reference, const json_t *device,
			   struct ut_compare_milestone *milestone,
			   struct ut_parting *parting)
{
	uint64_t passed = 0;
	size_t i, r;

	*milestone = (struct ut_compare_milestone){0};
	for (i = 0; i < json_array_size(device); ++i) {
		const json_t *line = json_array_get(device, i);
		const json_t *replicas = json_object_get(line, "replicas");
		int64_t first = number_of(line, "first");

		if (!is_milestone(line))
			continue;
		if (!milestone->group)
			milestone->group = (unsigned)json_array_size(replicas);
		for (r = 0; r < json_array_size(replicas); ++r) {
			int64_t replica = first + (int64_t)r;
			const char *what =
				difference(json_array_get(replicas, r),
					   find(reference, line, replica));

			milestone->number = passed;
			if (what)
				return set_place(parting, line, replica, what);
		}
		++passed;
	}
	return parts_at_end(reference, device, passed, milestone, parting);
}

/* Traces ------------------------------------------------------------------- */

/* The next line of an operation; NULL at the end. Release it. */
static json_t *next_op(FILE *file, char **line, size_t *room)
{
	ssize_t length;

	while ((length = getline(line, room, file)) > 0) {
		json_t *object;

		if (strncmp(*line, "{\"kind\":\"op\"", 12))
			continue;
		object = parse(*line, (size_t)length);
		if (object)
			return object;
	}
	return NULL;
}

static void copy_word(char *to, size_t size, const json_t *line,
		      const char *name)
{
	snprintf(to, size, "%s", ut_compare_word(line, name));
}

/* Sets what the line says; the replica is the first whose digest differs. */
static void set_traced(struct ut_parting *parting, const json_t *line,
		       const json_t *other)
{
	const json_t *mine = json_object_get(line, "digests");
	const json_t *theirs = json_object_get(other, "digests");
	size_t r = 0;

	while (r + 1 < json_array_size(mine) &&
	       json_equal(json_array_get(mine, r), json_array_get(theirs, r)))
		++r;
	parting->traced = true;
	find_phase(ut_compare_word(line, "phase"), &parting->phase);
	parting->epoch = (uint64_t)number_of(line, "epoch");
	parting->step = (uint64_t)number_of(line, "step");
	parting->at = (uint64_t)number_of(line, "at");
	parting->replica = (size_t)number_of(line, "first") + r;
	copy_word(parting->stage, sizeof(parting->stage), line, "stage");
	copy_word(parting->op, sizeof(parting->op), line, "op");
	copy_word(parting->of, sizeof(parting->of), line, "of");
	copy_word(parting->output, sizeof(parting->output), line, "output");
}

/* Whether two lines are of the same output of the same operation. */
static bool same_output(const json_t *a, const json_t *b)
{
	static const char *const members[] = {"n", "op", "of", "output"};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(*members); ++i)
		if (!json_equal(json_object_get(a, members[i]),
				json_object_get(b, members[i])))
			return false;
	return true;
}

static enum ut_status first_difference(FILE *const files[2],
				       struct ut_parting *parting,
				       uint64_t *number, struct ut_error *error)
{
	char *lines[2] = {NULL, NULL};
	size_t rooms[2] = {0, 0};
	json_t *ops[2];
	enum ut_status status = UT_OK;
	bool same = true;
	int i;

	while (!status && same) {
		for (i = 0; i < 2; ++i)
			ops[i] = next_op(files[i], &lines[i], &rooms[i]);
		if (!ops[0] || !ops[1])
			status = ut_error_set(
				error, UT_MISSING,
				"they did not part when it was repeated");
		else if (!same_output(ops[0], ops[1]))
			status = ut_error_set(
				error, UT_CORRUPT,
				"they do not do the same operations");
		else
			same = json_equal(ops[0], ops[1]);
		if (!status && !same) {
			*number = (uint64_t)number_of(ops[1], "n");
			set_traced(parting, ops[1], ops[0]);
		}
		json_decref(ops[0]);
		json_decref(ops[1]);
	}
	free(lines[0]);
	free(lines[1]);
	return status;
}

enum ut_status ut_compare_traces(const char *reference, const char *device,
				 struct ut_parting *parting, uint64_t *number,
				 struct ut_error *error)
{
	FILE *files[2];
	enum ut_status status;

	files[0] = open_lines(reference, error);
	files[1] = files[0] ? open_lines(device, error) : NULL;
	status = files[1] ? first_difference(files, parting, number, error)
			  : error->status;
	if (files[0])
		fclose(files[0]);
	if (files[1])
		fclose(files[1]);
	return status;
}
