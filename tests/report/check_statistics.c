/* Statistics against numbers that others computed. */
#include <math.h>

#include "report/statistics.h"
#include "support/testing.h"

static void near(double value, double expected, double tolerance)
{
	double distance = fabs(value - expected);

	ck_assert_msg(!!(distance <= tolerance * fabs(expected)),
		      "%.17g is not %.17g", value, expected);
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

	ck_assert(s.mean == 0.7 && s.half == 0 && s.deviation == 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("statistics");

	tcase_add_test(tests, student_t_agrees_with_published_tables);
	tcase_add_test(tests, a_summary_has_ddof_1);
	tcase_add_test(tests, one_replica_has_no_interval);
	return test_main_alone("statistics", tests);
}
