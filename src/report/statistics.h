/* Statistics of replicas. */
#ifndef UT_STATISTICS_H
#define UT_STATISTICS_H

#include <stddef.h>

struct ut_summary {
	size_t count;
	double mean;
	double deviation; /* ddof 1; 0 for one replica */
	double half;      /* of the 95% t interval; 0 for one replica */
	double min, max;
};

/* Of count >= 1 values. */
struct ut_summary ut_summarise(const double *values, size_t count);

/*
 * The t of P(|T| <= t) = 0.95 for df >= 1 degrees of freedom (Abramowitz and
 * Stegun 1964, 26.7.3 and 26.7.4).
 */
double ut_student_t95(size_t df);

#endif
