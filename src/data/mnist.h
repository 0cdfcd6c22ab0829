/* Sets of IDX files with the names that MNIST's have. */
#ifndef UT_MNIST_H
#define UT_MNIST_H

#include "data/dataset.h"

/*
 * Loads mnist or fashion-mnist as ut_dataset_load says, which alone calls it.
 * On failure set may hold a part: release it either way.
 */
enum ut_status ut_mnist_load(struct ut_dataset *set, const char *name,
			     const char *dir, const char *const *roots,
			     struct ut_error *error);

#endif
