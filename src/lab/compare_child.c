/* What a child process of compare does: a run, watched. */
#include "lab/compare_child.h"

#include <jansson.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>

#include <undertone/trace.h>

#include "base/file.h"
#include "lab/run.h"

/* Places of a run; those of the others are in the names of struct ut_stage. */
static const char *const stage_names[] = {"prepare", "step",    "look",
					  "record",  "measure", "measured"};

struct child {
	const struct ut_compare_task *task;
	const struct ut_observer *caller;
	FILE *lines;
	struct ut_stage place; /* where the run is */
	uint64_t milestones;   /* passed */
	uint64_t at, outputs;  /* operations of the stage, outputs of all */
	void *bytes;           /* of a part of a buffer */
	size_t room;
	bool tracing, dumped, over;
	uint64_t updates, next_arena; /* since the output that was dumped */
	struct ut_slice weights;      /* what was updated last */
	unsigned R;                   /* replicas of it */
	struct ut_error failure;      /* of what cannot say so: latched */
};

/* Lines -------------------------------------------------------------------- */

/* Takes the object, which is NULL where memory ran out. */
static void put(struct child *child, json_t *object)
{
	if (!object || json_dumpf(object, child->lines, JSON_COMPACT) ||
	    fputc('\n', child->lines) == EOF)
		if (!child->failure.status)
			ut_error_set(&child->failure, UT_IO,
				     "cannot write %s/" UT_COMPARE_LINES,
				     child->task->folder);
	json_decref(object);
}

static json_t *number_json(double number)
{
	char text[40];

	snprintf(text, sizeof(text), "%a", number);
	return json_string(text);
}

/* What a replica is at a milestone: [fingerprint, loss, accuracy]. */
static json_t *replica_json(const struct ut_stage *stage, size_t r)
{
	const struct ut_results *results = stage->results;
	const struct ut_phase *phase = &results->phases[stage->phase];
	char print[UT_FINGERPRINT_TEXT] = "";
	const struct ut_point *point;

	if (stage->kind == UT_STAGE_MEASURED)
		return json_pack(
			"[s, s, o]", "", "",
			number_json(results->scores[stage->phase].accuracy[r]));
	point = phase->points + stage->epoch * results->replicas + r;
	ut_fingerprint_text(point->print, print);
	return json_pack("[s, o, o]", print, number_json(point->loss),
			 number_json(point->accuracy));
}

static void put_milestone(struct child *child, const struct ut_stage *stage)
{
	json_t *replicas = json_array();
	unsigned r;

	for (r = 0; r < stage->replicas; ++r)
		json_array_append_new(replicas,
				      replica_json(stage, stage->first + r));
	put(child,
	    json_pack("{s:s, s:s, s:I, s:b, s:i, s:o}", "kind", "milestone",
		      "phase", ut_condition_name(stage->phase), "epoch",
		      (json_int_t)stage->epoch, "measured",
		      stage->kind == UT_STAGE_MEASURED, "first",
		      (int)stage->first, "replicas", replicas));
	fflush(child->lines);
}

static void put_device(void *user, const struct ut_device_info *device,
		       const struct ut_dataset *data)
{
	struct child *child = user;

	(void)data;
	put(child,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "kind", "device",
		      "name", device->name, "platform", device->platform,
		      "driver", device->driver, "level", device->level,
		      "bit_exact", device->bit_exact, "flaw", device->flaw));
	fflush(child->lines);
}

static void put_failure(struct child *child, const struct ut_error *error)
{
	json_t *text = json_string(error->text);

	/* a name in it may be no UTF-8 */
	put(child, json_pack("{s:s, s:i, s:o}", "kind", "failed", "status",
			     (int)error->status, "text",
			     text ? text : json_string("?")));
}

static void put_results(struct child *child, const struct ut_results *results)
{
	json_t *accuracy = json_object();
	size_t R = results->replicas, r;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		const double *values = results->scores[c].accuracy;
		double sum = 0;

		for (r = 0; values && r < R; ++r)
			sum += values[r];
		if (values)
			json_object_set_new(accuracy, ut_condition_name(c),
					    json_real(sum / (double)R));
	}
	put(child, json_pack("{s:s, s:f, s:f, s:o}", "kind", "done", "seconds",
			     results->seconds, "flop", results->flop,
			     "accuracy", accuracy));
}

/* Outputs ------------------------------------------------------------------ */

