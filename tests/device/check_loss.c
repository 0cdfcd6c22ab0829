/* Losses, moments and means: against the oracle, and on every device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/reference.h"
#include "support/testing.h"

enum { CROSS_ENTROPY = -1 };

struct problem {
	int kind; /* enum ut_distillation or CROSS_ENTROPY */
	unsigned R;
	struct reference_columns c;
	struct test_operand student, teacher, labels, gradient, loss, moments;
};

static void run_loss(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_loss op = {
		.R = p->R,
		.B = p->c.B,
		.C = p->c.C,
		.first = p->c.first,
		.count = p->c.count,
		.logits = test_upload(device, &p->student),
		.gradient = test_upload(device, &p->gradient),
		.loss = test_upload(device, &p->loss),
	};
	struct ut_slice teacher = test_upload(device, &p->teacher);
	struct ut_slice labels = test_upload(device, &p->labels);
	struct ut_slice moments = test_upload(device, &p->moments);
	struct ut_slice none = {0};

	if (p->kind == CROSS_ENTROPY)
		ut_cross_entropy(device, &op, labels);
	else
		ut_distil(device, &op, (enum ut_distillation)p->kind, teacher,
			  p->kind == UT_MSE_NORM ? moments : none);
	test_take(output, "gradient", op.gradient);
	test_take(output, "loss", op.loss);
	test_drop(op.logits);
	test_drop(teacher);
	test_drop(labels);
	test_drop(moments);
}

static void run_moments(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->teacher);
	struct ut_slice moments = test_upload(device, &p->moments);

	ut_moments(device, p->R, p->c.B, p->c.C, p->c.first, p->c.count, x,
		   moments);
	test_take(output, "moments", moments);
	test_drop(x);
}

static void run_mean(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->loss);
	struct ut_slice y = test_upload(device, &p->moments);

	ut_mean(device, p->R, x, ut_slice_part(y, 0, 1));
	test_take(output, "mean", y);
	test_drop(x);
}

/* Logits are stretched so that softmax sees both flat and one-sided rows. */
static void stretch(struct test_operand *x, float by)
{
	float *data = x->data;
	size_t i;

	for (i = 0; i < x->total; ++i)
		data[i] *= by;
}

static struct problem problem_new(struct test_random *random, int kind,
				  size_t B)
{
	static const float stretches[] = {0.125f, 1, 8, 60};
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t C = test_between(random, 1, 40);
	size_t first = test_between(random, 0, C - 1);
	size_t count = test_between(random, 1, C - first);
	struct problem p = {
		.kind = kind,
		.R = R,
		.c = {B, C, first, count},
		.student = test_operand_f32(random, R, B * C, false),
		.teacher = test_operand_f32(random, R, B * C,
					    test_word(random) & 1),
		.labels = test_operand_int(random, UT_U32, R, B,
					   test_word(random) & 1,
					   (uint32_t)count),
		.gradient = test_operand_f32(random, R, B * C, false),
		.loss = test_operand_f32(random, R, B, false),
		.moments = test_operand_f32(random, R, 2 * count, false),
	};

	stretch(&p.student, stretches[test_word(random) % 4]);
	stretch(&p.teacher, stretches[test_word(random) % 4]);
	return p;
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->student);
	test_operand_free(&p->teacher);
	test_operand_free(&p->labels);
	test_operand_free(&p->gradient);
	test_operand_free(&p->loss);
	test_operand_free(&p->moments);
}

static void describe(char *text, size_t size, const char *what,
		     const struct problem *p)
{
	snprintf(text, size, "%s R=%u B=%zu C=%zu first=%zu count=%zu", what,
		 p->R, p->c.B, p->c.C, p->c.first, p->c.count);
}

/*
 * Gives the moments of the teacher to the problem, as the host computes them.
 */
static void fill_moments(struct problem *p)
{
	struct test_output moments = {0};
	float *to = p->moments.data;
	size_t i;

	run_moments(test_device(0)->device, p, &moments);
	for (i = 0; i < p->moments.total; ++i)
		to[i] = ((float *)moments.part[0].data)[i];
	test_output_free(&moments);
}

