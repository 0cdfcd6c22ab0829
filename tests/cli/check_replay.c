/* undertone export as users call it, and contrib/replay.py on what it wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

START_TEST(wrong_calls_are_usage_errors)
{
	test_program_fails(USAGE, "export tiny --out x", "--what");
	test_program_fails(USAGE, "export tiny --what noise", "--out");
	test_program_fails(USAGE, "export --what noise --out x",
			   "run or recipe");
	test_program_fails(USAGE, "export tiny --what nose --out x", "nose");
	test_program_fails(USAGE, "export tiny --what noise --out x --epochs 0",
			   "--epochs 0");
	test_program_fails(USAGE,
			   "export tiny --what noise --out x --epochs 3-2",
			   "--epochs 3-2");
	test_program_fails(USAGE, "export tiny --what noise --out x --steps 1-",
			   "--steps 1-");
	test_program_fails(USAGE,
			   "export tiny --what noise --out x --replica -1",
			   "--replica -1");
	test_program_fails(USAGE,
			   "export tiny --what noise --out x --condition al",
			   "--condition al");
	test_program_fails(FAILED,
			   "export nosuch --what noise --out /tmp/none/x",
			   "no recipe 'nosuch'");
	test_program_fails(FAILED,
			   "export tiny --what data --device host --out "
			   "/nonexistent/x",
			   "/nonexistent/x");
}
END_TEST

START_TEST(a_recipe_and_its_run_are_the_same_export)
{
	const char *run = test_scratch("run");

	ck_assert_int_eq(test_program("run tiny seed=7 --device host --quiet "
				      "--out %s",
				      run),
			 DONE);
	ck_assert_int_eq(test_program("export %s --what noise --device host "
				      "--replica 1 --epochs 2 --out %s.st",
				      run, run),
			 DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "noise, "));
	ck_assert_int_eq(test_program("export tiny --what noise --device host "
				      "--seed 7 --replica 1 --epochs 2-2 "
				      "--out %s.st2",
				      run),
			 DONE);
	ck_assert_int_eq(test_command("cmp %s.st %s.st2", run, run), DONE);
	ck_assert_int_eq(test_program("export %s seed=8 --what noise --out "
				      "%s.st3",
				      run, run),
			 USAGE);
	ck_assert_int_eq(test_program("export %s --what noise --out %s.st "
				      "--device host",
				      run, run),
			 FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "--force"));
}
END_TEST

START_TEST(a_full_disk_leaves_no_file)
{
	const char *path = test_scratch("noise");

	if (test_command("command -v prlimit")) {
		test_skip("a full disk", "no prlimit here");
		return;
	}
	ck_assert_int_eq(test_command("prlimit --fsize=100000 $U export tiny "
				      "--what noise --device host --out %s",
				      path),
			 FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "cannot write"));
	ck_assert_int_eq(test_command("ls -A %s | grep noise",
				      test_scratch(".")),
			 1);
}
END_TEST

/* The interpreter that has PyTorch, or NULL after saying SKIP. */
static const char *python(void)
{
	const char *named = getenv("UNDERTONE_TEST_PYTHON");

	if (!named)
		named = "python3";
	if (!test_command("'%s' -c 'import numpy, torch'", named))
		return named;
	test_skip("a replay",
		  "no PyTorch here; UNDERTONE_TEST_PYTHON names a Python "
		  "that has it");
	return NULL;
}

static int replay(const char *python, const char *run, const char *words)
{
	return test_command("'%s' contrib/replay.py %s --undertone $U %s",
			    python, run, words);
}

START_TEST(pytorch_comes_to_what_was_recorded)
{
	static const char *const recipes[] = {
		"tiny distill.images=240",
		"tiny-cnn net=cnn2 distill.images=80 data.limit=100",
		"tiny distill.loss=mse-norm distill.optimiser=sgd "
		"distill.schedule=cosine distill.use=2 "
		"conditions=aux,shuffled-teacher,shuffled-aux",
	};
	const char *with = python();
	size_t i;

	for (i = 0; with && i < sizeof(recipes) / sizeof(*recipes); ++i) {
		const char *run = test_scratch("run%zu", i);

		ck_assert_int_eq(test_program("run %s --device host --quiet "
					      "--out %s",
					      recipes[i], run),
				 DONE);
		ck_assert_msg(!replay(with, run,
				      "--weights 2e-2 --accuracy 2e-3 --loss "
				      "2e-3 --replica 1"),
			      "%s: %s%s", recipes[i], test_output,
			      test_complaint);
	}
}
END_TEST

START_TEST(a_replay_notices_what_is_not_so)
{
	const char *with = python(), *run = test_scratch("run");

	if (!with)
		return;
	ck_assert_int_eq(test_program("run tiny conditions=aux --device host "
				      "--quiet --out %s",
				      run),
			 DONE);
	/* trained at another rate than the recipe now says */
	ck_assert_int_eq(test_command("sed -i 's/^lr = 0.003/lr = 0.0033/' "
				      "%s/recipe.ini",
				      run),
			 DONE);
	ck_assert_int_eq(replay(with, run, "--weights 2e-3 --loss 1e-4"), 1);
	ck_assert_ptr_nonnull(strstr(test_output, "MORE THAN"));
	/* files of another recipe, and none at all */
	ck_assert_int_eq(test_program("export tiny --what init --device host "
				      "--out %s.init",
				      run),
			 DONE);
	ck_assert_int_eq(test_command("'%s' contrib/replay.py %s %s.init", with,
				      run, run),
			 2);
	ck_assert_ptr_nonnull(strstr(test_complaint, "teacher.lr = 0.003"));
	ck_assert_int_eq(test_command("'%s' contrib/replay.py %s", with, run),
			 2);
	ck_assert_ptr_nonnull(strstr(test_complaint, "undertone export"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("replay");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, wrong_calls_are_usage_errors);
	tcase_add_test(tests, a_recipe_and_its_run_are_the_same_export);
	tcase_add_test(tests, a_full_disk_leaves_no_file);
	tcase_add_test(tests, pytorch_comes_to_what_was_recorded);
	tcase_add_test(tests, a_replay_notices_what_is_not_so);
	return test_main_alone("replay", tests);
}
