/*
 * Mixtures, element by element. Host twin: src/device/host/host_blend.c.
 */
#include "shape.h"

/* y = clean(fma(y, own, other x)). x, y (n). Launch: (n, 1, R). */
UT_KERNEL void blend(UT_IN(float, x), UT_OUT(float, y), ulong n, float own,
		     float other)
{
	uint r = get_global_id(2);

	x = UT_PART(x, r);
	y = UT_PART(y, r);
	UT_FOR(i, n) {
		float added = other * x[i];

		y[i] = ut_clean(ut_fma(y[i], own, added));
	}
}
