/* Mixtures, element by element. */
#include "level.h"
#include "scalar.h"

/* Clean times clean: no product and no sum is subnormal. */
static void blend(float own, float other, const float *restrict x,
		  float *restrict y, size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		float added = other * x[i];

		y[i] = ut_clean(ut_fma(y[i], own, added));
	}
}

void UT_HOST(blend)(struct ut_device *device, const struct ut_blend *op)
{
	size_t n = op->y.count, i;
	size_t pieces = ut_host_pieces(n, UT_HOST_PIECE);
	bool small = n * op->R < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < op->R * pieces; ++i) {
		size_t r = i / pieces, first = i % pieces * UT_HOST_PIECE;

		blend(op->own, op->other, ut_host_f32(op->x, r) + first,
		      ut_host_f32(op->y, r) + first,
		      ut_host_min(UT_HOST_PIECE, n - first));
	}
}
