/*
 * The tile of the shape for GPUs: a work-group owns a square tile of a product
 * c (M, N) = a (M, K) b (K, N), each of its UT_SIDE^2 work-items UT_BLOCK^2
 * elements of it, UT_SIDE apart. The operands go through local memory UT_DEPTH
 * rows of K at a time; past the edges they are +0, which leaves a chain as it is.
 */
#ifndef UT_TILE_GPU_H
#define UT_TILE_GPU_H

#include "shape.h"

/* Work-items along each side of a group. */
#ifndef UT_SIDE
#define UT_SIDE 16
#endif

/* Outputs of a work-item along each side. */
#ifndef UT_BLOCK
#define UT_BLOCK 4
#endif

/* Rows of K in local memory at a time; divides UT_CHUNK. */
#ifndef UT_DEPTH
#define UT_DEPTH 16
#endif

/* Floats that keep a tile's rows apart, so that they lie in different banks. */
#ifndef UT_PAD
#define UT_PAD 1
#endif

#define UT_TILE (UT_SIDE * UT_BLOCK)
#define UT_PITCH (UT_TILE + UT_PAD)
#define UT_TILE_KERNEL \
	__kernel __attribute__((reqd_work_group_size(UT_SIDE, UT_SIDE, 1)))
#define UT_TILES                              \
	__local float as[UT_DEPTH][UT_PITCH]; \
	__local float bs[UT_DEPTH][UT_PITCH];

/*
 * for (i = every number below n), unrolled: else what i counts through would lie in
 * memory, and not in registers.
 */
#if defined(__clang__) || defined(__NV_CL_C_VERSION)
#define UT_EACH(i, n) _Pragma("unroll") for (i = 0; i < (n); ++i)
#else
#define UT_EACH(i, n) for (i = 0; i < (n); ++i)
#endif

/* s += the product of the tiles, k ascending. */
static inline void add_tile(float s[UT_BLOCK][UT_BLOCK],
			    __local float (*as)[UT_PITCH],
			    __local float (*bs)[UT_PITCH])
{
	uint k, i, j;

	UT_IN_ORDER
	for (k = 0; k < UT_DEPTH; ++k) {
		float a[UT_BLOCK], b[UT_BLOCK];

		UT_EACH (i, UT_BLOCK) {
			a[i] = as[k][i * UT_SIDE + get_local_id(1)];
			b[i] = bs[k][i * UT_SIDE + get_local_id(0)];
		}
		UT_EACH (i, UT_BLOCK)
			UT_EACH (j, UT_BLOCK)
				s[i][j] = ut_fma(a[i], b[j], s[i][j]);
	}
}

static inline void clear_block(float s[UT_BLOCK][UT_BLOCK])
{
	uint i, j;

	UT_EACH (i, UT_BLOCK)
		UT_EACH (j, UT_BLOCK)
			s[i][j] = 0.0f;
}

/* Row and column of c that element i, j of a work-item's block is. */
#define UT_M(i) (get_group_id(1) * UT_TILE + (i)*UT_SIDE + get_local_id(1))
#define UT_N(j) (get_group_id(0) * UT_TILE + (j)*UT_SIDE + get_local_id(0))

/*
 * to[k][i] = from[i, k], i0 + i < n and k0 + k < K, else +0. The operand is
 * stored with its k together (along_k, rows of length K) or its i (length n).
 */
static inline void load_tile(__local float (*to)[UT_PITCH],
			     __global const float *from, uint i0, uint n,
			     uint k0, uint K, bool along_k)
{
	uint item = get_local_id(1) * UT_SIDE + get_local_id(0);
	uint e;

	for (e = item; e < UT_DEPTH * UT_TILE; e += UT_SIDE * UT_SIDE) {
		uint i = along_k ? e / UT_DEPTH : e % UT_TILE;
		uint k = along_k ? e % UT_DEPTH : e / UT_TILE;
		ulong at = along_k ? (ulong)(i0 + i) * K + k0 + k
				   : (ulong)(k0 + k) * n + i0 + i;

		to[k][i] = i0 + i < n && k0 + k < K ? from[at] : 0.0f;
	}
}

#endif
