/* teach, distill, resume: as users and scripts meet them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* For commands in the scratch folder: what was relative to here is not. */
#define IN_SCRATCH                                            \
	"U=$(realpath \"$U\"); UNDERTONE_RECIPES=$(realpath " \
	"\"${UNDERTONE_RECIPES:-data/recipes}\"); "           \
	"export UNDERTONE_RECIPES; cd \"%s\" && "

static void assert_done(int status)
{
	ck_assert_msg(status == DONE, "status %d: %s", status, test_complaint);
}

/* Fails unless the two runs in the scratch folder have the same prints. */
static void assert_same_prints(const char *a, const char *b)
{
	static char first[TEST_OUTPUT];

	assert_done(test_program("fingerprint %s/%s", test_scratch("."), a));
	memcpy(first, test_output, sizeof(first));
	assert_done(test_program("fingerprint %s/%s", test_scratch("."), b));
	ck_assert_str_eq(first, test_output);
}

static bool is_there(const char *name)
{
	return ut_file_exists(test_scratch("%s", name));
}

START_TEST(students_are_distilled_from_a_teacher_that_was_taught)
{
	assert_done(test_command(IN_SCRATCH
				 "$U teach tiny --device host --quiet",
				 test_scratch(".")));
	ck_assert(is_there("runs/tiny-teacher/teacher.safetensors"));
	ck_assert(!is_there("runs/tiny-teacher/student-aux.safetensors"));
	assert_done(
		test_command(IN_SCRATCH
			     "$U distill runs/tiny-teacher distill.loss=mse "
			     "conditions=aux,ceiling --device host --quiet",
			     test_scratch(".")));
	assert_done(test_command(IN_SCRATCH
				 "$U run tiny distill.loss=mse "
				 "conditions=aux,ceiling --device host --quiet",
				 test_scratch(".")));
	assert_same_prints("runs/tiny", "runs/tiny-distill");
	/* what is left out of a run alone is what its teacher had */
	assert_done(test_command(IN_SCRATCH
				 "$U distill runs/tiny-teacher --replicas 1 "
				 "--device host --quiet --out all",
				 test_scratch(".")));
	ck_assert(is_there("all/student-cross-all.safetensors"));
}
END_TEST

START_TEST(what_would_change_the_teacher_is_refused_by_name)
{
	static const char *const cases[][2] = {
		{"teacher.lr=1", "teacher.lr would change the teachers"},
		{"seed=2", "seed would change the teachers"},
		{"distill.aux=3", "distill.aux would change the teachers"},
		{"nonsense=3", "unknown key 'nonsense'"},
		{"replicas=3", "kept the teachers of 2 replicas, and 3"},
	};
	char arguments[512];
	size_t i;

	assert_done(test_program("teach tiny --device host --quiet --out %s",
				 test_scratch("teacher")));
	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		snprintf(arguments, sizeof(arguments),
			 "distill %s %s --device host --quiet --out %s",
			 test_scratch("teacher"), cases[i][0],
			 test_scratch("out"));
		test_program_fails(FAILED, arguments, cases[i][1]);
	}
	snprintf(arguments, sizeof(arguments), "distill %s",
		 test_scratch("no"));
	test_program_fails(FAILED, arguments, "no/recipe.ini");
	test_program_fails(USAGE, "distill", "names no run");
	test_program_fails(USAGE, "distill a --seed 3", "--seed");
	test_program_fails(USAGE, "teach tiny conditions=aux", "conditions");
	test_program_fails(USAGE, "resume", "one run's folder");
	test_program_fails(FAILED, "run tiny --checkpoint 0", "--checkpoint 0");
	test_program_fails(FAILED, "resume /nonexistent",
			   "/nonexistent.checkpoint");
}
END_TEST

/* Long enough to be stopped in the middle; seconds if it is not. */
#define LONG "run tiny teacher.epochs=400 distill.epochs=200 --device host "

