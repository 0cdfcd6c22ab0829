/* A run's folder as it is read back, for reports. */
#include "lab/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/record_tables.h"
#include "report/statistics.h"

enum { PATH_WORDS = 160, SIDE_LIMIT = 1 << 14 };

static enum ut_status join(char **path, const struct ut_record *record,
			   const char *name, struct ut_error *error)
{
	*path = ut_path_join(record->folder, name);
	return *path ? UT_OK : ut_error_set(error, UT_MEMORY, "out of memory");
}

/* UT_CORRUPT: what is wrong in the receipt. */
static enum ut_status complain(const struct ut_record *record,
			       struct ut_error *error, const char *wrong,
			       const char *where)
{
	return ut_error_set(error, UT_CORRUPT, "%s/" UT_RECEIPT_FILE ": %s%s",
			    record->folder, wrong, where);
}

/* The receipt ------------------------------------------------------------- */

/* What stands at "a.b.c", or NULL. */
static const json_t *find(const struct ut_record *record, const char *path)
{
	const json_t *at = record->receipt;
	char name[PATH_WORDS];

	while (at && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		at = json_object_get(at, name);
		path += length + (path[length] == '.');
	}
	return at;
}

const char *ut_record_text(const struct ut_record *record, const char *path)
{
	const char *text = json_string_value(find(record, path));

	return text ? text : "";
}

double ut_record_number(const struct ut_record *record, const char *path)
{
	const json_t *number = find(record, path);

	return json_is_number(number) ? json_number_value(number) : NAN;
}

void ut_record_devices(const struct ut_record *record, struct ut_text *text)
{
	const json_t *devices = json_object_get(record->receipt, "devices");
	size_t i;

	for (i = 0; i < json_array_size(devices); ++i) {
		const char *name = json_string_value(
			json_object_get(json_array_get(devices, i), "name"));

		ut_text_append(text, "%s%s", i ? ", " : "", name ? name : "");
	}
	if (!i)
		ut_text_append(text, "%s",
			       ut_record_text(record, "device.name"));
}

/* A whole number of [min, max] into *to. */
static enum ut_status take_whole(const struct ut_record *record,
				 const char *path, size_t min, size_t max,
				 size_t *to, struct ut_error *error)
{
	const json_t *number = find(record, path);
	json_int_t value = json_integer_value(number);

	if (!json_is_integer(number) || value < (json_int_t)min ||
	    value > (json_int_t)max)
		return complain(record, error, "no fitting ", path);
	*to = (size_t)value;
	return UT_OK;
}

static enum ut_status take_share(const struct ut_record *record,
				 const char *path, double *to,
				 struct ut_error *error)
{
	*to = ut_record_number(record, path);
	if (!(*to >= 0 && *to <= 1))
		return complain(record, error, "no share of 1: ", path);
	return UT_OK;
}

/* count shares into numbers, from an array at path. */
static enum ut_status take_shares(const struct ut_record *record,
				  const char *path, size_t count,
				  double *numbers, struct ut_error *error)
{
	const json_t *array = find(record, path);
	size_t i;

	if (json_array_size(array) != count)
		return complain(record, error,
				"not a number for each replica: ", path);
	for (i = 0; i < count; ++i) {
		const json_t *number = json_array_get(array, i);

		numbers[i] = json_number_value(number);
		if (!json_is_number(number) ||
		    !(numbers[i] >= 0 && numbers[i] <= 1))
			return complain(record, error,
					"no shares of 1: ", path);
	}
	return UT_OK;
}

static enum ut_status take_scores(const struct ut_record *record,
				  const char *path, struct ut_scores *scores,
				  struct ut_error *error)
{
	size_t R = record->results.replicas;
	struct {
		const char *name;
		double *numbers;
	} parts[] = {
		{"accuracy", scores->accuracy},
		{"accuracy_present", scores->present},
		{"auc", scores->auc},
	};
	enum ut_status status = UT_OK;
	char whole[PATH_WORDS];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts) && !status; ++i) {
		snprintf(whole, sizeof(whole), "%s.%s", path, parts[i].name);
		if (parts[i].numbers)
			status = take_shares(record, whole, R, parts[i].numbers,
					     error);
	}
	return status;
}

