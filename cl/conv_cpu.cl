/*
 * Convolutions forward, the shape for processors.
 *
 * The sums are products in the register block of tile_cpu.h. A work-item copies a
 * region of the image, its border of +0 included, into local memory; there the
 * six rows of a are six pixels, and a table says how far from a pixel's place each
 * step of the sum reads. So a tile may hold any pixels, from several rows, and no
 * patch is ever copied out. b is w in panels of sixteen outputs, packed once.
 *
 * Groups of one. Host twin: src/device/host/host_conv.c.
 */
#include "conv_cpu.h"

#define UT_PLACE_ROW(i) row[i]
#define UT_TABLE_STEP(k) step[k]

/* The tile of pixels whose places are in row, over steps at distances in step. */
UT_FUNCTION void multiply_packed(__local float *c, __local const float *a,
				 __local const uint *row,
				 __local const uint *step,
				 __global const float *panel, uint kn,
				 bool goes_on)
{
	UT_TILE_BODY(UT_PLACE_ROW, UT_TABLE_STEP)
}

/*
 * Panels (O / 16 rounded up, kernel, kernel, C, 16) of w (kernel, kernel, C, O).
 * Launch: (panels, kernel^2, R).
 */
UT_KERNEL void conv_pack(UT_IN(float, w), UT_OUT(float, to), uint C, uint O,
			 uint kernel_side)
{
	uint taps = kernel_side * kernel_side, tap = get_global_id(1), i;
	uint n = get_global_id(0) * UT_LANES;

	if (n >= O || tap >= taps)
		return;
	w = UT_PART(w, get_global_id(2)) + (ulong)tap * C * O + n;
	to = UT_PART(to, get_global_id(2))
	     + ((ulong)get_global_id(0) * taps + tap) * C * UT_LANES;
	for (i = 0; i < C; ++i)
		ut_wide_store(ut_wide_load(w + (ulong)i * O, O - n),
			      to + (ulong)i * UT_LANES, UT_LANES);
}

/*
 * A work-item's part of the output: rows x columns pixels from (h, w) on of image b,
 * panels [first, last).
 */
struct part {
	uint b, h, w, rows, columns;
	uint first, last;
};

/*
 * How the sum is cut so that its region fits: (kh, kw, c) in blocks, each of
 * which is the whole of what follows it.
 */
#define UT_CUT                                                          \
	uint part_rows, uint part_columns, uint part_panels,            \
	uint kh_block, uint kw_block, uint c_block

/* The part of get_global_id(0, 1) of outputs (B, rows, columns). */
UT_FUNCTION struct part part_of(uint B, uint rows, uint columns, uint panels,
				uint part_rows, uint part_columns,
				uint part_panels)
{
	uint down = (rows + part_rows - 1) / part_rows;
	uint across = (columns + part_columns - 1) / part_columns;
	uint id = get_global_id(0);
	struct part p;

	p.b = id / (down * across);
	p.h = id / across % down * part_rows;
	p.w = id % across * part_columns;
	p.rows = p.b < B ? min(part_rows, rows - p.h) : 0;
	p.columns = min(part_columns, columns - p.w);
	p.first = get_global_id(1) * part_panels;
	p.last = min(panels, p.first + part_panels);
	return p;
}

/* place[p]: where pixel p of rows x columns lies in a region. */
UT_FUNCTION void set_places(__local uint *place, uint rows, uint columns,
			    uint stride, uint pitch, uint cn)
{
	uint i, j, n = 0;

	for (i = 0; i < rows; ++i)
		for (j = 0; j < columns; ++j)
			place[n++] = (i * pitch + j) * stride * cn;
	for (i = 0; i < UT_ROWS; ++i)
		place[n + i] = 0;
}

/* table[t]: steps [first, first + n) of a sum whose rows are `run` long. */
UT_FUNCTION void set_table(__local uint *table, uint first, uint n, uint run,
			   uint pitch)
{
	uint row = first / run * pitch, left = first % run, t;

	for (t = 0; t < n; ++t) {
		table[t] = row + left;
		if (++left == run) {
			left = 0;
			row += pitch;
		}
	}
}

