/*
 * What the arithmetic contract builds on, from operands that no compiler can
 * fold: the host compares the bits (src/device/opencl/ocl_probe.c).
 *
 * Launch: (n, 1, 1). operands (n, 3) bits, results (n, UT_PROBES) bits. The
 * columns are those of enum ut_ocl_probe_column.
 */
#include "shape.h"

#ifndef UT_PROBES
#define UT_PROBES 8
#endif

UT_KERNEL void probe(__global const uint *restrict operands,
		     __global uint *restrict results, ulong n)
{
	UT_FOR(i, n) {
		float a = as_float(operands[3 * i]);
		float b = as_float(operands[3 * i + 1]);
		float c = as_float(operands[3 * i + 2]);
		__global uint *to = results + UT_PROBES * i;
		float product = a * b;
		float sum = a + b;

		to[0] = as_uint(ut_fma(a, b, c));
		to[1] = as_uint(product + c);
		to[2] = as_uint(sum);
		to[3] = as_uint(sum - b);
		to[4] = as_uint(product);
		to[5] = as_uint(ut_div(a, b));
		to[6] = as_uint(ut_sqrt(a));
		to[7] = as_uint((float)(int)operands[3 * i]);
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
