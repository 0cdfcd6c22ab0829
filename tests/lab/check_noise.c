/* The noise that students see: every family, its moments, its spectrum. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/noise.h"
#include "support/networks.h"
#include "support/testing.h"

enum { ROWS = 40, REPLICAS = 2 };

/* A recipe's noise on images of some size. */
struct problem {
	struct ut_recipe recipe;
	struct ut_volume image;
	const char *net;
	size_t rows;
	uint32_t first; /* number of the first image */
};

static struct problem problem_of(enum ut_noise_family family,
				 struct ut_volume image)
{
	struct problem p = {.image = image, .net = "conv 3", .rows = ROWS};

	ut_recipe_init(&p.recipe);
	p.recipe.distill.noise = family;
	return p;
}

static void run_noise(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_session session = {
		.recipe = &p->recipe,
		.device = device,
		.net = test_net(p->image, p->net, 2, 1),
		.mean = {0.5, 0.25, 0.125},
		.deviation = {0.25, 0.5, 1},
	};
	struct ut_group group = {.session = &session, .R = REPLICAS};
	struct ut_noise noise;
	uint32_t *names = test_alloc(p->rows, sizeof(*names));
	struct ut_slice rows, x;
	size_t width, i;

	width = ut_net_input_width(&session.net);
	for (i = 0; i < p->rows; ++i)
		names[i] = p->first + (uint32_t)i;
	rows = test_upload_u32(device, names, 1, p->rows);
	rows.stride = 0;
	x = ut_slice_of(ut_buffer_new(device, UT_F32,
				      REPLICAS * p->rows * width),
			p->rows * width);
	ut_noise_init(&noise, &group, p->rows);
	ut_noise_make(&noise, rows, (struct ut_slice){0}, p->rows, x);
	test_take(output, "noise", x);
	ut_noise_release(&noise);
	test_drop(rows);
	free(names);
}

/* Over all images: mean, deviation, and correlation of neighbours in a row. */
struct moments {
	double mean, deviation, neighbours;
};

static struct moments moments_of(const struct problem *p, const float *x,
				 size_t channel)
{
	size_t H = p->image.H, W = p->image.W, C = p->image.C;
	double n = 0, pairs = 0, sum = 0, squares = 0, products = 0;
	struct moments m;
	size_t i, w;

	for (i = 0; i < p->rows * H; ++i)
		for (w = 0; w < W; ++w) {
			double a = (double)x[(i * W + w) * C + channel];

			n += 1;
			sum += a;
			squares += a * a;
			if (w + 1 == W)
				continue;
			pairs += 1;
			products +=
				a * (double)x[(i * W + w + 1) * C + channel];
		}
	m.mean = sum / n;
	m.deviation = sqrt(squares / n - m.mean * m.mean);
	m.neighbours = (products / pairs - m.mean * m.mean) /
		       (m.deviation * m.deviation);
	return m;
}

static void expect(const char *what, double got, double expected, double within)
{
	ck_assert_msg(fabs(got - expected) <= within, "%s: %g, not %g", what,
		      got, expected);
}

START_TEST(every_family_is_the_same_on_every_device)
{
	static const struct {
		enum ut_noise_family family;
		struct ut_volume image;
		const char *net;
	} cases[] = {
		{UT_NOISE_UNIFORM, {5, 7, 3}, "conv 3"},
		{UT_NOISE_NORMAL, {5, 7, 1}, "fc 3"},
		{UT_NOISE_BLURRED, {6, 5, 1}, "fc 3"},
		{UT_NOISE_BLURRED, {5, 6, 3}, "conv 3"},
		{UT_NOISE_OCTAVES, {7, 5, 3}, "conv 3"},
		{UT_NOISE_OCTAVES, {5, 5, 1}, "fc 3"},
		{UT_NOISE_LOWRANK, {5, 6, 3}, "conv 3"},
		{UT_NOISE_LOWRANK, {5, 5, 1}, "fc 3"},
		{UT_NOISE_CONSTANT, {4, 5, 3}, "conv 3"},
		{UT_NOISE_CONSTANT, {5, 5, 1}, "fc 3"},
		{UT_NOISE_ZEROS, {4, 5, 3}, "conv 3"},
	};
	size_t i;
	int space;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i)
		for (space = UT_SPACE_INPUT; space <= UT_SPACE_PIXEL; ++space) {
			struct problem p =
				problem_of(cases[i].family, cases[i].image);
			struct test_output got;

			p.net = cases[i].net;
			p.rows = 3;
			p.recipe.distill.noise_space = space;
			p.recipe.distill.noise_sigma = 0.7;
			p.recipe.distill.noise_rank = 6;
			p.recipe.distill.noise_shift = 0.25;
			got = test_everywhere("noise", true, run_noise, &p);
			test_output_free(&got);
		}
}
END_TEST

