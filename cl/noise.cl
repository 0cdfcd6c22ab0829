/*
 * Noise fields: filters and octaves.
 * Host twin: src/device/host/host_noise.c.
 */
#include "affine.h"
#include "octaves.h"

/* Filters ------------------------------------------------------------------ */

#ifndef UT_SHAPE_GPU
/* y[0 ... 7]: eight neighbouring elements' sums over the taps. */
UT_FUNCTION float8 ut_filter8(__global const float *x, uint S,
			      __global const float *weights, uint taps)
{
	float8 sum = 0.0f;
	uint i;

	UT_IN_ORDER
	for (i = 0; i < taps; ++i)
		sum = fma(vload8(0, x + (ulong)i * S), (float8)weights[i], sum);
	return sum;
}
#endif

/* An element's sum; a multiple of 2^-126, as products of clean numbers are. */
UT_FUNCTION float ut_filter1(__global const float *x, uint S,
			     __global const float *weights, uint taps)
{
	float sum = 0.0f;
	uint i;

	UT_IN_ORDER
	for (i = 0; i < taps; ++i)
		sum = ut_fma(x[(ulong)i * S], weights[i], sum);
	return sum;
}

/*
 * y[a][e] = clean(fma(sum over i of x[a][e + i S] weights[i], scale, shift)).
 * x (A, (N + taps - 1) S), weights (taps), y (A, width): n = N S, then +0.
 * Launch: (width, A / rows, R): a work-item takes `rows` rows, and of each the
 * elements that are its own.
 */
UT_KERNEL void filter(UT_IN(float, x), UT_IN(float, weights),
		      UT_OUT(float, y), uint A, uint n, uint S, uint taps,
		      uint width, uint rows, UT_AFFINE)
{
	uint r = get_global_id(2), a = get_global_id(1) * rows;
	uint end = min(A, a + rows);

	weights = weights + weights_offset;
	x = UT_PART(x, r);
	y = UT_PART(y, r);
	for (; a < end; ++a) {
		__global const float *from = x + a * ((ulong)n +
						      (ulong)(taps - 1) * S);
		__global float *to = y + (ulong)a * width;

#ifdef UT_SHAPE_GPU
		UT_FOR(e, n)
			to[e] = ut_affine(ut_filter1(from + e, S, weights,
						     taps), (uint)e,
					  UT_AFFINE_OF(channels));
#else
		ulong e = (ulong)get_global_id(0) * UT_SPAN;
		ulong last = min((ulong)n, e + UT_SPAN);

		for (; e + 8 <= last; e += 8)
			vstore8(ut_affine8(ut_filter8(from + e, S, weights,
						      taps), (uint)e,
					   UT_AFFINE_OF(channels)), 0, to + e);
		for (; e < last; ++e)
			to[e] = ut_affine(ut_filter1(from + e, S, weights,
						     taps), (uint)e,
					  UT_AFFINE_OF(channels));
#endif
		UT_FOR(left, width - n)
			to[n + left] = 0.0f;
	}
}

/* Octaves ------------------------------------------------------------------ */

#ifdef UT_SHAPE_GPU

/*
 * The clean field of a plane at pixel (h, w): half the finest grid's number, and
 * every coarser grid's between two rows and two columns. A grid's numbers are
 * clean, so all this is multiples of 2^-96.
 */
UT_FUNCTION float ut_field(__global const float *grid, uint h, uint w, uint H,
			   uint W)
{
	float sum = ut_fma(0.5f, grid[(ulong)h * W + w], 0.0f);
	uint rows = H, columns = W;

	while (rows > 1 || columns > 1) {
		uint down, across, upper, lower, left, right;
		float f, above, below;

		grid += (ulong)rows * columns;
		rows = ut_octave_half(rows);
		columns = ut_octave_half(columns);
		down = ut_octave_place(h, rows, H);
		across = ut_octave_place(w, columns, W);
		upper = (down >> 16) * columns;
		lower = min((down >> 16) + 1, rows - 1) * columns;
		left = across >> 16;
		right = min(left + 1, columns - 1);
		f = ut_octave_fraction(across);
		above = ut_lerp(grid[upper + left], grid[upper + right], f);
		below = ut_lerp(grid[lower + left], grid[lower + right], f);
		sum = sum + ut_lerp(above, below, ut_octave_fraction(down));
	}
	return ut_clean(sum);
}

/*
 * y[b][h][w][c] = clean(fma(shared s + own n_c, scale, shift)), s and n_c fields
 * of their planes; without s if not has_shared. x (B, planes, numbers), y (B,
 * width): H W C, then +0. Launch: (H W, B, R).
 */
UT_KERNEL void octaves(UT_IN(float, x), UT_OUT(float, y), uint B, uint H,
		       uint W, uint C, uint width, uint numbers,
		       uint has_shared, float shared, float own, UT_AFFINE)
{
	uint b = get_global_id(1), r = get_global_id(2), c;
	uint pixels = H * W;

	if (b >= B)
		return;
	x = UT_PART(x, r) + (ulong)b * (C + has_shared) * numbers;
	y = UT_PART(y, r) + (ulong)b * width;
	UT_FOR(pixel, pixels) {
		uint h = (uint)pixel / W, w = (uint)pixel - h * W;
		float common = 0.0f;

		if (has_shared)
			common = shared * ut_field(x, h, w, H, W);
		for (c = 0; c < C; ++c) {
			uint e = (uint)pixel * C + c;
			float field = ut_field(
				x + (ulong)(c + has_shared) * numbers, h, w, H,
				W);
			float mixed = ut_fma(own, field, common);

			y[e] = ut_affine(mixed, e, UT_AFFINE_OF(channels));
		}
	}
	UT_FOR(left, width - pixels * C)
		y[pixels * C + left] = 0.0f;
}

