/* Reports: what they say is what was measured, and what cannot go in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/gathering.h"
#include "lab/receipt.h"
#include "lab/report.h"
#include "lab/sweep.h"
#include "report/plot.h"
#include "support/edit.h"
#include "support/scratch.h"
#include "support/testing.h"

static const char *const nowhere[] = {NULL};
static struct ut_recipe recipe;
static struct ut_error error;

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

static void begin(void)
{
	static const char *const words[] = {
		"data.limit=60",
		"distill.images=60",
		"samples=3",
		"teacher.epochs=1",
		"conditions=aux, cross-aux, ceiling",
		"distill.epochs=1",
		"about=a <b> & \"c\"",
	};
	size_t i;

	test_scratch_open();
	error = (struct ut_error){0};
	ck_assert(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error));
	for (i = 0; i < sizeof(words) / sizeof(*words); ++i)
		set(words[i]);
}

static void run_it(const char *out, bool plain)
{
	struct ut_results results;

	ck_assert_msg(!ut_run(&recipe,
			      &(struct ut_run_options){
				      .device = "host",
				      .out = out,
				      .plain = plain,
				      .data_roots = nowhere,
			      },
			      &results, &error),
		      "%s", error.text);
	ut_results_release(&results);
}

static void holds(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "the page lacks %s", part);
}

START_TEST(a_run_leaves_its_page_and_figures)
{
	static const char *const files[] = {
		"figures/accuracy.csv",    "figures/accuracy.svg",
		"figures/accuracy.png",    "figures/confusion.csv",
		"figures/predictions.csv", "figures/noise.csv",
		"figures/images.csv",
	};
	const char *run = test_scratch("run");
	struct ut_text expected = {0};
	json_t *receipt;
	size_t bytes, i;
	char *page;
	int c;

	run_it(run, false);
	page = test_edit_read(run, UT_REPORT_FILE, &bytes);
	ck_assert(ut_text_is_utf8(page));
	for (i = 0; i < sizeof(files) / sizeof(*files); ++i)
		ck_assert_msg(ut_file_exists(
				      test_scratch("run/%s", files[i])) ||
				      (!ut_plot_available() &&
				       !strstr(files[i], ".csv")),
			      "no %s", files[i]);
	ck_assert(!ut_receipt_read(&receipt, run, &error));
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const json_t *condition =
			json_object_get(json_object_get(receipt, "conditions"),
					ut_condition_name(c));
		double mean =
			json_number_value(json_object_get(condition, "mean"));

		if (!condition)
			continue;
		ut_text_append(&expected, "<th scope=\"row\">%s <small>",
			       ut_condition_name(c));
		holds(page, ut_text_string(&expected));
		ut_text_release(&expected);
		ut_text_append(&expected, "data-sort=\"%.9g\">%.3f</td>", mean,
			       mean);
		holds(page, ut_text_string(&expected));
		ut_text_release(&expected);
	}
	holds(page,
	      json_string_value(json_array_get(
		      json_object_get(json_object_get(receipt, "fingerprints"),
				      "aux"),
		      1)));
	holds(page, "a &lt;b&gt; &amp; &quot;c&quot;");
	ck_assert_ptr_null(strstr(page, "a <b>"));
	ut_text_release(&expected);
	json_decref(receipt);
	free(page);
}
END_TEST

START_TEST(the_same_run_has_the_same_page)
{
	const char *run = test_scratch("run");
	size_t bytes;
	char *one, *two;

	run_it(run, true);
	ck_assert(!ut_file_exists(test_scratch("run/" UT_REPORT_FILE)));
	ck_assert(!ut_report_run(run, NULL, &error));
	ck_assert(!ut_report_run(run, test_scratch("else/where"), &error));
	one = test_edit_read(run, UT_REPORT_FILE, &bytes);
	two = test_edit_read(test_scratch("else/where"), UT_REPORT_FILE,
			     &bytes);
	ck_assert_str_eq(one, two);
	free(one);
	free(two);
}
END_TEST

START_TEST(diagnostics_and_robustness_are_drawn)
{
	static const char *const stems[] = {"weights", "layers", "robustness",
					    "changed"};
	const char *run = test_scratch("run");
	size_t i;

	set("diagnostics=yes");
	set("robustness=yes");
	run_it(run, false);
	for (i = 0; i < 4; ++i)
		ck_assert(ut_file_exists(
			test_scratch("run/figures/%s.csv", stems[i])));
	test_edit(run, "diagnostics.csv", "aux,0,", "aux,9,");
	ck_assert_int_eq(ut_report_run(run, NULL, &error), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "diagnostics.csv: line"));
}
END_TEST

/* Sweeps -------------------------------------------------------------------- */

