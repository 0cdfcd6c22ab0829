/*
 * Linear layers, the shape for processors.
 *
 * Each kernel is a product c (M, N) = a (M, K) b (K, N), K in blocks of k_block
 * or UT_CHUNK. A work-item owns `tile` rows and n_block columns of c. It packs a
 * block of b into local memory as panels of sixteen columns, and six rows of a
 * beside it, so that the inner loop reads with stride one and no two lines compete
 * for a place in the cache; there it holds six rows by sixteen columns of c in
 * registers. Edges are padded with +0 and cut off when c is written. A chain that
 * goes on in the next block rests in c, which loses nothing.
 *
 * Launch: (ceil(M / tile), ceil(N / n_block), R), groups of one; tile a multiple
 * of 6, n_block of 16, k_block <= UT_CHUNK, n_block k_block <= UT_PANEL. Local
 * memory: UT_PANEL + 6 UT_CHUNK + 96 floats. Host twin:
 * src/device/host/host_linear.c.
 */
#include "shape.h"
#include "tile_cpu.h"

/* What a work-item packs: b (n / 16, k, 16), a (6, UT_CHUNK), c (6, 16). */
#define UT_PACKED                                                       \
	__local float b[UT_PANEL] __attribute__((aligned(64)));         \
	__local float a[UT_ROWS * UT_CHUNK] __attribute__((aligned(64)));\
	__local float c[UT_ROWS * UT_LANES] __attribute__((aligned(64)));

/* b = kn rows and the columns [n0, n1) of a matrix whose rows have length N. */
UT_FUNCTION void pack_b(__local float *b, __global const float *from, uint N,
			uint n0, uint n1, uint kn)
{
	uint k, n;

	for (k = 0; k < kn; ++k) {
		__local float *to = b + UT_LANES * k;

		for (n = n0; n < n1; n += UT_LANES) {
			ut_wide_put(ut_wide_load(from + n, n1 - n), to);
			to += UT_LANES * kn;
		}
		from += N;
	}
}

/* The same of the transpose: kn columns, rows [n0, n1) of length K. */
UT_FUNCTION void pack_b_transposed(__local float *b, __global const float *from,
				   uint K, uint n0, uint n1, uint kn)
{
	uint n, k;

	for (n = n0; n < n0 + (n1 - n0 + UT_LANES - 1) / UT_LANES * UT_LANES;
	     ++n) {
		__global const float *row = from + (ulong)n * K;
		__local float *to = b + (n - n0) / UT_LANES * UT_LANES * kn
				    + (n - n0) % UT_LANES;

		for (k = 0; k < kn; ++k)
			to[UT_LANES * k] = n < n1 ? row[k] : 0.0f;
	}
}

/* a = `rows` rows of length K, then +0. */
UT_FUNCTION void pack_a(__local float *a, __global const float *from, uint K,
			uint rows, uint kn)
{
	uint i, k;

	for (i = 0; i < UT_ROWS; ++i)
		for (k = 0; k < kn; ++k)
			a[UT_CHUNK * i + k] = i < rows ? from[(ulong)i * K + k]
						       : 0.0f;
}

/* The same of the transpose: `rows` columns of kn rows of length M. */
UT_FUNCTION void pack_a_transposed(__local float *a, __global const float *from,
				   uint M, uint rows, uint kn)
{
	uint i, k;

	for (k = 0; k < kn; ++k) {
#pragma unroll
		for (i = 0; i < UT_ROWS; ++i)
			a[UT_CHUNK * i + k] = i < rows ? from[i] : 0.0f;
		from += M;
	}
}

/* c = a panel, or c + a panel one by one: the chain goes on. k ascending. */
#define UT_PACKED_ROW(i) UT_CHUNK * i
#define UT_PACKED_STEP(k) k
UT_FUNCTION void multiply(__local float *c, __local const float *a,
			  __local const float *panel, uint kn, bool goes_on)
{
	UT_TILE_BODY(UT_PACKED_ROW, UT_PACKED_STEP)
}

/* c = what rests in the output, whose rows have length N. */
UT_FUNCTION void resume(__local float *c, __global const float *from, uint N,
			uint rows, uint lanes)
{
	uint i;

	for (i = 0; i < rows; ++i)
		ut_wide_put(ut_wide_load(from + (ulong)i * N, lanes),
			    c + UT_LANES * i);
}

