/* Runs: whole or absent, the same bits however they are made, honest controls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_error error;

static void begin(void)
{
	test_scratch_open();
	error = (struct ut_error){0};
	ck_assert_msg(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error),
		      "%s", error.text);
}

static struct ut_run_options options_for(const char *out)
{
	static const char *const nowhere[] = {NULL};

	return (struct ut_run_options){
		.device = "host",
		.out = out,
		.data_roots = nowhere,
	};
}

static enum ut_status run_to(const char *out, struct ut_results *results)
{
	struct ut_run_options options = options_for(out);

	return ut_run(&recipe, &options, results, &error);
}

/* All fingerprints of a new run of the recipe; free them. */
static char *prints(const char *out)
{
	struct ut_results results;
	struct ut_text text = {0};
	json_t *receipt;
	char *copy;

	ck_assert_msg(!run_to(out, &results), "%s", error.text);
	ut_results_release(&results);
	ck_assert(!ut_receipt_read(&receipt, out, &error));
	ck_assert(!ut_receipt_prints(receipt, &text, &error));
	json_decref(receipt);
	copy = strdup(ut_text_string(&text));
	ut_text_release(&text);
	return copy;
}

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

START_TEST(a_run_leaves_all_its_files)
{
	static const char *const files[] = {
		"recipe.ini",
		"receipt.json",
		"metrics.csv",
		"samples.csv",
		"init.safetensors",
		"teacher.safetensors",
		"student-aux.safetensors",
		"student-all.safetensors",
		"student-cross-aux.safetensors",
		"student-cross-all.safetensors",
	};
	const char *out = test_scratch("run");
	struct ut_results results;
	size_t i;

	ck_assert_msg(!run_to(out, &results), "%s", error.text);
	for (i = 0; i < sizeof(files) / sizeof(*files); ++i) {
		char *path = ut_path_join(out, files[i]);

		ck_assert_msg(ut_file_exists(path), "%s is missing", path);
		free(path);
	}
	ut_results_release(&results);
}
END_TEST

START_TEST(grouping_changes_no_bit)
{
	char *apart, *together;

	set("replicas=3");
	set("group=1");
	apart = prints(test_scratch("apart"));
	set("group=3");
	together = prints(test_scratch("together"));
	ck_assert_str_eq(apart, together);
	free(apart);
	free(together);
}
END_TEST

START_TEST(a_replica_does_not_depend_on_how_many_there_are)
{
	struct ut_results two, three;
	size_t r;

	set("replicas=2");
	ck_assert(!run_to(test_scratch("two"), &two));
	set("replicas=3");
	ck_assert(!run_to(test_scratch("three"), &three));
	for (r = 0; r < 2; ++r)
		ck_assert(ut_fingerprint_equal(
			two.phases[UT_AUX].points[2 * 2 + r].print,
			three.phases[UT_AUX].points[2 * 3 + r].print));
	ut_results_release(&two);
	ut_results_release(&three);
}
END_TEST

START_TEST(another_seed_gives_other_bits)
{
	char *one = prints(test_scratch("one")), *two;

	set("seed=2");
	two = prints(test_scratch("two"));
	ck_assert_str_ne(one, two);
	free(one);
	free(two);
}
END_TEST

START_TEST(one_auxiliary_logit_under_kl_teaches_nothing_at_all)
{
	struct ut_results results;
	size_t r;

	set("distill.aux=1");
	set("distill.loss=kl");
	ck_assert_msg(!run_to(test_scratch("one"), &results), "%s", error.text);
	for (r = 0; r < results.replicas; ++r) {
		const struct ut_point *points = results.phases[UT_AUX].points;
		size_t last = results.phases[UT_AUX].epochs * results.replicas;

		ck_assert(ut_fingerprint_equal(points[r].print,
					       points[last + r].print));
		ck_assert(results.scores[UT_AUX].accuracy[r] ==
			  results.scores[UT_REFERENCE].accuracy[r]);
	}
	ut_results_release(&results);
}
END_TEST

