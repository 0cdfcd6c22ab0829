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
		sum = ut_fma8(vload8(0, x + (ulong)i * S), (float8)weights[i], sum);
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
 * The clean field of a plane at pixel (h, w): half the finest grid's number,
 * and every coarser grid's between two rows and two columns. A grid's numbers
 * are clean, so all this is multiples of 2^-96.
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
 * y[b][h][w][c] = clean(fma(shared s + own n_c, scale, shift)), s and n_c the
 * fields of their planes; without s if not has_shared. x (B, planes, numbers),
 * y (B, width): H W C, then +0. Launch: (H W, B, R).
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

/*
 * A grid under a strip of columns. A row of the grid is enlarged to the strip
 * once, and kept until the row after the next needs its place.
 */
struct ut_octave {
	uint H, W, first, held[2];
	struct ut_octave_axis down; /* of the next image row */
	uint left[UT_OCTAVE_STRIP], right[UT_OCTAVE_STRIP];
	float fraction[UT_OCTAVE_STRIP], rows[2][UT_OCTAVE_STRIP];
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
	for (j = 0; j < UT_OCTAVE_STRIP; ++j) {
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
	for (j = 0; j < UT_OCTAVE_STRIP; ++j)
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
	for (j = 0; j < UT_OCTAVE_STRIP; ++j)
		sums[j] = sums[j] + ut_lerp(octave->rows[upper & 1][j],
					    octave->rows[lower & 1][j], f);
}

/*
 * All grids but the finest under a strip of columns; returns how many. (An array
 * and not a struct around it: with that one driver takes fifty times as long.)
 */
UT_FUNCTION uint ut_octave_place_all(struct ut_octave *grids, uint H, uint W,
				     uint first, uint columns)
{
	uint rows = H, wide = W, at = H * W, count = 0;

	while (rows > 1 || wide > 1) {
		rows = ut_octave_half(rows);
		wide = ut_octave_half(wide);
		ut_octave_init(&grids[count++], rows, wide, at, first,
			       columns, W);
		at += rows * wide;
	}
	return count;
}

/* To the image's first row, of another plane. */
UT_FUNCTION void ut_octave_rewind_all(struct ut_octave *grids, uint count,
				      uint H)
{
	uint i;

	for (i = 0; i < count; ++i) {
		grids[i].held[0] = 0xffffffffu;
		grids[i].held[1] = 0xffffffffu;
		grids[i].down = ut_octave_axis_at(0, grids[i].H, H);
	}
}

/* The clean field of a plane in the strip, at the next row. */
UT_FUNCTION void ut_octave_row_of_all(struct ut_octave *grids, uint count,
				      __global const float *plane,
				      __global const float *finest,
				      uint columns, float *field)
{
	uint i, j;

	for (j = 0; j < UT_OCTAVE_STRIP; ++j)
		field[j] = ut_fma(0.5f, finest[min(j, columns - 1)], 0.0f);
	for (i = 0; i < count; ++i)
		ut_octave_add(&grids[i], plane, field);
	for (j = 0; j < UT_OCTAVE_STRIP; ++j)
		field[j] = ut_clean(field[j]);
}

/*
 * As above, a strip of columns at a time. What is shared goes to y first; then
 * each channel adds its own. Launch: (W / UT_OCTAVE_STRIP, B, R).
 */
UT_KERNEL void octaves(UT_IN(float, x), UT_OUT(float, y), uint B, uint H,
		       uint W, uint C, uint width, uint numbers,
		       uint has_shared, float shared, float own, UT_AFFINE)
{
	uint b = get_global_id(1), r = get_global_id(2);
	uint first = get_global_id(0) * UT_OCTAVE_STRIP;
	uint columns = min(W - first, (uint)UT_OCTAVE_STRIP);
	uint count, h, c, j;
	struct ut_octave grids[UT_OCTAVES_MAX];
	float field[UT_OCTAVE_STRIP];

	if (b >= B)
		return;
	x = UT_PART(x, r) + (ulong)b * (C + has_shared) * numbers;
	y = UT_PART(y, r) + (ulong)b * width;
	count = ut_octave_place_all(grids, H, W, first, columns);
	if (has_shared) {
		ut_octave_rewind_all(grids, count, H);
		for (h = 0; h < H; ++h) {
			uint pixel = h * W + first;

			ut_octave_row_of_all(grids, count, x, x + pixel,
					     columns, field);
			for (j = 0; j < columns; ++j, ++pixel)
				for (c = 0; c < C; ++c)
					y[pixel * C + c] = shared * field[j];
		}
		x += numbers;
	}
	for (c = 0; c < C; ++c, x += numbers) {
		ut_octave_rewind_all(grids, count, H);
		for (h = 0; h < H; ++h) {
			uint pixel = h * W + first, e = pixel * C + c;

			ut_octave_row_of_all(grids, count, x, x + pixel,
					     columns, field);
			for (j = 0; j < columns; ++j, e += C) {
				float common = has_shared ? y[e] : 0.0f;
				float mixed = ut_fma(own, field[j], common);

				y[e] = ut_affine(mixed, e,
						 UT_AFFINE_OF(channels));
			}
		}
	}
	if (!first)
		for (j = H * W * C; j < width; ++j)
			y[j] = 0.0f;
}

#endif
