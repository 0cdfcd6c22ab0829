/*
 * Linear layers, the shape for processors.
 *
 * Each kernel is a product c (M, N) = a (M, K) b (K, N). A work-item owns
 * `tile` rows and `n_block` columns of c. It copies a block of b, k_block rows
 * at a time, into local memory as panels of sixteen columns, (n / 16, k, 16), so
 * that the inner loop reads with stride one and no two lines compete for a place
 * in the cache; then it holds six rows by sixteen columns of c in registers. A
 * chain that goes on in the next block rests in c, which loses nothing.
 *
 * Launch: (ceil(M / tile), ceil(N / n_block), R), groups of one. Local memory:
 * UT_PANEL floats, and 6 UT_CHUNK more for the weight gradient;
 * k_block n_block <= UT_PANEL, n_block a multiple of 16.
 * Host twin: src/device/host/host_linear.c.
 */
#include "shape.h"
#include "wide.h"

/* Floats of b that a work-item keeps at hand: a part of the second-level cache. */
#ifndef UT_PANEL
#define UT_PANEL 32768
#endif

/* The register block: six rows, the most that sixteen registers hold. */
#define UT_ROWS 6
#define UT_EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)

#define UT_ZERO(i) float16 s##i = (float16)0.0f;
#define UT_STEP(i) s##i = fma((float16)UT_A(i), b, s##i);

/* panels = rows [0, kn) and columns [n0, n1) of b, row-major with row length N. */
static inline void pack_rows(__local float *panels, __global const float *b,
			     uint N, uint n0, uint n1, uint kn)
{
	uint k, n;

	for (k = 0; k < kn; ++k) {
		__global const float *row = b + (ulong)k * N;

		for (n = n0; n < n1; n += 16)
			vstore16(ut_wide_load(row + n, n1 - n), 0,
				 panels + (ulong)(n - n0) * kn + 16 * k);
	}
}

/* The same of the transpose of b, whose rows of length K are the columns. */
static inline void pack_columns(__local float *panels, __global const float *b,
				uint K, uint n0, uint n1, uint kn)
{
	uint n, k, lane;

	for (n = n0; n < n1; n += 16) {
		__local float *panel = panels + (ulong)(n - n0) * kn;

		for (lane = 0; lane < 16; ++lane) {
			__global const float *column = b + (ulong)(n + lane) * K;

			if (n + lane < n1)
				for (k = 0; k < kn; ++k)
					panel[16 * k + lane] = column[k];
			else
				for (k = 0; k < kn; ++k)
					panel[16 * k + lane] = 0.0f;
		}
	}
}

