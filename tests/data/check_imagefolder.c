/* Folders of photographs: what is read, how it is split, what is refused. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data/imagefolder.h"
#include "data/jpeg.h"
#include "support/photos.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { SIDE = 8 };

static const struct ut_image_options usual = {.size = SIDE, .channels = 3};

static void assert_fails(const char *dir, enum ut_status status,
			 const char *why)
{
	test_photos_fail(dir, &usual, status, why);
}

static size_t count_label(const struct ut_split *split, uint8_t label)
{
	size_t counts[UT_DATASET_CLASSES];

	ut_split_count_labels(split, counts);
	return counts[label];
}

START_TEST(class_folders_become_classes_in_byte_order)
{
	struct ut_dataset set;
	unsigned i;

	for (i = 0; i < 5; ++i) {
		test_photo("grey", "set/b/%u.jpg", i);
		test_photo("rgb-444", "set/a/deeper/%u.JPEG", i);
		test_photo("rgb-444", "set/Z/x%u.jpg", i);
	}
	test_photo_text("set/b/notes.txt");
	test_photo_text("set/.hidden.jpg");
	test_photo("grey", "set/__MACOSX/x.jpg");
	set = test_photos_load("set", &usual);
	ck_assert_uint_eq(set.classes, 3);
	ck_assert_str_eq(set.class_names[0], "Z");
	ck_assert_str_eq(set.class_names[1], "a");
	ck_assert_str_eq(set.class_names[2], "b");
	ck_assert_uint_eq(set.height, SIDE);
	ck_assert_uint_eq(set.channels, 3);
	ck_assert_uint_eq(set.train.count, 12);
	ck_assert_uint_eq(set.test.count, 3);
	for (i = 0; i < 3; ++i)
		ck_assert_uint_eq(count_label(&set.test, (uint8_t)i), 1);
	ck_assert_uint_eq(set.loading.ignored, 3);
	ck_assert_uint_eq(set.loading.decoded, 15);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(train_and_test_folders_are_the_split)
{
	static const char *const tests[] = {"test", "val", "Validation"};
	size_t i;

	for (i = 0; i < 3; ++i) {
		const char *name = tests[i];
		struct ut_dataset set;
		char root[32], folder[64];

		snprintf(root, sizeof(root), "set-%zu", i);
		snprintf(folder, sizeof(folder), "%s/train", root);
		test_photos(folder, 3);
		test_photo("grey", "%s/%s/dog/other name.jpg", root, name);
		test_photo("grey", "%s/unlabelled/1.jpg", root);
		set = test_photos_load(root, &usual);
		ck_assert_uint_eq(set.train.count, 6);
		ck_assert_uint_eq(set.test.count, 1);
		ck_assert_uint_eq(set.test.labels[0], 1);
		ck_assert_uint_eq(set.loading.ignored, 1);
		ut_dataset_release(&set);
	}
}
END_TEST

START_TEST(a_class_may_be_called_train)
{
	struct ut_dataset set;
	unsigned i;

	for (i = 0; i < 5; ++i) {
		test_photo("grey", "set/train/%u.jpg", i);
		test_photo("grey", "set/plane/%u.jpg", i);
	}
	set = test_photos_load("set", &usual);
	ck_assert_uint_eq(set.classes, 2);
	ck_assert_str_eq(set.class_names[1], "train");
	ck_assert_uint_eq(set.train.count, 8);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(flat_names_are_sorted_by_number_and_split_by_class)
{
	struct ut_image_folder folder;
	struct ut_error error = {0};
	size_t i, dogs = 0;

	test_photos("set", 11);
	ck_assert(!ut_image_folder_scan(&folder, test_scratch("set"), &error));
	/* four fifths of 11, rounded down */
	ck_assert_uint_eq(folder.train, 16);
	ck_assert_uint_eq(folder.test, 6);
	for (i = 0; i < folder.train; ++i)
		dogs += folder.files[i].label;
	ck_assert_uint_eq(dogs, 8);
	/*
	 * The order is the contract's: ut_order_shuffle of cat.0 .. cat.10,
	 * dog.0 .. dog.10. It must never change: runs depend on it.
	 */
	ck_assert_str_eq(folder.files[0].path, "dog.4.jpg");
	ck_assert_str_eq(folder.files[1].path, "cat.9.jpg");
	ut_image_folder_release(&folder);
}
END_TEST

