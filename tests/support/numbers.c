/* Test data from integers alone, and small numeric functions. */
#include "numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t test_word(struct test_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

size_t test_between(struct test_random *random, size_t low, size_t high)
{
	return low + test_word(random) % (high - low + 1);
}

float test_value(struct test_random *random)
{
	uint32_t word = test_word(random), shape = test_word(random);
	float size = (float)(word >> 8 | 1) * 0x1p-23f;

	if (shape % 16 == 0)
		return 0;
	size = ldexpf(size, -(int)(shape >> 8 & 7));
	return shape & 1 << 16 ? -size : size;
}

uint32_t test_bits(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

float test_float(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* Floats as integers in their order; both zeros are 0. */
static int64_t rank(float x)
{
	uint32_t bits = test_bits(x);
	int64_t size = bits & 0x7fffffffu;

	return bits >> 31 ? -size : size;
}

uint32_t test_ulps(float a, float b)
{
	int64_t distance;

	if (isnan(a) || isnan(b))
		return UINT32_MAX;
	distance = rank(a) - rank(b);
	return (uint32_t)(distance < 0 ? -distance : distance);
}

double test_ulp_error(float got, long double exact)
{
	int exponent;

	frexpl(exact, &exponent);
	if (exponent < -125)
		exponent = -125;
	return (double)fabsl(ldexpl((long double)got - exact, 24 - exponent));
}

void *test_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes);

	if (!memory) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return memory;
}

double *test_widen(const float *x, size_t count)
{
	double *wide = test_alloc(count, sizeof(*wide));
	size_t i;

	for (i = 0; i < count; ++i)
		wide[i] = x[i];
	return wide;
}

double *test_magnitudes(const double *x, size_t count)
{
	double *sizes = test_alloc(count, sizeof(*sizes));
	size_t i;

	for (i = 0; i < count; ++i)
		sizes[i] = fabs(x[i]);
	return sizes;
}

double test_largest(const double *x, size_t count)
{
	double largest = 0;
	size_t i;

	for (i = 0; i < count; ++i)
		if (!(fabs(x[i]) <= largest))
			largest = fabs(x[i]);
	return largest;
}
