/* The formulas of cl/scalar.h and cl/philox.h. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "philox.h"
#include "support/scalar_soft.h"
#include "support/testing.h"

/*
 * Errors in ulp that the contract's formulas stay below. A sine's angle is
 * rounded twice before its polynomial: good enough for a random direction.
 */
#define EXP_ULP 0.95
#define LOG_ULP 0.9
#define SINE_ULP 2.7

struct worst {
	double ulp;
	float at;
};

static void note(struct worst *worst, double ulp, float at)
{
	if (!(ulp <= worst->ulp))
		*worst = (struct worst){ulp, at};
}

static void expect(const char *what, struct worst worst, double limit)
{
	printf("%s: at most %.3f ulp, at %.9g\n", what, worst.ulp,
	       (double)worst.at);
	ck_assert_msg(worst.ulp <= limit, "%s: %.3f ulp at %.9g", what,
		      worst.ulp, (double)worst.at);
}

START_TEST(exp_is_accurate)
{
	struct worst worst = {0};
	uint32_t i;

	/* every 4099th float of both signs, up to the ends of the range */
	for (i = 0; i <= test_bits(88); i += 4099)
		note(&worst,
		     test_ulp_error(ut_exp(test_float(i)), expl(test_float(i))),
		     test_float(i));
	for (i = 0; i <= test_bits(28); i += 4099) {
		float x = -test_float(i);

		note(&worst, test_ulp_error(ut_exp(x), expl(x)), x);
	}
	/* the densest: where softmax lives */
	for (i = 0; i < 2000000; ++i) {
		float x = -(float)i * 1e-5f;

		note(&worst, test_ulp_error(ut_exp(x), expl(x)), x);
	}
	expect("exp", worst, EXP_ULP);
}
END_TEST

START_TEST(exp_has_exact_ends)
{
	ck_assert_uint_eq(test_bits(ut_exp(0)), test_bits(1));
	ck_assert_uint_eq(test_bits(ut_exp(-0.0f)), test_bits(1));
	ck_assert_uint_eq(test_bits(ut_exp(-28.5f)), 0);
	ck_assert_uint_eq(test_bits(ut_exp(-FLT_MAX)), 0);
	ck_assert_uint_eq(test_bits(ut_exp(-INFINITY)), 0);
	ck_assert(ut_exp(-28) > 0);
	ck_assert(isnan(ut_exp(NAN)));
}
END_TEST

START_TEST(log_is_accurate)
{
	struct worst worst = {0};
	uint32_t i;

	for (i = test_bits(FLT_MIN); i <= test_bits(FLT_MAX); i += 1009)
		note(&worst,
		     test_ulp_error(ut_log(test_float(i)), logl(test_float(i))),
		     test_float(i));
	/* around 1, where the result is small */
	for (i = test_bits(0.7f); i < test_bits(1.45f); i += 7) {
		float x = test_float(i);

		if (x != 1)
			note(&worst, test_ulp_error(ut_log(x), logl(x)), x);
	}
	expect("log", worst, LOG_ULP);
	ck_assert_uint_eq(test_bits(ut_log(1)), 0);
}
END_TEST

START_TEST(sine_and_cosine_are_accurate)
{
	const long double turn = 6.283185307179586476925286766559L;
	struct worst sine = {0}, cosine = {0};
	uint32_t i;

	for (i = 0; i < 2000000; ++i) {
		uint32_t k = i * 2147u + 1; /* all around, ends included */
		long double angle = turn * k / 4294967296.0L;

		note(&sine, test_ulp_error(ut_sine_of_turn(k, 0), sinl(angle)),
		     (float)k);
		note(&cosine,
		     test_ulp_error(ut_sine_of_turn(k, 1), cosl(angle)),
		     (float)k);
	}
	expect("sine", sine, SINE_ULP);
	expect("cosine", cosine, SINE_ULP);
}
END_TEST

START_TEST(quarter_turns_are_exact)
{
	static const float sine[] = {0, 1, 0, -1}, cosine[] = {1, 0, -1, 0};
	uint32_t k;

	for (k = 0; k < 4; ++k) {
		ck_assert(ut_sine_of_turn(k << 30, 0) == sine[k]);
		ck_assert(ut_sine_of_turn(k << 30, 1) == cosine[k]);
	}
}
END_TEST

