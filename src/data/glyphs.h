/* Glyphs: a data set of drawn digits, made from numbers; nothing is read. */
#ifndef UT_GLYPHS_H
#define UT_GLYPHS_H

#include "data/dataset.h"

enum {
	UT_GLYPHS_SIDE = 28,
	UT_GLYPHS_TRAIN = 10000,
	UT_GLYPHS_TEST = 2000,
	UT_GLYPHS_SEED = 1,
};

/*
 * Makes train and test images, grey, 28x28, of the digits 0 to 9: image i is of
 * digit i mod 10, drawn with a pen along strokes that are bent, turned,
 * slanted, stretched and moved. Image i of a split depends on seed and i alone.
 * Integer arithmetic throughout: the same bits everywhere. UT_MEMORY; *set is
 * untouched then. Release with ut_dataset_release.
 */
enum ut_status ut_glyphs_make(struct ut_dataset *set, size_t train, size_t test,
			      uint32_t seed, struct ut_error *error);

/* Draws image `index` of a split (0 train, 1 test) of digit 0 to 9. */
void ut_glyphs_draw(uint8_t image[UT_GLYPHS_SIDE * UT_GLYPHS_SIDE],
		    unsigned digit, uint32_t seed, uint32_t split,
		    uint32_t index);

#endif
