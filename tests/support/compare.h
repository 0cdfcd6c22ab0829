/* Comparisons that say where two results part. They fail the running test. */
#ifndef UT_TEST_COMPARE_H
#define UT_TEST_COMPARE_H

#include <undertone/device.h>

/* Fails with the first of count elements whose bits differ. */
void test_same_bits(const char *what, const char *where, enum ut_type type,
		    const void *expected, const void *got, size_t count);

/* Fails unless |got - expected| <= tolerance everywhere; a NaN fails. */
void test_close(const char *what, const float *got, const double *expected,
		size_t count, double tolerance);

/* The same with a tolerance for each element. */
void test_close_each(const char *what, const float *got, const double *expected,
		     size_t count, const double *tolerance);

/* Fails unless every element is +0 or at least 2^-40 in magnitude. */
void test_clean(const char *what, const float *got, size_t count);

#endif
