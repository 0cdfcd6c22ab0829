/* The page of a sweep. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/gathering.h"
#include "lab/report_page.h"
#include "lab/report_sweep.h"
#include "lab/sweep_folder.h"

/* The verdict --------------------------------------------------------------- */

/* The finished cell in which aux recognises most, or none: cell_count. */
static size_t best_cell(const struct ut_gathering *g)
{
	size_t best = g->plan.cell_count, i;

	for (i = 0; i < g->plan.cell_count; ++i) {
		const struct ut_summary *s = &g->cells[i].accuracy[UT_AUX];

		if (s->count &&
		    (best == g->plan.cell_count ||
		     s->mean > g->cells[best].accuracy[UT_AUX].mean))
			best = i;
	}
	return best;
}

static size_t shown_cells(const struct ut_gathering *g)
{
	size_t shown = 0, i;

	for (i = 0; i < g->plan.cell_count; ++i)
		shown += g->cells[i].shown;
	return shown;
}

static void append_verdict(struct ut_text *html, const struct ut_gathering *g)
{
	size_t best = best_cell(g), shown = shown_cells(g);
	const struct ut_gathered *cell;
	struct ut_text where = {0};

	ut_text_append(html, "<section class=\"verdict\" id=\"verdict\">\n"
			     "<h2 class=\"headline\">");
	if (best == g->plan.cell_count) {
		ut_text_append(html, "%s</h2>\n</section>\n",
			       g->done ? "No cell has aux students: there is "
					 "nothing to judge."
				       : "No cell is finished.");
		return;
	}
	cell = &g->cells[best];
	ut_sweep_describe(&g->plan, best, &where);
	if (shown)
		ut_text_append(html,
			       "In %zu of %zu cells the knowledge came with "
			       "the shared initialisation; most of it with ",
			       shown, g->done);
	else
		ut_text_append(html,
			       "No subliminal learning is shown in any of %zu "
			       "cells; students recognise most with ",
			       g->done);
	ut_html_escape(html, ut_text_string(&where));
	ut_text_append(html, ".</h2>\n<dl class=\"tiles\">\n");
	ut_report_tile(html, "students there recognise", cell->accuracy[UT_AUX],
		       true);
	ut_report_tile(html, "students of another initialisation",
		       cell->accuracy[UT_CROSS_AUX], false);
	ut_report_tile(html, "of what the ceiling recognises",
		       cell->share[UT_AUX], false);
	ut_text_append(html,
		       "<div><dt>cells finished</dt><dd>%zu of %zu</dd></div>"
		       "\n</dl>\n<p>A cell counts when aux is above chance and "
		       "above every control that was measured, cross-aux among "
		       "them, at 95%% over its replicas; accuracy or, with two "
		       "classes, AUC.</p>\n",
		       g->done, g->plan.cell_count);
	if (g->done > 1)
		ut_text_append(html,
			       "<p>The best of several cells looks better than "
			       "it is: what is to be relied on wants new seeds."
			       "</p>\n");
	ut_text_append(html, "</section>\n");
	ut_text_release(&where);
}

/* The table ----------------------------------------------------------------- */

static const enum ut_condition columns_shown[] = {
	UT_TEACHER, UT_CEILING,   UT_AUX,          UT_CROSS_AUX,
	UT_ALL,     UT_CROSS_ALL, UT_SHUFFLED_AUX, UT_REFERENCE,
};
enum { SHOWN = sizeof(columns_shown) / sizeof(*columns_shown) };

static bool any_has(const struct ut_gathering *g, enum ut_condition c)
{
	size_t i;

	for (i = 0; i < g->plan.cell_count; ++i)
		if (g->cells[i].accuracy[c].count)
			return true;
	return false;
}

