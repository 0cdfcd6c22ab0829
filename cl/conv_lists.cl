/*
 * Gradients of convolutions, the shape for processors.
 *
 * A gradient that comes back through max-pooling is +0 in three of four places and
 * more, and multiplying by +0 changes no bit. So the numbers that are not zero
 * are listed, in the order of the sum: pairs of an offset and a value. A sum of
 * several vectors rests in registers while it goes through a list. On numbers
 * without zeros that is no slower than a dense product.
 *
 * Groups of one. Host twins: src/device/host/host_conv_data.c, host_conv_weights.c.
 */
#include "conv_cpu.h"

/* The most vectors of a sum in registers; from this on lists pay for themselves. */
#define UT_EACH_3(X) X(0) X(1) X(2)
#define UT_EACH_6(X) UT_EACH_3(X) X(3) X(4) X(5)
#define UT_EACH_9(X) UT_EACH_6(X) X(6) X(7) X(8)
#define UT_EACH_12(X) UT_EACH_9(X) X(9) X(10) X(11)

UT_FUNCTION uint is_not_zero(float x)
{
	return as_uint(x) << 1 != 0;
}

/* Weight gradient ---------------------------------------------------------- */

/*
 * s = +0 or sums; s_j = fma(value, from[vector_j + offset], s_j) over the list;
 * then total += s, or sums = s if more lists follow.
 */
#define UT_LIST_FROM(j) __local const float *f##j = from + vector[j];
#define UT_LIST_ZERO(j) float8 s##j = (float8)0.0f;
#define UT_LIST_RESUME(j) s##j = vload8(j, sums);
#define UT_LIST_STEP(j) s##j = fma(value, vload8(0, f##j + at), s##j);
#define UT_LIST_REST(j) vstore8(s##j, j, sums);
#define UT_LIST_ADD(j) vstore8(vload8(j, total) + s##j, j, total);
#define UT_LIST_FUNCTION(name, EACH)                                    \
UT_FUNCTION void name(__local float *total, __local float *sums,        \
		      __local const float *from,                        \
		      __local const uint *vector,                       \
		      __local const float *list, uint length,           \
		      bool goes_on, bool last)                          \
{                                                                       \
	ulong k;                                                        \
	EACH(UT_LIST_FROM)                                              \
	EACH(UT_LIST_ZERO)                                              \
                                                                        \
	if (goes_on) {                                                  \
		EACH(UT_LIST_RESUME)                                    \
	}                                                               \
	UT_IN_ORDER                                                     \
	for (k = 0; k < length; ++k) {                                  \
		ulong at = as_uint(list[2 * k]);                        \
		float8 value = (float8)(list[2 * k + 1]);               \
                                                                        \
		EACH(UT_LIST_STEP)                                      \
	}                                                               \
	if (last) {                                                     \
		EACH(UT_LIST_ADD)                                       \
	} else {                                                        \
		EACH(UT_LIST_REST)                                      \
	}                                                               \
}
UT_LIST_FUNCTION(run_3, UT_EACH_3)
UT_LIST_FUNCTION(run_6, UT_EACH_6)
UT_LIST_FUNCTION(run_9, UT_EACH_9)

/* A row of output pixels at hand: four words each in a table. */
enum {
	ROW_PLACE, /* in the region, of what its first pixel reads */
	ROW_FROM,  /* its first gradient, from the first image's on */
	ROW_COUNT, /* its gradients of one channel: pixels or windows */
	ROW_HIGH,  /* pooled: 1, if its pixels are the lower of their windows */
	ROW_WORDS
};

/*
 * Sets the table for the rows [first, last) of all images, columns from w on.
 * pitch: floats of a row of the region; khn: rows of it that a pixel reads.
 */
UT_FUNCTION void set_rows(__local uint *rows, ulong first, ulong last, uint w,
			  uint columns, uint O, uint OH, uint OW, uint pool,
			  uint stride, uint khn, uint pitch)
{
	uint side = pool ? 2 : 1, PH = OH / side, PW = OW / side;
	uint oh = first % OH, image = 0, tall = 0;

	for (; first < last; ++first, rows += ROW_WORDS) {
		uint h = oh / side, end = min(PW, (w + columns) / side);

		rows[ROW_PLACE] = tall * pitch;
		rows[ROW_FROM] = ((image * PH + h) * PW + w / side) * O;
		rows[ROW_COUNT] = h < PH && w / side < end ? end - w / side : 0;
		rows[ROW_HIGH] = oh % side;
		tall += stride;
		if (++oh == OH) {
			oh = 0;
			++image;
			tall += khn - stride;
		}
	}
}

