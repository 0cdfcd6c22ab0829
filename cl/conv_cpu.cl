/*
 * Convolutions, the shape for processors.
 *
 * Each kernel is a product of the register block of tile_cpu.h. A work-item
 * copies a region of the image, its border of +0 included, into local memory;
 * there the six rows of a are six places, and a table says how far from a place
 * each step of the sum reads. So a tile may hold any pixels, from several rows or
 * images, and no patch is ever copied out.
 *
 * Forward and data gradient: rows are pixels, steps are (kh, kw, c) of the kernel.
 * b is w in panels of sixteen outputs, packed once by conv_pack. The data gradient
 * is the same with dy, spread over the places it was pooled from, and w turned
 * round. Weight gradient: rows are (kh, kw, c), steps are pixels, b is dy.
 *
 * Groups of one. Host twin: src/device/host/host_conv.c.
 */
#include "shape.h"
#include "tile_cpu.h"

/* Steps of a sum that the table holds, and the most pixels of a work-item. */
#define UT_STEPS 1024
#define UT_PIXELS 512

/* B, OH, OW: of the whole image; kernel is a side. */
#define UT_CONV_SHAPE                                                   \
	uint B, uint H, uint W, uint C, uint O, uint kernel_side,       \
	uint pad, uint stride, uint OH, uint OW, uint pool

/*
 * What a work-item keeps: work: c (pixels, 16), then the region; where each pixel
 * lies in the region; how far from there each step reads.
 */
#define UT_PLACES                                                       \
	__local float work[UT_PANEL] __attribute__((aligned(64)));      \
	__local uint place[UT_PIXELS + UT_ROWS];                        \
	__local uint table[UT_STEPS];

#define UT_PLACE_ROW(i) row[i]
#define UT_TABLE_STEP(k) step[k]

/* b packed by conv_pack. */
UT_FUNCTION void multiply_packed(__local float *c, __local const float *a,
				 __local const uint *row,
				 __local const uint *step,
				 __global const float *panel, uint kn,
				 bool goes_on)
{
	UT_TILE_BODY(UT_PLACE_ROW, UT_TABLE_STEP)
}

/* b spread from dy by load_columns. */
UT_FUNCTION void multiply_columns(__local float *c, __local const float *a,
				  __local const uint *row,
				  __local const uint *step,
				  __local const float *panel, uint kn,
				  bool goes_on)
{
	UT_TILE_BODY(UT_PLACE_ROW, UT_TABLE_STEP)
}

UT_FUNCTION void clear(__local float *to, uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8)
		vstore8((float8)0.0f, 0, to + i);
	for (; i < n; ++i)
		to[i] = 0.0f;
}

UT_FUNCTION void copy(__local float *to, __global const float *from, uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8)
		vstore8(vload8(0, from + i), 0, to + i);
	for (; i < n; ++i)
		to[i] = from[i];
}

/* The same where index is `place`, else +0. */
UT_FUNCTION void copy_where(__local float *to, __global const float *from,
			    __global const uchar *index, uint place, uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8) {
		int8 here = convert_int8(vload8(0, index + i)) == (int)place;

		vstore8(as_float8(as_int8(vload8(0, from + i)) & here), 0,
			to + i);
	}
	for (; i < n; ++i)
		to[i] = index[i] == place ? from[i] : 0.0f;
}

/*
 * to (rows, columns, cn) = the channels [c0, c0 + cn) of the pixels from (h, w) on
 * of an image (H, W, C), +0 outside.
 */
UT_FUNCTION void load_image(__local float *to, __global const float *image,
			    uint H, uint W, uint C, int h, int w, uint rows,
			    uint columns, uint c0, uint cn)
{
	int left = clamp(-w, 0, (int)columns);
	int right = clamp((int)W - w, left, (int)columns);
	uint i;
	int j;

	for (i = 0; i < rows; ++i, ++h, to += columns * cn) {
		__global const float *from =
			image + ((long)h * W + w) * C + c0;

		if (h < 0 || h >= (int)H) {
			clear(to, columns * cn);
			continue;
		}
		clear(to, left * cn);
		if (cn == C)
			copy(to + left * cn, from + (long)left * C,
			     (right - left) * cn);
		else
			for (j = left; j < right; ++j)
				copy(to + j * cn, from + (long)j * C, cn);
		clear(to + right * cn, (columns - right) * cn);
	}
}

/*
 * to (cn) = the channels [c0, c0 + cn) of the gradient at output pixel (oh, ow) of
 * an image, given as it is stored: pooled, with an index, or not.
 */
