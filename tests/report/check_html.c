/* Pages: nothing in a text can become markup, nothing in a page is fetched. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html.h"
#include "report/page.h"
#include "support/testing.h"

static struct ut_text html;

static void begin(void)
{
	html = (struct ut_text){0};
}

static void end(void)
{
	ut_text_release(&html);
}

static void escapes_to(const char *text, const char *expected)
{
	ut_text_release(&html);
	ut_html_escape(&html, text);
	ck_assert_str_eq(ut_text_string(&html), expected);
}

static void holds(const char *part)
{
	ck_assert_msg(strstr(ut_text_string(&html), part), "lacks %s", part);
}

static void lacks(const char *part)
{
	ck_assert_msg(!strstr(ut_text_string(&html), part), "has %s", part);
}

START_TEST(markup_in_a_text_is_text)
{
	escapes_to("<b a='1' c=\"2\">&amp;",
		   "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
	escapes_to("", "");
	escapes_to("a\tb\nc", "a\tb\nc");
	escapes_to("0.5 \xc2\xb1 0.1", "0.5 \xc2\xb1 0.1");
	escapes_to("\xf0\x9f\x90\x88 cat", "\xf0\x9f\x90\x88 cat");
}
END_TEST

START_TEST(what_is_no_text_is_replaced)
{
	escapes_to("a\x01"
		   "b\x7f",
		   "a\xef\xbf\xbd"
		   "b\xef\xbf\xbd");
	escapes_to("\xff<", "\xef\xbf\xbd&lt;");
	escapes_to("\xc2", "\xef\xbf\xbd");
	escapes_to("\xc2<", "\xef\xbf\xbd&lt;");
	escapes_to("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}
END_TEST

START_TEST(saying_is_escaped_as_a_whole)
{
	ut_html_say(&html, "%s < %d", "a&b", 3);
	ck_assert_str_eq(ut_text_string(&html), "a&amp;b &lt; 3");
}
END_TEST

/* "<NAME" and "</NAME" stand as often. */
static void is_balanced(const char *name)
{
	const char *at = ut_text_string(&html);
	char open[32], close[32];
	int depth = 0;

	snprintf(open, sizeof(open), "<%s", name);
	snprintf(close, sizeof(close), "</%s>", name);
	for (; *at; ++at) {
		size_t length = strlen(open);

		if (!strncmp(at, open, length) && strchr(" >\n", at[length]))
			++depth;
		if (!strncmp(at, close, strlen(close)))
			--depth;
		ck_assert_msg(depth >= 0, "%s closed before it is open", name);
	}
	ck_assert_msg(!depth, "%s is left open", name);
}

static void append_table(void)
{
	static const struct ut_html_column columns[] = {
		{"<x>", NULL, false},
		{"mean", "of \"all\"", true},
		{"words", NULL, false},
	};

	ut_html_table_begin(&html, "a & b", columns, 3);
	ut_html_row_begin(&html, "<aux>", "a \"student\"");
	ut_html_number(&html, 0.5, "%.3f", 0.5);
	ut_html_cell(&html, "%s", "<i>");
	ut_html_row_end(&html);
	ut_html_row_begin(&html, "teacher", NULL);
	ut_html_number(&html, NAN, "-");
	ut_html_cell(&html, "-");
	ut_html_row_end(&html);
	ut_html_table_end(&html);
}

START_TEST(tables_say_what_they_are)
{
	append_table();
	holds("<caption>a &amp; b</caption>");
	holds("<th scope=\"col\">&lt;x&gt;</th>");
	holds("<th scope=\"col\" class=\"number\" title=\"of &quot;all&quot;\">"
	      "mean</th>");
	holds("<th scope=\"row\">&lt;aux&gt; <small>a &quot;student&quot;"
	      "</small></th>");
	holds("<td class=\"number\" data-sort=\"0.5\">0.500</td>");
	holds("<td class=\"number\">-</td>");
	holds("<td>&lt;i&gt;</td>");
	is_balanced("table");
	is_balanced("tr");
	is_balanced("th");
	is_balanced("td");
	is_balanced("div");
}
END_TEST