static void compare_loss(const char *what, const struct problem *p, unsigned r,
			 const struct test_output *got)
{
	size_t n = p->c.B * p->c.C, i;
	double *s = test_widen(test_f32(&p->student, r), n);
	double *t = test_widen(test_f32(&p->teacher, r), n);
	double *gradient = test_alloc(n, sizeof(*gradient));
	double *loss = test_alloc(p->c.B, sizeof(*loss));
	double range, deviation = 1;

	if (p->kind == CROSS_ENTROPY)
		reference_cross_entropy(p->c, s, test_u32(&p->labels, r), loss,
					gradient);
	else
		reference_distil(p->c, (enum ut_distillation)p->kind, s, t,
				 loss, gradient);
	/* rounding grows with the logits, for MSE with their square */
	range = 1 + test_largest(s, n) + test_largest(t, n);
	if (p->kind == UT_MSE_NORM)
		for (i = 0; i < p->c.count; ++i)
			deviation = fmin(deviation,
					 (double)test_f32(&p->moments,
							  r)[p->c.count + i]);
	if (p->kind == UT_MSE || p->kind == UT_MSE_NORM)
		range = range * range / deviation / deviation;
	test_close(what, test_output_f32(got, 0, r), gradient, n,
		   1e-6 * range / (double)p->c.B + 0x1p-40);
	test_close(what, test_output_f32(got, 1, r), loss, p->c.B,
		   1e-6 * range);
	test_clean(what, test_output_f32(got, 0, r), n);
	free(s);
	free(t);
	free(gradient);
	free(loss);
}

/* Bits beside the range of columns: all +0. */
static void check_outside(const struct problem *p, const float *gradient)
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
	struct test_random random = {seed};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		bool slow = i % 3 == 0;
		/* two images at least: one alone has no deviation */
		struct problem p =
			problem_new(&random, kind,
				    slow ? test_between(&random, 2, 40)
					 : test_between(&random, 2, 600));
		char text[128];
		struct test_output got;

		describe(text, sizeof(text), name, &p);
		if (kind == UT_MSE_NORM)
			fill_moments(&p);
		got = test_everywhere(text, slow, run_loss, &p);
		for (r = 0; r < p.R; ++r) {
			compare_loss(text, &p, r, &got);
			check_outside(&p, test_output_f32(&got, 0, r));
		}
		test_output_free(&got);
		problem_free(&p);
	}
}