/* A normal float of any exponent between low and high, either sign. */
static float any_float(struct test_random *random, unsigned low, unsigned high)
{
	uint32_t exponent = (uint32_t)test_between(random, low, high);

	return test_float((test_word(random) & 0x807fffffu) | exponent << 23);
}

static void expect_same(const char *what, float a, float b, float got,
			float expected)
{
	if (test_bits(got) != test_bits(expected))
		ck_abort_msg("%s of %08x and %08x: expected %08x, got %08x",
			     what, test_bits(a), test_bits(b),
			     test_bits(expected), test_bits(got));
}

START_TEST(division_from_integers_is_the_processors)
{
	struct test_random random = {90};
	uint32_t i;

	for (i = 0; i < 6000000; ++i) {
		/* results stay normal or overflow */
		float a = any_float(&random, 64, 254);
		float b = any_float(&random, 1, 190);

		if (i % 4 == 0) /* quotients of near equals */
			b = test_float(test_bits(a) + test_word(&random) % 64);
		if (fabsf(a / b) >= FLT_MIN)
			expect_same("division", a, b, test_soft_div(a, b),
				    a / b);
	}
}
END_TEST

START_TEST(division_from_integers_has_the_processors_ends)
{
	static const float ends[] = {
		0,       -0.0f,    1,       -1, INFINITY, -INFINITY,
		FLT_MAX, -FLT_MAX, FLT_MIN, 3,  0x1p-40f,
	};
	size_t i, k;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); ++i)
		for (k = 0; k < sizeof(ends) / sizeof(*ends); ++k) {
			float exact = ends[i] / ends[k];
			float got = test_soft_div(ends[i], ends[k]);

			if (isnan(exact))
				ck_assert(isnan(got));
			else if (exact == 0 || fabsf(exact) >= FLT_MIN)
				expect_same("division", ends[i], ends[k], got,
					    exact);
		}
	ck_assert(isnan(test_soft_div(NAN, 1)));
	ck_assert(isnan(test_soft_div(1, NAN)));
}
END_TEST

START_TEST(square_root_from_integers_is_the_processors)
{
	struct test_random random = {91};
	uint32_t i;

	for (i = 0; i < 3000000; ++i) {
		float x = fabsf(any_float(&random, 1, 254));

		expect_same("square root", x, 0, test_soft_sqrt(x), sqrtf(x));
	}
	/* two binades hold every mantissa and both parities: a dense part */
	for (i = test_bits(0.99f); i < test_bits(1.02f); ++i)
		expect_same("square root", test_float(i), 0,
			    test_soft_sqrt(test_float(i)),
			    sqrtf(test_float(i)));
	expect_same("square root", 0, 0, test_soft_sqrt(0), 0);
	expect_same("square root", -0.0f, 0, test_soft_sqrt(-0.0f), -0.0f);
	expect_same("square root", INFINITY, 0, test_soft_sqrt(INFINITY),
		    INFINITY);
	ck_assert(isnan(test_soft_sqrt(-1)));
}
END_TEST

static void expect_fma(float a, float b, float c, float got)
{
	float exact = fmaf(a, b, c);

	if (isnan(exact) ? isnan(got) : test_bits(exact) == test_bits(got))
		return;
	ck_abort_msg("fma of %08x %08x %08x: expected %08x, got %08x",
		     test_bits(a), test_bits(b), test_bits(c), test_bits(exact),
		     test_bits(got));
}

START_TEST(fma_through_double_and_from_sums_is_fmaf)
{
	struct test_random random = {92};
	uint32_t i;

	for (i = 0; i < 6000000; ++i) {
		float a = any_float(&random, 87, 167);
		float b = any_float(&random, 87, 167);
		float c;

		switch (i % 4) {
		case 0: /* near the product: cancellation */
			c = test_float(test_bits(-a * b) ^
				       (test_word(&random) & 7));
			break;
		case 1: /* the product is about half an ulp of c */
			c = ldexpf(a * b, 24);
			c = test_float(test_bits(c) ^
				       (test_word(&random) & 0x800000ffu));
			break;
		default:
			c = any_float(&random, 87, 167);
		}
		expect_fma(a, b, c, test_soft_fma(a, b, c));
		expect_fma(a, b, c, ut_soft_fma(a, b, c));
	}
}
END_TEST

