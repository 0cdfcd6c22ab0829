/* Where an octave's grid lies under an image; compiled as C and OpenCL C. */
#ifndef UT_OCTAVES_H
#define UT_OCTAVES_H

#include "scalar.h"

/* Grids of an image with sides below 2^15: 2^15 halved down to 1. */
enum { UT_OCTAVES_MAX = 16 };

/* Columns of an image that are made at once, where processors do it. */
enum { UT_OCTAVE_STRIP = 32 };

/* The side of the next coarser grid. */
UT_FUNCTION uint ut_octave_half(uint side)
{
	return (side + 1u) / 2u;
}

/*
 * The place of pixel d of S on a grid of n, 16 bits after the point:
 * floor((2 d + 1) n 2^15 / S) - 2^15, within [0, (n - 1) 2^16]. This is that
 * quotient and its rest, and what the next pixel adds to them. With n <= S and
 * d < S < 2^15 every number is below 2^31: (2 d + 1) n, n 2^16, and the
 * quotient, which is below 2 n 2^15.
 */
struct ut_octave_axis {
	uint n, S, whole, rest, step, step_rest;
};

UT_FUNCTION struct ut_octave_axis ut_octave_axis_at(uint d, uint n, uint S)
{
	uint product = (2u * d + 1u) * n;
	uint high = product / S;
	uint rest = (product - high * S) << 15;
	uint low = rest / S, step = (n << 16) / S;
	struct ut_octave_axis axis = {
		n,
		S,
		(high << 15) + low,
		rest - low * S,
		step,
		(n << 16) - step * S,
	};

	return axis;
}

UT_FUNCTION struct ut_octave_axis ut_octave_axis_next(
	struct ut_octave_axis axis)
{
	axis.whole += axis.step;
	axis.rest += axis.step_rest;
	if (axis.rest >= axis.S) {
		axis.rest -= axis.S;
		++axis.whole;
	}
	return axis;
}

UT_FUNCTION uint ut_octave_axis_place(struct ut_octave_axis axis)
{
	int place = (int)axis.whole - 0x8000;
	int last = (int)(axis.n - 1u) << 16;

	place = place < 0 ? 0 : place;
	return (uint)(place < last ? place : last);
}

UT_FUNCTION uint ut_octave_place(uint d, uint n, uint S)
{
	return ut_octave_axis_place(ut_octave_axis_at(d, n, S));
}

/* The part of a place after the point, exact. */
UT_FUNCTION float ut_octave_fraction(uint place)
{
	return (float)(place & 0xffffu) * as_float(0x37800000u);
}

/* From a to b by f. */
UT_FUNCTION float ut_lerp(float a, float b, float f)
{
	float d = b - a;

	return ut_fma(d, f, a);
}

#endif
