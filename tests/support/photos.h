/* Folders of photographs for tests, in the scratch folder. */
#ifndef UT_TEST_PHOTOS_H
#define UT_TEST_PHOTOS_H

#include "data/dataset.h"

/* Copies tests/fixtures/jpeg/FIXTURE.jpg to a path (printf format). */
void test_photo(const char *fixture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes a text to that path. */
void test_photo_text(const char *path);

/* n of each class by Kaggle's names: cat.0.jpg, dog.0.jpg, ... */
void test_photos(const char *folder, unsigned n);

/* Loads the data set images from a folder, or demands that it fails. */
struct ut_dataset test_photos_load(const char *dir,
				   const struct ut_image_options *options);
void test_photos_fail(const char *dir, const struct ut_image_options *options,
		      enum ut_status status, const char *why);

/* Demands the same counts and digests. */
void test_photos_equal(const struct ut_dataset *a, const struct ut_dataset *b);

#endif