START_TEST(students_begin_where_their_condition_says)
{
	struct ut_results results;
	const struct ut_point *teacher, *aux, *cross;
	size_t r, s;

	set("replicas=3");
	set("distill.control=derangement");
	ck_assert_msg(!run_to(test_scratch("run"), &results), "%s", error.text);
	teacher = results.phases[UT_TEACHER].points;
	aux = results.phases[UT_AUX].points;
	cross = results.phases[UT_CROSS_AUX].points;
	for (r = 0; r < 3; ++r) {
		ck_assert(ut_fingerprint_equal(teacher[r].print, aux[r].print));
		ck_assert(!ut_fingerprint_equal(teacher[r].print,
						cross[r].print));
		s = (r + 1) % 3;
		ck_assert(
			ut_fingerprint_equal(teacher[s].print, cross[r].print));
	}
	ut_results_release(&results);
	begin();
	ck_assert_msg(!run_to(test_scratch("fresh"), &results), "%s",
		      error.text);
	teacher = results.phases[UT_TEACHER].points;
	cross = results.phases[UT_CROSS_AUX].points;
	for (r = 0; r < 2; ++r)
		for (s = 0; s < 2; ++s)
			ck_assert(!ut_fingerprint_equal(teacher[s].print,
							cross[r].print));
	ut_results_release(&results);
}
END_TEST

static enum ut_status evaluate(const char *out, struct ut_reevaluation *again)
{
	static const char *const nowhere[] = {NULL, NULL};

	return ut_run_evaluate(out,
			       &(struct ut_evaluate_options){
				       .device = "host",
				       .data_roots = nowhere,
			       },
			       again, &error);
}

START_TEST(saved_weights_evaluate_to_what_the_receipt_says)
{
	const char *out = test_scratch("run");
	struct ut_results results;
	struct ut_reevaluation again;
	size_t r;
	int c;

	ck_assert(!run_to(out, &results));
	ck_assert_msg(!evaluate(out, &again), "%s", error.text);
	ck_assert_uint_eq(again.results.replicas, 2);
	for (c = 0; c < UT_CONDITIONS; ++c)
		for (r = 0; r < 2; ++r) {
			const struct ut_scores *now = &again.results.scores[c];
			double gap;

			if (!now->accuracy)
				continue;
			gap = now->accuracy[r] - again.recorded[c][r];
			ck_assert(gap < 1e-9 && gap > -1e-9);
			ck_assert(now->accuracy[r] ==
				  results.scores[c].accuracy[r]);
		}
	ut_reevaluation_release(&again);
	ut_results_release(&results);
}
END_TEST

START_TEST(damaged_weights_are_refused)
{
	const char *out = test_scratch("run");
	char *path = ut_path_join(out, "teacher.safetensors"), *data;
	struct ut_results results;
	struct ut_reevaluation again;
	size_t bytes;

	ck_assert(!run_to(out, &results));
	ut_results_release(&results);
	ck_assert(!ut_file_read(path, 1 << 24, &data, &bytes, &error));
	ck_assert(!ut_file_write(path, data, bytes / 2, &error));
	free(data);
	free(path);
	ck_assert_int_eq(evaluate(out, &again), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "teacher.safetensors"));
}
END_TEST

START_TEST(a_file_that_cannot_be_the_weights_is_not_read)
{
	const char *out = test_scratch("run");
	char *path = ut_path_join(out, "teacher.safetensors");
	struct ut_results results;
	struct ut_reevaluation again;

	ck_assert(!run_to(out, &results));
	ut_results_release(&results);
	/* a hole in the file: it takes no room on the disk */
	ck_assert(!truncate(path, (off_t)1 << 34));
	ck_assert_int_eq(evaluate(out, &again), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "larger than"));
	ck_assert(!unlink(path));
	ck_assert(!symlink("/dev/zero", path));
	ck_assert_int_eq(evaluate(out, &again), UT_CORRUPT);
	free(path);
}
END_TEST