/* Copies what those rows read: channels [c, c + cn), `width` floats a pixel. */
UT_FUNCTION void load_rows(__local float *region, __global const float *x,
			   ulong first, ulong last, uint w, uint pitch, uint H,
			   uint W, uint C, uint pad, uint stride, uint OH,
			   uint kh, uint khn, uint c, uint cn, uint width)
{
	while (first < last) {
		ulong image = first / OH;
		uint oh = first % OH;
		uint rows = (uint)min((ulong)(OH - oh), last - first);
		uint tall = (rows - 1) * stride + khn;

		ut_load_image(region, x + image * H * W * C, H, W, C,
			      (int)(oh * stride + kh) - (int)pad,
			      (int)(w * stride) - (int)pad, tall, pitch / width,
			      c, cn, width);
		region += tall * pitch;
		first += rows;
	}
}

/* Lists one channel of those rows: pixels are `step` apart. Returns the length. */
UT_FUNCTION uint list_channel(__local float *list, __local const uint *rows,
			      uint count, __global const float *dy,
			      __global const uchar *index, uint O, uint pool,
			      uint step)
{
	uint length = 0, i, w;

	for (i = 0; i < count; ++i, rows += ROW_WORDS) {
		__global const float *from = dy + rows[ROW_FROM];
		__global const uchar *at = index + rows[ROW_FROM];
		uint place = rows[ROW_PLACE], high = rows[ROW_HIGH];
		uint n = rows[ROW_COUNT];

		if (pool)
#pragma unroll 1
			for (w = 0; w < n; ++w) {
				uint which = *at;
				float value = *from;

				list[2 * length] = as_float(
					place + (which & 1) * step);
				list[2 * length + 1] = value;
				length += is_not_zero(value)
					  & (which >> 1 == high);
				place += 2 * step;
				at += O;
				from += O;
			}
		else
#pragma unroll 1
			for (w = 0; w < n; ++w) {
				list[2 * length] = as_float(place);
				list[2 * length + 1] = *from;
				length += is_not_zero(*from);
				place += step;
				from += O;
			}
	}
	return length;
}

/* sums (8) = eight channels of those rows added up, from +0 or going on. */
UT_FUNCTION void sum_rows(__local float *sums, __local const uint *rows,
			  uint count, __global const float *dy,
			  __global const uchar *index, uint lanes, uint O,
			  uint pool, bool goes_on)
{
	float8 s = goes_on ? vload8(0, sums) : (float8)0.0f;
	uint i, w, l;

	for (i = 0; i < count; ++i, rows += ROW_WORDS) {
		ulong at = rows[ROW_FROM];

		UT_IN_ORDER
		for (w = 0; w < rows[ROW_COUNT]; ++w, at += O) {
			float8 value = (float8)0.0f;
			uchar8 which = (uchar8)0;

			if (lanes >= 8) {
				value = vload8(0, dy + at);
				if (pool)
					which = vload8(0, index + at);
			} else {
				float v[8];
				uchar u[8];
#pragma unroll 1
				for (l = 0; l < 8; ++l) {
					v[l] = l < lanes ? dy[at + l] : 0.0f;
					u[l] = pool && l < lanes ? index[at + l]
								 : 0;
				}
				value = vload8(0, v);
				which = vload8(0, u);
			}
			if (pool) {
				int8 here = convert_int8(which) >> 1
					    == (int)rows[ROW_HIGH];

				value = as_float8(as_int8(value) & here);
			}
			s = s + value;
		}
	}
	vstore8(s, 0, sums);
}

/*
 * dw and db: totals over chunks of chunk_rows rows of output pixels. A work-item
 * owns kh_block rows of the kernel, c_block inputs and o_block outputs, and goes
 * through all pixels, piece_rows x piece_columns at a time: in row order, so either
 * is whole; columns are even if pooled. Inputs are taken eight at a time: then what
 * a chunk reads stays in the first-level cache. The first work-item makes db too.
 * Local memory: totals (o_block, total_floats), the same of sums if there are
 * several pieces, two vectors for biases, lists (o_block, list_stride pairs), the
 * region. Launch: (kernel / kh_block x C / c_block, O / o_block, R), rounded up.
 */
