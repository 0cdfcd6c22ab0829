/* Sweeps: the bits of single runs, each cell once, and what breaks a folder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/sweep.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { WORDS = 8 };

/* Two cells that share teachers, in a moment. */
static const char *const two[WORDS] = {"distill.aux=2,3"};

static const char *const nowhere[] = {NULL, NULL};
static struct ut_recipe recipe;
static struct ut_error error;
static struct ut_sweep_plan plan;
static struct ut_sweep sweep;
static struct ut_sweep_options options;
static const char *out;
static unsigned runs, ended; /* of the last sweep */

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

static void run_begins(void *user, size_t number, size_t count,
		       const char *name)
{
	(void)user;
	ck_assert_uint_ge(number, 1);
	ck_assert_uint_le(number, count);
	ck_assert(*name);
	++runs;
}

static void cell_ends(void *user, size_t cell, const struct ut_results *results,
		      const char *folder, const char *reason)
{
	(void)user;
	ck_assert_uint_lt(cell, plan.cell_count);
	ck_assert(!results == !!reason);
	ck_assert(!!results == ut_file_exists(folder));
	++ended;
}

static void begin(void)
{
	test_scratch_open();
	error = (struct ut_error){0};
	ck_assert_msg(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error),
		      "%s", error.text);
	set("data.limit=100");
	set("distill.images=120");
	set("distill.epochs=1");
	set("teacher.epochs=1");
	set("conditions=aux, cross-aux, ceiling");
	out = test_scratch("sweep");
	options = (struct ut_sweep_options){
		.device = "host",
		.shard = 1,
		.shards = 1,
		.data_roots = nowhere,
		.run = run_begins,
		.cell = cell_ends,
	};
}

static void end(void)
{
	ut_sweep_release(&sweep);
	ut_sweep_plan_release(&plan);
	test_scratch_close();
}

static void plan_it(const char *const words[WORDS])
{
	size_t count = 0;

	while (count < WORDS && words[count])
		++count;
	ut_sweep_release(&sweep);
	ut_sweep_plan_release(&plan);
	ck_assert_msg(!ut_sweep_plan_make(&plan, &recipe, words, count, &error),
		      "%s", error.text);
	options.out = out;
	runs = ended = 0;
	ck_assert(!ut_sweep_init(&sweep, &plan, &options, &error));
}

static enum ut_status open_it(const char *const words[WORDS])
{
	plan_it(words);
	return ut_sweep_open(&sweep, &error);
}

/* The whole sweep; returns how many runs it took. */
static unsigned sweep_it(const char *const words[WORDS])
{
	ck_assert_msg(!open_it(words), "%s", error.text);
	ck_assert_msg(!ut_sweep_run(&sweep, &error), "%s", error.text);
	ck_assert_msg(!ut_sweep_gather(&sweep, &error), "%s", error.text);
	return runs;
}

static const char *cell_folder(size_t cell)
{
	return test_scratch("sweep/cells/%s", plan.cells[cell].name);
}

static void slurp(const char *path, char **text)
{
	size_t bytes;

	ck_assert_msg(!ut_file_read(path, 1 << 24, text, &bytes, &error), "%s",
		      error.text);
}

static char *prints(const char *folder)
{
	struct ut_text text = {0};
	json_t *receipt;
	char *copy;

	ck_assert_msg(!ut_receipt_read(&receipt, folder, &error), "%s",
		      error.text);
	ck_assert(!ut_receipt_prints(receipt, &text, &error));
	json_decref(receipt);
	copy = strdup(ut_text_string(&text));
	ut_text_release(&text);
	return copy;
}

/* What `undertone run CELL/recipe.ini` leaves has the cell's fingerprints. */
static void equals_its_run(size_t cell)
{
	const char *folder = cell_folder(cell), *again = test_scratch("run");
	char *path = ut_path_join(folder, "recipe.ini"), *ours, *theirs;
	struct ut_results results;
	struct ut_recipe own;

	ck_assert_msg(!ut_recipe_load(&own, path, &error), "%s", error.text);
	ck_assert_msg(!ut_run(&own,
			      &(struct ut_run_options){
				      .device = "host",
				      .out = again,
				      .force = ut_file_exists(again),
				      .plain = true,
				      .data_roots = nowhere,
			      },
			      &results, &error),
		      "%s", error.text);
	ut_results_release(&results);
	ours = prints(folder);
	theirs = prints(again);
	ck_assert_str_eq(ours, theirs);
	free(ours);
	free(theirs);
	free(path);
}

