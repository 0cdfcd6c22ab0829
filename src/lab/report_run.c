/* The page of a run. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/report.h"
#include "lab/report_page.h"
#include "lab/run.h"

/* The head ----------------------------------------------------------------- */

static void append_facts(struct ut_text *html, const struct ut_record *record)
{
	const struct ut_recipe *recipe = &record->recipe;
	char text[UT_RECIPE_TEXT + 64];

	ut_text_append(html, "<ul class=\"facts\">\n");
	snprintf(text, sizeof(text), "%zu", record->results.replicas);
	ut_report_fact(html, text,
		       record->results.replicas == 1 ? "replica" : "replicas");
	ut_report_fact(html, ut_record_text(record, "data.set"), "images");
	snprintf(text, sizeof(text), "%.0f + %zu",
		 ut_record_number(record, "data.train.images"),
		 record->test_images);
	ut_report_fact(html, text, "for training and testing");
	snprintf(text, sizeof(text), "%.0f",
		 ut_record_number(record, "net.parameters"));
	ut_report_fact(html, text, "parameters");
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)recipe->distill.aux);
	ut_report_fact(html, text, "auxiliary logits");
	ut_text_append(html, "</ul>\n");
}

/* What the verdict comes to. */
static const char *headline(const struct ut_verdict *v)
{
	const struct ut_claim *accuracy = &v->accuracy;

	if (accuracy->aux.count < 2)
		return "One replica proves nothing.";
	if (!accuracy->cross.values.count)
		return "Nothing is shown: there are no students from another "
		       "initialisation to compare with.";
	if (ut_claim_shown(accuracy))
		return "The knowledge came with the shared initialisation.";
	if (v->has_auc && ut_claim_shown(&v->auc))
		return "Accuracy does not show it, but AUC does: the knowledge "
		       "came with the shared initialisation.";
	return "No subliminal learning is shown here.";
}

static void append_tiles(struct ut_text *html, const struct ut_verdict *v)
{
	const struct ut_claim *claim = &v->accuracy;

	ut_text_append(html, "<dl class=\"tiles\">\n");
	ut_report_tile(html, "students of the same initialisation recognise",
		       claim->aux, true);
	ut_report_tile(html, "students of another initialisation",
		       claim->cross.values, false);
	ut_report_tile(html, "students of a teacher of shuffled labels",
		       claim->shuffled.values, false);
	ut_text_append(html,
		       "<div><dt>replicas above chance</dt><dd>%zu of %zu "
		       "<small>chance %.1f%%</small></dd></div>\n",
		       claim->above, claim->aux.count, 100 * claim->level);
	ut_report_tile(html, "of what the ceiling recognises", claim->share,
		       false);
	if (v->has_auc) {
		ut_text_append(html,
			       "<div><dt>AUC, same initialisation</dt>"
			       "<dd>%.3f",
			       v->auc.aux.mean);
		if (v->auc.aux.count > 1)
			ut_text_append(html, " <small>± %.3f</small>",
				       v->auc.aux.half);
		ut_text_append(html, "</dd></div>\n");
	}
	ut_text_append(html, "</dl>\n");
}

/* The verdict's lines, each a paragraph. */
static void append_paragraphs(struct ut_text *html,
			      const struct ut_results *results)
{
	struct ut_text text = {0};
	char *line;

	ut_verdict_write(results, &text);
	if (text.failed)
		html->failed = true;
	for (line = text.data; line && *line;) {
		char *end = line + strcspn(line, "\n");
		bool more = *end;

		*end = '\0';
		ut_text_append(html, "<p>");
		ut_html_escape(html, line);
		ut_text_append(html, "</p>\n");
		line = end + more;
	}
	ut_text_release(&text);
}

static void append_verdict(struct ut_text *html, const struct ut_record *record)
{
	struct ut_verdict verdict;

	ut_text_append(html, "<section class=\"verdict\" id=\"verdict\">\n");
	if (ut_verdict_judge(&record->results, &verdict)) {
		ut_text_append(html, "<h2 class=\"headline\">%s</h2>\n",
			       headline(&verdict));
		append_tiles(html, &verdict);
		append_paragraphs(html, &record->results);
	} else {
		ut_text_append(html, "<h2 class=\"headline\">Without aux "
				     "students there is nothing to judge.</h2>"
				     "\n");
	}
	ut_text_append(html, "</section>\n");
}

