/*
 * Folders of JPEG files (names that end in .jpg or .jpeg, in any case) with a
 * class each:
 *
 *	DIR/CLASS/...             a folder a class, folders in it included
 *	DIR/CLASS.N.jpg           Kaggle's names: the class before the first dot
 *
 * either of them in DIR itself, or in DIR/train and beside it DIR/test (or val,
 * valid, validation). Without a test folder a fifth of every class is for
 * testing. Classes are numbered in the byte order of their names.
 *
 * Names that begin with a dot, __MACOSX, other files, and what lies beside train
 * and test are ignored and counted.
 */
#ifndef UT_IMAGEFOLDER_H
#define UT_IMAGEFOLDER_H

#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

#include "base/fingerprint.h"

struct ut_image_file {
	char *path; /* below the folder; heap */
	char *class_name, *number;
	uint64_t bytes;
	int64_t seconds, nanoseconds; /* when it was changed last */
	uint8_t label;
};

struct ut_image_folder {
	/*
	 * First the training files, then the test files. Sorted by class, number
	 * and path, then shuffled (ut_order_shuffle, purpose "imgs", seed 0,
	 * epoch 0 for train and 1 for test), so that the first n of them are a
	 * fair choice. Where there is no test folder all are shuffled as train,
	 * and of each class the first four fifths, rounded down, stay.
	 */
	struct ut_image_file *files;
	size_t train, test;
	char **class_names; /* (classes), one block */
	size_t classes;
	size_t ignored;
};

/*
 * Looks through a folder; reads no file. UT_INVALID, the text naming the path:
 * no images, a class without one, one class only or more than 256, a class's name
 * that is not UTF-8, images both in class folders and beside them, a name without a class, a test class that
 * training lacks, a folder that is reached twice (links that go round), folders
 * too deep. UT_MISSING or UT_IO for a folder that cannot be read; UT_MEMORY.
 */
enum ut_status ut_image_folder_scan(struct ut_image_folder *folder,
				    const char *path, struct ut_error *error);
void ut_image_folder_release(struct ut_image_folder *folder);

/* Of everything that tells one state of the files from another. */
struct ut_fingerprint ut_image_folder_fingerprint(
	const struct ut_image_folder *folder);

#endif
