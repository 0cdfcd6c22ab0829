/* Evaluation: against brute force, direct counting, NumPy, and everywhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/glyphs.h"
#include "lab/experiment.h"
#include "report/statistics.h"
#include "support/scores.h"
#include "support/tensors.h"
#include "support/testing.h"

enum { R = 2 };

static struct ut_error error;

/* The statistics ----------------------------------------------------------- */

/* Over all pairs: 1 for a pair won, 1/2 for a tie. */
static double pairs_won(const double *scores, const bool *positive,
			size_t count)
{
	double won = 0, pairs = 0;
	size_t i, j;

	for (i = 0; i < count; ++i)
		for (j = 0; j < count; ++j) {
			if (!positive[i] || positive[j])
				continue;
			won += scores[i] > scores[j]    ? 1
			       : scores[i] == scores[j] ? 0.5
							: 0;
			++pairs;
		}
	return won / pairs;
}

START_TEST(auc_is_the_share_of_pairs_won)
{
	struct test_random random = {1};
	bool positive[80];
	double scores[80], auc;
	size_t round, i;

	for (round = 0; round < 500; ++round) {
		size_t count = test_between(&random, 2, 80);
		/* few different scores: most pairs are ties */
		size_t most = test_between(&random, 0, 100);

		for (i = 0; i < count; ++i) {
			scores[i] =
				(double)test_between(&random, 0, most) - 50.25;
			positive[i] = test_word(&random) & 1;
		}
		positive[0] = true;
		positive[1] = false;
		ck_assert(!ut_auc(scores, positive, count, &auc, &error));
		ck_assert_msg(auc == pairs_won(scores, positive, count),
			      "%zu scores: %.17g, not %.17g", count, auc,
			      pairs_won(scores, positive, count));
	}
}
END_TEST

START_TEST(auc_has_its_known_values)
{
	static const struct {
		double scores[4], auc;
	} cases[] = {
		{{1, 2, 3, 4}, 1},
		{{4, 3, 2, 1}, 0},
		{{7, 7, 7, 7}, 0.5},
		{{1, 3, 2, 4}, 0.75},
		{{-INFINITY, 0, 1, INFINITY}, 1},
		{{1, 2, NAN, NAN}, 0},
		{{0.0, -0.0, 0.0, -0.0}, 0.5},
	};
	static const bool positive[4] = {false, false, true, true};
	size_t i;
	double auc;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		ck_assert(!ut_auc(cases[i].scores, positive, 4, &auc, &error));
		ck_assert_msg(auc == cases[i].auc, "case %zu: %g", i, auc);
	}
}
END_TEST

/* NumPy's numbers ---------------------------------------------------------- */

static struct test_tensors *golden;

static double *stored(const char *name, size_t expected)
{
	size_t count;
	double *values = test_tensor(golden, name, &count);

	ck_assert_ptr_nonnull(values);
	ck_assert_uint_eq(count, expected);
	return values;
}

/* The device's answers to the logits (200, 10) of the file. */
static void answer(struct ut_device *device, const double *logits,
		   uint32_t answers[200])
{
	struct ut_buffer *x = ut_buffer_new(device, UT_F32, 2000);
	struct ut_buffer *to = ut_buffer_new(device, UT_U32, 200);
	float numbers[2000];
	size_t i;

	for (i = 0; i < 2000; ++i)
		numbers[i] = (float)logits[i];
	ut_buffer_write(x, 0, 2000, numbers);
	ut_argmax(device, 1, 200, 10, 0, 10, ut_slice_of(x, 2000),
		  ut_slice_of(to, 200));
	ck_assert(!ut_buffer_read(to, 0, 200, answers, &error));
	ut_buffer_free(x);
	ut_buffer_free(to);
}

START_TEST(answers_and_confusion_are_those_of_numpy)
{
	double *logits, *labels, *predicted, *confusion, *accuracy;
	size_t d, i;

	golden = test_tensors_read("tests/golden/metrics.safetensors");
	logits = stored("accuracy.logits", 2000);
	labels = stored("accuracy.labels", 200);
	predicted = stored("accuracy.predicted", 200);
	confusion = stored("accuracy.confusion", 100);
	accuracy = stored("accuracy.value", 1);
	for (d = 0; d < test_device_count(); ++d) {
		uint32_t answers[200], counts[100] = {0}, right = 0;
		uint8_t truth[200];

		answer(test_device(d)->device, logits, answers);
		for (i = 0; i < 200; ++i) {
			truth[i] = (uint8_t)labels[i];
			ck_assert_uint_eq(answers[i], (uint32_t)predicted[i]);
		}
		ut_confusion(truth, answers, 200, 10, counts);
		for (i = 0; i < 100; ++i)
			ck_assert_uint_eq(counts[i], (uint32_t)confusion[i]);
		for (i = 0; i < 10; ++i)
			right += counts[i * 11];
		ck_assert(right / 200.0 == *accuracy);
	}
	free(logits);
	free(labels);
	free(predicted);
	free(confusion);
	free(accuracy);
	test_tensors_free(golden);
}
END_TEST

