/* IDX files, most of them hostile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/idx.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { IMAGES = 5, HEIGHT = 3, WIDTH = 2, BYTES = IMAGES * HEIGHT * WIDTH };

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static const uint32_t sizes[] = {IMAGES, HEIGHT, WIDTH};

static void fill(uint8_t *data, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; ++i)
		data[i] = (uint8_t)(i * 37 + i / 256);
}

/* A readable file of images, named "images". */
static const char *images_file(bool gzip)
{
	const char *path = test_scratch("images");
	uint8_t data[BYTES];

	fill(data, BYTES);
	test_scratch_idx(path, gzip, 3, sizes, data, BYTES);
	return path;
}

static void assert_images_fail(const char *path, enum ut_status status,
			       const char *why)
{
	struct ut_idx_images images = {.count = 77};
	struct ut_error error = {0};

	ck_assert_int_eq(ut_idx_read_images(&images, path, &error), status);
	ck_assert_msg(!strncmp(error.text, "cannot read images: ", 20), "%s",
		      error.text);
	ck_assert_msg(strstr(error.text, path), "%s", error.text);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
	ck_assert_uint_eq(images.count, 77);
	ck_assert_ptr_null(images.pixels);
}

static void assert_labels_fail(const char *path, enum ut_status status,
			       const char *why)
{
	struct ut_error error = {0};
	uint8_t *labels = NULL;
	size_t count = 77;

	ck_assert_int_eq(ut_idx_read_labels(&labels, &count, 10, path, &error),
			 status);
	ck_assert_msg(!strncmp(error.text, "cannot read labels: ", 20), "%s",
		      error.text);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
	ck_assert_uint_eq(count, 77);
	ck_assert_ptr_null(labels);
}

START_TEST(images_are_read_plain_and_gzipped)
{
	uint8_t expected[BYTES];
	int gzip;

	fill(expected, BYTES);
	for (gzip = 0; gzip < 2; ++gzip) {
		struct ut_idx_images images;
		struct ut_error error = {0};

		ck_assert_msg(!ut_idx_read_images(&images, images_file(gzip),
						  &error),
			      "%s", error.text);
		ck_assert_uint_eq(images.count, IMAGES);
		ck_assert_uint_eq(images.height, HEIGHT);
		ck_assert_uint_eq(images.width, WIDTH);
		ck_assert_mem_eq(images.pixels, expected, BYTES);
		free(images.pixels);
	}
}
END_TEST

