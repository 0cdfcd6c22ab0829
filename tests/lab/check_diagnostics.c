/* Diagnostics: known answers, and that training does not notice them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/diagnostics.h"
#include "lab/run.h"
#include "support/groups.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { IMAGES = 200 };

static struct ut_error error;

static void must(enum ut_status status)
{
	ck_assert_msg(!status, "%s", error.text);
}

static double value_of(const struct ut_results *results, enum ut_condition c,
		       uint64_t epoch, size_t row, enum ut_diagnostic which)
{
	return ut_results_diagnostics(results, c, epoch,
				      0)[row * UT_DIAGNOSTICS + which];
}

/* Runs a recipe of this project, changed by words, and leaves it in out. */
static struct ut_results run(const char *name, const char *const *words,
			     const char *out)
{
	static const char *const nowhere[] = {NULL};
	struct ut_run_options options = {
		.device = "host",
		.out = out,
		.data_roots = nowhere,
	};
	struct ut_results results;
	struct ut_recipe recipe;
	char path[64];

	snprintf(path, sizeof(path), "data/recipes/%s.ini", name);
	must(ut_recipe_load(&recipe, path, &error));
	must(ut_recipe_assign(&recipe, "data.limit=200", &error));
	for (; *words; ++words)
		must(ut_recipe_assign(&recipe, *words, &error));
	must(ut_run(&recipe, &options, &results, &error));
	return results;
}

static void expect_same_training(const char *name)
{
	const char *off[] = {"diagnostics=no", NULL};
	const char *on[] = {"diagnostics=yes", NULL};
	struct ut_results without = run(name, off, test_scratch("%s-0", name));
	struct ut_results with = run(name, on, test_scratch("%s-1", name));
	uint64_t epoch;
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		for (epoch = 0; without.phases[c].trained &&
				epoch <= without.phases[c].epochs;
		     ++epoch)
			ck_assert_msg(
				ut_fingerprint_equal(
					ut_results_print(&without, c, epoch),
					ut_results_print(&with, c, epoch)),
				"%s: %s, epoch %llu", name,
				ut_condition_name(c),
				(unsigned long long)epoch);
	ck_assert(!ut_file_exists(test_scratch("%s-0/diagnostics.csv", name)));
	ck_assert(ut_file_exists(test_scratch("%s-1/diagnostics.csv", name)));
	ut_results_release(&without);
	ut_results_release(&with);
}

START_TEST(training_is_the_same_bit_for_bit)
{
	expect_same_training("tiny");
	/* dropout, augmentation, convolutions */
	expect_same_training("tiny-cnn");
}
END_TEST

START_TEST(groups_change_no_diagnostics)
{
	const char *alone[] = {"diagnostics=yes", "group=1", NULL};
	const char *beside[] = {"diagnostics=yes", "group=2", NULL};
	struct ut_results a = run("tiny", alone, test_scratch("alone"));
	struct ut_results b = run("tiny", beside, test_scratch("beside"));
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		size_t count = (a.diagnoses[c].epochs + 1) * a.replicas *
			       (a.layers + 1) * UT_DIAGNOSTICS;

		ck_assert(!a.diagnoses[c].values == !b.diagnoses[c].values);
		if (a.diagnoses[c].values)
			ck_assert_msg(!memcmp(a.diagnoses[c].values,
					      b.diagnoses[c].values,
					      count * sizeof(double)),
				      "%s", ut_condition_name(c));
	}
	ut_results_release(&a);
	ut_results_release(&b);
}
END_TEST

START_TEST(students_that_do_not_train_stay_where_they_began)
{
	const char *words[] = {"diagnostics=yes", "distill.epochs=0",
			       "distill.perturb=0.1", NULL};
	static const enum ut_condition students[] = {UT_AUX, UT_CROSS_AUX};
	struct ut_results results = run("tiny", words, test_scratch("run"));
	size_t i, row;

	for (i = 0; i < 2; ++i)
		for (row = 0; row <= results.layers; ++row) {
			ck_assert(value_of(&results, students[i], 0, row,
					   UT_DIAGNOSTIC_DRIFT) == 0);
			ck_assert(value_of(&results, students[i], 0, row,
					   UT_DIAGNOSTIC_PROGRESS) == 0);
			ck_assert(isnan(value_of(&results, students[i], 0, row,
						 UT_DIAGNOSTIC_COSINE)));
		}
	ut_results_release(&results);
}
END_TEST