START_TEST(threads_change_nothing)
{
	struct ut_image_options options = usual;
	struct ut_dataset one, many;

	test_photos("set", 20);
	options.threads = 1;
	one = test_photos_load("set", &options);
	options.threads = 7;
	many = test_photos_load("set", &options);
	test_photos_equal(&one, &many);
	ut_dataset_release(&one);
	ut_dataset_release(&many);
}
END_TEST

START_TEST(folders_without_a_set_in_them_are_refused)
{
	struct ut_error error = {0};

	assert_fails("nowhere", UT_MISSING, "nowhere");
	ut_folder_make(test_scratch("empty"), &error);
	assert_fails("empty", UT_INVALID, "no images in");
	test_photo("grey", "one/cat.1.jpg");
	test_photo("grey", "one/cat.2.jpg");
	assert_fails("one", UT_INVALID, "one class only");
	test_photo("grey", "hollow/cat/1.jpg");
	ut_folder_make(test_scratch("hollow/dog"), &error);
	test_photo_text("hollow/dog/a.txt");
	assert_fails("hollow", UT_INVALID, "hollow/dog has no JPEG file");
	test_photo("grey", "mixed/cat/1.jpg");
	test_photo("grey", "mixed/2.jpg");
	assert_fails("mixed", UT_INVALID, "images beside its class folders");
	test_photo("grey", "nameless/cat.1.jpg");
	test_photo("grey", "nameless/IMG_1.jpg");
	assert_fails("nameless", UT_INVALID, "no class in the name");
	assert_fails("nameless", UT_INVALID, "nameless/IMG_1.jpg");
	test_photos("strange/train", 2);
	test_photo("grey", "strange/test/bird.1.jpg");
	assert_fails("strange", UT_INVALID, "class bird of the test image");
	test_photo("grey", "few/cat.1.jpg");
	test_photo("grey", "few/dog.1.jpg");
	test_photo("grey", "few/dog.2.jpg");
	assert_fails("few", UT_INVALID, "class cat");
	test_photos("latin", 2);
	test_photo("grey", "latin/k\xe4tzchen.1.jpg");
	assert_fails("latin", UT_INVALID, "tzchen.1.jpg has a name that is");
}
END_TEST

START_TEST(more_classes_than_a_byte_holds_are_refused)
{
	unsigned i;

	for (i = 0; i < 257; ++i)
		test_photo("pixel", "set/class%u.1.jpg", i);
	assert_fails("set", UT_INVALID, "too many classes");
}
END_TEST

START_TEST(links_that_go_round_are_refused)
{
	test_photo("grey", "set/a/1.jpg");
	test_photo("grey", "set/b/1.jpg");
	ck_assert(!symlink("..", test_scratch("set/b/up")));
	assert_fails("set", UT_INVALID, "a link goes round");
	ck_assert(!unlink(test_scratch("set/b/up")));
	ck_assert(!symlink("a", test_scratch("set/c")));
	assert_fails("set", UT_INVALID, "set/c is the same folder as");
	test_photo("grey", "deep/b/1/2/3/4/5/6/7/8/9/1.jpg");
	assert_fails("deep", UT_INVALID, "folders below its class");
}
END_TEST

START_TEST(a_link_to_a_file_or_a_folder_is_followed)
{
	struct ut_dataset set;

	test_photos("elsewhere/cat", 2);
	test_photo("grey", "set/dog/1.jpg");
	test_photo("grey", "set/dog/2.jpg");
	ck_assert(!symlink("../elsewhere/cat", test_scratch("set/cat")));
	ck_assert(!symlink("1.jpg", test_scratch("set/dog/3.jpg")));
	set = test_photos_load("set", &usual);
	ck_assert_uint_eq(set.train.count + set.test.count, 7);
	ut_dataset_release(&set);
}
END_TEST

