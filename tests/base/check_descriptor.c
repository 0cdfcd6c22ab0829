/* Whole pieces through descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "support/testing.h"

static int ends[2];

static void begin(void)
{
	ck_assert_int_eq(pipe(ends), 0);
}

static void end(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* More than a pipe holds: both sides go on where they were stopped. */
START_TEST(what_is_written_is_read_whole)
{
	enum { BYTES = 1 << 20 };
	static unsigned char sent[BYTES], got[BYTES];
	int state;
	pid_t child;
	size_t i;

	for (i = 0; i < BYTES; ++i)
		sent[i] = (unsigned char)(i * i >> 8);
	child = fork();
	if (!child)
		_exit(ut_write_all(ends[1], sent, BYTES) != 0);
	ck_assert(ut_read_all(ends[0], got, BYTES));
	ck_assert(!memcmp(sent, got, BYTES));
	ck_assert_int_eq(waitpid(child, &state, 0), child);
	ck_assert_int_eq(state, 0);
}
END_TEST

START_TEST(an_end_is_no_piece)
{
	char got[2];

	ck_assert_int_eq(ut_write_all(ends[1], "a", 1), 0);
	close(ends[1]);
	ck_assert(!ut_read_all(ends[0], got, 2));
	ck_assert_int_eq(ut_read_until(ends[0], got, 1, ut_clock_now() + 100,
				       NULL, NULL),
			 UT_READ_ENDED);
	ends[1] = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(ut_write_all(ends[1], "a", 1), EBADF);
}
END_TEST

static bool at_once(void *user)
{
	++*(int *)user;
	return true;
}

START_TEST(waiting_has_an_end)
{
	double started = ut_clock_now();
	int asked = 0;
	char got;

	ck_assert_int_eq(ut_read_until(ends[0], &got, 1, started + 0.05, NULL,
				       NULL),
			 UT_READ_LATE);
	ck_assert(ut_clock_now() - started >= 0.05);
	ck_assert_int_eq(ut_read_until(ends[0], &got, 1, started + 100, at_once,
				       &asked),
			 UT_READ_STOPPED);
	ck_assert_int_eq(asked, 1);
	/* what is there is taken, however late it is */
	ck_assert_int_eq(ut_write_all(ends[1], "b", 1), 0);
	ck_assert_int_eq(ut_read_until(ends[0], &got, 1, started, NULL, NULL),
			 UT_READ_WHOLE);
	ck_assert_int_eq(got, 'b');
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("descriptor");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, what_is_written_is_read_whole);
	tcase_add_test(tests, an_end_is_no_piece);
	tcase_add_test(tests, waiting_has_an_end);
	return test_main_alone("descriptor", tests);
}