START_TEST(labels_are_read)
{
	static const uint32_t ten = 10;
	static const uint8_t data[] = {9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	struct ut_error error = {0};
	uint8_t *labels;
	size_t count;

	test_scratch_idx(test_scratch("labels"), true, 1, &ten, data, 10);
	ck_assert_msg(!ut_idx_read_labels(&labels, &count, 10,
					  test_scratch("labels"), &error),
		      "%s", error.text);
	ck_assert_uint_eq(count, 10);
	ck_assert_mem_eq(labels, data, 10);
	free(labels);
}
END_TEST

START_TEST(files_above_the_first_step_of_memory_are_whole)
{
	static const uint32_t many[] = {3100, 28, 28};
	size_t bytes = (size_t)3100 * 28 * 28;
	uint8_t *data = malloc(bytes);
	struct ut_idx_images images;
	struct ut_error error = {0};

	fill(data, bytes);
	test_scratch_idx(test_scratch("big"), true, 3, many, data, bytes);
	ck_assert_msg(!ut_idx_read_images(&images, test_scratch("big"), &error),
		      "%s", error.text);
	ck_assert_int_eq(memcmp(images.pixels, data, bytes), 0);
	free(images.pixels);
	free(data);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
	int gzip;

	for (gzip = 0; gzip < 2; ++gzip) {
		const char *cut = test_scratch("cut");
		struct ut_error error = {0};
		size_t bytes, length;
		char *data;

		ck_assert_int_eq(ut_file_read(images_file(gzip), 10000, &data,
					      &bytes, &error),
				 UT_OK);
		for (length = 0; length < bytes; ++length) {
			test_scratch_write(cut, data, length, false);
			assert_images_fail(cut, UT_CORRUPT, "");
		}
		free(data);
	}
}
END_TEST

START_TEST(a_short_file_says_where_it_ends)
{
	const char *path = test_scratch("short");
	uint8_t data[BYTES];

	fill(data, BYTES);
	test_scratch_idx(path, false, 3, sizes, data, 2 * HEIGHT * WIDTH + 1);
	assert_images_fail(path, UT_CORRUPT, ": file ends after 2 of 5 images");
	test_scratch_idx(path, true, 3, sizes, data, 2 * HEIGHT * WIDTH + 1);
	assert_images_fail(path, UT_CORRUPT, ": file ends after 2 of 5 images");
	test_scratch_idx(path, true, 1, sizes, data, 3);
	assert_labels_fail(path, UT_CORRUPT, ": file ends after 3 of 5 labels");
}
END_TEST

START_TEST(a_file_that_goes_on_is_refused)
{
	static uint8_t data[BYTES + 1];

	test_scratch_idx(test_scratch("long"), true, 3, sizes, data, BYTES + 1);
	assert_images_fail(test_scratch("long"), UT_CORRUPT,
			   "file goes on after 5 images");
	test_scratch_idx(test_scratch("long"), false, 1, sizes, data, 6);
	assert_labels_fail(test_scratch("long"), UT_CORRUPT,
			   "file goes on after 5 labels");
}
END_TEST

START_TEST(any_damaged_byte_of_gzip_is_found)
{
	const char *bad = test_scratch("bad");
	struct ut_error error = {0};
	size_t bytes, i;
	char *data;

	ck_assert_int_eq(ut_file_read(images_file(true), 10000, &data, &bytes,
				      &error),
			 UT_OK);
	/* the first 10 bytes are gzip's header: time, system and such */
	for (i = 10; i < bytes; ++i) {
		data[i] ^= 0x10;
		test_scratch_write(bad, data, bytes, false);
		assert_images_fail(bad, UT_CORRUPT, "");
		data[i] ^= 0x10;
	}
	data[bytes - 8] ^= 1;
	test_scratch_write(bad, data, bytes, false);
	assert_images_fail(bad, UT_CORRUPT,
			   "damaged gzip: incorrect data check");
	free(data);
}
END_TEST

START_TEST(other_magic_is_refused)
{
	static const uint8_t text[] = "<html>404 not found</html>";

	test_scratch_write(test_scratch("page"), text, sizeof(text), true);
	assert_images_fail(test_scratch("page"), UT_CORRUPT,
			   "not an IDX file of images");
	assert_labels_fail(test_scratch("page"), UT_CORRUPT,
			   "not an IDX file of labels");
	/* images and labels mistaken for each other */
	assert_labels_fail(images_file(true), UT_CORRUPT,
			   "it does not begin with 0x00000801");
	test_scratch_idx(test_scratch("labels"), true, 1, sizes, text, 5);
	assert_images_fail(test_scratch("labels"), UT_CORRUPT,
			   "it does not begin with 0x00000803");
}
END_TEST

START_TEST(sizes_of_zero_are_refused)
{
	static const uint32_t zeros[][3] = {{0, 3, 2}, {5, 0, 2}, {5, 3, 0}};
	size_t i;

	for (i = 0; i < 3; ++i) {
		test_scratch_idx(test_scratch("none"), true, 3, zeros[i], NULL,
				 0);
		assert_images_fail(test_scratch("none"), UT_CORRUPT,
				   "no images: a size of 0");
	}
	test_scratch_idx(test_scratch("none"), true, 1, zeros[0], NULL, 0);
	assert_labels_fail(test_scratch("none"), UT_CORRUPT, "no labels");
}
END_TEST

START_TEST(absurd_sizes_are_refused_before_memory_is_asked_for)
{
	static const uint32_t absurd[][3] = {
		{0xffffffff, 0xffffffff, 0xffffffff},
		{0x80000001, 1, 1},
		{65536, 256, 129},
		{1, 0x10000, 0x10000},
	};
	size_t i;

	for (i = 0; i < sizeof(absurd) / sizeof(*absurd); ++i) {
		test_scratch_idx(test_scratch("giant"), true, 3, absurd[i],
				 NULL, 0);
		assert_images_fail(test_scratch("giant"), UT_CORRUPT,
				   "absurd sizes");
	}
}
END_TEST

START_TEST(a_large_claim_takes_no_more_memory_than_is_there)
{
	static const uint32_t claim[] = {65536, 256, 128};
	struct rlimit before, small;
	struct ut_idx_images images;
	struct ut_error error = {0};
	enum ut_status status;

#ifdef __SANITIZE_ADDRESS__
	test_skip("memory limits", "the address sanitizer needs its own");
	return;
#endif
	test_scratch_idx(test_scratch("claim"), true, 3, claim, NULL, 5000000);
	getrlimit(RLIMIT_DATA, &before);
	small = before;
	small.rlim_cur = (rlim_t)1 << 28;
	setrlimit(RLIMIT_DATA, &small);
	status = ut_idx_read_images(&images, test_scratch("claim"), &error);
	setrlimit(RLIMIT_DATA, &before);
	ck_assert_int_eq(status, UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "ends after 152 of 65536"));
}
END_TEST

