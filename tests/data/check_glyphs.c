/* Drawn digits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/glyphs.h"
#include "support/testing.h"

enum { PIXELS = UT_GLYPHS_SIDE * UT_GLYPHS_SIDE };

static struct ut_dataset make(size_t train, size_t test, uint32_t seed)
{
	struct ut_dataset set;
	struct ut_error error = {0};

	ck_assert_msg(!ut_glyphs_make(&set, train, test, seed, &error), "%s",
		      error.text);
	return set;
}

START_TEST(the_set_is_the_same_everywhere)
{
	struct ut_dataset set;
	struct ut_error error = {0};
	char text[UT_FINGERPRINT_TEXT];

	ck_assert_int_eq(ut_dataset_load(&set, "glyphs", NULL, NULL, NULL,
					 &error),
			 UT_OK);
	ck_assert_str_eq(set.name, "glyphs");
	ck_assert_uint_eq(set.train.count, UT_GLYPHS_TRAIN);
	ck_assert_uint_eq(set.test.count, UT_GLYPHS_TEST);
	ut_fingerprint_text(set.train.digest, text);
	ck_assert_str_eq(text, "e41eeb364be75ae927b40e15f29ee682");
	ut_fingerprint_text(set.test.digest, text);
	ck_assert_str_eq(text, "f63c5fcf4a446138cb28bdf505e74019");
	ut_dataset_release(&set);
}
END_TEST

START_TEST(a_smaller_set_is_the_beginning_of_a_larger)
{
	struct ut_dataset small = make(50, 20, 3), large = make(80, 30, 3);

	ck_assert_mem_eq(small.train.images, large.train.images, 50 * PIXELS);
	ck_assert_mem_eq(small.test.images, large.test.images, 20 * PIXELS);
	ck_assert_mem_ne(small.train.images, small.test.images, PIXELS);
	ut_dataset_release(&small);
	ut_dataset_release(&large);
}
END_TEST

START_TEST(seeds_make_different_images)
{
	struct ut_dataset one = make(10, 1, 1), two = make(10, 1, 2);
	size_t i;

	for (i = 0; i < 10; ++i)
		ck_assert_mem_ne(one.train.images + i * PIXELS,
				 two.train.images + i * PIXELS, PIXELS);
	ut_dataset_release(&one);
	ut_dataset_release(&two);
}
END_TEST

START_TEST(digits_are_balanced)
{
	struct ut_dataset set = make(200, 100, 1);
	size_t counts[UT_DATASET_CLASSES], k;

	ut_split_count_labels(&set.train, counts);
	for (k = 0; k < 10; ++k)
		ck_assert_uint_eq(counts[k], 20);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(every_image_has_ink_and_is_mostly_paper)
{
	struct ut_dataset set = make(2000, 1, 1);
	size_t i, k;

	for (i = 0; i < set.train.count; ++i) {
		size_t ink = 0;

		for (k = 0; k < PIXELS; ++k)
			ink += set.train.images[i * PIXELS + k] > 100;
		ck_assert_msg(ink >= 12 && ink < PIXELS / 2,
			      "image %zu has ink in %zu pixels", i, ink);
	}
	ut_dataset_release(&set);
}
END_TEST

/* Squared distance of an image to a mean. */
static double distance(const uint8_t *image, const double *mean)
{
	double sum = 0;
	size_t k;

	for (k = 0; k < PIXELS; ++k) {
		double d = image[k] - mean[k];

		sum += d * d;
	}
	return sum;
}

/*
 * The nearest class mean, the dullest classifier there is, is right about two
 * times in three: the digits can be told apart, and are not all alike.
 */
START_TEST(digits_can_be_told_apart_but_not_too_easily)
{
	struct ut_dataset set = make(3000, 1000, 1);
	double *means = test_alloc(10 * PIXELS, sizeof(*means));
	size_t right = 0, i, k;

	memset(means, 0, 10 * PIXELS * sizeof(*means));
	for (i = 0; i < set.train.count; ++i)
		for (k = 0; k < PIXELS; ++k)
			means[set.train.labels[i] * PIXELS + k] +=
				set.train.images[i * PIXELS + k] / 300.0;
	for (i = 0; i < set.test.count; ++i) {
		const uint8_t *image = set.test.images + i * PIXELS;
		size_t best = 0;

		for (k = 1; k < 10; ++k)
			if (distance(image, means + k * PIXELS) <
			    distance(image, means + best * PIXELS))
				best = k;
		right += best == set.test.labels[i];
	}
	printf("nearest mean: %zu of 1000 right\n", right);
	ck_assert_uint_gt(right, 450);
	ck_assert_uint_lt(right, 900);
	free(means);
	ut_dataset_release(&set);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("glyphs");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_set_is_the_same_everywhere);
	tcase_add_test(tests, a_smaller_set_is_the_beginning_of_a_larger);
	tcase_add_test(tests, seeds_make_different_images);
	tcase_add_test(tests, digits_are_balanced);
	tcase_add_test(tests, every_image_has_ink_and_is_mostly_paper);
	tcase_add_test(tests, digits_can_be_told_apart_but_not_too_easily);
	return test_main_alone("glyphs", tests);
}
