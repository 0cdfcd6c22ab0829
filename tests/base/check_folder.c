/* Folders that are whole or absent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/testing.h"

static void put(const char *folder, const char *name, const char *text)
{
	char *path = ut_path_join(folder, name);
	struct ut_error error = {0};

	ck_assert_msg(!ut_file_write(path, text, strlen(text), &error), "%s",
		      error.text);
	free(path);
}

static bool has(const char *folder, const char *name)
{
	char *path = ut_path_join(folder, name);
	bool there = ut_file_exists(path);

	free(path);
	return there;
}

/* A folder named path with a receipt in it. */
static void make_run(const char *path, bool force)
{
	struct ut_folder folder;
	struct ut_error error = {0};
	char *below;

	ck_assert_msg(!ut_folder_begin(&folder, path, force, &error), "%s",
		      error.text);
	put(folder.work, UT_RECEIPT_FILE, "{}");
	below = ut_path_join(folder.work, "figures");
	ck_assert_int_eq(ut_folder_make(below, &error), UT_OK);
	put(below, "a.svg", "<svg/>");
	free(below);
	ck_assert_msg(!ut_folder_commit(&folder, &error), "%s", error.text);
	ck_assert_ptr_null(folder.path);
}

/* How many entries a folder has, hidden ones too. */
static int entries(const char *path)
{
	char command[600];
	FILE *pipe;
	int count = -1;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", path);
	pipe = popen(command, "r");
	ck_assert_int_eq(fscanf(pipe, "%d", &count), 1);
	pclose(pipe);
	return count;
}

static void assert_refused(const char *path, bool force, enum ut_status status,
			   const char *why)
{
	struct ut_error error = {0};
	struct ut_folder folder;

	ck_assert_int_eq(ut_folder_begin(&folder, path, force, &error), status);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
	ck_assert_ptr_null(folder.path);
	ck_assert_ptr_null(folder.work);
	ut_folder_abort(&folder);
}

START_TEST(folders_are_made_with_those_above)
{
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_make(test_scratch("a/b//c"), &error), UT_OK);
	ck_assert(ut_file_exists(test_scratch("a/b/c")));
	ck_assert_int_eq(ut_folder_make(test_scratch("a/b/c"), &error), UT_OK);
	put(test_scratch("a"), "file", "");
	ck_assert_int_eq(ut_folder_make(test_scratch("a/file/x"), &error),
			 UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "Not a directory"));
}
END_TEST

START_TEST(a_folder_appears_at_commit)
{
	const char *path = test_scratch("runs/one");
	struct ut_folder folder;
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_begin(&folder, path, false, &error), UT_OK);
	put(folder.work, UT_RECEIPT_FILE, "{}");
	ck_assert(!ut_file_exists(path));
	ck_assert_int_eq(ut_folder_commit(&folder, &error), UT_OK);
	ck_assert(has(path, UT_RECEIPT_FILE));
	ck_assert_int_eq(entries(test_scratch("runs")), 1);
}
END_TEST

START_TEST(an_aborted_folder_leaves_nothing)
{
	struct ut_folder folder;
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_begin(&folder, test_scratch("runs/one/"),
					 false, &error),
			 UT_OK);
	put(folder.work, "file", "x");
	ut_folder_abort(&folder);
	ck_assert_int_eq(entries(test_scratch("runs")), 0);
	ut_folder_abort(&folder);
}
END_TEST

START_TEST(what_exists_is_refused)
{
	make_run(test_scratch("one"), false);
	assert_refused(test_scratch("one"), false, UT_EXISTS, "--force");
	assert_refused(test_scratch("one//"), false, UT_EXISTS, "--force");
	ck_assert_int_eq(entries(test_scratch(".")), 1);
}
END_TEST

