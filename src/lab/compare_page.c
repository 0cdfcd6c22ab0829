/* A comparison of devices as one page that needs no other file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "config.h"
#include "lab/compare.h"
#include "lab/report_page.h"

static const struct ut_compare_row *reference_of(
	const struct ut_compare *compare)
{
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].verdict == UT_COMPARE_REFERENCE)
			return &compare->rows[i];
	return NULL;
}

static size_t count_verdicts(const struct ut_compare *compare,
			     enum ut_compare_verdict verdict)
{
	size_t count = 0, i;

	for (i = 0; i < compare->count; ++i)
		count += compare->rows[i].verdict == verdict;
	return count;
}

/* The verdict -------------------------------------------------------------- */

static void append_verdict(struct ut_text *html,
			   const struct ut_compare *compare)
{
	size_t same = count_verdicts(compare, UT_COMPARE_SAME);
	size_t parted = count_verdicts(compare, UT_COMPARE_PARTED);
	size_t failed = count_verdicts(compare, UT_COMPARE_FAILED);
	const struct ut_compare_row *reference = reference_of(compare);

	ut_text_append(html, "<section class=\"verdict\" id=\"verdict\">\n"
			     "<h2 class=\"headline\">");
	if (!reference)
		ut_html_say(html, "No device finished the run.");
	else if (!parted && !failed)
		ut_html_say(html, "All %zu devices give the same bits.",
			    compare->count);
	else
		ut_html_say(html,
			    "Of the other %zu, %zu give%s the bits of %s, %zu "
			    "part%s from it",
			    compare->count - 1, same, same == 1 ? "s" : "",
			    reference->selector, parted,
			    parted == 1 ? "s" : "");
	if (reference && failed)
		ut_html_say(html, ", %zu failed", failed);
	ut_text_append(html,
		       "</h2>\n<p>Compared are the fingerprints of all weights "
		       "after every epoch, every loss and every accuracy, to "
		       "the last bit.</p>\n</section>\n");
}

/* The table ---------------------------------------------------------------- */

static bool has_condition(const struct ut_compare *compare, enum ut_condition c)
{
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].finished &&
		    compare->rows[i].accuracy[c] >= 0)
			return true;
	return false;
}

static void append_bits(struct ut_text *html, const struct ut_compare_row *row)
{
	struct ut_text place = {0};

	switch (row->verdict) {
	case UT_COMPARE_REFERENCE:
		ut_html_cell(html, "the reference");
		break;
	case UT_COMPARE_SAME:
		ut_html_cell(html, "the same");
		break;
	case UT_COMPARE_PARTED:
		ut_parting_place(&row->parting, &place);
		ut_html_cell(html, "parts at %s", ut_text_string(&place));
		break;
	default:
		ut_html_cell(html, "failed: %s", row->words);
	}
	ut_text_release(&place);
}

static void append_row(struct ut_text *html, const struct ut_compare *compare,
		       const struct ut_compare_row *row)
{
	double rate = row->seconds > 0 ? row->flop / row->seconds / 1e9 : 0;
	size_t k;

	ut_html_row_begin(html, row->selector, *row->name ? row->name : NULL);
	if (row->finished) {
		ut_html_number(html, -row->seconds, "%.2f s", row->seconds);
		ut_html_number(html, rate, "%.2f", rate);
	} else {
		ut_html_number(html, NAN, "-");
		ut_html_number(html, NAN, "-");
	}
	for (k = 0; k < UT_CONDITIONS; ++k) {
		enum ut_condition c = ut_condition_rows[k];

		if (!has_condition(compare, c))
			continue;
		if (row->finished && row->accuracy[c] >= 0)
			ut_html_number(html, row->accuracy[c], "%.2f%%",
				       100 * row->accuracy[c]);
		else
			ut_html_number(html, NAN, "-");
	}
	append_bits(html, row);
	ut_html_row_end(html);
}