START_TEST(cross_entropy_is_right_and_the_same_everywhere)
{
	check_kind("cross-entropy", CROSS_ENTROPY, 50);
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

START_TEST(moments_are_right_and_the_same_everywhere)
{
	struct test_random random = {54};
	unsigned i, r;

	for (i = 0; i < 20; ++i) {
		struct problem p = problem_new(&random, UT_MSE_NORM,
					       test_between(&random, 1, 700));
		size_t n = p.c.B * p.c.C;
		double *exact = test_alloc(2 * p.c.count, sizeof(*exact));
		char text[128];
		struct test_output got;

		describe(text, sizeof(text), "moments", &p);
		got = test_everywhere(text, i % 5 == 0, run_moments, &p);
		for (r = 0; r < p.R; ++r) {
			double *x = test_widen(test_f32(&p.teacher, r), n);

			reference_moments(p.c, x, exact);
			test_close(text, test_output_f32(&got, 0, r), exact,
				   2 * p.c.count, 1e-5 * test_largest(x, n));
			free(x);
		}
		free(exact);
		test_output_free(&got);
		problem_free(&p);
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
		struct problem p = problem_new(&random, UT_MSE,
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
		problem_free(&p);
	}
}
END_TEST

/* One column: both distributions are certain, whatever the logits. */
START_TEST(kl_of_one_column_teaches_exactly_nothing)
{
	struct test_random random = {56};
	struct problem p = problem_new(&random, UT_KL, 9);
	struct test_output got;
	size_t i;
	unsigned r;

	p.c.count = 1;
	got = test_everywhere("kl of one column", true, run_loss, &p);
	for (r = 0; r < p.R; ++r) {
		for (i = 0; i < p.c.B * p.c.C; ++i)
			ck_assert_uint_eq(test_bits(test_output_f32(&got, 0,
								    r)[i]),
					  0);
		for (i = 0; i < p.c.B; ++i)
			ck_assert_uint_eq(test_bits(test_output_f32(&got, 1,
								    r)[i]),
					  0);
	}
	test_output_free(&got);
	problem_free(&p);
}
END_TEST

/* A student equal to its teacher has no loss and no gradient, to the bit. */
START_TEST(equal_logits_have_exactly_no_gradient)
{
	static const int kinds[] = {UT_KL, UT_MSE, UT_MSE_NORM};
	struct test_random random = {57};
	size_t i, k;

	for (k = 0; k < 3; ++k) {
		struct problem p = problem_new(&random, kinds[k], 20);
		struct test_operand student = p.student;
		struct test_output got;

		p.student = p.teacher;
		if (kinds[k] == UT_MSE_NORM)
			fill_moments(&p);
		got = test_everywhere("equal logits", true, run_loss, &p);
		for (i = 0; i < p.c.B * p.c.C; ++i)
			ck_assert_uint_eq(test_bits(test_output_f32(&got, 0,
								    0)[i]),
					  0);
		test_output_free(&got);
		p.student = student;
		problem_free(&p);
	}
}
END_TEST

/* Gradients around 2^-40: +0 below, whatever their sign. */
START_TEST(tiny_gradients_become_positive_zero)
{
	static const int kinds[] = {CROSS_ENTROPY, UT_KL, UT_MSE};
	struct test_random random = {60};
	size_t i, k;

	for (k = 0; k < 3; ++k) {
		struct problem p = problem_new(&random, kinds[k], 20);
		float *student = p.student.data, *teacher = p.teacher.data;
		struct test_output got;

		stretch(&p.student, 0x1p-36f);
		for (i = 0; i < p.teacher.total; ++i)
			teacher[i] = 0;
		for (i = 0; i < p.student.total && k == 0; ++i)
			student[i] = i % 3 ? 0.0f : 27.5f;
		got = test_everywhere("tiny gradient", true, run_loss, &p);
		test_clean("tiny gradient", test_output_f32(&got, 0, 0),
			   p.c.B * p.c.C);
		test_output_free(&got);
		problem_free(&p);
	}
}
END_TEST

/* A column in which all teachers agree has no deviation: it is left out. */
START_TEST(a_column_without_deviation_is_left_out)
{
	struct test_random random = {58};
	struct problem p = problem_new(&random, UT_MSE_NORM, 8);
	struct test_output got;
	size_t i;
	unsigned r;

	for (r = 0; r < p.R; ++r)
		for (i = 0; i < p.c.B; ++i)
			test_f32(&p.teacher, r)[i * p.c.C + p.c.first] = 0.5f;
	fill_moments(&p);
	ck_assert_uint_eq(test_bits(test_f32(&p.moments, 0)[p.c.count]), 0);
	got = test_everywhere("no deviation", true, run_loss, &p);
	for (i = 0; i < p.c.B; ++i)
		ck_assert_uint_eq(test_bits(test_output_f32(
					  &got, 0, 0)[i * p.c.C + p.c.first]),
				  0);
	test_output_free(&got);
	problem_free(&p);
}
END_TEST

START_TEST(a_replica_does_not_depend_on_its_neighbours)
{
	struct test_random random = {59};
	struct problem p = problem_new(&random, UT_KL, 270);
	struct test_output together = {0};
	unsigned r;

	run_loss(test_device(0)->device, &p, &together);
	for (r = 0; r < p.R; ++r) {
		struct problem one = p;
		struct test_output single = {0};

		one.R = 1;
		one.student.offset += r * one.student.stride;
		one.teacher.offset += r * one.teacher.stride;
		one.gradient.offset += r * one.gradient.stride;
		one.loss.offset += r * one.loss.stride;
		run_loss(test_device(0)->device, &one, &single);
		test_same_bits("gradient", "alone", UT_F32,
			       test_output_f32(&together, 0, r),
			       test_output_f32(&single, 0, 0), p.c.B * p.c.C);
		test_same_bits("loss", "alone", UT_F32,
			       test_output_f32(&together, 1, r),
			       test_output_f32(&single, 1, 0), p.c.B);
		test_output_free(&single);
	}
	test_output_free(&together);
	problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("loss");

	tcase_add_test(tests, cross_entropy_is_right_and_the_same_everywhere);
	tcase_add_test(tests, kl_is_right_and_the_same_everywhere);
	tcase_add_test(tests, mse_is_right_and_the_same_everywhere);
	tcase_add_test(tests, normalised_mse_is_right_and_the_same_everywhere);
	tcase_add_test(tests, moments_are_right_and_the_same_everywhere);
	tcase_add_test(tests, means_are_right_and_the_same_everywhere);
	tcase_add_test(tests, kl_of_one_column_teaches_exactly_nothing);
	tcase_add_test(tests, equal_logits_have_exactly_no_gradient);
	tcase_add_test(tests, tiny_gradients_become_positive_zero);
	tcase_add_test(tests, a_column_without_deviation_is_left_out);
	tcase_add_test(tests, a_replica_does_not_depend_on_its_neighbours);
	return test_main("loss", tests);
}
