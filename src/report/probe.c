/* Linear probes: what a linear classifier reads out of features. */
#include "report/probe.h"

#include <math.h>
#include <stdlib.h>

#include "report/similarity.h"

/* Of the mean variance: what keeps dead and doubled features apart. */
static const double penalty = 1e-3;

/* a = l l^T, l in the lower triangle. */
static bool factor(double *a, size_t n)
{
	size_t i, j, k;

	for (i = 0; i < n; ++i)
		for (j = 0; j <= i; ++j) {
			double sum = a[i * n + j];

			for (k = 0; k < j; ++k)
				sum -= a[i * n + k] * a[j * n + k];
			if (i > j)
				a[i * n + j] = sum / a[j * n + j];
			else if (sum > 0)
				a[i * n + i] = sqrt(sum);
			else
				return false;
		}
	return true;
}

bool ut_cholesky_solve(double *a, double *b, size_t n, size_t columns)
{
	size_t i, k, c;

	if (!factor(a, n))
		return false;
	for (i = 0; i < n; ++i) {
		for (k = 0; k < i; ++k)
			for (c = 0; c < columns; ++c)
				b[i * columns + c] -=
					a[i * n + k] * b[k * columns + c];
		for (c = 0; c < columns; ++c)
			b[i * columns + c] /= a[i * n + i];
	}
	for (i = n; i-- > 0;) {
		for (k = i + 1; k < n; ++k)
			for (c = 0; c < columns; ++c)
				b[i * columns + c] -=
					a[k * n + i] * b[k * columns + c];
		for (c = 0; c < columns; ++c)
			b[i * columns + c] /= a[i * n + i];
	}
	return true;
}

/* Everything but the features; one block. */
struct room {
	double *mean;    /* (width) */
	double *share;   /* (classes), of the training images */
	double *outputs; /* (classes) */
	double *weights; /* (width, classes) */
	double *squares; /* (width, width) */
};

static void centre(struct ut_probe_set set, size_t width, const double *mean)
{
	size_t i, f;

	for (i = 0; i < set.count; ++i)
		for (f = 0; f < width; ++f)
			set.features[i * width + f] -= mean[f];
}

/* The probe's weights, of features that are centred. */
static bool fit(struct ut_probe_set train, size_t width, size_t classes,
		const struct room *room)
{
	double trace = 0, ridge;
	size_t i, f;

	ut_self_product(train.features, train.count, width, room->squares);
	for (f = 0; f < width; ++f)
		trace += room->squares[f * width + f];
	ridge = trace > 0 ? penalty * trace / (double)width : 1;
	for (f = 0; f < width; ++f)
		room->squares[f * width + f] += ridge;
	for (i = 0; i < train.count; ++i)
		for (f = 0; f < width; ++f)
			room->weights[f * classes + train.labels[i]] +=
				train.features[i * width + f];
	return ut_cholesky_solve(room->squares, room->weights, width, classes);
}

static size_t answer(const double *features, size_t width, size_t classes,
		     const struct room *room)
{
	size_t best = 0, f, c;

	for (c = 0; c < classes; ++c)
		room->outputs[c] = room->share[c];
	for (f = 0; f < width; ++f)
		for (c = 0; c < classes; ++c)
			room->outputs[c] +=
				features[f] * room->weights[f * classes + c];
	for (c = 1; c < classes; ++c)
		if (room->outputs[c] > room->outputs[best])
			best = c;
	return best;
}

enum ut_status ut_probe(struct ut_probe_set train, struct ut_probe_set test,
			size_t width, size_t classes, double *accuracy,
			struct ut_error *error)
{
	double *block =
		calloc(width + 2 * classes + width * classes + width * width,
		       sizeof(*block));
	struct room room;
	size_t right = 0, i, f;

	if (!block)
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for a probe of %zu features",
				    width);
	room = (struct room){
		.mean = block,
		.share = block + width,
		.outputs = block + width + classes,
		.weights = block + width + 2 * classes,
		.squares = block + width + (2 + width) * classes,
	};
	for (i = 0; i < train.count; ++i) {
		for (f = 0; f < width; ++f)
			room.mean[f] += train.features[i * width + f];
		room.share[train.labels[i]] += 1.0 / (double)train.count;
	}
	for (f = 0; f < width; ++f)
		room.mean[f] /= (double)train.count;
	centre(train, width, room.mean);
	centre(test, width, room.mean);
	*accuracy = NAN;
	if (fit(train, width, classes, &room)) {
		for (i = 0; i < test.count; ++i)
			right += answer(test.features + i * width, width,
					classes, &room) == test.labels[i];
		*accuracy = (double)right / (double)test.count;
	}
	free(block);
	return UT_OK;
}
