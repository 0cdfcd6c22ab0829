/* undertone sweep as users meet it: calls, processes side by side, mpirun. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* A grid of four cells and two sets of teachers, in a moment. */
#define GRID                                                      \
	"tiny distill.aux=2,3 teacher.epochs=1,2 data.limit=100 " \
	"distill.images=120 distill.epochs=1 conditions=aux --device host"

/* Runs that need longer than it takes to kill one. */
#define LONG                                                        \
	"tiny distill.aux=2,3 teacher.epochs=20000 data.limit=100 " \
	"distill.images=120 distill.epochs=20000 conditions=aux "   \
	"--device host"

/* The sweep made alone, for comparison: its table. */
static void make_alone(char *table, size_t size)
{
	const char *out = test_scratch("alone");

	ck_assert_msg(test_program("sweep " GRID " --quiet --out %s", out) ==
			      DONE,
		      "%s", test_complaint);
	test_slurp(test_scratch("alone/sweep.csv"), table, size);
}

static void has_the_same_table(const char *out)
{
	static char expected[TEST_OUTPUT], got[TEST_OUTPUT];
	char *path = ut_path_join(out, "sweep.csv");

	make_alone(expected, sizeof(expected));
	test_slurp(path, got, sizeof(got));
	ck_assert_str_eq(got, expected);
	free(path);
}

START_TEST(wrong_calls_are_usage_errors)
{
	test_program_fails(USAGE, "sweep", "no recipe");
	test_program_fails(USAGE, "sweep tiny seed=1,2", "--out");
	test_program_fails(USAGE, "sweep tiny seed --out x", "key=value");
	test_program_fails(USAGE, "sweep tiny seed=1,2 --out x --shard 0/3",
			   "0/3");
	test_program_fails(USAGE, "sweep tiny seed=1,2 --out x --shard 4/3",
			   "4/3");
	test_program_fails(USAGE, "sweep tiny seed=1,2 --out x --shard 1/",
			   "1/");
	test_program_fails(USAGE, "sweep tiny seed=1,2 --out x --shard 3",
			   "I/N");
	test_program_fails(USAGE, "run tiny --shard 1/2", "--shard");
}
END_TEST

START_TEST(bad_sweeps_are_one_clear_error_and_leave_nothing)
{
	const char *out = test_scratch("sweep");
	char arguments[512];

	snprintf(arguments, sizeof(arguments),
		 "sweep tiny distil.aux=1,2 --out %s", out);
	test_program_fails(FAILED, arguments, "did you mean 'distill.aux'");
	snprintf(arguments, sizeof(arguments),
		 "sweep tiny distill.aux=3 --out %s", out);
	test_program_fails(FAILED, arguments, "no key has several values");
	snprintf(arguments, sizeof(arguments),
		 "sweep tiny seed=1,2 --seed 3 --out %s", out);
	test_program_fails(FAILED, arguments, "seed is given twice");
	snprintf(arguments, sizeof(arguments), "sweep nosuch seed=1,2 --out %s",
		 out);
	test_program_fails(FAILED, arguments, "no recipe 'nosuch'");
	ck_assert(!ut_file_exists(out));
	test_program_fails(FAILED,
			   "sweep tiny seed=1,2 --quiet --device host --out "
			   "/proc/none",
			   "/proc");
}
END_TEST

START_TEST(a_sweep_prints_a_table_and_where_it_is)
{
	const char *out = test_scratch("sweep");

	ck_assert_int_eq(test_program("sweep " GRID " --out %s", out), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "teacher.epochs"));
	ck_assert_ptr_nonnull(strstr(test_output, " ± "));
	ck_assert_ptr_nonnull(strstr(test_output, out));
	ck_assert_ptr_nonnull(
		strstr(test_complaint, "4 cells, 2 sets of teachers"));
	ck_assert_ptr_nonnull(strstr(test_complaint, "4/4: distill.aux=3, "
						     "teacher.epochs=2"));
	ck_assert_int_eq(test_program("sweep " GRID " --quiet --out %s", out),
			 DONE);
	ck_assert_str_eq(test_complaint, "");
	ck_assert_int_eq(test_program("sweep " GRID " --json --out %s", out),
			 DONE);
	ck_assert_ptr_null(strstr(test_output, " ± "));
}
END_TEST

