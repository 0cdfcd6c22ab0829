/*
 * Chains of fma: x = fma(x, a, b), `rounds` times for every element of x (n).
 * How fast the device can multiply and add at best. Launch: a work-item for
 * UT_FLIGHT * 8 neighbouring elements. Host twin: host_peak.c.
 */
#include "shape.h"

/* Vectors of eight in flight a work-item: enough to hide the latency of fma. */
#ifndef UT_FLIGHT
#ifdef UT_SHAPE_GPU
#define UT_FLIGHT 2
#else
#define UT_FLIGHT 12
#endif
#endif

UT_KERNEL void fma_chain(UT_OUT(float, x), ulong n, float a, float b,
			 uint rounds)
{
	ulong first = (ulong)get_global_id(0) * (UT_FLIGHT * 8), i;
	__global float *at = UT_PART(x, 0) + first;
	float8 v[UT_FLIGHT];
	uint j, k;

	if (first >= n)
		return;
	if (n - first < UT_FLIGHT * 8) {
		for (i = 0; i < n - first; ++i)
			for (k = 0; k < rounds; ++k)
				at[i] = ut_fma(at[i], a, b);
		return;
	}
#pragma unroll
	for (j = 0; j < UT_FLIGHT; ++j)
		v[j] = vload8(j, at);
	for (k = 0; k < rounds; ++k) {
#pragma unroll
		for (j = 0; j < UT_FLIGHT; ++j)
			v[j] = ut_fma8(v[j], (float8)a, (float8)b);
	}
#pragma unroll
	for (j = 0; j < UT_FLIGHT; ++j)
		vstore8(v[j], j, at);
}
