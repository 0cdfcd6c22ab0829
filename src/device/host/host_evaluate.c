/* Evaluation: argmax, counts, means, moments, and the check for NaN. */
#include <string.h>

#include "level.h"
#include "scalar.h"

static uint32_t argmax(const float *x, size_t count)
{
	float most = as_float(0xff800000u);
	size_t best = 0, i;

	/* x[0] is the first best, even when it is a NaN or -infinity */
	for (i = 0; i < count; ++i) {
		if (most < x[i]) {
			most = x[i];
			best = i;
		}
	}
	return (uint32_t)best;
}

void UT_HOST(argmax)(struct ut_device *device, unsigned R, size_t B, size_t C,
		     size_t first, size_t count, struct ut_slice x,
		     struct ut_slice to)
{
	size_t i;
	bool small = R * B * count < UT_HOST_PIECE;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < R * B; ++i) {
		size_t r = i / B, b = i % B;

		ut_host_u32(to, r)[b] =
			argmax(ut_host_f32(x, r) + b * C + first, count);
	}
}

static uint32_t count_equal(const uint32_t *a, const uint32_t *b, size_t n)
{
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		total += a[i] == b[i];
	return total;
}

void UT_HOST(count_equal)(struct ut_device *device, unsigned R,
			  struct ut_slice a, struct ut_slice b,
			  struct ut_slice total)
{
	unsigned r;
	bool small = a.count * R < UT_HOST_PIECE;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (r = 0; r < R; ++r)
		*ut_host_u32(total, r) +=
			count_equal(ut_host_u32(a, r), ut_host_u32(b, r),
				    a.count);
}

static bool any_nonfinite(const float *x, size_t n)
{
	uint32_t any = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		any |= ut_is_nonfinite(x[i]);
	return any;
}

void UT_HOST(check_finite)(struct ut_device *device, unsigned R,
			   struct ut_slice x, struct ut_slice where)
{
	size_t pieces = ut_host_pieces(x.count, UT_HOST_PIECE), i;
	bool small = x.count * R < UT_HOST_PIECE;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < R * pieces; ++i) {
		size_t r = i / pieces, at = i % pieces * UT_HOST_PIECE;
		size_t n = ut_host_min(UT_HOST_PIECE, x.count - at);
		const float *values = ut_host_f32(x, r);

		if (!any_nonfinite(values + at, n))
			continue;
		while (!ut_is_nonfinite(values[at]))
			++at;
#pragma omp critical
		if (at < *ut_host_u32(where, r))
			*ut_host_u32(where, r) = (uint32_t)at;
	}
}

/* A sum in chunks of UT_CHUNK. */
static float chunked_sum(const float *x, size_t n)
{
	float total = 0;
	size_t i, end;

	for (i = 0; i < n; i = end) {
		float chunk = 0;

		end = ut_host_min(i + UT_CHUNK, n);
		for (; i < end; ++i)
			chunk = chunk + x[i];
		total = total + chunk;
	}
	return total;
}

void UT_HOST(mean)(struct ut_device *device, unsigned R, struct ut_slice x,
		   struct ut_slice y, float inverse)
{
	unsigned r;
	bool small = x.count * R < UT_HOST_PIECE;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (r = 0; r < R; ++r)
		*ut_host_f32(y, r) =
			chunked_sum(ut_host_f32(x, r), x.count) * inverse;
}

/* Columns taken together by moments. */
enum { STRIP = 64 };

/*
 * The chunked sums of n columns of x (B, C): of x - shift[i], squared, or of x
 * itself where shift is NULL.
 */
static void column_sums(const float *x, size_t B, size_t C, size_t n,
			const float *shift, float *sums)
{
	size_t b, end, i;

	memset(sums, 0, n * sizeof(*sums));
	for (b = 0; b < B; b = end) {
		float chunk[STRIP] = {0};

		end = ut_host_min(b + UT_CHUNK, B);
		for (; b < end; ++b, x += C) {
			if (!shift) {
				for (i = 0; i < n; ++i)
					chunk[i] = chunk[i] + x[i];
				continue;
			}
			for (i = 0; i < n; ++i) {
				float d = x[i] - shift[i];

				chunk[i] = ut_fma(d, d, chunk[i]);
			}
		}
		for (i = 0; i < n; ++i)
			sums[i] = sums[i] + chunk[i];
	}
}

void UT_HOST(moments)(struct ut_device *device, unsigned R, size_t B, size_t C,
		      size_t first, size_t count, struct ut_slice x,
		      struct ut_slice moments, float inverse)
{
	size_t strips = ut_host_pieces(count, STRIP), i;
	bool small = R * B * count < UT_HOST_PIECE;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < R * strips; ++i) {
		size_t r = i / strips, start = i % strips * STRIP, j;
		size_t n = ut_host_min(STRIP, count - start);
		const float *from = ut_host_f32(x, r) + first + start;
		float *mean = ut_host_f32(moments, r) + start;
		float *deviation = mean + count;

		column_sums(from, B, C, n, NULL, mean);
		for (j = 0; j < n; ++j)
			mean[j] = mean[j] * inverse;
		column_sums(from, B, C, n, mean, deviation);
		for (j = 0; j < n; ++j)
			deviation[j] = ut_sqrt(deviation[j] * inverse);
	}
}
