/* Photographs in memory, and in a cache on the disk. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "data/jpeg.h"
#include "support/photos.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { SIDE = 8 };

static const struct ut_image_options usual = {.size = SIDE, .channels = 3};

/* The only file in a folder, on the heap. */
static char *only_file(const char *folder)
{
	char command[600], name[256] = "";
	FILE *out;

	snprintf(command, sizeof(command), "ls -A '%s'", folder);
	out = popen(command, "r");
	ck_assert_int_eq(fscanf(out, "%255s", name), 1);
	ck_assert_int_ne(fscanf(out, "%*s"), 1);
	pclose(out);
	return ut_path_join(folder, name);
}

START_TEST(a_cache_is_mapped_and_nothing_is_decoded)
{
	struct ut_image_options options = usual;
	struct ut_dataset plain, made, mapped;

	test_photos("set", 10);
	test_photo_text("set/dog.30.jpg");
	options.on_error = UT_IMAGE_SKIP;
	plain = test_photos_load("set", &options);
	options.cache = test_scratch("made/by it");
	made = test_photos_load("set", &options);
	mapped = test_photos_load("set", &options);
	test_photos_equal(&plain, &made);
	test_photos_equal(&plain, &mapped);
	ck_assert_uint_eq(made.loading.decoded, 20);
	ck_assert_uint_eq(mapped.loading.decoded, 0);
	ck_assert(made.loading.mapped && mapped.loading.mapped);
	ck_assert_uint_eq(mapped.loading.skipped, 1);
	ck_assert_str_eq(mapped.loading.list, plain.loading.list);
	ck_assert_str_eq(mapped.class_names[1], "dog");
	free(only_file(options.cache));
	ut_dataset_release(&plain);
	ut_dataset_release(&made);
	ut_dataset_release(&mapped);
}
END_TEST

START_TEST(a_mapped_set_is_cut_like_any_other)
{
	static const uint8_t dogs[] = {1};
	struct ut_image_options options = usual;
	struct ut_error error = {0};
	int way;

	test_photos("set", 10);
	for (way = 0; way < 3; ++way) {
		struct ut_dataset plain, mapped, again;
		struct ut_dataset *sets[] = {&plain, &mapped};
		size_t i;

		options.cache = NULL;
		plain = test_photos_load("set", &options);
		options.cache = test_scratch("cache");
		mapped = test_photos_load("set", &options);
		for (i = 0; i < 2; ++i) {
			if (way == 0)
				ck_assert(!ut_dataset_keep(sets[i], dogs, 1,
							   &error));
			else if (way == 1)
				ck_assert(!ut_dataset_resplit(sets[i], 3,
							      &error));
			else
				ut_dataset_limit(sets[i], 5, 2);
		}
		test_photos_equal(&plain, &mapped);
		/* and the file is as it was */
		again = test_photos_load("set", &options);
		ck_assert_uint_eq(again.loading.decoded, 0);
		ut_dataset_release(&plain);
		ut_dataset_release(&mapped);
		ut_dataset_release(&again);
	}
}
END_TEST

/* Loads with a cache that should be refused, and again when it was made anew. */
static void assert_made_anew(const struct ut_image_options *options)
{
	int i;

	for (i = 0; i < 2; ++i) {
		struct ut_dataset set = test_photos_load("set", options);

		ck_assert_uint_eq(set.loading.decoded, i ? 0 : 20);
		ut_dataset_release(&set);
	}
}

START_TEST(a_cache_that_is_damaged_or_old_is_made_anew)
{
	static const long places[] = {8, 12, 24, 80, 120, 4096, 5000, -1};
	struct ut_image_options options = usual;
	char *path;
	size_t i;

	test_photos("set", 10);
	options.cache = test_scratch("cache");
	assert_made_anew(&options);
	path = only_file(options.cache);
	for (i = 0; i < sizeof(places) / sizeof(*places); ++i) {
		FILE *file = fopen(path, "r+b");
		int byte;

		fseek(file, places[i], places[i] < 0 ? SEEK_END : SEEK_SET);
		byte = fgetc(file);
		fseek(file, -1, SEEK_CUR);
		fputc(byte ^ 0x10, file);
		fclose(file);
		assert_made_anew(&options);
	}
	ck_assert(!truncate(path, 4096));
	assert_made_anew(&options);
	free(path);
	path = only_file(options.cache);
	/* no cache at all */
	test_scratch_write(path, "somebody's", 10, false);
	test_photos_fail("set", &options, UT_EXISTS, "is no cache of images");
	free(path);
}
END_TEST

