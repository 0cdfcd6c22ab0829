/* Harder copies of test images. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/robust.h"
#include "support/testing.h"

enum { MOST = 40 * 40 * 4 };

struct image {
	size_t H, W, C;
	uint8_t pixels[MOST];
};

static size_t bytes_of(const struct image *image)
{
	return image->H * image->W * image->C;
}

static struct image image_new(struct test_random *random, size_t H, size_t W,
			      size_t C)
{
	struct image image = {.H = H, .W = W, .C = C};
	size_t i;

	for (i = 0; i < bytes_of(&image); ++i)
		image.pixels[i] = (uint8_t)test_word(random);
	return image;
}

static struct image copy_of(enum ut_robust kind, const struct image *image,
			    uint32_t seed)
{
	struct image copy = {.H = image->H, .W = image->W, .C = image->C};

	ut_robust_copy(kind, 1, image->H, image->W, image->C, image->pixels,
		       copy.pixels, seed);
	return copy;
}

static double pixel(const struct image *image, long h, long w, size_t c)
{
	if (h < 0 || h >= (long)image->H || w < 0 || w >= (long)image->W)
		return 0;
	return image->pixels[((size_t)h * image->W + (size_t)w) * image->C + c];
}

/* Bilinear in double. */
static double between(const struct image *image, double y, double x, size_t c)
{
	long h = (long)floor(y), w = (long)floor(x);
	double down = y - (double)h, across = x - (double)w;

	return (1 - down) * ((1 - across) * pixel(image, h, w, c) +
			     across * pixel(image, h, w + 1, c)) +
	       down * ((1 - across) * pixel(image, h + 1, w, c) +
		       across * pixel(image, h + 1, w + 1, c));
}

/* The copy is the source at scale times a turn about the centre. */
static void check_mapped(enum ut_robust kind, double angle, double scale)
{
	struct test_random random = {1};
	double cosine = scale * cos(angle), sine = scale * sin(angle);
	unsigned n;
	size_t h, w, c;

	for (n = 0; n < 20; ++n) {
		struct image image =
			image_new(&random, test_between(&random, 1, 40),
				  test_between(&random, 1, 40),
				  test_between(&random, 1, 4));
		struct image copy = copy_of(kind, &image, 0);
		double middle_y = ((double)image.H - 1) / 2;
		double middle_x = ((double)image.W - 1) / 2;

		for (h = 0; h < image.H; ++h)
			for (w = 0; w < image.W; ++w) {
				double y = (double)h - middle_y;
				double x = (double)w - middle_x;

				for (c = 0; c < image.C; ++c) {
					double exact =
						between(&image,
							middle_y + cosine * y -
								sine * x,
							middle_x + cosine * x +
								sine * y,
							c);
					double got = pixel(&copy, (long)h,
							   (long)w, c);

					/* places are rounded to 1/256 */
					if (!(fabs(got - exact) <= 2.6))
						ck_abort_msg("%g, not %g", got,
							     exact);
				}
			}
	}
}

START_TEST(rotated_is_turned_about_the_centre)
{
	check_mapped(UT_ROBUST_ROTATED, acos(-1) / 6, 1);
}
END_TEST

START_TEST(cropped_is_the_middle_enlarged)
{
	check_mapped(UT_ROBUST_CROPPED, 0, 0.75);
}
END_TEST

START_TEST(low_light_is_a_quarter)
{
	struct test_random random = {2};
	struct image image = image_new(&random, 31, 17, 3);
	struct image copy = copy_of(UT_ROBUST_LOW_LIGHT, &image, 0);
	size_t i;

	for (i = 0; i < bytes_of(&image); ++i)
		ck_assert_uint_eq(copy.pixels[i], (image.pixels[i] + 2) / 4);
}
END_TEST