#else

/* Columns of an image that a work-item makes. */
#ifndef UT_STRIP
#define UT_STRIP 32
#endif

/*
 * A grid under a strip of columns. A row of the grid is enlarged to the strip
 * once, and kept until the row after the next needs its place.
 */
struct ut_octave {
	uint H, W, first, held[2];
	struct ut_octave_axis down; /* of the next image row */
	uint left[UT_STRIP], right[UT_STRIP];
	float fraction[UT_STRIP], rows[2][UT_STRIP];
};

UT_FUNCTION void ut_octave_init(struct ut_octave *octave, uint H, uint W,
				uint first, uint column, uint columns,
				uint width)
{
	struct ut_octave_axis across = ut_octave_axis_at(column, W, width);
	uint j;

	octave->H = H;
	octave->W = W;
	octave->first = first;
	for (j = 0; j < UT_STRIP; ++j) {
		uint place = ut_octave_axis_place(across);

		octave->left[j] = place >> 16;
		octave->right[j] = min((place >> 16) + 1, W - 1);
		octave->fraction[j] = ut_octave_fraction(place);
		if (j + 1 < columns)
			across = ut_octave_axis_next(across);
	}
}

/* Enlarges a row of the grid, unless that is what its place holds. */
UT_FUNCTION void ut_octave_row(struct ut_octave *octave,
			       __global const float *grid, uint row)
{
	uint j;

	if (octave->held[row & 1] == row)
		return;
	octave->held[row & 1] = row;
	grid += (ulong)row * octave->W;
	for (j = 0; j < UT_STRIP; ++j)
		octave->rows[row & 1][j] = ut_lerp(grid[octave->left[j]],
						   grid[octave->right[j]],
						   octave->fraction[j]);
}

/* sums += the octave at the next row of the image. */
UT_FUNCTION void ut_octave_add(struct ut_octave *octave,
			       __global const float *plane, float *sums)
{
	uint place = ut_octave_axis_place(octave->down);
	uint upper = place >> 16, lower = min(upper + 1, octave->H - 1), j;
	float f = ut_octave_fraction(place);

	octave->down = ut_octave_axis_next(octave->down);
	ut_octave_row(octave, plane + octave->first, upper);
	ut_octave_row(octave, plane + octave->first, lower);
	for (j = 0; j < UT_STRIP; ++j)
		sums[j] = sums[j] + ut_lerp(octave->rows[upper & 1][j],
					    octave->rows[lower & 1][j], f);
}

/*
 * As above, a strip of columns at a time. What is shared goes to y first; then
 * each channel adds its own. Launch: (W / UT_STRIP, B, R).
 */
UT_KERNEL void octaves(UT_IN(float, x), UT_OUT(float, y), uint B, uint H,
		       uint W, uint C, uint width, uint numbers,
		       uint has_shared, float shared, float own, UT_AFFINE)
{
	uint b = get_global_id(1), r = get_global_id(2);
	uint first = get_global_id(0) * UT_STRIP;
	uint columns = min(W - first, (uint)UT_STRIP);
	struct ut_octave octaves[UT_OCTAVES_MAX];
	uint count = 0, rows = H, wide = W, at = H * W, plane, h, i, j, c;

	if (b >= B)
		return;
	while (rows > 1 || wide > 1) {
		rows = ut_octave_half(rows);
		wide = ut_octave_half(wide);
		ut_octave_init(&octaves[count++], rows, wide, at, first,
			       columns, W);
		at += rows * wide;
	}
	x = UT_PART(x, r) + (ulong)b * (C + has_shared) * numbers;
	y = UT_PART(y, r) + (ulong)b * width;
	for (plane = 0; plane < C + has_shared; ++plane, x += numbers) {
		for (i = 0; i < count; ++i) {
			octaves[i].held[0] = 0xffffffffu;
			octaves[i].held[1] = 0xffffffffu;
			octaves[i].down =
				ut_octave_axis_at(0, octaves[i].H, H);
		}
		for (h = 0; h < H; ++h) {
			uint e = (h * W + first) * C;
			float sums[UT_STRIP];

			for (j = 0; j < UT_STRIP; ++j)
				sums[j] = 0.5f *
					  x[h * W + first +
					    min(j, columns - 1)];
			for (i = 0; i < count; ++i)
				ut_octave_add(&octaves[i], x, sums);
			for (j = 0; j < UT_STRIP; ++j)
				sums[j] = ut_clean(sums[j]);
			if (has_shared && !plane) {
				for (j = 0; j < columns; ++j)
					for (c = 0; c < C; ++c)
						y[e + j * C + c] =
							shared * sums[j];
				continue;
			}
			c = plane - has_shared;
			for (j = 0; j < columns; ++j, e += C) {
				float common = has_shared ? y[e + c] : 0.0f;
				float mixed = ut_fma(own, sums[j], common);

				y[e + c] = ut_affine(mixed, e + c,
						     UT_AFFINE_OF(channels));
			}
		}
	}
	if (!first)
		for (i = H * W * C; i < width; ++i)
			y[i] = 0.0f;
}

#endif