static void append_table(struct ut_text *html, const struct ut_compare *compare)
{
	struct ut_html_column columns[UT_CONDITIONS + 4] = {
		{"device", "as --devices names it", false},
		{"time", "of training and measuring", true},
		{"GFLOP/s", "useful ones, of all training", true},
	};
	size_t count = 3, i, k;

	for (k = 0; k < UT_CONDITIONS; ++k)
		if (has_condition(compare, ut_condition_rows[k]))
			columns[count++] = (struct ut_html_column){
				.name = ut_condition_name(ut_condition_rows[k]),
				.note = ut_condition_meaning(
					ut_condition_rows[k]),
				.number = true,
			};
	columns[count++] =
		(struct ut_html_column){"bits", "and where they first part",
					false};
	ut_report_section(html, "devices", "Devices");
	ut_html_table_begin(html,
			    "Time, speed, mean accuracy on the test images, "
			    "and whether the bits are those of the reference",
			    columns, count);
	for (i = 0; i < compare->count; ++i)
		append_row(html, compare, &compare->rows[i]);
	ut_html_table_end(html);
	ut_text_append(html, "</section>\n");
}

/* The partings ------------------------------------------------------------- */

static void append_values(struct ut_text *html,
			  const struct ut_parting *parting)
{
	bool is_float = !strcmp(parting->type, "f32");

	ut_report_pair(html, "first element that differs", "%llu",
		       (unsigned long long)parting->element);
	ut_report_pair(html, "there", "%.9g (0x%s)", parting->values[1].number,
		       parting->values[1].bits);
	ut_report_pair(html, "on the reference", "%.9g (0x%s)",
		       parting->values[0].number, parting->values[0].bits);
	ut_report_pair(html, "elements that differ", "%llu of %llu",
		       (unsigned long long)parting->differing,
		       (unsigned long long)parting->elements);
	ut_report_pair(html, "largest difference", "%llu%s",
		       (unsigned long long)parting->ulp,
		       is_float ? " in the last place (ulp)" : "");
	if (parting->not_numbers)
		ut_report_pair(html, "a number on one alone", "%llu",
			       (unsigned long long)parting->not_numbers);
}

static void append_parting(struct ut_text *html,
			   const struct ut_compare_row *row)
{
	const struct ut_parting *parting = &row->parting;
	struct ut_text text = {0};

	ut_text_append(html, "<h3>");
	ut_html_escape(html, row->selector);
	ut_text_append(html, "</h3>\n<dl class=\"pairs\">\n");
	ut_parting_place(parting, &text);
	ut_report_pair(html, "parts at", "%s", ut_text_string(&text));
	ut_text_release(&text);
	ut_parting_operation(parting, &text);
	if (parting->traced)
		ut_report_pair(html, "in", "%s, operation %llu there",
			       ut_text_string(&text),
			       (unsigned long long)parting->at);
	ut_text_release(&text);
	if (parting->dumped)
		append_values(html, parting);
	if (*row->flaw)
		ut_report_pair(html, "not bit-exact", "%s", row->flaw);
	if (!row->finished)
		ut_report_pair(html, "it ended", "%s", row->words);
	if (*parting->note)
		ut_report_pair(html, "note", "%s", parting->note);
	ut_text_append(html, "</dl>\n");
}

static void append_partings(struct ut_text *html,
			    const struct ut_compare *compare)
{
	size_t i;

	if (!count_verdicts(compare, UT_COMPARE_PARTED))
		return;
	ut_report_section(html, "partings", "Where they part");
	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].verdict == UT_COMPARE_PARTED)
			append_parting(html, &compare->rows[i]);
	ut_text_append(html, "</section>\n");
}

/* How the difference grows ------------------------------------------------- */

/* One line of a row's points; false where none can be drawn. */
static bool add_series(struct ut_figures *figures, struct ut_series *series,
		       const struct ut_compare_row *row, bool max, unsigned hue)
{
	const struct ut_parting *parting = &row->parting;
	double *x = ut_figures_numbers(figures, UT_COMPARE_POINTS);
	double *y = ut_figures_numbers(figures, UT_COMPARE_POINTS);
	size_t count = 0, i;

	for (i = 0; x && y && i < parting->point_count; ++i) {
		const struct ut_compare_point *point = &parting->points[i];
		double value = max ? point->max : point->rms;

		if (!(value > 0) || !isfinite(value))
			continue;
		x[count] = (double)point->updates;
		y[count++] = value;
	}
	*series = (struct ut_series){
		.name = ut_heap_text(&figures->heap, "%s, %s", row->selector,
				     max ? "largest" : "root mean square"),
		.count = count,
		.x = x,
		.y = y,
		.colour = hue,
		.dashed = max,
		.marks = true,
	};
	return count > 0;
}

