/* A run's receipt.json and metrics.csv. */
#include "lab/receipt.h"

#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "base/file.h"
#include "config.h"
#include "lab/diagnostics.h"
#include "lab/json_file.h"
#include "lab/scores.h"
#include "lab/verdict.h"

static json_t *print_json(struct ut_fingerprint print)
{
	char text[UT_FINGERPRINT_TEXT];

	ut_fingerprint_text(print, text);
	return json_string(text);
}

static json_t *device_json(const struct ut_device_info *device)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i}",
				   "name", device->name, "platform",
				   device->platform, "driver", device->driver,
				   "kind", ut_device_kind_name(device->kind),
				   "level", device->level, "memory_bytes",
				   (json_int_t)device->memory_bytes,
				   "compute_units", (int)device->compute_units);

	if (!device->bit_exact)
		json_object_set_new(object, "flaw", json_string(device->flaw));
	return object;
}

/* Several devices, and what each did of the run. */
static json_t *devices_json(const struct ut_receipt *receipt)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < receipt->device_count; ++i) {
		const struct ut_share *share = &receipt->shares[i];
		json_t *object =
			device_json(ut_device_about(receipt->devices[i]));

		json_object_set_new(object, "replicas",
				    json_integer(share->replicas));
		json_object_set_new(object, "seconds",
				    json_real(share->seconds));
		json_object_set_new(object, "device_bytes",
				    json_integer(
					    (json_int_t)share->device_bytes));
		if (share->lost.status)
			json_object_set_new(object, "lost",
					    json_string(share->lost.text));
		json_array_append_new(array, object);
	}
	return array;
}

/* Why the numbers are not the contract's; "" if they are. */
static const char *flaw_of(const struct ut_receipt *receipt)
{
	const char *flaw = receipt->results->flaw;
	size_t i;

	for (i = 0; i < receipt->device_count && !*flaw; ++i)
		flaw = ut_device_about(receipt->devices[i])->flaw;
	return flaw;
}

static json_t *split_json(const struct ut_split *split)
{
	return json_pack("{s:I, s:o}", "images", (json_int_t)split->count,
			 "xxh3_128", print_json(split->digest));
}

static json_t *data_json(const struct ut_dataset *data)
{
	json_t *object =
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:I}", "set",
			  data->name, "height", (json_int_t)data->height,
			  "width", (json_int_t)data->width, "channels",
			  (json_int_t)data->channels, "classes",
			  (json_int_t)data->classes, "train",
			  split_json(&data->train), "test",
			  split_json(&data->test), "skipped",
			  (json_int_t)data->loading.skipped);
	json_t *names = json_array();
	size_t i;

	for (i = 0; data->class_names && i < data->classes; ++i)
		json_array_append_new(names, json_string(data->class_names[i]));
	if (data->shown)
		json_object_set_new(object, "shown",
				    json_pack("{s:s, s:o}", "set",
					      data->shown->name, "train",
					      split_json(&data->shown->train)));
	if (data->class_names)
		json_object_set(object, "class_names", names);
	json_decref(names);
	return object;
}

static json_t *prints_json(const struct ut_results *results)
{
	json_t *object = json_object();
	uint64_t epoch;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		json_t *array;

		if (!results->phases[c].trained)
			continue;
		array = json_array();
		for (epoch = 0; epoch <= results->phases[c].epochs; ++epoch)
			json_array_append_new(
				array, print_json(ut_results_print(results, c,
								   epoch)));
		json_object_set_new(object, ut_condition_name(c), array);
	}
	return object;
}

/* The verdict as text; NULL when memory runs out. */
static json_t *verdict_json(const struct ut_results *results)
{
	struct ut_text text = {0};
	json_t *verdict;

	ut_verdict_write(results, &text);
	verdict = text.failed ? NULL : json_string(ut_text_string(&text));
	ut_text_release(&text);
	return verdict;
}

