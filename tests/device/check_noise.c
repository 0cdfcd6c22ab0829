/* Filters and octave noise: their order, their oracle, every device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/testing.h"

static float cleaned(float x)
{
	return fabsf(x) < 0x1p-40f ? 0 : x;
}

static float scaled(const struct ut_affine *affine, size_t element, float z)
{
	size_t c = element % affine->channels;

	return cleaned(fmaf(z, affine->scale[c], affine->shift[c]));
}

static double scaled_exactly(const struct ut_affine *affine, size_t element,
			     double z)
{
	size_t c = element % affine->channels;

	return z * (double)affine->scale[c] + (double)affine->shift[c];
}

/* Filters ------------------------------------------------------------------ */

struct filtering {
	struct ut_filter op; /* without slices */
	struct test_operand weights, x, y;
};

static void run_filter(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct filtering *p = arguments;
	struct ut_filter op = p->op;

	op.weights = test_upload(device, &p->weights);
	op.x = test_upload(device, &p->x);
	op.y = test_upload(device, &p->y);
	ut_filter(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.weights);
	test_drop(op.x);
}

static struct filtering filtering_new(struct test_random *random, size_t A,
				      size_t N, size_t S, size_t taps)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t width = N * S + test_between(random, 0, 20);
	struct filtering p = {
		.op =
			{
				.R = R,
				.A = A,
				.N = N,
				.S = S,
				.taps = taps,
				.width = width,
				.affine = test_affine(random),
			},
		.weights = test_operand_f32(random, R, taps, true),
		.x = test_operand_f32(random, R, A * (N + taps - 1) * S,
				      test_word(random) & 1),
		.y = test_operand_f32(random, R, A * width, false),
	};

	return p;
}

static void filtering_free(struct filtering *p)
{
	test_operand_free(&p->weights);
	test_operand_free(&p->x);
	test_operand_free(&p->y);
}

static void check_row(const struct filtering *p, const float *x, const float *y)
{
	const struct ut_filter *op = &p->op;
	const float *weights = test_f32(&p->weights, 0);
	size_t e, i;

	for (e = 0; e < op->N * op->S; ++e) {
		double exact = 0, size = 0, tolerance;
		float sum = 0;

		for (i = 0; i < op->taps; ++i) {
			float from = x[e + i * op->S];
			double term = (double)from * (double)weights[i];

			sum = fmaf(from, weights[i], sum);
			exact += term;
			size += fabs(term);
		}
		sum = scaled(&op->affine, e, sum);
		ck_assert_uint_eq(test_bits(y[e]), test_bits(sum));
		exact = scaled_exactly(&op->affine, e, exact);
		tolerance = (size * 2 + fabs(exact)) * ((double)op->taps + 2) *
				    0x1p-24 +
			    0x1p-40;
		test_close("filter", &y[e], &exact, 1, tolerance);
	}
	for (; e < op->width; ++e)
		ck_assert_uint_eq(test_bits(y[e]), 0);
}

static void check_filter(struct filtering *p, bool slow)
{
	const struct ut_filter *op = &p->op;
	size_t row = (op->N + op->taps - 1) * op->S, a;
	struct test_output y;
	char text[128];
	unsigned r;

	snprintf(text, sizeof(text),
		 "filter R=%u A=%zu N=%zu S=%zu taps=%zu width=%zu channels=%u",
		 op->R, op->A, op->N, op->S, op->taps, op->width,
		 op->affine.channels);
	y = test_everywhere(text, slow, run_filter, p);
	for (r = 0; r < op->R; ++r)
		for (a = 0; a < op->A; ++a)
			check_row(p, test_f32(&p->x, r) + a * row,
				  test_output_f32(&y, 0, r) + a * op->width);
	test_output_free(&y);
	filtering_free(p);
}

START_TEST(filters_follow_the_contract_on_every_device)
{
	struct test_random random = {60};
	unsigned i;

	for (i = 0; i < 40; ++i) {
		struct filtering p =
			filtering_new(&random, test_between(&random, 1, 20),
				      test_between(&random, 1, 40),
				      i % 2 ? test_between(&random, 1, 4)
					    : test_between(&random, 1, 90),
				      test_between(&random, 1, 9));

		check_filter(&p, i % 8 == 0);
	}
}
END_TEST

START_TEST(long_rows_and_many_taps_are_filtered_the_same)
{
	struct test_random random = {61};
	struct filtering wide = filtering_new(&random, 2, 30, 101, 31);
	struct filtering many = filtering_new(&random, 700, 28, 1, 7);

	check_filter(&wide, false);
	check_filter(&many, false);
}
END_TEST