static void near(double value, double expected)
{
	ck_assert_msg(fabs(value - expected) <= 1e-12 * fabs(expected),
		      "%.17g is not %.17g", value, expected);
}

START_TEST(the_interval_is_that_of_numpy)
{
	double *values, *mean, *deviation, *interval;
	struct ut_summary s;

	golden = test_tensors_read("tests/golden/metrics.safetensors");
	values = stored("sample.values", 25);
	mean = stored("sample.mean", 1);
	deviation = stored("sample.std", 1);
	interval = stored("sample.ci95", 2);
	s = ut_summarise(values, 25);
	near(s.mean, *mean);
	near(s.deviation, *deviation);
	near(s.mean - s.half, interval[0]);
	near(s.mean + s.half, interval[1]);
	free(values);
	free(mean);
	free(deviation);
	free(interval);
	test_tensors_free(golden);
}
END_TEST

/* Networks before test images ---------------------------------------------- */

/* Networks of R replicas as they are drawn, and what they are shown. */
struct trial {
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_net net;
	float *arenas;
};

static void trial_open(struct trial *t, const char *classes, size_t images,
		       const char *net)
{
	struct ut_device *host = test_device(0)->device;
	const struct ut_rng rng = {.seed = 5, .purpose = 7};
	struct ut_buffer *arenas;
	size_t P;

	ck_assert(!ut_recipe_load(&t->recipe, "data/recipes/tiny.ini", &error));
	ck_assert(!ut_recipe_set(&t->recipe, "data.classes", classes, &error));
	ck_assert(!ut_recipe_set(&t->recipe, "net", net, &error));
	t->recipe.replicas = R;
	t->recipe.samples = images;
	ck_assert(!ut_glyphs_make(&t->data, 500, 2000, UT_GLYPHS_SEED, &error));
	ck_assert(!ut_experiment_prepare(&t->recipe, &t->data, &error));
	ut_dataset_limit(&t->data, 0, images);
	ck_assert(!ut_experiment_net(&t->recipe, &t->data, &t->net, &error));
	P = t->net.parameters;
	arenas = ut_buffer_new(host, UT_F32, R * P);
	ut_net_draw(&t->net, host, R, UT_INIT_HE, rng, ut_slice_of(arenas, P));
	t->arenas = test_alloc(R * P, sizeof(float));
	ck_assert(!ut_buffer_read(arenas, 0, R * P, t->arenas, &error));
	ut_buffer_free(arenas);
}

static void trial_close(struct trial *t)
{
	free(t->arenas);
	ut_dataset_release(&t->data);
}

static void measure(const struct trial *t, struct ut_device *device,
		    struct ut_results *results)
{
	ck_assert(!ut_results_init(results, &t->recipe, &t->data, &error));
	ck_assert_msg(!ut_experiment_evaluate(&t->recipe, &t->data, device,
					      UT_AUX, t->arenas, results,
					      &error),
		      "%s", error.text);
}

/* The first largest of [first, end). */
static size_t largest(const float *logits, size_t first, size_t end)
{
	size_t best = first, i;

	for (i = first; i < end; ++i)
		if (logits[i] > logits[best])
			best = i;
	return best;
}

/* Counts from replica r's logits of all images what its scores must be. */
static void expect_scores(const struct trial *t,
			  const struct ut_results *results, size_t r)
{
	const struct ut_scores *scores = &results->scores[UT_AUX];
	size_t N = t->data.test.count, K = results->classes, i;
	size_t row = K + results->aux, right = 0, present = 0;
	double *differences = test_alloc(N, sizeof(double));
	bool *second = test_alloc(N, sizeof(bool));
	uint32_t *counts = test_alloc(K * K, sizeof(uint32_t));

	ck_assert_uint_eq(results->samples, N);
	for (i = 0; i < N; ++i) {
		const float *logits =
			results->sample_logits[UT_AUX] + (r * N + i) * row;
		size_t label = t->data.test.labels[i];

		ck_assert_uint_eq(results->sample_labels[i], label);
		++counts[label * K + largest(logits, 0, K)];
		right += largest(logits, 0, K) == label;
		present += largest(logits, 1, 3) == label;
		differences[i] = (double)logits[2] - (double)logits[1];
		second[i] = label == 2;
	}
	ck_assert(!memcmp(counts, scores->confusion + r * K * K,
			  K * K * sizeof(*counts)));
	ck_assert(scores->accuracy[r] == (double)right / (double)N);
	ck_assert(scores->present[r] == (double)present / (double)N);
	ck_assert(scores->auc[r] == pairs_won(differences, second, N));
	free(differences);
	free(second);
	free(counts);
}

