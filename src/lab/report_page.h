/* What the pages of runs and of sweeps share. Private to lab. */
#ifndef UT_REPORT_PAGE_H
#define UT_REPORT_PAGE_H

#include "lab/figures.h"
#include "lab/record.h"
#include "lab/verdict.h"
#include "report/html.h"

/* A section of a page that its head can lead to. */
struct ut_report_link {
	const char *id, *name;
};

/*
 * Begins the page: its head, a title, a line below it and facts, "N|replicas"
 * each, the part before the bar in bold.
 */
void ut_report_begin(struct ut_text *html, const char *title, const char *about,
		     const struct ut_report_link *links, size_t link_count);

/* One fact of the list between <ul class="facts"> and </ul>. */
void ut_report_fact(struct ut_text *html, const char *value, const char *what);

/* A tile: what it is, a share and half its interval in per cent; none of 0. */
void ut_report_tile(struct ut_text *html, const char *name,
		    struct ut_summary share, bool first);

/* A cell "0.537 ± 0.022", sorted by its mean; "-" where the count is 0. */
void ut_report_summary(struct ut_text *html, struct ut_summary summary);

/* The same in per cent, without the interval. */
void ut_report_share(struct ut_text *html, struct ut_summary share);

void ut_report_section(struct ut_text *html, const char *id, const char *name);
void ut_report_end(struct ut_text *html);

/* One pair of a <dl class="pairs">; value is printf format. */
void ut_report_pair(struct ut_text *html, const char *name, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

/* The figures in the page; those that cannot be drawn are said to be missing. */
enum ut_status ut_report_figures(struct ut_text *html,
				 const struct ut_figures *figures,
				 struct ut_error *error);

/* Writes out/report.html and the files of the figures. */
enum ut_status ut_report_write(struct ut_text *html,
			       const struct ut_figures *figures,
			       const char *out, struct ut_error *error);

#endif
