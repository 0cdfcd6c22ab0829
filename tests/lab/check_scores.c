/* What a run writes down of its evaluation: receipt, tables, kept weights. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "lab/verdict.h"
#include "support/scores.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { R = 2 };

static const char *const nowhere[] = {NULL, NULL};
static struct ut_error error;

static void near(double value, double expected)
{
	ck_assert_msg(fabs(value - expected) <= 1e-11 * fabs(expected),
		      "%.17g is not %.17g", value, expected);
}

static json_t *run_two_classes(const char *out, struct ut_results *results)
{
	static const char *const words[] = {
		"data.classes=0, 1", "data.limit=200", "robustness=yes",
		"samples=5",         "evaluate=epoch", "group=1",
	};
	struct ut_run_options options = {
		.device = "host",
		.out = out,
		.data_roots = nowhere,
	};
	struct ut_recipe recipe;
	json_t *receipt;
	size_t i;

	ck_assert(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error));
	for (i = 0; i < sizeof(words) / sizeof(*words); ++i)
		ck_assert_msg(!ut_recipe_assign(&recipe, words[i], &error),
			      "%s", error.text);
	ck_assert_msg(!ut_run(&recipe, &options, results, &error), "%s",
		      error.text);
	ck_assert_msg(!ut_receipt_read(&receipt, out, &error), "%s",
		      error.text);
	return receipt;
}

/* How many conditions were measured. */
static size_t measured(const struct ut_results *results)
{
	size_t count = 0;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		count += results->scores[c].accuracy != NULL;
	return count;
}

static double number_at(const json_t *array, size_t i)
{
	const json_t *number = json_array_get(array, i);

	ck_assert(json_is_number(number));
	return json_number_value(number);
}

static json_int_t cell(const json_t *matrix, size_t i, size_t j)
{
	return json_integer_value(json_array_get(json_array_get(matrix, i), j));
}

/* A matrix counts images of each label `times` over; returns its diagonal. */
static json_int_t check_matrix(const json_t *matrix,
			       const struct ut_results *results, size_t times)
{
	json_int_t diagonal = 0;
	size_t i, j;

	ck_assert_uint_eq(json_array_size(matrix), 10);
	for (i = 0; i < 10; ++i) {
		json_int_t sum = 0;

		for (j = 0; j < 10; ++j)
			sum += cell(matrix, i, j);
		ck_assert_int_eq(sum, (json_int_t)(results->labels[i] * times));
		diagonal += cell(matrix, i, i);
	}
	return diagonal;
}

static void check_condition(const json_t *condition,
			    const struct ut_results *results,
			    enum ut_condition c)
{
	const json_t *matrix = json_object_get(condition, "confusion");
	const json_t *each = json_object_get(condition, "confusion_replicas");
	const json_t *classes = json_object_get(condition, "class_accuracy");
	const json_t *accuracy = json_object_get(condition, "accuracy");
	const json_t *present = json_object_get(condition, "accuracy_present");
	const json_t *auc = json_object_get(condition, "auc");
	size_t N = results->labels[0] + results->labels[1], r, i;

	ck_assert_uint_eq(json_array_size(each), R);
	for (r = 0; r < R; ++r) {
		double right = (double)check_matrix(json_array_get(each, r),
						    results, 1);

		near(number_at(accuracy, r), right / (double)N);
		ck_assert(number_at(present, r) >= number_at(accuracy, r));
		near(number_at(auc, r), results->scores[c].auc[r]);
	}
	near((double)check_matrix(matrix, results, R) / (double)(R * N),
	     json_number_value(json_object_get(condition, "mean")));
	for (i = 0; i < 10; ++i)
		if (results->labels[i])
			near(number_at(classes, i),
			     (double)cell(matrix, i, i) /
				     (double)(R * results->labels[i]));
		else
			ck_assert(json_is_null(json_array_get(classes, i)));
}

/* The derived numbers are those of the replicas' values. */
static void check_statistics(const json_t *receipt,
			     const struct ut_results *results)
{
	const json_t *all = json_object_get(receipt, "conditions");
	const json_t *aux = json_object_get(all, "aux");
	const double *values = results->scores[UT_AUX].accuracy;
	const double *cross = results->scores[UT_CROSS_AUX].accuracy;
	const double *ceiling = results->scores[UT_CEILING].accuracy;
	struct ut_text verdict = {0};

	near(json_number_value(
		     json_object_get(json_object_get(aux, "difference"),
				     "mean")),
	     (values[0] + values[1] - cross[0] - cross[1]) / 2);
	near(json_number_value(
		     json_object_get(json_object_get(aux, "share_of_ceiling"),
				     "mean")),
	     (values[0] / ceiling[0] + values[1] / ceiling[1]) / 2);
	ck_assert_str_eq(json_string_value(json_object_get(aux, "control")),
			 "cross-aux");
	ck_assert_ptr_nonnull(json_object_get(aux, "difference_present"));
	ck_assert_ptr_nonnull(json_object_get(aux, "difference_auc"));
	/* the reference is compared with nothing, the ceiling not with itself
	 */
	ck_assert_ptr_null(json_object_get(json_object_get(all, "reference"),
					   "difference"));
	ck_assert_ptr_null(json_object_get(json_object_get(all, "ceiling"),
					   "share_of_ceiling"));
	ut_verdict_write(results, &verdict);
	ck_assert_str_eq(json_string_value(json_object_get(receipt, "verdict")),
			 ut_text_string(&verdict));
	ut_text_release(&verdict);
}

