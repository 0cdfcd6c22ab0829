/*
 * Weight gradients of convolutions, the shape for processors.
 *
 * A gradient that comes back through max-pooling is +0 in three of four places and
 * more, and multiplying by +0 changes no bit. So the numbers that are not zero
 * are listed, in the order of the sum: pairs of an offset and a value. A sum of
 * several vectors rests in registers while it goes through a list. On numbers
 * without zeros that is no slower than a dense product. Where an image has few
 * channels there is too little to do for an entry, and the product is dense.
 *
 * Groups of one. Host twins: src/device/host/host_conv_weights.c, host_conv_narrow.c.
 */
#include "conv_cpu.h"

/*
 * Vectors j in triples: those of a triple lie beside each other, triple t from
 * from + triple[t] on. s = +0 or sums; s_j = fma(value, from_j[offset], s_j) over
 * the list; then total += s, or sums = s if more lists follow.
 */
#define UT_TRIPLES                                                      \
	__local const float *f0 = from + triple[0];                     \
	__local const float *f1 = from + triple[1];                     \
	__local const float *f2 = from + triple[2];
#define UT_TRIPLE_OF(j) ((j) < 3 ? f0 : (j) < 6 ? f1 : f2)
#define UT_LIST_ZERO(j) float8 s##j = (float8)0.0f;
#define UT_LIST_RESUME(j) s##j = vload8(j, sums);
#define UT_LIST_STEP(j)                                                 \
	s##j = ut_fma8(value, vload8((j) % 3, UT_TRIPLE_OF(j) + at), s##j);
#define UT_LIST_REST(j) vstore8(s##j, j, sums);
#define UT_LIST_ADD(j) vstore8(vload8(j, total) + s##j, j, total);
#define UT_LIST_FUNCTION(name, EACH)                                    \
UT_FUNCTION void name(__local float *total, __local float *sums,        \
		      __local const float *from,                        \
		      __local const uint *triple,                       \
		      __local const float *list, uint length,           \
		      bool goes_on, bool last)                          \
{                                                                       \
	ulong k;                                                        \
	UT_TRIPLES                                                      \
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
	/* triples of vectors: of a row of kernel, of all rows; blocks */
	uint run = (kernel_side * width + 23) / 24, triples = khn * run;
	uint blocks = (cn + width - 1) / width;
	uint total_floats = blocks * triples * 24;
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
			for (i = 0; i < triples; ++i)
				table[i] = i / run * pitch + i % run * 24;
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
				for (j = 0; j < triples;) {
					uint at = ((o * blocks + b) * triples
						   + j) * 24;
					__local float *list =
						lists + 2 * o * list_stride;
#define UT_RUN(name, n)                                                 \
	{                                                               \
		name(work + at, sums + at, region, table + j, list,     \
		     place[o], goes_on, last);                          \
		j += n;                                                 \
	}
					if (triples - j >= 3)
						UT_RUN(run_9, 3)
					else if (triples - j == 2)
						UT_RUN(run_6, 2)
					else
						UT_RUN(run_3, 1)
				}
			}
		}
	}
	for (i = 0; i < khn * kernel_side; ++i)
		for (j = 0; j < cn; ++j) {
			uint m = i % kernel_side * width + j % width;
			__local const float *from =
				work + (j / width * triples
					+ i / kernel_side * run) * 24 + m;
			__global float *to =
				dw + ((ulong)(kh * kernel_side + i) * C + c0
				      + j) * O;

			for (o = 0; o < on; ++o)
				to[o] = ut_clean(from[o * total_floats]);
		}
	for (o = 0; has_sums && o < on; ++o)
		db[o] = ut_clean(biases[o]);
}

/*
 * Nine taps, in triples, for eight outputs: s_j = +0 or sums; for the pixels of the
 * rows in order s_j = fma(from_j[place], dy, s_j); then total += s, or sums = s if
 * more rows follow.
 */
#define UT_TAP_STEP(j)                                                  \
	s##j = ut_fma8((float8)(UT_TRIPLE_OF(j)[at + (j) % 3]), d, s##j);
#define UT_TAP_PIXEL(q)                                                 \
	{                                                               \
		float8 d = as_float8(as_int8(value)                     \
				     & (which == high + (q)));          \
		ulong at = place + (q) * step;                          \
                                                                        \
		UT_EACH_9(UT_TAP_STEP)                                  \
	}
