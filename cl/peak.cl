/*
 * Chains of fma: x = fma(x, a, b), `rounds` times for every element of x (n).
 * How fast the device can multiply and add at best. Launch: a work-item for
 * UT_FLIGHT * UT_WIDTH neighbouring elements. Host twin: host_peak.c.
 */
#include "shape.h"

/* Vectors in flight a work-item: enough to hide the latency of fma. */
#ifndef UT_FLIGHT
#ifdef UT_SHAPE_GPU
#define UT_FLIGHT 2
#else
#define UT_FLIGHT 12
#endif
#endif

/* Floats of a vector: 16 where the device has registers of such. */
#ifndef UT_WIDTH
#define UT_WIDTH 8
#endif

#if UT_WIDTH == 16
typedef float16 ut_peak_vector;
#define UT_PEAK_LOAD vload16
#define UT_PEAK_STORE vstore16
#define UT_PEAK_FMA ut_native_fma8
#else
typedef float8 ut_peak_vector;
#define UT_PEAK_LOAD vload8
#define UT_PEAK_STORE vstore8
#define UT_PEAK_FMA ut_fma8
#endif

UT_KERNEL void fma_chain(UT_OUT(float, x), ulong n, float a, float b,
			 uint rounds)
{
	ulong first = (ulong)get_global_id(0) * (UT_FLIGHT * UT_WIDTH), i;
	__global float *at = UT_PART(x, 0) + first;
	ut_peak_vector v[UT_FLIGHT];
	uint j, k;

	if (first >= n)
		return;
	if (n - first < UT_FLIGHT * UT_WIDTH) {
		for (i = 0; i < n - first; ++i)
			for (k = 0; k < rounds; ++k)
				at[i] = ut_fma(at[i], a, b);
		return;
	}
#pragma unroll
	for (j = 0; j < UT_FLIGHT; ++j)
		v[j] = UT_PEAK_LOAD(j, at);
	for (k = 0; k < rounds; ++k) {
#pragma unroll
		for (j = 0; j < UT_FLIGHT; ++j)
			v[j] = UT_PEAK_FMA(v[j], (ut_peak_vector)a,
					   (ut_peak_vector)b);
	}
#pragma unroll
	for (j = 0; j < UT_FLIGHT; ++j)
		UT_PEAK_STORE(v[j], j, at);
}
