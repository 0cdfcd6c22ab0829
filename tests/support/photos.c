/* Folders of photographs for tests. */
#include "photos.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "scratch.h"

#define FIXTURES "tests/fixtures/jpeg/"

/* Copies a fixture to a path (printf format) in the scratch folder. */
void test_photo(const char *fixture, const char *format, ...)
{
	struct ut_error error = {0};
	char name[256], *data, *slash;
	const char *path;
	va_list arguments;
	size_t bytes;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	path = test_scratch("%s", name);
	slash = strrchr(name, '/');
	if (slash) {
		*slash = '\0';
		ck_assert(!ut_folder_make(test_scratch("%s", name), &error));
	}
	snprintf(name, sizeof(name), FIXTURES "%s.jpg", fixture);
	ck_assert_msg(!ut_file_read(name, 1 << 20, &data, &bytes, &error), "%s",
		      error.text);
	test_scratch_write(path, data, bytes, false);
	free(data);
}

void test_photo_text(const char *path)
{
	test_scratch_write(test_scratch("%s", path), "it is a cat\n", 12,
			   false);
}

/* Kaggle's names: n of each class. */
void test_photos(const char *folder, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; ++i) {
		test_photo("rgb-420", "%s/dog.%u.jpg", folder, i);
		test_photo("progressive", "%s/cat.%u.jpg", folder, i);
	}
}

struct ut_dataset test_photos_load(const char *dir,
				   const struct ut_image_options *options)
{
	struct ut_dataset set;
	struct ut_error error = {0};

	ck_assert_msg(!ut_dataset_load(&set, "images", test_scratch("%s", dir),
				       NULL, options, &error),
		      "%s", error.text);
	return set;
}

void test_photos_fail(const char *dir, const struct ut_image_options *options,
		      enum ut_status status, const char *why)
{
	struct ut_dataset set = {.height = 77};
	struct ut_error error = {0};

	ck_assert_int_eq(ut_dataset_load(&set, "images",
					 test_scratch("%s", dir), NULL, options,
					 &error),
			 status);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
	ck_assert_uint_eq(set.height, 77);
	ck_assert_ptr_null(set.train.images);
}

void test_photos_equal(const struct ut_dataset *a, const struct ut_dataset *b)
{
	ck_assert_uint_eq(a->train.count, b->train.count);
	ck_assert_uint_eq(a->test.count, b->test.count);
	ck_assert(ut_fingerprint_equal(a->train.digest, b->train.digest));
	ck_assert(ut_fingerprint_equal(a->test.digest, b->test.digest));
}
