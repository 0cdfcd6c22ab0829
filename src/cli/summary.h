/* A run's result for people: a table, and what it means in one sentence. */
#ifndef UT_SUMMARY_H
#define UT_SUMMARY_H

#include "lab/results.h"

/* Prints the table, changed copies where there are some, and the sentence. */
void summary_print(const struct ut_recipe *recipe,
		   const struct ut_results *results);

#endif