UT_KERNEL void conv_weights(UT_IN(float, x), UT_IN(float, dy),
			    UT_IN(uchar, index), UT_OUT(float, dw),
			    UT_OUT(float, db), UT_CONV_SHAPE, uint has_bias,
			    uint chunk_rows, uint piece_rows,
			    uint piece_columns, uint kh_block, uint c_block,
			    uint o_block, uint list_stride)
{
	UT_PLACES
	__local uint rows[UT_CHUNK * ROW_WORDS];
	uint r = get_global_id(2), across = (C + c_block - 1) / c_block;
	uint kh = get_global_id(0) / across * kh_block;
	uint c0 = get_global_id(0) % across * c_block;
	uint o0 = get_global_id(1) * o_block;
	uint khn = min(kh_block, kernel_side - kh), cn = min(c_block, C - c0);
	uint on = min(o_block, O - o0);
	uint width = min(C, 8u), side = pool ? 2 : 1;
	/* vectors: of a row of kernel, of all, as many as are run; blocks */
	uint run = (kernel_side * width + 7) / 8, vectors = khn * run;
	uint padded = (vectors + 2) / 3 * 3, blocks = (cn + width - 1) / width;
	uint total_floats = blocks * padded * 8;
	bool pieces = piece_rows < chunk_rows || piece_columns < OW;
	bool has_sums = has_bias && get_global_id(0) == 0;
	__local float *sums = work + (pieces ? o_block * total_floats : 0);
	__local float *biases = sums + o_block * total_floats;
	__local float *lists = biases + 2 * (o_block + 8);
	__local float *region = lists + 2 * o_block * list_stride;
	ulong images = (ulong)(OH / side) * (OW / side) * O;
	ulong end_row = (ulong)B * OH, chunk, row;
	uint w, o, i, j, b;

	if (kh >= kernel_side || o0 >= O)
		return;
	x = UT_PART(x, r);
	dy = UT_PART(dy, r) + o0;
	index = UT_PART(index, r) + o0;
	dw = UT_PART(dw, r) + o0;
	db = UT_PART(db, r) + o0;
	ut_clear(work, on * total_floats);
	ut_clear(biases, o_block + 8);
	for (chunk = 0; chunk < end_row; chunk += chunk_rows) {
		ulong end = min(end_row, chunk + chunk_rows);

		for (row = chunk; row < end; row += piece_rows)
		for (w = 0; w < OW; w += piece_columns) {
			ulong stop = min(end, row + piece_rows);
			uint columns = min(piece_columns, OW - w);
			uint pitch = ((columns - 1) * stride + kernel_side)
				     * width;
			bool goes_on = row > chunk || w > 0;
			bool last = stop == end && w + columns == OW;
			ulong from = row / OH * images;

			set_rows(rows, row, stop, w, columns, O, OH, OW, pool,
				 stride, khn, pitch);
			for (i = 0; i < vectors; ++i)
				table[i] = i / run * pitch + i % run * 8;
			for (; i < padded; ++i)
				table[i] = 0;
			for (o = 0; o < on; ++o)
				place[o] = list_channel(
					lists + 2 * o * list_stride, rows,
					stop - row, dy + from + o,
					index + from + o, O, pool,
					stride * width);
			for (o = 0; has_sums && o < on; o += 8)
				sum_rows(biases + o_block + 8 + o, rows,
					 stop - row, dy + from + o,
					 index + from + o, on - o, O, pool,
					 goes_on);
			for (o = 0; has_sums && last && o < on; ++o)
				biases[o] = biases[o] + biases[o_block + 8 + o];
			for (b = 0; b < blocks; ++b) {
				uint c = c0 + b * width;

				load_rows(region, x, row, stop, w, pitch, H, W,
					  C, pad, stride, OH, kh, khn, c,
					  min(width, c0 + cn - c), width);
				for (o = 0; o < on; ++o)
				for (j = 0; j < padded;) {
					uint at = (o * blocks + b) * padded * 8
						  + j * 8;
					__local float *list =
						lists + 2 * o * list_stride;
#define UT_RUN(name, n)                                                 \
	{                                                               \
		name(work + at, sums + at, region, table + j, list,     \
		     place[o], goes_on, last);                          \
		j += n;                                                 \
	}
					if (padded - j >= 9)
						UT_RUN(run_9, 9)
					else if (padded - j >= 6)
						UT_RUN(run_6, 6)
					else
						UT_RUN(run_3, 3)
				}
			}
		}
	}
	for (i = 0; i < khn * kernel_side; ++i)
		for (j = 0; j < cn; ++j) {
			uint m = i % kernel_side * width + j % width;
			__local const float *from =
				work + j / width * padded * 8
				+ i / kernel_side * run * 8 + m;
			__global float *to =
				dw + ((ulong)(kh * kernel_side + i) * C + c0
				      + j) * O;

			for (o = 0; o < on; ++o)
				to[o] = ut_clean(from[o * total_floats]);
		}
	for (o = 0; has_sums && o < on; ++o)
		db[o] = ut_clean(biases[o]);
}