/* y = relu?(x w + bias). M = B, N = O, K = D. x (B, D), w (D, O), y (B, O) */
UT_KERNEL void linear_forward(UT_IN(float, x), UT_IN(float, w),
			      UT_IN(float, bias), UT_OUT(float, y),
			      uint B, uint D, uint O, uint has_bias, uint relu,
			      uint tile, uint n_block, uint k_block)
{
	UT_PACKED
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(B, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(O, n0 + n_block);
	uint m, n, k, i;

	if (m0 >= B || n0 >= O)
		return;
	x = UT_PART(x, r);
	w = UT_PART(w, r);
	bias = UT_PART(bias, r);
	y = UT_PART(y, r);
	for (k = 0; k < D; k += k_block) {
		uint kn = min(k_block, D - k);
		bool last = k + kn == D;

		pack_b(b, w + (ulong)k * O, O, n0, n1, kn);
		for (m = m0; m < m1; m += UT_ROWS) {
			uint rows = min((uint)UT_ROWS, m1 - m);

			pack_a(a, x + (ulong)m * D + k, D, rows, kn);
			for (n = n0; n < n1; n += UT_LANES) {
				__global float *to = y + (ulong)m * O + n;
				uint lanes = n1 - n;

				if (k)
					resume(c, to, O, rows, lanes);
				multiply(c, a, b + (n - n0) * kn, kn, k > 0);
				for (i = 0; i < rows; ++i) {
					struct ut_wide s =
						ut_wide_get(c + UT_LANES * i);

					if (last && has_bias)
						s = ut_wide_add(s, ut_wide_load(
							bias + n, lanes));
					if (last && relu)
						s = ut_wide_relu(s);
					if (last)
						s = ut_wide_clean(s);
					ut_wide_store(s, to, lanes);
					to += O;
				}
			}
		}
	}
}

/*
 * dx = dy w^T, where gated only. M = B, N = D, K = O. dy (B, O), w (D, O),
 * gate and dx (B, D)
 */
UT_KERNEL void linear_data(UT_IN(float, dy), UT_IN(float, w),
			   UT_IN(float, gate), UT_OUT(float, dx),
			   uint B, uint D, uint O, uint has_gate, float scale,
			   uint tile, uint n_block, uint k_block)
{
	UT_PACKED
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(B, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(D, n0 + n_block);
	uint m, n, k, i;

	if (m0 >= B || n0 >= D)
		return;
	dy = UT_PART(dy, r);
	w = UT_PART(w, r);
	gate = UT_PART(gate, r);
	dx = UT_PART(dx, r);
	for (k = 0; k < O; k += k_block) {
		uint kn = min(k_block, O - k);
		bool last = k + kn == O;

		pack_b_transposed(b, w + k, O, n0, n1, kn);
		for (m = m0; m < m1; m += UT_ROWS) {
			uint rows = min((uint)UT_ROWS, m1 - m);

			pack_a(a, dy + (ulong)m * O + k, O, rows, kn);
			for (n = n0; n < n1; n += UT_LANES) {
				ulong at = (ulong)m * D + n;
				uint lanes = n1 - n;

				if (k)
					resume(c, dx + at, D, rows, lanes);
				multiply(c, a, b + (n - n0) * kn, kn, k > 0);
				for (i = 0; i < rows; ++i) {
					struct ut_wide s =
						ut_wide_get(c + UT_LANES * i);

					if (last && has_gate)
						s = ut_wide_gate(s,
							ut_wide_load(gate + at,
								     lanes),
							scale);
					if (last)
						s = ut_wide_clean(s);
					ut_wide_store(s, dx + at, lanes);
					at += D;
				}
			}
		}
	}
}

/* db (n1 - n0): adds the sums of a packed chunk of dy. */
UT_FUNCTION void add_columns(__global float *db, __local const float *b,
			     uint n0, uint n1, uint kn, bool first, bool last)
{
	uint n, k;

	for (n = n0; n < n1; n += UT_LANES) {
		struct ut_wide sum = ut_wide_zero(), total = ut_wide_zero();

		UT_IN_ORDER
		for (k = 0; k < kn; ++k) {
			sum = ut_wide_add(sum, ut_wide_get(b));
			b += UT_LANES;
		}
		if (!first)
			total = ut_wide_load(db + n, n1 - n);
		total = ut_wide_add(total, sum);
		if (last)
			total = ut_wide_clean(total);
		ut_wide_store(total, db + n, n1 - n);
	}
}

/*
 * dw = x^T dy and db = column sums of dy, chunks of UT_CHUNK rows. M = D, N = O,
 * K = B. x (B, D), dy (B, O), dw (D, O), db (O)
 */
UT_KERNEL void linear_weights(UT_IN(float, x), UT_IN(float, dy),
			      UT_OUT(float, dw), UT_OUT(float, db),
			      uint B, uint D, uint O, uint has_bias,
			      uint tile, uint n_block)
{
	UT_PACKED
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(D, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(O, n0 + n_block);
	uint m, n, k, i;

	if (m0 >= D || n0 >= O)
		return;
	x = UT_PART(x, r);
	dy = UT_PART(dy, r);
	dw = UT_PART(dw, r);
	db = UT_PART(db, r);
	for (k = 0; k < B; k += UT_CHUNK) {
		uint kn = min((uint)UT_CHUNK, B - k);
		bool first = k == 0, last = k + kn == B;

		pack_b(b, dy + (ulong)k * O, O, n0, n1, kn);
		if (has_bias && m0 == 0)
			add_columns(db, b, n0, n1, kn, first, last);
		for (m = m0; m < m1; m += UT_ROWS) {
			uint rows = min((uint)UT_ROWS, m1 - m);

			pack_a_transposed(a, x + (ulong)k * D + m, D, rows, kn);
			for (n = n0; n < n1; n += UT_LANES) {
				__global float *to = dw + (ulong)m * O + n;
				uint lanes = n1 - n;

				multiply(c, a, b + (n - n0) * kn, kn, false);
				for (i = 0; i < rows; ++i) {
					struct ut_wide s = ut_wide_zero();

					if (!first)
						s = ut_wide_load(to, lanes);
					s = ut_wide_add(s, ut_wide_get(
						c + UT_LANES * i));
					if (last)
						s = ut_wide_clean(s);
					ut_wide_store(s, to, lanes);
					to += O;
				}
			}
		}
	}
}