static void add_growth(struct ut_figures *figures,
		       const struct ut_compare *compare)
{
	struct ut_panels panels = ut_panels_begin(figures);
	struct ut_series *series =
		ut_heap_take(&figures->heap, 2 * compare->count,
			     sizeof(*series));
	struct ut_panel *panel;
	size_t count = 0, i;
	unsigned hue = 0;

	for (i = 0; series && i < compare->count; ++i) {
		const struct ut_compare_row *row = &compare->rows[i];

		if (!row->parting.point_count)
			continue;
		if (add_series(figures, &series[count], row, false, hue))
			++count;
		if (add_series(figures, &series[count], row, true, hue))
			++count;
		++hue;
	}
	if (!count)
		return;
	panel = ut_panels_next(&panels, UT_LINES, NULL);
	if (!panel)
		return;
	panel->series = series;
	panel->series_count = count;
	panel->x = (struct ut_axis){.label = "updates since they parted",
				    .logarithmic = true};
	panel->y =
		(struct ut_axis){.label = "difference of the weights, relative",
				 .logarithmic = true};
	ut_figures_add(figures, &panels, "growth", 1,
		       "How the difference grows",
		       "The weights in training where they parted, of the "
		       "replica that parted first: their difference from the "
		       "reference, over the root mean square of its weights");
}

/* The page ----------------------------------------------------------------- */

static void append_facts(struct ut_text *html, const struct ut_compare *compare)
{
	char text[32];

	ut_text_append(html, "<ul class=\"facts\">\n");
	snprintf(text, sizeof(text), "%zu", compare->count);
	ut_report_fact(html, text, "devices");
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)compare->recipe->replicas);
	ut_report_fact(html, text, "replicas");
	ut_report_fact(html, compare->recipe->data.set, "images");
	ut_text_append(html, "</ul>\n</section>\n");
}

static void append_recipe(struct ut_text *html,
			  const struct ut_compare *compare)
{
	struct ut_text text = {0};
	size_t i;

	ut_report_section(html, "origin", "How it was made");
	ut_text_append(html, "<dl class=\"pairs\">\n");
	for (i = 0; i < compare->count; ++i) {
		const struct ut_compare_row *row = &compare->rows[i];

		if (!*row->name)
			continue;
		ut_text_append(html, "<dt>");
		ut_html_escape(html, row->selector);
		ut_text_append(html, "</dt><dd>");
		ut_html_say(html, "%s, %s, %s (%s)", row->platform, row->name,
			    row->driver, row->level);
		ut_text_append(html, "</dd>\n");
	}
	ut_text_append(html, "</dl>\n<details><summary>The recipe</summary>"
			     "<pre tabindex=\"0\">");
	ut_recipe_write(compare->recipe, &text);
	ut_html_escape(html, ut_text_string(&text));
	html->failed |= text.failed;
	ut_text_release(&text);
	ut_text_append(html, "</pre></details>\n</section>\n</main>\n<footer>"
			     "Written by undertone " UT_VERSION
			     ". The page needs nothing beside it.</footer>\n");
	ut_html_end(html);
}

enum ut_status ut_compare_page(const struct ut_compare *compare,
			       const char *path, struct ut_error *error)
{
	static const struct ut_report_link links[] = {
		{"verdict", "Verdict"},
		{"devices", "Devices"},
		{"origin", "How it was made"},
	};
	struct ut_figures figures = {0};
	struct ut_text html = {0}, title = {0};
	enum ut_status status = UT_OK;

	ut_text_append(&title, "%s on %zu devices", compare->recipe->name,
		       compare->count);
	ut_report_begin(&html, ut_text_string(&title), compare->recipe->about,
			links, sizeof(links) / sizeof(*links));
	append_facts(&html, compare);
	append_verdict(&html, compare);
	append_table(&html, compare);
	append_partings(&html, compare);
	add_growth(&figures, compare);
	if (ut_plot_available())
		status = ut_report_figures(&html, &figures, error);
	append_recipe(&html, compare);
	if (!status && (html.failed || title.failed || figures.heap.failed))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_file_write(path, ut_text_string(&html), html.length,
				       error);
	ut_figures_release(&figures);
	ut_text_release(&html);
	ut_text_release(&title);
	return status;
}