/* The table ---------------------------------------------------------------- */

/* Which of the accuracies a table is about, and what beside them. */
struct view {
	bool present, published, auc, ceiling;
	double chance;
	const char *caption;
};

static const double *accuracy_of(const struct ut_results *results,
				 enum ut_condition c, const struct view *view)
{
	const struct ut_scores *scores = &results->scores[c];

	return view->present ? scores->present : scores->accuracy;
}

/* How far a condition is above its control. */
static void append_difference(struct ut_text *html,
			      const struct ut_results *results,
			      enum ut_condition c, const struct view *view)
{
	enum ut_condition control = ut_condition_control(c);
	const double *theirs = accuracy_of(results, control, view);
	struct ut_summary s;

	if (control == c || !theirs || !ut_condition_is_student(c)) {
		ut_html_number(html, NAN, "-");
		return;
	}
	s = ut_summarise_pairs(accuracy_of(results, c, view), theirs,
			       results->replicas, UT_DIFFERENCE);
	if (s.count > 1)
		ut_html_number(html, s.mean, "%+.3f ± %.3f to %s", s.mean,
			       s.half, ut_condition_name(control));
	else
		ut_html_number(html, s.mean, "%+.3f to %s", s.mean,
			       ut_condition_name(control));
}

static void append_share(struct ut_text *html, const struct ut_results *results,
			 enum ut_condition c, const struct view *view)
{
	struct ut_summary s = {0};

	if (ut_condition_is_student(c))
		s = ut_summarise_pairs(accuracy_of(results, c, view),
				       accuracy_of(results, UT_CEILING, view),
				       results->replicas, UT_RATIO);
	ut_report_share(html, s);
}

static void append_row(struct ut_text *html, const struct ut_record *record,
		       enum ut_condition c, const struct view *view)
{
	const struct ut_results *results = &record->results;
	const double *values = accuracy_of(results, c, view);
	size_t R = results->replicas;
	struct ut_summary s = ut_summarise(values, R);
	const char *published = record->recipe.published[c];

	ut_html_row_begin(html, ut_condition_name(c), ut_condition_meaning(c));
	ut_html_number(html, s.mean, "%.3f", s.mean);
	if (R > 1)
		ut_html_number(html, s.half, "%.3f - %.3f", s.mean - s.half,
			       s.mean + s.half);
	else
		ut_html_number(html, NAN, "-");
	ut_html_number(html, s.max, "%.3f - %.3f", s.min, s.max);
	ut_html_number(html, (double)ut_count_above(values, R, view->chance),
		       "%zu of %zu", ut_count_above(values, R, view->chance),
		       R);
	append_difference(html, results, c, view);
	if (view->ceiling)
		append_share(html, results, c, view);
	if (view->auc)
		ut_report_summary(html,
				  ut_summarise(results->scores[c].auc, R));
	if (view->published)
		ut_html_cell(html, "%s", *published ? published : "-");
	ut_html_row_end(html);
}

static void append_table(struct ut_text *html, const struct ut_record *record,
			 const struct view *view)
{
	struct ut_html_column columns[9] = {
		{"condition", NULL, false},
		{"mean", "share of the test images that are recognised", true},
		{"95% interval", "of the mean over replicas, Student's t",
		 true},
		{"range", "the smallest and the largest replica", true},
		{"above chance", "replicas", true},
		{"difference",
		 "from the control, replica by replica, with its 95% interval",
		 true},
	};
	size_t count = 6, i;

	if (view->ceiling)
		columns[count++] = (struct ut_html_column){
			"of ceiling", "mean ratio to the ceiling's accuracy",
			true};
	if (view->auc)
		columns[count++] = (struct ut_html_column){
			"AUC", "area under the ROC curve; 0.5 is chance", true};
	if (view->published)
		columns[count++] =
			(struct ut_html_column){"published", NULL, false};
	ut_html_table_begin(html, view->caption, columns, count);
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];

		if (record->results.scores[c].accuracy)
			append_row(html, record, c, view);
	}
	ut_html_table_end(html);
}