START_TEST(blurred_noise_has_variance_one_and_its_spectrum)
{
	struct problem p =
		problem_of(UT_NOISE_BLURRED, (struct ut_volume){28, 28, 1});
	struct test_output got = {0};
	struct moments m;

	p.recipe.distill.noise_sigma = 1.5;
	run_noise(test_device(0)->device, &p, &got);
	m = moments_of(&p, test_output_f32(&got, 0, 1), 0);
	expect("mean", m.mean, 0, 0.15);
	expect("deviation", m.deviation, 1, 0.06);
	/* a Gaussian with itself: of variance 2 sigma^2 */
	expect("neighbours", m.neighbours, exp(-1 / (4 * 1.5 * 1.5)), 0.02);
	test_output_free(&got);
}
END_TEST

START_TEST(octaves_have_variance_one_and_share_between_channels)
{
	struct problem p =
		problem_of(UT_NOISE_OCTAVES, (struct ut_volume){32, 32, 3});
	struct test_output got = {0};
	double shared = 0, squares = 0;
	const float *x;
	size_t i;

	p.rows = 400;
	run_noise(test_device(0)->device, &p, &got);
	x = test_output_f32(&got, 0, 0);
	for (i = 0; i < p.rows * 32 * 32; ++i) {
		shared += (double)x[3 * i] * (double)x[3 * i + 2];
		squares += (double)x[3 * i] * (double)x[3 * i];
	}
	squares /= (double)(p.rows * 32 * 32);
	shared /= (double)(p.rows * 32 * 32);
	expect("variance", squares, 1, 0.1);
	expect("shared", shared / squares, 0.81, 0.05);
	test_output_free(&got);
}
END_TEST

/*
 * The rank of rows of n numbers: how many are more than rounding away from the
 * space of those before, by Gram and Schmidt, in double.
 */
static size_t rank_of(const float *rows, size_t count, size_t n)
{
	double *basis = test_alloc(count * n, sizeof(*basis));
	size_t rank = 0, row, k, i;

	for (row = 0; row < count; ++row) {
		double *left = basis + rank * n, norm = 0, whole = 0;

		for (i = 0; i < n; ++i) {
			left[i] = (double)rows[row * n + i];
			whole += left[i] * left[i];
		}
		for (k = 0; k < rank; ++k) {
			double part = 0;

			for (i = 0; i < n; ++i)
				part += left[i] * basis[k * n + i];
			for (i = 0; i < n; ++i)
				left[i] -= part * basis[k * n + i];
		}
		for (i = 0; i < n; ++i)
			norm += left[i] * left[i];
		if (norm < 1e-8 * whole)
			continue;
		for (i = 0; i < n; ++i)
			left[i] /= sqrt(norm);
		++rank;
	}
	free(basis);
	return rank;
}

START_TEST(noise_of_low_rank_has_that_rank)
{
	static const size_t ranks[] = {1, 7, 33};
	struct problem p =
		problem_of(UT_NOISE_LOWRANK, (struct ut_volume){8, 8, 1});
	struct test_output got = {0};
	size_t i, r;

	p.net = "fc 3";
	for (i = 0; i < 3; ++i) {
		p.recipe.distill.noise_rank = ranks[i];
		run_noise(test_device(0)->device, &p, &got);
		for (r = 0; r < REPLICAS; ++r)
			ck_assert_uint_eq(rank_of(test_output_f32(&got, 0, r),
						  ROWS, 64),
					  ranks[i]);
		test_output_free(&got);
		got = (struct test_output){0};
	}
}
END_TEST

/* Replicas have directions of their own: together they have twice the rank. */
START_TEST(noise_of_low_rank_has_variance_one_and_own_directions)
{
	struct problem p =
		problem_of(UT_NOISE_LOWRANK, (struct ut_volume){16, 16, 1});
	struct test_output got = {0};
	struct moments m;
	float *both;

	p.net = "fc 3";
	p.recipe.distill.noise_rank = 100;
	p.rows = 400;
	run_noise(test_device(0)->device, &p, &got);
	m = moments_of(&p, test_output_f32(&got, 0, 0), 0);
	/* the images' means share directions: of deviation 1 / 16 each */
	expect("mean", m.mean, 0, 0.02);
	expect("deviation", m.deviation, 1, 0.03);
	expect("neighbours", m.neighbours, 0, 0.05);
	both = test_alloc(2 * 110 * 256, sizeof(*both));
	memcpy(both, test_output_f32(&got, 0, 0), 110 * 256 * sizeof(*both));
	memcpy(both + 110 * 256, test_output_f32(&got, 0, 1),
	       110 * 256 * sizeof(*both));
	ck_assert_uint_eq(rank_of(both, 2 * 110, 256), 200);
	free(both);
	test_output_free(&got);
}
END_TEST

