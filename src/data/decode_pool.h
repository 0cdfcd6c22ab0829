/* Many JPEG files decoded by threads. */
#ifndef UT_DECODE_POOL_H
#define UT_DECODE_POOL_H

#include <undertone/status.h>

#include "data/imagefolder.h"
#include "data/images.h"

struct ut_decoding {
	const char *root;
	const struct ut_image_folder *folder;
	const struct ut_image_options *options;
	/* where file i of the folder goes, for train and test: (size, size, C) */
	uint8_t *train, *test;
	/* (train + test), NULL at first: of a file left out, why, on the heap */
	char **why;
};

/*
 * Decodes all files. With UT_IMAGE_STOP the first of them, in the folder's
 * order, that cannot be used is the error, whatever threads there are: its path
 * is named. UT_INTERRUPTED.
 */
enum ut_status ut_decode_all(struct ut_decoding *decoding,
			     struct ut_error *error);

#endif
