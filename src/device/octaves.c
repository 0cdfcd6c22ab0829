/* What octave noise is to be expected to be: no device needed. */
#include <undertone/ops.h>

#include <assert.h>
#include <math.h>

#include "octaves.h"

/*
 * The mean over the pixels along an axis of the sum of the squares of the two
 * weights by which a grid of n reaches a pixel.
 */
static double mean_square(uint32_t n, uint32_t side)
{
	double sum = 0;
	uint32_t d;

	for (d = 0; d < side; ++d) {
		uint32_t place = ut_octave_place(d, n, side);
		double f = (double)ut_octave_fraction(place);

		sum += (1 - f) * (1 - f) + f * f;
	}
	return sum / side;
}

double ut_octave_deviation(size_t H, size_t W)
{
	uint32_t h = (uint32_t)H, w = (uint32_t)W;
	double variance = 0.25;

	assert(H && W && H < 1 << 15 && W < 1 << 15);
	while (h > 1 || w > 1) {
		h = ut_octave_half(h);
		w = ut_octave_half(w);
		variance += mean_square(h, (uint32_t)H) *
			    mean_square(w, (uint32_t)W);
	}
	return sqrt(variance);
}