START_TEST(a_failed_cell_is_told_and_makes_the_status_1)
{
	const char *out = test_scratch("sweep");

	ck_assert_int_eq(
		test_program("sweep tiny distill.lr=100,0.001 distill.loss=mse "
			     "distill.optimiser=sgd distill.epochs=9 "
			     "--device host --quiet "
			     "--out %s",
			     out),
		FAILED);
	ck_assert_ptr_nonnull(strstr(test_output, "failed: distill.lr=100: "));
	ck_assert_ptr_nonnull(strstr(test_output, "\n  0.001 "));
}
END_TEST

START_TEST(shards_in_one_folder_at_once_share_what_they_can)
{
	const char *out = test_scratch("sweep");

	ck_assert_msg(test_command("\"$U\" sweep " GRID " --quiet --out %s "
				   "--shard 1/3 & a=$!; "
				   "\"$U\" sweep " GRID " --quiet --out %s "
				   "--shard 2/3 & b=$!; "
				   "\"$U\" sweep " GRID " --quiet --out %s "
				   "--shard 3/3 && wait $a && wait $b",
				   out, out, out) == DONE,
		      "%s", test_complaint);
	/* whoever ended last saw all cells, or else the next one does */
	ck_assert_int_eq(test_program("sweep " GRID " --out %s", out), DONE);
	ck_assert_ptr_nonnull(strstr(test_complaint, "4 are finished already"));
	has_the_same_table(out);
}
END_TEST

START_TEST(the_same_sweep_twice_at_once_makes_each_cell_once)
{
	const char *out = test_scratch("sweep");
	size_t runs = 0;
	const char *at;

	ck_assert_msg(test_command("\"$U\" sweep " GRID " --out %s & "
				   "\"$U\" sweep " GRID " --out %s && wait $!",
				   out, out) == DONE,
		      "%s", test_complaint);
	/* every run has one line of its device's data, or of its number */
	for (at = test_complaint; (at = strstr(at, "reference measured")); ++at)
		++runs;
	ck_assert_uint_eq(runs, 2 + 4);
	has_the_same_table(out);
}
END_TEST

START_TEST(who_is_killed_holds_up_nobody)
{
	const char *out = test_scratch("sweep");

	/* it is at the teachers when it dies */
	ck_assert_msg(
		test_command(
			"\"$U\" sweep " LONG " --quiet --out %s & "
			"n=0; until ls %s/state/*.lock || test $n = 200; do "
			"sleep 0.1; n=$((n + 1)); done; "
			"kill -9 $!; wait $!; "
			"timeout 20 \"$U\" sweep " LONG
			" --quiet --out %s & sleep 1; kill $!; wait $!",
			out, out, out) == FAILED,
		"%s", test_complaint);
	ck_assert_ptr_nonnull(strstr(test_complaint, "interrupted"));
	/* it did not wait when it was asked to stop: it had begun */
	ck_assert_int_eq(test_command("ls -d %s/teachers/*.checkpoint", out),
			 DONE);
}
END_TEST

START_TEST(signals_stop_a_sweep_and_it_goes_on)
{
	const char *out = test_scratch("sweep");

	ck_assert_int_eq(test_command("timeout -s INT 1 \"$U\" sweep " LONG
				      " --out %s",
				      out),
			 124);
	ck_assert_ptr_nonnull(strstr(test_complaint, "the same command"));
	ck_assert_ptr_nonnull(strstr(test_complaint, "interrupted"));
}
END_TEST

