/*
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as
 * 1, 2, 3; SC 2011), and how Undertone counts with it (docs/ARITHMETIC.md,
 * clause 5). Compiled both as C and as OpenCL C.
 */
#ifndef UT_PHILOX_H
#define UT_PHILOX_H

#include "scalar.h"

struct ut_words {
	uint w[4];
};

/*
 * The four words for block `block` (element / 4) of row `row` of replica
 * `replica` in stream `stream`, keyed by (seed, purpose).
 */
UT_FUNCTION struct ut_words ut_philox(uint block, uint row, uint replica,
				      uint stream, uint seed, uint purpose)
{
	struct ut_words x = {{block, row, replica, stream}};
	int round;

#ifdef __OPENCL_VERSION__
#pragma unroll
#endif
	for (round = 0; round < 10; ++round) {
		uint high0 = ut_mul_hi(0xd2511f53u, x.w[0]);
		uint low0 = 0xd2511f53u * x.w[0];
		uint high1 = ut_mul_hi(0xcd9e8d57u, x.w[2]);
		uint low1 = 0xcd9e8d57u * x.w[2];

		x.w[0] = high1 ^ x.w[1] ^ seed;
		x.w[1] = low1;
		x.w[2] = high0 ^ x.w[3] ^ purpose;
		x.w[3] = low0;
		seed += 0x9e3779b9u;
		purpose += 0xbb67ae85u;
	}
	return x;
}

/* The four standard normal numbers of a block: (w0, w1) and (w2, w3) a pair. */
UT_FUNCTION void ut_normals_of_words(struct ut_words x, float z[4])
{
	float first = ut_normal_radius(x.w[0]);
	float second = ut_normal_radius(x.w[2]);

	z[0] = first * ut_sine_of_turn(x.w[1], 1u);
	z[1] = first * ut_sine_of_turn(x.w[1], 0u);
	z[2] = second * ut_sine_of_turn(x.w[3], 1u);
	z[3] = second * ut_sine_of_turn(x.w[3], 0u);
}

#endif
