/* Pages: their skeleton with its style and script, tables, figures. */
#include "report/html.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "report/page.h"

/* More numbers than this are left to the figure's CSV file. */
enum { NUMBERS_SHOWN = 48 << 10 };

/* Bytes of the UTF-8 character at text, or 0. */
static size_t character(const char *text)
{
	char copy[5] = {0};
	size_t length;

	for (length = 1; length <= 4 && text[length - 1]; ++length) {
		copy[length - 1] = text[length - 1];
		if (ut_text_is_utf8(copy))
			return length;
	}
	return 0;
}

static bool is_control(char c)
{
	unsigned char byte = (unsigned char)c;

	return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

/* How many plain characters text begins with. */
static size_t plain(const char *text)
{
	size_t length = 0;

	while (text[length] >= ' ' && text[length] < 0x7f &&
	       !strchr("&<>\"'", text[length]))
		++length;
	return length;
}

/* One character that is not plain; its bytes. */
static size_t escape_one(struct ut_text *html, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;",
					    "&#39;"};
	const char *found = strchr(special, *text);
	size_t length = character(text);

	if (found)
		ut_text_append(html, "%s", names[found - special]);
	else if (!length || is_control(*text))
		ut_text_append(html, "\xef\xbf\xbd");
	else
		ut_text_append_bytes(html, text, length);
	return length ? length : 1;
}

void ut_html_escape(struct ut_text *html, const char *text)
{
	while (*text) {
		size_t length = plain(text);

		ut_text_append_bytes(html, text, length);
		text += length;
		if (*text)
			text += escape_one(html, text);
	}
}

/* Appends what the format makes, escaped. */
static void say(struct ut_text *html, const char *format, va_list arguments)
{
	struct ut_text text = {0};

	ut_text_append_list(&text, format, arguments);
	if (text.failed)
		html->failed = true;
	ut_html_escape(html, ut_text_string(&text));
	ut_text_release(&text);
}

void ut_html_say(struct ut_text *html, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(html, format, arguments);
	va_end(arguments);
}

static void append_lines(struct ut_text *html, const char *const *lines)
{
	for (; *lines; ++lines)
		ut_text_append(html, "%s", *lines);
}

void ut_html_begin(struct ut_text *html, const char *title)
{
	ut_text_append(
		html,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"script-src 'unsafe-inline'; img-src data:\">\n"
		"<meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"generator\" content=\"undertone\">\n<title>");
	ut_html_escape(html, title);
	ut_text_append(html, "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
			     "<style>\n");
	append_lines(html, ut_page_css);
	ut_text_append(html, "</style>\n</head>\n<body>\n");
}

void ut_html_end(struct ut_text *html)
{
	ut_text_append(html, "<script>\n");
	append_lines(html, ut_page_js);
	ut_text_append(html, "</script>\n</body>\n</html>\n");
}

/* Tables ------------------------------------------------------------------- */

void ut_html_table_begin(struct ut_text *html, const char *caption,
			 const struct ut_html_column *columns, size_t count)
{
	size_t i;

	ut_text_append(html, "<div class=\"scroll\" role=\"region\" "
			     "tabindex=\"0\" aria-label=\"");
	ut_html_escape(html, caption);
	ut_text_append(html, "\">\n<table class=\"sortable\">\n<caption>");
	ut_html_escape(html, caption);
	ut_text_append(html, "</caption>\n<thead><tr>");
	for (i = 0; i < count; ++i) {
		ut_text_append(html, "<th scope=\"col\"%s",
			       columns[i].number ? " class=\"number\"" : "");
		if (columns[i].note) {
			ut_text_append(html, " title=\"");
			ut_html_escape(html, columns[i].note);
			ut_text_append(html, "\"");
		}
		ut_text_append(html, ">");
		ut_html_escape(html, columns[i].name);
		ut_text_append(html, "</th>");
	}
	ut_text_append(html, "</tr></thead>\n<tbody>\n");
}

void ut_html_table_end(struct ut_text *html)
{
	ut_text_append(html, "</tbody>\n</table>\n</div>\n");
}

void ut_html_row_begin(struct ut_text *html, const char *name,
		       const char *meaning)
{
	ut_text_append(html, "<tr><th scope=\"row\">");
	ut_html_escape(html, name);
	if (meaning) {
		ut_text_append(html, " <small>");
		ut_html_escape(html, meaning);
		ut_text_append(html, "</small>");
	}
	ut_text_append(html, "</th>");
}

void ut_html_row_end(struct ut_text *html)
{
	ut_text_append(html, "</tr>\n");
}

