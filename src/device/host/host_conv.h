/* What the passes of a convolution share on the host. */
#ifndef UT_HOST_CONV_H
#define UT_HOST_CONV_H

#include "host_tile.h"
#include "level.h"

/* Every level has its own. */
#define conv_blocks_of UT_HOST(conv_blocks_of)
#define conv_pad UT_HOST(conv_pad)
#define conv_transpose UT_HOST(conv_transpose)
#define conv_tile UT_HOST(conv_tile)
#define conv_run UT_HOST(conv_run)
#define conv_weights_narrow UT_HOST(conv_weights_narrow)

/* Sides of the output before the pool and as it is stored. */
struct conv_sides {
	size_t OH, OW, PH, PW;
	size_t side; /* of a pool's window, or 1 */
	size_t wide; /* pixels of a padded row of input */
};

static inline struct conv_sides conv_sides_of(const struct ut_conv_shape *s)
{
	size_t OH = ut_conv_side(s, s->H), OW = ut_conv_side(s, s->W);
	size_t side = s->pool ? 2 : 1;

	return (struct conv_sides){
		OH, OW, OH / side, OW / side, side, s->W + 2 * (size_t)s->pad,
	};
}

/* So little work that waking the other threads would cost more. */
static inline bool conv_is_small(const struct ut_conv_shape *s, unsigned R)
{
	size_t weights = (size_t)s->kernel * s->kernel * s->C * s->O;

	return R * s->B * ut_conv_side(s, s->H) * ut_conv_side(s, s->W) *
		       weights <
	       65536;
}

/*
 * Some rows of a batch, all of one image: of its rows [first, end), where the
 * batch's rows go from 0 to B rows.
 */
struct conv_segment {
	size_t b, first, end;
};

/* The rows from `at` on, up to `end` or to the end of their image. */
static inline struct conv_segment conv_segment_at(size_t at, size_t end,
						  size_t rows)
{
	size_t first = at % rows;

	return (struct conv_segment){at / rows, first,
				     ut_host_min(first + end - at, rows)};
}

/* Into how many segments `count` rows may fall. */
static inline size_t conv_segments(size_t count, size_t rows)
{
	return (count + rows - 2) / rows + 1;
}

/*
 * Channels in equal blocks, so that what a row of kernel reads of a block, a
 * `run` of floats, fits the sums that the runs below keep in registers.
 */
struct conv_blocks {
	size_t count, width;    /* blocks, channels of one */
	size_t run;             /* kernel x width floats */
	size_t vectors, floats; /* of a run, rounded up */
};

struct conv_blocks conv_blocks_of(const struct ut_conv_shape *s);

/* How many input rows `count` rows of output read. */
static inline size_t conv_rows_read(const struct ut_conv_shape *s, size_t count)
{
	return (count - 1) * s->stride + s->kernel;
}

/*
 * Copies what the output rows [first, end) of an image read: for each block,
 * blocks `stride` floats apart, rows of wide x width floats, with +0 in padding
 * and in channels that are none.
 */
void conv_pad(const struct ut_conv_shape *s, const float *image, size_t first,
	      size_t end, size_t blocks, size_t width, float *to,
	      size_t stride);

/* to[k * to_row + l] = from[l * from_row + k], l < lanes, k < K */
void conv_transpose(const float *from, size_t from_row, size_t lanes, size_t K,
		    float *to, size_t to_row);

/*
 * The dense sums: MR x NR of them, over `pieces` pieces of `count` numbers of
 * x, numbers `step` and pieces `row` floats apart. Row i's begin at x + at[i];
 * the panel has NR factors for each number in turn. resume: sums go on.
 */
struct conv_walk {
	size_t pieces, count, step, row;
};
void conv_tile(const struct conv_walk *walk, const float *x,
	       const uint32_t at[MR], const float *panel, float *sums,
	       bool resume);

/*
 * Sums that skip zeros: multiplying by +0 changes no bit, and behind a pool at
 * least three of four gradients are +0. What is left is a list, in the order of
 * the sum.
 */
struct conv_entry {
	uint32_t offset; /* of what it is multiplied by, in floats */
	float value;
};

/* 1 if x is not +0 or -0: without a branch, which would be guessed wrongly. */
static inline uint32_t conv_counts(float x)
{
	return as_uint(x) << 1 != 0;
}

/* List i, of lengths[i] entries, adds to the floats at to + i * step. */
struct conv_runs {
	size_t count;
	const struct conv_entry *lists;
	size_t stride; /* entries from list to list */
	const uint32_t *lengths;
	const float *from;
	float *to;
	size_t step;
};

/*
 * For every list s = to (add: +0); for its entries s = fma(value, from[offset],
 * s); to = s (add: to + s). All are `vectors` long; with several lists that add
 * to one place, they do so in order.
 */
void conv_run(const struct conv_runs *runs, size_t vectors, bool add);

/* The weight gradient where a run fits a few vectors only; room in threads. */
void conv_weights_narrow(struct ut_device *device,
			 const struct ut_conv_weights *op);

#endif