START_TEST(cells_have_the_bits_of_single_runs)
{
	size_t i;

	/* teachers once, then six cells */
	ck_assert_uint_eq(sweep_it((const char *const[WORDS]){
				  "distill.aux=1,3,2", "distill.loss=kl,mse"}),
			  7);
	ck_assert_uint_eq(ended, 6);
	for (i = 0; i < plan.cell_count; ++i)
		equals_its_run(i);
}
END_TEST

START_TEST(every_kind_of_axis_has_the_bits_of_single_runs)
{
	static const char *const axes[] = {
		"replicas=3,1",
		"teacher.epochs=2,0",
		"net=;fc 8",
		"seed=3,4",
		"conditions=aux;all, cross-all",
		"data.limit=100,60",
	};
	size_t i, c;

	for (i = 0; i < sizeof(axes) / sizeof(*axes); ++i) {
		out = test_scratch("sweep");
		ck_assert(!ut_folder_remove(out, &error));
		sweep_it((const char *const[WORDS]){axes[i]});
		for (c = 0; c < plan.cell_count; ++c)
			equals_its_run(c);
	}
}
END_TEST

START_TEST(finished_cells_are_kept_and_missing_ones_made)
{
	struct stat before, after;

	sweep_it(two);
	ck_assert(!stat(cell_folder(0), &before));
	ck_assert_uint_eq(sweep_it(two), 0);
	ck_assert(!ut_folder_remove(cell_folder(1), &error));
	/* its teachers are there */
	ck_assert_uint_eq(sweep_it(two), 1);
	ck_assert(!stat(cell_folder(0), &after));
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert(ut_file_exists(cell_folder(1)));
}
END_TEST

/* Damages a file of the first cell; NULL removes it. */
static void damage(const char *file, const char *(*how)(char *text))
{
	char *path = ut_path_join(cell_folder(0), file), *text;
	const char *changed;

	slurp(path, &text);
	changed = how ? how(text) : NULL;
	if (changed)
		test_scratch_write(path, changed, strlen(changed), false);
	else
		ck_assert(!unlink(path));
	free(text);
	free(path);
}

static const char *cut(char *text)
{
	text[strlen(text) / 2] = '\0';
	return text;
}

static const char *better(char *text)
{
	char *number = strstr(text, "\"accuracy\": [");

	ck_assert_ptr_nonnull(number);
	number = strpbrk(number, "123456789");
	*number = *number == '9' ? '8' : '9';
	return text;
}

static const char *other_seed(char *text)
{
	char *number = strstr(text, "seed = 1");

	ck_assert_ptr_nonnull(number);
	number[7] = '2';
	return text;
}

static const char *other_contract(char *text)
{
	char *number = strstr(text, "\"contract\": 1");

	ck_assert_ptr_nonnull(number);
	number[12] = '7';
	return text;
}

START_TEST(broken_cells_are_named_and_made_anew_with_force)
{
	static const struct {
		const char *file;
		const char *(*how)(char *text);
		const char *part;
	} cases[] = {
		{"receipt.json", NULL, "receipt.json"},
		{"receipt.json", cut, "not a receipt"},
		{"receipt.json", better, "edited"},
		{"receipt.json", other_contract, "contract 7"},
		{"recipe.ini", NULL, "recipe.ini"},
		{"recipe.ini", other_seed, "seed is '2' there, '1' here"},
		{"metrics.csv", NULL, "metrics.csv"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		options.force = false;
		sweep_it(two);
		damage(cases[i].file, cases[i].how);
		ck_assert_int_eq(open_it(two), UT_CORRUPT);
		ck_assert_ptr_nonnull(strstr(error.text, plan.cells[0].name));
		ck_assert_ptr_nonnull(strstr(error.text, "--force"));
		ck_assert_msg(strstr(error.text, cases[i].part),
			      "'%s' lacks '%s'", error.text, cases[i].part);
		options.force = true;
		ck_assert_uint_eq(sweep_it(two), 1);
		equals_its_run(0);
	}
}
END_TEST

START_TEST(broken_teachers_are_named_and_made_anew_with_force)
{
	char hash[UT_FINGERPRINT_TEXT];
	const char *folder;

	sweep_it(two);
	ut_fingerprint_text(plan.teachers[0].hash, hash);
	folder = test_scratch("sweep/teachers/%s", hash);
	ck_assert(
		!unlink(test_scratch("sweep/teachers/%s/receipt.json", hash)));
	ck_assert_int_eq(open_it(two), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, folder));
	options.force = true;
	ck_assert(!open_it(two));
	ck_assert(!ut_file_exists(folder));
	/* nobody needs them any more */
	ck_assert_uint_eq(sweep_it(two), 0);
	ck_assert(!ut_file_exists(folder));
}
END_TEST

