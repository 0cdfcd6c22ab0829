/* Pages: their skeleton with its style and script, tables, figures. */
#ifndef UT_HTML_H
#define UT_HTML_H

#include "report/plot.h"

/*
 * Appends text as HTML shows it: what means something there is escaped, and
 * what is no UTF-8 or a control character stands as U+FFFD.
 */
void ut_html_escape(struct ut_text *html, const char *text);

/* Appends (printf format), escaped. */
void ut_html_say(struct ut_text *html, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins a page, to its <main>; and ends it. The page needs no other file. */
void ut_html_begin(struct ut_text *html, const char *title);
void ut_html_end(struct ut_text *html);

struct ut_html_column {
	const char *name;
	const char *note; /* what it is, for whoever points at it, or NULL */
	bool number;      /* and sorted as such, largest first */
};

/*
 * A table that can be sorted by its columns, the first of which names the rows.
 * The caption says what is in it.
 */
void ut_html_table_begin(struct ut_text *html, const char *caption,
			 const struct ut_html_column *columns, size_t count);
void ut_html_table_end(struct ut_text *html);

/* Begins a row with its name and, if not NULL, what that means. */
void ut_html_row_begin(struct ut_text *html, const char *name,
		       const char *meaning);
void ut_html_row_end(struct ut_text *html);

/* A cell of words (printf format). */
void ut_html_cell(struct ut_text *html, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A cell of a number's words; value is what it is sorted by, NaN: last. */
void ut_html_number(struct ut_text *html, double value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends the figure, light and dark, with what its marks say. UT_MISSING
 * without cairo.
 */
enum ut_status ut_html_figure(struct ut_text *html,
			      const struct ut_figure *figure,
			      struct ut_error *error);

#endif