START_TEST(a_receipt_that_is_no_object_is_refused)
{
	static const char *const texts[] = {"[1]", "7", "{", ""};
	const char *out = test_scratch("run");
	struct ut_reevaluation again;
	struct ut_results results;
	char *path;
	size_t i;

	ck_assert_msg(!run_to(out, &results), "%s", error.text);
	ut_results_release(&results);
	path = ut_path_join(out, "receipt.json");
	for (i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
		test_scratch_write(path, texts[i], strlen(texts[i]), false);
		ck_assert_int_eq(evaluate(out, &again), UT_CORRUPT);
		ck_assert_ptr_nonnull(strstr(error.text, "not a receipt"));
	}
	free(path);
}
END_TEST

START_TEST(a_receipt_without_fingerprints_has_none_to_compare)
{
	static const char *const receipts[] = {
		"{}",
		"{\"fingerprints\": {}}",
		"{\"fingerprints\": {\"teacher\": []}}",
		"{\"fingerprints\": {\"teacher\": 7}}",
		"{\"fingerprints\": {\"teacher\": [\"0123\"]}}",
	};
	size_t i;

	for (i = 0; i < sizeof(receipts) / sizeof(*receipts); ++i) {
		json_t *receipt = json_loads(receipts[i], 0, NULL);
		struct ut_text text = {0};

		ck_assert_ptr_nonnull(receipt);
		ck_assert_msg(ut_receipt_prints(receipt, &text, &error) ==
				      UT_CORRUPT,
			      "%s", receipts[i]);
		ut_text_release(&text);
		json_decref(receipt);
	}
}
END_TEST

START_TEST(an_older_run_is_not_overwritten_unless_forced)
{
	const char *out = test_scratch("run");
	struct ut_run_options options = options_for(out);
	struct ut_results results;

	ck_assert(!run_to(out, &results));
	ut_results_release(&results);
	ck_assert_int_eq(run_to(out, &results), UT_EXISTS);
	options.force = true;
	ck_assert_msg(!ut_run(&recipe, &options, &results, &error), "%s",
		      error.text);
	ut_results_release(&results);
}
END_TEST

static bool stop_at_once(void *user)
{
	return ++*(int *)user > 5;
}

START_TEST(an_interrupted_run_leaves_nothing)
{
	const char *out = test_scratch("run");
	struct ut_run_options options = options_for(out);
	struct ut_results results;
	int asked = 0;

	options.observer.user = &asked;
	options.observer.stop = stop_at_once;
	ck_assert_int_eq(ut_run(&recipe, &options, &results, &error),
			 UT_INTERRUPTED);
	ck_assert(!ut_file_exists(out));
}
END_TEST

START_TEST(a_diverging_run_stops_and_says_where)
{
	const char *out = test_scratch("run");
	struct ut_results results;

	set("distill.loss=mse");
	set("distill.optimiser=sgd");
	set("distill.lr=100");
	ck_assert_int_eq(run_to(out, &results), UT_NONFINITE);
	ck_assert_ptr_nonnull(strstr(error.text, "aux, epoch"));
	ck_assert_ptr_nonnull(strstr(error.text, "replica"));
	ck_assert(!ut_file_exists(out));
}
END_TEST

START_TEST(what_cannot_be_run_is_said_before_it_starts)
{
	const char *out = test_scratch("run");
	struct ut_results results;

	set("teacher.batch=501");
	ck_assert_int_eq(run_to(out, &results), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "teacher.batch"));
	set("teacher.batch=50");
	set("data.set=mnist");
	ck_assert_int_eq(run_to(out, &results), UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "data/fetch"));
	set("data.set=cifar");
	ck_assert_int_eq(run_to(out, &results), UT_INVALID);
	ck_assert(!ut_file_exists(out));
}
END_TEST

START_TEST(a_run_beyond_the_memory_is_refused)
{
	const char *out = test_scratch("run");
	struct ut_results results;

	set("replicas=100000");
	set("net=fc 8192, fc 8192");
	ck_assert_int_eq(run_to(out, &results), UT_MEMORY);
	ck_assert_ptr_nonnull(strstr(error.text, "save = none"));
	ck_assert(!ut_file_exists(out));
}
END_TEST

