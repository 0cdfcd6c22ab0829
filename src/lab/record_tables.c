/* The tables of a run's folder: metrics.csv and samples.csv. */
#include "lab/record_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/metrics.h"

/* metrics.csv ------------------------------------------------------------- */

static size_t expected_points(const struct ut_record *record)
{
	const struct ut_recipe *recipe = &record->recipe;
	size_t rows = 0;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		bool trained = c == UT_TEACHER || ut_condition_is_student(c) ||
			       c == UT_SHUFFLED_TEACHER;

		if (trained && recipe->conditions & 1u << c)
			rows += (size_t)(ut_recipe_training(recipe, c)->epochs +
					 1) *
				(size_t)recipe->replicas;
	}
	return rows;
}

/* The points are those of which the receipt has fingerprints and results. */
static enum ut_status check_phase(const struct ut_record *record, int c,
				  struct ut_error *error)
{
	const struct ut_results *results = &record->results;
	const struct ut_phase *phase = &results->phases[c];
	size_t R = results->replicas, r;
	const struct ut_point *last = phase->points + phase->epochs * R;
	enum ut_status status;

	status = ut_metrics_check(results, c, record->receipt, record->folder,
				  error);
	for (r = 0; r < R && !status; ++r)
		if (!(fabs(last[r].accuracy - results->scores[c].accuracy[r]) <
		      1e-5))
			status = ut_error_set(error, UT_CORRUPT,
					      "%s: " UT_METRICS_FILE
					      " and " UT_RECEIPT_FILE
					      " have other accuracies of %s, "
					      "replica %zu",
					      record->folder,
					      ut_condition_name(c), r);
	return status;
}

static enum ut_status take_metrics(struct ut_record *record,
				   const struct ut_csv *csv,
				   struct ut_error *error)
{
	struct ut_results *results = &record->results;
	size_t R = results->replicas, row = 0, i;
	enum ut_status status = UT_OK;
	int c;

	for (c = 0; c < UT_CONDITIONS && !status; ++c) {
		const struct ut_phase *phase = &results->phases[c];
		size_t points = (size_t)(phase->epochs + 1) * R;

		if (!phase->trained)
			continue;
		for (i = 0; i < points && !status; ++i, ++row)
			status = ut_metrics_take(csv, row, c, i / R, i % R,
						 &phase->points[i], error);
		if (!status)
			status = check_phase(record, c, error);
	}
	return status;
}

/* samples.csv ------------------------------------------------------------- */

static size_t expected_samples(const struct ut_record *record)
{
	size_t conditions = 0;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		conditions += record->recipe.conditions >> c & 1;
	return conditions * record->results.replicas * record->results.samples;
}

static enum ut_status take_sample(struct ut_results *results, int c, size_t i,
				  const struct ut_csv *csv, size_t row,
				  struct ut_error *error)
{
	size_t r = i / results->samples, image = i % results->samples, l;
	size_t logits = results->classes + results->aux;
	float *to = results->sample_logits[c] + i * logits;
	uint64_t label, n;
	double number;

	if (strcmp(ut_csv_field(csv, row, 0), ut_condition_name(c)) ||
	    !ut_parse_u64(ut_csv_field(csv, row, 1), r, r, &n) ||
	    !ut_parse_u64(ut_csv_field(csv, row, 2), image, image, &n))
		return ut_csv_complain(csv, row,
				       "not the condition, replica and image "
				       "that come next",
				       error);
	if (!ut_parse_u64(ut_csv_field(csv, row, 3), 0, results->classes - 1,
			  &label))
		return ut_csv_complain(csv, row, "not a label", error);
	if (c == UT_TEACHER && !r)
		results->sample_labels[image] = (uint8_t)label;
	if (results->sample_labels[image] != label)
		return ut_csv_complain(csv, row, "another label than before",
				       error);
	for (l = 0; l < logits; ++l) {
		if (!ut_parse_double(ut_csv_field(csv, row, 4 + l), -1e30, 1e30,
				     &number))
			return ut_csv_complain(csv, row, "not a logit", error);
		to[l] = (float)number;
	}
	return UT_OK;
}

static enum ut_status take_samples(struct ut_record *record,
				   const struct ut_csv *csv,
				   struct ut_error *error)
{
	struct ut_results *results = &record->results;
	size_t each = results->replicas * results->samples, row = 0, i;
	enum ut_status status = UT_OK;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		for (i = 0; results->sample_logits[c] && i < each && !status;
		     ++i, ++row)
			status = take_sample(results, c, i, csv, row, error);
	return status;
}

/* Both ---------------------------------------------------------------------- */

/* A table of the folder, with the rows that are expected. */
static enum ut_status read_table(const struct ut_record *record,
				 struct ut_csv *csv, const char *name,
				 const char *names, size_t columns, size_t rows,
				 struct ut_error *error)
{
	char *path = ut_path_join(record->folder, name);
	enum ut_status status;

	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_csv_read(csv, path, UT_RECORD_TABLE_LIMIT, error);
	if (!status)
		status = ut_csv_check_names(csv, names, error);
	if (!status && (csv->rows != rows || csv->columns < columns))
		status = ut_error_set(error, UT_CORRUPT,
				      "%s: %zu rows of %zu fields, where the "
				      "recipe makes %zu of %zu",
				      path, csv->rows, csv->columns, rows,
				      columns);
	free(path);
	return status;
}

enum ut_status ut_record_read_tables(const struct ut_record *record,
				     struct ut_csv *metrics,
				     struct ut_csv *samples,
				     struct ut_error *error)
{
	const struct ut_results *results = &record->results;
	size_t logits = results->classes + results->aux;
	enum ut_status status;

	status = read_table(record, metrics, UT_METRICS_FILE, UT_METRICS_NAMES,
			    UT_METRICS_COLUMNS, expected_points(record), error);
	if (!status && results->samples)
		status = read_table(record, samples, "samples.csv",
				    "condition,replica,image,label", 4 + logits,
				    expected_samples(record), error);
	return status;
}

enum ut_status ut_record_take_tables(struct ut_record *record,
				     const struct ut_csv *metrics,
				     const struct ut_csv *samples,
				     struct ut_error *error)
{
	enum ut_status status = take_metrics(record, metrics, error);

	return status ? status : take_samples(record, samples, error);
}
