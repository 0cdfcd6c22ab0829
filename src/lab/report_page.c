/* What the pages of runs and of sweeps share. */
#include "lab/report_page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/file.h"
#include "config.h"
#include "lab/report.h"

void ut_report_begin(struct ut_text *html, const char *title, const char *about,
		     const struct ut_report_link *links, size_t link_count)
{
	struct ut_text whole = {0};
	size_t i;

	ut_text_append(&whole, "%s - undertone", title);
	ut_html_begin(html, ut_text_string(&whole));
	ut_text_release(&whole);
	ut_text_append(html,
		       "<a class=\"skip\" href=\"#main\">to the content</a>\n"
		       "<header class=\"top\"><span class=\"brand\">undertone"
		       "</span>\n<nav aria-label=\"sections\">");
	for (i = 0; i < link_count; ++i)
		ut_text_append(html, "<a href=\"#%s\">%s</a>\n", links[i].id,
			       links[i].name);
	ut_text_append(html,
		       "</nav><button id=\"theme\" type=\"button\" hidden>"
		       "Dark</button></header>\n<main id=\"main\">\n"
		       "<section class=\"plain\"><h1>");
	ut_html_escape(html, title);
	ut_text_append(html, "</h1>\n<p class=\"about\">");
	ut_html_escape(html, about);
	ut_text_append(html, "</p>\n");
}

void ut_report_fact(struct ut_text *html, const char *value, const char *what)
{
	ut_text_append(html, "<li><b>");
	ut_html_escape(html, value);
	ut_text_append(html, "</b> ");
	ut_html_escape(html, what);
	ut_text_append(html, "</li>\n");
}

void ut_report_tile(struct ut_text *html, const char *name,
		    struct ut_summary share, bool first)
{
	if (!share.count)
		return;
	ut_text_append(html, "<div%s><dt>%s</dt><dd>%.1f%%",
		       first ? " class=\"main\"" : "", name, 100 * share.mean);
	if (share.count > 1)
		ut_text_append(html, " <small>± %.1f</small>",
			       100 * share.half);
	ut_text_append(html, "</dd></div>\n");
}

void ut_report_summary(struct ut_text *html, struct ut_summary summary)
{
	if (!summary.count)
		ut_html_number(html, NAN, "-");
	else if (summary.count > 1)
		ut_html_number(html, summary.mean, "%.3f ± %.3f", summary.mean,
			       summary.half);
	else
		ut_html_number(html, summary.mean, "%.3f", summary.mean);
}

void ut_report_share(struct ut_text *html, struct ut_summary share)
{
	if (share.count)
		ut_html_number(html, share.mean, "%.1f%%", 100 * share.mean);
	else
		ut_html_number(html, NAN, "-");
}

void ut_report_section(struct ut_text *html, const char *id, const char *name)
{
	ut_text_append(html, "<section id=\"%s\"><h2>%s</h2>\n", id, name);
}

void ut_report_end(struct ut_text *html)
{
	ut_text_append(html,
		       "</main>\n<footer>Written by undertone " UT_VERSION
		       ". The page needs nothing beside it; its figures are "
		       "also in the folder figures, as SVG, PNG and CSV."
		       "</footer>\n");
	ut_html_end(html);
}

void ut_report_pair(struct ut_text *html, const char *name, const char *format,
		    ...)
{
	struct ut_text value = {0};
	va_list arguments;

	va_start(arguments, format);
	ut_text_append_list(&value, format, arguments);
	va_end(arguments);
	ut_text_append(html, "<dt>%s</dt><dd>", name);
	ut_html_escape(html, ut_text_string(&value));
	ut_text_append(html, "</dd>\n");
	if (value.failed)
		html->failed = true;
	ut_text_release(&value);
}

enum ut_status ut_report_figures(struct ut_text *html,
				 const struct ut_figures *figures,
				 struct ut_error *error)
{
	enum ut_status status = UT_OK;
	size_t i;

	if (!figures->count)
		return UT_OK;
	ut_text_append(html, "<div id=\"figures\">\n");
	if (!ut_plot_available())
		ut_text_append(html, "<section><p>This undertone was built "
				     "without cairo and draws no figures; "
				     "their numbers are in the folder "
				     "figures.</p></section>\n");
	else
		for (i = 0; i < figures->count && !status; ++i)
			status = ut_html_figure(html, &figures->figures[i],
						error);
	ut_text_append(html, "</div>\n");
	return status;
}

static enum ut_status write_figures(const struct ut_figures *figures,
				    const char *out, struct ut_error *error)
{
	char *folder = ut_path_join(out, "figures");
	enum ut_status status;
	size_t i;

	if (!folder)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_folder_make(folder, error);
	for (i = 0; i < figures->count && !status; ++i)
		status = ut_figure_write(&figures->figures[i], folder, error);
	free(folder);
	return status;
}

enum ut_status ut_report_write(struct ut_text *html,
			       const struct ut_figures *figures,
			       const char *out, struct ut_error *error)
{
	char *path = ut_path_join(out, UT_REPORT_FILE);
	enum ut_status status;

	if (!path || html->failed)
		status = ut_error_set(error, UT_MEMORY,
				      "out of memory for the report");
	else
		status = ut_folder_make(out, error);
	if (!status)
		status = write_figures(figures, out, error);
	if (!status)
		status = ut_file_write(path, ut_text_string(html), html->length,
				       error);
	free(path);
	return status;
}
