/* data/fetch, from a mirror on the disk. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/testing.h"

#define FASHION "/usr/share/datasets/fashion-mnist"

/*
 * Runs a command (printf format), what it prints in the scratch folder's "log";
 * its exit status.
 */
static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *format, ...)
{
	char command[2048], line[4096];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "{ %s; } >'%s' 2>&1 </dev/null", command,
		 test_scratch("log"));
	status = system(line);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_log(const char *text)
{
	struct ut_error error = {0};
	size_t bytes;
	char *log;

	ck_assert_int_eq(ut_file_read(test_scratch("log"), 100000, &log, &bytes,
				      &error),
			 UT_OK);
	ck_assert_msg(strstr(log, text), "%s", log);
	free(log);
}

/* data/fetch of a set from the mirror folder; its exit status. */
static int fetch(const char *mirror, const char *set, const char *folder)
{
	return shell("UNDERTONE_MIRROR='file://%s' sh data/fetch %s '%s'",
		     mirror, set, folder);
}

static bool can_fetch(void)
{
	if (shell("command -v curl")) {
		test_skip("data/fetch", "only curl reads from a disk");
		return false;
	}
	if (!ut_file_exists(FASHION)) {
		test_skip("data/fetch", "dataset-fashion-mnist is not installed"
					"");
		return false;
	}
	return true;
}

START_TEST(other_sets_are_refused)
{
	ck_assert_int_eq(shell("sh data/fetch"), 2);
	ck_assert_int_eq(shell("sh data/fetch cifar"), 2);
	assert_log("usage: data/fetch mnist|fashion-mnist [DIR]");
	ck_assert_int_eq(shell("sh data/fetch mnist a b"), 2);
}
END_TEST

START_TEST(what_needs_a_login_is_explained)
{
	ck_assert_int_eq(shell("sh data/fetch catdog"), 1);
	assert_log("need a login");
	assert_log("data.set=images --data-dir FOLDER");
}
END_TEST

START_TEST(a_set_is_fetched_once)
{
	const char *folder = test_scratch("a folder");

	if (!can_fetch())
		return;
	ck_assert_int_eq(fetch(FASHION, "fashion-mnist", folder), 0);
	assert_log("t10k-labels-idx1-ubyte.gz from file:///usr/share");
	ck_assert_int_eq(fetch(test_scratch("nowhere"), "fashion-mnist",
			       folder),
			 0);
	assert_log("t10k-labels-idx1-ubyte.gz is there");
}
END_TEST

START_TEST(what_has_another_checksum_is_not_kept)
{
	const char *bad = test_scratch("bad"), *folder = test_scratch("set");

	if (!can_fetch())
		return;
	ck_assert_int_eq(shell("mkdir '%s' && head -c 5000 " FASHION
			       "/train-images-idx3-ubyte.gz "
			       ">'%s/train-images-idx3-ubyte.gz'",
			       bad, bad),
			 0);
	ck_assert_int_eq(fetch(bad, "fashion-mnist", folder), 1);
	assert_log("has the wrong checksum");
	assert_log("fetch: no mirror has train-images-idx3-ubyte.gz");
	/* empty */
	ck_assert_int_eq(shell("rmdir '%s'", folder), 0);
}
END_TEST

START_TEST(a_mirror_without_the_file_is_an_error)
{
	if (!can_fetch())
		return;
	ck_assert_int_eq(fetch(test_scratch("nowhere"), "mnist",
			       test_scratch("set")),
			 1);
	assert_log("did not answer with it");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("fetch");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, other_sets_are_refused);
	tcase_add_test(tests, what_needs_a_login_is_explained);
	tcase_add_test(tests, a_set_is_fetched_once);
	tcase_add_test(tests, what_has_another_checksum_is_not_kept);
	tcase_add_test(tests, a_mirror_without_the_file_is_an_error);
	return test_main_alone("fetch", tests);
}