static void sweep_it(const char *out, const char *word, unsigned shard,
		     unsigned shards)
{
	const char *const words[] = {word};
	struct ut_sweep_options options = {
		.device = "host",
		.out = out,
		.shard = shard,
		.shards = shards,
		.data_roots = nowhere,
	};
	struct ut_sweep sweep;
	struct ut_sweep_plan plan;

	ck_assert_msg(!ut_sweep_plan_make(&plan, &recipe, words, 1, &error),
		      "%s", error.text);
	ck_assert(!ut_sweep_init(&sweep, &plan, &options, &error));
	ck_assert_msg(!ut_sweep_open(&sweep, &error), "%s", error.text);
	ck_assert_msg(!ut_sweep_run(&sweep, &error), "%s", error.text);
	ck_assert_msg(!ut_sweep_gather(&sweep, &error), "%s", error.text);
	ut_sweep_release(&sweep);
	ut_sweep_plan_release(&plan);
}

/* Reporting on the two folders must fail and say this. */
static void refused(const char *one, const char *two, enum ut_status status,
		    const char *part)
{
	const char *const folders[] = {one, two};
	enum ut_status got =
		ut_report(folders, two ? 2 : 1, test_scratch("out"), &error);

	ck_assert_msg(got == status, "status %d, not %d: %s", got, status,
		      error.text);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
	ck_assert(!ut_file_exists(test_scratch("out/" UT_REPORT_FILE)));
}

START_TEST(shards_are_gathered)
{
	const char *folders[] = {test_scratch("one"), test_scratch("two"),
				 test_scratch("all")};
	const char *words = "distill.aux=2,3,5";
	struct ut_gathering gathering;
	size_t bytes, i;
	char *page;

	sweep_it(folders[0], words, 1, 2);
	sweep_it(folders[1], words, 2, 2);
	sweep_it(folders[2], words, 1, 1);
	ck_assert(!ut_gathering_read(&gathering, folders, 2, &error));
	ck_assert_uint_eq(gathering.done, 3);
	ck_assert_uint_eq(gathering.merged, 0);
	ut_gathering_release(&gathering);
	ck_assert_msg(!ut_gathering_read(&gathering, folders, 3, &error), "%s",
		      error.text);
	ck_assert_uint_eq(gathering.done, 3);
	ck_assert_uint_eq(gathering.merged, 3);
	for (i = 0; i < 3; ++i)
		ck_assert_uint_eq(gathering.cells[i].accuracy[UT_AUX].count,
				  recipe.replicas);
	ut_gathering_release(&gathering);
	ck_assert_msg(!ut_report(folders, 3, test_scratch("out"), &error), "%s",
		      error.text);
	page = test_edit_read(test_scratch("out"), UT_REPORT_FILE, &bytes);
	holds(page, "3 cells were in several");
	ck_assert(ut_file_exists(test_scratch("out/figures/sweep.csv")));
	free(page);
}
END_TEST

START_TEST(a_part_of_a_sweep_is_reported_as_such)
{
	const char *one = test_scratch("one");
	size_t bytes;
	char *page;

	sweep_it(one, "distill.aux=2,3,5", 1, 2);
	ck_assert_msg(!ut_report(&one, 1, NULL, &error), "%s", error.text);
	page = test_edit_read(one, UT_REPORT_FILE, &bytes);
	holds(page, "waiting");
	holds(page, "2 of 3");
	free(page);
}
END_TEST

