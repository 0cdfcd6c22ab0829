/* Random numbers: their words, their order, their statistics, every device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "philox.h"
#include "support/reference.h"
#include "support/testing.h"

struct problem {
	struct ut_random op; /* without slices */
	bool named;          /* rows have names of their own */
	struct test_operand rows, x;
};

static void run_random(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_random op = p->op;

	op.x = test_upload(device, &p->x);
	if (p->named)
		op.rows = test_upload(device, &p->rows);
	ut_random(device, &op);
	test_take(output, "x", op.x);
	test_drop(op.rows);
}

static struct problem problem_new(struct test_random *random, unsigned R,
				  size_t B, size_t columns, size_t width)
{
	struct problem p = {
		.op =
			{
				.R = R,
				.B = B,
				.columns = columns,
				.width = width,
				.distribution = test_word(random) & 1
							? UT_NORMAL
							: UT_UNIFORM,
				.affine = test_affine(random),
				.rng = test_rng(random),
				.first_row = test_word(random) % 1000,
			},
		.named = test_word(random) & 1,
		.rows = test_operand_int(random, UT_U32, R, B,
					 test_word(random) & 1, 60000),
		.x = test_operand_f32(random, R, B * width, false),
	};

	return p;
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->rows);
	test_operand_free(&p->x);
}

/* z of a row and column, in double, from the generator's words. */
static double expected_z(const struct ut_random *op, unsigned r, uint32_t row,
			 size_t column)
{
	struct ut_words x =
		ut_philox((uint32_t)column / 4, row, op->rng.replica + r,
			  op->rng.stream, op->rng.seed, op->rng.purpose);
	unsigned word = column % 4;
	double z[2];

	if (op->distribution == UT_UNIFORM)
		return reference_uniform(x.w[word]);
	reference_normals(x.w[word & 2], x.w[(word & 2) + 1], z);
	return z[word & 1];
}

static void check_replica(const struct problem *p, unsigned r, const float *x)
{
	const struct ut_random *op = &p->op;
	size_t i, c;

	for (i = 0; i < op->B; ++i) {
		uint32_t row = p->named ? test_u32(&p->rows, r)[i]
					: op->first_row + (uint32_t)i;
		const float *at = x + i * op->width;

		for (c = 0; c < op->columns; ++c) {
			double z = expected_z(op, r, row, c);
			size_t channel = c % op->affine.channels;
			double scale = (double)op->affine.scale[channel];
			double exact =
				scale * z + (double)op->affine.shift[channel];

			test_close("random", &at[c], &exact, 1,
				   4e-7 * fabs(scale * z) + 1e-7 * fabs(exact) +
					   0x1p-40);
		}
		for (; c < op->width; ++c)
			ck_assert_uint_eq(test_bits(at[c]), 0);
	}
}

START_TEST(numbers_are_their_row_and_columns_on_every_device)
{
	struct test_random random = {20};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		size_t columns = test_between(&random, 1, 90);
		struct problem p =
			problem_new(&random,
				    (unsigned)test_between(&random, 1, 3),
				    test_between(&random, 1, 40), columns,
				    columns + test_between(&random, 0, 20));
		char text[128];
		struct test_output x;

		snprintf(text, sizeof(text),
			 "random R=%u B=%zu columns=%zu "
			 "width=%zu channels=%u %s%s",
			 p.op.R, p.op.B, columns, p.op.width,
			 p.op.affine.channels,
			 p.op.distribution == UT_NORMAL ? "normal" : "uniform",
			 p.named ? " rows" : "");
		x = test_everywhere(text, i % 3 == 0, run_random, &p);
		for (r = 0; r < p.op.R; ++r) {
			check_replica(&p, r, test_output_f32(&x, 0, r));
			test_clean(text, test_output_f32(&x, 0, r),
				   p.op.B * p.op.width);
		}
		test_output_free(&x);
		problem_free(&p);
	}
}
END_TEST

