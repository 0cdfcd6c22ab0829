/* Filters and octave noise: what is expected of many numbers together. */
#include <math.h>

#include "support/testing.h"

enum { IMAGES = 3000, SIDE = 28, COLOURS = 3 };

static struct ut_slice new_slice(size_t count)
{
	return (struct ut_slice){ut_buffer_new(test_device(0)->device, UT_F32,
					       count),
				 0, count, count};
}

/* Normal numbers (IMAGES, count) on the first device. */
static struct ut_slice normals(size_t count)
{
	struct ut_random op = {
		.R = 1,
		.B = IMAGES,
		.columns = count,
		.width = count,
		.distribution = UT_NORMAL,
		.affine = ut_affine_of(1, 0),
		.rng = {.seed = 2025, .purpose = 60},
		.x = new_slice(IMAGES * count),
	};

	ut_random(test_device(0)->device, &op);
	return op.x;
}

static struct test_output octave_sample(void)
{
	double deviation = ut_octave_deviation(SIDE, SIDE);
	size_t width = SIDE * SIDE * COLOURS;
	struct ut_octaves op = {
		.R = 1,
		.B = IMAGES,
		.H = SIDE,
		.W = SIDE,
		.C = COLOURS,
		.width = width,
		.shared = 0.9f,
		.own = 0.44f,
		.x = normals(ut_octave_numbers(SIDE, SIDE, COLOURS, true)),
		.y = new_slice(IMAGES * width),
	};
	struct test_output output = {0};

	deviation *= sqrt(0.9 * 0.9 + 0.44 * 0.44);
	op.affine = ut_affine_of((float)(1 / deviation), 0);
	ut_octaves(test_device(0)->device, &op);
	test_drop(op.x);
	test_take(&output, "octaves", op.y);
	return output;
}

static void expect(const char *what, double got, double exact, double tolerance)
{
	if (!(fabs(got - exact) <= tolerance))
		ck_abort_msg("%s: %.4f, expected %.4f +- %.4f", what, got,
			     exact, tolerance);
}

/* The mean of x[i] x[i + apart] over i. */
static double product(const float *x, size_t count, size_t apart, size_t step)
{
	double sum = 0, terms = 0;
	size_t i;

	for (i = 0; i + apart < count; i += step, ++terms)
		sum += (double)x[i] * (double)x[i + apart];
	return sum / terms;
}

/*
 * An image's mean has a deviation of about one, so of 3000 images the variance
 * is known to sqrt(2 / 3000) = 0.026 at worst; tolerances are three times that.
 */
START_TEST(scaled_octaves_have_unit_variance_and_colours_agree)
{
	size_t n = (size_t)IMAGES * SIDE * SIDE * COLOURS;
	struct test_output output = octave_sample();
	const float *x = test_output_f32(&output, 0, 0);
	double correlation = 0.81 / (0.81 + 0.44 * 0.44);

	expect("variance", product(x, n, 0, 1), 1, 0.08);
	expect("red and green", product(x, n, 1, COLOURS), correlation, 0.08);
	expect("red and blue", product(x, n, 2, COLOURS), correlation, 0.08);
	test_output_free(&output);
}
END_TEST

/* The power of a frequency, cycles a row, in the first colour's rows. */
static double power(const float *x, unsigned frequency)
{
	double total = 0, turn = 2 * acos(-1) * frequency / SIDE;
	size_t row, w;

	for (row = 0; row < (size_t)IMAGES * SIDE; ++row, x += SIDE * COLOURS) {
		double even = 0, odd = 0;

		for (w = 0; w < SIDE; ++w) {
			double value = (double)x[w * COLOURS];

			even += value * cos(turn * (double)w);
			odd += value * sin(turn * (double)w);
		}
		total += even * even + odd * odd;
	}
	return total;
}

START_TEST(the_spectrum_of_octaves_falls)
{
	struct test_output output = octave_sample();
	const float *x = test_output_f32(&output, 0, 0);
	double before = power(x, 1);
	unsigned frequency;

	for (frequency = 2; frequency <= 8; frequency *= 2) {
		double now = power(x, frequency);

		/* amplitude 1 / frequency would be 4 */
		if (!(now < 0.6 * before && now > 0.1 * before))
			ck_abort_msg("frequency %u: %g after %g", frequency,
				     now, before);
		before = now;
	}
	test_output_free(&output);
}
END_TEST

/* A filter's weights of unit norm leave a variance of one, and neighbours. */
START_TEST(filtered_normal_numbers_have_unit_variance)
{
	static const float weights[] = {0.25f, 0.5f, 0.25f};
	double norm = sqrt(0.25 * 0.25 * 2 + 0.5 * 0.5);
	struct ut_device *device = test_device(0)->device;
	size_t n = (size_t)IMAGES * SIDE;
	struct ut_filter op = {
		.R = 1,
		.A = IMAGES,
		.N = SIDE,
		.S = 1,
		.taps = 3,
		.width = SIDE,
		.affine = ut_affine_of((float)(1 / norm), 0),
		.weights = test_upload_f32(device, weights, 1, 3),
		.x = normals(SIDE + 2),
		.y = new_slice(n),
	};
	struct test_output output = {0};
	const float *y;

	ut_filter(device, &op);
	test_drop(op.weights);
	test_drop(op.x);
	test_take(&output, "filtered", op.y);
	y = test_output_f32(&output, 0, 0);
	expect("variance", product(y, n, 0, 1), 1, 0.02);
	/* 27 of 28 neighbours are of one row; autocorrelation 2/3 */
	expect("neighbours", product(y, n, 1, 1), 2.0 / 3 * 27 / 28, 0.02);
	test_output_free(&output);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("noise statistics");

	tcase_add_test(tests,
		       scaled_octaves_have_unit_variance_and_colours_agree);
	tcase_add_test(tests, the_spectrum_of_octaves_falls);
	tcase_add_test(tests, filtered_normal_numbers_have_unit_variance);
	return test_main_host("noise statistics", tests);
}