START_TEST(labels_out_of_range_are_named)
{
	static const uint8_t data[] = {0, 9, 10, 3, 255};

	test_scratch_idx(test_scratch("labels"), true, 1, sizes, data, 5);
	assert_labels_fail(test_scratch("labels"), UT_CORRUPT,
			   ": label 2 is 10, not one of 0 to 9");
}
END_TEST

START_TEST(what_is_no_readable_file_is_an_error)
{
	bool root = !geteuid();
	const char *path = images_file(true);

	assert_images_fail(test_scratch("nowhere"), UT_MISSING,
			   "No such file or directory");
	assert_images_fail(test_scratch("."), UT_IO, "not a regular file");
	ck_assert_int_eq(mkfifo(test_scratch("pipe"), 0666), 0);
	assert_images_fail(test_scratch("pipe"), UT_IO, "not a regular file");
	test_scratch_write(test_scratch("empty"), "", 0, false);
	assert_images_fail(test_scratch("empty"), UT_CORRUPT, "file is empty");
	test_scratch_write(test_scratch("empty.gz"), "", 0, true);
	assert_labels_fail(test_scratch("empty.gz"), UT_CORRUPT,
			   "file is empty");
	ck_assert_int_eq(chmod(path, 0), 0);
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	assert_images_fail(path, UT_IO, "Permission denied");
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(noise_is_refused_whatever_it_says)
{
	struct test_random random = {20250614};
	const char *path = test_scratch("noise");
	unsigned round;

	for (round = 0; round < 400; ++round) {
		uint8_t data[200] = {0, 0, 8, 3};
		size_t bytes = test_between(&random, 0, sizeof(data)), i;
		size_t from = round % 3 == 0 ? 0 : round % 3 == 1 ? 4 : 14;

		/* a gzip header, an IDX header or nothing before noise */
		if (round % 3 == 2)
			memcpy(data, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
		for (i = from; i < sizeof(data); ++i)
			data[i] = (uint8_t)test_word(&random);
		test_scratch_write(path, data, bytes, false);
		assert_images_fail(path, UT_CORRUPT, "");
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("idx");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, images_are_read_plain_and_gzipped);
	tcase_add_test(tests, labels_are_read);
	tcase_add_test(tests, files_above_the_first_step_of_memory_are_whole);
	tcase_add_test(tests, a_file_cut_anywhere_is_refused);
	tcase_add_test(tests, a_short_file_says_where_it_ends);
	tcase_add_test(tests, a_file_that_goes_on_is_refused);
	tcase_add_test(tests, any_damaged_byte_of_gzip_is_found);
	tcase_add_test(tests, other_magic_is_refused);
	tcase_add_test(tests, sizes_of_zero_are_refused);
	tcase_add_test(tests,
		       absurd_sizes_are_refused_before_memory_is_asked_for);
	tcase_add_test(tests, a_large_claim_takes_no_more_memory_than_is_there);
	tcase_add_test(tests, labels_out_of_range_are_named);
	tcase_add_test(tests, what_is_no_readable_file_is_an_error);
	tcase_add_test(tests, noise_is_refused_whatever_it_says);
	return test_main_alone("idx", tests);
}