START_TEST(force_replaces_a_run_at_commit)
{
	const char *path = test_scratch("one");
	struct ut_folder folder;
	struct ut_error error = {0};

	make_run(path, false);
	ck_assert_int_eq(ut_folder_begin(&folder, path, true, &error), UT_OK);
	put(folder.work, "new", "x");
	ck_assert(has(path, UT_RECEIPT_FILE));
	ck_assert_msg(!ut_folder_commit(&folder, &error), "%s", error.text);
	ck_assert(has(path, "new"));
	ck_assert(!has(path, UT_RECEIPT_FILE));
	ck_assert(!has(path, "figures"));
	ck_assert_int_eq(entries(test_scratch(".")), 1);
}
END_TEST

START_TEST(force_on_nothing_is_fine)
{
	make_run(test_scratch("one"), true);
	ck_assert(has(test_scratch("one"), "figures/a.svg"));
}
END_TEST

START_TEST(force_never_replaces_what_is_no_run)
{
	const char *home = test_scratch("home");
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_make(home, &error), UT_OK);
	assert_refused(home, true, UT_EXISTS, "not the folder of a run");
	put(home, "file", "precious");
	assert_refused(home, true, UT_EXISTS, "not the folder of a run");
	assert_refused(test_scratch("home/file"), true, UT_EXISTS,
		       "not the folder of a run");
	make_run(test_scratch("run"), false);
	ck_assert_int_eq(symlink("run", test_scratch("link")), 0);
	assert_refused(test_scratch("link"), true, UT_EXISTS,
		       "not the folder of a run");
	ck_assert(has(home, "file"));
	ck_assert(has(test_scratch("run"), UT_RECEIPT_FILE));
}
END_TEST

START_TEST(paths_that_name_no_new_folder_are_refused)
{
	static const char *const paths[] = {"",   ".",  "..",     "/",
					    "//", "./", "runs/.", "runs/.."};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); ++i)
		assert_refused(paths[i], true, UT_INVALID,
			       "does not name a new folder");
}
END_TEST

START_TEST(what_came_meanwhile_is_not_replaced)
{
	const char *path = test_scratch("one");
	struct ut_folder folder;
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_begin(&folder, path, false, &error), UT_OK);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_int_eq(ut_folder_commit(&folder, &error), UT_EXISTS);
	ck_assert_int_eq(entries(path), 0);
	ck_assert_int_eq(entries(test_scratch(".")), 1);
}
END_TEST

START_TEST(removing_does_not_follow_links)
{
	const char *path = test_scratch("run");
	struct ut_error error = {0};

	make_run(path, false);
	ck_assert_int_eq(ut_folder_make(test_scratch("home"), &error), UT_OK);
	put(test_scratch("home"), "file", "precious");
	ck_assert_int_eq(symlink("../home", test_scratch("run/link")), 0);
	make_run(path, true);
	ck_assert(has(test_scratch("home"), "file"));
	ck_assert(!has(path, "link"));
}
END_TEST

START_TEST(an_unwritable_place_is_an_error)
{
	const char *locked = test_scratch("locked");
	struct ut_folder folder;
	struct ut_error error = {0};
	bool root = !geteuid();
	enum ut_status status;

	ck_assert_int_eq(mkdir(locked, 0555), 0);
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	status = ut_folder_begin(&folder, test_scratch("locked/one"), false,
				 &error);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(status, UT_IO);
	ck_assert_ptr_nonnull(strstr(error.text, "locked/one: Permission"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("folder");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, folders_are_made_with_those_above);
	tcase_add_test(tests, a_folder_appears_at_commit);
	tcase_add_test(tests, an_aborted_folder_leaves_nothing);
	tcase_add_test(tests, what_exists_is_refused);
	tcase_add_test(tests, force_replaces_a_run_at_commit);
	tcase_add_test(tests, force_on_nothing_is_fine);
	tcase_add_test(tests, force_never_replaces_what_is_no_run);
	tcase_add_test(tests, paths_that_name_no_new_folder_are_refused);
	tcase_add_test(tests, what_came_meanwhile_is_not_replaced);
	tcase_add_test(tests, removing_does_not_follow_links);
	tcase_add_test(tests, an_unwritable_place_is_an_error);
	return test_main_alone("folder", tests);
}