static void append_row(struct ut_text *html, const struct ut_gathering *g,
		       size_t i)
{
	const struct ut_gathered *cell = &g->cells[i];
	char number[32];
	size_t axis, c;

	snprintf(number, sizeof(number), "%zu", i + 1);
	ut_html_row_begin(html, number, cell->reason);
	for (axis = 0; axis < g->plan.axis_count; ++axis) {
		const char *value = ut_sweep_value(&g->plan, i, axis);
		double place;

		if (ut_parse_double(value, -1e15, 1e15, &place))
			ut_html_number(html, place, "%s", value);
		else
			ut_html_cell(html, "%s", value);
	}
	if (cell->folder)
		ut_html_number(html, (double)cell->replicas, "%zu",
			       cell->replicas);
	else
		ut_html_cell(html, "%s", cell->state);
	for (c = 0; c < SHOWN; ++c)
		if (any_has(g, columns_shown[c]))
			ut_report_summary(html,
					  cell->accuracy[columns_shown[c]]);
	ut_report_summary(html, cell->difference[UT_AUX]);
	ut_report_share(html, cell->share[UT_AUX]);
	ut_html_row_end(html);
}

static void append_table(struct ut_text *html, const struct ut_gathering *g)
{
	struct ut_html_column columns[UT_SWEEP_AXES + SHOWN + 4] = {
		{"cell", NULL, false},
	};
	size_t count = 1, i;

	for (i = 0; i < g->plan.axis_count; ++i) {
		double ignored;

		columns[count++] = (struct ut_html_column){
			.name = g->plan.axes[i].key,
			.number = ut_parse_double(g->plan.axes[i].values[0],
						  -1e15, 1e15, &ignored),
		};
	}
	columns[count++] = (struct ut_html_column){"N", "replicas", true};
	for (i = 0; i < SHOWN; ++i)
		if (any_has(g, columns_shown[i]))
			columns[count++] = (struct ut_html_column){
				.name = ut_condition_name(columns_shown[i]),
				.note = ut_condition_meaning(columns_shown[i]),
				.number = true,
			};
	columns[count++] = (struct ut_html_column){"aux less cross-aux",
						   "replica by replica", true};
	columns[count++] =
		(struct ut_html_column){"aux of ceiling",
					"mean ratio of the accuracies", true};
	ut_report_section(html, "results", "Results");
	ut_html_table_begin(html,
			    "Accuracy on the test images: mean over replicas "
			    "and 95% interval",
			    columns, count);
	for (i = 0; i < g->plan.cell_count; ++i)
		append_row(html, g, i);
	ut_html_table_end(html);
	ut_text_append(html, "</section>\n");
}

/* How it was made ----------------------------------------------------------- */

static void append_recipe(struct ut_text *html, const struct ut_gathering *g)
{
	struct ut_text recipe = {0};
	size_t i, j;

	ut_report_section(html, "recipe", "Recipe and axes");
	ut_text_append(html, "<dl class=\"pairs\">\n");
	for (i = 0; i < g->plan.axis_count; ++i) {
		const struct ut_sweep_axis *axis = &g->plan.axes[i];

		ut_text_append(html, "<dt>");
		ut_html_escape(html, axis->key);
		ut_text_append(html, "</dt><dd>");
		for (j = 0; j < axis->count; ++j) {
			ut_text_append(html, "%s", j ? "; " : "");
			ut_html_escape(html, axis->values[j]);
		}
		ut_text_append(html, "</dd>\n");
	}
	ut_text_append(html, "</dl>\n<p>All other keys of every cell:</p>\n"
			     "<pre tabindex=\"0\">");
	ut_recipe_write(&g->plan.base, &recipe);
	ut_html_escape(html, ut_text_string(&recipe));
	html->failed |= recipe.failed;
	ut_text_release(&recipe);
	ut_text_append(html, "</pre>\n</section>\n");
}

/* The devices that computed cells, each once. */
static void append_devices(struct ut_text *html, const struct ut_gathering *g)
{
	struct ut_text devices = {0};
	size_t i, j;

	for (i = 0; i < g->plan.cell_count; ++i) {
		const struct ut_gathered *cell = &g->cells[i];

		if (!cell->folder)
			continue;
		for (j = 0; j < i; ++j)
			if (g->cells[j].folder &&
			    !strcmp(g->cells[j].device, cell->device))
				break;
		if (j == i)
			ut_text_append(&devices, "%s%s",
				       devices.length ? ", " : "",
				       cell->device);
	}
	ut_report_pair(html, "devices", "%s", ut_text_string(&devices));
	html->failed |= devices.failed;
	ut_text_release(&devices);
}

