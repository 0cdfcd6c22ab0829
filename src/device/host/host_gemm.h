/* The matrix product behind the linear layers, one for each processor level. */
#ifndef UT_HOST_GEMM_H
#define UT_HOST_GEMM_H

#include "level.h"

/* Element (i, j) of replica r is data[r * replica + i * row + j * column]. */
struct gemm_matrix {
	const float *data;
	size_t replica, row, column;
};

/*
 * c = a b for R replicas, and what follows on each element while it is still in
 * a register: + bias, then ReLU or the gate, then ut_clean. The sum over K is
 * one fma chain from +0, k ascending; if chunked, a chain for each UT_CHUNK of
 * k, and the chunks' sums added in order.
 */
struct gemm {
	unsigned R;
	size_t M, N, K;
	struct gemm_matrix a; /* (M, K) */
	struct gemm_matrix b; /* (K, N) */
	bool chunked;
	const float *bias; /* (N), or NULL */
	size_t bias_replica;
	bool relu;
	const float *gate; /* (M, N), or NULL: c is 0 where gate <= 0 */
	size_t gate_replica;
	float scale; /* elsewhere c is multiplied by scale */
	float *c;    /* (M, N), row-major */
	size_t c_replica;
	float *sums; /* (N): chunked sums of b's columns, or NULL */
	size_t sums_replica;
};
void UT_HOST(gemm)(const struct ut_host *host, const struct gemm *g);

#endif
