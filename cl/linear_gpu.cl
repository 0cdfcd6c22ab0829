/*
 * Linear layers, the shape for GPUs.
 *
 * Each kernel is a product c (M, N) = a (M, K) b (K, N) in the tiles of
 * tile_gpu.h.
 *
 * Launch: (ceil(N / tile) UT_SIDE, ceil(M / tile) UT_SIDE, R), tile = UT_SIDE
 * UT_BLOCK. Local memory: 2 UT_DEPTH UT_PITCH floats.
 * Host twin: src/device/host/host_linear.c.
 */
#include "tile_gpu.h"

/*
 * s = the block's chains over the whole of K: a (M, K), b (K, N), or (N, K) if
 * b_along_k.
 */
static inline void sum_tiles(float s[UT_BLOCK][UT_BLOCK],
			     __local float (*as)[UT_PITCH],
			     __local float (*bs)[UT_PITCH],
			     __global const float *a, uint M,
			     __global const float *b, uint N, uint K,
			     bool b_along_k)
{
	uint m0 = get_group_id(1) * UT_TILE, n0 = get_group_id(0) * UT_TILE;
	uint k0;

	clear_block(s);
	for (k0 = 0; k0 < K; k0 += UT_DEPTH) {
		load_tile(as, a, m0, M, k0, K, true);
		load_tile(bs, b, n0, N, k0, K, b_along_k);
		barrier(CLK_LOCAL_MEM_FENCE);
		add_tile(s, as, bs);
		barrier(CLK_LOCAL_MEM_FENCE);
	}
}

/* y = relu?(x w + bias). M = B, N = O, K = D. x (B, D), w (D, O), y (B, O) */
UT_TILE_KERNEL void linear_forward(UT_IN(float, x), UT_IN(float, w),
				   UT_IN(float, bias), UT_OUT(float, y),
				   uint B, uint D, uint O, uint has_bias,
				   uint relu)
{
	UT_TILES
	float s[UT_BLOCK][UT_BLOCK];
	uint r = get_global_id(2);
	uint i, j;

	x = UT_PART(x, r);
	w = UT_PART(w, r);
	bias = UT_PART(bias, r);
	y = UT_PART(y, r);
	sum_tiles(s, as, bs, x, B, w, O, D, false);
	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK) {
			uint m = UT_M(i), n = UT_N(j);
			float z = s[i][j];

			if (m >= B || n >= O)
				continue;
			if (has_bias)
				z = z + bias[n];
			if (relu)
				z = ut_relu(z);
			y[(ulong)m * O + n] = ut_clean(z);
		}
}

/*
 * dx = dy w^T, where gated only. M = B, N = D, K = O. dy (B, O), w (D, O),
 * gate and dx (B, D)
 */
UT_TILE_KERNEL void linear_data(UT_IN(float, dy), UT_IN(float, w),
				UT_IN(float, gate), UT_OUT(float, dx),
				uint B, uint D, uint O, uint has_gate,
				float scale)
{
	UT_TILES
	float s[UT_BLOCK][UT_BLOCK];
	uint r = get_global_id(2);
	uint i, j;

	dy = UT_PART(dy, r);
	w = UT_PART(w, r);
	gate = UT_PART(gate, r);
	dx = UT_PART(dx, r);
	sum_tiles(s, as, bs, dy, B, w, D, O, true);
	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK) {
			uint m = UT_M(i), n = UT_N(j);
			ulong at = (ulong)m * D + n;
			float z = s[i][j];

			if (m >= B || n >= D)
				continue;
			if (has_gate)
				z = gate[at] > 0.0f ? z * scale : 0.0f;
			dx[at] = ut_clean(z);
		}
}

/*
 * dw = x^T dy and db = column sums of dy, chunks of UT_CHUNK rows. M = D, N = O,
 * K = B. x (B, D), dy (B, O), dw (D, O), db (O). The first row of groups
 * makes db from the tiles of dy that pass through its local memory.
 */
UT_TILE_KERNEL void linear_weights(UT_IN(float, x), UT_IN(float, dy),
				   UT_OUT(float, dw), UT_OUT(float, db),
				   uint B, uint D, uint O, uint has_bias)
{
	UT_TILES
	float s[UT_BLOCK][UT_BLOCK], total[UT_BLOCK][UT_BLOCK];
	float column[UT_BLOCK], column_total[UT_BLOCK];
	uint r = get_global_id(2);
	bool sums = has_bias && get_global_id(1) == 0;
	uint k0, k, i, j;

	x = UT_PART(x, r);
	dy = UT_PART(dy, r);
	dw = UT_PART(dw, r);
	db = UT_PART(db, r);
	clear_block(s);
	clear_block(total);
	UT_EACH (j, UT_BLOCK)
		column[j] = column_total[j] = 0.0f;
	for (k0 = 0; k0 < B; k0 += UT_DEPTH) {
		bool whole = (k0 + UT_DEPTH) % UT_CHUNK == 0
			     || k0 + UT_DEPTH >= B;

		load_tile(as, x, UT_M(0) - get_local_id(1), D, k0, B, false);
		load_tile(bs, dy, UT_N(0) - get_local_id(0), O, k0, B, false);
		barrier(CLK_LOCAL_MEM_FENCE);
		/* Before the products and rolled up: compilers that find the
		 * same rows of bs in both keep all of them in registers. */
		UT_IN_ORDER
#pragma unroll 1
		for (k = 0; sums && k < UT_DEPTH; ++k)
			UT_EACH (j, UT_BLOCK)
				column[j] = column[j]
					    + bs[k][j * UT_SIDE
						    + get_local_id(0)];
		add_tile(s, as, bs);
		barrier(CLK_LOCAL_MEM_FENCE);
		if (!whole)
			continue;
		UT_EACH (i, UT_BLOCK)
			UT_EACH (j, UT_BLOCK)
				total[i][j] = total[i][j] + s[i][j];
		UT_EACH (j, UT_BLOCK) {
			column_total[j] = column_total[j] + column[j];
			column[j] = 0.0f;
		}
		clear_block(s);
	}
	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK) {
			uint m = UT_M(i), n = UT_N(j);

			if (m < D && n < O)
				dw[(ulong)m * O + n] = ut_clean(total[i][j]);
		}
	for (j = 0; sums && j < UT_BLOCK; ++j)
		if (UT_N(j) < O)
			db[UT_N(j)] = ut_clean(column_total[j]);
}
