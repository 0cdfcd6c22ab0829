/* Comparisons that say where two results part. */
#include "compare.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "numbers.h"

void test_same_bits(const char *what, const char *where, enum ut_type type,
		    const void *expected, const void *got, size_t count)
{
	const uint32_t *a = expected, *b = got;
	const uint8_t *c = expected, *d = got;
	size_t i = 0;

	if (!memcmp(expected, got, type == UT_U8 ? count : 4 * count))
		return;
	if (type == UT_U8) {
		while (c[i] == d[i])
			++i;
		ck_abort_msg("%s: %s: element %zu of %zu: expected %u, "
			     "got %u",
			     what, where, i, count, c[i], d[i]);
	}
	while (a[i] == b[i])
		++i;
	if (type == UT_U32)
		ck_abort_msg("%s: %s: element %zu of %zu: expected %u, "
			     "got %u",
			     what, where, i, count, a[i], b[i]);
	ck_abort_msg("%s: %s: element %zu of %zu: expected %08x (%.9g), "
		     "got %08x (%.9g), %u ulp apart",
		     what, where, i, count, a[i], (double)test_float(a[i]),
		     b[i], (double)test_float(b[i]),
		     test_ulps(test_float(a[i]), test_float(b[i])));
}

static void close_at(const char *what, float got, double expected,
		     double tolerance, size_t i, size_t count)
{
	double error = fabs((double)got - expected);

	if (!(error <= tolerance))
		ck_abort_msg("%s: element %zu of %zu: expected %.9g, got "
			     "%.9g: error %.3g, tolerance %.3g",
			     what, i, count, expected, (double)got, error,
			     tolerance);
}

void test_close(const char *what, const float *got, const double *expected,
		size_t count, double tolerance)
{
	size_t i;

	for (i = 0; i < count; ++i)
		close_at(what, got[i], expected[i], tolerance, i, count);
}

void test_close_each(const char *what, const float *got, const double *expected,
		     size_t count, const double *tolerance)
{
	size_t i;

	for (i = 0; i < count; ++i)
		close_at(what, got[i], expected[i], tolerance[i], i, count);
}

void test_clean(const char *what, const float *got, size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i)
		if (test_bits(got[i]) && !(fabsf(got[i]) >= 0x1p-40f))
			ck_abort_msg("%s: element %zu of %zu: %08x (%.9g) is "
				     "not clean",
				     what, i, count, test_bits(got[i]),
				     (double)got[i]);
}