/* c (pixels, 16), first in work = the sums of a panel; then comes the region. */
UT_FUNCTION void sum_panel(__local float *work, __local uint *place,
			   __local uint *table, __global const float *image,
			   uint H, uint W, uint C, uint stride, uint pad,
			   uint side, struct part p, bool first_panel,
			   __global const float *panel, uint kh_block,
			   uint kw_block, uint c_block)
{
	uint pixels = p.rows * p.columns;
	__local float *region = work + (pixels + UT_ROWS - 1) / UT_ROWS
				       * UT_ROWS * UT_LANES;
	bool whole = kh_block == side && kw_block == side && c_block == C;
	bool fresh = !whole || first_panel;
	uint kh, kw, c, t, i;

	for (kh = 0; kh < side; kh += kh_block)
	for (kw = 0; kw < side; kw += kw_block)
	for (c = 0; c < C; c += c_block) {
		uint khn = min(kh_block, side - kh);
		uint kwn = min(kw_block, side - kw);
		uint cn = min(c_block, C - c);
		uint tall = (p.rows - 1) * stride + khn;
		uint pitch = (p.columns - 1) * stride + kwn;
		uint steps = khn * kwn * cn;

		if (fresh) {
			ut_load_image(region, image, H, W, C,
				      (int)(p.h * stride + kh) - (int)pad,
				      (int)(p.w * stride + kw) - (int)pad, tall,
				      pitch, c, cn, cn);
			set_places(place, p.rows, p.columns, stride, pitch, cn);
		}
		for (t = 0; t < steps; t += UT_STEPS) {
			uint tn = min((uint)UT_STEPS, steps - t);
			bool goes_on = kh + kw + c + t > 0;

			if (fresh || steps > UT_STEPS)
				set_table(table, t, tn, kwn * cn, pitch * cn);
			for (i = 0; i < pixels; i += UT_ROWS)
				multiply_packed(work + i * UT_LANES, region,
						place + i, table, panel, tn,
						goes_on);
			panel += tn * UT_LANES;
		}
	}
}

UT_FUNCTION struct ut_wide finish(struct ut_wide s, struct ut_wide bias,
				  uint has_bias, uint relu)
{
	if (has_bias)
		s = ut_wide_add(s, bias);
	if (relu)
		s = ut_wide_relu(s);
	return ut_wide_clean(s);
}

UT_FUNCTION void put_index(__global uchar *to, int8 low, int8 high, uint lanes)
{
	uint i;

	if (lanes >= UT_LANES) {
		vstore8(convert_uchar8(low), 0, to);
		vstore8(convert_uchar8(high), 1, to);
		return;
	}
	{
		int part[UT_LANES];

		vstore8(low, 0, part);
		vstore8(high, 1, part);
#pragma unroll 1
		for (i = 0; i < lanes; ++i)
			to[i] = part[i];
	}
}

/*
 * y = relu?(x * w + bias), then of every 2 x 2 the largest if pool, its place in
 * index. packed (R, conv_pack). OH and OW are even if pool: what is pooled.
 */
UT_KERNEL void conv_forward(UT_IN(float, x), UT_IN(float, packed),
			    UT_IN(float, bias), UT_OUT(float, y),
			    UT_OUT(uchar, index), UT_CONV_SHAPE, uint has_bias,
			    uint relu, uint has_index, UT_CUT)
{
	UT_PLACES
	uint r = get_global_id(2), panels = (O + UT_LANES - 1) / UT_LANES;
	uint side = pool ? 2 : 1, K = kernel_side * kernel_side * C;
	struct part p = part_of(B, OH, OW, panels, part_rows, part_columns,
				part_panels);
	uint n, i, j;

	if (!p.rows)
		return;
	x = UT_PART(x, r) + (ulong)p.b * H * W * C;
	packed = UT_PART(packed, r);
	bias = UT_PART(bias, r);
	y = UT_PART(y, r) + (ulong)p.b * (OH / side) * (OW / side) * O;
	index = UT_PART(index, r) + (ulong)p.b * (OH / side) * (OW / side) * O;
	for (n = p.first; n < p.last; ++n) {
		uint o = n * UT_LANES, lanes = O - o;
		struct ut_wide b = ut_wide_zero();

		if (has_bias)
			b = ut_wide_load(bias + o, lanes);
		sum_panel(work, place, table, x, H, W, C, stride, pad,
			  kernel_side, p, n == p.first,
			  packed + (ulong)n * K * UT_LANES, kh_block, kw_block,
			  c_block);
		for (i = 0; i < p.rows; i += side) {
			__local const float *c =
				work + i * p.columns * UT_LANES;
			ulong at = ((ulong)((p.h + i) / side) * (OW / side)
				    + p.w / side) * O + o;

			for (j = 0; j < p.columns; j += side) {
				struct ut_wide best = finish(
					ut_wide_get(c + j * UT_LANES), b,
					has_bias, relu);
				int8 low = (int8)0, high = (int8)0;

				if (pool) {
#define UT_CHALLENGE(k)                                                 \
	{                                                               \
		struct ut_wide s = finish(                              \
			ut_wide_get(c + ((k) / 2 * p.columns + j        \
					 + (k) % 2) * UT_LANES),        \
			b, has_bias, relu);                             \
		int8 l = best.low < s.low, h = best.high < s.high;      \
                                                                        \
		best.low = select(best.low, s.low, l);                  \
		best.high = select(best.high, s.high, h);               \
		low = select(low, (int8)(k), l);                        \
		high = select(high, (int8)(k), h);                      \
	}
					UT_CHALLENGE(1)
					UT_CHALLENGE(2)
					UT_CHALLENGE(3)
				}
				ut_wide_store(best, y + at, lanes);
				if (has_index)
					put_index(index + at, low, high, lanes);
				at += O;
			}
		}
	}
}
