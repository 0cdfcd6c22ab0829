/*
 * What the arithmetic contract builds on, from operands that no compiler can
 * fold: the host compares the bits (src/device/opencl/ocl_probe.c).
 */
#include "shape.h"

/* The columns of enum ocl_probe_column. */
#ifndef UT_PROBES
#define UT_PROBES 10
#endif

/* operands (n, 3) bits, results (n, UT_PROBES) bits. Launch: (n, 1, 1). */
UT_KERNEL void probe(__global const uint *restrict operands,
		     __global uint *restrict results, ulong n)
{
	UT_FOR(i, n) {
		float a = as_float(operands[3 * i]);
		float b = as_float(operands[3 * i + 1]);
		float c = as_float(operands[3 * i + 2]);
		__global uint *to = results + UT_PROBES * i;
		float sum = a + b;

		to[0] = as_uint(ut_native_fma(a, b, c));
		to[1] = as_uint(ut_soft_fma(a, b, c));
		to[2] = as_uint(sum);
		to[3] = as_uint(sum - b);
		to[4] = as_uint(a * b);
		to[5] = as_uint(a / b);
		to[6] = as_uint(ut_soft_div(a, b));
		to[7] = as_uint(ut_native_sqrt(a));
		to[8] = as_uint(ut_soft_sqrt(a));
		to[9] = as_uint((float)(int)operands[3 * i]);
	}
}

UT_FUNCTION float8 gather(__global const uint *at)
{
	return as_float8((uint8)(at[0], at[3], at[6], at[9], at[12], at[15],
				 at[18], at[21]));
}

/*
 * The first two columns on vectors of eight: results (n / 8, 2, 8) bits, operands
 * (n, 3) bits, n a multiple of 8. Launch: (n, 1, 1).
 */
UT_KERNEL void probe_wide(__global const uint *restrict operands,
			  __global uint *restrict results, ulong n)
{
	UT_FOR(i, n / 8) {
		__global const uint *at = operands + 24 * i;
		float8 a = gather(at), b = gather(at + 1), c = gather(at + 2);

		vstore8(as_uint8(ut_native_fma8(a, b, c)), 2 * i, results);
		vstore8(as_uint8(ut_soft_fma8(a, b, c)), 2 * i + 1, results);
	}
}

/*
 * A product, then a sum, on vectors of eight and one by one: results (n / 8, 2, 8)
 * bits. In a kernel of its own: a product that is used otherwise, too, is not
 * worth fusing. Launch: (n, 1, 1).
 */
UT_KERNEL void probe_separate(__global const uint *restrict operands,
			      __global uint *restrict results, ulong n)
{
	UT_FOR(i, n / 8) {
		__global const uint *at = operands + 24 * i;
		__global uint *to = results + 16 * i;
		float8 a = gather(at), b = gather(at + 1), c = gather(at + 2);
		float8 product = ut_kept8(a * b);
		uint j;

		vstore8(as_uint8(product + c), 0, to);
		for (j = 0; j < 8; ++j, at += 3) {
			float x = as_float(at[0]), y = as_float(at[1]);
			float one = ut_mul(x, y);

			to[8 + j] = as_uint(one + as_float(at[2]));
		}
	}
}

/* result (1): the sum of all operands (n), in order. Launch: (1, 1, 1). */
UT_KERNEL void probe_order(__global const float *restrict operands,
			   __global float *restrict result, ulong n)
{
	float sum = 0.0f;
	ulong i;

	if (get_global_id(0))
		return;
	UT_IN_ORDER
	for (i = 0; i < n; ++i)
		sum = sum + operands[i];
	result[0] = sum;
}

/*
 * How fast the two are: chains of n, for the host's clock. They start in [1/2, 1) and
 * stay there. results (items, 8). Launch: (items, 1, 1).
 */
#define UT_CHAIN(name, one)                                                  \
UT_KERNEL void name(__global const uint *restrict operands,                  \
		    __global float *restrict results, ulong n)               \
{                                                                            \
	uint8 bits = vload8(get_global_id(0), operands);                     \
	float8 a = as_float8((bits & 0x7fffffu) | 0x3f000000u);              \
	float8 b = 1.0f - a, x = a;                                          \
	ulong i;                                                             \
                                                                             \
	for (i = 0; i < n; ++i)                                              \
		x = one(x, a, b);                                            \
	vstore8(x, get_global_id(0), results);                               \
}

UT_CHAIN(probe_chain, ut_native_fma8)
UT_CHAIN(probe_soft_chain, ut_soft_fma8)