static void check_robustness(const json_t *condition)
{
	const json_t *kinds = json_object_get(condition, "robustness");
	size_t i;

	for (i = 0; ut_robust_names[i]; ++i) {
		const json_t *kind = json_object_get(kinds, ut_robust_names[i]);

		ck_assert_uint_eq(json_array_size(
					  json_object_get(kind, "accuracy")),
				  R);
		ck_assert_uint_eq(json_array_size(json_object_get(kind, "auc")),
				  R);
	}
}

START_TEST(the_receipt_of_two_classes_is_consistent)
{
	struct ut_results results;
	json_t *receipt, *all;
	int c;

	receipt = run_two_classes(test_scratch("run"), &results);
	all = json_object_get(receipt, "conditions");
	ck_assert_uint_eq(json_object_size(all), measured(&results));
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const json_t *condition =
			json_object_get(all, ut_condition_name(c));

		if (!results.scores[c].accuracy)
			continue;
		check_condition(condition, &results, c);
		check_robustness(condition);
	}
	check_statistics(receipt, &results);
	ck_assert(json_is_integer(
		json_object_get(json_object_get(receipt, "data"), "skipped")));
	ck_assert(json_is_real(json_object_get(json_object_get(receipt, "cost"),
					       "seconds_loading")));
	json_decref(receipt);
	ut_results_release(&results);
}
END_TEST

START_TEST(kept_weights_measure_the_same_in_every_way)
{
	const struct ut_evaluate_options options = {
		.device = "host",
		.data_roots = nowhere,
		.robustness = true,
	};
	struct ut_reevaluation again;
	struct ut_results results;
	int c, kind;

	json_decref(run_two_classes(test_scratch("run"), &results));
	ck_assert_msg(!ut_run_evaluate(test_scratch("run"), &options, &again,
				       &error),
		      "%s", error.text);
	for (c = 0; c < UT_CONDITIONS; ++c) {
		if (!results.scores[c].accuracy)
			continue;
		test_same_scores(ut_condition_name(c), &results,
				 &results.scores[c], &again.results.scores[c]);
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			test_same_scores(ut_robust_names[kind], &results,
					 &results.robust[c][kind],
					 &again.results.robust[c][kind]);
		test_same_bits("logits", ut_condition_name(c), UT_F32,
			       results.sample_logits[c],
			       again.results.sample_logits[c],
			       R * 5 * (results.classes + results.aux));
	}
	ut_reevaluation_release(&again);
	ut_results_release(&results);
}
END_TEST

/* Lines of a file in which every line has as many columns as the first. */
static size_t count_lines(const char *path, size_t *columns)
{
	size_t bytes, lines = 0, commas = 0, i;
	char *text;

	ck_assert(!ut_file_read(path, 1 << 20, &text, &bytes, &error));
	for (i = 0; i < bytes; ++i) {
		commas += text[i] == ',';
		if (text[i] != '\n')
			continue;
		if (!lines++)
			*columns = commas + 1;
		ck_assert_uint_eq(commas + 1, *columns);
		commas = 0;
	}
	free(text);
	return lines;
}

START_TEST(tables_have_a_line_for_everything_measured)
{
	struct ut_results results;
	size_t columns;

	json_decref(run_two_classes(test_scratch("run"), &results));
	ck_assert_uint_eq(count_lines(test_scratch("run/samples.csv"),
				      &columns),
			  1 + measured(&results) * R * 5);
	ck_assert_uint_eq(columns, 4 + results.classes + results.aux);
	/* five trainings of two epochs, and before them */
	ck_assert_uint_eq(count_lines(test_scratch("run/metrics.csv"),
				      &columns),
			  1 + 5 * R * 3);
	ck_assert_uint_eq(columns, 9);
	ut_results_release(&results);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("scores");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, the_receipt_of_two_classes_is_consistent);
	tcase_add_test(tests, kept_weights_measure_the_same_in_every_way);
	tcase_add_test(tests, tables_have_a_line_for_everything_measured);
	return test_main_alone("scores", tests);
}
