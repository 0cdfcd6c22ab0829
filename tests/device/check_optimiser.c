/* Optimisers: against the textbook over several steps, and on every device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "support/testing.h"

enum { STEPS = 3 };

struct problem {
	struct reference_optimiser o;
	unsigned R;
	struct test_operand w, g[STEPS], m, v;
};

static struct ut_update constants(const struct reference_optimiser *o,
				  unsigned step)
{
	return ut_update_at(o->kind, o->rate, o->beta1, o->beta2,
			    pow(o->beta1, step), pow(o->beta2, step),
			    o->epsilon, o->decay);
}

/* All the steps, each with its own gradient. */
static void run_steps(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice w = test_upload(device, &p->w), none = {0};
	struct ut_slice m = test_upload(device, &p->m);
	struct ut_slice v = test_upload(device, &p->v);
	unsigned k;

	for (k = 0; k < STEPS; ++k) {
		struct ut_slice g = test_upload(device, &p->g[k]);
		struct ut_update update = constants(&p->o, k + 1);

		ut_optimise(device, p->R, &update, w, g, m,
			    p->o.kind == UT_SGD ? none : v);
		test_drop(g);
	}
	test_take(output, "w", w);
	test_take(output, "m", m);
	test_take(output, "v", v);
}

static void zero_parts(struct test_operand *x)
{
	unsigned r;

	for (r = 0; r < x->R; ++r)
		memset(test_f32(x, r), 0, x->count * sizeof(float));
}

static struct problem problem_new(struct test_random *random,
				  enum ut_optimiser kind, size_t n)
{
	unsigned R = (unsigned)test_between(random, 1, 3), k;
	struct problem p = {
		.o =
			{
				.kind = kind,
				.rate = kind == UT_SGD ? 0.05 : 1e-3,
				.beta1 = 0.9,
				.beta2 = 0.999,
				.epsilon = 1e-8,
				.decay = kind == UT_ADAMW ? 0.01 : 0,
			},
		.R = R,
		.w = test_operand_f32(random, R, n, false),
		.m = test_operand_f32(random, R, n, false),
		.v = test_operand_f32(random, R, n, false),
	};

	for (k = 0; k < STEPS; ++k)
		p.g[k] = test_operand_f32(random, R, n, test_word(random) & 1);
	zero_parts(&p.m);
	zero_parts(&p.v);
	return p;
}

static void problem_free(struct problem *p)
{
	unsigned k;

	test_operand_free(&p->w);
	test_operand_free(&p->m);
	test_operand_free(&p->v);
	for (k = 0; k < STEPS; ++k)
		test_operand_free(&p->g[k]);
}

static void compare_replica(const char *what, const struct problem *p,
			    unsigned r, const struct test_output *got)
{
	struct reference_optimiser o = p->o;
	size_t n = p->w.count;
	double *w = test_widen(test_f32(&p->w, r), n);
	double *m = test_alloc(n, sizeof(*m)), *v = test_alloc(n, sizeof(*v));
	unsigned k;

	for (k = 0; k < STEPS; ++k) {
		double *g = test_widen(test_f32(&p->g[k], r), n);

		o.step = k + 1;
		reference_optimise(&o, n, w, g, m, v);
		free(g);
	}
	/* an ulp of a weight near 2 a step, and 1e-6 of what it moved */
	test_close(what, test_output_f32(got, 0, r), w, n,
		   STEPS * (0x1p-23 + 1e-6 * o.rate * 10));
	test_close(what, test_output_f32(got, 1, r), m, n, 1e-6);
	if (o.kind != UT_SGD)
		test_close(what, test_output_f32(got, 2, r), v, n, 1e-8);
	free(w);
	free(m);
	free(v);
}

static void check_kind(const char *name, enum ut_optimiser kind, uint64_t seed)
{
	static const size_t sizes[] = {1, 15, 16, 17, 1023, 4096, 20011};
	struct test_random random = {seed};
	unsigned i, r;

	for (i = 0; i < 14; ++i) {
		struct problem p = problem_new(&random, kind, sizes[i % 7]);
		char text[96];
		struct test_output got;

		snprintf(text, sizeof(text), "%s R=%u n=%zu", name, p.R,
			 p.w.count);
		got = test_everywhere(text, p.w.count < 2000, run_steps, &p);
		for (r = 0; r < p.R; ++r) {
			compare_replica(text, &p, r, &got);
			test_clean(text, test_output_f32(&got, 0, r),
				   p.w.count);
		}
		test_output_free(&got);
		problem_free(&p);
	}
}

