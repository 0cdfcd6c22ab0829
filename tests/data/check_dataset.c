/* Data sets: finding, loading and cutting them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/dataset.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { SIDE = 4, PIXELS = SIDE * SIDE, TRAIN = 30, TEST = 11 };

static const char *const files[4] = {
	"train-images-idx3-ubyte",
	"train-labels-idx1-ubyte",
	"t10k-images-idx3-ubyte",
	"t10k-labels-idx1-ubyte",
};

/* Image i of a split: all pixels are base + i; label i mod 10. */
static void write_split(const char *folder, size_t first, uint32_t count,
			uint8_t base)
{
	uint32_t sizes[] = {count, SIDE, SIDE};
	uint8_t *pixels = test_alloc((size_t)count * PIXELS, 1);
	uint8_t *labels = test_alloc(count, 1);
	uint32_t i;

	for (i = 0; i < count; ++i) {
		memset(pixels + (size_t)i * PIXELS, (int)(base + i), PIXELS);
		labels[i] = (uint8_t)(i % 10);
	}
	test_scratch_idx(test_scratch("%s/%s.gz", folder, files[first]), true,
			 3, sizes, pixels, (size_t)count * PIXELS);
	test_scratch_idx(test_scratch("%s/%s", folder, files[first + 1]), false,
			 1, sizes, labels, count);
	free(pixels);
	free(labels);
}

/* A small set in the scratch folder's folder of that name. */
static const char *write_set(const char *folder)
{
	struct ut_error error = {0};

	ck_assert_int_eq(ut_folder_make(test_scratch("%s", folder), &error),
			 UT_OK);
	write_split(folder, 0, TRAIN, 0);
	write_split(folder, 2, TEST, 100);
	return test_scratch("%s", folder);
}

static struct ut_dataset load(const char *name, const char *dir,
			      const char *const *roots)
{
	struct ut_dataset set;
	struct ut_error error = {0};

	ck_assert_msg(!ut_dataset_load(&set, name, dir, roots, NULL, &error),
		      "%s", error.text);
	return set;
}

static void assert_fails(const char *name, const char *dir,
			 const char *const *roots, enum ut_status status,
			 const char *why)
{
	struct ut_dataset set = {.height = 77};
	struct ut_error error = {0};

	ck_assert_int_eq(ut_dataset_load(&set, name, dir, roots, NULL, &error),
			 status);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
	ck_assert_uint_eq(set.height, 77);
	ck_assert_ptr_null(set.train.images);
}

START_TEST(a_set_is_loaded_from_its_folder)
{
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);

	ck_assert_str_eq(set.name, "mnist");
	ck_assert_uint_eq(set.height, SIDE);
	ck_assert_uint_eq(set.width, SIDE);
	ck_assert_uint_eq(set.channels, 1);
	ck_assert_uint_eq(set.classes, 10);
	ck_assert_uint_eq(set.train.count, TRAIN);
	ck_assert_uint_eq(set.test.count, TEST);
	ck_assert_uint_eq(set.train.images[7 * PIXELS + 15], 7);
	ck_assert_uint_eq(set.train.labels[17], 7);
	ck_assert_uint_eq(set.test.images[10 * PIXELS], 110);
	ck_assert_uint_eq(set.test.labels[10], 0);
	ck_assert(!ut_fingerprint_equal(set.train.digest, set.test.digest));
	ut_dataset_release(&set);
	ck_assert_ptr_null(set.train.images);
}
END_TEST

