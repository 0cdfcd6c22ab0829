/* The data sets that are folders of photographs. */
#ifndef UT_IMAGESET_H
#define UT_IMAGESET_H

#include "data/dataset.h"

/*
 * Loads catdog or images as ut_dataset_load says, which alone calls it, into set,
 * which has its name and nothing else. On failure set may hold a part: release it
 * either way.
 *
 * Everything is decoded here, once, by threads; pixels are in memory, or, with
 * options->cache, in a file there which is mapped. UT_INVALID when they would need
 * more memory than options->memory and there is no cache.
 */
enum ut_status ut_imageset_load(struct ut_dataset *set, const char *dir,
				const char *const *roots,
				const struct ut_image_options *options,
				struct ut_error *error);

#endif
