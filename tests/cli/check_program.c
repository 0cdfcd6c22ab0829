/* The program as users and scripts meet it: statuses, streams, messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "data/jpeg.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

START_TEST(every_command_has_help_on_standard_output)
{
	static const char *const commands[] = {
		"",       "run",         "teach",   "distill",  "resume",
		"sweep",  "recipes",     "devices", "evaluate", "report",
		"export", "fingerprint", "bench",   "tune",     "selftest",
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); ++i) {
		char arguments[64];

		snprintf(arguments, sizeof(arguments), "%s --help",
			 commands[i]);
		ck_assert_int_eq(test_program("%s", arguments), DONE);
		ck_assert_ptr_nonnull(strstr(test_output, "usage: undertone"));
		ck_assert_str_eq(test_complaint, "");
	}
}
END_TEST

START_TEST(wrong_calls_are_usage_errors)
{
	test_program_fails(USAGE, "", "usage");
	test_program_fails(USAGE, "rnu tiny", "did you mean 'run'");
	test_program_fails(USAGE, "run", "no recipe");
	test_program_fails(USAGE, "run tiny --frobnicate", "--frobnicate");
	test_program_fails(USAGE, "run -xz", "'-x'");
	test_program_fails(USAGE, "run tiny --force=3", "'--force=3'");
	test_program_fails(USAGE, "run tiny --device", "needs a value");
	test_program_fails(USAGE, "devices --out x", "--out");
	test_program_fails(USAGE, "fingerprint", "folder");
	test_program_fails(USAGE, "bench gemm mlp", "one suite");
	test_program_fails(USAGE, "bench sorting --device host",
			   "no benchmark");
	test_program_fails(USAGE, "run tiny seed", "key=value");
	test_program_fails(USAGE, "run tiny --confusion", "--confusion");
	test_program_fails(USAGE, "evaluate a b", "one run's folder");
}
END_TEST

START_TEST(bad_input_is_one_clear_error)
{
	test_program_fails(FAILED, "run nosuch", "no recipe 'nosuch'");
	test_program_fails(FAILED, "run tiny replicas=0", "replicas = 0");
	test_program_fails(FAILED, "run tiny --replicas 1000000000", "100000");
	test_program_fails(FAILED, "run tiny --seed x", "seed = x");
	test_program_fails(FAILED, "run tiny sead=1", "did you mean 'seed'");
	test_program_fails(FAILED, "run tiny robustness=maybe",
			   "must be no or yes");
	test_program_fails(FAILED, "run tiny samples=-1", "samples = -1");
	test_program_fails(FAILED, "run tiny --devices host,0", "once more");
	test_program_fails(FAILED, "run tiny --device host --devices host,1",
			   "give one of them");
	test_program_fails(FAILED, "sweep tiny --out x --devices a --device b",
			   "give one of them");
	test_program_fails(FAILED, "run tiny net=fc", "net:");
	test_program_fails(FAILED, "run tiny --device nosuch",
			   "no device matches");
	test_program_fails(FAILED, "run tiny --device host --out /proc/none",
			   "/proc");
	test_program_fails(FAILED, "fingerprint /nonexistent", "/nonexistent");
	test_program_fails(FAILED, "evaluate /nonexistent", "/nonexistent");
}
END_TEST

START_TEST(a_full_disk_loses_nothing_and_says_so)
{
	char arguments[1024];

	if (system("command -v prlimit >/dev/null 2>&1")) {
		test_skip("a full disk", "no prlimit here");
		return;
	}
	/* a limit on file size stands for a disk that fills up */
	snprintf(arguments, sizeof(arguments),
		 "--version >/dev/null; "
		 "prlimit --fsize=20000 %s/undertone run tiny "
		 "--device host --out %s",
		 getenv("BUILD") ? getenv("BUILD") : "build",
		 test_scratch("full"));
	ck_assert_int_eq(test_program("%s", arguments), FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "cannot write"));
	ck_assert(!ut_file_exists(test_scratch("full")));
}
END_TEST

