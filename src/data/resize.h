/*
 * Images made smaller or larger, in whole numbers: docs/ARITHMETIC.md, section
 * Photographs. Rows are taken one by one, so that an image need not be in memory.
 */
#ifndef UT_RESIZE_H
#define UT_RESIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the pixels of one axis make those of another. */
struct ut_axis {
	size_t from, to;  /* pixels before and after */
	uint32_t divisor; /* what the weights of a result add up to */
	uint32_t *first;  /* (to) the first pixel that counts */
	uint32_t *start;  /* (to + 1) where in weights its weights begin */
	uint32_t *weights;
};

struct ut_resizer {
	size_t channels;
	struct ut_axis x, y;
	uint32_t *row;  /* (x.to, C) the last row, made narrow */
	uint64_t *sums; /* (y.to, x.to, C) */
	size_t row_number, next;
};

/*
 * Begins an image of height x width pixels (1 to 16384) of 1 or 3 channels that
 * becomes size x size. False when memory runs out. Release it either way.
 */
bool ut_resizer_init(struct ut_resizer *resizer, size_t height, size_t width,
		     size_t size, size_t channels);
void ut_resizer_release(struct ut_resizer *resizer);

/* Takes the next row, (width, C). */
void ut_resizer_take(struct ut_resizer *resizer, const uint8_t *row);

/* Writes the result, (size, size, C), once all rows were taken. */
void ut_resizer_finish(const struct ut_resizer *resizer, uint8_t *image);

#endif
