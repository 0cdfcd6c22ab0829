/* Events for programs: one JSON object a line, on standard output. */
#include "cli/events.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "config.h"

/* Writes the event and lets go of it. A line is whole when a reader has it. */
static void emit(json_t *event)
{
	if (!event ||
	    json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)))
		fputs("{\"event\":\"error\",\"interrupted\":false,"
		      "\"message\":\"out of memory\"}",
		      stdout);
	json_decref(event);
	putchar('\n');
	fflush(stdout);
}

json_t *event_text(const char *of)
{
	json_t *string = json_string(of);
	char *copy, *c;

	if (string)
		return string;
	copy = strdup(of);
	for (c = copy; c && *c; ++c)
		if ((unsigned char)*c > 127)
			*c = '?';
	string = copy ? json_string(copy) : NULL;
	free(copy);
	return string;
}

/* A number, or null where it is below 0. */
static json_t *known(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

void event_cell(size_t number, size_t count, const char *name)
{
	emit(json_pack("{s:s, s:I, s:I, s:o}", "event", "cell", "number",
		       (json_int_t)number, "of", (json_int_t)count, "name",
		       event_text(name)));
}

void event_begun(const struct ut_device_info *device,
		 const struct ut_dataset *data)
{
	emit(json_pack("{s:s, s:s, s:i, s:{s:o, s:o, s:s}, s:{s:s, s:I, s:I, "
		       "s:I, s:I}}",
		       "event", "begun", "version", UT_VERSION, "contract",
		       UT_CONTRACT, "device", "platform",
		       event_text(device->platform), "name",
		       event_text(device->name), "level", device->level, "data",
		       "name", data->name, "training",
		       (json_int_t)data->train.count, "test",
		       (json_int_t)data->test.count, "classes",
		       (json_int_t)data->classes, "left_out",
		       (json_int_t)data->loading.skipped));
}

/* What progress, epoch and condition have in common. */
static json_t *place(const char *event, const struct ut_progress *progress)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I}", "event", event,
			 "condition", ut_condition_name(progress->phase),
			 "first", (json_int_t)progress->first, "replicas",
			 (json_int_t)progress->replicas, "of",
			 (json_int_t)progress->all);
}

static json_t *numbers(const double *values, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; ++i)
		json_array_append_new(array, json_real(values[i]));
	return array;
}

/* The accuracies of the group that was just measured, replica by replica. */
static void add_scores(json_t *event, const struct ut_progress *progress)
{
	const struct ut_scores *scores =
		&progress->measured->scores[progress->phase];
	size_t first = progress->first, R = progress->replicas;

	json_object_set_new(event, "accuracy",
			    numbers(scores->accuracy + first, R));
	json_object_set_new(event, "accuracy_present",
			    numbers(scores->present + first, R));
	if (scores->auc)
		json_object_set_new(event, "auc",
				    numbers(scores->auc + first, R));
}

void event_progress(const struct ut_progress *progress,
		    const struct event_rates *rates)
{
	json_t *event = place(progress->measured     ? "condition"
			      : progress->epoch_ends ? "epoch"
						     : "progress",
			      progress);

	if (progress->measured) {
		add_scores(event, progress);
	} else {
		json_object_set_new(event, "epoch",
				    json_integer((json_int_t)progress->epoch));
		json_object_set_new(event, "epochs",
				    json_integer((json_int_t)progress->epochs));
	}
	if (progress->epoch_ends) {
		json_object_set_new(event, "loss", known(progress->loss));
		json_object_set_new(event, "accuracy",
				    known(progress->accuracy));
	}
	json_object_set_new(event, "seconds", json_real(rates->seconds));
	json_object_set_new(event, "share", json_real(rates->share));
	json_object_set_new(event, "seconds_left", known(rates->left));
	json_object_set_new(event, "images_per_second",
			    json_real(rates->images_per_second));
	emit(event);
}

/* Of each condition that trained, the fingerprint of its last state. */
static json_t *fingerprints(const struct ut_results *results)
{
	json_t *prints = json_object();
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		char text[UT_FINGERPRINT_TEXT];

		if (!results->phases[c].trained)
			continue;
		ut_fingerprint_text(ut_results_print(results, c,
						     results->phases[c].epochs),
				    text);
		json_object_set_new(prints, ut_condition_name(c),
				    json_string(text));
	}
	return prints;
}

void event_done(const struct ut_recipe *recipe,
		const struct ut_results *results, const char *folder)
{
	json_t *accuracy = json_object();
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		if (results->scores[c].accuracy)
			json_object_set_new(accuracy, ut_condition_name(c),
					    numbers(results->scores[c].accuracy,
						    results->replicas));
	emit(json_pack("{s:s, s:s, s:o, s:f, s:f, s:o, s:o}", "event", "done",
		       "recipe", recipe->name, "folder", event_text(folder),
		       "seconds", results->seconds, "flop_per_second",
		       results->seconds > 0 ? results->flop / results->seconds
					    : 0.0,
		       "accuracy", accuracy, "fingerprints",
		       fingerprints(results)));
}

void event_error(const struct ut_error *error)
{
	emit(json_pack("{s:s, s:b, s:o}", "event", "error", "interrupted",
		       error->status == UT_INTERRUPTED, "message",
		       event_text(error->text)));
}