static json_t *receipt_json(const struct ut_receipt *receipt)
{
	const struct ut_results *results = receipt->results;
	double rate =
		results->seconds > 0 ? results->flop / results->seconds : 0;
	bool several = receipt->device_count > 1;
	json_t *object;

	object = json_pack(
		"{s:s, s:i, s:b, s:s, s:I, s:I, s:o, s:o, s:{s:s, s:I}, "
		"s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:{s:f, s:f, s:f, s:f, "
		"s:I}}",
		"undertone", UT_VERSION, "contract", UT_CONTRACT, "bit_exact",
		(int)!*flaw_of(receipt), "recipe", receipt->recipe->name,
		"seed", (json_int_t)receipt->recipe->seed, "replicas",
		(json_int_t)receipt->recipe->replicas,
		several ? "devices" : "device",
		several ? devices_json(receipt)
			: device_json(ut_device_about(receipt->devices[0])),
		"data", data_json(receipt->data), "net", "layers",
		receipt->recipe->net, "parameters",
		(json_int_t)ut_net_weight_count(receipt->net), "chance",
		results->chance, "chance_present", results->chance_present,
		"commonest_share", results->commonest, "conditions",
		ut_scores_json(results), "statistics", ut_verdict_json(results),
		"verdict", verdict_json(results), "fingerprints",
		prints_json(results), "cost", "seconds", results->seconds,
		"seconds_loading", results->seconds_loading, "useful_flop",
		results->flop, "flop_per_second", rate, "device_bytes",
		(json_int_t)results->device_bytes);
	if (*flaw_of(receipt))
		json_object_set_new(object, "flaw",
				    json_string(flaw_of(receipt)));
	if (json_object_set_new(object, "keys",
				ut_receipt_keys(receipt->recipe))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Past the end of a JSON string, which begins with its quote. */
static const char *string_end(const char *text)
{
	for (++text; *text != '"'; ++text)
		if (*text == '\\')
			++text;
	return text + 1;
}

/* The end of an array of nothing but numbers, or where it begins. */
static const char *numbers_end(const char *array)
{
	const char *end = array + 1 + strcspn(array + 1, "[]{}\"");

	return *end == ']' ? end : array;
}

/* Puts arrays of numbers on one line each: they are long. In place. */
static void join_numbers(char *text)
{
	const char *from = text, *end;
	char *to = text;

	while (*from) {
		if (*from == '"') {
			end = string_end(from);
			memmove(to, from, (size_t)(end - from));
			to += end - from;
			from = end;
			continue;
		}
		end = *from == '[' ? numbers_end(from) : from;
		*to++ = *from++;
		while (from < end) {
			size_t space = strspn(from, "\n ");

			if (space && to[-1] == ',')
				*to++ = ' ';
			from += space;
			if (from < end)
				*to++ = *from++;
		}
	}
	*to = '\0';
}

/* "folder/name", or an error. */
static enum ut_status join(char **path, const char *folder, const char *name,
			   struct ut_error *error)
{
	*path = ut_path_join(folder, name);
	return *path ? UT_OK : ut_error_set(error, UT_MEMORY, "out of memory");
}

static enum ut_status write_text(const char *folder, const char *name,
				 const char *text, struct ut_error *error)
{
	char *path = NULL;
	enum ut_status status = join(&path, folder, name, error);

	if (!status)
		status = ut_file_write(path, text, strlen(text), error);
	free(path);
	return status;
}

static enum ut_status write_built(struct ut_text *text, const char *folder,
				  const char *name, struct ut_error *error)
{
	enum ut_status status;

	if (text->failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	else
		status = write_text(folder, name, ut_text_string(text), error);
	ut_text_release(text);
	return status;
}

enum ut_status ut_receipt_write(const struct ut_receipt *receipt,
				const char *folder, struct ut_error *error)
{
	struct ut_text recipe = {0}, metrics = {0}, samples = {0};
	struct ut_text diagnostics = {0};
	json_t *json = receipt_json(receipt);
	char *text = json ? json_dumps(json,
				       JSON_INDENT(2) | JSON_REAL_PRECISION(12))
			  : NULL;
	enum ut_status status;

	if (text)
		join_numbers(text);
	status = text ? write_text(folder, UT_RECEIPT_FILE, text, error)
		      : ut_error_set(error, UT_MEMORY,
				     "cannot make the "
				     "receipt: out of memory, or a name that "
				     "is not UTF-8");
	free(text);
	json_decref(json);
	if (status)
		return status;
	ut_scores_metrics(receipt->results, &metrics);
	status = write_built(&metrics, folder, "metrics.csv", error);
	if (status)
		return status;
	if (receipt->results->samples) {
		ut_scores_samples(receipt->results, &samples);
		status = write_built(&samples, folder, "samples.csv", error);
		if (status)
			return status;
	}
	if (receipt->results->layers) {
		ut_diagnostics_table(receipt->results, receipt->net,
				     &diagnostics);
		status = write_built(&diagnostics, folder, "diagnostics.csv",
				     error);
		if (status)
			return status;
	}
	ut_recipe_write(receipt->recipe, &recipe);
	return write_built(&recipe, folder, "recipe.ini", error);
}

enum ut_status ut_receipt_read(json_t **receipt, const char *folder,
			       struct ut_error *error)
{
	char *path = NULL;
	enum ut_status status = join(&path, folder, UT_RECEIPT_FILE, error);

	if (!status)
		status = ut_json_read(receipt, path, "a receipt", error);
	free(path);
	return status;
}

enum ut_status ut_receipt_prints(const json_t *receipt, struct ut_text *text,
				 struct ut_error *error)
{
	const json_t *prints = json_object_get(receipt, "fingerprints");
	size_t i;
	int c;

	if (!json_is_object(prints))
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt has no "
				    "fingerprints");
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const json_t *array =
			json_object_get(prints, ut_condition_name(c));

		/* a receipt without any must not look equal to another */
		if ((array || c == UT_TEACHER) && !json_array_size(array))
			return ut_error_set(error, UT_CORRUPT,
					    "the receipt has no fingerprints "
					    "of %s",
					    ut_condition_name(c));
		for (i = 0; i < json_array_size(array); ++i) {
			const char *print =
				json_string_value(json_array_get(array, i));
			struct ut_fingerprint parsed;

			if (!print || !ut_fingerprint_parse(print, &parsed))
				return ut_error_set(error, UT_CORRUPT,
						    "the "
						    "receipt's fingerprint %zu "
						    "of %s is none",
						    i, ut_condition_name(c));
			ut_text_append(text, "%s %zu %s\n",
				       ut_condition_name(c), i, print);
		}
	}
	if (text->failed)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	return UT_OK;
}

static bool same_digest(const json_t *data, const char *name,
			const struct ut_split *split)
{
	const json_t *part = json_object_get(data, name);
	const char *text = json_string_value(json_object_get(part, "xxh3_128"));
	struct ut_fingerprint recorded;

	return text && ut_fingerprint_parse(text, &recorded) &&
	       ut_fingerprint_equal(recorded, split->digest);
}

enum ut_status ut_receipt_check_data(const json_t *receipt,
				     const struct ut_dataset *data,
				     struct ut_error *error)
{
	const json_t *recorded = json_object_get(receipt, "data");

	if (!same_digest(recorded, "train", &data->train) ||
	    !same_digest(recorded, "test", &data->test))
		return ut_error_set(error, UT_CORRUPT,
				    "the data set %s here is "
				    "not the one of the run: digests differ",
				    data->name);
	if (data->shown && !same_digest(json_object_get(recorded, "shown"),
					"train", &data->shown->train))
		return ut_error_set(error, UT_CORRUPT,
				    "the data set %s here, which students are "
				    "shown, is not the one of the run: digests "
				    "differ",
				    data->shown->name);
	return UT_OK;
}

enum ut_status ut_receipt_accuracies(const json_t *receipt,
				     enum ut_condition condition, size_t count,
				     double *accuracy, struct ut_error *error)
{
	const char *name = ut_condition_name(condition);
	const json_t *all = json_object_get(receipt, "conditions");
	const json_t *array =
		json_object_get(json_object_get(all, name), "accuracy");
	size_t i;

	for (i = 0; i < count; ++i) {
		const json_t *number = json_array_get(array, i);

		if (!json_is_number(number))
			return ut_error_set(error, UT_CORRUPT,
					    "the receipt has "
					    "no accuracy of %s, replica %zu",
					    name, i);
		accuracy[i] = json_number_value(number);
	}
	return UT_OK;
}