START_TEST(a_cell_whose_maker_died_before_noting_it_is_finished)
{
	sweep_it(two);
	ck_assert(!unlink(
		test_scratch("sweep/state/%s.json", plan.cells[0].name)));
	ck_assert_uint_eq(sweep_it(two), 0);
	ck_assert(ut_file_exists(
		test_scratch("sweep/state/%s.json", plan.cells[0].name)));
}
END_TEST

static void refuses(enum ut_status status, const char *const words[WORDS],
		    const char *part)
{
	ck_assert_int_eq(open_it(words), status);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
}

/* In sweep.json, the first place of a text. */
static void edit(const char *from, const char *to)
{
	const char *path = test_scratch("sweep/sweep.json");
	struct ut_text text = {0};
	char *old, *at;

	slurp(path, &old);
	at = strstr(old, from);
	ck_assert_ptr_nonnull(at);
	ut_text_append(&text, "%.*s%s%s", (int)(at - old), old, to,
		       at + strlen(from));
	test_scratch_write(path, ut_text_string(&text), text.length, false);
	ut_text_release(&text);
	free(old);
}

START_TEST(another_sweeps_folder_is_refused_and_what_differs_is_said)
{
	sweep_it(two);
	refuses(UT_INVALID, (const char *const[WORDS]){"distill.aux=2,4"},
		"distill.aux = 2; 3 there, distill.aux = 2; 4 here");
	refuses(UT_INVALID, (const char *const[WORDS]){"seed=1,2"},
		"distill.aux = 2; 3 there, seed = 1; 2 here");
	refuses(UT_INVALID,
		(const char *const[WORDS]){"distill.aux=2,3", "seed=5"},
		"seed is '1' there, '5' here");
	/* where the data are decides nothing */
	ck_assert_msg(!open_it((const char *const[WORDS]){"distill.aux=2,3",
							  "data.dir=/x",
							  "group=1"}),
		      "%s", error.text);
	ck_assert_uint_eq(ut_sweep_count(&sweep, UT_CELL_DONE), 2);
	edit("\"contract\": 1", "\"contract\": 2");
	refuses(UT_INVALID, two, "contract 2");
	edit("\"contract\": 2", "\"contract\": 1");
	edit("\"undertone\": \"", "\"undertone\": \"9.");
	refuses(UT_INVALID, two, "undertone 9.");
	edit("\"sweep\": 1", "\"sweep\": {}");
	refuses(UT_CORRUPT, two, "not a sweep's file");
	edit("\"sweep\"", "sweep");
	refuses(UT_CORRUPT, two, "line 2");
	options.force = true;
	refuses(UT_CORRUPT, two, "sweep.json");
	ck_assert(!unlink(test_scratch("sweep/sweep.json")));
	ck_assert_uint_eq(sweep_it(two), 0);
}
END_TEST

START_TEST(hostile_files_of_a_sweep_are_refused)
{
	static const char *const files[] = {
		"",
		"[]",
		"7",
		"{}",
		"{\"sweep\": 1}",
		"null",
		"{\"a\": ",
		"{\"sweep\": 1, \"undertone\": 3, \"recipe\": []}",
	};
	size_t i;

	ck_assert(!open_it(two));
	for (i = 0; i < sizeof(files) / sizeof(*files); ++i) {
		test_scratch_write(test_scratch("sweep/sweep.json"), files[i],
				   strlen(files[i]), false);
		ck_assert_int_eq(open_it(two), UT_CORRUPT);
	}
}
END_TEST

START_TEST(what_is_no_sweep_is_left_alone)
{
	const char *mine = test_scratch("sweep/thesis.txt");

	ck_assert(!ut_folder_make(out, &error));
	test_scratch_write(mine, "x", 1, false);
	options.force = true;
	refuses(UT_EXISTS, two, "not the folder of a sweep");
	ck_assert(ut_file_exists(mine));
	ck_assert(!unlink(mine));
	/* an empty folder will do */
	ck_assert(!open_it(two));
	out = test_scratch("file");
	test_scratch_write(out, "x", 1, false);
	ck_assert_int_ne(open_it(two), UT_OK);
}
END_TEST