/* y = relu?(x w + bias). M = B, N = O, K = D. x (B, D), w (D, O), y (B, O) */
UT_KERNEL void linear_forward(UT_IN(float, x), UT_IN(float, w),
			      UT_IN(float, bias), UT_OUT(float, y),
			      uint B, uint D, uint O, uint has_bias, uint relu,
			      uint tile, uint n_block, uint k_block)
{
	__local float panels[UT_PANEL] __attribute__((aligned(64)));
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(B, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(O, n0 + n_block);
	uint m, n, k, k0;

	if (m0 >= B || n0 >= O)
		return;
	x = UT_PART(x, r);
	w = UT_PART(w, r);
	bias = UT_PART(bias, r);
	y = UT_PART(y, r);
	for (k0 = 0; k0 < D; k0 += k_block) {
		uint kn = min(k_block, D - k0);

		pack_rows(panels, w + (ulong)k0 * O, O, n0, n1, kn);
		for (m = m0; m < m1; m += UT_ROWS) {
#define UT_POINT(i)                                                     \
	__global const float *a##i =                                    \
		x + (ulong)min(m + i, m1 - 1) * D + k0;                 \
	__global float *c##i = y + (ulong)min(m + i, m1 - 1) * O;
			UT_EACH_ROW(UT_POINT)
			for (n = n0; n < n1; n += 16) {
				__local const float *panel =
					panels + (ulong)(n - n0) * kn;
				uint lanes = n1 - n;
				UT_EACH_ROW(UT_ZERO)

				if (k0) {
#define UT_RESUME(i) s##i = ut_wide_load(c##i + n, lanes);
					UT_EACH_ROW(UT_RESUME)
				}
				for (k = 0; k < kn; ++k) {
					float16 b = vload16(k, panel);
#define UT_A(i) a##i[k]
					UT_EACH_ROW(UT_STEP)
#undef UT_A
				}
				if (k0 + kn == D) {
					float16 add = has_bias
						? ut_wide_load(bias + n, lanes)
						: (float16)0.0f;
#define UT_END(i)                                                       \
	s##i = has_bias ? s##i + add : s##i;                            \
	s##i = relu ? ut_wide_relu(s##i) : s##i;                        \
	s##i = ut_wide_clean(s##i);
					UT_EACH_ROW(UT_END)
#undef UT_END
				}
#define UT_STORE(i)                                                     \
	if (m + i < m1)                                                 \
		ut_wide_store(s##i, c##i + n, lanes);
				UT_EACH_ROW(UT_STORE)
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
	__local float panels[UT_PANEL] __attribute__((aligned(64)));
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(B, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(D, n0 + n_block);
	uint m, n, k, k0;

	if (m0 >= B || n0 >= D)
		return;
	dy = UT_PART(dy, r);
	w = UT_PART(w, r);
	gate = UT_PART(gate, r);
	dx = UT_PART(dx, r);
	for (k0 = 0; k0 < O; k0 += k_block) {
		uint kn = min(k_block, O - k0);

		pack_columns(panels, w + k0, O, n0, n1, kn);
		for (m = m0; m < m1; m += UT_ROWS) {
#undef UT_POINT
#define UT_POINT(i)                                                     \
	ulong row##i = min(m + i, m1 - 1);                              \
	__global const float *a##i = dy + row##i * O + k0;              \
	__global float *c##i = dx + row##i * D;
			UT_EACH_ROW(UT_POINT)
			for (n = n0; n < n1; n += 16) {
				__local const float *panel =
					panels + (ulong)(n - n0) * kn;
				uint lanes = n1 - n;
				UT_EACH_ROW(UT_ZERO)

				if (k0) {
					UT_EACH_ROW(UT_RESUME)
				}
				for (k = 0; k < kn; ++k) {
					float16 b = vload16(k, panel);
#define UT_A(i) a##i[k]
					UT_EACH_ROW(UT_STEP)
#undef UT_A
				}
				if (k0 + kn == O) {
#define UT_END(i)                                                       \
	if (has_gate) {                                                 \
		float16 open = ut_wide_load(gate + row##i * D + n,      \
					    lanes);                     \
		s##i = open > (float16)0.0f ? s##i * scale              \
					    : (float16)0.0f;            \
	}                                                               \
	s##i = ut_wide_clean(s##i);
					UT_EACH_ROW(UT_END)
#undef UT_END
				}
				UT_EACH_ROW(UT_STORE)
			}
		}
	}
}

/*
 * dw = x^T dy and db = column sums of dy, chunks of UT_CHUNK rows. M = D, N = O,
 * K = B. x (B, D), dy (B, O), dw (D, O), db (O). n_block UT_CHUNK <= UT_PANEL.
 */
UT_KERNEL void linear_weights(UT_IN(float, x), UT_IN(float, dy),
			      UT_OUT(float, dw), UT_OUT(float, db),
			      uint B, uint D, uint O, uint has_bias,
			      uint tile, uint n_block)
{
	__local float panels[UT_PANEL] __attribute__((aligned(64)));
	__local float rows[UT_ROWS * UT_CHUNK] __attribute__((aligned(64)));
	uint r = get_global_id(2);
	uint m0 = get_global_id(0) * tile, m1 = min(D, m0 + tile);
	uint n0 = get_global_id(1) * n_block, n1 = min(O, n0 + n_block);
	uint m, n, k, k0;

	if (m0 >= D || n0 >= O)
		return;
	x = UT_PART(x, r);
	dy = UT_PART(dy, r);
	dw = UT_PART(dw, r);
	db = UT_PART(db, r);
	for (k0 = 0; k0 < B; k0 += UT_CHUNK) {
		uint kn = min((uint)UT_CHUNK, B - k0);
		bool last = k0 + kn == B;

		pack_rows(panels, dy + (ulong)k0 * O, O, n0, n1, kn);
		for (n = n0; has_bias && m0 == 0 && n < n1; n += 16) {
			__local const float *panel =
				panels + (ulong)(n - n0) * kn;
			float16 sum = (float16)0.0f, total = (float16)0.0f;

			for (k = 0; k < kn; ++k)
				sum = sum + vload16(k, panel);
			if (k0)
				total = ut_wide_load(db + n, n1 - n);
			total = total + sum;
			total = last ? ut_wide_clean(total) : total;
			ut_wide_store(total, db + n, n1 - n);
		}
		for (m = m0; m < m1; m += UT_ROWS) {
			__global const float *from = x + (ulong)k0 * D + m;

			if (m + UT_ROWS <= D)
				for (k = 0; k < kn; ++k) {
					vstore4(vload4(0, from), 0,
						rows + UT_ROWS * k);
					vstore2(vload2(0, from + 4), 0,
						rows + UT_ROWS * k + 4);
					from += D;
				}
			else
				for (k = 0; k < kn; ++k) {
					for (n = 0; n < UT_ROWS; ++n)
						rows[UT_ROWS * k + n] =
							m + n < D ? from[n]
								  : 0.0f;
					from += D;
				}
			for (n = n0; n < n1; n += 16) {
				__local const float *panel =
					panels + (ulong)(n - n0) * kn;
				uint lanes = n1 - n;
				UT_EACH_ROW(UT_ZERO)

				for (k = 0; k < kn; ++k) {
					float16 b = vload16(k, panel);
#define UT_A(i) rows[UT_ROWS * k + i]
					UT_EACH_ROW(UT_STEP)
#undef UT_A
				}
#define UT_END(i)                                                       \
	if (m + i < m1) {                                               \
		__global float *c = dw + (ulong)(m + i) * O + n;        \
		float16 total = (float16)0.0f;                          \
		if (k0)                                                 \
			total = ut_wide_load(c, lanes);                 \
		total = total + s##i;                                   \
		total = last ? ut_wide_clean(total) : total;            \
		ut_wide_store(total, c, lanes);                         \
	}
				UT_EACH_ROW(UT_END)
#undef UT_END
			}
		}
	}
}