/* Data gradient ------------------------------------------------------------ */

/*
 * The weights as the data gradient reads them: channels in blocks of `width`; for
 * each a row of kernel is a run of kernel x width floats, padded with +0 to whole
 * groups of `group` vectors. (blocks, kernel, groups, O, group, 8). Launch: (blocks
 * x kernel x groups, O in spans, R).
 */
#define UT_TURN_SPAN 16
UT_KERNEL void conv_turn(UT_IN(float, w), UT_OUT(float, to), uint C, uint O,
			 uint kernel_side, uint width, uint group)
{
	uint run = kernel_side * width;
	uint groups = (run + 8 * group - 1) / (8 * group);
	uint blocks = (C + width - 1) / width, id = get_global_id(0);
	uint g = id % groups, kh = id / groups % kernel_side;
	uint b = id / groups / kernel_side, i, o;
	uint o0 = get_global_id(1) * UT_TURN_SPAN;
	uint o1 = min(O, o0 + UT_TURN_SPAN);

	if (b >= blocks)
		return;
	w = UT_PART(w, get_global_id(2));
	to = UT_PART(to, get_global_id(2)) + (ulong)id * O * group * 8;
	for (i = 0; i < group * 8; ++i) {
		uint m = g * group * 8 + i, c = b * width + m % width;
		bool there = m < run && c < C;
		__global const float *from =
			w + ((ulong)(kh * kernel_side + m / width) * C + c) * O;

		for (o = o0; o < o1; ++o)
			to[(ulong)o * group * 8 + i] = there ? from[o] : 0.0f;
	}
}

/*
 * For `count` pixels beside each other and their lists: s_j = to_j; s_j =
 * fma(value, from[8 j + offset], s_j) over the list; to_j = s_j, to of the next
 * pixel `step` further.
 */
#define UT_RUN_LOAD(j) float8 s##j = vload8(j, to);
#define UT_RUN_STEP(j) s##j = fma(value, vload8(j, at), s##j);
#define UT_RUN_STORE(j) vstore8(s##j, j, to);
#define UT_RUN_FUNCTION(name, EACH)                                     \
UT_FUNCTION void name(__local float *to, uint step,                     \
		      __global const float *from,                       \
		      __local const float *lists,                       \
		      __local const uint *starts,                       \
		      __local const uint *lengths, uint count)          \
{                                                                       \
	uint i;                                                         \
                                                                        \
	for (i = 0; i < count; ++i, to += step) {                       \
		__local const float *list = lists + starts[i];          \
		ulong n = lengths[i], k;                                \
		EACH(UT_RUN_LOAD)                                       \
                                                                        \
		UT_IN_ORDER                                             \
		for (k = 0; k < n; ++k) {                               \
			__global const float *at =                      \
				from + as_uint(list[2 * k]);            \
			float8 value = (float8)(list[2 * k + 1]);       \
                                                                        \
			EACH(UT_RUN_STEP)                               \
		}                                                       \
		EACH(UT_RUN_STORE)                                      \
	}                                                               \
}
UT_RUN_FUNCTION(spread_3, UT_EACH_3)
UT_RUN_FUNCTION(spread_6, UT_EACH_6)
UT_RUN_FUNCTION(spread_12, UT_EACH_12)

UT_FUNCTION uint append(__local float *list, uint length, uint offset,
			float value)
{
	list[2 * length] = as_float(offset);
	list[2 * length + 1] = value;
	return length + is_not_zero(value);
}