START_TEST(places_are_searched_in_order)
{
	const char *roots[] = {test_scratch("nowhere"), test_scratch("first"),
			       test_scratch("second"), NULL};
	struct ut_dataset set;

	write_set("first/mnist");
	write_set("second/mnist");
	write_split("second/mnist", 0, 20, 0);
	set = load("mnist", NULL, roots);
	ck_assert_uint_eq(set.train.count, TRAIN);
	ut_dataset_release(&set);
	set = load("mnist", roots[2], roots);
	ck_assert_uint_eq(set.train.count, 20);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(a_missing_set_says_where_it_was_sought_and_how_to_get_it)
{
	const char *roots[] = {test_scratch("a"), test_scratch("b"), NULL};
	const char *places = test_scratch("a/mnist, %s/mnist", roots[1]);

	assert_fails("mnist", NULL, roots, UT_MISSING, places);
	assert_fails("mnist", NULL, roots, UT_MISSING, "`data/fetch mnist`");
	assert_fails("mnist", NULL, NULL, UT_MISSING, "`data/fetch mnist`");
	assert_fails("fashion-mnist", roots[0], NULL, UT_MISSING,
		     "`apt-get install dataset-fashion-mnist`");
}
END_TEST

START_TEST(the_folder_that_is_named_is_the_only_one)
{
	const char *roots[] = {test_scratch("."), NULL};

	write_set("mnist");
	assert_fails("mnist", test_scratch("other"), roots, UT_MISSING,
		     "not found");
}
END_TEST

START_TEST(an_incomplete_set_is_no_reason_to_look_elsewhere)
{
	const char *roots[] = {test_scratch("first"), test_scratch("second"),
			       NULL};

	write_set("first/mnist");
	write_set("second/mnist");
	ck_assert_int_eq(unlink(test_scratch("first/mnist/%s", files[3])), 0);
	assert_fails("mnist", NULL, roots, UT_MISSING,
		     "first/mnist has no t10k-labels-idx1-ubyte.gz");
}
END_TEST

START_TEST(unknown_sets_have_a_suggestion)
{
	assert_fails("minst", NULL, NULL, UT_INVALID,
		     "unknown data set minst (did you mean mnist?)");
	assert_fails(
		"cifar-ten", NULL, NULL, UT_INVALID,
		"there are mnist, fashion-mnist, glyphs, catdog and images");
	assert_fails("", NULL, NULL, UT_INVALID, "unknown data set");
}
END_TEST

START_TEST(images_and_labels_must_be_as_many)
{
	const char *dir = write_set("mnist");
	uint32_t fewer = TRAIN - 1;

	test_scratch_idx(test_scratch("mnist/%s", files[1]), false, 1, &fewer,
			 NULL, fewer);
	assert_fails("mnist", dir, NULL, UT_CORRUPT, "counts differ");
	assert_fails("mnist", dir, NULL, UT_CORRUPT, "has 30 images");
	assert_fails("mnist", dir, NULL, UT_CORRUPT, "29 labels");
}
END_TEST

START_TEST(train_and_test_must_be_of_one_size)
{
	static const uint32_t sizes[] = {TEST, 5, SIDE};
	const char *dir = write_set("mnist");

	test_scratch_idx(test_scratch("mnist/%s.gz", files[2]), true, 3, sizes,
			 NULL, (size_t)TEST * 5 * SIDE);
	assert_fails("mnist", dir, NULL, UT_CORRUPT,
		     "training images are 4x4, test images 5x4");
}
END_TEST

START_TEST(damage_is_reported_with_the_file)
{
	const char *dir = write_set("mnist");

	test_scratch_write(test_scratch("mnist/%s.gz", files[0]), "", 0, false);
	assert_fails("mnist", dir, NULL, UT_CORRUPT,
		     "train-images-idx3-ubyte.gz: file is empty");
}
END_TEST

START_TEST(some_classes_can_be_kept)
{
	static const uint8_t classes[] = {7, 2};
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);
	struct ut_fingerprint before = set.train.digest;
	struct ut_error error = {0};

	ck_assert_msg(!ut_dataset_keep(&set, classes, 2, &error), "%s",
		      error.text);
	ck_assert_uint_eq(set.train.count, 6);
	ck_assert_uint_eq(set.test.count, 2);
	ck_assert_uint_eq(set.classes, 10);
	ck_assert_uint_eq(set.train.labels[0], 2);
	ck_assert_uint_eq(set.train.labels[1], 7);
	ck_assert_uint_eq(set.train.images[5 * PIXELS], 27);
	ck_assert(!ut_fingerprint_equal(before, set.train.digest));
	ut_dataset_release(&set);
}
END_TEST