void ut_html_cell(struct ut_text *html, const char *format, ...)
{
	va_list arguments;

	ut_text_append(html, "<td>");
	va_start(arguments, format);
	say(html, format, arguments);
	va_end(arguments);
	ut_text_append(html, "</td>");
}

void ut_html_number(struct ut_text *html, double value, const char *format, ...)
{
	va_list arguments;

	ut_text_append(html, "<td class=\"number\"");
	if (isfinite(value))
		ut_text_append(html, " data-sort=\"%.9g\"", value);
	ut_text_append(html, ">");
	va_start(arguments, format);
	say(html, format, arguments);
	va_end(arguments);
	ut_text_append(html, "</td>");
}

/* Figures ------------------------------------------------------------------ */

static void append_spots(struct ut_text *html, const struct ut_figure *figure,
			 const struct ut_drawing *drawing)
{
	size_t i;

	if (!drawing->spot_count)
		return;
	ut_text_append(html,
		       "<svg class=\"spots\" viewBox=\"0 0 %g %g\" "
		       "role=\"group\" aria-label=\"",
		       drawing->width, drawing->height);
	ut_html_say(html, "values of: %s; go through them with the arrow keys",
		    figure->title);
	ut_text_append(html, "\">\n");
	for (i = 0; i < drawing->spot_count; ++i) {
		const struct ut_spot *spot = &drawing->spots[i];

		ut_text_append(html, "<g role=\"img\" aria-label=\"");
		ut_html_escape(html, spot->text);
		ut_text_append(html, "\"><title>");
		ut_html_escape(html, spot->text);
		ut_text_append(html,
			       "</title><rect x=\"%.1f\" y=\"%.1f\" "
			       "width=\"%.1f\" height=\"%.1f\"/></g>\n",
			       spot->x, spot->y, spot->width, spot->height);
	}
	ut_text_append(html, "</svg>\n");
}

/*
 * The numbers that are drawn, for those who would rather read them; pictures
 * have none.
 */
static void append_numbers(struct ut_text *html, const struct ut_figure *figure)
{
	struct ut_text csv = {0};
	size_t i = 0;

	while (i < figure->panel_count && figure->panels[i].kind == UT_GALLERY)
		++i;
	if (i == figure->panel_count)
		return;
	ut_figure_csv(figure, &csv);
	if (csv.failed)
		html->failed = true;
	if (csv.length && csv.length <= NUMBERS_SHOWN) {
		ut_text_append(html, "<details><summary>The numbers</summary>"
				     "<pre tabindex=\"0\">");
		ut_html_escape(html, ut_text_string(&csv));
		ut_text_append(html, "</pre></details>\n");
	}
	ut_text_release(&csv);
}

static void append_caption(struct ut_text *html, const struct ut_figure *figure)
{
	ut_text_append(html, "<figcaption><h3 id=\"figure-%s-title\">",
		       figure->stem);
	ut_html_escape(html, figure->title);
	ut_text_append(html, "</h3>");
	if (figure->caption) {
		ut_text_append(html, "<p>");
		ut_html_escape(html, figure->caption);
		ut_text_append(html, "</p>");
	}
	ut_text_append(html, "</figcaption>\n");
}

enum ut_status ut_html_figure(struct ut_text *html,
			      const struct ut_figure *figure,
			      struct ut_error *error)
{
	struct ut_drawing light = {0}, dark = {0};
	enum ut_status status;

	status = ut_figure_draw(figure, UT_LIGHT, &light, error);
	if (!status)
		status = ut_figure_draw(figure, UT_DARK, &dark, error);
	if (!status) {
		ut_text_append(html, "<section><figure id=\"figure-%s\">\n",
			       figure->stem);
		append_caption(html, figure);
		ut_text_append(html,
			       "<div class=\"scroll\">\n<div class=\"drawing\" "
			       "style=\"max-width: %gpx; "
			       "min-width: min(%gpx, 32rem)\">\n"
			       "<div class=\"light\">%s</div>\n"
			       "<div class=\"dark\">%s</div>\n",
			       light.width, light.width,
			       ut_text_string(&light.svg),
			       ut_text_string(&dark.svg));
		append_spots(html, figure, &light);
		ut_text_append(html, "</div>\n</div>\n");
		append_numbers(html, figure);
		ut_text_append(html, "</figure></section>\n");
	}
	if (light.svg.failed || dark.svg.failed)
		html->failed = true;
	ut_drawing_release(&light);
	ut_drawing_release(&dark);
	return status;
}