/* Whether mpirun works here, and the program was built for it. */
static bool has_mpirun(const char *what)
{
	if (test_command("mpirun -n 2 --oversubscribe --allow-run-as-root "
			 "true")) {
		test_skip(what, "no mpirun that works here");
		return false;
	}
	test_command("OMPI_COMM_WORLD_SIZE=1 \"$U\" sweep " GRID
		     " --quiet --out %s",
		     test_scratch("probe"));
	if (strstr(test_complaint, "without MPI")) {
		ck_assert_ptr_nonnull(strstr(test_complaint, "--shard"));
		test_skip(what, "built without MPI");
		return false;
	}
	return true;
}

#define MPIRUN "mpirun -n 3 --oversubscribe --allow-run-as-root \"$U\" "

START_TEST(under_mpirun_the_cells_are_handed_out)
{
	const char *out = test_scratch("sweep");

	if (!has_mpirun("sweeps under mpirun"))
		return;
	ck_assert_msg(test_command(MPIRUN "sweep " GRID " --out %s", out) ==
			      DONE,
		      "%s", test_complaint);
	ck_assert_ptr_nonnull(strstr(test_complaint, "rank 1"));
	ck_assert_ptr_nonnull(strstr(test_complaint, "4/4: "));
	has_the_same_table(out);
	ck_assert_int_eq(test_command(MPIRUN "sweep " GRID " --out %s", out),
			 DONE);
	ck_assert_ptr_nonnull(strstr(test_complaint, "4 are finished already"));
	/* one complaint, not one of each process */
	ck_assert_int_ne(test_command(MPIRUN "sweep tiny sead=1,2 --out %s",
				      test_scratch("other")),
			 DONE);
	ck_assert_ptr_null(strstr(strstr(test_complaint, "did you mean") + 1,
				  "did you mean"));
}
END_TEST

START_TEST(under_mpirun_who_dies_loses_his_cell_alone)
{
	const char *out = test_scratch("sweep");

	if (!has_mpirun("deaths under mpirun"))
		return;
	/* the children work: below the ranks, who are below mpirun */
	ck_assert_msg(
		test_command(MPIRUN
			     "sweep tiny distill.aux=2,3 teacher.epochs=1,2 "
			     "distill.epochs=300 conditions=aux --device host "
			     "--out %s & "
			     "n=0; until ls %s/state/*aux*.lock || "
			     "test $n = 200; do sleep 0.1; n=$((n + 1)); done; "
			     "for rank in $(pgrep -P $!); do "
			     "for child in $(pgrep -P $rank); do "
			     "kill -9 $child && break 2; done; done; "
			     "wait $!",
			     out, out) == DONE,
		"%s", test_complaint);
	ck_assert_ptr_nonnull(strstr(test_complaint, "died of signal 9"));
	ck_assert_ptr_nonnull(strstr(test_complaint, "4/4: "));
	ck_assert_ptr_null(strstr(test_complaint, "failed"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sweep_command");

	tcase_set_timeout(tests, 200);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, wrong_calls_are_usage_errors);
	tcase_add_test(tests, bad_sweeps_are_one_clear_error_and_leave_nothing);
	tcase_add_test(tests, a_sweep_prints_a_table_and_where_it_is);
	tcase_add_test(tests, a_failed_cell_is_told_and_makes_the_status_1);
	tcase_add_test(tests, shards_in_one_folder_at_once_share_what_they_can);
	tcase_add_test(tests,
		       the_same_sweep_twice_at_once_makes_each_cell_once);
	tcase_add_test(tests, who_is_killed_holds_up_nobody);
	tcase_add_test(tests, signals_stop_a_sweep_and_it_goes_on);
	tcase_add_test(tests, under_mpirun_the_cells_are_handed_out);
	tcase_add_test(tests, under_mpirun_who_dies_loses_his_cell_alone);
	return test_main_alone("sweep_command", tests);
}