/* An image of 0 shows the pattern: blocks of one shade, not all the same. */
START_TEST(busy_is_blocks_behind_grey)
{
	struct image dark = {.H = 28, .W = 28, .C = 1};
	struct image pattern = copy_of(UT_ROBUST_BUSY, &dark, 7);
	struct image other = copy_of(UT_ROBUST_BUSY, &dark, 8);
	struct test_random random = {3};
	struct image image = image_new(&random, 28, 28, 1);
	struct image copy = copy_of(UT_ROBUST_BUSY, &image, 7);
	unsigned changes = 0;
	size_t h, w, i;

	for (h = 0; h < 28; ++h)
		for (w = 0; w < 28; ++w) {
			double here = pixel(&pattern, (long)h, (long)w, 0);
			double block = pixel(&pattern, (long)(h / 4 * 4),
					     (long)(w / 4 * 4), 0);

			ck_assert(here >= block && here <= block);
			changes += w % 4 == 3 && w < 27 &&
				   pattern.pixels[h * 28 + w] !=
					   pattern.pixels[h * 28 + w + 1];
		}
	ck_assert_uint_gt(changes, 28 * 4);
	ck_assert(memcmp(pattern.pixels, other.pixels, 28 * 28));
	for (i = 0; i < 28 * 28; ++i) {
		uint8_t behind = pattern.pixels[i];

		ck_assert_uint_lt(behind, 128);
		ck_assert_uint_eq(copy.pixels[i], image.pixels[i] > behind
							  ? image.pixels[i]
							  : behind);
	}
}
END_TEST

START_TEST(busy_shows_a_quarter_through_colour)
{
	struct test_random random = {4};
	struct image dark = {.H = 20, .W = 33, .C = 3};
	struct image pattern = copy_of(UT_ROBUST_BUSY, &dark, 1);
	struct image image = image_new(&random, 20, 33, 3);
	struct image copy = copy_of(UT_ROBUST_BUSY, &image, 1);
	size_t i;

	for (i = 0; i < bytes_of(&image); ++i) {
		double exact = 0.75 * image.pixels[i] + pattern.pixels[i];

		ck_assert_uint_le(pattern.pixels[i], 64);
		if (!(fabs((double)copy.pixels[i] - exact) <= 1))
			ck_abort_msg("%u, not %g", copy.pixels[i], exact);
	}
}
END_TEST

/* Image i is copied the same wherever the batch begins that it is part of. */
START_TEST(images_have_patterns_of_their_own)
{
	struct test_random random = {5};
	struct image image = image_new(&random, 10, 12, 1);
	size_t bytes = bytes_of(&image), i;
	uint8_t *from = test_alloc(3, bytes), *to = test_alloc(3, bytes);
	unsigned kind;

	for (i = 0; i < 3; ++i)
		memcpy(from + i * bytes, image.pixels, bytes);
	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind) {
		struct image copy = copy_of(kind, &image, 9);

		ut_robust_copy(kind, 3, 10, 12, 1, from, to, 9);
		ck_assert(!memcmp(to, copy.pixels, bytes));
		ck_assert(!memcmp(to, to + bytes, bytes) ==
			  (kind != UT_ROBUST_BUSY));
	}
	free(from);
	free(to);
}
END_TEST

START_TEST(every_kind_has_a_name)
{
	size_t i;

	for (i = 0; i < UT_ROBUST_KINDS; ++i)
		ck_assert_ptr_nonnull(ut_robust_names[i]);
	ck_assert_ptr_null(ut_robust_names[UT_ROBUST_KINDS]);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("robust");

	tcase_add_test(tests, rotated_is_turned_about_the_centre);
	tcase_add_test(tests, cropped_is_the_middle_enlarged);
	tcase_add_test(tests, low_light_is_a_quarter);
	tcase_add_test(tests, busy_is_blocks_behind_grey);
	tcase_add_test(tests, busy_shows_a_quarter_through_colour);
	tcase_add_test(tests, images_have_patterns_of_their_own);
	tcase_add_test(tests, every_kind_has_a_name);
	return test_main_alone("robust", tests);
}