START_TEST(tiny_sums_become_positive_zero)
{
	struct test_random random = {62};
	struct filtering p = filtering_new(&random, 3, 20, 3, 3);
	struct test_output y;

	p.op.affine = ut_affine_of(-0x1p-40f, 0);
	y = test_everywhere("tiny filter", true, run_filter, &p);
	test_clean("tiny filter", test_output_f32(&y, 0, 0),
		   p.op.A * p.op.width);
	test_output_free(&y);
	filtering_free(&p);
}
END_TEST

/* Octaves ------------------------------------------------------------------ */

struct fields {
	struct ut_octaves op; /* without slices */
	struct test_operand x, y;
};

static void run_octaves(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct fields *p = arguments;
	struct ut_octaves op = p->op;

	op.x = test_upload(device, &p->x);
	op.y = test_upload(device, &p->y);
	ut_octaves(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.x);
}

static struct fields fields_new(struct test_random *random, size_t B, size_t H,
				size_t W, size_t C, bool shared)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t width = H * W * C + test_between(random, 0, 20);
	struct fields p = {
		.op =
			{
				.R = R,
				.B = B,
				.H = H,
				.W = W,
				.C = C,
				.width = width,
				.shared = shared ? 0.9f : 0,
				.own = 0.44f,
				.affine = test_affine(random),
			},
		.x = test_operand_f32(random, R,
				      B * ut_octave_numbers(H, W, C, shared),
				      test_word(random) & 1),
		.y = test_operand_f32(random, R, B * width, false),
	};

	return p;
}

static void fields_free(struct fields *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->y);
}

/* One pixel of an octave as the contract has it. */
static float lerp(float a, float b, float f)
{
	float d = b - a;

	return fmaf(d, f, a);
}

/* 16 bits after the point */
static int64_t place_of(size_t d, size_t n, size_t side)
{
	int64_t place = (int64_t)((2 * d + 1) * n * 32768 / side) - 32768;
	int64_t last = (int64_t)(n - 1) * 65536;

	return place < 0 ? 0 : place < last ? place : last;
}

struct between {
	size_t first, second;
	float part;
	double exact; /* the same where places are not rounded */
};

static struct between between_of(size_t d, size_t n, size_t side)
{
	int64_t place = place_of(d, n, side);
	double real = ((double)d + 0.5) * (double)n / (double)side - 0.5;
	struct between at = {
		.first = (size_t)(place >> 16),
		.part = (float)(place & 65535) * 0x1p-16f,
	};

	real = fmin(fmax(real, 0), (double)n - 1);
	at.second = at.first + 1 < n ? at.first + 1 : at.first;
	at.exact = real - (double)at.first;
	return at;
}

/* A plane's field at a pixel: by the contract, and in double. */
static float field_of(const float *grid, size_t H, size_t W, size_t h, size_t w,
		      double *exact)
{
	size_t rows = H, columns = W;
	float weight = 0.5f, sum = 0;

	*exact = 0;
	for (;;) {
		struct between down = between_of(h, rows, H);
		struct between across = between_of(w, columns, W);
		const float *upper = grid + down.first * columns;
		const float *lower = grid + down.second * columns;
		float a = upper[across.first], b = upper[across.second];
		float c = lower[across.first], d = lower[across.second];
		double x = across.exact, y = down.exact;

		sum = fmaf(weight,
			   lerp(lerp(a, b, across.part),
				lerp(c, d, across.part), down.part),
			   sum);
		*exact += (double)weight *
			  ((1 - y) * ((1 - x) * (double)a + x * (double)b) +
			   y * ((1 - x) * (double)c + x * (double)d));
		if (rows == 1 && columns == 1)
			return cleaned(sum);
		grid += rows * columns;
		rows = (rows + 1) / 2;
		columns = (columns + 1) / 2;
		weight = 1;
	}
}

static void check_image(const struct ut_octaves *op, const float *x,
			const float *y)
{
	bool shared = op->shared > 0;
	size_t numbers = ut_octave_numbers(op->H, op->W, 1, false);
	size_t pixel, c, e = 0;

	for (pixel = 0; pixel < op->H * op->W; ++pixel)
		for (c = 0; c < op->C; ++c, ++e) {
			size_t h = pixel / op->W, w = pixel % op->W;
			double exact = 0, own;
			float mixed = 0, field;

			if (shared) {
				field = field_of(x, op->H, op->W, h, w, &exact);
				mixed = op->shared * field;
				exact *= (double)op->shared;
			}
			field = field_of(x + (c + shared) * numbers, op->H,
					 op->W, h, w, &own);
			mixed = fmaf(op->own, field, mixed);
			exact += (double)op->own * own;
			exact = scaled_exactly(&op->affine, e, exact);
			mixed = scaled(&op->affine, e, mixed);
			ck_assert_uint_eq(test_bits(y[e]), test_bits(mixed));
			/* places are rounded to 2^-16: 4 of it an octave */
			test_close("octaves", &y[e], &exact, 1, 0x1p-9);
		}
	for (; e < op->width; ++e)
		ck_assert_uint_eq(test_bits(y[e]), 0);
}

