/* Statistics against numbers that others computed. */
#include <math.h>
#include <stdlib.h>

#include "report/statistics.h"
#include "support/tensors.h"
#include "support/testing.h"

static void near(double value, double expected, double tolerance)
{
	double distance = fabs(value - expected);

	ck_assert_msg(!!(distance <= tolerance * fabs(expected)),
		      "%.17g is not %.17g", value, expected);
}

/* A tensor of the golden file; free it. */
static double *golden(struct test_tensors *file, const char *name,
		      size_t expected)
{
	size_t count;
	double *tensor = test_tensor(file, name, &count);

	ck_assert_ptr_nonnull(tensor);
	ck_assert_uint_eq(count, expected);
	return tensor;
}

START_TEST(student_t_agrees_with_published_tables)
{
	near(ut_student_t95(1), 12.706204736432095, 1e-9);
	near(ut_student_t95(2), 4.302652729911275, 1e-9);
	near(ut_student_t95(4), 2.7764451051977987, 1e-9);
	/* tests/golden: t_975_24 */
	near(ut_student_t95(24), 2.0638985616280205, 1e-12);
	near(ut_student_t95(99), 1.984216951572267, 1e-9);
	near(ut_student_t95(100000), 1.9599876, 1e-6);
}
END_TEST

START_TEST(a_summary_has_ddof_1)
{
	const double values[] = {0.1, 0.2, 0.3, 0.4};
	struct ut_summary s = ut_summarise(values, 4);

	near(s.mean, 0.25, 1e-15);
	near(s.deviation, 0.12909944487358055, 1e-12);
	near(s.half, 3.182446305284263 * 0.12909944487358055 / 2, 1e-9);
	near(s.min, 0.1, 0);
	near(s.max, 0.4, 0);
}
END_TEST

START_TEST(one_replica_has_no_interval)
{
	const double value = 0.7;
	struct ut_summary s = ut_summarise(&value, 1);

	ck_assert(s.count == 1);
	ck_assert(s.mean == 0.7 && s.half == 0 && s.deviation == 0);
	ck_assert(s.min == 0.7 && s.max == 0.7);
}
END_TEST

START_TEST(a_summary_is_what_pytorch_computed)
{
	struct test_tensors *file =
		test_tensors_read("tests/golden/metrics.safetensors");
	double *values = golden(file, "sample.values", 25);
	double *mean = golden(file, "sample.mean", 1);
	double *deviation = golden(file, "sample.std", 1);
	double *ends = golden(file, "sample.ci95", 2);
	struct ut_summary s = ut_summarise(values, 25);

	near(s.mean, *mean, 1e-12);
	near(s.deviation, *deviation, 1e-12);
	near(s.mean - s.half, ends[0], 1e-12);
	near(s.mean + s.half, ends[1], 1e-12);
	free(values);
	free(mean);
	free(deviation);
	free(ends);
	test_tensors_free(file);
}
END_TEST

START_TEST(a_confusion_counts_what_pytorch_counted)
{
	struct test_tensors *file =
		test_tensors_read("tests/golden/metrics.safetensors");
	double *labels = golden(file, "accuracy.labels", 200);
	double *predicted = golden(file, "accuracy.predicted", 200);
	double *expected = golden(file, "accuracy.confusion", 100);
	double *accuracy = golden(file, "accuracy.value", 1);
	uint32_t counts[100] = {0}, answers[200], right = 0;
	uint8_t rows[200];
	size_t i;

	for (i = 0; i < 200; ++i) {
		rows[i] = (uint8_t)labels[i];
		answers[i] = (uint32_t)predicted[i];
	}
	ut_confusion(rows, answers, 200, 10, counts);
	for (i = 0; i < 100; ++i)
		ck_assert_uint_eq(counts[i], (uint32_t)expected[i]);
	for (i = 0; i < 10; ++i)
		right += counts[11 * i];
	near(right / 200.0, *accuracy, 1e-12);
	free(labels);
	free(predicted);
	free(expected);
	free(accuracy);
	test_tensors_free(file);
}
END_TEST

START_TEST(paired_differences_have_the_deviation_of_the_pairs)
{
	const double a[] = {0.51, 0.62, 0.43, 0.70};
	const double b[] = {0.11, 0.20, 0.05, 0.31};
	struct ut_summary s = ut_summarise_pairs(a, b, 4, UT_DIFFERENCE);
	/* differences 0.40 0.42 0.38 0.39 */
	double deviation = sqrt((2.5e-3 * 2.5e-3 + 2.25e-2 * 2.25e-2 +
				 1.75e-2 * 1.75e-2 + 7.5e-3 * 7.5e-3) /
				3);

	ck_assert_uint_eq(s.count, 4);
	near(s.mean, 0.3975, 1e-12);
	near(s.deviation, deviation, 1e-12);
	near(s.half, 3.182446305284263 * deviation / 2, 1e-9);
	near(s.min, 0.38, 1e-12);
	near(s.max, 0.42, 1e-12);
}
END_TEST

START_TEST(ratios_are_of_the_same_replica_and_never_to_0)
{
	const double a[] = {0.1, 0.3, 0.9}, b[] = {0.2, 0, 0.9};
	const double nothing[] = {0, 0};
	struct ut_summary s = ut_summarise_pairs(a, b, 3, UT_RATIO);

	ck_assert_uint_eq(s.count, 2);
	near(s.mean, 0.75, 1e-15);
	near(s.deviation, sqrt(0.125), 1e-12);
	near(s.min, 0.5, 1e-15);
	near(s.max, 1, 1e-15);
	s = ut_summarise_pairs(a, nothing, 2, UT_RATIO);
	ck_assert_uint_eq(s.count, 0);
	ck_assert(s.mean == 0 && s.half == 0);
}
END_TEST

START_TEST(wilson_agrees_with_published_examples)
{
	/* Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20 */
	struct ut_interval i = ut_wilson95(81.0 / 263, 263);

	ck_assert(fabs(i.low - 0.2553) < 5e-5 && fabs(i.high - 0.3662) < 5e-5);
	i = ut_wilson95(15.0 / 148, 148);
	ck_assert(fabs(i.low - 0.0624) < 5e-5 && fabs(i.high - 0.1605) < 5e-5);
	i = ut_wilson95(0, 20);
	ck_assert(i.low == 0 && fabs(i.high - 0.1611) < 5e-5);
	/* and the other end is its mirror */
	i = ut_wilson95(1, 20);
	ck_assert(fabs(i.low - 0.8389) < 5e-5 && i.high == 1);
}
END_TEST

START_TEST(only_what_is_above_the_level_counts)
{
	const double values[] = {0.1, 0.2, 0.10000001, 0.05, NAN};

	ck_assert_uint_eq(ut_count_above(values, 5, 0.1), 2);
	ck_assert_uint_eq(ut_count_above(values, 5, 1), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("statistics");

	tcase_add_test(tests, student_t_agrees_with_published_tables);
	tcase_add_test(tests, a_summary_has_ddof_1);
	tcase_add_test(tests, one_replica_has_no_interval);
	tcase_add_test(tests, a_summary_is_what_pytorch_computed);
	tcase_add_test(tests, a_confusion_counts_what_pytorch_counted);
	tcase_add_test(tests,
		       paired_differences_have_the_deviation_of_the_pairs);
	tcase_add_test(tests, ratios_are_of_the_same_replica_and_never_to_0);
	tcase_add_test(tests, wilson_agrees_with_published_examples);
	tcase_add_test(tests, only_what_is_above_the_level_counts);
	return test_main_alone("statistics", tests);
}