START_TEST(a_matrix_larger_than_a_block_is_the_same_everywhere)
{
	struct test_random random = {21};
	struct problem p = problem_new(&random, 2, 333, 784, 784);
	struct test_output x;
	unsigned channels;

	p.op.affine = (struct ut_affine){1, {1, 2, 3, 4}, {5, 6, 7, 8}};
	for (channels = 1; channels <= UT_CHANNELS_MAX; ++channels) {
		p.op.affine.channels = channels;
		p.op.distribution = UT_NORMAL;
		x = test_everywhere("large normal", false, run_random, &p);
		test_output_free(&x);
		p.op.distribution = UT_UNIFORM;
		x = test_everywhere("large uniform", false, run_random, &p);
		test_output_free(&x);
	}
	problem_free(&p);
}
END_TEST

START_TEST(a_replica_alone_draws_what_it_draws_in_company)
{
	struct test_random random = {22};
	struct problem p = problem_new(&random, 3, 17, 45, 48);
	struct test_output together = {0};
	size_t i;
	unsigned r;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_device *device = test_device(i)->device;

		run_random(device, &p, &together);
		for (r = 0; r < 3; ++r) {
			struct problem one = p;
			struct test_output single = {0};

			one.op.R = 1;
			one.op.rng.replica += r;
			one.rows.offset += r * one.rows.stride;
			one.x.offset += r * one.x.stride;
			run_random(device, &one, &single);
			test_same_bits("alone", test_device(i)->label, UT_F32,
				       test_output_f32(&together, 0, r),
				       test_output_f32(&single, 0, 0), 17 * 48);
			test_output_free(&single);
		}
		test_output_free(&together);
	}
	problem_free(&p);
}
END_TEST

/* Numbers around 2^-40: +0 below, in whole blocks and in the last part. */
START_TEST(tiny_numbers_become_positive_zero)
{
	static const enum ut_distribution kinds[] = {UT_UNIFORM, UT_NORMAL};
	struct test_random random = {23};
	unsigned i;

	for (i = 0; i < 2; ++i) {
		struct problem p = problem_new(&random, 1, 7, 47, 48);
		struct test_output x;

		p.op.distribution = kinds[i];
		p.op.affine = ut_affine_of(0x1p-40f, 0);
		x = test_everywhere("tiny random", true, run_random, &p);
		test_clean("tiny random", test_output_f32(&x, 0, 0), 7 * 48);
		test_output_free(&x);
		problem_free(&p);
	}
}
END_TEST

/* A row's numbers follow its name, not its place in the batch. */
START_TEST(named_rows_draw_the_same_wherever_they_stand)
{
	enum { B = 5, WIDTH = 9 };
	struct ut_device *device = test_device(0)->device;
	uint32_t names[B] = {4, 2, 0, 3, 1};
	struct ut_random op = {
		.R = 1,
		.B = B,
		.columns = WIDTH,
		.width = WIDTH,
		.distribution = UT_NORMAL,
		.affine = ut_affine_of(1, 0),
		.rng = {.seed = 9, .purpose = 1},
	};
	struct test_output x = {0};
	unsigned i;

	op.x = (struct ut_slice){ut_buffer_new(device, UT_F32, B * WIDTH), 0,
				 B * WIDTH, B * WIDTH};
	ut_random(device, &op);
	test_take(&x, "in order", op.x);
	op.rows = test_upload_u32(device, names, 1, B);
	op.x = (struct ut_slice){ut_buffer_new(device, UT_F32, B * WIDTH), 0,
				 B * WIDTH, B * WIDTH};
	ut_random(device, &op);
	test_take(&x, "by name", op.x);
	for (i = 0; i < B; ++i)
		test_same_bits("row", "by name", UT_F32,
			       test_output_f32(&x, 0, 0) + names[i] * WIDTH,
			       test_output_f32(&x, 1, 0) + i * WIDTH, WIDTH);
	test_output_free(&x);
	test_drop(op.rows);
}
END_TEST

struct statistics {
	double mean, variance, skewness, kurtosis, low, high;
	double neighbours; /* correlation of pairs of neighbours */
};

