/* Dropout: which elements, how large, how many, on every device. */
#include <math.h>
#include <stdio.h>

#include "philox.h"
#include "support/testing.h"

struct problem {
	struct ut_dropout op; /* without its slice */
	struct test_operand x;
};

static void run_dropout(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_dropout op = p->op;

	op.x = test_upload(device, &p->x);
	ut_dropout(device, &op);
	test_take(output, "x", op.x);
}

static struct problem problem_new(struct test_random *random, unsigned R,
				  size_t B, size_t D, double rate)
{
	return (struct problem){
		.op =
			{
				.R = R,
				.B = B,
				.D = D,
				.threshold =
					(uint32_t)(rate * 4294967296.0 + 0.5),
				.scale = (float)(1 / (1 - rate)),
				.rng = test_rng(random),
				.first_row = test_word(random) % 1000,
			},
		.x = test_operand_f32(random, R, B * D, false),
	};
}

/* Each element against the rule, written out. */
static void check_replica(const struct problem *p, unsigned r, const float *got)
{
	const struct ut_dropout *op = &p->op;
	const float *x = test_f32(&p->x, r);
	size_t i;

	for (i = 0; i < op->B * op->D; ++i) {
		uint32_t row = op->first_row + (uint32_t)(i / op->D);
		uint32_t column = (uint32_t)(i % op->D);
		struct ut_words words =
			ut_philox(column / 4, row, op->rng.replica + r,
				  op->rng.stream, op->rng.seed,
				  op->rng.purpose);
		float scaled = x[i] * op->scale;
		bool keep = words.w[column % 4] >= op->threshold &&
			    fabsf(scaled) >= 0x1p-40f;

		ck_assert_uint_eq(test_bits(got[i]),
				  keep ? test_bits(scaled) : 0);
	}
}

START_TEST(elements_are_dropped_by_their_words_on_every_device)
{
	static const double rates[] = {0, 0.1, 0.2, 0.5, 0.999};
	struct test_random random = {30};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		struct problem p =
			problem_new(&random,
				    (unsigned)test_between(&random, 1, 3),
				    test_between(&random, 1, 40),
				    test_between(&random, 1, 90), rates[i % 5]);
		char text[96];
		struct test_output x;

		snprintf(text, sizeof(text), "dropout R=%u B=%zu D=%zu p=%g",
			 p.op.R, p.op.B, p.op.D, rates[i % 5]);
		x = test_everywhere(text, i % 3 == 0, run_dropout, &p);
		for (r = 0; r < p.op.R; ++r)
			check_replica(&p, r, test_output_f32(&x, 0, r));
		test_output_free(&x);
		test_operand_free(&p.x);
	}
}
END_TEST

START_TEST(the_share_dropped_is_the_rate)
{
	const double rate = 0.2;
	struct test_random random = {31};
	struct problem p = problem_new(&random, 1, 1000, 512, rate);
	size_t n = p.op.B * p.op.D, i, dropped = 0;
	struct test_output x = {0};
	double share;

	for (i = 0; i < p.x.total; ++i)
		((float *)p.x.data)[i] = 1;
	run_dropout(test_device(0)->device, &p, &x);
	for (i = 0; i < n; ++i)
		dropped += test_output_f32(&x, 0, 0)[i] == 0;
	share = (double)dropped / (double)n;
	ck_assert_msg(fabs(share - rate) <=
			      4 * sqrt(rate * (1 - rate) / (double)n),
		      "dropped %.5f, expected %.5f", share, rate);
	test_output_free(&x);
	test_operand_free(&p.x);
}
END_TEST

/* A word equal to the threshold is kept: in each place of a row. */
START_TEST(a_word_at_the_threshold_is_kept)
{
	struct test_random random = {32};
	uint32_t column;

	for (column = 0; column < 7; ++column) {
		struct problem p = problem_new(&random, 1, 1, 7, 0);
		struct ut_dropout *op = &p.op;
		struct test_output x;

		test_f32(&p.x, 0)[column] = 0.5f;
		op->threshold =
			ut_philox(column / 4, op->first_row, op->rng.replica,
				  op->rng.stream, op->rng.seed, op->rng.purpose)
				.w[column % 4];
		x = test_everywhere("threshold", true, run_dropout, &p);
		ck_assert(test_output_f32(&x, 0, 0)[column] == 0.5f);
		test_output_free(&x);
		test_operand_free(&p.x);
	}
}
END_TEST

START_TEST(tiny_survivors_become_positive_zero)
{
	float tiny[] = {0x1p-41f, -0x1p-41f, -0.0f, -0x1p-39f};
	struct problem p = {
		.op = {.R = 1, .B = 1, .D = 4, .scale = 1.25f},
		.x = {UT_F32, 1, 0, 4, 4, 4, tiny},
	};
	struct test_output x =
		test_everywhere("tiny dropout", true, run_dropout, &p);

	test_clean("tiny dropout", test_output_f32(&x, 0, 0), 4);
	ck_assert_uint_eq(test_bits(test_output_f32(&x, 0, 0)[3]),
			  test_bits(-0x1.4p-39f));
	test_output_free(&x);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("dropout");

	tcase_add_test(tests,
		       elements_are_dropped_by_their_words_on_every_device);
	tcase_add_test(tests, the_share_dropped_is_the_rate);
	tcase_add_test(tests, a_word_at_the_threshold_is_kept);
	tcase_add_test(tests, tiny_survivors_become_positive_zero);
	return test_main("dropout", tests);
}