START_TEST(what_does_not_belong_together_is_refused)
{
	const char *one = test_scratch("one"), *two = test_scratch("two");
	const char *run = test_scratch("run");
	struct ut_sweep_plan plan;
	const char *const words[] = {"distill.aux=2,3"};
	const char *cell;

	sweep_it(one, "distill.aux=2,3", 1, 1);
	sweep_it(two, "distill.aux=2,5", 1, 1);
	run_it(run, true);
	refused(one, two, UT_INVALID, "axis distill.aux");
	refused(one, run, UT_INVALID, "a run's folder");
	refused(run, one, UT_INVALID, "a run's folder");
	refused(test_scratch("none"), NULL, UT_MISSING, "neither");
	set("teacher.lr=0.5");
	sweep_it(test_scratch("lr"), "distill.aux=2,3", 1, 1);
	refused(one, test_scratch("lr"), UT_INVALID, "teacher.lr");
	set("teacher.lr=0.003");
	test_edit(two, "sweep.json", "\"contract\": 1", "\"contract\": 2");
	test_edit(two, "sweep.json", "\"5\"", "\"3\"");
	refused(one, two, UT_INVALID, "contract 2");
	ck_assert(!ut_sweep_plan_make(&plan, &recipe, words, 1, &error));
	cell = test_scratch("one/cells/%s", plan.cells[0].name);
	ut_sweep_plan_release(&plan);
	test_edit(cell, "receipt.json", "\"contract\": 1", "\"contract\": 3");
	refused(one, NULL, UT_INVALID, "contract 3");
	test_edit(cell, "receipt.json", "\"contract\": 3", "\"contract\": 1");
	test_edit(cell, "recipe.ini", "use = 2", "use = 1");
	refused(one, NULL, UT_CORRUPT, "not the run of this cell");
	test_edit(cell, "recipe.ini", "use = 1", "use = 2");
	ck_assert(!ut_folder_remove(cell, &error));
	refused(one, NULL, UT_MISSING, "receipt.json");
	test_edit_cut(one, "sweep.json", 100);
	refused(one, NULL, UT_CORRUPT, "sweep.json");
}
END_TEST

/*
 * The first two numbers of the reference's accuracies change places: the mean,
 * and everything else that is checked, stays.
 */
static void swap_reference(const char *cell)
{
	size_t bytes;
	char *text = test_edit_read(cell, "receipt.json", &bytes);
	char *at = strstr(text, "\"reference\": {"), *end;
	double one, two;
	char from[64], to[64];

	at = strstr(at, "\"accuracy\": [");
	ck_assert_int_eq(sscanf(at, "\"accuracy\": [%lf, %lf", &one, &two), 2);
	ck_assert(one != two);
	end = strchr(at, ']');
	snprintf(from, sizeof(from), "%.*s", (int)(end - at), at);
	snprintf(to, sizeof(to), "\"accuracy\": [%.12g, %.12g", two, one);
	test_edit(cell, "receipt.json", from, to);
	free(text);
}

START_TEST(two_copies_of_a_cell_must_agree)
{
	const char *one = test_scratch("one"), *two = test_scratch("two");
	const char *const words[] = {"distill.aux=2,3"};
	struct ut_sweep_plan plan;

	ck_assert_uint_eq(recipe.replicas, 2);
	sweep_it(one, words[0], 1, 1);
	sweep_it(two, words[0], 1, 1);
	ck_assert(!ut_sweep_plan_make(&plan, &recipe, words, 1, &error));
	swap_reference(test_scratch("two/cells/%s", plan.cells[0].name));
	ut_sweep_plan_release(&plan);
	ck_assert_msg(!ut_report(&two, 1, NULL, &error), "%s", error.text);
	refused(one, two, UT_INVALID, "other results");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("report");

	tcase_add_checked_fixture(tests, begin, test_scratch_close);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_run_leaves_its_page_and_figures);
	tcase_add_test(tests, the_same_run_has_the_same_page);
	tcase_add_test(tests, diagnostics_and_robustness_are_drawn);
	tcase_add_test(tests, shards_are_gathered);
	tcase_add_test(tests, a_part_of_a_sweep_is_reported_as_such);
	tcase_add_test(tests, what_does_not_belong_together_is_refused);
	tcase_add_test(tests, two_copies_of_a_cell_must_agree);
	return test_main_alone("report", tests);
}
