/*
 * Sixteen neighbouring floats in two vectors, and the formulas of scalar.h that
 * the register blocks of linear_cpu.cl need. (Two vectors of eight: a compiler for
 * a processor without vectors of sixteen passes those through memory. Two members
 * and not an array: one driver does not survive that.)
 */
#ifndef UT_WIDE_H
#define UT_WIDE_H

#include "scalar.h"

#define UT_LANES 16

struct ut_wide {
	float8 low, high;
};

UT_FUNCTION float8 ut_clean8(float8 x)
{
	float8 size = as_float8(as_uint8(x) & 0x7fffffffu);

	return size < as_float(0x2b800000u) ? (float8)0.0f : x;
}

UT_FUNCTION struct ut_wide ut_wide_clean(struct ut_wide x)
{
	return (struct ut_wide){ut_clean8(x.low), ut_clean8(x.high)};
}

UT_FUNCTION struct ut_wide ut_wide_relu(struct ut_wide x)
{
	x.low = x.low > 0.0f ? x.low : (float8)0.0f;
	x.high = x.high > 0.0f ? x.high : (float8)0.0f;
	return x;
}

UT_FUNCTION struct ut_wide ut_wide_add(struct ut_wide a, struct ut_wide b)
{
	a.low = a.low + b.low;
	a.high = a.high + b.high;
	return a;
}

/* x scale where gate is above 0, else +0. */
UT_FUNCTION struct ut_wide ut_wide_gate(struct ut_wide x, struct ut_wide gate,
					float scale)
{
	x.low = gate.low > 0.0f ? x.low * scale : (float8)0.0f;
	x.high = gate.high > 0.0f ? x.high * scale : (float8)0.0f;
	return x;
}

UT_FUNCTION struct ut_wide ut_wide_zero(void)
{
	return (struct ut_wide){(float8)0.0f, (float8)0.0f};
}

/* From and to local memory, all sixteen. */
UT_FUNCTION struct ut_wide ut_wide_get(__local const float *from)
{
	return (struct ut_wide){vload8(0, from), vload8(1, from)};
}

UT_FUNCTION void ut_wide_put(struct ut_wide x, __local float *to)
{
	vstore8(x.low, 0, to);
	vstore8(x.high, 1, to);
}

/*
 * The first `lanes` of sixteen floats; the others are +0. The loops of the edges
 * stay loops: unrolled, they cost registers and most of the time to compile.
 */
UT_FUNCTION struct ut_wide ut_wide_load(__global const float *from, uint lanes)
{
	float part[UT_LANES];
	uint i;

	if (lanes >= UT_LANES)
		return (struct ut_wide){vload8(0, from), vload8(1, from)};
#pragma unroll 1
	for (i = 0; i < UT_LANES; ++i)
		part[i] = i < lanes ? from[i] : 0.0f;
	return (struct ut_wide){vload8(0, part), vload8(1, part)};
}

UT_FUNCTION void ut_wide_store(struct ut_wide x, __global float *to, uint lanes)
{
	float part[UT_LANES];
	uint i;

	if (lanes >= UT_LANES) {
		vstore8(x.low, 0, to);
		vstore8(x.high, 1, to);
		return;
	}
	vstore8(x.low, 0, part);
	vstore8(x.high, 1, part);
#pragma unroll 1
	for (i = 0; i < lanes; ++i)
		to[i] = part[i];
}

#endif