static const double x[] = {1, 2}, y[] = {0.25, 0.75};

static enum ut_status append_figure(const char *title, struct ut_error *error)
{
	const struct ut_series series = {
		.name = "<aux>", .count = 2, .x = x, .y = y, .marks = true};
	const struct ut_panel panel = {
		.kind = UT_LINES,
		.x = {.label = "m & n", .min = NAN, .max = NAN},
		.y = {.min = 0, .max = 1},
		.series = &series,
		.series_count = 1,
	};
	const struct ut_figure figure = {
		.stem = "lines",
		.title = title,
		.caption = "<script>",
		.columns = 1,
		.panels = &panel,
		.panel_count = 1,
	};

	return ut_html_figure(&html, &figure, error);
}

START_TEST(a_figure_has_both_themes_marks_and_numbers)
{
	struct ut_error error = {0};
	enum ut_status status = append_figure("\"M\" & <N>", &error);

	if (!ut_plot_available()) {
		ck_assert_int_eq(status, UT_MISSING);
		test_skip("figures in pages", "built without cairo");
		return;
	}
	ck_assert_msg(!status, "%s", error.text);
	holds("<figure id=\"figure-lines\">");
	holds("&quot;M&quot; &amp; &lt;N&gt;</h3>");
	holds("<p>&lt;script&gt;</p>");
	holds("<div class=\"light\">");
	holds("<div class=\"dark\">");
	holds("<svg class=\"spots\" viewBox=\"0 0 ");
	holds("0.75");
	holds("<summary>The numbers</summary>");
	lacks("<script>");
	lacks("<aux>");
	lacks("http://localhost");
	is_balanced("svg");
	is_balanced("g");
	is_balanced("figure");
	is_balanced("div");
	is_balanced("details");
}
END_TEST

START_TEST(a_page_fetches_nothing)
{
	static const char *const fetching[] = {
		" src=",   "url(", "@import", "fetch(",    "XMLHttpRequest",
		"<iframe", "<img", "import ", "WebSocket", "sendBeacon",
	};
	size_t i;

	ut_html_begin(&html, "</title><b>");
	append_table();
	ut_html_end(&html);
	for (i = 0; i < sizeof(fetching) / sizeof(*fetching); ++i)
		lacks(fetching[i]);
	holds("default-src 'none'");
	holds("<title>&lt;/title&gt;&lt;b&gt;</title>");
	holds("<html lang=\"en\">");
	is_balanced("head");
	is_balanced("style");
	is_balanced("script");
	is_balanced("body");
	is_balanced("html");
	ck_assert(!html.failed);
}
END_TEST

START_TEST(the_embedded_files_are_the_files)
{
	static const struct {
		const char *path;
		const char *const *lines;
	} files[] = {
		{"src/report/page.css", ut_page_css},
		{"src/report/page.js", ut_page_js},
	};
	char text[1024];
	size_t i, line;

	for (i = 0; i < 2; ++i) {
		FILE *file = fopen(files[i].path, "r");

		ck_assert_ptr_nonnull(file);
		for (line = 0; fgets(text, sizeof(text), file); ++line) {
			ck_assert_ptr_nonnull(files[i].lines[line]);
			ck_assert_str_eq(text, files[i].lines[line]);
		}
		ck_assert_ptr_null(files[i].lines[line]);
		fclose(file);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("html");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, markup_in_a_text_is_text);
	tcase_add_test(tests, what_is_no_text_is_replaced);
	tcase_add_test(tests, saying_is_escaped_as_a_whole);
	tcase_add_test(tests, tables_say_what_they_are);
	tcase_add_test(tests, a_figure_has_both_themes_marks_and_numbers);
	tcase_add_test(tests, a_page_fetches_nothing);
	tcase_add_test(tests, the_embedded_files_are_the_files);
	return test_main_alone("html", tests);
}