START_TEST(classes_that_make_no_sense_are_refused)
{
	static const uint8_t twice[] = {1, 1}, absent[] = {10}, one[] = {1};
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);
	struct ut_error error = {0};

	ck_assert_int_eq(ut_dataset_keep(&set, twice, 2, &error), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "class 1 is named twice"));
	ck_assert_int_eq(ut_dataset_keep(&set, absent, 1, &error), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "no class 10"));
	ck_assert_int_eq(ut_dataset_keep(&set, NULL, 0, &error), UT_INVALID);
	set.test.count = 1;
	ck_assert_int_eq(ut_dataset_keep(&set, one, 1, &error), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "no images are left"));
	ck_assert_uint_eq(set.train.count, TRAIN);
	ut_dataset_release(&set);
}
END_TEST

/* The pixel of an image of write_split names it: none lost, none twice. */
static void assert_all_there(const struct ut_dataset *set)
{
	uint8_t seen[256] = {0};
	size_t i;

	for (i = 0; i < set->train.count; ++i)
		++seen[set->train.images[i * PIXELS]];
	for (i = 0; i < set->test.count; ++i)
		++seen[set->test.images[i * PIXELS]];
	for (i = 0; i < 256; ++i)
		ck_assert_uint_eq(seen[i],
				  i < TRAIN || (i >= 100 && i < 100 + TEST));
}

START_TEST(splitting_anew_mixes_and_keeps_all)
{
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);
	struct ut_dataset again = load("mnist", test_scratch("mnist"), NULL);
	struct ut_error error = {0};
	size_t moved = 0, i;

	ck_assert_int_eq(ut_dataset_resplit(&set, 5, &error), UT_OK);
	ck_assert_uint_eq(set.train.count, 32);
	ck_assert_uint_eq(set.test.count, 9);
	assert_all_there(&set);
	for (i = 0; i < set.train.count; ++i) {
		uint8_t pixel = set.train.images[i * PIXELS];

		moved += pixel >= 100;
		ck_assert_uint_eq(set.train.labels[i], pixel % 10);
	}
	ck_assert_uint_gt(moved, 0);
	ck_assert_int_eq(ut_dataset_resplit(&again, 5, &error), UT_OK);
	ck_assert(ut_fingerprint_equal(set.train.digest, again.train.digest));
	ck_assert_int_eq(ut_dataset_resplit(&again, 6, &error), UT_OK);
	ck_assert(!ut_fingerprint_equal(set.train.digest, again.train.digest));
	ut_dataset_release(&set);
	ut_dataset_release(&again);
}
END_TEST

