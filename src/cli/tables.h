/* Tables of results for people, on standard output. */
#ifndef UT_TABLES_H
#define UT_TABLES_H

#include "lab/results.h"

enum { TABLE_CELL = 32 };

/* "0.715 ± 0.021", or the mean alone of one value. Takes 13 columns. */
const char *table_cell(char cell[TABLE_CELL], const double *values,
		       size_t count);

/* Columns that the longest name of a measured condition takes, 10 or more. */
int table_name_width(const struct ut_results *results);

/* Prints a text whose lines are paragraphs, broken at 80 columns. */
void table_print_wrapped(const char *text);

/*
 * Accuracies over the classes present on changed copies of the test images, and
 * AUCs where there are some.
 */
void table_print_robustness(const struct ut_results *results);

/* Every condition's confusion matrix, summed over the replicas. */
void table_print_confusion(const struct ut_results *results);

#endif