START_TEST(what_cannot_be_printed_is_a_failure)
{
	static const char *const places[] = {">/dev/full", ">&-"};
	char arguments[512];
	size_t i;

	for (i = 0; i < 2; ++i) {
		snprintf(arguments, sizeof(arguments),
			 "--version >/dev/null; (%s/undertone --version %s)",
			 getenv("BUILD") ? getenv("BUILD") : "build",
			 places[i]);
		ck_assert_int_eq(test_program("%s", arguments), FAILED);
		ck_assert_ptr_nonnull(
			strstr(test_complaint, "standard output"));
	}
}
END_TEST

START_TEST(a_long_folder_is_taken_whole_or_not_at_all)
{
	char arguments[4000], part[201];

	memset(part, 'a', 200);
	part[200] = '\0';
	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet --out %s/%s/%s/%s/end",
		 test_scratch("long"), part, part, part);
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	snprintf(arguments, sizeof(arguments), "%s/%s/%s/%s/end/receipt.json",
		 test_scratch("long"), part, part, part);
	ck_assert(ut_file_exists(arguments));
}
END_TEST

START_TEST(signals_leave_a_checkpoint_alone)
{
	static const char *const signals[] = {"TERM", "HUP", "INT"};
	char arguments[1024];
	size_t i;

	for (i = 0; i < 3; ++i) {
		/* timeout signals the program, then its whole group */
		snprintf(arguments, sizeof(arguments),
			 "--version >/dev/null; timeout -s %s 1 "
			 "%s/undertone run tiny teacher.epochs=100000 "
			 "--device host --out %s/run",
			 signals[i],
			 getenv("BUILD") ? getenv("BUILD") : "build",
			 test_scratch("signals"));
		ck_assert_int_eq(test_program("%s", arguments), 124);
		ck_assert_ptr_nonnull(strstr(test_complaint, "interrupted"));
		/* nothing else is there */
		ck_assert_int_eq(test_command("cd %s && rm -r run.checkpoint "
					      "&& rmdir ../signals",
					      test_scratch("signals")),
				 DONE);
	}
}
END_TEST

START_TEST(what_is_left_out_is_listed)
{
	char arguments[512];

	if (!ut_jpeg_available()) {
		test_skip("photographs left out", "this build is without JPEG");
		return;
	}
	test_photos("set", 10);
	test_photo_text("set/dog.30.jpg");
	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet data.set=images image.size=8 "
		 "data.limit=0 teacher.batch=4 data.on_error=skip "
		 "--data-dir %s --out %s",
		 test_scratch("set"), test_scratch("run"));
	ck_assert_msg(test_program("%s", arguments) == DONE, "%s",
		      test_complaint);
	ck_assert_ptr_nonnull(
		strstr(test_complaint, "dog.30.jpg: text, not a "));
	ck_assert_ptr_nonnull(strstr(test_output, "1 image could not be read"));
}
END_TEST

START_TEST(a_run_prints_its_result_and_its_fingerprints)
{
	char arguments[1024], line[160];
	const char *at;
	int lines = 0;

	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet --out %s",
		 test_scratch("run"));
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	ck_assert_str_eq(test_complaint, "");
	ck_assert_ptr_nonnull(strstr(test_output, "cross-aux"));
	snprintf(arguments, sizeof(arguments), "fingerprint %s",
		 test_scratch("run"));
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	for (at = test_output; sscanf(at, "%159[^\n]", line) == 1;
	     at += strlen(line) + 1) {
		char phase[16], hash[40];
		unsigned epoch;

		ck_assert_int_eq(sscanf(line, "%15s %u %39s", phase, &epoch,
					hash),
				 3);
		ck_assert_uint_eq(strlen(hash), 32);
		++lines;
	}
	ck_assert_int_eq(lines, 5 * 3);
	snprintf(arguments, sizeof(arguments), "evaluate %s --device host",
		 test_scratch("run"));
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "as recorded"));
}
END_TEST