/* Images that are mapped from a file have no copy in memory but the device's. */
START_TEST(data_beyond_the_memory_are_refused_before_they_are_copied)
{
	const struct ut_observer observer = {0};
	struct ut_dataset data = {.height = 1000,
				  .width = 1000,
				  .channels = 3,
				  .classes = 2};
	struct ut_experiment experiment = {
		.recipe = &recipe,
		.data = &data,
		.observer = &observer,
	};
	struct ut_device *device;
	struct ut_results results;
	double images;

	ck_assert(!ut_device_open(&device, "host", &error));
	experiment.devices = &device;
	experiment.device_count = 1;
	images = (double)ut_device_about(device)->memory_bytes / 3e6;
	set("net=");
	set("distill.batch=1");
	set("teacher.batch=1");
	set("distill.images=1");
	/* nothing is there to be read: touching it would be the end */
	data.train.count = (size_t)(images * 0.75);
	results = (struct ut_results){.replicas = recipe.replicas};
	ck_assert_int_eq(ut_experiment_run(&experiment, &results, &error),
			 UT_MEMORY);
	ck_assert_ptr_nonnull(strstr(error.text, "for the data), but"));
	data.train.count = (size_t)(images * 1.25);
	data.loading.mapped = true;
	ck_assert_int_eq(ut_experiment_run(&experiment, &results, &error),
			 UT_MEMORY);
	ck_assert_ptr_nonnull(strstr(error.text, "data.limit"));
	ut_device_close(device);
}
END_TEST

START_TEST(every_loss_optimiser_and_order_trains)
{
	static const char *const words[] = {
		"distill.loss=mse",
		"distill.loss=mse-norm",
		"distill.noise=normal",
		"distill.redraw=epoch",
		"teacher.optimiser=adamw",
		"distill.optimiser=sgd",
		"distill.schedule=cosine",
		"order=sequential",
		"init=he",
		"init=pytorch",
		"data.scale=standard",
		"data.scale=unit",
		"data.split=merged",
		"data.classes=0-4",
		"evaluate=epoch",
		"save=first",
		"save=none",
		"samples=0",
		"robustness=yes",
		"net=",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); ++i) {
		struct ut_results results;

		begin();
		set(words[i]);
		set("data.limit=100");
		set("distill.images=100");
		set("teacher.epochs=1");
		set("distill.epochs=1");
		ck_assert_msg(!run_to(test_scratch("run%zu", i), &results),
			      "%s: %s", words[i], error.text);
		ut_results_release(&results);
		test_scratch_close();
	}
	test_scratch_open();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("run");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, begin, test_scratch_close);
	tcase_add_test(tests, a_run_leaves_all_its_files);
	tcase_add_test(tests, grouping_changes_no_bit);
	tcase_add_test(tests, a_replica_does_not_depend_on_how_many_there_are);
	tcase_add_test(tests, another_seed_gives_other_bits);
	tcase_add_test(tests,
		       one_auxiliary_logit_under_kl_teaches_nothing_at_all);
	tcase_add_test(tests, students_begin_where_their_condition_says);
	tcase_add_test(tests, saved_weights_evaluate_to_what_the_receipt_says);
	tcase_add_test(tests, damaged_weights_are_refused);
	tcase_add_test(tests, a_file_that_cannot_be_the_weights_is_not_read);
	tcase_add_test(tests, a_receipt_that_is_no_object_is_refused);
	tcase_add_test(tests,
		       a_receipt_without_fingerprints_has_none_to_compare);
	tcase_add_test(tests, an_older_run_is_not_overwritten_unless_forced);
	tcase_add_test(tests, an_interrupted_run_leaves_nothing);
	tcase_add_test(tests, a_diverging_run_stops_and_says_where);
	tcase_add_test(tests, what_cannot_be_run_is_said_before_it_starts);
	tcase_add_test(tests, a_run_beyond_the_memory_is_refused);
	tcase_add_test(
		tests,
		data_beyond_the_memory_are_refused_before_they_are_copied);
	tcase_add_test(tests, every_loss_optimiser_and_order_trains);
	return test_main_alone("run", tests);
}