START_TEST(fma_through_double_and_from_sums_has_fmafs_ends)
{
	static const float ends[] = {
		0,   -0.0f,   1,        -1,       INFINITY,  -INFINITY,
		NAN, FLT_MAX, -FLT_MAX, 0x1p-40f, -0x1p-40f,
	};
	enum { N = sizeof(ends) / sizeof(*ends) };
	size_t i, j, k;

	for (i = 0; i < N; ++i)
		for (j = 0; j < N; ++j)
			for (k = 0; k < N; ++k) {
				float a = ends[i], b = ends[j], c = ends[k];
				bool ends_too = !isfinite(a) || !isfinite(b);

				expect_fma(a, b, c, test_soft_fma(a, b, c));
				if (ends_too || isfinite(a * b))
					expect_fma(a, b, c,
						   ut_soft_fma(a, b, c));
			}
}
END_TEST

START_TEST(philox_gives_the_published_words)
{
	static const struct {
		uint32_t counter[4], key[2], words[4];
	} known[] = {
		/* Random123, tests/kat_vectors */
		{{0, 0, 0, 0},
		 {0, 0},
		 {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
		 {0xffffffff, 0xffffffff},
		 {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
		 {0xa4093822, 0x299f31d0},
		 {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); ++i) {
		const uint32_t *c = known[i].counter, *k = known[i].key;
		struct ut_words x =
			ut_philox(c[0], c[1], c[2], c[3], k[0], k[1]);

		test_same_bits("philox", "known answers", UT_U32,
			       known[i].words, x.w, 4);
	}
}
END_TEST

START_TEST(words_become_numbers_of_their_range)
{
	ck_assert(ut_uniform_of_word(0) == -1);
	ck_assert(ut_uniform_of_word(0x80000000u) == 0);
	ck_assert(ut_uniform_of_word(0xffffffffu) == 1 - 0x1p-23f);
	ck_assert(ut_normal_radius(0xffffffffu) > 0);
	ck_assert(ut_normal_radius(0) < 5.8f);
	ck_assert(ut_normal_radius(0) > 5.7f);
}
END_TEST

START_TEST(cleaning_leaves_what_is_large_enough)
{
	static const float kept[] = {0x1p-40f, -0x1p-40f, 1, -FLT_MAX,
				     INFINITY};
	static const float gone[] = {0, -0.0f, 0x1.fffffep-41f,
				     -0x1.fffffep-41f, 0x1p-149f};
	size_t i;

	for (i = 0; i < 5; ++i) {
		ck_assert_uint_eq(test_bits(ut_clean(kept[i])),
				  test_bits(kept[i]));
		ck_assert_uint_eq(test_bits(ut_clean(gone[i])), 0);
	}
	ck_assert(isnan(ut_clean(NAN)));
	ck_assert_uint_eq(test_bits(ut_clean_moment(0x1p-100f)),
			  test_bits(0x1p-100f));
	ck_assert_uint_eq(test_bits(ut_clean_moment(-0x1.fffffep-101f)), 0);
	ck_assert(ut_is_nonfinite(NAN) && ut_is_nonfinite(-INFINITY));
	ck_assert(!ut_is_nonfinite(FLT_MAX) && !ut_is_nonfinite(0));
	ck_assert_uint_eq(test_bits(ut_relu(-0.0f)), 0);
	ck_assert_uint_eq(test_bits(ut_relu(NAN)), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("scalar");

	tcase_add_test(tests, exp_is_accurate);
	tcase_add_test(tests, exp_has_exact_ends);
	tcase_add_test(tests, log_is_accurate);
	tcase_add_test(tests, sine_and_cosine_are_accurate);
	tcase_add_test(tests, quarter_turns_are_exact);
	tcase_add_test(tests, division_from_integers_is_the_processors);
	tcase_add_test(tests, division_from_integers_has_the_processors_ends);
	tcase_add_test(tests, square_root_from_integers_is_the_processors);
	tcase_add_test(tests, fma_through_double_and_from_sums_is_fmaf);
	tcase_add_test(tests, fma_through_double_and_from_sums_has_fmafs_ends);
	tcase_add_test(tests, philox_gives_the_published_words);
	tcase_add_test(tests, words_become_numbers_of_their_range);
	tcase_add_test(tests, cleaning_leaves_what_is_large_enough);
	return test_main_alone("scalar", tests);
}