START_TEST(the_sentence_claims_no_more_than_was_measured)
{
	static const struct {
		const char *words, *part;
	} cases[] = {
		{"data.classes=0-1 data.limit=100", "(50.0%)"},
		{"conditions=aux", "Nothing is shown"},
		{"--replicas 1", "One replica proves nothing"},
		{"distill.epochs=0", "no subliminal learning is shown"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char arguments[1024], text[sizeof(test_output)], *at;

		snprintf(arguments, sizeof(arguments),
			 "run tiny --device host --quiet %s --out %s",
			 cases[i].words, test_scratch("run%zu", i));
		ck_assert_int_eq(test_program("%s", arguments), DONE);
		strcpy(text, test_output);
		for (at = text; (at = strchr(at, '\n')); *at = ' ')
			;
		ck_assert_msg(strstr(text, cases[i].part),
			      "%s: '%s' lacks "
			      "'%s'",
			      cases[i].words, test_output, cases[i].part);
	}
}
END_TEST

START_TEST(two_classes_are_judged_by_auc_too)
{
	char arguments[1024];

	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet data.classes=0-1 "
		 "data.limit=100 robustness=yes --out %s",
		 test_scratch("run"));
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "chance  of ceiling   AUC"));
	ck_assert_ptr_nonnull(strstr(test_output, "N = 2, aux is "));
	ck_assert_ptr_nonnull(strstr(test_output, "above chance by AUC"));
	ck_assert_ptr_nonnull(strstr(test_output, "busy-background"));
	ck_assert_ptr_nonnull(strstr(test_output, "waiting for data: "));
	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet replicas=1 --out %s",
		 test_scratch("ten"));
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	ck_assert_ptr_null(strstr(test_output, "AUC"));
	ck_assert_ptr_null(strstr(test_output, "busy-background"));
}
END_TEST

START_TEST(evaluate_prints_matrices_and_changed_copies_when_asked)
{
	static const struct {
		const char *option;
		bool confusion, robustness;
	} cases[] = {
		{"", false, false},
		{"--confusion", true, false},
		{"--robustness", false, true},
		{"--robustness --confusion", true, true},
	};
	const char *folder = test_scratch("run");
	char arguments[1024];
	size_t i;

	snprintf(arguments, sizeof(arguments),
		 "run tiny --device host --quiet data.classes=2-3 "
		 "data.limit=100 --out %s",
		 folder);
	ck_assert_int_eq(test_program("%s", arguments), DONE);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		snprintf(arguments, sizeof(arguments),
			 "evaluate %s --device host %s", folder,
			 cases[i].option);
		ck_assert_int_eq(test_program("%s", arguments), DONE);
		ck_assert_ptr_nonnull(strstr(test_output, "as recorded"));
		ck_assert_ptr_nonnull(strstr(test_output, "AUC"));
		ck_assert_int_eq(!!strstr(test_output, "rows are labels"),
				 cases[i].confusion);
		ck_assert_int_eq(!!strstr(test_output, "low-light"),
				 cases[i].robustness);
	}
}
END_TEST

START_TEST(configure_refuses_flags_that_change_values)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "BUILD=%s ./configure "
		 "CFLAGS='-O2 -ffast-math' >%s 2>&1",
		 test_scratch("build"), test_scratch("log"));
	ck_assert_int_ne(system(command), 0);
	test_slurp(test_scratch("log"), test_output, sizeof(test_output));
	ck_assert_ptr_nonnull(strstr(test_output, "fast-math"));
}
END_TEST

START_TEST(the_host_is_always_listed)
{
	ck_assert_int_eq(test_program("devices"), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "platform  host"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("program");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, every_command_has_help_on_standard_output);
	tcase_add_test(tests, wrong_calls_are_usage_errors);
	tcase_add_test(tests, bad_input_is_one_clear_error);
	tcase_add_test(tests, a_full_disk_loses_nothing_and_says_so);
	tcase_add_test(tests, what_cannot_be_printed_is_a_failure);
	tcase_add_test(tests, a_long_folder_is_taken_whole_or_not_at_all);
	tcase_add_test(tests, signals_leave_a_checkpoint_alone);
	tcase_add_test(tests, what_is_left_out_is_listed);
	tcase_add_test(tests, a_run_prints_its_result_and_its_fingerprints);
	tcase_add_test(tests, the_sentence_claims_no_more_than_was_measured);
	tcase_add_test(tests, two_classes_are_judged_by_auc_too);
	tcase_add_test(tests,
		       evaluate_prints_matrices_and_changed_copies_when_asked);
	tcase_add_test(tests, configure_refuses_flags_that_change_values);
	tcase_add_test(tests, the_host_is_always_listed);
	return test_main_alone("program", tests);
}
