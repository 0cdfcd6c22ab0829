/* Statistics of replicas, and of a classifier's answers. */
#ifndef UT_STATISTICS_H
#define UT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

struct ut_summary {
	size_t count;
	double mean;
	double deviation; /* ddof 1; 0 for one replica */
	double half;      /* of the 95% t interval; 0 for one replica */
	double min, max;
};

/* Of count >= 1 values. */
struct ut_summary ut_summarise(const double *values, size_t count);

/* What two values of one replica are made into. */
enum ut_pairing { UT_DIFFERENCE, UT_RATIO };

/*
 * Of a[i] - b[i], or of a[i] / b[i], for count >= 1 replicas. Ratios to 0 are
 * left out: the summary's count may be smaller, or 0 with zeros for the rest.
 */
struct ut_summary ut_summarise_pairs(const double *a, const double *b,
				     size_t count, enum ut_pairing pairing);

/* How many of count values are above the level. */
size_t ut_count_above(const double *values, size_t count, double level);

/*
 * The 95% interval of a share that was observed in count >= 1 independent
 * trials (Wilson 1927).
 */
struct ut_interval {
	double low, high;
};
struct ut_interval ut_wilson95(double share, size_t count);

/*
 * The t of P(|T| <= t) = 0.95 for df >= 1 degrees of freedom (Abramowitz and
 * Stegun 1964, 26.7.3 and 26.7.4).
 */
double ut_student_t95(size_t df);

/*
 * The area under the ROC curve of count scores: of all pairs of a positive and
 * another, the share in which the positive scores higher, ties counting half.
 * Exact whole-number ranks (Mann and Whitney 1947), then one division. There is
 * at least one of either kind; a NaN counts as -infinity. UT_MEMORY.
 */
enum ut_status ut_auc(const double *scores, const bool *positive, size_t count,
		      double *auc, struct ut_error *error);

/*
 * counts (classes, classes) += how often label i (row) was answered by class j
 * (column); both are below classes.
 */
void ut_confusion(const uint8_t *labels, const uint32_t *answers, size_t count,
		  size_t classes, uint32_t *counts);

#endif
