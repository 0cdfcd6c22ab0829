/* Data sets: images with labels, for training and for testing. */
#ifndef UT_DATASET_H
#define UT_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

#include "base/fingerprint.h"
#include "data/images.h"

struct ut_split {
	size_t count;
	uint8_t *images;              /* (count, H, W, C) */
	uint8_t *labels;              /* (count) */
	struct ut_fingerprint digest; /* of the images, then the labels */
};

enum {
	UT_DATASET_NAME = 32,
	UT_DATASET_CLASSES = 256,
	UT_DATASET_CHANNELS = 3,
};

struct ut_dataset {
	char name[UT_DATASET_NAME];
	size_t height, width, channels, classes;
	struct ut_split train, test;
	char **class_names; /* (classes), on the heap; NULL: by numbers */
	struct ut_loading loading; /* all zero where no folder was read */
	/*
	 * Another set, on the heap, whose training images students are shown;
	 * NULL: this one's. Released with this one.
	 */
	struct ut_dataset *shown;
	/* A private mapping of a file that the splits may lie in, or NULL. */
	void *mapping;
	size_t mapping_bytes;
};

/* The names that ut_dataset_load knows; NULL-terminated. */
extern const char *const ut_dataset_names[];

/* Whether the set is made of JPEG files, and so of the size that is asked for. */
bool ut_dataset_is_photographs(const char *name);

/*
 * Loads a data set: mnist, fashion-mnist, or glyphs, which is generated and
 * reads nothing (data/glyphs.h); catdog, Kaggle's photographs of two classes,
 * or images, any folder of JPEG files (data/imagefolder.h). These two are made
 * as images says (NULL: 224, RGB); the others have the size they have.
 *
 * dir, if not NULL, is the only place looked at: the folder with the files, or
 * one above it that has a folder of that name. Else it is ROOT/name for the
 * first of roots (NULL-terminated) where there is one with files of the set,
 * or, for fashion-mnist, where Debian's package puts them. The files have the
 * names of http://yann.lecun.com/exdb/mnist, with or without .gz.
 *
 * UT_INVALID for another name; UT_MISSING when it is nowhere, with a text that
 * says where it was looked for and how to get it; UT_INTERRUPTED when
 * images->stop said so; else what a file's reader says. The set images needs
 * dir. On failure *set is untouched. Release with ut_dataset_release.
 */
enum ut_status ut_dataset_load(struct ut_dataset *set, const char *name,
			       const char *dir, const char *const *roots,
			       const struct ut_image_options *images,
			       struct ut_error *error);

void ut_dataset_release(struct ut_dataset *set);

/* Bytes of one image: H W C. */
size_t ut_dataset_image_bytes(const struct ut_dataset *set);

/*
 * The next three change the set in place, and the digests with it. Where one
 * fails the set is as it was.
 */

/*
 * Keeps the images of the given classes alone, in their order. Labels keep
 * their numbers, and set->classes stays. UT_INVALID for a class that the set
 * does not have, one named twice, or a split left empty.
 */
enum ut_status ut_dataset_keep(struct ut_dataset *set, const uint8_t *classes,
			       size_t count, struct ut_error *error);

/*
 * Puts train and test together and splits them anew: shuffled
 * (ut_order_shuffle, purpose "splt"), the first four fifths, rounded down,
 * train; the rest test.
 */
enum ut_status ut_dataset_resplit(struct ut_dataset *set, uint32_t seed,
				  struct ut_error *error);

/* Keeps at most the first train and test images; 0 keeps all. */
void ut_dataset_limit(struct ut_dataset *set, size_t train, size_t test);

/* counts[k] = how many labels of the split are k. */
void ut_split_count_labels(const struct ut_split *split,
			   size_t counts[UT_DATASET_CLASSES]);

/*
 * Mean and population deviation of each channel of the split's pixels as
 * numbers of [0, 1] (a byte of 255 is 1): set->channels of each. From
 * whole-number sums, so the order of the images does not matter, and the bits
 * are the same everywhere.
 */
void ut_split_moments(const struct ut_dataset *set,
		      const struct ut_split *split, double *mean,
		      double *deviation);

/* Sets split->digest from what the split holds; for those who build one. */
void ut_split_digest(const struct ut_dataset *set, struct ut_split *split);

#endif
