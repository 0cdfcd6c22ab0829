/* Losses at their edges: what must be exactly nothing, equal, finite or NaN. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/loss.h"
#include "support/testing.h"

/* Fails unless every element of the gradient is +0, and of the loss. */
static void check_nothing(const struct loss_problem *p,
			  const struct test_output *got, bool loss_too)
{
	size_t i;
	unsigned r;

	for (r = 0; r < p->R; ++r) {
		const float *gradient = test_output_f32(got, 0, r);
		const float *loss = test_output_f32(got, 1, r);

		for (i = 0; i < p->c.B * p->c.C; ++i)
			ck_assert_uint_eq(test_bits(gradient[i]), 0);
		for (i = 0; i < p->c.B && loss_too; ++i)
			ck_assert_uint_eq(test_bits(loss[i]), 0);
	}
}

/*
 * One column: both distributions are certain, whatever the logits. Of a vector of
 * one number only the sign is left, whose slope is 0.
 */
START_TEST(one_column_teaches_exactly_nothing)
{
	static const int kinds[] = {UT_KL, UT_REVERSE_KL, UT_JS,
				    UT_COSINE_DISTANCE, UT_KD};
	struct test_random random = {56};
	size_t i;

	for (i = 0; i < 10; ++i) {
		struct loss_problem p =
			loss_problem_new(&random, kinds[i / 2], 9);
		struct test_output got;

		p.c.count = 1;
		p.temperature = i % 2 ? 1 : 3;
		got = test_everywhere("one column", true, loss_run, &p);
		check_nothing(&p, &got, p.kind != UT_COSINE_DISTANCE);
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

/* A student equal to its teacher has no loss and no gradient, to the bit. */
START_TEST(equal_logits_have_exactly_no_gradient)
{
	static const int kinds[] = {UT_KL,         UT_MSE, UT_MSE_NORM,
				    UT_REVERSE_KL, UT_JS,  UT_COSINE_DISTANCE,
				    UT_KD};
	struct test_random random = {57};
	size_t i, k;

	for (i = 0; i < 14; ++i) {
		struct loss_problem p =
			loss_problem_new(&random, kinds[i / 2], 20);
		struct test_operand student = p.student;
		struct test_output got;

		for (k = 0; k < p.c.B; ++k) /* no zero vector */
			test_f32(&p.teacher, 0)[k * p.c.C + p.c.first] = 2;
		p.R = 1;
		p.temperature = i % 2 ? 1 : 3;
		p.student = p.teacher;
		if (p.kind == UT_MSE_NORM)
			loss_fill_moments(&p);
		got = test_everywhere("equal logits", true, loss_run, &p);
		check_nothing(&p, &got, true);
		test_output_free(&got);
		p.student = student;
		loss_problem_free(&p);
	}
}
END_TEST

/* Runs two problems and fails unless they have the same bits. */
static void check_same(const char *what, const struct loss_problem *a,
		       const struct loss_problem *b)
{
	struct test_output one = test_everywhere(what, true, loss_run, a);
	struct test_output two = test_everywhere(what, true, loss_run, b);
	unsigned part;

	for (part = 0; part < one.parts; ++part)
		test_same_bits(what, one.part[part].name, UT_F32,
			       one.part[part].data, two.part[part].data,
			       one.part[part].total);
	test_output_free(&one);
	test_output_free(&two);
}

START_TEST(classic_distillation_has_kl_and_cross_entropy_at_its_ends)
{
	struct test_random random = {65};
	int i;

	for (i = 0; i < 10; ++i) {
		struct loss_problem p = loss_problem_new(&random, UT_KD, 30);
		struct loss_problem end = p;

		end.kind = UT_KL;
		check_same("alpha 0", &p, &end);
		p.alpha = 1;
		p.temperature = 7;
		end.kind = LOSS_CROSS_ENTROPY;
		check_same("alpha 1", &p, &end);
		loss_problem_free(&p);
	}
}
END_TEST

/* Sets the columns of every replica's first row. */
static void set_row(struct loss_problem *p, struct test_operand *x,
		    const float *values)
{
	unsigned r;

	for (r = 0; r < p->R; ++r)
		memcpy(test_f32(x, r) + p->c.first, values,
		       p->c.count * sizeof(*values));
}

/* One row of these logits, labelled 0. */
static struct loss_problem problem_of(struct test_random *random, int kind,
				      size_t count, const float *student,
				      const float *teacher)
{
	struct loss_problem p;
	unsigned r;

	do {
		p = loss_problem_new(random, kind, 1);
		if (p.c.count >= count)
			break;
		loss_problem_free(&p);
	} while (true);
	p.c.count = count;
	for (r = 0; r < p.R; ++r)
		test_u32(&p.labels, r)[0] = 0;
	set_row(&p, &p.student, student);
	set_row(&p, &p.teacher, teacher);
	return p;
}

START_TEST(a_zero_vector_has_cosine_distance_1_and_no_gradient)
{
	static const float zeros[4] = {0, -0.0f}, ones[4] = {1, 2, 3, 4};
	static const float *const pairs[3][2] = {{zeros, ones},
						 {ones, zeros},
						 {zeros, zeros}};
	struct test_random random = {66};
	size_t i;

	for (i = 0; i < 3; ++i) {
		struct loss_problem p = problem_of(&random, UT_COSINE_DISTANCE,
						   4, pairs[i][0], pairs[i][1]);
		struct test_output got =
			test_everywhere("zero vector", true, loss_run, &p);

		check_nothing(&p, &got, false);
		ck_assert_uint_eq(test_bits(test_output_f32(&got, 1, 0)[0]),
				  test_bits(1));
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

/* Probabilities that underflow, logits whose differences overflow. */
START_TEST(huge_logits_have_finite_gradients)
{
	static const float teacher[4] = {0, -40, 1e4f, -1e30f};
	static const float student[4] = {3e38f, -3e38f, 0, 1e30f};
	static const float mild[4] = {90, -90, 0, 30};
	static const int kinds[] = {UT_KL, UT_REVERSE_KL, UT_JS, UT_KD,
				    LOSS_CROSS_ENTROPY};
	struct test_random random = {67};
	size_t i, k;

	for (i = 0; i < 15; ++i) {
		struct loss_problem p =
			problem_of(&random, kinds[i / 3], 4,
				   i % 3 == 1 ? mild : student,
				   i % 3 == 2 ? student : teacher);
		const float *gradient;
		struct test_output got;

		p.alpha = 0.5;
		got = test_everywhere("huge logits", true, loss_run, &p);
		gradient = test_output_f32(&got, 0, 0) + p.c.first;
		for (k = 0; k < 4; ++k)
			ck_assert(fabsf(gradient[k]) <= 3e38f);
		loss_compare_contract("huge logits", &p, 0, &got);
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

/* A student that diverged is seen: NaN is in the gradient. */
START_TEST(a_nan_among_the_students_logits_reaches_the_gradient)
{
	static const float teacher[4] = {1, 2, 3, 4};
	const float student[4] = {1, NAN, 0, 2};
	struct test_random random = {68};
	int kind;

	for (kind = LOSS_CROSS_ENTROPY; kind <= UT_KD; ++kind) {
		struct loss_problem p =
			problem_of(&random, kind, 4, student, teacher);
		struct test_output got = {0};
		size_t i;

		if (kind == UT_MSE_NORM)
			for (i = 0; i < 8; ++i)
				test_f32(&p.moments, 0)[i] = 1;
		for (i = 0; i < test_device_count(); ++i) {
			loss_run(test_device(i)->device, &p, &got);
			ck_assert(isnan(
				test_output_f32(&got, 0, 0)[p.c.first + 1]));
			test_output_free(&got);
			got = (struct test_output){0};
		}
		loss_problem_free(&p);
	}
}
END_TEST

/* Gradients around 2^-40: +0 below, whatever their sign. */
START_TEST(tiny_gradients_become_positive_zero)
{
	static const int kinds[] = {LOSS_CROSS_ENTROPY, UT_KL, UT_MSE,
				    UT_REVERSE_KL,      UT_JS, UT_KD};
	struct test_random random = {60};
	size_t i, k;

	for (k = 0; k < 6; ++k) {
		struct loss_problem p = loss_problem_new(&random, kinds[k], 20);
		float *student = p.student.data, *teacher = p.teacher.data;
		struct test_output got;

		loss_stretch(&p.student, 0x1p-36f);
		for (i = 0; i < p.teacher.total; ++i)
			teacher[i] = 0;
		for (i = 0; i < p.student.total && k == 0; ++i)
			student[i] = i % 3 ? 0.0f : 27.5f;
		got = test_everywhere("tiny gradient", true, loss_run, &p);
		test_clean("tiny gradient", test_output_f32(&got, 0, 0),
			   p.c.B * p.c.C);
		test_output_free(&got);
		loss_problem_free(&p);
	}
}
END_TEST

/* A column in which all teachers agree has no deviation: it is left out. */
START_TEST(a_column_without_deviation_is_left_out)
{
	struct test_random random = {58};
	struct loss_problem p = loss_problem_new(&random, UT_MSE_NORM, 8);
	struct test_output got;
	size_t i;
	unsigned r;

	for (r = 0; r < p.R; ++r)
		for (i = 0; i < p.c.B; ++i)
			test_f32(&p.teacher, r)[i * p.c.C + p.c.first] = 0.5f;
	loss_fill_moments(&p);
	ck_assert_uint_eq(test_bits(test_f32(&p.moments, 0)[p.c.count]), 0);
	got = test_everywhere("no deviation", true, loss_run, &p);
	for (i = 0; i < p.c.B; ++i)
		ck_assert_uint_eq(test_bits(test_output_f32(
					  &got, 0, 0)[i * p.c.C + p.c.first]),
				  0);
	test_output_free(&got);
	loss_problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("distil");

	tcase_add_test(tests, one_column_teaches_exactly_nothing);
	tcase_add_test(tests, equal_logits_have_exactly_no_gradient);
	tcase_add_test(
		tests,
		classic_distillation_has_kl_and_cross_entropy_at_its_ends);
	tcase_add_test(tests,
		       a_zero_vector_has_cosine_distance_1_and_no_gradient);
	tcase_add_test(tests, huge_logits_have_finite_gradients);
	tcase_add_test(tests,
		       a_nan_among_the_students_logits_reaches_the_gradient);
	tcase_add_test(tests, tiny_gradients_become_positive_zero);
	tcase_add_test(tests, a_column_without_deviation_is_left_out);
	return test_main("distil", tests);
}
