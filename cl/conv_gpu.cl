/*
 * Convolutions, the shape for GPUs: implicit products in the tiles of tile_gpu.h.
 * The patches of the image are read where they lie, a work-item knowing its
 * pixels' places by heart and finding its step's once for all of them.
 *
 * Launch: (ceil(N / tile) UT_SIDE, ceil(M / tile) UT_SIDE, R), tile = UT_SIDE
 * UT_BLOCK. Local memory: 2 UT_DEPTH UT_PITCH floats.
 * Host twin: src/device/host/host_conv.c.
 */
#include "tile_gpu.h"

#if UT_SIDE * UT_SIDE % UT_DEPTH || UT_SIDE * UT_SIDE % UT_TILE || UT_BLOCK % 4
#error "a work-item loads whole columns, and pools windows of its own"
#endif

/* Elements of a tile that a work-item loads. */
#define UT_LOADS (UT_DEPTH * UT_TILE / (UT_SIDE * UT_SIDE))

#define UT_CONV_SHAPE                                                   \
	uint B, uint H, uint W, uint C, uint O, uint kernel_side,       \
	uint pad, uint stride, uint OH, uint OW, uint pool

/* A pixel of a batch: its image, row and column; b is B or more past the end. */
struct pixel {
	uint b;
	int h, w;
};

static inline struct pixel pixel_of(ulong m, uint rows, uint columns)
{
	ulong row = m / columns;

	return (struct pixel){row / rows, row % rows, m % columns};
}

/* The gradient of output pixel (oh, ow), channel o, as stored: pooled or not. */
static inline float gradient_at(__global const float *dy,
				__global const uchar *index, struct pixel p,
				uint OH, uint OW, uint O, uint pool, uint o)
{
	uint PH = pool ? OH / 2 : OH, PW = pool ? OW / 2 : OW;
	uint h = pool ? p.h / 2 : p.h, w = pool ? p.w / 2 : p.w;
	ulong at = (((ulong)p.b * PH + h) * PW + w) * O + o;

	if (h >= PH || w >= PW)
		return 0.0f;
	if (pool && index[at] != p.h % 2 * 2 + p.w % 2)
		return 0.0f;
	return dy[at];
}

/* Row t of the group's tile among the outputs: with pool, places of windows. */
static inline struct pixel output_of(uint t, uint OH, uint OW, uint pool)
{
	uint i = t / UT_SIDE;
	struct pixel p;

	if (!pool)
		return pixel_of((ulong)get_group_id(1) * UT_TILE + t, OH, OW);
	p = pixel_of((ulong)get_group_id(1) * (UT_TILE / 4) + i / 4 * UT_SIDE
			     + t % UT_SIDE, OH / 2, OW / 2);
	p.h = 2 * p.h + i % 4 / 2;
	p.w = 2 * p.w + i % 2;
	return p;
}

/*
 * y = relu?(x * w + bias), then of every 2 x 2 the largest if pool, its place in
 * index. M = B OH OW (OH and OW even if pool: what is pooled), N = O.
 */
