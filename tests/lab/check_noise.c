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
	tcase_add_test(tests, noise_in_pixels_is_scaled_as_images_are);
	tcase_add_test(tests, an_image_of_noise_is_the_same_in_any_batch);
	return test_main("noise", tests);
}