START_TEST(constant_noise_has_one_normal_number_an_image)
{
	struct problem p =
		problem_of(UT_NOISE_CONSTANT, (struct ut_volume){4, 5, 3});
	struct test_output got = {0};
	double sum = 0, squares = 0;
	size_t row, i;

	p.rows = 2000;
	p.recipe.distill.noise_scale = 2;
	p.recipe.distill.noise_shift = 1;
	run_noise(test_device(0)->device, &p, &got);
	for (row = 0; row < p.rows; ++row) {
		const float *x = test_output_f32(&got, 0, 1) + row * 60;

		for (i = 1; i < 60; ++i)
			ck_assert_uint_eq(test_bits(x[i]), test_bits(x[0]));
		sum += (double)x[0] / 2000;
		squares += ((double)x[0] - 1) * ((double)x[0] - 1) / 2000;
	}
	expect("mean", sum, 1, 5 * 2 / sqrt(2000));
	expect("deviation", sqrt(squares), 2, 5 * 2 / sqrt(4000));
	test_output_free(&got);
}
END_TEST

START_TEST(zeros_are_what_they_are_shifted_to)
{
	struct problem p =
		problem_of(UT_NOISE_ZEROS, (struct ut_volume){4, 4, 3});
	struct test_output got = {0};
	size_t i;

	run_noise(test_device(0)->device, &p, &got);
	for (i = 0; i < p.rows * 48; ++i)
		ck_assert_uint_eq(test_bits(test_output_f32(&got, 0, 0)[i]), 0);
	test_output_free(&got);
	got = (struct test_output){0};
	p.recipe.distill.noise_space = UT_SPACE_PIXEL;
	p.recipe.distill.noise_shift = 0.75;
	run_noise(test_device(0)->device, &p, &got);
	/* (0.75 - mean) / deviation */
	for (i = 0; i < p.rows * 48; ++i)
		ck_assert(test_output_f32(&got, 0, 0)[i] == (i % 3 == 0 ? 1.0f
							     : i % 3 == 1
								     ? 1.0f
								     : 0.625f));
	test_output_free(&got);
}
END_TEST

START_TEST(noise_in_pixels_is_scaled_as_images_are)
{
	struct problem p =
		problem_of(UT_NOISE_NORMAL, (struct ut_volume){16, 16, 3});
	struct test_output got = {0};
	struct moments m;

	p.recipe.distill.noise_space = UT_SPACE_PIXEL;
	p.recipe.distill.noise_scale = 0.1;
	p.recipe.distill.noise_shift = 0.5;
	run_noise(test_device(0)->device, &p, &got);
	m = moments_of(&p, test_output_f32(&got, 0, 0), 0);
	expect("mean of channel 0", m.mean, 0, 0.02);
	expect("deviation of channel 0", m.deviation, 0.4, 0.02);
	m = moments_of(&p, test_output_f32(&got, 0, 0), 1);
	expect("mean of channel 1", m.mean, 0.5, 0.02);
	expect("deviation of channel 1", m.deviation, 0.2, 0.01);
	test_output_free(&got);
}
END_TEST

START_TEST(an_image_of_noise_is_the_same_in_any_batch)
{
	struct problem p =
		problem_of(UT_NOISE_BLURRED, (struct ut_volume){9, 8, 1});
	struct test_output all = {0}, one = {0};

	run_noise(test_device(0)->device, &p, &all);
	p.rows = 1;
	p.first = 17;
	run_noise(test_device(0)->device, &p, &one);
	test_same_bits("noise", "alone", UT_F32,
		       test_output_f32(&all, 0, 1) + 17 * 72,
		       test_output_f32(&one, 0, 1), 72);
	test_output_free(&all);
	test_output_free(&one);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("noise");

	tcase_add_test(tests, every_family_is_the_same_on_every_device);
	tcase_add_test(tests, blurred_noise_has_variance_one_and_its_spectrum);
	tcase_add_test(tests,
		       octaves_have_variance_one_and_share_between_channels);
	tcase_add_test(tests, noise_of_low_rank_has_that_rank);
	tcase_add_test(tests,
		       noise_of_low_rank_has_variance_one_and_own_directions);
	tcase_add_test(tests, constant_noise_has_one_normal_number_an_image);
	tcase_add_test(tests, zeros_are_what_they_are_shifted_to);
	tcase_add_test(tests, noise_in_pixels_is_scaled_as_images_are);
	tcase_add_test(tests, an_image_of_noise_is_the_same_in_any_batch);
	return test_main("noise", tests);
}