START_TEST(limits_keep_the_first_images)
{
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);
	struct ut_fingerprint test = set.test.digest;
	size_t counts[UT_DATASET_CLASSES];

	ut_dataset_limit(&set, 12, 0);
	ck_assert_uint_eq(set.train.count, 12);
	ck_assert_uint_eq(set.test.count, TEST);
	ck_assert(ut_fingerprint_equal(test, set.test.digest));
	ut_split_count_labels(&set.train, counts);
	ck_assert_uint_eq(counts[1], 2);
	ck_assert_uint_eq(counts[9], 1);
	ck_assert_uint_eq(counts[10], 0);
	ut_dataset_limit(&set, 100, 1);
	ck_assert_uint_eq(set.train.count, 12);
	ck_assert_uint_eq(set.test.count, 1);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(moments_are_those_of_the_definition)
{
	struct ut_dataset set = load("mnist", write_set("mnist"), NULL);
	double mean, deviation;

	/* 0 to 29 once each: mean 14.5, variance (30^2 - 1) / 12 */
	ut_split_moments(&set, &set.train, &mean, &deviation);
	ck_assert_double_eq_tol(mean, 14.5 / 255, 1e-15);
	ck_assert_double_eq_tol(deviation, sqrt(899.0 / 12) / 255, 1e-15);
	ut_dataset_limit(&set, 1, 0);
	memset(set.train.images, 255, PIXELS);
	ut_split_moments(&set, &set.train, &mean, &deviation);
	ck_assert(mean == 1);
	ck_assert(deviation == 0);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(moments_are_of_each_channel)
{
	uint8_t pixels[2 * 3] = {0, 10, 255, 255, 20, 255};
	struct ut_dataset set = {.height = 1, .width = 2, .channels = 3};
	struct ut_split split = {.count = 1, .images = pixels};
	double mean[3], deviation[3];

	ut_split_moments(&set, &split, mean, deviation);
	ck_assert(mean[0] == 0.5 && deviation[0] == 0.5);
	ck_assert(mean[1] == 15.0 / 255 && deviation[1] == 5.0 / 255);
	ck_assert(mean[2] == 1 && deviation[2] == 0);
}
END_TEST

static void assert_real(const struct ut_dataset *set, double mean,
			double deviation, const char *train, const char *test)
{
	char text[UT_FINGERPRINT_TEXT];
	double m, d;

	ck_assert_uint_eq(set->train.count, 60000);
	ck_assert_uint_eq(set->test.count, 10000);
	ck_assert_uint_eq(ut_dataset_image_bytes(set), 784);
	ut_split_moments(set, &set->train, &m, &d);
	ck_assert_double_eq_tol(m, mean, 5e-5);
	ck_assert_double_eq_tol(d, deviation, 5e-5);
	ut_fingerprint_text(set->train.digest, text);
	ck_assert_str_eq(text, train);
	ut_fingerprint_text(set->test.digest, text);
	ck_assert_str_eq(text, test);
}

START_TEST(fashion_mnist_is_found_where_debian_puts_it)
{
	struct ut_dataset set;
	double start = ut_clock_now();

	if (!ut_file_exists("/usr/share/datasets/fashion-mnist")) {
		test_skip("Fashion-MNIST", "dataset-fashion-mnist is not "
					   "installed");
		return;
	}
	set = load("fashion-mnist", NULL, NULL);
	printf("Fashion-MNIST loaded in %.2f s\n", ut_clock_now() - start);
	assert_real(&set, 0.2860, 0.3530, "722bb52b5d65e83562317e8059a30d27",
		    "616582a7efbc97b4d5bdb45c1f089691");
	ut_dataset_release(&set);
}
END_TEST

START_TEST(mnist_is_what_it_should_be)
{
	const char *root = getenv("UNDERTONE_TEST_DATA");
	struct ut_dataset set;

	if (!root) {
		test_skip("MNIST", "UNDERTONE_TEST_DATA names no folder with "
				   "mnist in it");
		return;
	}
	set = load("mnist", root, NULL);
	assert_real(&set, 0.1307, 0.3081, "d62a412bf71926c7ea184c6a70f11642",
		    "25a485066fdd2305d3abf20dfd144ebc");
	ut_dataset_release(&set);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("dataset");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, a_set_is_loaded_from_its_folder);
	tcase_add_test(tests, places_are_searched_in_order);
	tcase_add_test(
		tests,
		a_missing_set_says_where_it_was_sought_and_how_to_get_it);
	tcase_add_test(tests, the_folder_that_is_named_is_the_only_one);
	tcase_add_test(tests, an_incomplete_set_is_no_reason_to_look_elsewhere);
	tcase_add_test(tests, unknown_sets_have_a_suggestion);
	tcase_add_test(tests, images_and_labels_must_be_as_many);
	tcase_add_test(tests, train_and_test_must_be_of_one_size);
	tcase_add_test(tests, damage_is_reported_with_the_file);
	tcase_add_test(tests, some_classes_can_be_kept);
	tcase_add_test(tests, classes_that_make_no_sense_are_refused);
	tcase_add_test(tests, splitting_anew_mixes_and_keeps_all);
	tcase_add_test(tests, limits_keep_the_first_images);
	tcase_add_test(tests, moments_are_those_of_the_definition);
	tcase_add_test(tests, moments_are_of_each_channel);
	tcase_add_test(tests, fashion_mnist_is_found_where_debian_puts_it);
	tcase_add_test(tests, mnist_is_what_it_should_be);
	return test_main_alone("dataset", tests);
}
