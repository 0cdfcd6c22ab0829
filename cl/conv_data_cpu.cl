/*
 * Data gradients of convolutions, the shape for processors: as in
 * conv_weights_cpu.cl, what is not zero of the gradient is listed, pixel by pixel,
 * and sums of several vectors go through the lists in registers.
 *
 * Groups of one. Host twin: src/device/host/host_conv_data.c.
 */
#include "conv_cpu.h"

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
#define UT_RUN_STEP(j) s##j = ut_fma8(value, vload8(j, at), s##j);
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
