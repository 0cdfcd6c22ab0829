/* Strings: building them, parsing what users typed. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "support/testing.h"

START_TEST(appending_grows_the_string)
{
	struct ut_text text = {0};
	size_t i;

	ck_assert_str_eq(ut_text_string(&text), "");
	for (i = 0; i < 1000; ++i)
		ut_text_append(&text, "%zu,", i % 10);
	ck_assert_uint_eq(text.length, 2000);
	ck_assert_uint_eq(strlen(ut_text_string(&text)), 2000);
	ck_assert_int_eq(strncmp(text.data + 1980, "0,1,2,3,4,5", 11), 0);
	ck_assert(!text.failed);
	ut_text_release(&text);
	ck_assert_ptr_null(text.data);
}
END_TEST

START_TEST(numbers_have_a_point_in_any_locale)
{
	static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
					     "de_DE.utf8", "fr_FR.utf8"};
	struct ut_text text = {0};
	double x = 0;
	size_t i;

	for (i = 0; i < 4 && !setlocale(LC_ALL, commas[i]); ++i)
		;
	if (i == 4)
		test_skip("a locale with commas", "none is installed");
	ut_text_append(&text, "%g", 0.5);
	ck_assert_str_eq(ut_text_string(&text), "0.5");
	ck_assert(ut_parse_double("2.5", 0, 10, &x));
	ck_assert(x == 2.5);
	ck_assert(!ut_parse_double("2,5", 0, 10, &x));
	setlocale(LC_ALL, "C");
	ut_text_release(&text);
}
END_TEST

START_TEST(the_nearest_word_is_what_was_meant)
{
	static const char *const words[] = {"teacher.lr", "teacher.epochs",
					    "replicas", "seed", "net"};

	ck_assert_str_eq(ut_text_nearest("replica", words, 5), "replicas");
	ck_assert_str_eq(ut_text_nearest("sede", words, 5), "seed");
	ck_assert_str_eq(ut_text_nearest("Teacher.Epoch", words, 5),
			 "teacher.epochs");
	ck_assert_str_eq(ut_text_nearest("teacher.lr", words, 5), "teacher.lr");
	ck_assert_ptr_null(ut_text_nearest("colour", words, 5));
	ck_assert_ptr_null(ut_text_nearest("", words, 5));
	ck_assert_ptr_null(ut_text_nearest("x", words, 5));
	ck_assert_ptr_null(ut_text_nearest("seed", words, 0));
}
END_TEST

START_TEST(a_word_too_long_has_no_nearest)
{
	static const char *const words[] = {"seed"};
	char longest[300];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_ptr_null(ut_text_nearest(longest, words, 1));
}
END_TEST

START_TEST(whole_numbers_are_digits_within_bounds)
{
	static const char *const wrong[] = {
		"",
		" 1",
		"1 ",
		"+1",
		"-1",
		"1.0",
		"0x1",
		"1e3",
		"ten",
		"18446744073709551616",
		"99999999999999999999",
		"1\n",
	};
	uint64_t n = 77;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i)
		ck_assert_msg(!ut_parse_u64(wrong[i], 0, UINT64_MAX, &n),
			      "'%s' was taken", wrong[i]);
	ck_assert(!ut_parse_u64("4", 5, 9, &n));
	ck_assert(!ut_parse_u64("10", 5, 9, &n));
	ck_assert_uint_eq(n, 77);
	ck_assert(ut_parse_u64("18446744073709551615", 0, UINT64_MAX, &n));
	ck_assert(n == UINT64_MAX);
	ck_assert(ut_parse_u64("005", 5, 9, &n));
	ck_assert_uint_eq(n, 5);
}
END_TEST

START_TEST(real_numbers_are_decimal_and_finite)
{
	static const char *const wrong[] = {
		"",      ".",      "-",         "e5",    "1e",  "1e+",
		"inf",   "nan",    "-infinity", "0x1p3", " 1",  "1 ",
		"1e999", "-1e999", "1,5",       "1.2.3", "--1",
	};
	double x = 7;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i)
		ck_assert_msg(!ut_parse_double(wrong[i], -INFINITY, INFINITY,
					       &x),
			      "'%s' was taken", wrong[i]);
	ck_assert(!ut_parse_double("1.5", 0, 1, &x));
	ck_assert(!ut_parse_double("-0.1", 0, 1, &x));
	ck_assert(x == 7);
	ck_assert(ut_parse_double("3e-4", 0, 1, &x));
	ck_assert(x == 3e-4);
	ck_assert(ut_parse_double("-.5E+1", -9, 9, &x));
	ck_assert(x == -5);
	ck_assert(ut_parse_double("1.7976931348623157e308", 0, DBL_MAX, &x));
	ck_assert(x == DBL_MAX);
	ck_assert(ut_parse_double("0", 0, 0, &x));
	ck_assert(x == 0);
}
END_TEST

START_TEST(utf8_is_told_from_other_bytes)
{
	static const char *const good[] = {
		"",
		"cat",
		"Kätzchen",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xe0\xa0\x80",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80",
		"\xff",
		"K\xe4tzchen",
		"\xc3",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xe2\x82",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); ++i)
		ck_assert_msg(ut_text_is_utf8(good[i]), "good %zu", i);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); ++i)
		ck_assert_msg(!ut_text_is_utf8(bad[i]), "bad %zu", i);
}
END_TEST

START_TEST(trimming_cuts_both_ends)
{
	char padded[] = " \t a b \n", empty[] = "   ";

	ck_assert_str_eq(ut_text_trim(padded), "a b");
	ck_assert_str_eq(ut_text_trim(empty), "");
}
END_TEST

START_TEST(lists_are_split_at_commas)
{
	struct ut_list list;

	ck_assert(ut_list_split(&list, " reference, aux ,all"));
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[0], "reference");
	ck_assert_str_eq(list.items[1], "aux");
	ck_assert_str_eq(list.items[2], "all");
	ut_list_release(&list);
	ck_assert(ut_list_split(&list, "a,,"));
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[1], "");
	ck_assert_str_eq(list.items[2], "");
	ut_list_release(&list);
	ck_assert(ut_list_split(&list, "  "));
	ck_assert_uint_eq(list.count, 0);
	ut_list_release(&list);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, appending_grows_the_string);
	tcase_add_test(tests, numbers_have_a_point_in_any_locale);
	tcase_add_test(tests, the_nearest_word_is_what_was_meant);
	tcase_add_test(tests, a_word_too_long_has_no_nearest);
	tcase_add_test(tests, whole_numbers_are_digits_within_bounds);
	tcase_add_test(tests, real_numbers_are_decimal_and_finite);
	tcase_add_test(tests, utf8_is_told_from_other_bytes);
	tcase_add_test(tests, trimming_cuts_both_ends);
	tcase_add_test(tests, lists_are_split_at_commas);
	return test_main_alone("text", tests);
}
