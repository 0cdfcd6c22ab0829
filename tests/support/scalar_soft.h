/*
 * The second ways of cl/scalar.h, which this machine does not need: division
 * and square root from integers, and the fused multiply-add through double.
 */
#ifndef UT_TEST_SCALAR_SOFT_H
#define UT_TEST_SCALAR_SOFT_H

float test_soft_div(float a, float b);
float test_soft_sqrt(float x);
float test_soft_fma(float a, float b, float c);

#endif
