/* What the kernels of conv_cpu.cl, conv_data_cpu.cl and conv_weights_cpu.cl share. */
#ifndef UT_CONV_CPU_H
#define UT_CONV_CPU_H

#include "shape.h"
#include "tile_cpu.h"

/* Entries of the tables of pixels and of steps, and with them the most of each. */
#define UT_PLACE_COUNT 512
#define UT_STEPS 1024

/* OH, OW: of an image; kernel_side and pad are of both directions. */
#define UT_CONV_SHAPE                                                       \
	uint B, uint H, uint W, uint C, uint O, uint kernel_side, uint pad, \
		uint stride, uint OH, uint OW, uint pool

/* Local memory: operands, and two tables of what lies where in it. */
#define UT_PLACES                                                  \
	__local float work[UT_PANEL] __attribute__((aligned(64))); \
	__local uint place[UT_PLACE_COUNT + UT_ROWS];              \
	__local uint table[UT_STEPS];

UT_FUNCTION void ut_clear(__local float *to, uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8)
		vstore8((float8)0.0f, 0, to + i);
	for (; i < n; ++i)
		to[i] = 0.0f;
}

UT_FUNCTION void ut_copy(__local float *to, __global const float *from, uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8)
		vstore8(vload8(0, from + i), 0, to + i);
	for (; i < n; ++i)
		to[i] = from[i];
}

/*
 * to (rows, columns, width) = the channels [c0, c0 + cn) of the pixels from (h, w)
 * on of an image (H, W, C), +0 outside and in channels from cn to width.
 */
UT_FUNCTION void ut_load_image(__local float *to, __global const float *image,
			       uint H, uint W, uint C, int h, int w, uint rows,
			       uint columns, uint c0, uint cn, uint width)
{
	int left = clamp(-w, 0, (int)columns);
	int right = clamp((int)W - w, left, (int)columns);
	uint i;
	int j;

	for (i = 0; i < rows; ++i, ++h, to += columns * width) {
		__global const float *from = image + ((long)h * W + w) * C + c0;

		if (h < 0 || h >= (int)H) {
			ut_clear(to, columns * width);
			continue;
		}
		ut_clear(to, left * width);
		if (cn == C && cn == width)
			ut_copy(to + left * width, from + (long)left * C,
				(right - left) * width);
		else if (cn == 8 && width == 8)
			for (j = left; j < right; ++j)
				vstore8(vload8(0, from + (long)j * C), 0,
					to + j * 8);
		else
			for (j = left; j < right; ++j) {
				ut_copy(to + j * width, from + (long)j * C, cn);
				ut_clear(to + j * width + cn, width - cn);
			}
		ut_clear(to + right * width, (columns - right) * width);
	}
}

/* Vectors that rest in registers while a list or a row of pixels goes by. */
#define UT_EACH_3(X) X(0) X(1) X(2)
#define UT_EACH_6(X) UT_EACH_3(X) X(3) X(4) X(5)
#define UT_EACH_9(X) UT_EACH_6(X) X(6) X(7) X(8)
#define UT_EACH_12(X) UT_EACH_9(X) X(9) X(10) X(11)

UT_FUNCTION uint is_not_zero(float x)
{
	return as_uint(x) << 1 != 0;
}

#endif