static void append_command(struct ut_text *html, const struct ut_gathering *g)
{
	struct ut_text word = {0};
	size_t i, j;

	ut_text_append(html, "<h3>The same again</h3>\n<p>With the recipe "
			     "above in recipe.ini:</p>\n"
			     "<pre tabindex=\"0\">undertone sweep "
			     "./recipe.ini");
	for (i = 0; i < g->plan.axis_count; ++i) {
		const struct ut_sweep_axis *axis = &g->plan.axes[i];
		bool list = ut_recipe_key_is_list(axis->key);

		ut_text_append(&word, " '%s=", axis->key);
		for (j = 0; j < axis->count; ++j)
			ut_text_append(&word, "%s%s",
				       !j     ? ""
				       : list ? ";"
					      : ",",
				       axis->values[j]);
		ut_text_append(&word, "'");
	}
	ut_html_escape(html, ut_text_string(&word));
	html->failed |= word.failed;
	ut_text_release(&word);
	ut_text_append(html, " --out again</pre>\n</section>\n");
}

static void append_origin(struct ut_text *html, const struct ut_gathering *g)
{
	ut_report_section(html, "receipt", "How it was made");
	ut_text_append(html, "<dl class=\"pairs\">\n");
	ut_report_pair(html, "undertone", "%s, contract %d", g->version,
		       g->contract);
	append_devices(html, g);
	ut_report_pair(html, "cells",
		       "%zu, of which %zu are finished and %zu "
		       "failed",
		       g->plan.cell_count, g->done, g->failed);
	ut_report_pair(html, "teacher sets", "%zu", g->plan.teacher_count);
	if (g->folders > 1)
		ut_report_pair(html, "gathered from",
			       "%zu folders; %zu cells were in several, with "
			       "the same results",
			       g->folders, g->merged);
	ut_text_append(html, "</dl>\n");
	append_command(html, g);
}

static void append_facts(struct ut_text *html, const struct ut_gathering *g)
{
	char text[64];

	ut_text_append(html, "<ul class=\"facts\">\n");
	snprintf(text, sizeof(text), "%zu", g->plan.cell_count);
	ut_report_fact(html, text, "cells");
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)g->plan.base.replicas);
	ut_report_fact(html, text, "replicas");
	ut_report_fact(html, g->plan.base.data.set, "images");
	if (g->failed) {
		snprintf(text, sizeof(text), "%zu", g->failed);
		ut_report_fact(html, text, "failed");
	}
	ut_text_append(html, "</ul>\n</section>\n");
}

enum ut_status ut_report_sweep(const char *const *folders, size_t count,
			       const char *out, struct ut_error *error)
{
	static const struct ut_report_link links[] = {
		{"verdict", "Verdict"}, {"figures", "Figures"},
		{"results", "Results"}, {"recipe", "Recipe"},
		{"receipt", "Receipt"},
	};
	struct ut_figures figures = {0};
	struct ut_gathering gathering;
	struct ut_text html = {0}, title = {0};
	enum ut_status status;

	status = ut_gathering_read(&gathering, folders, count, error);
	if (!status)
		status = ut_figures_of_sweep(&figures, &gathering, error);
	if (!status) {
		ut_text_append(&title, "%s, swept", gathering.plan.base.name);
		ut_report_begin(&html, ut_text_string(&title),
				gathering.plan.base.about, links,
				sizeof(links) / sizeof(*links));
		append_facts(&html, &gathering);
		append_verdict(&html, &gathering);
		status = ut_report_figures(&html, &figures, error);
	}
	if (!status) {
		append_table(&html, &gathering);
		append_recipe(&html, &gathering);
		append_origin(&html, &gathering);
		ut_report_end(&html);
		status = ut_report_write(&html, &figures,
					 out ? out : folders[0], error);
	}
	ut_text_release(&html);
	ut_text_release(&title);
	ut_figures_release(&figures);
	ut_gathering_release(&gathering);
	return status;
}