START_TEST(the_first_bad_file_stops_and_is_named)
{
	struct ut_image_options options = usual;
	unsigned threads, i;
	char first[512] = "";

	test_photos("set", 30);
	test_photo("arithmetic", "set/cat.30.jpg");
	test_photo_text("set/dog.30.jpg");
	ck_assert(!symlink("nowhere", test_scratch("set/dog.31.jpg")));
	for (i = 0; i < 5; ++i)
		for (threads = 1; threads < 6; ++threads) {
			struct ut_error error = {0};
			struct ut_dataset set;

			options.threads = threads;
			ck_assert(ut_dataset_load(&set, "images",
						  test_scratch("set"), NULL,
						  &options, &error));
			ck_assert_ptr_nonnull(
				strstr(error.text, "data.on_error = skip"));
			if (!*first)
				snprintf(first, sizeof(first), "%.500s",
					 error.text);
			ck_assert_str_eq(error.text, first);
		}
}
END_TEST

START_TEST(bad_files_can_be_skipped)
{
	struct ut_image_options options = usual;
	struct ut_dataset set, clean;

	test_photos("set/train", 4);
	test_photos("set/test", 4);
	clean = test_photos_load("set", &usual);
	test_photo_text("set/train/dog.30.jpg");
	test_photo("arithmetic", "set/test/cat.30.jpg");
	ck_assert(!symlink("nowhere", test_scratch("set/train/cat.31.jpg")));
	options.on_error = UT_IMAGE_SKIP;
	set = test_photos_load("set", &options);
	ck_assert_uint_eq(set.train.count, 8);
	ck_assert_uint_eq(set.test.count, 8);
	ck_assert_uint_eq(set.loading.skipped, 3);
	ck_assert_uint_eq(set.loading.decoded, 16);
	ck_assert_ptr_nonnull(strstr(set.loading.list,
				     "dog.30.jpg: text, not a JPEG file\n"));
	ck_assert_ptr_nonnull(strstr(set.loading.list, "cat.31.jpg: No such"));
	ck_assert_uint_eq(count_label(&set.train, 0), 4);
	ut_dataset_release(&set);
	ut_dataset_release(&clean);
}
END_TEST

START_TEST(skipping_all_of_a_class_is_an_error)
{
	struct ut_image_options options = usual;
	unsigned i;

	options.on_error = UT_IMAGE_SKIP;
	test_photos("set", 5);
	for (i = 0; i < 5; ++i)
		test_photo("arithmetic", "set/cat.%u.jpg", i);
	test_photos_fail("set", &options, UT_CORRUPT,
			 "no training image of class cat");
	test_photos_fail("set", &options, UT_CORRUPT, "arithmetic-coded");
}
END_TEST

START_TEST(what_may_not_be_read_is_named)
{
	bool root = !geteuid();

	test_photos("set", 2);
	test_photos("other/cat", 2);
	ck_assert(!chmod(test_scratch("set/cat.1.jpg"), 0));
	ck_assert(!chmod(test_scratch("other/cat"), 0));
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	assert_fails("set", UT_IO, "set/cat.1.jpg: Permission denied");
	assert_fails("other", UT_IO, "other/cat: Permission denied");
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert(!chmod(test_scratch("other/cat"), 0700));
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
	struct ut_image_options options = usual;

	test_photos("set", 2);
	options.size = 0;
	test_photos_fail("set", &options, UT_INVALID, "image.size");
	options.size = UT_IMAGE_SIDE_MAX + 1;
	test_photos_fail("set", &options, UT_INVALID, "image.size");
	options = usual;
	options.channels = 2;
	test_photos_fail("set", &options, UT_INVALID, "image.colour");
}
END_TEST