/* The mean that stands there must be that of the replicas. */
static enum ut_status check_mean(const struct ut_record *record,
				 const char *name,
				 const struct ut_scores *scores,
				 struct ut_error *error)
{
	struct ut_summary s =
		ut_summarise(scores->accuracy, record->results.replicas);
	char whole[PATH_WORDS];

	snprintf(whole, sizeof(whole), "conditions.%s.mean", name);
	if (!(fabs(ut_record_number(record, whole) - s.mean) < 1e-9))
		return complain(record, error,
				"its replicas have another mean than ", whole);
	return UT_OK;
}

/* Counts (classes, classes), and how many images each label has. */
static enum ut_status take_confusion(struct ut_record *record, int c,
				     const char *path, struct ut_error *error)
{
	size_t classes = record->results.classes, i, j;
	size_t R = record->results.replicas;
	const json_t *rows = find(record, path);
	uint64_t *counts = calloc(classes * classes, sizeof(*counts));

	record->confusion[c] = counts;
	if (!counts)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (json_array_size(rows) != classes)
		return complain(record, error, "no matrix of classes: ", path);
	for (i = 0; i < classes; ++i) {
		const json_t *row = json_array_get(rows, i);
		uint64_t images = 0;

		if (json_array_size(row) != classes)
			return complain(record, error,
					"no matrix of classes: ", path);
		for (j = 0; j < classes; ++j) {
			const json_t *count = json_array_get(row, j);
			json_int_t value = json_integer_value(count);

			if (!json_is_integer(count) || value < 0 ||
			    value > (json_int_t)1 << 48)
				return complain(record, error,
						"no counts: ", path);
			images += counts[i * classes + j] = (uint64_t)value;
		}
		if (c == UT_TEACHER)
			record->results.labels[i] = images / R;
		if (record->results.labels[i] * R != images)
			return complain(record, error,
					"other test images than elsewhere: ",
					path);
	}
	return UT_OK;
}

static enum ut_status take_condition(struct ut_record *record, int c,
				     struct ut_error *error)
{
	struct ut_results *results = &record->results;
	const char *name = ut_condition_name(c);
	enum ut_status status;
	char path[PATH_WORDS];
	int kind;

	snprintf(path, sizeof(path), "conditions.%s", name);
	status = take_scores(record, path, &results->scores[c], error);
	if (!status)
		status = check_mean(record, name, &results->scores[c], error);
	for (kind = 0; kind < UT_ROBUST_KINDS && !status; ++kind) {
		snprintf(path, sizeof(path), "conditions.%s.robustness.%s",
			 name, ut_robust_names[kind]);
		if (results->robust[c][kind].accuracy)
			status = take_scores(record, path,
					     &results->robust[c][kind], error);
	}
	snprintf(path, sizeof(path), "conditions.%s.confusion", name);
	return status ? status : take_confusion(record, c, path, error);
}

/* What the rest is measured by; makes no room yet. */
static enum ut_status take_facts(struct ut_record *record,
				 struct ut_error *error)
{
	struct ut_results *results = &record->results;
	const struct ut_recipe *recipe = &record->recipe;
	size_t seed, replicas = (size_t)recipe->replicas;
	const json_t *names = find(record, "data.class_names");
	enum ut_status status;
	size_t i;

	if (strcmp(ut_record_text(record, "recipe"), recipe->name))
		return complain(record, error,
				"not of the recipe.ini beside "
				"it: another ",
				"name");
	status = take_whole(record, "seed", (size_t)recipe->seed,
			    (size_t)recipe->seed, &seed, error);
	if (!status)
		status = take_whole(record, "replicas", replicas, replicas,
				    &results->replicas, error);
	if (!status)
		status = take_whole(record, "data.classes", 1,
				    UT_DATASET_CLASSES, &results->classes,
				    error);
	if (!status)
		status = take_whole(record, "data.test.images", 1, 1u << 30,
				    &record->test_images, error);
	if (!status)
		status = take_share(record, "chance", &results->chance, error);
	if (!status)
		status = take_share(record, "chance_present",
				    &results->chance_present, error);
	if (!status)
		status = take_share(record, "commonest_share",
				    &results->commonest, error);
	for (i = 0; i < results->classes && !status; ++i)
		record->class_names[i] =
			json_string_value(json_array_get(names, i));
	results->aux = (size_t)recipe->distill.aux;
	results->samples = recipe->samples < record->test_images
				   ? (size_t)recipe->samples
				   : record->test_images;
	return status;
}