static size_t bytes_of(const struct ut_slice *slice)
{
	size_t each = ut_buffer_type(slice->buffer) == UT_U8 ? 1 : 4;

	return slice->count * each;
}

/* Replica r's part of the slice into child->bytes; false after latching. */
static bool read_part(struct child *child, const struct ut_slice *slice,
		      size_t r)
{
	size_t bytes = bytes_of(slice);
	void *more;

	if (child->failure.status)
		return false;
	if (bytes > child->room) {
		more = realloc(child->bytes, bytes);
		if (!more) {
			ut_error_set(&child->failure, UT_MEMORY,
				     "out of memory for a trace");
			return false;
		}
		child->bytes = more;
		child->room = bytes;
	}
	return !ut_buffer_read(slice->buffer, slice->offset + r * slice->stride,
			       slice->count, child->bytes, &child->failure);
}

static json_t *digests_json(struct child *child, const struct ut_slice *slice,
			    unsigned R)
{
	json_t *digests = json_array();
	struct ut_fingerprinter one;
	char text[UT_FINGERPRINT_TEXT];
	unsigned r;

	for (r = 0; r < R; ++r) {
		if (!read_part(child, slice, r))
			break;
		ut_fingerprint_init(&one);
		ut_fingerprint_update(&one, child->bytes, bytes_of(slice));
		ut_fingerprint_text(ut_fingerprint_finish(&one), text);
		json_array_append_new(digests, json_string(text));
	}
	return digests;
}

static void put_output(struct child *child, const struct ut_trace_event *event,
		       size_t i)
{
	const struct ut_trace_output *output = &event->outputs[i];
	const struct ut_stage *place = &child->place;

	put(child,
	    json_pack("{s:s, s:I, s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:s, "
		      "s:i, s:o}",
		      "kind", "op", "n", (json_int_t)child->outputs, "phase",
		      ut_condition_name(place->phase), "epoch",
		      (json_int_t)place->epoch, "stage",
		      stage_names[place->kind], "step", (json_int_t)place->step,
		      "at", (json_int_t)child->at, "op", event->op, "of",
		      event->label, "output", output->name, "first",
		      (int)place->first, "digests",
		      digests_json(child, &output->slice, event->R)));
}

/* Writes replica r's part of a slice to a file of the folder. */
static void dump(struct child *child, const struct ut_slice *slice, size_t r,
		 const char *name)
{
	char *path = ut_path_join(child->task->folder, name);

	if (path && read_part(child, slice, r))
		ut_file_write(path, child->bytes, bytes_of(slice),
			      &child->failure);
	free(path);
}

/* The replica to be dumped, among those of the group. */
static size_t replica_of(const struct child *child, unsigned R)
{
	size_t r = child->task->replica - child->place.first;

	return r < R ? r : 0;
}

static void dump_output(struct child *child, const struct ut_trace_event *event,
			size_t i)
{
	static const char *const types[] = {
		[UT_F32] = "f32", [UT_U32] = "u32", [UT_U8] = "u8"};
	const struct ut_slice *slice = &event->outputs[i].slice;

	dump(child, slice, replica_of(child, event->R), UT_COMPARE_TENSOR);
	put(child, json_pack("{s:s, s:s}", "kind", "tensor", "type",
			     types[ut_buffer_type(slice->buffer)]));
	child->dumped = true;
	child->next_arena = 1;
}

static void dump_weights(struct child *child)
{
	char name[64];

	snprintf(name, sizeof(name), UT_COMPARE_ARENA "%llu",
		 (unsigned long long)child->updates);
	dump(child, &child->weights, replica_of(child, child->R), name);
	put(child, json_pack("{s:s, s:I}", "kind", "arena", "steps",
			     (json_int_t)child->updates));
}

/* The weights after every power of two of updates since the dump. */
static void follow(struct child *child, const struct ut_trace_event *event)
{
	child->weights = event->outputs[0].slice;
	child->R = event->R;
	if (++child->updates != child->next_arena)
		return;
	child->next_arena *= 2;
	dump_weights(child);
}

/* The last ones too, while they are there. */
static void end_following(struct child *child, const struct ut_stage *stage)
{
	bool last = stage->epoch == stage->results->phases[stage->phase].epochs;

	if (stage->kind == UT_STAGE_LOOK && last && child->updates &&
	    child->updates * 2 != child->next_arena)
		dump_weights(child);
}