START_TEST(catdog_is_found_as_the_other_sets_are)
{
	const char *roots[] = {test_scratch("nowhere"), test_scratch("root"),
			       NULL};
	struct ut_error error = {0};
	struct ut_dataset set;

	test_photos("root/catdog", 5);
	ck_assert(
		!ut_dataset_load(&set, "catdog", NULL, roots, &usual, &error));
	ck_assert_str_eq(set.name, "catdog");
	ut_dataset_release(&set);
	ck_assert(!ut_dataset_load(&set, "catdog", roots[1], NULL, &usual,
				   &error));
	ut_dataset_release(&set);
	ck_assert(!ut_dataset_load(&set, "catdog", test_scratch("root/catdog"),
				   NULL, &usual, &error));
	ut_dataset_release(&set);
	ck_assert_int_eq(ut_dataset_load(&set, "catdog", NULL, NULL, &usual,
					 &error),
			 UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "data/fetch catdog"));
	ck_assert_int_eq(ut_dataset_load(&set, "images", NULL, roots, &usual,
					 &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "data.dir"));
	test_photo("grey", "root/catdog/bird.1.jpg");
	test_photo("grey", "root/catdog/bird.2.jpg");
	ck_assert_int_eq(ut_dataset_load(&set, "catdog", NULL, roots, &usual,
					 &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "catdog has two classes"));
}
END_TEST

START_TEST(real_photographs_are_what_they_should_be)
{
	const char *root = getenv("UNDERTONE_TEST_DATA");
	char text[UT_FINGERPRINT_TEXT];
	struct ut_image_options options = {.size = 48, .channels = 3};
	struct ut_error error = {0};
	struct ut_dataset set;

	if (!root) {
		test_skip("cats and dogs", "UNDERTONE_TEST_DATA names no "
					   "folder with catdog in it");
		return;
	}
	ck_assert_msg(!ut_dataset_load(&set, "catdog", root, NULL, &options,
				       &error),
		      "%s", error.text);
	printf("%zu photographs decoded in %.2f s\n", set.loading.decoded,
	       set.loading.seconds);
	ck_assert_uint_eq(set.train.count, 2000);
	ck_assert_uint_eq(count_label(&set.test, 1), 250);
	ut_fingerprint_text(set.train.digest, text);
	ck_assert_str_eq(text, "2ceedc2c8f320b05fbab353749817f01");
	ut_dataset_release(&set);
}
END_TEST

START_TEST(a_build_without_jpeg_says_so)
{
	test_photos("set", 2);
	assert_fails("set", UT_INVALID, "--without-jpeg");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, class_folders_become_classes_in_byte_order);
	tcase_add_test(tests, train_and_test_folders_are_the_split);
	tcase_add_test(tests, a_class_may_be_called_train);
	tcase_add_test(tests,
		       flat_names_are_sorted_by_number_and_split_by_class);
	tcase_add_test(tests, threads_change_nothing);
	tcase_add_test(tests, folders_without_a_set_in_them_are_refused);
	tcase_add_test(tests, more_classes_than_a_byte_holds_are_refused);
	tcase_add_test(tests, links_that_go_round_are_refused);
	tcase_add_test(tests, a_link_to_a_file_or_a_folder_is_followed);
	tcase_add_test(tests, the_first_bad_file_stops_and_is_named);
	tcase_add_test(tests, bad_files_can_be_skipped);
	tcase_add_test(tests, skipping_all_of_a_class_is_an_error);
	tcase_add_test(tests, what_may_not_be_read_is_named);
	tcase_add_test(tests, options_out_of_range_are_refused);
	tcase_add_test(tests, catdog_is_found_as_the_other_sets_are);
	tcase_add_test(tests, real_photographs_are_what_they_should_be);
}

int main(void)
{
	TCase *tests = tcase_create("imagefolder");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	if (ut_jpeg_available()) {
		add_tests(tests);
	} else {
		test_skip("folders of images", "this build is without JPEG");
		tcase_add_test(tests, a_build_without_jpeg_says_so);
	}
	return test_main_alone("imagefolder", tests);
}
