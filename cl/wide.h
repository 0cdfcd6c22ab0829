/* The formulas of scalar.h that the register blocks need, sixteen lanes wide. */
#ifndef UT_WIDE_H
#define UT_WIDE_H

#include "scalar.h"

static inline float16 ut_wide_clean(float16 x)
{
	float16 size = as_float16(as_uint16(x) & (uint16)0x7fffffffu);

	return size < (float16)as_float(0x2b800000u) ? (float16)0.0f : x;
}

static inline float16 ut_wide_relu(float16 x)
{
	return x > (float16)0.0f ? x : (float16)0.0f;
}

/* The first `lanes` of sixteen floats; the others are +0. */
static inline float16 ut_wide_load(__global const float *from, uint lanes)
{
	float part[16];
	uint i;

	if (lanes >= 16)
		return vload16(0, from);
	for (i = 0; i < 16; ++i)
		part[i] = i < lanes ? from[i] : 0.0f;
	return vload16(0, part);
}

static inline void ut_wide_store(float16 x, __global float *to, uint lanes)
{
	float part[16];
	uint i;

	if (lanes >= 16) {
		vstore16(x, 0, to);
		return;
	}
	vstore16(x, 0, part);
	for (i = 0; i < lanes; ++i)
		to[i] = part[i];
}

#endif