enum {
	SAMPLE_ROWS = 1000,
	SAMPLE_COLUMNS = 1024,
	SAMPLE = SAMPLE_ROWS * SAMPLE_COLUMNS
};

static struct statistics sample(enum ut_distribution distribution)
{
	struct ut_device *device = test_device(0)->device;
	struct ut_random op = {
		.R = 1,
		.B = SAMPLE_ROWS,
		.columns = SAMPLE_COLUMNS,
		.width = SAMPLE_COLUMNS,
		.distribution = distribution,
		.affine = ut_affine_of(1, 0),
		.rng = {.seed = 2025, .purpose = 3},
		.x = {ut_buffer_new(device, UT_F32, SAMPLE), 0, SAMPLE, 0},
	};
	struct statistics s = {.low = INFINITY, .high = -INFINITY};
	struct test_output output = {0};
	const float *x;
	double before = 0;
	size_t i;

	ut_random(device, &op);
	test_take(&output, "sample", op.x);
	x = test_output_f32(&output, 0, 0);
	for (i = 0; i < SAMPLE; ++i)
		s.mean += (double)x[i] / SAMPLE;
	for (i = 0; i < SAMPLE; ++i) {
		double d = (double)x[i] - s.mean;

		s.variance += d * d / SAMPLE;
		s.skewness += d * d * d / SAMPLE;
		s.kurtosis += d * d * d * d / SAMPLE;
		s.neighbours += d * before / SAMPLE;
		before = d;
		s.low = fmin(s.low, (double)x[i]);
		s.high = fmax(s.high, (double)x[i]);
	}
	s.skewness /= pow(s.variance, 1.5);
	s.kurtosis /= s.variance * s.variance;
	s.neighbours /= s.variance;
	test_output_free(&output);
	return s;
}

/* Fails when the sample is more than four standard errors off. */
static void expect(const char *what, double got, double exact, double error)
{
	if (!(fabs(got - exact) <= 4 * error))
		ck_abort_msg("%s: %.6f, expected %.6f +- %.6f", what, got,
			     exact, error);
}

START_TEST(uniform_numbers_are_uniform)
{
	struct statistics s = sample(UT_UNIFORM);
	double n = SAMPLE;

	expect("mean", s.mean, 0, sqrt(1 / (3 * n)));
	expect("variance", s.variance, 1.0 / 3, sqrt(4 / (45 * n)));
	expect("kurtosis", s.kurtosis, 1.8, 0.85 / sqrt(n));
	expect("correlation", s.neighbours, 0, 1 / sqrt(n));
	ck_assert(s.low >= -1 && s.low < -1 + 30 / n);
	ck_assert(s.high < 1 && s.high > 1 - 30 / n);
}
END_TEST

START_TEST(normal_numbers_are_normal)
{
	struct statistics s = sample(UT_NORMAL);
	double n = SAMPLE;

	expect("mean", s.mean, 0, 1 / sqrt(n));
	expect("variance", s.variance, 1, sqrt(2 / n));
	expect("skewness", s.skewness, 0, sqrt(6 / n));
	expect("kurtosis", s.kurtosis, 3, sqrt(24 / n));
	expect("correlation", s.neighbours, 0, 1 / sqrt(n));
	/* of a million, the largest is 4.2 to 6.2 with probability 1 - 1e-3 */
	ck_assert(s.high > 4.2 && s.high < 6.2);
	ck_assert(s.low < -4.2 && s.low > -6.2);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("random");

	tcase_add_test(tests,
		       numbers_are_their_row_and_columns_on_every_device);
	tcase_add_test(tests,
		       a_matrix_larger_than_a_block_is_the_same_everywhere);
	tcase_add_test(tests, a_replica_alone_draws_what_it_draws_in_company);
	tcase_add_test(tests, tiny_numbers_become_positive_zero);
	tcase_add_test(tests, named_rows_draw_the_same_wherever_they_stand);
	tcase_add_test(tests, uniform_numbers_are_uniform);
	tcase_add_test(tests, normal_numbers_are_normal);
	return test_main("random", tests);
}