START_TEST(scores_are_what_counting_logits_finds)
{
	/* no multiple of the rows that are looked at at a time */
	static const size_t images[] = {3, 50, 390};
	struct ut_results results;
	struct trial t;
	size_t i, r;

	for (i = 0; i < 3; ++i) {
		trial_open(&t, "1-2", images[i], "fc 9");
		measure(&t, test_device(0)->device, &results);
		for (r = 0; r < R; ++r)
			expect_scores(&t, &results, r);
		ut_results_release(&results);
		trial_close(&t);
	}
}
END_TEST

/* The same scores, of changed copies too, and logits, of a net everywhere. */
static void same_everywhere(const char *net, bool slow)
{
	struct ut_results host, other;
	struct trial t;
	size_t d;
	int kind;

	trial_open(&t, "1-2", 20, net);
	t.recipe.robustness = 1;
	measure(&t, test_device(0)->device, &host);
	for (d = 1; d < test_device_count(); ++d) {
		const char *label = test_device(d)->label;

		if (test_device(d)->slow && !slow)
			continue;
		measure(&t, test_device(d)->device, &other);
		test_same_scores(label, &host, &host.scores[UT_AUX],
				 &other.scores[UT_AUX]);
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			test_same_scores(label, &host,
					 &host.robust[UT_AUX][kind],
					 &other.robust[UT_AUX][kind]);
		test_same_bits("logits", label, UT_F32,
			       host.sample_logits[UT_AUX],
			       other.sample_logits[UT_AUX],
			       R * host.samples * (host.classes + host.aux));
		ut_results_release(&other);
	}
	ut_results_release(&host);
	trial_close(&t);
}

START_TEST(every_device_gives_the_same_scores_and_logits)
{
	same_everywhere("fc 8", true);
	same_everywhere("conv 3, pool, conv 5 k5 s2, fc 7", false);
}
END_TEST

START_TEST(changed_copies_are_measured_as_images_of_their_own)
{
	struct ut_results results, again;
	struct trial t;
	int kind;

	trial_open(&t, "1-2", 60, "fc 9");
	t.recipe.robustness = 1;
	measure(&t, test_device(0)->device, &results);
	t.recipe.robustness = 0;
	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind) {
		uint8_t *plain = t.data.test.images;
		size_t bytes = 60 * ut_dataset_image_bytes(&t.data);

		t.data.test.images = test_alloc(bytes, 1);
		ut_robust_copy((enum ut_robust)kind, 60, t.data.height,
			       t.data.width, t.data.channels, plain,
			       t.data.test.images, (uint32_t)t.recipe.seed);
		measure(&t, test_device(0)->device, &again);
		test_same_scores(ut_robust_names[kind], &results,
				 &results.robust[UT_AUX][kind],
				 &again.scores[UT_AUX]);
		ut_results_release(&again);
		free(t.data.test.images);
		t.data.test.images = plain;
	}
	ut_results_release(&results);
	trial_close(&t);
}
END_TEST

START_TEST(an_auc_needs_two_classes_and_images_of_both)
{
	static const struct {
		const char *classes;
		size_t images;
		bool auc;
	} cases[] = {
		{"all", 30, false}, {"0-2", 30, false}, {"4", 30, false},
		{"4-5", 30, true},  {"4-5", 1, false},
	};
	struct ut_results results;
	struct trial t;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		trial_open(&t, cases[i].classes, cases[i].images, "");
		measure(&t, test_device(0)->device, &results);
		ck_assert_msg(!results.scores[UT_AUX].auc == !cases[i].auc,
			      "classes %s, %zu images", cases[i].classes,
			      cases[i].images);
		ut_results_release(&results);
		trial_close(&t);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("evaluation");

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, auc_is_the_share_of_pairs_won);
	tcase_add_test(tests, auc_has_its_known_values);
	tcase_add_test(tests, answers_and_confusion_are_those_of_numpy);
	tcase_add_test(tests, the_interval_is_that_of_numpy);
	tcase_add_test(tests, scores_are_what_counting_logits_finds);
	tcase_add_test(tests, every_device_gives_the_same_scores_and_logits);
	tcase_add_test(tests,
		       changed_copies_are_measured_as_images_of_their_own);
	tcase_add_test(tests, an_auc_needs_two_classes_and_images_of_both);
	return test_main("evaluation", tests);
}
