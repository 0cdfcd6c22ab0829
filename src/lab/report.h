/* Reports: the page and the figures of a run, or of a sweep. */
#ifndef UT_REPORT_H
#define UT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <undertone/status.h>

#define UT_REPORT_FILE "report.html"

/*
 * Writes out/report.html and out/figures of the run in folder; out NULL: into
 * the folder itself. What is there of an older report is replaced. Without
 * cairo the page has no figures, and the figures are their numbers alone. Errors
 * of the folder are those of ut_record_read.
 */
enum ut_status ut_report_run(const char *folder, const char *out,
			     struct ut_error *error);

/*
 * The same of a run's or a sweep's folder, or of several folders of the shards
 * of one sweep; out NULL: into the first.
 */
enum ut_status ut_report(const char *const *folders, size_t count,
			 const char *out, struct ut_error *error);

#endif