UT_FUNCTION void run_taps(__local float *total, __local float *sums,
			  __local const float *from,
			  __local const uint *triple,
			  __local const uint *rows, uint count,
			  __global const float *dy, __global const uchar *index,
			  uint O, uint pool, uint step, bool goes_on, bool last)
{
	uint i, w;
	UT_TRIPLES
	UT_EACH_9(UT_LIST_ZERO)

	if (goes_on) {
		UT_EACH_9(UT_LIST_RESUME)
	}
	for (i = 0; i < count; ++i, rows += ROW_WORDS) {
		ulong next = rows[ROW_FROM];
		uint place = rows[ROW_PLACE], n = rows[ROW_COUNT];
		int high = 2 * rows[ROW_HIGH];

		if (pool)
			UT_IN_ORDER
			for (w = 0; w < n; ++w, next += O, place += 2 * step) {
				float8 value = vload8(0, dy + next);
				int8 which =
					convert_int8(vload8(0, index + next));

				UT_TAP_PIXEL(0)
				UT_TAP_PIXEL(1)
			}
		else
			UT_IN_ORDER
			for (w = 0; w < n; ++w, next += O, place += step) {
				float8 d = vload8(0, dy + next);
				ulong at = place;

				UT_EACH_9(UT_TAP_STEP)
			}
	}
	if (last) {
		UT_EACH_9(UT_LIST_ADD)
	} else {
		UT_EACH_9(UT_LIST_REST)
	}
}

/*
 * The same as conv_weights for few channels and O a multiple of eight: a work-item
 * owns eight outputs, of all taps. Local memory: totals (taps in triples and nines,
 * 8), sums, two vectors for biases, the region. Launch: (O / 8, 1, R).
 */
UT_KERNEL void conv_narrow(UT_IN(float, x), UT_IN(float, dy),
				   UT_IN(uchar, index), UT_OUT(float, dw),
				   UT_OUT(float, db), UT_CONV_SHAPE,
				   uint has_bias, uint chunk_rows,
				   uint piece_rows, uint piece_columns)
{
	UT_PLACES
	__local uint rows[UT_CHUNK * ROW_WORDS];
	uint r = get_global_id(2), o = get_global_id(0) * 8;
	/* triples of taps, of a row of kernel; taps, in nines */
	uint run = (kernel_side * C + 2) / 3, side = pool ? 2 : 1;
	uint padded = (kernel_side * run + 2) / 3 * 9;
	__local float *sums = work + padded * 8;
	__local float *biases = sums + padded * 8;
	__local float *region = biases + 16;
	ulong images = (ulong)(OH / side) * (OW / side) * O;
	ulong end_row = (ulong)B * OH, chunk, row;
	uint w, i;

	if (o >= O)
		return;
	x = UT_PART(x, r);
	dy = UT_PART(dy, r) + o;
	index = UT_PART(index, r) + o;
	dw = UT_PART(dw, r) + o;
	db = UT_PART(db, r) + o;
	ut_clear(work, padded * 16 + 16);
	for (chunk = 0; chunk < end_row; chunk += chunk_rows) {
		ulong end = min(end_row, chunk + chunk_rows);

		for (row = chunk; row < end; row += piece_rows)
		for (w = 0; w < OW; w += piece_columns) {
			ulong stop = min(end, row + piece_rows);
			uint columns = min(piece_columns, OW - w);
			uint pitch = ((columns - 1) * stride + kernel_side) * C;
			bool goes_on = row > chunk || w > 0;
			bool last = stop == end && w + columns == OW;
			ulong from = row / OH * images;

			set_rows(rows, row, stop, w, columns, O, OH, OW, pool,
				 stride, kernel_side, pitch);
			for (i = 0; i < padded / 3; ++i)
				table[i] = i < kernel_side * run
						   ? i / run * pitch
							     + i % run * 3
						   : 0;
			load_rows(region, x, row, stop, w, pitch, H, W, C, pad,
				  stride, OH, 0, kernel_side, 0, C, C);
			for (i = 0; i < padded; i += 9)
				run_taps(work + i * 8, sums + i * 8, region,
					 table + i / 3, rows, stop - row, dy + from,
					 index + from, O, pool, stride * C,
					 goes_on, last);
			if (!has_bias)
				continue;
			sum_rows(biases + 8, rows, stop - row, dy + from,
				 index + from, 8, O, pool, goes_on);
			if (last)
				vstore8(vload8(0, biases) + vload8(1, biases),
					0, biases);
		}
	}
	for (i = 0; i < kernel_side; ++i)
		for (w = 0; w < kernel_side * C; ++w)
			vstore8(ut_clean8(vload8(i * run * 3 + w, work)), 0,
				dw + ((ulong)i * kernel_side * C + w) * O);
	if (has_bias)
		vstore8(ut_clean8(vload8(0, biases)), 0, db);
}
