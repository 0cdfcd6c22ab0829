/* Comparing what evaluations measured. */
#include "scores.h"

#include <check.h>
#include <string.h>

void test_same_scores(const char *where, const struct ut_results *results,
		      const struct ut_scores *a, const struct ut_scores *b)
{
	size_t cells = results->classes * results->classes;
	size_t bytes = results->replicas * sizeof(double);

	ck_assert_msg(!memcmp(a->accuracy, b->accuracy, bytes) &&
			      !memcmp(a->present, b->present, bytes) &&
			      !memcmp(a->auc, b->auc, bytes),
		      "scores of %s differ", where);
	if (a->confusion && b->confusion)
		ck_assert_msg(!memcmp(a->confusion, b->confusion,
				      results->replicas * cells *
					      sizeof(uint32_t)),
			      "confusion of %s differs", where);
}