static void put_print(unsigned char *to, const void *data, size_t bytes)
{
	struct ut_fingerprint print;
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, data, bytes);
	print = ut_fingerprint_finish(&in);
	memcpy(to, &print.high, 8);
	memcpy(to + 8, &print.low, 8);
}

/* Counts of 0 under digests and a check that are right. */
START_TEST(a_cache_of_no_images_is_made_anew)
{
	enum { TRAIN_DIGEST = 40, TRAIN = 88, CHECK = 120, HEADER = 136 };
	struct ut_image_options options = usual;
	unsigned char header[HEADER];
	size_t i;

	test_photos("set", 10);
	options.cache = test_scratch("cache");
	for (i = 0; i < 2; ++i) {
		char *path;
		FILE *file;

		assert_made_anew(&options);
		path = only_file(options.cache);
		file = fopen(path, "r+b");
		ck_assert_uint_eq(fread(header, 1, HEADER, file), HEADER);
		memset(header + TRAIN + 8 * i, 0, 8);
		put_print(header + TRAIN_DIGEST + 16 * i, "", 0);
		put_print(header + CHECK, header, CHECK);
		rewind(file);
		fwrite(header, 1, HEADER, file);
		fclose(file);
		free(path);
	}
	assert_made_anew(&options);
}
END_TEST

START_TEST(other_files_or_options_are_another_cache)
{
	struct ut_image_options options = usual;

	test_photos("set", 10);
	options.cache = test_scratch("cache");
	assert_made_anew(&options);
	options.size = SIDE + 1;
	assert_made_anew(&options);
	options.channels = 1;
	assert_made_anew(&options);
	options.fit = UT_FIT_STRETCH;
	assert_made_anew(&options);
	/* another time, then another content */
	test_photo("rgb-420", "set/cat.3.jpg");
	assert_made_anew(&options);
	test_photo("grey", "set/cat.3.jpg");
	assert_made_anew(&options);
}
END_TEST

START_TEST(a_set_larger_than_the_limit_needs_a_cache)
{
	struct ut_image_options options = {.size = 256,
					   .channels = 3,
					   .memory = 1};
	struct ut_dataset set;

	test_photos("set", 10);
	test_photos_fail("set", &options, UT_INVALID,
			 "20 images of 256x256x3 need 4 MiB and data.memory "
			 "allows 1 MiB");
	test_photos_fail("set", &options, UT_INVALID, "data.cache");
	options.cache = test_scratch("cache");
	set = test_photos_load("set", &options);
	ck_assert(set.loading.mapped);
	ut_dataset_release(&set);
	options.cache = test_scratch("set/cat.1.jpg");
	test_photos_fail("set", &options, UT_MISSING, "data.cache");
}
END_TEST

/* Says stop when it was asked often enough. */
static bool stop_later(void *user)
{
	return ++*(int *)user > 5;
}

START_TEST(loading_can_be_stopped)
{
	struct ut_image_options options = usual;
	int asked = 0;

	test_photos("set", 20);
	options.stop = stop_later;
	options.user = &asked;
	options.threads = 1;
	options.cache = test_scratch("cache");
	test_photos_fail("set", &options, UT_INTERRUPTED, "stopped");
	/* nothing is left of the cache */
	ck_assert(!rmdir(options.cache));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("imagecache");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	if (!ut_jpeg_available()) {
		test_skip("caches of images", "this build is without JPEG");
		return 0;
	}
	tcase_add_test(tests, a_cache_is_mapped_and_nothing_is_decoded);
	tcase_add_test(tests, a_mapped_set_is_cut_like_any_other);
	tcase_add_test(tests, a_cache_that_is_damaged_or_old_is_made_anew);
	tcase_add_test(tests, a_cache_of_no_images_is_made_anew);
	tcase_add_test(tests, other_files_or_options_are_another_cache);
	tcase_add_test(tests, a_set_larger_than_the_limit_needs_a_cache);
	tcase_add_test(tests, loading_can_be_stopped);
	return test_main_alone("imagecache", tests);
}
