/* Whole files. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/testing.h"

static void assert_content(const char *path, const char *expected)
{
	struct ut_error error = {0};
	char *data = NULL;
	size_t bytes = 0;

	ck_assert_msg(!ut_file_read(path, 1000000, &data, &bytes, &error), "%s",
		      error.text);
	ck_assert_uint_eq(bytes, strlen(expected));
	ck_assert_str_eq(data, expected);
	free(data);
}

/* How many entries the scratch folder has, hidden ones too. */
static int entries(void)
{
	char command[600];
	FILE *pipe;
	int count = -1;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l",
		 test_scratch("."));
	pipe = popen(command, "r");
	ck_assert_int_eq(fscanf(pipe, "%d", &count), 1);
	pclose(pipe);
	return count;
}

START_TEST(what_is_written_is_read_back)
{
	const char *path = test_scratch("file");
	struct ut_error error = {0};

	ck_assert_int_eq(ut_file_write(path, "one", 3, &error), UT_OK);
	assert_content(path, "one");
	ck_assert_int_eq(ut_file_write(path, "", 0, &error), UT_OK);
	assert_content(path, "");
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_large_file_is_read_whole)
{
	const char *path = test_scratch("file");
	size_t bytes = 0, length = 300001;
	char *data = malloc(length), *back = NULL;
	struct ut_error error = {0};

	ck_assert_ptr_nonnull(data);
	memset(data, 'x', length);
	ck_assert_int_eq(ut_file_write(path, data, length, &error), UT_OK);
	ck_assert_int_eq(ut_file_read(path, length, &back, &bytes, &error),
			 UT_OK);
	ck_assert_uint_eq(bytes, length);
	ck_assert_int_eq(memcmp(data, back, length), 0);
	free(back);
	back = NULL;
	ck_assert_int_eq(ut_file_read(path, length - 1, &back, &bytes, &error),
			 UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "longer than 300000 bytes"));
	ck_assert_ptr_null(back);
	free(data);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct ut_error error = {0};
	size_t bytes;
	char *data;

	ck_assert_int_eq(ut_file_read(test_scratch("none"), 9, &data, &bytes,
				      &error),
			 UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "/none: No such file"));
	ck_assert_int_eq(ut_file_read(test_scratch("."), 9, &data, &bytes,
				      &error),
			 UT_IO);
	ck_assert_int_eq(ut_file_write(test_scratch("none/file"), "x", 1,
				       &error),
			 UT_MISSING);
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file_and_nothing_else)
{
	const char *path = test_scratch("file");
	struct rlimit before, small = {.rlim_cur = 1000};
	struct ut_error error = {0};
	static char data[5000];
	enum ut_status status;

	ck_assert_int_eq(ut_file_write(path, "old", 3, &error), UT_OK);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	status = ut_file_write(path, data, sizeof(data), &error);
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_int_eq(status, UT_IO);
	ck_assert_ptr_nonnull(strstr(error.text, "cannot write "));
	ck_assert_ptr_nonnull(strstr(error.text, "File too large"));
	assert_content(path, "old");
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_draft_stands_only_when_it_is_committed)
{
	const char *path = test_scratch("file");
	struct ut_error error = {0};
	struct ut_draft draft = {0};

	ut_draft_abort(&draft);
	ck_assert(!ut_draft_begin(&draft, path, &error));
	ut_draft_append(&draft, "half", 4);
	ck_assert(!ut_file_exists(path));
	ut_draft_abort(&draft);
	ck_assert_int_eq(entries(), 0);
	ck_assert(!ut_draft_begin(&draft, path, &error));
	ut_draft_append(&draft, "wh", 2);
	ut_draft_append(&draft, "ole", 3);
	ck_assert(!ut_draft_commit(&draft, &error));
	assert_content(path, "whole");
	ck_assert_int_eq(entries(), 1);
	ck_assert_int_eq(ut_draft_begin(&draft, test_scratch("none/file"),
					&error),
			 UT_MISSING);
	ut_draft_abort(&draft);
}
END_TEST

START_TEST(errors_of_the_system_have_their_status)
{
	struct ut_error error = {0};

	ck_assert_int_eq(ut_file_error(&error, ENOSPC, "cannot write %s", "x"),
			 UT_IO);
	ck_assert_str_eq(error.text, "cannot write x: No space left on device");
	ck_assert_int_eq(ut_file_error(&error, EEXIST, "x"), UT_EXISTS);
	ck_assert_int_eq(ut_file_error(&error, ENOMEM, "x"), UT_MEMORY);
	ck_assert_int_eq(ut_file_error(&error, ENOENT, "x"), UT_MISSING);
}
END_TEST

START_TEST(paths_are_joined_with_one_slash)
{
	char *path = ut_path_join("a", "b");

	ck_assert_str_eq(path, "a/b");
	free(path);
	path = ut_path_join("/", "b");
	ck_assert_str_eq(path, "/b");
	free(path);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("file");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, what_is_written_is_read_back);
	tcase_add_test(tests, a_large_file_is_read_whole);
	tcase_add_test(tests, a_missing_file_is_named);
	tcase_add_test(tests,
		       a_failed_write_leaves_the_old_file_and_nothing_else);
	tcase_add_test(tests, a_draft_stands_only_when_it_is_committed);
	tcase_add_test(tests, errors_of_the_system_have_their_status);
	tcase_add_test(tests, paths_are_joined_with_one_slash);
	return test_main_alone("file", tests);
}
