/* Child processes: how they end, what they say, and that none is left. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* What a shell script said, line by line with a bar after each. */
struct heard {
	char text[256];
	int asked; /* how often whether to stop */
	bool stop;
};

static void hear(void *user, const char *line)
{
	struct heard *heard = user;

	strncat(heard->text, line, 100);
	strcat(heard->text, "|");
}

static bool stop(void *user)
{
	struct heard *heard = user;

	return ++heard->asked > 2 && heard->stop;
}

static enum ut_status run(const char *script, double silence,
			  struct heard *heard,
			  struct ut_process_outcome *outcome)
{
	const char *words[] = {"sh", "-c", script, NULL};
	struct ut_error error;

	heard->text[0] = '\0';
	heard->asked = 0;
	return ut_process_run(
		&(struct ut_process){
			.program = "/bin/sh",
			.words = words,
			.complaint = test_scratch("complaint"),
			.silence = silence,
			.user = heard,
			.line = hear,
			.stop = stop,
		},
		outcome, &error);
}

static void assert_end(const char *script, enum ut_process_end end, int code,
		       const char *said)
{
	struct ut_process_outcome outcome;
	struct heard heard = {.stop = false};

	ck_assert(!run(script, 1.5, &heard, &outcome));
	ck_assert_msg(outcome.end == end && outcome.code == code, "%s: %d, %d",
		      script, (int)outcome.end, outcome.code);
	ck_assert_str_eq(heard.text, said);
}

START_TEST(how_it_ends_is_told)
{
	assert_end("echo a; echo b; exit 3", UT_PROCESS_EXITED, 3, "a|b|");
	assert_end("echo a; kill -9 $$", UT_PROCESS_DIED, SIGKILL, "a|");
	assert_end("read x; echo \"<$x>\"", UT_PROCESS_EXITED, 0, "<>|");
	assert_end("printf 'no end'", UT_PROCESS_EXITED, 0, "");
	assert_end("echo why >&2", UT_PROCESS_EXITED, 0, "");
	test_slurp(test_scratch("complaint"), test_output, TEST_OUTPUT);
	ck_assert_str_eq(test_output, "why\n");
}
END_TEST

START_TEST(one_that_is_silent_is_killed_and_one_that_speaks_is_not)
{
	struct heard heard = {.stop = false};
	struct ut_process_outcome outcome;
	double began = ut_clock_now();
	int pid, i;

	assert_end("echo a; sleep 30", UT_PROCESS_SILENT, 0, "a|");
	assert_end("exec >/dev/null; sleep 30", UT_PROCESS_SILENT, 0, "");
	assert_end("for i in 1 2 3 4 5; do sleep 0.4; echo $i; done",
		   UT_PROCESS_EXITED, 0, "1|2|3|4|5|");
	/* what it leaves behind neither keeps us waiting nor lives on */
	ck_assert(!run("sleep 30 & echo $!", 5, &heard, &outcome));
	ck_assert_int_eq(outcome.end, UT_PROCESS_EXITED);
	pid = atoi(heard.text);
	for (i = 0; i < 100 && !kill(pid, 0); ++i)
		poll(NULL, 0, 50);
	ck_assert(pid > 1 && kill(pid, 0));
	ck_assert(ut_clock_now() - began < 20);
}
END_TEST

START_TEST(it_can_be_stopped)
{
	struct heard heard = {.stop = true};
	struct ut_process_outcome outcome;
	double began = ut_clock_now();

	ck_assert_int_eq(run("sleep 30", 60, &heard, &outcome), UT_INTERRUPTED);
	ck_assert(ut_clock_now() - began < 20);
}
END_TEST

START_TEST(a_program_that_is_not_there_exits_with_127)
{
	const char *words[] = {"nothing", NULL};
	struct ut_process process = {
		.program = "/nonexistent/program",
		.words = words,
		.complaint = test_scratch("complaint"),
		.silence = 10,
	};
	struct ut_process_outcome outcome;
	struct ut_error error;

	ck_assert(!ut_process_run(&process, &outcome, &error));
	ck_assert_int_eq(outcome.end, UT_PROCESS_EXITED);
	ck_assert_int_eq(outcome.code, 127);
	process.complaint = "/nonexistent/complaint";
	ck_assert_int_eq(ut_process_run(&process, &outcome, &error),
			 UT_MISSING);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("process");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, how_it_ends_is_told);
	tcase_add_test(tests,
		       one_that_is_silent_is_killed_and_one_that_speaks_is_not);
	tcase_add_test(tests, it_can_be_stopped);
	tcase_add_test(tests, a_program_that_is_not_there_exits_with_127);
	return test_main_alone("process", tests);
}