static void append_results(struct ut_text *html, const struct ut_record *record)
{
	const struct ut_results *results = &record->results;
	bool part = results->chance_present > results->chance;
	bool auc = results->scores[UT_TEACHER].auc;
	bool ceiling = results->scores[UT_CEILING].accuracy;
	const char *source = record->recipe.published_source;
	struct ut_text caption = {0};

	ut_report_section(html, "results", "Results");
	ut_text_append(&caption,
		       "Accuracy on %zu test images over all class logits; "
		       "chance is %.3f",
		       record->test_images, results->chance);
	append_table(html, record,
		     &(struct view){
			     .published = *source,
			     .auc = auc && !part,
			     .ceiling = ceiling,
			     .chance = results->chance,
			     .caption = ut_text_string(&caption),
		     });
	if (*source) {
		ut_text_append(html, "<p>Published: ");
		ut_html_escape(html, source);
		ut_text_append(html, ".</p>\n");
	}
	ut_text_release(&caption);
	if (part) {
		ut_text_append(&caption,
			       "Accuracy over the logits of the classes "
			       "present alone; chance is %.3f",
			       results->chance_present);
		append_table(html, record,
			     &(struct view){
				     .present = true,
				     .auc = auc,
				     .ceiling = ceiling,
				     .chance = results->chance_present,
				     .caption = ut_text_string(&caption),
			     });
		ut_text_release(&caption);
	}
	ut_text_append(html, "</section>\n");
}

/* How it was made ---------------------------------------------------------- */

static void append_recipe(struct ut_text *html, const struct ut_record *record)
{
	struct ut_text recipe = {0};

	ut_report_section(html, "recipe", "Recipe");
	ut_text_append(html, "<p>Every key, resolved, as in recipe.ini; "
			     "docs/RECIPES.md documents them.</p>\n"
			     "<pre tabindex=\"0\">");
	ut_recipe_write(&record->recipe, &recipe);
	ut_html_escape(html, ut_text_string(&recipe));
	if (recipe.failed)
		html->failed = true;
	ut_text_release(&recipe);
	ut_text_append(html, "</pre>\n</section>\n");
}

static void append_digest(struct ut_text *html, const struct ut_record *record,
			  const char *name, const char *part)
{
	char images[64], digest[64];

	snprintf(images, sizeof(images), "data.%s.images", part);
	snprintf(digest, sizeof(digest), "data.%s.xxh3_128", part);
	ut_report_pair(html, name, "%.0f images, XXH3-128 %s",
		       ut_record_number(record, images),
		       ut_record_text(record, digest));
}

/* One row, or for several devices one each, and what it did. */
static void append_devices(struct ut_text *html, const struct ut_record *record)
{
	const json_t *devices = json_object_get(record->receipt, "devices");
	size_t i;

	if (!json_array_size(devices))
		ut_report_pair(html, "device", "%s (%s, %s)",
			       ut_record_text(record, "device.name"),
			       ut_record_text(record, "device.platform"),
			       ut_record_text(record, "device.driver"));
	for (i = 0; i < json_array_size(devices); ++i) {
		const json_t *device = json_array_get(devices, i);
		const char *name =
			json_string_value(json_object_get(device, "name"));
		const char *platform =
			json_string_value(json_object_get(device, "platform"));

		ut_report_pair(
			html, "device", "%s (%s): replicas %.0f, %.1f s",
			name ? name : "", platform ? platform : "",
			json_number_value(json_object_get(device, "replicas")),
			json_number_value(json_object_get(device, "seconds")));
	}
}