UT_TILE_KERNEL void conv_forward(UT_IN(float, x), UT_IN(float, w),
				 UT_IN(float, bias), UT_OUT(float, y),
				 UT_OUT(uchar, index), UT_CONV_SHAPE,
				 uint has_bias, uint relu, uint has_index)
{
	UT_TILES
	float s[UT_BLOCK][UT_BLOCK];
	uint r = get_global_id(2), K = kernel_side * kernel_side * C;
	uint item = get_local_id(1) * UT_SIDE + get_local_id(0);
	uint step = item % UT_DEPTH, first = item / UT_DEPTH;
	uint each = UT_SIDE * UT_SIDE / UT_DEPTH, side = pool ? 2 : 1;
	struct pixel from[UT_LOADS];
	uint k0, i, j, place[UT_BLOCK];
	float best[UT_BLOCK];

	x = UT_PART(x, r);
	w = UT_PART(w, r);
	bias = UT_PART(bias, r);
	y = UT_PART(y, r);
	index = UT_PART(index, r);
	UT_EACH (i, UT_LOADS) {
		from[i] = output_of(first + i * each, OH, OW, pool);
		from[i].h = from[i].h * (int)stride - (int)pad;
		from[i].w = from[i].w * (int)stride - (int)pad;
	}
	clear_block(s);
	for (k0 = 0; k0 < K; k0 += UT_DEPTH) {
		uint k = k0 + step, tap = k / C, c = k % C;
		int kh = tap / kernel_side, kw = tap % kernel_side;

		UT_EACH (i, UT_LOADS) {
			int h = from[i].h + kh, v = from[i].w + kw;
			bool in = k < K && from[i].b < B && h >= 0
				  && h < (int)H && v >= 0 && v < (int)W;

			as[step][first + i * each] =
				in ? x[(((ulong)from[i].b * H + h) * W + v) * C
				       + c]
				   : 0.0f;
		}
		load_tile(bs, w, get_group_id(0) * UT_TILE, O, k0, K, false);
		barrier(CLK_LOCAL_MEM_FENCE);
		add_tile(s, as, bs);
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	UT_EACH (i, UT_BLOCK) {
		struct pixel p = output_of(i * UT_SIDE + get_local_id(1), OH,
					   OW, pool);
		ulong at = (((ulong)p.b * (OH / side) + p.h / side)
				    * (OW / side) + p.w / side) * O;
		bool stored = p.b < B && (!pool || i % 4 == 3);

		UT_EACH (j, UT_BLOCK) {
			uint o = UT_N(j);
			float z = s[i][j];

			if (o >= O)
				continue;
			if (has_bias)
				z = z + bias[o];
			if (relu)
				z = ut_relu(z);
			z = ut_clean(z);
			if (!pool || i % 4 == 0) {
				best[j] = z;
				place[j] = 0;
			} else if (best[j] < z) {
				best[j] = z;
				place[j] = i % 4;
			}
			if (!stored)
				continue;
			y[at + o] = best[j];
			if (has_index)
				index[at + o] = place[j];
		}
	}
}

/* dx, where gated only. M = B H W, N = C, K = (kernel, kernel, O) turned round. */
UT_TILE_KERNEL void conv_data(UT_IN(float, dy), UT_IN(uchar, index),
			      UT_IN(float, w), UT_IN(float, gate),
			      UT_OUT(float, dx), UT_CONV_SHAPE, uint has_gate,
			      float scale)
{
	UT_TILES
	float s[UT_BLOCK][UT_BLOCK];
	uint r = get_global_id(2), taps = kernel_side * kernel_side;
	uint item = get_local_id(1) * UT_SIDE + get_local_id(0);
	uint step = item % UT_DEPTH, first = item / UT_DEPTH;
	uint each = UT_SIDE * UT_SIDE / UT_DEPTH, K = taps * O;
	uint n0 = get_group_id(0) * UT_TILE;
	struct pixel from[UT_LOADS];
	uint k0, i, j;

	dy = UT_PART(dy, r);
	index = UT_PART(index, r);
	w = UT_PART(w, r);
	gate = UT_PART(gate, r);
	dx = UT_PART(dx, r);
	UT_EACH (i, UT_LOADS) {
		from[i] = pixel_of((ulong)get_group_id(1) * UT_TILE + first
					   + i * each, H, W);
		from[i].h -= (int)(kernel_side - 1 - pad);
		from[i].w -= (int)(kernel_side - 1 - pad);
	}
	clear_block(s);
	for (k0 = 0; k0 < K; k0 += UT_DEPTH) {
		uint k = k0 + step, tap = k / O, o = k % O;
		int kh = tap / kernel_side, kw = tap % kernel_side;

		UT_EACH (i, UT_LOADS) {
			int h = from[i].h + kh, v = from[i].w + kw;
			struct pixel p = {from[i].b, h / (int)stride,
					  v / (int)stride};
			bool in = k < K && p.b < B && h >= 0 && v >= 0
				  && h % stride == 0 && v % stride == 0
				  && p.h < (int)OH && p.w < (int)OW;

			as[step][first + i * each] =
				in ? gradient_at(dy, index, p, OH, OW, O, pool,
						 o)
				   : 0.0f;
		}
		UT_EACH (i, UT_LOADS) {
			uint n = n0 + first + i * each;

			bs[step][first + i * each] =
				k < K && n < C
					? w[((ulong)(taps - 1 - tap) * C + n)
						    * O + o]
					: 0.0f;
		}
		barrier(CLK_LOCAL_MEM_FENCE);
		add_tile(s, as, bs);
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK) {
			ulong m = (ulong)get_group_id(1) * UT_TILE
				  + i * UT_SIDE + get_local_id(1);
			ulong at = m * C + UT_N(j);
			float z = s[i][j];

			if (m >= (ulong)B * H * W || UT_N(j) >= C)
				continue;
			if (has_gate)
				z = gate[at] > 0.0f ? z * scale : 0.0f;
			dx[at] = ut_clean(z);
		}
}

/*
 * The sums of chunks [first_chunk, first_chunk + chunks), of chunk_rows rows of
 * output pixels each: partial (R, chunks, M + 1, O), M = kernel^2 C, the last row
 * that of the biases. K = a chunk's pixels, N = O. Launch: R times chunks deep;
 * M + 1 counts.
 */
UT_TILE_KERNEL void conv_weights(UT_IN(float, x), UT_IN(float, dy),
				 UT_IN(uchar, index), UT_OUT(float, partial),
				 UT_CONV_SHAPE, uint first_chunk, uint chunks,
				 uint chunk_rows)
{
	UT_TILES
	__local struct pixel at[2][UT_DEPTH];
	float s[UT_BLOCK][UT_BLOCK];
	uint r = get_global_id(2) / chunks, chunk = get_global_id(2) % chunks;
	uint item = get_local_id(1) * UT_SIDE + get_local_id(0);
	uint column = item % UT_TILE, first = item / UT_TILE;
	uint each = UT_SIDE * UT_SIDE / UT_TILE;
	uint M = kernel_side * kernel_side * C;
	uint m = get_group_id(1) * UT_TILE + column;
	uint n = get_group_id(0) * UT_TILE + column;
	int kh = m / C / kernel_side, kw = m / C % kernel_side;
	uint c = m % C, now = 0, k, i, j;
	ulong row = (ulong)(first_chunk + chunk) * chunk_rows;
	ulong begin = row * OW;
	ulong end = min((ulong)B * OH, row + chunk_rows) * OW;

	x = UT_PART(x, r);
	dy = UT_PART(dy, r);
	index = UT_PART(index, r);
	partial = UT_PART(partial, 0)
		  + (ulong)get_global_id(2) * (M + 1) * O;
	clear_block(s);
	if (item < UT_DEPTH)
		at[0][item] = pixel_of(begin + item, OH, OW);
	barrier(CLK_LOCAL_MEM_FENCE);
	for (; begin < end; begin += UT_DEPTH, now = !now) {
		UT_EACH (i, UT_LOADS) {
			struct pixel p = at[now][first + i * each];
			bool in = begin + first + i * each < end;
			int h = p.h * (int)stride - (int)pad + kh;
			int v = p.w * (int)stride - (int)pad + kw;
			float a = m == M ? 1.0f : 0.0f, b = 0.0f;

			if (in && m < M && h >= 0 && h < (int)H && v >= 0
			    && v < (int)W)
				a = x[(((ulong)p.b * H + h) * W + v) * C + c];
			if (in && n < O)
				b = gradient_at(dy, index, p, OH, OW, O, pool,
						n);
			as[first + i * each][column] = a;
			bs[first + i * each][column] = b;
		}
		if (item < UT_DEPTH)
			at[!now][item] =
				pixel_of(begin + UT_DEPTH + item, OH, OW);
		barrier(CLK_LOCAL_MEM_FENCE);
		add_tile(s, as, bs);
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK)
			if (UT_M(i) <= M && UT_N(j) < O)
				partial[(ulong)UT_M(i) * O + UT_N(j)] = s[i][j];
}

/*
 * dw and db: the partial sums added in chunk order to what is there, unless they
 * are the first. Launch: ((M + 1) O, 1, R).
 */
UT_KERNEL void conv_total(UT_IN(float, partial), UT_OUT(float, dw),
			  UT_OUT(float, db), uint M, uint O, uint has_bias,
			  uint chunks, uint first, uint last)
{
	uint r = get_global_id(2);
	ulong size = (ulong)(M + 1) * O, weights = (ulong)M * O;

	partial = UT_PART(partial, 0) + r * chunks * size;
	dw = UT_PART(dw, r);
	db = UT_PART(db, r);
	UT_FOR(i, has_bias ? size : weights) {
		__global float *to = i < weights ? dw + i : db + (i - weights);
		float total = first ? 0.0f : *to;
		uint chunk;

		UT_IN_ORDER
		for (chunk = 0; chunk < chunks; ++chunk)
			total = total + partial[chunk * size + i];
		*to = last ? ut_clean(total) : total;
	}
}
