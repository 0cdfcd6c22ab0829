/* A run's receipt.json and metrics.csv. */
#include "lab/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config.h"
#include "lab/run.h"
#include "report/statistics.h"

enum { FILE_LIMIT = 64 << 20 };

static json_t *print_json(struct ut_fingerprint print)
{
	char text[UT_FINGERPRINT_TEXT];

	ut_fingerprint_text(print, text);
	return json_string(text);
}

static json_t *device_json(const struct ut_device_info *device)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i}", "name",
			 device->name, "platform", device->platform, "driver",
			 device->driver, "kind",
			 ut_device_kind_name(device->kind), "level",
			 device->level, "memory_bytes",
			 (json_int_t)device->memory_bytes, "compute_units",
			 (int)device->compute_units);
}

static json_t *split_json(const struct ut_split *split)
{
	return json_pack("{s:I, s:o}", "images", (json_int_t)split->count,
			 "xxh3_128", print_json(split->digest));
}

static json_t *data_json(const struct ut_dataset *data)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "set",
			 data->name, "height", (json_int_t)data->height,
			 "width", (json_int_t)data->width, "channels",
			 (json_int_t)data->channels, "classes",
			 (json_int_t)data->classes, "train",
			 split_json(&data->train), "test",
			 split_json(&data->test));
}

static json_t *numbers_json(const double *numbers, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; ++i)
		json_array_append_new(array, json_real(numbers[i]));
	return array;
}

static json_t *condition_json(const struct ut_results *results, int c)
{
	struct ut_summary summary =
		ut_summarise(results->accuracy[c], results->replicas);
	json_t *object =
		json_pack("{s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "mean",
			  summary.mean, "deviation", summary.deviation,
			  "half_interval_95", summary.half, "min", summary.min,
			  "max", summary.max, "accuracy",
			  numbers_json(results->accuracy[c], results->replicas),
			  "accuracy_present",
			  numbers_json(results->present[c], results->replicas));

	return object;
}

static json_t *conditions_json(const struct ut_results *results)
{
	json_t *object = json_object();
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		if (results->accuracy[c])
			json_object_set_new(object, ut_condition_name(c),
					    condition_json(results, c));
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

/* Weights and biases of one replica; the arena's padding is none. */
static size_t count_parameters(const struct ut_net *net)
{
	size_t count = 0, i;

	for (i = 0; i < net->layer_count; ++i)
		count += (net->layers[i].D + 1) * net->layers[i].O;
	return count;
}

static json_t *receipt_json(const struct ut_receipt *receipt)
{
	const struct ut_results *results = receipt->results;
	double rate =
		results->seconds > 0 ? results->flop / results->seconds : 0;

	return json_pack(
		"{s:s, s:i, s:b, s:s, s:I, s:I, s:o, s:o, s:{s:s, s:I}, "
		"s:f, s:f, s:o, s:o, s:{s:f, s:f, s:f, s:I}}",
		"undertone", UT_VERSION, "contract", UT_CONTRACT, "bit_exact",
		1, "recipe", receipt->recipe->name, "seed",
		(json_int_t)receipt->recipe->seed, "replicas",
		(json_int_t)receipt->recipe->replicas, "device",
		device_json(receipt->device), "data", data_json(receipt->data),
		"net", "layers", receipt->recipe->net, "parameters",
		(json_int_t)count_parameters(receipt->net), "chance",
		results->chance, "chance_present", results->chance_present,
		"conditions", conditions_json(results), "fingerprints",
		prints_json(results), "cost", "seconds", results->seconds,
		"useful_flop", results->flop, "flop_per_second", rate,
		"device_bytes", (json_int_t)results->device_bytes);
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

static void metrics_text(const struct ut_results *results, struct ut_text *text)
{
	uint64_t epoch;
	size_t r;
	int c;

	ut_text_append(text, "phase,epoch,replica,loss,accuracy,"
			     "learning_rate,fingerprint\n");
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_phase *phase = &results->phases[c];

		for (epoch = 0; phase->trained && epoch <= phase->epochs;
		     ++epoch)
			for (r = 0; r < results->replicas; ++r) {
				const struct ut_point *point =
					phase->points +
					epoch * results->replicas + r;
				char print[UT_FINGERPRINT_TEXT];

				ut_fingerprint_text(point->print, print);
				ut_text_append(text, "%s,%llu,%zu,",
					       ut_condition_name(c),
					       (unsigned long long)epoch, r);
				if (point->loss >= 0)
					ut_text_append(text, "%.9g",
						       point->loss);
				ut_text_append(text, ",");
				if (point->accuracy >= 0)
					ut_text_append(text, "%.6g",
						       point->accuracy);
				ut_text_append(text, ",%.9g,%s\n", point->rate,
					       print);
			}
	}
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
	struct ut_text recipe = {0}, metrics = {0};
	json_t *json = receipt_json(receipt);
	char *text = json ? json_dumps(json,
				       JSON_INDENT(2) | JSON_REAL_PRECISION(12))
			  : NULL;
	enum ut_status status;

	status = text ? write_text(folder, UT_RECEIPT_FILE, text, error)
		      : ut_error_set(error, UT_MEMORY,
				     "cannot make the "
				     "receipt: out of memory, or a name that "
				     "is not UTF-8");
	free(text);
	json_decref(json);
	if (status)
		return status;
	metrics_text(receipt->results, &metrics);
	status = write_built(&metrics, folder, "metrics.csv", error);
	if (status)
		return status;
	ut_recipe_write(receipt->recipe, &recipe);
	return write_built(&recipe, folder, "recipe.ini", error);
}

enum ut_status ut_receipt_read(json_t **receipt, const char *folder,
			       struct ut_error *error)
{
	char *path = NULL, *text = NULL;
	enum ut_status status = join(&path, folder, UT_RECEIPT_FILE, error);
	json_error_t problem;
	size_t bytes;

	if (!status)
		status = ut_file_read(path, FILE_LIMIT, &text, &bytes, error);
	if (!status) {
		*receipt = json_loadb(text, bytes, JSON_REJECT_DUPLICATES,
				      &problem);
		if (!json_is_object(*receipt)) {
			json_decref(*receipt);
			status = ut_error_set(error, UT_CORRUPT,
					      "%s: not a "
					      "receipt: line %d: %s",
					      path, problem.line, problem.text);
		}
	}
	free(text);
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
