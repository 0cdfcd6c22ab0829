/* A sweep's result for people, on standard output. */
#ifndef UT_GRID_H
#define UT_GRID_H

#include "lab/sweep.h"

/*
 * A row a cell, a column a condition: mean accuracy and half its 95% interval.
 * Cells that failed come after it, and why.
 */
enum ut_status grid_print(const struct ut_sweep *sweep, struct ut_error *error);

#endif