static void told(void *user, const struct ut_trace_event *event)
{
	struct child *child = user;
	bool dumps = child->task->work == UT_COMPARE_DUMP;
	size_t i;

	++child->at;
	for (i = 0; i < event->count && !child->failure.status; ++i) {
		if (!dumps)
			put_output(child, event, i);
		else if (child->outputs == child->task->output)
			dump_output(child, event, i);
		++child->outputs;
	}
	if (child->dumped && !strcmp(event->op, "optimise"))
		follow(child, event);
}

/* Stages ------------------------------------------------------------------- */

/* Whether a trace has all that it is for, now that a milestone was passed. */
static bool has_all(const struct child *child, const struct ut_stage *stage)
{
	if (child->milestones <= child->task->milestone)
		return false;
	/* weights are followed to the end of their training */
	return !child->dumped || stage->kind == UT_STAGE_MEASURED ||
	       stage->epoch == stage->results->phases[stage->phase].epochs;
}

static enum ut_status pass_milestone(struct child *child,
				     const struct ut_stage *stage,
				     struct ut_error *error)
{
	if (child->task->work == UT_COMPARE_RUN) {
		put_milestone(child, stage);
		return UT_OK;
	}
	++child->milestones;
	child->over = has_all(child, stage);
	return child->over ? ut_error_set(error, UT_INTERRUPTED, "interrupted")
			   : UT_OK;
}

static enum ut_status take_stage(void *user, const struct ut_stage *stage,
				 struct ut_error *error)
{
	struct child *child = user;
	bool passed = stage->kind == UT_STAGE_RECORD ||
		      stage->kind == UT_STAGE_MEASURED;
	enum ut_status status = UT_OK;

	if (child->failure.status) {
		*error = child->failure;
		return error->status;
	}
	end_following(child, stage);
	if (passed)
		status = pass_milestone(child, stage, error);
	child->place = *stage;
	child->at = 0;
	/* what follows belongs to the next epoch */
	if (stage->kind == UT_STAGE_RECORD) {
		child->place.kind = UT_STAGE_PREPARE;
		++child->place.epoch;
	}
	if (status || child->task->work == UT_COMPARE_RUN || child->tracing ||
	    child->milestones != child->task->milestone)
		return status;
	child->tracing = true;
	return ut_device_trace(stage->device, told, child, error);
}

static void show_progress(void *user, const struct ut_progress *progress)
{
	const struct child *child = user;

	if (child->caller->progress)
		child->caller->progress(child->caller->user, progress);
}

static bool ask_stop(void *user)
{
	const struct child *child = user;

	return child->caller->stop && child->caller->stop(child->caller->user);
}

/* The whole ---------------------------------------------------------------- */

static enum ut_status run(struct child *child, const char *const *roots,
			  struct ut_error *error)
{
	const char *folder = child->task->folder;
	char *out = ut_path_join(folder, "run");
	struct ut_run_options options = {
		.device = child->task->device,
		.out = out,
		.plain = true,
		.data_roots = roots,
		.observer =
			{
				.user = child,
				.progress = show_progress,
				.stop = ask_stop,
				.stage = take_stage,
			},
		.begun = put_device,
	};
	struct ut_recipe recipe;
	struct ut_results results;
	enum ut_status status;

	status = out ? ut_recipe_load_run(&recipe, folder, error)
		     : ut_error_set(error, UT_MEMORY, "out of memory");
	if (status) {
		free(out);
		return status;
	}
	recipe.save = UT_SAVE_NONE;
	status = ut_run(&recipe, &options, &results, error);
	if (!status) {
		put_results(child, &results);
		ut_results_release(&results);
	} else if (child->over) {
		status = UT_OK;
	}
	free(out);
	return status;
}

enum ut_status ut_compare_child(const struct ut_compare_task *task,
				const char *const *roots,
				const struct ut_observer *observer,
				struct ut_error *error)
{
	struct child child = {.task = task, .caller = observer};
	char *path = ut_path_join(task->folder, UT_COMPARE_LINES);
	enum ut_status status;

	child.lines = path ? fopen(path, "w") : NULL;
	free(path);
	if (!child.lines)
		return ut_error_set(error, UT_IO,
				    "cannot write %s/" UT_COMPARE_LINES,
				    task->folder);
	status = run(&child, roots, error);
	if (status)
		put_failure(&child, error);
	if (fclose(child.lines) && !status)
		status = ut_error_set(error, UT_IO,
				      "cannot write %s/" UT_COMPARE_LINES,
				      task->folder);
	free(child.bytes);
	return status;
}