/*
 * Lists channels [o0, o1) of the output pixels (rows, columns) from (oh, ow) on of
 * an image, each `scale` apart in the offsets. starts and lengths: of each pixel's
 * list in `lists`. A window's four are made side by side in `four`, at most o1 - o0
 * pairs each, before they move there.
 */
UT_FUNCTION void list_pixels(__local float *lists, __local float *four,
			     __local uint *starts, __local uint *lengths,
			     __global const float *dy,
			     __global const uchar *index, uint oh, uint ow,
			     uint rows, uint columns, uint OH, uint OW, uint O,
			     uint pool, uint o0, uint o1, uint scale)
{
	uint used = 0, slot = 2 * (o1 - o0) + 8, i, j, o, p, k;
	uint h, w;

	if (!pool) {
		for (i = 0; i < rows; ++i)
			for (j = 0; j < columns; ++j) {
				__global const float *from =
					dy + ((ulong)(oh + i) * OW + ow + j) * O;
				uint n = 0;

				for (o = o0; o < o1; ++o)
					n = append(lists + used, n, o * scale,
						   from[o]);
				starts[i * columns + j] = used;
				lengths[i * columns + j] = n;
				used += 2 * n;
			}
		return;
	}
	for (i = 0; i < rows * columns; ++i)
		lengths[i] = starts[i] = 0;
	for (h = oh / 2; h < OH / 2 && 2 * h < oh + rows; ++h)
	for (w = ow / 2; w < OW / 2 && 2 * w < ow + columns; ++w) {
		ulong at = ((ulong)h * (OW / 2) + w) * O;
		ulong counts = 0; /* four, of sixteen bits */

		for (o = o0; o < o1; ++o) {
			uint shift = (index[at + o] & 3) * 16;
			uint n = counts >> shift & 0xffff;
			__local float *to = four + (shift >> 4) * slot + 2 * n;
			float value = dy[at + o];

			to[0] = as_float(o * scale);
			to[1] = value;
			counts += (ulong)is_not_zero(value) << shift;
		}
		for (p = 0; p < 4; ++p) {
			uint n = counts >> p * 16 & 0xffff;
			uint y = 2 * h + p / 2 - oh, x = 2 * w + p % 2 - ow;

			if (y >= rows || x >= columns)
				continue;
			starts[y * columns + x] = used;
			lengths[y * columns + x] = n;
			for (k = 0; k < 2 * n; k += 8)
				vstore8(vload8(0, four + p * slot + k), 0,
					lists + used + k);
			used += 2 * n;
		}
	}
}

/* What is finished: where gated only, clean. */
UT_FUNCTION void finish_row(__global float *dx, __global const float *gate,
			    uint has_gate, float scale, __local const float *s,
			    uint n)
{
	uint i;

	for (i = 0; i + 8 <= n; i += 8) {
		float8 z = vload8(0, s + i);

		if (has_gate)
			z = vload8(0, gate + i) > 0.0f ? z * scale
						       : (float8)0.0f;
		vstore8(ut_clean8(z), 0, dx + i);
	}
	for (; i < n; ++i) {
		float z = s[i];

		if (has_gate)
			z = gate[i] > 0.0f ? z * scale : 0.0f;
		dx[i] = ut_clean(z);
	}
}

/*
 * dx, where gated only. turned (R, conv_turn). A work-item owns part_rows x
 * part_columns pixels of an image, the first row of parts `lead` rows fewer, and
 * part_blocks blocks of channels. It goes through the output pixels that have read
 * them, list_rows x list_columns and list_channels at a time, each of which is the
 * whole of what follows it. A row of kernel and a pixel add to sums that lie beside
 * each other. In that order a sum meets rows of kernel from the last to the first
 * and in each the pixels from left to right: those of the output in order.
 * Local memory: sums (part_blocks, part_rows, part_columns + 2 (kernel - 1), width)
 * and up to 96 more, a window's lists, lists of 2 x list_channels for each pixel, or
 * window. Launch: (parts of all images, blocks / part_blocks, R), rounded up.
 */
