/* The texts of errors. */
#include <string.h>

#include <undertone/status.h>

#include "support/testing.h"

START_TEST(setting_returns_the_status_and_keeps_the_text)
{
	struct ut_error error = {0};

	ck_assert_int_eq(ut_error_set(&error, UT_IO, "cannot read %s", "x"),
			 UT_IO);
	ck_assert_int_eq(error.status, UT_IO);
	ck_assert_str_eq(error.text, "cannot read x");
}
END_TEST

START_TEST(no_error_object_is_fine)
{
	ck_assert_int_eq(ut_error_set(NULL, UT_CORRUPT, "x"), UT_CORRUPT);
}
END_TEST

START_TEST(a_prefix_comes_before_the_text)
{
	struct ut_error error = {0};

	ut_error_set(&error, UT_MISSING, "no such file");
	ck_assert_int_eq(ut_error_prefix(&error, "line %d", 7), UT_MISSING);
	ck_assert_str_eq(error.text, "line 7: no such file");
}
END_TEST

START_TEST(texts_too_long_are_cut)
{
	static char longest[3 * UT_ERROR_TEXT];
	struct ut_error error;

	memset(longest, 'a', sizeof(longest) - 1);
	ut_error_set(&error, UT_IO, "%s", longest);
	ck_assert_uint_eq(strlen(error.text), UT_ERROR_TEXT - 1);
	ut_error_prefix(&error, "before");
	ck_assert_uint_eq(strlen(error.text), UT_ERROR_TEXT - 1);
	ck_assert_int_eq(strncmp(error.text, "before: aaa", 11), 0);
	ut_error_set(&error, UT_IO, "after");
	ut_error_prefix(&error, "%s", longest);
	ck_assert_uint_eq(strlen(error.text), UT_ERROR_TEXT - 1);
	ck_assert_str_eq(error.text + UT_ERROR_TEXT - 5, "aa: ");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("error");

	tcase_add_test(tests, setting_returns_the_status_and_keeps_the_text);
	tcase_add_test(tests, no_error_object_is_fine);
	tcase_add_test(tests, a_prefix_comes_before_the_text);
	tcase_add_test(tests, texts_too_long_are_cut);
	return test_main_alone("error", tests);
}