START_TEST(adam_is_right_and_the_same_everywhere)
{
	check_kind("adam", UT_ADAM, 60);
}
END_TEST

START_TEST(adamw_is_right_and_the_same_everywhere)
{
	check_kind("adamw", UT_ADAMW, 61);
}
END_TEST

START_TEST(sgd_is_right_and_the_same_everywhere)
{
	check_kind("sgd", UT_SGD, 62);
}
END_TEST

/* Late steps of a long run, where the corrections are 1. */
START_TEST(constants_converge)
{
	struct ut_update late =
		ut_update_at(UT_ADAM, 1e-3, 0.9, 0.999, 0, 0, 1e-8, 0);
	struct ut_update first =
		ut_update_at(UT_ADAM, 1e-3, 0.9, 0.999, 0.9, 0.999, 1e-8, 0);

	ck_assert(late.correction1 == 1 && late.correction2 == 1);
	ck_assert(first.correction1 == 10 && first.correction2 == 1000);
	ck_assert(late.keep == 1 && late.rest1 == 0.1f);
	ck_assert(late.rest2 == 0.001f);
}
END_TEST

/* No gradient, no moments: the weight keeps its bits. */
START_TEST(a_weight_without_gradient_does_not_move)
{
	static const enum ut_optimiser kinds[] = {UT_SGD, UT_ADAM};
	struct test_random random = {63};
	unsigned i, k;

	for (i = 0; i < 2; ++i) {
		struct problem p = problem_new(&random, kinds[i], 333);
		struct test_output got;

		for (k = 0; k < STEPS; ++k)
			zero_parts(&p.g[k]);
		got = test_everywhere("no gradient", true, run_steps, &p);
		test_same_bits("w", "without gradient", UT_F32,
			       test_f32(&p.w, 0), test_output_f32(&got, 0, 0),
			       333);
		test_output_free(&got);
		problem_free(&p);
	}
}
END_TEST

/* Moments below 2^-100 and weights below 2^-40 become +0. */
static void check_tiny(enum ut_optimiser kind)
{
	float w[4] = {0x1p-41f, -0x1p-41f, 0x1p-30f, -0x1p-30f};
	float m[4] = {0x1p-100f, -0x1p-100f, 0x1p-80f, 0};
	float v[4] = {0x1p-101f, 0x1p-110f, 0x1p-80f, 0};
	float g[4] = {0};
	struct problem p = {
		.o = {kind, 1e-3, 0.9, 0.999, 1e-8, 0, 0},
		.R = 1,
		.w = {UT_F32, 1, 0, 4, 4, 4, w},
		.m = {UT_F32, 1, 0, 4, 4, 4, m},
		.v = {UT_F32, 1, 0, 4, 4, 4, v},
	};
	struct test_output got;
	unsigned k;

	for (k = 0; k < STEPS; ++k)
		p.g[k] = (struct test_operand){UT_F32, 1, 0, 4, 4, 4, g};
	got = test_everywhere("tiny state", true, run_steps, &p);
	test_clean("w", test_output_f32(&got, 0, 0), 4);
	for (k = 0; k < 2; ++k) {
		ck_assert_uint_eq(test_bits(test_output_f32(&got, 0, 0)[k]), 0);
		ck_assert_uint_eq(test_bits(test_output_f32(&got, 1, 0)[k]), 0);
		if (kind != UT_SGD)
			ck_assert_uint_eq(test_bits(test_output_f32(&got, 2,
								    0)[k]),
					  0);
	}
	ck_assert(test_output_f32(&got, 1, 0)[2] > 0);
	ck_assert(test_output_f32(&got, 2, 0)[2] > 0);
	test_output_free(&got);
}

START_TEST(tiny_state_becomes_positive_zero)
{
	check_tiny(UT_SGD);
	check_tiny(UT_ADAM);
	check_tiny(UT_ADAMW);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("optimiser");

	tcase_add_test(tests, adam_is_right_and_the_same_everywhere);
	tcase_add_test(tests, adamw_is_right_and_the_same_everywhere);
	tcase_add_test(tests, sgd_is_right_and_the_same_everywhere);
	tcase_add_test(tests, constants_converge);
	tcase_add_test(tests, a_weight_without_gradient_does_not_move);
	tcase_add_test(tests, tiny_state_becomes_positive_zero);
	return test_main("optimiser", tests);
}
