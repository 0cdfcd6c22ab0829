/* The page of a sweep. Private to lab. */
#ifndef UT_REPORT_SWEEP_H
#define UT_REPORT_SWEEP_H

#include <stddef.h>

#include <undertone/status.h>

/*
 * Writes out/report.html and out/figures of the sweep in the folders, of one
 * process or of all shards; out NULL: into the first.
 */
enum ut_status ut_report_sweep(const char *const *folders, size_t count,
			       const char *out, struct ut_error *error);

#endif
