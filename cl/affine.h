/* Scale and shift by channel, as arguments of a kernel: struct ut_affine. */
#ifndef UT_AFFINE_H
#define UT_AFFINE_H

#include "shape.h"

#define UT_AFFINE uint channels, float4 scale, float4 shift

UT_FUNCTION float ut_of_channel(float4 x, uint c)
{
	return c & 2u ? (c & 1u ? x.w : x.z) : (c & 1u ? x.y : x.x);
}

/* clean(fma(z, scale, shift)) of element e of a row. */
UT_FUNCTION float ut_affine(float z, uint e, uint channels, float4 scale,
			    float4 shift)
{
	/* 1, 2 or 4 channels, or 3 */
	uint c = channels == 3u ? e % 3u : e & (channels - 1u);

	return ut_clean(ut_fma(z, ut_of_channel(scale, c),
			       ut_of_channel(shift, c)));
}

#endif