/* All of it ---------------------------------------------------------------- */

/* The tables first: results take no more room than files have numbers. */
static enum ut_status take_results(struct ut_record *record,
				   struct ut_csv *metrics,
				   struct ut_csv *samples,
				   struct ut_error *error)
{
	struct ut_results *results = &record->results;
	const json_t *replicas = find(record, "conditions.teacher.accuracy");
	enum ut_status status;
	int c;

	if (json_array_size(replicas) != results->replicas)
		return complain(record, error,
				"not a number for each replica: ",
				"conditions.teacher.accuracy");
	status = ut_record_read_tables(record, metrics, samples, error);
	if (!status)
		status = ut_results_make_room(results, &record->recipe,
					      find(record,
						   "conditions.teacher.auc"),
					      error);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (record->recipe.conditions & 1u << c)
			status = take_condition(record, c, error);
	return status ? status
		      : ut_record_take_tables(record, metrics, samples, error);
}

static enum ut_status read_diagnostics(struct ut_record *record,
				       struct ut_error *error)
{
	char *path = NULL;
	enum ut_status status;

	if (!record->recipe.diagnostics)
		return UT_OK;
	status = join(&path, record, "diagnostics.csv", error);
	if (!status)
		status = ut_csv_read(&record->diagnostics, path,
				     UT_RECORD_TABLE_LIMIT, error);
	if (!status)
		status = ut_csv_check_names(
			&record->diagnostics,
			"condition,replica,epoch,layer,measure,value", error);
	free(path);
	return status;
}

static enum ut_status read_pictures(struct ut_record *record,
				    struct ut_error *error)
{
	size_t sizes[3] = {0};
	enum ut_status status;

	status = take_whole(record, "data.height", 1, SIDE_LIMIT, &sizes[0],
			    error);
	if (!status)
		status = take_whole(record, "data.width", 1, SIDE_LIMIT,
				    &sizes[1], error);
	if (!status)
		status = take_whole(record, "data.channels", 1,
				    UT_DATASET_CHANNELS, &sizes[2], error);
	if (!status)
		status = ut_pictures_read(&record->pictures, record->folder,
					  sizes[0], sizes[1], sizes[2], error);
	return status;
}

enum ut_status ut_record_read(struct ut_record *record, const char *folder,
			      struct ut_error *error)
{
	struct ut_csv metrics = {0}, samples = {0};
	enum ut_status status;

	*record = (struct ut_record){.folder = folder};
	status = ut_receipt_read(&record->receipt, folder, error);
	if (!status)
		status = ut_recipe_load_run(&record->recipe, folder, error);
	if (!status)
		status = take_facts(record, error);
	if (!status)
		status = take_results(record, &metrics, &samples, error);
	if (!status)
		status = read_diagnostics(record, error);
	if (!status)
		status = read_pictures(record, error);
	ut_csv_release(&metrics);
	ut_csv_release(&samples);
	return status;
}

void ut_record_release(struct ut_record *record)
{
	int c;

	json_decref(record->receipt);
	ut_results_release(&record->results);
	for (c = 0; c < UT_CONDITIONS; ++c)
		free(record->confusion[c]);
	ut_csv_release(&record->diagnostics);
	ut_pictures_release(&record->pictures);
	*record = (struct ut_record){0};
}

const char *ut_record_class(const struct ut_record *record, size_t c,
			    char name[32])
{
	if (record->class_names[c])
		snprintf(name, 32, "%s", record->class_names[c]);
	else
		snprintf(name, 32, "%zu", c);
	return name;
}