/* A trained teacher, and a student's training about to begin. */
static void open_training(struct test_group *t, struct ut_trainer *trainer,
			  enum ut_condition c)
{
	static const char *const words[] = {"diagnostics=yes", NULL};

	test_group_open(t, test_device(0)->device, IMAGES, words);
	must(ut_group_train(&t->group, UT_TEACHER, &error));
	must(ut_trainer_init(trainer, &t->group, c, &error));
	must(ut_diagnostics_begin(&trainer->diagnostics, trainer, &error));
}

static void close_training(struct test_group *t, struct ut_trainer *trainer)
{
	ut_diagnostics_free(trainer->diagnostics);
	ut_trainer_release(trainer);
	test_group_close(t);
}

/* The diagnostics of weights that are the teacher's. */
static void measure_teacher(struct test_group *t, struct ut_trainer *trainer)
{
	struct ut_group *group = &t->group;

	ut_trainer_begin_epoch(trainer, 1);
	ut_copy(t->session.device, group->R,
		ut_group_arenas(group, group->teacher),
		ut_group_arenas(group, group->student));
	must(ut_buffer_read(group->student, 0,
			    group->R * t->session.net.parameters, group->arenas,
			    &error));
	must(ut_diagnostics_epoch(trainer->diagnostics, trainer, &error));
}

static void near_1(double value)
{
	ck_assert_msg(!!(fabs(value - 1) <= 1e-12), "%.17g is not 1", value);
}

START_TEST(a_student_that_became_the_teacher_is_like_it)
{
	struct ut_trainer trainer;
	struct test_group t;
	uint64_t last;
	size_t row;

	open_training(&t, &trainer, UT_ALL);
	measure_teacher(&t, &trainer);
	for (row = 0; row <= t.results.layers; ++row) {
		near_1(value_of(&t.results, UT_ALL, 1, row,
				UT_DIAGNOSTIC_COSINE));
		near_1(value_of(&t.results, UT_ALL, 1, row,
				UT_DIAGNOSTIC_PROGRESS));
		ck_assert(value_of(&t.results, UT_ALL, 1, row,
				   UT_DIAGNOSTIC_DRIFT) > 0);
	}
	must(ut_diagnostics_finish(&t.group, UT_ALL, t.group.student, &error));
	last = t.results.diagnoses[UT_ALL].epochs;
	for (row = 0; row + 1 < t.results.layers; ++row)
		near_1(value_of(&t.results, UT_ALL, last, row,
				UT_DIAGNOSTIC_CKA));
	ck_assert(value_of(&t.results, UT_ALL, last, t.results.layers,
			   UT_DIAGNOSTIC_KL) == 0);
	close_training(&t, &trainer);
}
END_TEST

START_TEST(an_untrained_network_is_less_like_the_teacher)
{
	struct ut_trainer trainer;
	struct test_group t;
	uint64_t last;

	open_training(&t, &trainer, UT_CROSS_ALL);
	must(ut_diagnostics_finish(&t.group, UT_CROSS_ALL, t.group.initial,
				   &error));
	last = t.results.diagnoses[UT_CROSS_ALL].epochs;
	ck_assert(value_of(&t.results, UT_CROSS_ALL, last, 0,
			   UT_DIAGNOSTIC_CKA) < 1);
	ck_assert(value_of(&t.results, UT_CROSS_ALL, last, t.results.layers,
			   UT_DIAGNOSTIC_KL) > 0);
	close_training(&t, &trainer);
}
END_TEST

START_TEST(gradients_of_different_logits_have_nothing_in_common_in_the_head)
{
	struct ut_trainer trainer;
	struct test_group t;
	size_t head;

	open_training(&t, &trainer, UT_AUX);
	ut_trainer_begin_epoch(&trainer, 1);
	must(ut_buffer_read(t.group.student, 0,
			    t.group.R * t.session.net.parameters,
			    t.group.arenas, &error));
	must(ut_diagnostics_epoch(trainer.diagnostics, &trainer, &error));
	head = t.results.layers - 1;
	ck_assert(value_of(&t.results, UT_AUX, 1, head,
			   UT_DIAGNOSTIC_GRADIENT) == 0);
	ck_assert(fabs(value_of(&t.results, UT_AUX, 1, 0,
				UT_DIAGNOSTIC_GRADIENT)) < 1);
	ck_assert(value_of(&t.results, UT_AUX, 1, 0, UT_DIAGNOSTIC_GRADIENT) !=
		  0);
	close_training(&t, &trainer);
}
END_TEST

