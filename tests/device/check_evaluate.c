/* Argmax, counts and the search for NaN and infinity, on every device. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "support/reference.h"
#include "support/testing.h"

struct problem {
	unsigned R;
	struct reference_columns c;
	struct test_operand x, to, a, b, total;
};

static void run_argmax(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->x);
	struct ut_slice to = test_upload(device, &p->to);

	ut_argmax(device, p->R, p->c.B, p->c.C, p->c.first, p->c.count, x, to);
	test_take(output, "argmax", to);
	test_drop(x);
}

static void run_count(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice a = test_upload(device, &p->a);
	struct ut_slice b = test_upload(device, &p->b);
	struct ut_slice total = test_upload(device, &p->total);

	ut_count_equal(device, p->R, a, b, total);
	ut_count_equal(device, p->R, a, b, total);
	test_take(output, "total", total);
	test_drop(a);
	test_drop(b);
}

static void run_finite(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->x);
	struct ut_slice where = test_upload(device, &p->total);

	ut_check_finite(device, p->R, x, where);
	test_take(output, "where", where);
	test_drop(x);
}

static struct problem problem_new(struct test_random *random, size_t B)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t C = test_between(random, 1, 30);
	size_t first = test_between(random, 0, C - 1);

	return (struct problem){
		.R = R,
		.c = {B, C, first, test_between(random, 1, C - first)},
		.x = test_operand_f32(random, R, B * C, false),
		.to = test_operand_int(random, UT_U32, R, B, false, 99),
		.a = test_operand_int(random, UT_U32, R, B,
				      test_word(random) & 1, 4),
		.b = test_operand_int(random, UT_U32, R, B,
				      test_word(random) & 1, 4),
		.total = test_operand_int(random, UT_U32, R, 1, false, 1000),
	};
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->to);
	test_operand_free(&p->a);
	test_operand_free(&p->b);
	test_operand_free(&p->total);
}

/* Small integers: most rows have several largest. */
static void make_ties(struct problem *p, struct test_random *random)
{
	float *x = p->x.data;
	size_t i;

	for (i = 0; i < p->x.total; ++i)
		x[i] = (float)(test_word(random) % 4);
}

START_TEST(argmax_is_the_first_largest_on_every_device)
{
	struct test_random random = {70};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		struct problem p =
			problem_new(&random, test_between(&random, 1, 300));
		uint32_t *exact = test_alloc(p.c.B, sizeof(*exact));
		struct test_output to;

		if (i % 2)
			make_ties(&p, &random);
		to = test_everywhere("argmax", i % 3 == 0, run_argmax, &p);
		for (r = 0; r < p.R; ++r) {
			double *x =
				test_widen(test_f32(&p.x, r), p.c.B * p.c.C);

			reference_argmax(p.c, x, exact);
			test_same_bits("argmax", "oracle", UT_U32, exact,
				       test_output_u32(&to, 0, r), p.c.B);
			free(x);
		}
		free(exact);
		test_output_free(&to);
		problem_free(&p);
	}
}
END_TEST

START_TEST(argmax_takes_nan_for_minus_infinity)
{
	float rows[][4] = {
		{NAN, 1, 3, 3},
		{NAN, -INFINITY, -INFINITY, -5},
		{1, NAN, 2, NAN},
		{NAN, NAN, NAN, NAN},
		{-INFINITY, NAN, -INFINITY, -INFINITY},
		{NAN, -INFINITY, NAN, -INFINITY},
		{5, INFINITY, NAN, INFINITY},
		{-0.0f, 0, 0, 0},
	};
	static const uint32_t expected[8] = {2, 3, 2, 0, 0, 0, 1, 0};
	uint32_t room[8] = {0};
	struct problem p = {
		.R = 1,
		.c = {8, 4, 0, 4},
		.x = {UT_F32, 1, 0, 32, 32, 32, rows},
		.to = {UT_U32, 1, 0, 8, 8, 8, room},
	};
	struct test_output to =
		test_everywhere("argmax of NaN", true, run_argmax, &p);

	test_same_bits("argmax", "rows with NaN", UT_U32, expected,
		       test_output_u32(&to, 0, 0), 8);
	test_output_free(&to);
}
END_TEST

START_TEST(equal_elements_are_counted_on_every_device)
{
	struct test_random random = {71};
	unsigned i, r;
	size_t k;

	for (i = 0; i < 20; ++i) {
		struct problem p =
			problem_new(&random, test_between(&random, 1, 3000));
		struct test_output total =
			test_everywhere("count", i % 3 == 0, run_count, &p);

		for (r = 0; r < p.R; ++r) {
			uint32_t equal = 0;

			for (k = 0; k < p.c.B; ++k)
				equal += test_u32(&p.a, r)[k] ==
					 test_u32(&p.b, r)[k];
			ck_assert_uint_eq(*test_output_u32(&total, 0, r),
					  *test_u32(&p.total, r) + 2 * equal);
		}
		test_output_free(&total);
		problem_free(&p);
	}
}
END_TEST

START_TEST(the_first_nan_or_infinity_is_found_on_every_device)
{
	static const float planted[] = {NAN, INFINITY, -INFINITY};
	struct test_random random = {72};
	unsigned i, k, r;

	for (i = 0; i < 30; ++i) {
		struct problem p =
			problem_new(&random, test_between(&random, 1, 300));
		size_t n = p.c.B * p.c.C;
		uint32_t first[3];
		struct test_output where;

		for (r = 0; r < p.R; ++r) {
			*test_u32(&p.total, r) = UT_ALL_FINITE;
			first[r] = UT_ALL_FINITE;
			for (k = 0; k < i % 4; ++k) {
				size_t at = test_between(&random, 0, n - 1);

				test_f32(&p.x, r)[at] = planted[(i + k) % 3];
				if (at < first[r])
					first[r] = (uint32_t)at;
			}
		}
		where = test_everywhere("finite", i % 3 == 0, run_finite, &p);
		for (r = 0; r < p.R; ++r)
			ck_assert_uint_eq(*test_output_u32(&where, 0, r),
					  first[r]);
		test_output_free(&where);
		problem_free(&p);
	}
}
END_TEST

/* What an earlier search found stays when it is smaller. */
START_TEST(the_smaller_index_wins)
{
	float x[] = {FLT_MAX, -FLT_MAX, FLT_MIN, 0x1p-149f, INFINITY};
	uint32_t before[] = {3, 4, 5};
	static const uint32_t after[] = {3, 4, 4};
	unsigned i;

	for (i = 0; i < 3; ++i) {
		struct problem p = {
			.R = 1,
			.x = {UT_F32, 1, 0, 5, 5, 5, x},
			.total = {UT_U32, 1, 0, 1, 1, 1, &before[i]},
		};
		struct test_output where =
			test_everywhere("smaller", true, run_finite, &p);

		ck_assert_uint_eq(*test_output_u32(&where, 0, 0), after[i]);
		test_output_free(&where);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("evaluate");

	tcase_add_test(tests, argmax_is_the_first_largest_on_every_device);
	tcase_add_test(tests, argmax_takes_nan_for_minus_infinity);
	tcase_add_test(tests, equal_elements_are_counted_on_every_device);
	tcase_add_test(tests,
		       the_first_nan_or_infinity_is_found_on_every_device);
	tcase_add_test(tests, the_smaller_index_wins);
	return test_main("evaluate", tests);
}