static void check_octaves(struct fields *p, bool slow)
{
	const struct ut_octaves *op = &p->op;
	size_t numbers = ut_octave_numbers(op->H, op->W, op->C, op->shared > 0);
	struct test_output y;
	char text[128];
	unsigned r;
	size_t b;

	snprintf(text, sizeof(text),
		 "octaves R=%u B=%zu H=%zu W=%zu C=%zu width=%zu channels=%u%s",
		 op->R, op->B, op->H, op->W, op->C, op->width,
		 op->affine.channels, op->shared > 0 ? " shared" : "");
	y = test_everywhere(text, slow, run_octaves, p);
	for (r = 0; r < op->R; ++r)
		for (b = 0; b < op->B; ++b)
			check_image(op, test_f32(&p->x, r) + b * numbers,
				    test_output_f32(&y, 0, r) + b * op->width);
	test_output_free(&y);
	fields_free(p);
}

START_TEST(octaves_follow_the_contract_on_every_device)
{
	struct test_random random = {63};
	unsigned i;

	for (i = 0; i < 30; ++i) {
		struct fields p =
			fields_new(&random, test_between(&random, 1, 5),
				   test_between(&random, 1, i % 3 ? 33 : 5),
				   test_between(&random, 1, i % 5 ? 40 : 3),
				   test_between(&random, 1, 5),
				   test_word(&random) & 1);

		check_octaves(&p, i % 10 == 0);
	}
}
END_TEST

START_TEST(long_thin_images_have_octaves_too)
{
	static const size_t sides[][2] = {{1, 1},    {1, 2},  {2, 1},  {1, 700},
					  {1000, 1}, {3, 64}, {65, 32}};
	struct test_random random = {64};
	size_t i;

	for (i = 0; i < sizeof(sides) / sizeof(*sides); ++i) {
		struct fields p = fields_new(&random, 2, sides[i][0],
					     sides[i][1], 2, i & 1);

		check_octaves(&p, i < 3);
	}
}
END_TEST

START_TEST(tiny_octaves_become_positive_zero)
{
	struct test_random random = {65};
	struct fields p = fields_new(&random, 2, 9, 11, 3, true);
	struct test_output y;

	p.op.affine = ut_affine_of(-0x1p-40f, 0);
	y = test_everywhere("tiny octaves", true, run_octaves, &p);
	test_clean("tiny octaves", test_output_f32(&y, 0, 0),
		   p.op.B * p.op.width);
	test_output_free(&y);
	fields_free(&p);
}
END_TEST

/* The mean over pixels of the squares of what each number adds. */
static double variance_by_impulses(size_t H, size_t W)
{
	size_t numbers = ut_octave_numbers(H, W, 1, false), i, pixel;
	float *grid = test_alloc(numbers, sizeof(*grid));
	double sum = 0, exact;

	for (i = 0; i < numbers; ++i) {
		grid[i] = 1;
		for (pixel = 0; pixel < H * W; ++pixel) {
			field_of(grid, H, W, pixel / W, pixel % W, &exact);
			sum += exact * exact;
		}
		grid[i] = 0;
	}
	free(grid);
	return sum / (double)(H * W);
}

START_TEST(the_deviation_is_that_of_the_weights)
{
	static const size_t sides[][2] = {{1, 1}, {2, 2},   {1, 9},
					  {7, 5}, {13, 24}, {28, 28}};
	size_t i;

	for (i = 0; i < sizeof(sides) / sizeof(*sides); ++i) {
		size_t H = sides[i][0], W = sides[i][1];
		double deviation = ut_octave_deviation(H, W);
		double exact = sqrt(variance_by_impulses(H, W));

		if (!(fabs(deviation - exact) <= 1e-4 * exact))
			ck_abort_msg("%zu x %zu: %.6f, expected %.6f", H, W,
				     deviation, exact);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("noise");

	tcase_add_test(tests, filters_follow_the_contract_on_every_device);
	tcase_add_test(tests, long_rows_and_many_taps_are_filtered_the_same);
	tcase_add_test(tests, tiny_sums_become_positive_zero);
	tcase_add_test(tests, octaves_follow_the_contract_on_every_device);
	tcase_add_test(tests, long_thin_images_have_octaves_too);
	tcase_add_test(tests, tiny_octaves_become_positive_zero);
	tcase_add_test(tests, the_deviation_is_that_of_the_weights);
	return test_main("noise", tests);
}