START_TEST(a_run_ended_by_a_signal_goes_on)
{
	static const char *const signals[] = {"TERM", "INT", "HUP"};
	unsigned stops;

	assert_done(test_command(IN_SCRATCH "$U " LONG "--quiet --out whole",
				 test_scratch(".")));
	/* stopped wherever it happens to be, and later each time: a machine
	 * may be too busy to come to the first step */
	for (stops = 0; stops < 60 && !is_there("out"); ++stops) {
		bool begun = is_there("out.checkpoint");
		unsigned tenths = 3 + stops;

		test_command(IN_SCRATCH "timeout -s %s %u.%u $U %s --device "
					"host",
			     test_scratch("."), signals[stops % 3], tenths / 10,
			     tenths % 10,
			     begun ? "resume out" : LONG "--out out");
		if (is_there("out.checkpoint"))
			ck_assert_msg(
				strstr(test_complaint,
				       "interrupted; go on with `undertone "
				       "resume out`"),
				"%s", test_complaint);
	}
	ck_assert_uint_gt(stops, 1);
	ck_assert(!is_there("out.checkpoint"));
	assert_same_prints("whole", "out");
	assert_done(test_command(IN_SCRATCH
				 "cmp whole/metrics.csv out/metrics.csv && "
				 "cmp whole/samples.csv out/samples.csv",
				 test_scratch(".")));
}
END_TEST

START_TEST(a_run_that_was_killed_goes_on_from_its_last_checkpoint)
{
	assert_done(test_command(IN_SCRATCH "$U " LONG "--quiet --out whole",
				 test_scratch(".")));
	/* killed as soon as it has kept something */
	assert_done(
		test_command(IN_SCRATCH
			     "{ $U " LONG "--quiet --checkpoint 1 --out out & "
			     "p=$!; until test -f out.checkpoint/state-0; do "
			     "kill -0 $p || exit 1; sleep 0.01; done; "
			     "kill -KILL $p; wait $p; "
			     "test -f out.checkpoint/state-0; }",
			     test_scratch(".")));
	assert_done(test_command(IN_SCRATCH
				 "$U resume out --device host --quiet",
				 test_scratch(".")));
	assert_same_prints("whole", "out");
	ck_assert(!is_there("out.checkpoint"));
}
END_TEST

START_TEST(a_disk_that_fills_in_the_middle_leaves_the_older_checkpoint)
{
	if (test_command("command -v prlimit")) {
		test_skip("a full disk", "no prlimit here");
		return;
	}
	assert_done(test_command(IN_SCRATCH "$U " LONG "--quiet --out whole",
				 test_scratch(".")));
	/* a limit on file size stands for a disk that fills up */
	ck_assert_int_eq(test_command(IN_SCRATCH
				      "prlimit --fsize=20000 $U " LONG
				      "--checkpoint 1 --out out",
				      test_scratch(".")),
			 FAILED);
	ck_assert_msg(strstr(test_complaint, "cannot write out.checkpoint/"),
		      "%s", test_complaint);
	ck_assert(!is_there("out.checkpoint"));
	ck_assert_int_eq(test_command(IN_SCRATCH
				      "timeout 2 $U " LONG
				      "distill.epochs=100000 --out out",
				      test_scratch(".")),
			 124);
	ck_assert(is_there("out.checkpoint"));
	ck_assert_int_eq(
		test_command(IN_SCRATCH
			     "cp -r out.checkpoint before; "
			     "timeout 2 prlimit --fsize=20000 $U resume "
			     "out --device host",
			     test_scratch(".")),
		124);
	ck_assert_msg(strstr(test_complaint, "cannot write out.checkpoint/") &&
			      strstr(test_complaint, "undertone resume out"),
		      "%s", test_complaint);
	assert_done(test_command(IN_SCRATCH "diff -r before out.checkpoint",
				 test_scratch(".")));
}
END_TEST

START_TEST(the_second_process_at_a_run_is_sent_away)
{
	ck_assert_int_eq(
		test_command(
			IN_SCRATCH
			"{ $U run tiny teacher.epochs=100000 --quiet --device "
			"host --out out 2>/dev/null & p=$!; "
			"until test -f .out.lock; do sleep 0.01; "
			"done; sleep 0.2; "
			"$U run tiny --device host --force --out out; s=$?; "
			"kill $p; wait $p; rm -rf out.checkpoint; exit $s; }",
			test_scratch(".")),
		FAILED);
	ck_assert_msg(strstr(test_complaint, "is at work on out"), "%s",
		      test_complaint);
	ck_assert(!is_there("out"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("resume");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests,
		       students_are_distilled_from_a_teacher_that_was_taught);
	tcase_add_test(tests, what_would_change_the_teacher_is_refused_by_name);
	tcase_add_test(tests, a_run_ended_by_a_signal_goes_on);
	tcase_add_test(tests,
		       a_run_that_was_killed_goes_on_from_its_last_checkpoint);
	tcase_add_test(
		tests,
		a_disk_that_fills_in_the_middle_leaves_the_older_checkpoint);
	tcase_add_test(tests, the_second_process_at_a_run_is_sent_away);
	return test_main_alone("resume", tests);
}