static void append_origin(struct ut_text *html, const struct ut_record *record)
{
	double seconds = ut_record_number(record, "cost.seconds");

	ut_report_section(html, "receipt", "How it was made");
	ut_text_append(html, "<dl class=\"pairs\">\n");
	ut_report_pair(html, "undertone", "%s, contract %.0f",
		       ut_record_text(record, "undertone"),
		       ut_record_number(record, "contract"));
	append_devices(html, record);
	ut_report_pair(html, "network", "%s; %.0f parameters",
		       *ut_record_text(record, "net.layers")
			       ? ut_record_text(record, "net.layers")
			       : "no hidden layers",
		       ut_record_number(record, "net.parameters"));
	append_digest(html, record, "training data", "train");
	append_digest(html, record, "test data", "test");
	ut_report_pair(html, "seed", "%llu",
		       (unsigned long long)record->recipe.seed);
	ut_report_pair(html, "training", "%.1f s at %.1f GFLOP/s", seconds,
		       ut_record_number(record, "cost.flop_per_second") / 1e9);
	ut_report_pair(html, "waiting for data", "%.1f s",
		       ut_record_number(record, "cost.seconds_loading"));
	ut_report_pair(html, "memory on the device", "%.0f MiB",
		       ut_record_number(record, "cost.device_bytes") /
			       (1 << 20));
	ut_text_append(html, "</dl>\n");
}

static void append_prints(struct ut_text *html, const struct ut_record *record)
{
	static const struct ut_html_column columns[] = {
		{"phase", NULL, false},
		{"epoch", NULL, true},
		{"fingerprint", NULL, false},
	};
	const struct ut_results *results = &record->results;
	char print[UT_FINGERPRINT_TEXT];
	uint64_t epoch;
	int c;

	ut_text_append(html, "<details><summary>Fingerprints</summary>\n");
	ut_html_table_begin(html,
			    "XXH3-128 of all replicas' weights after every "
			    "epoch; epoch 0 is before training",
			    columns, 3);
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_phase *phase = &results->phases[c];

		for (epoch = 0; phase->trained && epoch <= phase->epochs;
		     ++epoch) {
			ut_fingerprint_text(ut_results_print(results, c, epoch),
					    print);
			ut_html_row_begin(html, ut_condition_name(c), NULL);
			ut_html_number(html, (double)epoch, "%llu",
				       (unsigned long long)epoch);
			ut_text_append(html, "<td><code>%s</code></td>", print);
			ut_html_row_end(html);
		}
	}
	ut_html_table_end(html);
	ut_text_append(html, "</details>\n");
}

static void append_commands(struct ut_text *html)
{
	ut_text_append(
		html,
		"<h3>The same again</h3>\n<p>In the folder of the run, on any "
		"device. No difference means the same bits:</p>\n"
		"<pre tabindex=\"0\">undertone run ./recipe.ini --out again\n"
		"undertone fingerprint . &gt;a\n"
		"undertone fingerprint again &gt;b\n"
		"diff a b</pre>\n</section>\n");
}

enum ut_status ut_report_run(const char *folder, const char *out,
			     struct ut_error *error)
{
	static const struct ut_report_link links[] = {
		{"verdict", "Verdict"}, {"results", "Results"},
		{"figures", "Figures"}, {"recipe", "Recipe"},
		{"receipt", "Receipt"},
	};
	struct ut_figures figures = {0};
	struct ut_record record;
	struct ut_text html = {0};
	enum ut_status status;

	status = ut_record_read(&record, folder, error);
	if (!status)
		status = ut_figures_of_run(&figures, &record, error);
	if (!status) {
		ut_report_begin(&html, record.recipe.name, record.recipe.about,
				links, sizeof(links) / sizeof(*links));
		append_facts(&html, &record);
		ut_text_append(&html, "</section>\n");
		append_verdict(&html, &record);
		append_results(&html, &record);
		status = ut_report_figures(&html, &figures, error);
	}
	if (!status) {
		append_recipe(&html, &record);
		append_origin(&html, &record);
		append_prints(&html, &record);
		append_commands(&html);
		ut_report_end(&html);
		status = ut_report_write(&html, &figures, out ? out : folder,
					 error);
	}
	ut_text_release(&html);
	ut_figures_release(&figures);
	ut_record_release(&record);
	return status;
}
