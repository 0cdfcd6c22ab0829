/*
 * Scale and shift by channel, as arguments of a kernel: struct ut_affine. Eight
 * floats and not two vectors, of which a compiler for processors makes what it
 * cannot turn into a vector loop.
 */
#ifndef UT_AFFINE_H
#define UT_AFFINE_H

#include "shape.h"

#define UT_AFFINE                                                              \
	uint channels, float scale0, float scale1, float scale2, float scale3, \
		float shift0, float shift1, float shift2, float shift3

/* The same to pass on, with the number of channels a constant or not. */
#define UT_AFFINE_OF(channels) \
	channels, scale0, scale1, scale2, scale3, shift0, shift1, shift2, shift3

/*
 * Element e's channel. There are 3, or 1, 2 or 4. The quotient by 3 is written
 * as compilers do it (Granlund and Montgomery 1994), because one did not and
 * left the loop around it without vectors.
 */
UT_FUNCTION uint ut_channel(uint e, uint channels)
{
	uint third = ut_mul_hi(e, 0xaaaaaaabu) >> 1;

	return channels == 3u ? e - 3u * third : e & (channels - 1u);
}

/* clean(fma(z, scale, shift)) of element e of a row. */
UT_FUNCTION float ut_affine(float z, uint e, UT_AFFINE)
{
	uint c = ut_channel(e, channels);
	float scale_low = c & 1u ? scale1 : scale0;
	float scale_high = c & 1u ? scale3 : scale2;
	float shift_low = c & 1u ? shift1 : shift0;
	float shift_high = c & 1u ? shift3 : shift2;

	return ut_clean(ut_fma(z, c & 2u ? scale_high : scale_low,
			       c & 2u ? shift_high : shift_low));
}

#ifndef UT_SHAPE_GPU
/* The same of elements e ... e + 7. */
UT_FUNCTION float8 ut_affine8(float8 z, uint e, UT_AFFINE)
{
	const uint8 steps = (uint8)(0, 1, 2, 3, 4, 5, 6, 7);
	uint8 c = ut_channel(e, channels) + steps; /* below 11 */
	uint8 third = c * 171u >> 9u;
	int8 odd, high;
	float8 scale, shift, x, size;

	c = channels == 3u ? c - 3u * third : c & (channels - 1u);
	odd = (c & 1u) != 0u;
	high = (c & 2u) != 0u;
	scale = select(select((float8)scale0, (float8)scale1, odd),
		       select((float8)scale2, (float8)scale3, odd), high);
	shift = select(select((float8)shift0, (float8)shift1, odd),
		       select((float8)shift2, (float8)shift3, odd), high);
	x = ut_fma8(z, scale, shift);
	size = as_float8(as_uint8(x) & 0x7fffffffu);

	return size < as_float(0x2b800000u) ? (float8)0.0f : x;
}
#endif

#endif
