/* Tables as they are read back: whole ones, and every way to be none. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_csv csv;
static struct ut_error error;

static enum ut_status read(const char *text, size_t bytes)
{
	const char *path = test_scratch("table.csv");

	test_scratch_write(path, text, bytes, false);
	ut_csv_release(&csv);
	return ut_csv_read(&csv, path, 1000, &error);
}

static void refused(const char *text, const char *part)
{
	ck_assert_int_eq(read(text, strlen(text)), UT_CORRUPT);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
	ck_assert_ptr_nonnull(strstr(error.text, "table.csv"));
}

START_TEST(fields_are_where_they_stand)
{
	ck_assert_msg(!read("a,b\n1,\n,2\n", 10), "%s", error.text);
	ck_assert_uint_eq(csv.rows, 2);
	ck_assert_uint_eq(csv.columns, 2);
	ck_assert_str_eq(ut_csv_field(&csv, 0, 0), "1");
	ck_assert_str_eq(ut_csv_field(&csv, 0, 1), "");
	ck_assert_str_eq(ut_csv_field(&csv, 1, 1), "2");
	ck_assert(!ut_csv_check_names(&csv, "a", &error));
	ck_assert(!ut_csv_check_names(&csv, "a,b", &error));
	ck_assert_int_eq(ut_csv_check_names(&csv, "a,b,c", &error), UT_CORRUPT);
	ck_assert_int_eq(ut_csv_check_names(&csv, "a,bb", &error), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "column 2 is not 'bb'"));
	ut_csv_complain(&csv, 1, "odd", &error);
	ck_assert_ptr_nonnull(strstr(error.text, "line 3: odd"));
}
END_TEST

START_TEST(a_header_alone_is_a_table_without_rows)
{
	ck_assert(!read("a,b,c\n", 6));
	ck_assert_uint_eq(csv.rows, 0);
	ck_assert_uint_eq(csv.columns, 3);
}
END_TEST

START_TEST(what_is_no_whole_table_is_refused)
{
	refused("", "not a whole table");
	refused("a,b\n1,2", "not a whole table");
	refused("a,b\n1\n", "line 2 has 1 fields, not 2");
	refused("a,b\n1,2,3\n", "line 2 has 3 fields, not 2");
	refused("a,b,c,d\n\n\n\n\n\n\n\n\n\n", "fewer fields");
	ck_assert_int_eq(read("a\n\0\n", 4), UT_CORRUPT);
	ut_csv_release(&csv);
	ck_assert_int_eq(ut_csv_read(&csv, test_scratch("none"), 10, &error),
			 UT_MISSING);
	ut_csv_release(&csv);
	test_scratch_write(test_scratch("long"), "aaaa\naaaa\n", 10, false);
	ck_assert_int_eq(ut_csv_read(&csv, test_scratch("long"), 9, &error),
			 UT_CORRUPT);
}
END_TEST

static void end(void)
{
	ut_csv_release(&csv);
	test_scratch_close();
}

int main(void)
{
	TCase *tests = tcase_create("csv");

	tcase_add_checked_fixture(tests, test_scratch_open, end);
	tcase_add_test(tests, fields_are_where_they_stand);
	tcase_add_test(tests, a_header_alone_is_a_table_without_rows);
	tcase_add_test(tests, what_is_no_whole_table_is_refused);
	return test_main_alone("csv", tests);
}
