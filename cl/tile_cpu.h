/*
 * The register block of the shape for processors: six rows by sixteen columns of
 * a product c = a b. The operands are packed so that the inner loop reads with
 * stride one: b as panels (k, 16), a wherever ROW and STEP say.
 */
#ifndef UT_TILE_CPU_H
#define UT_TILE_CPU_H

#include "wide.h"

/* Floats of local memory for packed operands: a part of the second-level cache. */
#ifndef UT_PANEL
#define UT_PANEL 53248
#endif

/* Six rows are the most that sixteen registers hold. */
#define UT_ROWS 6
#define UT_EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)

/*
 * The body of a function whose arguments are
 *   __local float *c          (6, 16), written
 *   __local const float *a    element i of step k is a[ROW(i) + STEP(k)]
 *   const float *panel        (kn, 16), in local or global memory
 *   uint kn
 *   bool goes_on              the chains that are in c go on, else from +0
 * c = the chains over k ascending, one by one.
 */
#define UT_TILE_ZERO(i) float8 c##i = (float8)0.0f, d##i = (float8)0.0f;
#define UT_TILE_RESUME(i)        \
	c##i = vload8(2 * i, c); \
	d##i = vload8(2 * i + 1, c);
#define UT_TILE_STEP(i)                        \
	{                                      \
		float8 x = (float8)(a##i[at]); \
		c##i = ut_fma8(x, b0, c##i);   \
		d##i = ut_fma8(x, b1, d##i);   \
	}
#define UT_TILE_REST(i)          \
	vstore8(c##i, 2 * i, c); \
	vstore8(d##i, 2 * i + 1, c);
#define UT_TILE_BODY(ROW, STEP)                                      \
	__local const float *a0 = a + (ROW(0)), *a1 = a + (ROW(1));  \
	__local const float *a2 = a + (ROW(2)), *a3 = a + (ROW(3));  \
	__local const float *a4 = a + (ROW(4)), *a5 = a + (ROW(5));  \
	ulong k;                                                     \
	UT_EACH_ROW(UT_TILE_ZERO)                                    \
                                                                     \
	if (goes_on) {                                               \
		UT_EACH_ROW(UT_TILE_RESUME)                          \
	}                                                            \
	UT_IN_ORDER                                                  \
	for (k = 0; k < kn; ++k) {                                   \
		float8 b0 = vload8(0, panel), b1 = vload8(1, panel); \
		ulong at = STEP(k);                                  \
                                                                     \
		UT_EACH_ROW(UT_TILE_STEP)                            \
		panel += UT_LANES;                                   \
	}                                                            \
	UT_EACH_ROW(UT_TILE_REST)

#endif
