/* Images made smaller or larger, exactly rounded. */
#include "data/resize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 16384 };

/*
 * Area: in units of 1 / to of a pixel, pixel j covers [j to, (j + 1) to) and
 * result i [i from, (i + 1) from). A weight is the length of what they share.
 */
static void weigh_area(struct ut_axis *axis)
{
	size_t from = axis->from, to = axis->to, i, count = 0;

	axis->divisor = (uint32_t)from;
	for (i = 0; i < to; ++i) {
		size_t left = i * from, right = left + from, j = left / to;

		axis->first[i] = (uint32_t)j;
		axis->start[i] = (uint32_t)count;
		for (; j * to < right; ++j) {
			size_t a = j * to, b = a + to;

			a = a > left ? a : left;
			b = b < right ? b : right;
			axis->weights[count++] = (uint32_t)(b - a);
		}
	}
	axis->start[to] = (uint32_t)count;
}

/*
 * Bilinear: in units of 1 / (2 to), the middle of result i lies at (2 i + 1)
 * from, that of pixel j at (2 j + 1) to; the two pixels around it count by
 * nearness. Beyond the edge lies the edge's pixel.
 */
static void weigh_bilinear(struct ut_axis *axis)
{
	size_t from = axis->from, to = axis->to, i, count = 0;

	axis->divisor = (uint32_t)(2 * to);
	for (i = 0; i < to; ++i) {
		size_t middle = (2 * i + 1) * from, j, past;

		axis->start[i] = (uint32_t)count;
		if (middle < to || middle >= (2 * from - 1) * to) {
			axis->first[i] = middle < to ? 0 : (uint32_t)from - 1;
			axis->weights[count++] = axis->divisor;
			continue;
		}
		j = (middle - to) / (2 * to);
		past = (middle - to) % (2 * to);
		axis->first[i] = (uint32_t)j;
		axis->weights[count++] = axis->divisor - (uint32_t)past;
		axis->weights[count++] = (uint32_t)past;
	}
	axis->start[to] = (uint32_t)count;
}

static bool axis_init(struct ut_axis *axis, size_t from, size_t to)
{
	/* area shares at most to - 1 pixels between two results */
	size_t most = from >= to ? from + to : 2 * to;

	assert(from && from <= SIDE_MAX && to && to <= SIDE_MAX);
	*axis = (struct ut_axis){
		.from = from,
		.to = to,
		.first = malloc(to * sizeof(uint32_t)),
		.start = malloc((to + 1) * sizeof(uint32_t)),
		.weights = malloc(most * sizeof(uint32_t)),
	};
	if (!axis->first || !axis->start || !axis->weights)
		return false;
	if (from >= to)
		weigh_area(axis);
	else
		weigh_bilinear(axis);
	return true;
}

static void axis_release(struct ut_axis *axis)
{
	free(axis->first);
	free(axis->start);
	free(axis->weights);
}

bool ut_resizer_init(struct ut_resizer *resizer, size_t height, size_t width,
		     size_t size, size_t channels)
{
	assert(channels == 1 || channels == 3);
	*resizer = (struct ut_resizer){
		.channels = channels,
		.row = malloc(size * channels * sizeof(uint32_t)),
		.sums = calloc(size * size * channels, sizeof(uint64_t)),
	};
	return axis_init(&resizer->x, width, size) &&
	       axis_init(&resizer->y, height, size) && resizer->row &&
	       resizer->sums;
}

void ut_resizer_release(struct ut_resizer *resizer)
{
	axis_release(&resizer->x);
	axis_release(&resizer->y);
	free(resizer->row);
	free(resizer->sums);
	*resizer = (struct ut_resizer){0};
}

/* The row made narrow: at most 255 x.divisor, which is below 2^22. */
static void narrow(struct ut_resizer *resizer, const uint8_t *row)
{
	const struct ut_axis *x = &resizer->x;
	size_t channels = resizer->channels, i, t;
	uint32_t *to = resizer->row;

	for (i = 0; i < x->to; ++i, to += channels) {
		const uint32_t *weights = x->weights + x->start[i];
		const uint8_t *pixel = row + x->first[i] * channels;
		size_t taps = x->start[i + 1] - x->start[i];
		uint32_t a = 0, b = 0, c = 0;

		if (channels == 1) {
			for (t = 0; t < taps; ++t)
				a += weights[t] * pixel[t];
			to[0] = a;
			continue;
		}
		for (t = 0; t < taps; ++t, pixel += 3) {
			a += weights[t] * pixel[0];
			b += weights[t] * pixel[1];
			c += weights[t] * pixel[2];
		}
		to[0] = a;
		to[1] = b;
		to[2] = c;
	}
}

void ut_resizer_take(struct ut_resizer *resizer, const uint8_t *row)
{
	const struct ut_axis *y = &resizer->y;
	size_t j = resizer->row_number++, i, k;
	size_t length = resizer->x.to * resizer->channels;

	assert(j < y->from);
	narrow(resizer, row);
	for (i = resizer->next; i < y->to && y->first[i] <= j; ++i) {
		uint64_t *sums = resizer->sums + i * length;
		size_t taps = y->start[i + 1] - y->start[i];
		uint64_t weight;

		if (j - y->first[i] >= taps) {
			/* taken whole; those before it too */
			resizer->next = i + 1;
			continue;
		}
		weight = y->weights[y->start[i] + j - y->first[i]];
		for (k = 0; k < length; ++k)
			sums[k] += weight * resizer->row[k];
	}
}

/*
 * (2 sum + D) / (2 D) rounded down, without dividing. D is below 2^30, so the
 * numerator plus a half is exact as a double and its quotient is 2^-32 or more
 * away from every whole number; a quotient below 256 is wrong by 2^-43 at most.
 */
void ut_resizer_finish(const struct ut_resizer *resizer, uint8_t *image)
{
	uint64_t divisor = (uint64_t)resizer->x.divisor * resizer->y.divisor;
	size_t count = resizer->y.to * resizer->x.to * resizer->channels, k;
	double inverse = 1 / (double)(2 * divisor);

	assert(resizer->row_number == resizer->y.from);
	for (k = 0; k < count; ++k) {
		int64_t numerator = (int64_t)(2 * resizer->sums[k] + divisor);

		image[k] = (uint8_t)(((double)numerator + 0.5) * inverse);
	}
}
