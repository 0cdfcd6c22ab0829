/* Mixtures: their order, their oracle, every device. */
#include <math.h>
#include <stdio.h>

#include "support/testing.h"

struct problem {
	unsigned R;
	float own, other;
	struct test_operand x, y;
};

static void run_blend(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_blend op = {
		.R = p->R,
		.own = p->own,
		.other = p->other,
		.x = test_upload(device, &p->x),
		.y = test_upload(device, &p->y),
	};

	ut_blend(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.x);
}

static struct problem problem_new(struct test_random *random, size_t n)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	struct problem p = {
		.R = R,
		.own = test_value(random),
		.other = test_value(random),
		.x = test_operand_f32(random, R, n, test_word(random) & 1),
		.y = test_operand_f32(random, R, n, false),
	};

	return p;
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->y);
}

/* One element as the contract has it, and in double. */
static void check_element(const struct problem *p, float x, float y, float got)
{
	float added = p->other * x, sum = fmaf(y, p->own, added);
	double left = (double)y * (double)p->own;
	double right = (double)x * (double)p->other, exact = left + right;

	if (fabsf(sum) < 0x1p-40f)
		sum = 0;
	ck_assert_uint_eq(test_bits(got), test_bits(sum));
	test_close("blend", &got, &exact, 1,
		   (fabs(left) + 2 * fabs(right)) * 0x1p-23 + 0x1p-40);
}

static void check_blend(struct problem *p, bool slow)
{
	size_t n = p->y.count, i;
	struct test_output y;
	char text[96];
	unsigned r;

	snprintf(text, sizeof(text), "blend R=%u n=%zu own=%g other=%g", p->R,
		 n, (double)p->own, (double)p->other);
	y = test_everywhere(text, slow, run_blend, p);
	for (r = 0; r < p->R; ++r)
		for (i = 0; i < n; ++i)
			check_element(p, test_f32(&p->x, r)[i],
				      test_f32(&p->y, r)[i],
				      test_output_f32(&y, 0, r)[i]);
	test_output_free(&y);
	problem_free(p);
}

START_TEST(mixtures_follow_the_contract_on_every_device)
{
	struct test_random random = {90};
	unsigned i;

	for (i = 0; i < 24; ++i) {
		struct problem p =
			problem_new(&random, test_between(&random, 1,
							  i % 4 ? 90 : 9000));

		check_blend(&p, i % 6 == 0);
	}
}
END_TEST

START_TEST(many_elements_are_mixed_the_same)
{
	struct test_random random = {91};
	struct problem p = problem_new(&random, 70001);

	check_blend(&p, false);
}
END_TEST

START_TEST(all_of_one_and_none_of_the_other_is_a_copy)
{
	struct test_random random = {92};
	struct problem p = problem_new(&random, 77);
	struct test_output y;
	unsigned r;

	p.own = 0;
	p.other = 1;
	y = test_everywhere("blend to x", true, run_blend, &p);
	for (r = 0; r < p.R; ++r)
		test_same_bits("blend", "of x alone", UT_F32, test_f32(&p.x, r),
			       test_output_f32(&y, 0, r), 77);
	test_output_free(&y);
	problem_free(&p);
}
END_TEST

START_TEST(tiny_mixtures_become_positive_zero)
{
	struct test_random random = {93};
	struct problem p = problem_new(&random, 100);
	struct test_output y;

	p.own = -0x1p-40f;
	p.other = 0x1p-40f;
	y = test_everywhere("tiny blend", true, run_blend, &p);
	test_clean("tiny blend", test_output_f32(&y, 0, 0), 100);
	test_output_free(&y);
	problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("blend");

	tcase_add_test(tests, mixtures_follow_the_contract_on_every_device);
	tcase_add_test(tests, many_elements_are_mixed_the_same);
	tcase_add_test(tests, all_of_one_and_none_of_the_other_is_a_copy);
	tcase_add_test(tests, tiny_mixtures_become_positive_zero);
	return test_main("blend", tests);
}