UT_FUNCTION void load_gradient(__local float *to, __global const float *dy,
			       __global const uchar *index, uint oh, uint ow,
			       uint OH, uint OW, uint O, uint pool, uint c0,
			       uint cn)
{
	if (!pool)
		copy(to, dy + ((ulong)oh * OW + ow) * O + c0, cn);
	else if (oh / 2 < OH / 2 && ow / 2 < OW / 2) {
		ulong at = ((ulong)(oh / 2) * (OW / 2) + ow / 2) * O + c0;

		copy_where(to, dy + at, index + at, oh % 2 * 2 + ow % 2, cn);
	} else
		clear(to, cn);
}

/*
 * to (rows, columns, cn): the gradient with its pixels `stride` apart, from (h, w)
 * on, +0 between and outside.
 */
UT_FUNCTION void load_spread(__local float *to, __global const float *dy,
			     __global const uchar *index, uint stride, uint OH,
			     uint OW, uint O, uint pool, int h, int w,
			     uint rows, uint columns, uint c0, uint cn)
{
	uint i, j;

	for (i = 0; i < rows; ++i)
		for (j = 0; j < columns; ++j, to += cn) {
			int oh = h + (int)i, ow = w + (int)j;

			if (oh < 0 || ow < 0 || oh % stride || ow % stride
			    || oh / stride >= OH || ow / stride >= OW)
				clear(to, cn);
			else
				load_gradient(to, dy, index, oh / stride,
					      ow / stride, OH, OW, O, pool, c0,
					      cn);
		}
}

/*
 * Packs w (kernel, kernel, C, O) for forward, panels (O / 16, kernel, kernel, C,
 * 16), or turned round for the data gradient, panels (C / 16, kernel, kernel, O,
 * 16), O / 16 or C / 16 rounded up. Launch: (panels, kernel^2, R).
 */
UT_KERNEL void conv_pack(UT_IN(float, w), UT_OUT(float, to), uint C, uint O,
			 uint kernel_side, uint turned)
{
	uint taps = kernel_side * kernel_side;
	uint inner = turned ? O : C, outer = turned ? C : O;
	uint n = get_global_id(0) * UT_LANES, tap = get_global_id(1), i, j;

	if (n >= outer || tap >= taps)
		return;
	w = UT_PART(w, get_global_id(2))
	    + (ulong)(turned ? taps - 1 - tap : tap) * C * O;
	to = UT_PART(to, get_global_id(2))
	     + ((ulong)get_global_id(0) * taps + tap) * inner * UT_LANES;
	if (!turned)
		for (i = 0; i < inner; ++i)
			ut_wide_store(ut_wide_load(w + (ulong)i * O + n, O - n),
				      to + (ulong)i * UT_LANES, UT_LANES);
	else
		for (j = 0; j < UT_LANES; ++j)
			for (i = 0; i < inner; ++i)
				to[(ulong)i * UT_LANES + j] =
					n + j < outer ? w[(ulong)(n + j) * O + i]
						      : 0.0f;
}

/*
 * What forward and data gradient have in common: a correlation of an image with
 * `inner` channels and a kernel. The work-item's part of the output: rows x
 * columns pixels from (h, w) on of image b, panels [first, last).
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

/*
 * c (pixels, 16) = the sums of panel n. spread: the image is a gradient and
 * OH, OW, O are its own; else it is an input and they are H, W, C.
 */
