/* The second ways of cl/scalar.h, which this machine does not need. */
#include "scalar_soft.h"

#define UT_SOFT_DIVIDE
#undef __FP_FAST_FMAF
#undef __FMA__
#undef __aarch64__
#include "scalar.h"

float test_soft_div(float a, float b)
{
	return ut_div(a, b);
}

float test_soft_sqrt(float x)
{
	return ut_sqrt(x);
}

float test_soft_fma(float a, float b, float c)
{
	return ut_fma(a, b, c);
}