/* Image i becomes a white row whose place is its label. */
static void write_rows(const struct test_group *t, struct ut_buffer *images,
		       const struct ut_split *split)
{
	size_t bytes = ut_dataset_image_bytes(&t->data), i;
	size_t row = t->data.width * t->data.channels;
	uint8_t *image = test_alloc(bytes, 1);

	for (i = 0; i < split->count; ++i) {
		memset(image, 0, bytes);
		memset(image + (2 * split->labels[i] + 2) * row, 255, row);
		ut_buffer_write(images, i * bytes, bytes, image);
	}
	free(image);
}

START_TEST(a_probe_separates_what_is_separable)
{
	struct ut_trainer trainer;
	struct test_group t;
	size_t row;

	open_training(&t, &trainer, UT_AUX);
	write_rows(&t, t.session.images, &t.data.train);
	write_rows(&t, t.session.test_images, &t.data.test);
	must(ut_diagnostics_finish(&t.group, UT_REFERENCE, t.group.initial,
				   &error));
	row = t.results.layers - 2;
	ck_assert(value_of(&t.results, UT_REFERENCE, 0, row,
			   UT_DIAGNOSTIC_PROBE) == 1);
	close_training(&t, &trainer);
}
END_TEST

START_TEST(networks_without_hidden_layers_are_measured_too)
{
	const char *words[] = {"diagnostics=yes", "net=", NULL};
	struct ut_results results = run("tiny", words, test_scratch("run"));
	uint64_t last = results.diagnoses[UT_ALL].epochs;

	ck_assert_uint_eq(results.layers, 1);
	ck_assert(isnan(
		value_of(&results, UT_ALL, last, 0, UT_DIAGNOSTIC_PROBE)));
	ck_assert(value_of(&results, UT_ALL, last, 1, UT_DIAGNOSTIC_KL) > 0);
	ut_results_release(&results);
}
END_TEST

START_TEST(the_table_has_a_line_for_every_measure)
{
	const char *words[] = {"diagnostics=yes", NULL};
	struct ut_results results = run("tiny", words, test_scratch("run"));
	size_t layers = results.layers, R = results.replicas, lines = 0, bytes;
	size_t students = 4, epochs = results.diagnoses[UT_AUX].epochs, each;
	char *text, *at;

	must(ut_file_read(test_scratch("run/diagnostics.csv"), 1 << 20, &text,
			  &bytes, &error));
	for (at = text; (at = strchr(at, '\n')); ++at)
		++lines;
	/* four of every layer and the whole in an epoch, but no cosine of a
	 * student that has not moved; then CKA, a probe and KL */
	each = (layers + 1) * (4 * epochs + 3) + (layers - 1) + 2;
	ck_assert_uint_eq(lines, 1 + R * (students * each + 2));
	ck_assert_ptr_nonnull(strstr(text, "\naux,1,2,fc1,drift,"));
	ck_assert_ptr_nonnull(strstr(text, "\nteacher,0,2,fc2,probe,"));
	ck_assert_ptr_nonnull(strstr(text, "\nreference,0,0,fc2,probe,"));
	ck_assert_ptr_null(strstr(text, "nan"));
	free(text);
	ut_results_release(&results);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("diagnostics");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, training_is_the_same_bit_for_bit);
	tcase_add_test(tests, groups_change_no_diagnostics);
	tcase_add_test(tests, students_that_do_not_train_stay_where_they_began);
	tcase_add_test(tests, a_student_that_became_the_teacher_is_like_it);
	tcase_add_test(tests, an_untrained_network_is_less_like_the_teacher);
	tcase_add_test(
		tests,
		gradients_of_different_logits_have_nothing_in_common_in_the_head);
	tcase_add_test(tests, a_probe_separates_what_is_separable);
	tcase_add_test(tests, networks_without_hidden_layers_are_measured_too);
	tcase_add_test(tests, the_table_has_a_line_for_every_measure);
	return test_main_host("diagnostics", tests);
}