UT_FUNCTION void sum_panel(__local float *work, __local uint *place,
			   __local uint *table, __global const float *image,
			   __global const uchar *index, bool spread, uint rows,
			   uint columns, uint inner, uint pool, uint dilation,
			   uint stride, int border, uint side, struct part p,
			   uint n, __global const float *panel, uint kh_block,
			   uint kw_block, uint c_block)
{
	uint pixels = p.rows * p.columns;
	__local float *region = work + (pixels + UT_ROWS - 1) / UT_ROWS
				       * UT_ROWS * UT_LANES;
	bool whole = kh_block == side && kw_block == side && c_block == inner;
	uint kh, kw, c, t, i;

	for (kh = 0; kh < side; kh += kh_block)
	for (kw = 0; kw < side; kw += kw_block)
	for (c = 0; c < inner; c += c_block) {
		uint khn = min(kh_block, side - kh);
		uint kwn = min(kw_block, side - kw);
		uint cn = min(c_block, inner - c);
		uint tall = (p.rows - 1) * stride + khn;
		uint pitch = (p.columns - 1) * stride + kwn;
		uint steps = khn * kwn * cn;
		int h = (int)(p.h * stride + kh) - border;
		int w = (int)(p.w * stride + kw) - border;
		bool fresh = !whole || n == p.first;

		if (fresh) {
			if (spread)
				load_spread(region, image, index, dilation, rows,
					    columns, inner, pool, h, w, tall,
					    pitch, c, cn);
			else
				load_image(region, image, rows, columns, inner,
					   h, w, tall, pitch, c, cn);
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
		sum_panel(work, place, table, x, index, false, H, W, C, 0, 1,
			  stride, pad, kernel_side, p, n,
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

/* dx, where gated only. packed (R, conv_pack, turned). */
UT_KERNEL void conv_data(UT_IN(float, dy), UT_IN(uchar, index),
			 UT_IN(float, packed), UT_IN(float, gate),
			 UT_OUT(float, dx), UT_CONV_SHAPE, uint has_gate,
			 float scale, UT_CUT)
{
	UT_PLACES
	uint r = get_global_id(2), panels = (C + UT_LANES - 1) / UT_LANES;
	uint K = kernel_side * kernel_side * O;
	ulong outputs = pool ? (ulong)(OH / 2) * (OW / 2) * O
			     : (ulong)OH * OW * O;
	struct part p = part_of(B, H, W, panels, part_rows, part_columns,
				part_panels);
	uint n, i, j;

	if (!p.rows)
		return;
	dy = UT_PART(dy, r) + p.b * outputs;
	index = UT_PART(index, r) + p.b * outputs;
	packed = UT_PART(packed, r);
	gate = UT_PART(gate, r) + (ulong)p.b * H * W * C;
	dx = UT_PART(dx, r) + (ulong)p.b * H * W * C;
	for (n = p.first; n < p.last; ++n) {
		uint lanes = C - n * UT_LANES;
		__local const float *c = work;

		sum_panel(work, place, table, dy, index, true, OH, OW, O, pool,
			  stride, 1, (int)(kernel_side - 1 - pad), kernel_side,
			  p, n, packed + (ulong)n * K * UT_LANES, kh_block,
			  kw_block, c_block);
		for (i = 0; i < p.rows; ++i) {
			ulong at = ((ulong)(p.h + i) * W + p.w) * C
				   + n * UT_LANES;

			for (j = 0; j < p.columns; ++j, at += C) {
				struct ut_wide s = ut_wide_get(c);

				if (has_gate)
					s = ut_wide_gate(s,
						ut_wide_load(gate + at, lanes),
						scale);
				ut_wide_store(ut_wide_clean(s), dx + at, lanes);
				c += UT_LANES;
			}
		}
	}
}

/*
 * The pixels of a chunk that a work-item has at hand: rows [first, last) of all
 * rows of output pixels, (B, OH), and columns [w, w + columns) of each. Loads what
 * they read into region and the gradient's panels [p.first, p.last) into b, and
 * sets their places. Returns how many they are.
 */
UT_FUNCTION uint load_pixels(__local float *region, __local float *b,
			     __local uint *place, __global const float *x,
			     __global const float *dy,
			     __global const uchar *index, uint H, uint W,
			     uint C, uint O, uint pad, uint stride, uint OH,
			     uint OW, uint pool, ulong first, ulong last,
			     uint w, uint columns, uint kh, uint khn, uint side,
			     uint c0, uint cn, uint first_panel,
			     uint last_panel)
{
	ulong outputs = pool ? (ulong)(OH / 2) * (OW / 2) * O
			     : (ulong)OH * OW * O;
	uint pixels = (uint)(last - first) * columns;
	uint pitch = (columns - 1) * stride + side;
	uint offset = 0, count = 0, oh, rows, tall, i, j, n;

	for (; first < last; first += rows) {
		ulong image = first / OH;

		oh = first % OH;
		rows = (uint)min((ulong)(OH - oh), last - first);
		tall = (rows - 1) * stride + khn;
		load_image(region + offset, x + image * H * W * C, H, W, C,
			   (int)(oh * stride + kh) - (int)pad,
			   (int)(w * stride) - (int)pad, tall, pitch, c0, cn);
		for (i = 0; i < rows; ++i)
			for (j = 0; j < columns; ++j, ++count) {
				place[count] = offset
					+ (i * pitch + j) * stride * cn;
				for (n = first_panel; n < last_panel; ++n) {
					uint o = n * UT_LANES;
					uint lanes = min((uint)UT_LANES, O - o);
					__local float *to =
						b + ((n - first_panel) * pixels
						     + count) * UT_LANES;

					load_gradient(to, dy + image * outputs,
						      index + image * outputs,
						      oh + i, w + j, OH, OW, O,
						      pool, o, lanes);
					clear(to + lanes, UT_LANES - lanes);
				}
			}
		offset += tall * pitch * cn;
	}
	return pixels;
}

/* sums (16) = the chain over the rows of a panel, from +0 or going on. */
UT_FUNCTION void sum_columns(__local float *sums, __local const float *b,
			     uint n, bool goes_on)
{
	struct ut_wide s = ut_wide_zero();
	uint i;

	if (goes_on)
		s = ut_wide_get(sums);
	UT_IN_ORDER
	for (i = 0; i < n; ++i)
		s = ut_wide_add(s, ut_wide_get(b + i * UT_LANES));
	ut_wide_put(s, sums);
}

/* The total so far, in the output itself, and a chunk's sum. */
UT_FUNCTION void add_total(__global float *to, __local const float *sum,
			   uint lanes, bool first, bool last)
{
	struct ut_wide total = ut_wide_zero();

	if (!first)
		total = ut_wide_load(to, lanes);
	total = ut_wide_add(total, ut_wide_get(sum));
	if (last)
		total = ut_wide_clean(total);
	ut_wide_store(total, to, lanes);
}

/*
 * dw and db: totals over chunks of chunk_rows rows of output pixels. A work-item
 * owns kh_block x kernel x c_block rows of dw and part_panels panels, and goes
 * through all pixels, piece_rows x piece_columns at a time: in row order, so either
 * is whole. The first makes db too.
 */
UT_KERNEL void conv_weights(UT_IN(float, x), UT_IN(float, dy),
			    UT_IN(uchar, index), UT_OUT(float, dw),
			    UT_OUT(float, db), UT_CONV_SHAPE, uint has_bias,
			    uint chunk_rows, uint piece_rows,
			    uint piece_columns, uint part_panels,
			    uint kh_block, uint c_block)
{
	UT_PLACES
	uint r = get_global_id(2), across = (C + c_block - 1) / c_block;
	uint kh = get_global_id(0) / across * kh_block;
	uint c0 = get_global_id(0) % across * c_block;
	uint khn = min(kh_block, kernel_side - kh), cn = min(c_block, C - c0);
	uint panels = (O + UT_LANES - 1) / UT_LANES;
	uint first = get_global_id(1) * part_panels;
	uint last = min(panels, first + part_panels);
	uint M = khn * kernel_side * cn;
	uint tall = (M + UT_ROWS - 1) / UT_ROWS * UT_ROWS;
	uint pitch = (piece_columns - 1) * stride + kernel_side;
	bool sums = has_bias && get_global_id(0) == 0;
	__local float *sum = work + part_panels * tall * UT_LANES;
	__local float *b = sum + part_panels * UT_LANES;
	__local float *region =
		b + part_panels * piece_rows * piece_columns * UT_LANES;
	ulong rows = (ulong)B * OH, chunk, row;
	uint w, n, m, i;

	if (kh >= kernel_side || first >= panels)
		return;
	x = UT_PART(x, r);
	dy = UT_PART(dy, r);
	index = UT_PART(index, r);
	dw = UT_PART(dw, r);
	db = UT_PART(db, r);
	for (chunk = 0; chunk < rows; chunk += chunk_rows) {
		ulong end = min(rows, chunk + chunk_rows);
		bool goes_on = false;

		for (row = chunk; row < end; row += piece_rows)
		for (w = 0; w < OW; w += piece_columns) {
			uint columns = min(piece_columns, OW - w);
			uint width = (columns - 1) * stride + kernel_side;
			uint pixels = load_pixels(region, b, place, x, dy,
				index, H, W, C, O, pad, stride, OH, OW, pool,
				row, min(end, row + piece_rows), w, columns,
				kh, khn, kernel_side, c0, cn, first, last);

			if (width != pitch || !(chunk + goes_on)) {
				set_table(table, 0, M, kernel_side * cn,
					  width * cn);
				for (i = M; i < tall; ++i)
					table[i] = 0;
				pitch = width;
			}
			for (n = 0; n < last - first; ++n) {
				__local const float *panel =
					b + n * pixels * UT_LANES;

				for (m = 0; m < tall; m += UT_ROWS)
					multiply_columns(
						work + (n * tall + m) * UT_LANES,
						region, table + m, place, panel,
						pixels, goes_on);
				if (sums)
					sum_columns(sum + n * UT_LANES, panel,
						    pixels, goes_on);
			}
			goes_on = true;
		}
		for (n = first; n < last; ++n) {
			uint o = n * UT_LANES, lanes = O - o;
			__local const float *c =
				work + (n - first) * tall * UT_LANES;

			for (m = 0; m < M; ++m) {
				uint tap = kh * kernel_side + m / cn;

				add_total(dw + ((ulong)tap * C + c0 + m % cn)
						       * O + o,
					  c + m * UT_LANES, lanes, chunk == 0,
					  end == rows);
			}
			if (sums)
				add_total(db + o, sum + (n - first) * UT_LANES,
					  lanes, chunk == 0, end == rows);
		}
	}
}
