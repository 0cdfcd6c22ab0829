/* Test data from integers alone, and small numeric functions. */
#ifndef UT_TEST_NUMBERS_H
#define UT_TEST_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Splitmix64 (Steele, Lea, Flood; OOPSLA 2014): shares nothing with Philox. */
struct test_random {
	uint64_t state;
};

uint32_t test_word(struct test_random *random);
/* low <= n <= high */
size_t test_between(struct test_random *random, size_t low, size_t high);

/*
 * A clean value in (-2, 2): about one in sixteen is +0, the others have random
 * bits, either sign and magnitudes down to 2^-30.
 */
float test_value(struct test_random *random);

uint32_t test_bits(float x);
float test_float(uint32_t bits);

/* Floats between a and b; UINT32_MAX when one is NaN. */
uint32_t test_ulps(float a, float b);

/* |got - exact| in units of the last place of the float nearest to exact. */
double test_ulp_error(float got, long double exact);

void *test_alloc(size_t count, size_t bytes);
double *test_widen(const float *x, size_t count);
double *test_magnitudes(const double *x, size_t count);
double test_largest(const double *x, size_t count);

#endif
