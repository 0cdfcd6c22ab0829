/* undertone selftest, as users and scripts meet it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/defects.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

START_TEST(wrong_calls_are_errors)
{
	test_program_fails(USAGE, "selftest tiny", "no arguments");
	test_program_fails(USAGE, "selftest --force", "--force");
	test_program_fails(FAILED, "selftest --device nonesuch", "no device");
}
END_TEST

START_TEST(the_host_is_proven_clause_by_clause)
{
	int clause;

	ck_assert_int_eq(test_program("selftest --device host"), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "host: "));
	for (clause = 1; clause <= 8; ++clause) {
		const char line[] = {'\n', ' ', ' ', (char)('0' + clause),
				     ' ',  '\0'};
		const char *at = strstr(test_output, line);

		ck_assert_ptr_nonnull(at);
		ck_assert_ptr_nonnull(strstr(at, "proven"));
	}
	ck_assert_ptr_null(strstr(test_output, "WRONG"));
}
END_TEST

START_TEST(json_has_every_line)
{
	json_t *all, *device, *line;
	size_t i;

	ck_assert_int_eq(test_program("selftest --device host --json"), DONE);
	all = json_loads(test_output, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_uint_eq(json_array_size(all), 1);
	device = json_array_get(all, 0);
	ck_assert(json_is_true(json_object_get(device, "bit_exact")));
	ck_assert_uint_gt(json_array_size(json_object_get(device, "lines")),
			  36);
	json_array_foreach(json_object_get(device, "lines"), i, line)
	{
		ck_assert_str_eq(json_string_value(
					 json_object_get(line, "verdict")),
				 "proven");
		ck_assert(json_is_integer(json_object_get(line, "clause")));
		ck_assert(json_is_string(json_object_get(line, "what")));
	}
	json_decref(all);
}
END_TEST

START_TEST(what_is_wrong_is_named_and_the_status_tells)
{
	ck_assert_int_eq(test_faulty("", "selftest --device faulty"), DONE);
	/* every bit counts */
	ck_assert_int_eq(test_faulty("ulp:linear_data:1+",
				     "selftest --device faulty"),
			 FAILED);
	ck_assert_ptr_nonnull(
		strstr(test_output, "order by shape alone             WRONG"));
	ck_assert_ptr_nonnull(strstr(test_output, "     linear_data: dx["));
	ck_assert_ptr_null(strstr(test_output, "linear_weights"));
	ck_assert_int_eq(test_faulty("fail:mean:1", "selftest --device faulty"),
			 FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "self-test of faulty"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("selftest_command");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, test_defects_open, test_scratch_close);
	tcase_add_test(tests, wrong_calls_are_errors);
	tcase_add_test(tests, the_host_is_proven_clause_by_clause);
	tcase_add_test(tests, json_has_every_line);
	tcase_add_test(tests, what_is_wrong_is_named_and_the_status_tells);
	return test_main_alone("selftest_command", tests);
}
