/*
 * Numbers of the counter-based generator, and dropout by them.
 *
 * Launch: (blocks of four columns, B, R). A row's numbers depend on its name,
 * the replica and the column alone (docs/ARITHMETIC.md, clause 5).
 * Host twin: src/device/host/host_random.c.
 */
#include "affine.h"
#include "philox.h"

/* Four numbers of mean 0: uniform of [-1, 1), or normal of variance 1. */
UT_FUNCTION void draw(float z[4], struct ut_words x, bool normal)
{
	if (normal) {
		ut_normals_of_words(x, z);
	} else {
		z[0] = ut_uniform_of_word(x.w[0]);
		z[1] = ut_uniform_of_word(x.w[1]);
		z[2] = ut_uniform_of_word(x.w[2]);
		z[3] = ut_uniform_of_word(x.w[3]);
	}
}

/*
 * Every step-th whole block of a row from block `first` on: those whose columns
 * have the same channels, scale0 to 3 and shift0 to 3 theirs, in order.
 */
UT_FUNCTION void draw_blocks(__global float *restrict x, uint whole, uint first,
			     uint step, UT_AFFINE, uint row, uint replica,
			     uint stream, uint seed, uint purpose, bool normal)
{
	UT_FOR(k, (whole + step - 1 - first) / step) {
		float z[4];
		ulong block = k * step + first;

		draw(z, ut_philox((uint)block, row, replica, stream, seed,
				  purpose), normal);
		x[4 * block] = ut_clean(ut_fma(z[0], scale0, shift0));
		x[4 * block + 1] = ut_clean(ut_fma(z[1], scale1, shift1));
		x[4 * block + 2] = ut_clean(ut_fma(z[2], scale2, shift2));
		x[4 * block + 3] = ut_clean(ut_fma(z[3], scale3, shift3));
	}
}

/* x (width) = clean(fma(z, scale, shift)) in the first columns, else +0. */
UT_FUNCTION void draw_row(__global float *restrict x, uint columns, uint width,
			  UT_AFFINE, uint row, uint replica, uint stream,
			  uint seed, uint purpose, bool normal)
{
	uint whole = columns / 4;

	UT_FOR(left, width - 4 * whole) {
		float z[4];
		uint column = 4 * whole + (uint)left;

		draw(z, ut_philox(whole, row, replica, stream, seed, purpose),
		     normal);
		x[column] = column < columns
				    ? ut_affine(z[left & 3], column,
						UT_AFFINE_OF(channels))
				    : 0.0f;
	}
	if (channels == 3) {
		/* a block's first channel is its number mod 3 */
		uint first;

		for (first = 0; first < 3; ++first) {
			draw_blocks(x, whole, first, 3, 3, scale0, scale1,
				    scale2, scale0, shift0, shift1, shift2,
				    shift0, row, replica, stream, seed,
				    purpose, normal);
			scale3 = scale0;
			scale0 = scale1;
			scale1 = scale2;
			scale2 = scale3;
			shift3 = shift0;
			shift0 = shift1;
			shift1 = shift2;
			shift2 = shift3;
		}
		return;
	}
	if (channels < 4) {
		/* 1 or 2: four columns begin with the first channel */
		scale1 = channels == 1 ? scale0 : scale1;
		shift1 = channels == 1 ? shift0 : shift1;
		scale2 = scale0;
		shift2 = shift0;
		scale3 = scale1;
		shift3 = shift1;
	}
	draw_blocks(x, whole, 0, 1, UT_AFFINE_OF(channels), row, replica,
		    stream, seed, purpose, normal);
}

/* rows (B) if has_rows, else row b is first_row + b. x (B, width) */
#define UT_RANDOM(name, normal)                                              \
UT_KERNEL void name(UT_OUT(float, x), UT_IN(uint, rows), uint B,             \
		    uint columns, uint width, UT_AFFINE, uint has_rows,      \
		    uint first_row, uint replica, uint stream, uint seed,    \
		    uint purpose)                                            \
{                                                                            \
	uint b = get_global_id(1), r = get_global_id(2), row;                \
                                                                             \
	if (b >= B)                                                          \
		return;                                                      \
	row = has_rows ? UT_PART(rows, r)[b] : first_row + b;                \
	x = UT_PART(x, r) + (ulong)b * width;                                \
	draw_row(x, columns, width, UT_AFFINE_OF(channels), row,             \
		 replica + r, stream, seed, purpose, normal);                \
}

UT_RANDOM(random_uniform, false)
UT_RANDOM(random_normal, true)

/* x = word >= threshold ? clean(x scale) : +0, in place. x (B, D) */
UT_KERNEL void dropout(UT_OUT(float, x), uint B, uint D, uint threshold,
		       float scale, uint first_row, uint replica, uint stream,
		       uint seed, uint purpose)
{
	uint b = get_global_id(1), r = get_global_id(2);
	uint row = first_row + b, whole = D / 4, j;

	if (b >= B)
		return;
	x = UT_PART(x, r) + (ulong)b * D;
	UT_FOR(block, whole) {
		struct ut_words words = ut_philox((uint)block, row, replica + r,
						  stream, seed, purpose);

#pragma unroll
		for (j = 0; j < 4; ++j) {
			float z = ut_clean(x[4 * block + j] * scale);

			x[4 * block + j] = words.w[j] >= threshold ? z : 0.0f;
		}
	}
	UT_FOR(left, D - 4 * whole) {
		struct ut_words words = ut_philox(whole, row, replica + r,
						  stream, seed, purpose);
		float z = ut_clean(x[4 * whole + left] * scale);

		x[4 * whole + left] = words.w[left] >= threshold ? z : 0.0f;
	}
}