UT_KERNEL void conv_data(UT_IN(float, dy), UT_IN(uchar, index),
			 UT_IN(float, turned), UT_IN(float, gate),
			 UT_OUT(float, dx), UT_CONV_SHAPE, uint has_gate,
			 float scale, uint width, uint group, uint part_rows,
			 uint part_columns, uint part_blocks, uint lead,
			 uint list_rows, uint list_columns, uint list_channels)
{
	UT_PLACES
	uint r = get_global_id(2), reach = kernel_side - 1;
	uint down = (H + lead + part_rows - 1) / part_rows;
	uint across = (W + part_columns - 1) / part_columns;
	uint image = get_global_id(0) / (down * across);
	uint band = get_global_id(0) / across % down;
	uint h0 = max(band * part_rows, lead) - lead;
	uint h1 = min(H, (band + 1) * part_rows - lead);
	uint w0 = get_global_id(0) % across * part_columns;
	uint w1 = min(W, w0 + part_columns);
	uint pitch = (w1 - w0 + 2 * reach) * width, rows = h1 - h0;
	uint groups = (kernel_side * width + 8 * group - 1) / (8 * group);
	uint blocks = (C + width - 1) / width;
	uint b0 = get_global_id(1) * part_blocks;
	uint b1 = min(blocks, b0 + part_blocks);
	/* the output pixels that have read any of them */
	uint first_h = (max(h0 + pad, reach) - reach + stride - 1) / stride;
	uint first_w = (max(w0 + pad, reach) - reach + stride - 1) / stride;
	uint end_h = min(OH, (h1 - 1 + pad) / stride + 1);
	uint end_w = min(OW, (w1 - 1 + pad) / stride + 1);
	ulong outputs = pool ? (ulong)(OH / 2) * (OW / 2) * O
			     : (ulong)OH * OW * O;
	__local float *four = work + (b1 - b0) * rows * pitch + 96;
	__local float *lists = four + (pool ? 8 * list_channels + 32 : 0);
	uint oh, ow, o, b, kh, g, i, w;

	if (image >= B || b0 >= blocks)
		return;
	dy = UT_PART(dy, r) + image * outputs;
	index = UT_PART(index, r) + image * outputs;
	turned = UT_PART(turned, r);
	gate = UT_PART(gate, r) + (ulong)image * H * W * C;
	dx = UT_PART(dx, r) + (ulong)image * H * W * C;
	ut_clear(work, (b1 - b0) * rows * pitch + 96);
	for (oh = first_h; oh < end_h; oh += list_rows)
	for (ow = first_w; ow < end_w; ow += list_columns)
	for (o = 0; o < O; o += list_channels) {
		uint tall = min(list_rows, end_h - oh);
		uint wide = min(list_columns, end_w - ow);
		/* from the sums' first column, `reach` to the left of w0 */
		uint left = ow * stride + reach - pad - w0;

		list_pixels(lists, four, place, table, dy, index, oh, ow, tall,
			    wide, OH, OW, O, pool, o, min(O, o + list_channels),
			    group * 8);
		for (b = b0; b < b1; ++b)
		for (kh = kernel_side; kh-- > 0;)
		for (g = groups; g-- > 0;) {
			__global const float *from =
				turned + (ulong)((b * kernel_side + kh) * groups
						 + g) * O * group * 8;

			for (i = 0; i < tall; ++i) {
				uint h = (oh + i) * stride + kh - pad - h0;
				__local float *to =
					work + ((b - b0) * rows + h) * pitch
					+ left * width + g * group * 8;

				if (h >= rows)
					continue;
				if (group == 12)
					spread_12(to, stride * width, from,
						  lists, place + i * wide,
						  table + i * wide, wide);
				else if (group == 6)
					spread_6(to, stride * width, from,
						 lists, place + i * wide,
						 table + i * wide, wide);
				else
					spread_3(to, stride * width, from,
						 lists, place + i * wide,
						 table + i * wide, wide);
			}
		}
	}
	for (b = b0; b < b1; ++b)
		for (i = 0; i < rows; ++i) {
			uint c = b * width, cn = min(width, C - c);
			__local const float *s =
				work + ((b - b0) * rows + i) * pitch
				+ reach * width;
			ulong at = ((ulong)(h0 + i) * W + w0) * C + c;

			if (cn == C)
				finish_row(dx + at, gate + at, has_gate, scale,
					   s, (w1 - w0) * C);
			else
				for (w = w0; w < w1; ++w, at += C, s += width)
					finish_row(dx + at, gate + at, has_gate,
						   scale, s, cn);
		}
}
