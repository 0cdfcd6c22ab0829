/* Losses, moments and means: against the oracle, and on every device. */
#include <stdio.h>
#include <stdlib.h>

#include "support/loss.h"
#include "support/testing.h"

static void run_mean(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct loss_problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->loss);
	struct ut_slice y = test_upload(device, &p->moments);

	ut_mean(device, p->R, x, ut_slice_part(y, 0, 1));
	test_take(output, "mean", y);
	test_drop(x);
}

/* Bits beside the range of columns: all +0. */
static void check_outside(const struct loss_problem *p, const float *gradient)
{
	size_t i, k;

	for (i = 0; i < p->c.B; ++i)
		for (k = 0; k < p->c.C; ++k)
			if (k < p->c.first || k >= p->c.first + p->c.count)
				ck_assert_uint_eq(
					test_bits(gradient[i * p->c.C + k]), 0);
}

static void check_kind(const char *name, int kind, uint64_t seed)
{
	static const double temperatures[] = {1, 4, 0.5, 1.7};
	static const double alphas[] = {0, 0.3, 1, 1e-30};
	struct test_random random = {seed};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		bool slow = i % 3 == 0;
		/* two images at least: one alone has no deviation */
		struct loss_problem p =
			loss_problem_new(&random, kind,
					 slow ? test_between(&random, 2, 40)
					      : test_between(&random, 2, 600));
		char text[128];
		struct test_output got;

		if (kind == UT_MSE_NORM)
			loss_fill_moments(&p);
		p.temperature = temperatures[i % 4];
		p.alpha = alphas[test_word(&random) % 4];
		loss_describe(text, sizeof(text), name, &p);
		got = test_everywhere(text, slow, loss_run, &p);
		for (r = 0; r < p.R; ++r) {
			loss_compare(text, &p, r, &got);
			loss_compare_contract(text, &p, r, &got);
			check_outside(&p, test_output_f32(&got, 0, r));
		}
		test_output_free(&got);
		loss_problem_free(&p);
	}
}

START_TEST(cross_entropy_is_right_and_the_same_everywhere)
{
	check_kind("cross-entropy", LOSS_CROSS_ENTROPY, 50);
}
END_TEST

START_TEST(kl_is_right_and_the_same_everywhere)
{
	check_kind("kl", UT_KL, 51);
}
END_TEST

START_TEST(mse_is_right_and_the_same_everywhere)
{
	check_kind("mse", UT_MSE, 52);
}
END_TEST

START_TEST(normalised_mse_is_right_and_the_same_everywhere)
{
	check_kind("normalised mse", UT_MSE_NORM, 53);
}
END_TEST

START_TEST(reverse_kl_is_right_and_the_same_everywhere)
{
	check_kind("reverse kl", UT_REVERSE_KL, 61);
}
END_TEST

START_TEST(js_is_right_and_the_same_everywhere)
{
	check_kind("js", UT_JS, 62);
}
END_TEST

START_TEST(cosine_distance_is_right_and_the_same_everywhere)
{
	check_kind("cosine", UT_COSINE_DISTANCE, 63);
}
END_TEST

START_TEST(classic_distillation_is_right_and_the_same_everywhere)
{
	check_kind("kd", UT_KD, 64);
}
END_TEST

START_TEST(moments_are_right_and_the_same_everywhere)
{
	struct test_random random = {54};
	unsigned i, r;

	for (i = 0; i < 20; ++i) {
		struct loss_problem p =
			loss_problem_new(&random, UT_MSE_NORM,
					 test_between(&random, 1, 700));
		size_t n = p.c.B * p.c.C;
		double *exact = test_alloc(2 * p.c.count, sizeof(*exact));
		char text[128];
		struct test_output got;

		loss_describe(text, sizeof(text), "moments", &p);
		got = test_everywhere(text, i % 5 == 0, loss_run_moments, &p);
		for (r = 0; r < p.R; ++r) {
			double *x = test_widen(test_f32(&p.teacher, r), n);

			reference_moments(p.c, x, exact);
			test_close(text, test_output_f32(&got, 0, r), exact,
				   2 * p.c.count, 1e-5 * test_largest(x, n));
			free(x);
		}
		free(exact);
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

START_TEST(means_are_right_and_the_same_everywhere)
{
	struct test_random random = {55};
	unsigned i, r;

	for (i = 0; i < 20; ++i) {
		/* some longer than a group's chunks together */
		size_t most = i % 4 == 1 ? 70000 : 2000;
		struct loss_problem p =
			loss_problem_new(&random, UT_MSE,
					 test_between(&random, 1, most));
		struct test_output got =
			test_everywhere("mean", i % 5 == 0, run_mean, &p);

		for (r = 0; r < p.R; ++r) {
			double *x = test_widen(test_f32(&p.loss, r), p.c.B);
			double exact = reference_mean(x, p.c.B);

			test_close("mean", test_output_f32(&got, 0, r), &exact,
				   1, 1e-5 * test_largest(x, p.c.B));
			free(x);
		}
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

START_TEST(a_replica_does_not_depend_on_its_neighbours)
{
	struct test_random random = {59};
	struct loss_problem p = loss_problem_new(&random, UT_KL, 270);
	struct test_output together = {0};
	unsigned r;

	loss_run(test_device(0)->device, &p, &together);
	for (r = 0; r < p.R; ++r) {
		struct loss_problem one = p;
		struct test_output single = {0};

		one.R = 1;
		one.student.offset += r * one.student.stride;
		one.teacher.offset += r * one.teacher.stride;
		one.gradient.offset += r * one.gradient.stride;
		one.loss.offset += r * one.loss.stride;
		loss_run(test_device(0)->device, &one, &single);
		test_same_bits("gradient", "alone", UT_F32,
			       test_output_f32(&together, 0, r),
			       test_output_f32(&single, 0, 0), p.c.B * p.c.C);
		test_same_bits("loss", "alone", UT_F32,
			       test_output_f32(&together, 1, r),
			       test_output_f32(&single, 1, 0), p.c.B);
		test_output_free(&single);
	}
	test_output_free(&together);
	loss_problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("loss");

	tcase_add_test(tests, cross_entropy_is_right_and_the_same_everywhere);
	tcase_add_test(tests, kl_is_right_and_the_same_everywhere);
	tcase_add_test(tests, mse_is_right_and_the_same_everywhere);
	tcase_add_test(tests, normalised_mse_is_right_and_the_same_everywhere);
	tcase_add_test(tests, reverse_kl_is_right_and_the_same_everywhere);
	tcase_add_test(tests, js_is_right_and_the_same_everywhere);
	tcase_add_test(tests, cosine_distance_is_right_and_the_same_everywhere);
	tcase_add_test(tests,
		       classic_distillation_is_right_and_the_same_everywhere);
	tcase_add_test(tests, moments_are_right_and_the_same_everywhere);
	tcase_add_test(tests, means_are_right_and_the_same_everywhere);
	tcase_add_test(tests, a_replica_does_not_depend_on_its_neighbours);
	return test_main("loss", tests);
}