/* sweep.json's word on a cell. */
static void state_is(size_t cell, const char *state, const char *reason)
{
	char *text;
	json_t *json;
	const json_t *object;
	const char *said;

	slurp(test_scratch("sweep/sweep.json"), &text);
	json = json_loads(text, 0, NULL);
	free(text);
	object = json_array_get(json_object_get(json, "cells"), cell);
	ck_assert_str_eq(json_string_value(json_object_get(object, "state")),
			 state);
	said = json_string_value(json_object_get(object, "reason"));
	ck_assert(!said == !reason);
	if (reason)
		ck_assert_msg(strstr(said, reason), "'%s' lacks '%s'", said,
			      reason);
	json_decref(json);
}

static const char *const diverging[WORDS] = {
	"distill.lr=100,0.001",
	"distill.loss=mse",
	"distill.optimiser=sgd",
	"distill.epochs=9",
};

START_TEST(a_cell_that_diverges_is_noted_and_the_others_go_on)
{
	ck_assert_uint_eq(sweep_it(diverging), 3);
	ck_assert_uint_eq(ended, 2);
	ck_assert_uint_eq(ut_sweep_count(&sweep, UT_CELL_FAILED), 1);
	ck_assert_uint_eq(ut_sweep_count(&sweep, UT_CELL_DONE), 1);
	state_is(0, "failed", "aux, epoch");
	state_is(1, "done", NULL);
	equals_its_run(1);
	/* the same numbers would diverge again, unless one insists */
	ck_assert_uint_eq(sweep_it(diverging), 0);
	state_is(0, "failed", "aux, epoch");
	options.force = true;
	ck_assert_uint_eq(sweep_it(diverging), 1);
}
END_TEST

START_TEST(teachers_that_diverge_take_their_cells_with_them)
{
	/* weights lose 10^4 times themselves a step */
	static const char *const words[WORDS] = {
		"teacher.lr=100,0.001",    "distill.aux=2,3",
		"teacher.optimiser=adamw", "teacher.weight_decay=100",
		"teacher.epochs=9",
	};

	/* teachers that fail once, teachers, two cells */
	ck_assert_uint_eq(sweep_it(words), 4);
	state_is(0, "failed", "its teachers: ");
	state_is(1, "failed", "its teachers: ");
	state_is(2, "done", NULL);
	ck_assert_uint_eq(sweep_it(words), 0);
}
END_TEST

START_TEST(what_only_the_data_tell_fails_its_cell_alone)
{
	static const char *const words[WORDS] = {"teacher.batch=50,101"};

	sweep_it(words);
	state_is(0, "done", NULL);
	state_is(1, "failed", "teacher.batch");
	/* other data may have come */
	ck_assert_uint_ge(sweep_it(words), 1);
}
END_TEST

static bool stop_later(void *user)
{
	return ++*(int *)user > 6;
}

START_TEST(an_interrupted_sweep_goes_on_where_it_was)
{
	int asked = 0;

	options.observer.user = &asked;
	options.observer.stop = stop_later;
	ck_assert(!open_it(two));
	ck_assert_int_eq(ut_sweep_run(&sweep, &error), UT_INTERRUPTED);
	ck_assert_uint_lt(ut_sweep_count(&sweep, UT_CELL_DONE), 2);
	options.observer.stop = NULL;
	sweep_it(two);
	equals_its_run(0);
	equals_its_run(1);
}
END_TEST

START_TEST(without_its_data_a_sweep_stops)
{
	static const char *const words[WORDS] = {"distill.aux=2,3",
						 "data.set=mnist"};

	ck_assert(!open_it(words));
	ck_assert_int_eq(ut_sweep_run(&sweep, &error), UT_MISSING);
	ck_assert_uint_eq(ut_sweep_count(&sweep, UT_CELL_WAITING), 2);
}
END_TEST

