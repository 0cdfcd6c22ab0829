/* Comparing what evaluations measured. */
#ifndef UT_TEST_SCORES_H
#define UT_TEST_SCORES_H

#include "lab/results.h"

/*
 * Fails unless all scores of two classes are the same, confusions where both
 * have them; where says of what.
 */
void test_same_scores(const char *where, const struct ut_results *results,
		      const struct ut_scores *a, const struct ut_scores *b);

#endif
