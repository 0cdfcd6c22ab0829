/* Statistics of replicas, and of a classifier's answers. */
#include "report/statistics.h"

#include <math.h>
#include <stdlib.h>

/* P(|T| <= t) for df degrees of freedom, by the finite series. */
static double within(double t, size_t df)
{
	const double pi = 3.14159265358979323846;
	double angle = atan(t / sqrt((double)df));
	double square = cos(angle) * cos(angle);
	double term = df % 2 ? cos(angle) : 1, sum = 0;
	size_t k;

	/* odd: cos + 2/3 cos^3 + ...; even: 1 + 1/2 cos^2 + ... */
	for (k = df % 2 ? 3 : 2; k <= df; k += 2) {
		sum += term;
		term *= square * (double)(k - 1) / (double)k;
	}
	if (df % 2)
		return 2 / pi * (angle + sin(angle) * sum);
	return sin(angle) * sum;
}

double ut_student_t95(size_t df)
{
	double low = 1.9, high = 13;
	int i;

	for (i = 0; i < 100; ++i) {
		double middle = (low + high) / 2;

		if (within(middle, df) < 0.95)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* The i-th of the values that are summarised; b may be NULL: those of a. */
static double value_of(const double *a, const double *b,
		       enum ut_pairing pairing, size_t i)
{
	if (!b)
		return a[i];
	return pairing == UT_DIFFERENCE ? a[i] - b[i] : a[i] / b[i];
}

static bool left_out(const double *b, enum ut_pairing pairing, size_t i)
{
	return b && pairing == UT_RATIO && b[i] == 0;
}

static struct ut_summary summarise(const double *a, const double *b,
				   size_t count, enum ut_pairing pairing)
{
	struct ut_summary s = {0};
	double squares = 0;
	size_t i;

	for (i = 0; i < count; ++i) {
		double value = value_of(a, b, pairing, i);

		if (left_out(b, pairing, i))
			continue;
		s.min = s.count && s.min < value ? s.min : value;
		s.max = s.count && s.max > value ? s.max : value;
		s.mean += value;
		++s.count;
	}
	if (s.count)
		s.mean /= (double)s.count;
	if (s.count < 2)
		return s;
	for (i = 0; i < count; ++i) {
		double off = value_of(a, b, pairing, i) - s.mean;

		if (!left_out(b, pairing, i))
			squares += off * off;
	}
	s.deviation = sqrt(squares / (double)(s.count - 1));
	s.half = ut_student_t95(s.count - 1) * s.deviation /
		 sqrt((double)s.count);
	return s;
}

struct ut_summary ut_summarise(const double *values, size_t count)
{
	return summarise(values, NULL, count, UT_DIFFERENCE);
}

struct ut_summary ut_summarise_pairs(const double *a, const double *b,
				     size_t count, enum ut_pairing pairing)
{
	return summarise(a, b, count, pairing);
}

size_t ut_count_above(const double *values, size_t count, double level)
{
	size_t above = 0, i;

	for (i = 0; i < count; ++i)
		above += values[i] > level;
	return above;
}

struct ut_interval ut_wilson95(double share, size_t count)
{
	const double z = 1.9599639845400542; /* the normal's 97.5% point */
	double n = (double)count, q = z * z / n;
	double centre = (share + q / 2) / (1 + q);
	double half = z / (1 + q) * sqrt(share * (1 - share) / n + q / (4 * n));
	/* at the ends the interval ends with the share, but for rounding */
	struct ut_interval interval = {share > 0 ? centre - half : 0,
				       share < 1 ? centre + half : 1};

	return interval;
}

struct scored {
	double score;
	bool positive;
};

static int by_score(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	return (x->score > y->score) - (x->score < y->score);
}

/* Twice U: pairs won count 2, ties 1. */
static uint64_t twice_u(const struct scored *sorted, size_t count)
{
	uint64_t twice = 0, below = 0; /* others with a lower score */
	size_t i, end;

	for (i = 0; i < count; i = end) {
		uint64_t positives = 0, others = 0;

		for (end = i;
		     end < count && sorted[end].score == sorted[i].score; ++end)
			if (sorted[end].positive)
				++positives;
			else
				++others;
		twice += positives * (2 * below + others);
		below += others;
	}
	return twice;
}

enum ut_status ut_auc(const double *scores, const bool *positive, size_t count,
		      double *auc, struct ut_error *error)
{
	struct scored *sorted = malloc(count * sizeof(*sorted));
	uint64_t positives = 0, pairs;
	size_t i;

	if (!sorted)
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for the ranks of %zu scores",
				    count);
	for (i = 0; i < count; ++i) {
		double score = isnan(scores[i]) ? -INFINITY : scores[i];

		sorted[i] = (struct scored){score, positive[i]};
		positives += positive[i];
	}
	qsort(sorted, count, sizeof(*sorted), by_score);
	pairs = positives * (count - positives);
	*auc = (double)twice_u(sorted, count) / (2 * (double)pairs);
	free(sorted);
	return UT_OK;
}

void ut_confusion(const uint8_t *labels, const uint32_t *answers, size_t count,
		  size_t classes, uint32_t *counts)
{
	size_t i;

	for (i = 0; i < count; ++i)
		++counts[labels[i] * classes + answers[i]];
}