START_TEST(shards_make_their_part_and_together_the_whole)
{
	static const char *const words[WORDS] = {"distill.lr=1e-3,1e-2",
						 "teacher.epochs=1,2"};
	unsigned made = 0;

	options.shards = 3;
	for (options.shard = 1; options.shard <= 3; ++options.shard)
		made += sweep_it(words);
	/* of the second teachers' cells, in the same folder, no more */
	ck_assert_uint_eq(made, 2 + 4);
	state_is(0, "done", NULL);
	state_is(3, "done", NULL);
	options.shard = options.shards = 1;
	ck_assert_uint_eq(sweep_it(words), 0);
}
END_TEST

/* How far the sweep is, as its watcher was told. */
struct course {
	double done, planned;
	bool backwards;
	unsigned told;
};

static void follow(void *user, const struct ut_progress *progress)
{
	struct course *course = user;
	double done = 0, planned = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		done += progress->done[w];
		planned += progress->planned[w];
	}
	course->backwards |= done < course->done;
	course->done = done;
	course->planned = planned;
	++course->told;
}

START_TEST(progress_is_that_of_the_whole_sweep)
{
	struct course course = {0};

	options.observer.user = &course;
	options.observer.progress = follow;
	sweep_it(two);
	ck_assert_uint_gt(course.told, 2);
	ck_assert(!course.backwards);
	ck_assert(course.done == course.planned);
}
END_TEST

START_TEST(the_table_has_a_row_for_each_condition_of_each_cell)
{
	char *text, *line, *rest;
	unsigned rows = 0;

	set("conditions=aux, ceiling");
	sweep_it(two);
	slurp(test_scratch("sweep/sweep.csv"), &text);
	line = strtok_r(text, "\n", &rest);
	ck_assert_str_eq(line, "cell,distill.aux,condition,n,mean,deviation,"
			       "half_interval_95,min,max,chance,ceiling_mean,"
			       "share_of_ceiling");
	while ((line = strtok_r(NULL, "\n", &rest))) {
		double mean, deviation, half, min, max, chance, ceiling, share;
		char name[32];

		ck_assert_int_eq(strncmp(line, plan.cells[rows / 4].name,
					 strlen(plan.cells[0].name)),
				 0);
		ck_assert_int_eq(
			sscanf(strchr(line, ',') + 3,
			       "%31[a-z],2,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf",
			       name, &mean, &deviation, &half, &min, &max,
			       &chance, &ceiling, &share),
			9);
		/* of two values: t of one degree of freedom, 12.706 */
		ck_assert_double_eq_tol(mean, (min + max) / 2, 1e-6);
		ck_assert_double_eq_tol(deviation, (max - min) / sqrt(2), 1e-6);
		ck_assert_double_eq_tol(half, 12.7062 * deviation / sqrt(2),
					1e-4);
		ck_assert_double_eq_tol(share, mean / ceiling, 1e-4);
		ck_assert_double_eq_tol(chance, 0.1, 1e-9);
		++rows;
	}
	/* teacher, reference, aux, ceiling */
	ck_assert_uint_eq(rows, 8);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sweep");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, cells_have_the_bits_of_single_runs);
	tcase_add_test(tests, every_kind_of_axis_has_the_bits_of_single_runs);
	tcase_add_test(tests, finished_cells_are_kept_and_missing_ones_made);
	tcase_add_test(tests, broken_cells_are_named_and_made_anew_with_force);
	tcase_add_test(tests,
		       broken_teachers_are_named_and_made_anew_with_force);
	tcase_add_test(tests,
		       a_cell_whose_maker_died_before_noting_it_is_finished);
	tcase_add_test(
		tests,
		another_sweeps_folder_is_refused_and_what_differs_is_said);
	tcase_add_test(tests, hostile_files_of_a_sweep_are_refused);
	tcase_add_test(tests, what_is_no_sweep_is_left_alone);
	tcase_add_test(tests,
		       a_cell_that_diverges_is_noted_and_the_others_go_on);
	tcase_add_test(tests, teachers_that_diverge_take_their_cells_with_them);
	tcase_add_test(tests, what_only_the_data_tell_fails_its_cell_alone);
	tcase_add_test(tests, an_interrupted_sweep_goes_on_where_it_was);
	tcase_add_test(tests, without_its_data_a_sweep_stops);
	tcase_add_test(tests, shards_make_their_part_and_together_the_whole);
	tcase_add_test(tests, progress_is_that_of_the_whole_sweep);
	tcase_add_test(tests,
		       the_table_has_a_row_for_each_condition_of_each_cell);
	return test_main_alone("sweep", tests);
}
