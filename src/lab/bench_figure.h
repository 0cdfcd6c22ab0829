/* Benchmarks as a roofline picture. */
#ifndef UT_BENCH_FIGURE_H
#define UT_BENCH_FIGURE_H

#include "lab/bench_record.h"

/*
 * Writes the roofline (Williams et al. 2009) of the record to an SVG or PNG file:
 * a point for every operation whose arithmetic and memory are counted, numbered,
 * and the numbers' names beside it with the share of the roof that was reached.
 * UT_INVALID when there is none, or the path has another ending.
 */
enum ut_status ut_bench_figure(const struct ut_bench_record *record,
			       const char *path, struct ut_error *error);

#endif
