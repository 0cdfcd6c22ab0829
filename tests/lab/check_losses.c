/* Every loss from its recipe to the student it makes. */
#include <stdio.h>
#include <string.h>

#include "lab/run.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_supplies supplies; /* the data, for all runs */

/* A run of `tiny` with these words, ended by NULL; release its results. */
static enum ut_status run(struct ut_results *results, const char *const *words,
			  struct ut_error *error)
{
	static const char *const nowhere[] = {NULL};
	struct ut_run_options options = {
		.device = "host",
		.out = test_scratch("run"),
		.data_roots = nowhere,
		.force = true,
		.supplies = &supplies,
	};
	struct ut_recipe recipe;
	enum ut_status status;

	status = ut_recipe_load(&recipe, "data/recipes/tiny.ini", error);
	while (!status && *words)
		status = ut_recipe_assign(&recipe, *words++, error);
	return status ? status : ut_run(&recipe, &options, results, error);
}

static struct ut_results run_well(const char *const *words)
{
	struct ut_results results;
	struct ut_error error = {0};

	ck_assert_msg(!run(&results, words, &error), "%s: %s", words[0],
		      error.text);
	return results;
}

/* Where a replica of a condition's students ends. */
static struct ut_fingerprint end_of(const struct ut_results *results,
				    enum ut_condition condition, size_t r)
{
	const struct ut_phase *phase = &results->phases[condition];

	return phase->points[phase->epochs * results->replicas + r].print;
}

/* Whether two runs end in the same student of all logits. */
static bool same_end(const struct ut_results *a, const struct ut_results *b)
{
	return ut_fingerprint_equal(end_of(a, UT_ALL, 0), end_of(b, UT_ALL, 0));
}

START_TEST(one_auxiliary_logit_under_softmax_teaches_nothing_at_all)
{
	static const char *const losses[] = {"distill.loss=kl",
					     "distill.loss=revkl",
					     "distill.loss=js"};
	size_t i, r;

	for (i = 0; i < 6; ++i) {
		const char *const words[] = {losses[i / 2], "distill.aux=1",
					     i % 2 ? "distill.temperature=3"
						   : "distill.alpha=0",
					     NULL};
		struct ut_results results = run_well(words);

		for (r = 0; r < results.replicas; ++r) {
			ck_assert(ut_fingerprint_equal(
				results.phases[UT_AUX].points[r].print,
				end_of(&results, UT_AUX, r)));
			ck_assert(results.scores[UT_AUX].accuracy[r] ==
				  results.scores[UT_REFERENCE].accuracy[r]);
		}
		ut_results_release(&results);
	}
}
END_TEST

/* Classic distillation is refused where aux students are asked for. */
static const char two[] = "conditions=all, cross-all";

START_TEST(every_loss_makes_a_student_of_its_own)
{
	static const char *const losses[] = {
		"distill.loss=kl",    "distill.loss=mse",
		"distill.loss=revkl", "distill.loss=mse-norm",
		"distill.loss=js",    "distill.loss=cosine",
		"distill.loss=kd",
	};
	enum { LOSSES = sizeof(losses) / sizeof(*losses) };
	struct ut_results results[LOSSES];
	size_t i, k;

	for (i = 0; i < LOSSES; ++i) {
		const char *const words[] = {losses[i], two, NULL};

		results[i] = run_well(words);
		for (k = 0; k < i; ++k)
			ck_assert(!same_end(&results[i], &results[k]));
	}
	for (i = 0; i < LOSSES; ++i)
		ut_results_release(&results[i]);
}
END_TEST

START_TEST(temperature_makes_another_student_under_every_softmax)
{
	static const char *const losses[] = {"distill.loss=kl",
					     "distill.loss=revkl",
					     "distill.loss=js",
					     "distill.loss=kd"};
	size_t i;

	for (i = 0; i < sizeof(losses) / sizeof(*losses); ++i) {
		const char *const cold[] = {losses[i], two,
					    "distill.temperature=1", NULL};
		const char *const warm[] = {losses[i], two,
					    "distill.temperature=3", NULL};
		struct ut_results a = run_well(cold), b = run_well(warm);

		ck_assert(!same_end(&a, &b));
		ut_results_release(&a);
		ut_results_release(&b);
	}
}
END_TEST

/* The class logits of a student, whose auxiliary ones may be more or fewer. */
static const float *class_logits(const struct ut_results *results, size_t i)
{
	return results->sample_logits[UT_ALL] +
	       i * (results->classes + results->aux);
}

START_TEST(classic_distillation_is_of_the_class_logits_alone)
{
	static const char *const few[] = {"distill.loss=kd", two,
					  "distill.aux=1", NULL};
	static const char *const many[] = {"distill.loss=kd", two,
					   "distill.aux=6", NULL};
	struct ut_results a = run_well(few), b = run_well(many);
	size_t i;

	ck_assert_uint_gt(a.samples, 0);
	for (i = 0; i < a.replicas * a.samples; ++i)
		test_same_bits("class logits", "another aux", UT_F32,
			       class_logits(&a, i), class_logits(&b, i),
			       a.classes);
	ut_results_release(&a);
	ut_results_release(&b);
}
END_TEST

/*
 * Labels alone teach whoever learns them, with a teacher that knows nothing;
 * without them the same images teach nothing.
 */
START_TEST(labels_of_the_images_shown_teach)
{
	static const char *const alphas[] = {"distill.alpha=1",
					     "distill.alpha=0"};
	size_t i, r;

	for (i = 0; i < 2; ++i) {
		const char *const words[] = {"distill.loss=kd",
					     two,
					     "distill.noise=images",
					     alphas[i],
					     "teacher.epochs=0",
					     "distill.epochs=12",
					     NULL};
		struct ut_results results = run_well(words);

		for (r = 0; r < results.replicas; ++r) {
			double all = results.scores[UT_ALL].accuracy[r];
			double cross = results.scores[UT_CROSS_ALL].accuracy[r];

			ck_assert(i ? all < 0.2 : all > 0.3);
			ck_assert(i ? cross < 0.2 : cross > 0.3);
		}
		ut_results_release(&results);
	}
}
END_TEST

START_TEST(labels_without_their_images_are_refused)
{
	static const char *const shown[][2] = {{"distill.noise=uniform",
						"distill.noise_set="},
					       {"distill.noise=images",
						"distill.noise_set=glyphs"}};
	size_t i;

	for (i = 0; i < sizeof(shown) / sizeof(*shown); ++i) {
		const char *const words[] = {"distill.loss=kd",   two,
					     "distill.alpha=0.5", shown[i][0],
					     shown[i][1],         NULL};
		struct ut_results results;
		struct ut_error error = {0};

		ck_assert_int_eq(run(&results, words, &error), UT_INVALID);
		ck_assert_ptr_nonnull(
			strstr(error.text, "distill.alpha = 0.5"));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("losses");
	int status;

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(
		tests,
		one_auxiliary_logit_under_softmax_teaches_nothing_at_all);
	tcase_add_test(tests, every_loss_makes_a_student_of_its_own);
	tcase_add_test(tests,
		       temperature_makes_another_student_under_every_softmax);
	tcase_add_test(tests,
		       classic_distillation_is_of_the_class_logits_alone);
	tcase_add_test(tests, labels_of_the_images_shown_teach);
	tcase_add_test(tests, labels_without_their_images_are_refused);
	status = test_main_alone("losses", tests);
	ut_supplies_release(&supplies);
	return status;
}
