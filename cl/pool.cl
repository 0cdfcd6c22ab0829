/*
 * Pooling over windows of side x side pixels. Launch: (rows of C elements, 1, R) on
 * a processor, (elements, 1, R) on a GPU. Host twin: src/device/host/host_pool.c.
 */
#include "shape.h"

/* for (every pixel below n, and channel c of it, that is this work-item's) */
#ifdef UT_SHAPE_GPU
#define UT_FOR_CHANNELS(pixel, n, c, C)                                 \
	for (ulong e = get_global_id(0); e < (ulong)(n) * (C);          \
	     e += get_global_size(0))                                   \
		for (ulong pixel = e / (C), c = e % (C), c##_once = 1;  \
		     c##_once; c##_once = 0)
#else
#define UT_FOR_CHANNELS(pixel, n, c, C)                                 \
	UT_FOR_ROWS(pixel, n)                                           \
		for (uint c = 0; c < (C); ++c)
#endif

/* Where the window of pooled pixel p begins in an image's pixels (B, H, W). */
UT_FUNCTION ulong window(ulong p, uint H, uint W, uint side)
{
	uint PH = H / side, PW = W / side;

	return (p / PW / PH * H + p / PW % PH * side) * W + p % PW * side;
}

/* y = the windows' largest, index its place; index may be none. */
UT_KERNEL void max_pool(UT_IN(float, x), UT_OUT(float, y),
			UT_OUT(uchar, index), uint B, uint H, uint W, uint C,
			uint side, uint has_index)
{
	uint r = get_global_id(2);
	ulong pooled = (ulong)B * (H / side) * (W / side);

	x = UT_PART(x, r);
	y = UT_PART(y, r);
	index = UT_PART(index, r);
	UT_FOR_CHANNELS(p, pooled, c, C) {
		__global const float *from =
			x + window(p, H, W, side) * C + c;
		float best = from[0];
		uint place = 0, i, j;

		for (i = 0; i < side; ++i)
			for (j = 0; j < side; ++j) {
				float z = from[((ulong)i * W + j) * C];

				place = best < z ? side * i + j : place;
				best = best < z ? z : best;
			}
		y[p * C + c] = best;
		if (has_index)
			index[p * C + c] = place;
	}
}

/* y = the windows' sums times inverse. */
UT_KERNEL void average_pool(UT_IN(float, x), UT_OUT(float, y), uint B, uint H,
			    uint W, uint C, uint side, float inverse)
{
	uint r = get_global_id(2);
	ulong pooled = (ulong)B * (H / side) * (W / side);

	x = UT_PART(x, r);
	y = UT_PART(y, r);
	UT_FOR_CHANNELS(p, pooled, c, C) {
		__global const float *from =
			x + window(p, H, W, side) * C + c;
		float s = 0.0f;
		uint i, j;

		UT_IN_ORDER
		for (i = 0; i < side; ++i) {
			UT_IN_ORDER
			for (j = 0; j < side; ++j)
				s = s + from[((ulong)i * W + j) * C];
		}
		y[p * C + c] = ut_clean(s * inverse);
	}
}

/* dx of max_pool where there is an index, else of average_pool; gated. */
UT_KERNEL void pool_data(UT_IN(float, dy), UT_IN(uchar, index),
			 UT_IN(float, gate), UT_OUT(float, dx), uint B, uint H,
			 uint W, uint C, uint side, uint has_index,
			 uint has_gate, float scale, float inverse)
{
	uint r = get_global_id(2);
	ulong pixels = (ulong)B * H * W;

	dy = UT_PART(dy, r);
	index = UT_PART(index, r);
	gate = UT_PART(gate, r);
	dx = UT_PART(dx, r);
	UT_FOR_CHANNELS(p, pixels, c, C) {
		uint h = p / W % H, w = p % W;
		uint i = h / side, j = w / side, PH = H / side, PW = W / side;
		ulong from = ((p / W / H * PH + i) * PW + j) * C + c;
		float s = 0.0f;

		if (i < PH && j < PW) {
			s = dy[from];
			if (!has_index)
				s = s * inverse;
			else if (index[from] != h % side * side + w % side)
				s = 0.0f;
		}
		if (has_gate)
			s = gate[p * C + c] > 0.0f ? s * scale : 0.0f;
		dx[p * C + c] = ut_clean(s);
	}
}
