/* A run's result for people: a table, and what it means in one sentence. */
#ifndef UT_VERDICT_H
#define UT_VERDICT_H

#include "lab/results.h"

void verdict_print(const struct ut_recipe *recipe,
		   const struct ut_results *results);

#endif
