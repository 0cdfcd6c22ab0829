/* Figures of a run: accuracies in the end, and over the epochs. */
#include <math.h>

#include "lab/figures.h"
#include "lab/verdict.h"

/* Bars ---------------------------------------------------------------------- */

/* One of a condition's numbers: accuracy, accuracy_present or auc. */
enum measure { ACCURACY, PRESENT, AUC };

static const double *values_of(const struct ut_scores *scores,
			       enum measure measure)
{
	if (measure == AUC)
		return scores->auc;
	return measure == PRESENT ? scores->present : scores->accuracy;
}

static void add_bars(struct ut_figures *figures, struct ut_panels *panels,
		     const struct ut_record *record, enum measure measure,
		     const char *title, double chance)
{
	const struct ut_results *results = &record->results;
	const double *ceiling =
		values_of(&results->scores[UT_CEILING], measure);
	struct ut_panel *panel = ut_panels_next(panels, UT_BARS, title);
	struct ut_bar *bars =
		ut_heap_take(&figures->heap, UT_CONDITIONS, sizeof(*bars));
	struct ut_summary top = {0};
	size_t R = results->replicas, i;

	if (!panel || !bars)
		return;
	panel->bars = bars;
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		const double *values = values_of(&results->scores[c], measure);
		struct ut_summary s;

		if (!values)
			continue;
		s = ut_summarise(values, R);
		bars[panel->bar_count++] = (struct ut_bar){
			.name = ut_condition_name(c),
			.mean = s.mean,
			.low = R > 1 ? s.mean - s.half : NAN,
			.high = R > 1 ? s.mean + s.half : NAN,
			.dot_count = R > 1 ? R : 0,
			.dots = values,
			.colour = ut_condition_hue(c),
		};
	}
	panel->y = (struct ut_axis){
		.label = measure == AUC ? "AUC" : "accuracy",
		.min = 0,
		.max = 1,
	};
	if (ceiling)
		top = ut_summarise(ceiling, R);
	ut_panel_set_levels(figures, panel, chance, &top);
}

void ut_figures_accuracy(struct ut_figures *figures,
			 const struct ut_record *record)
{
	const struct ut_results *results = &record->results;
	struct ut_panels panels = ut_panels_begin(figures);
	bool part = results->chance_present > results->chance;
	bool auc = results->scores[UT_TEACHER].auc;

	add_bars(figures, &panels, record, ACCURACY,
		 part || auc ? "over all class logits" : NULL, results->chance);
	if (part)
		add_bars(figures, &panels, record, PRESENT,
			 "over the classes present", results->chance_present);
	if (auc)
		add_bars(figures, &panels, record, AUC,
			 "area under the ROC curve", 0.5);
	ut_figures_add(figures, &panels, "accuracy", 1,
		       "What each network recognises",
		       ut_heap_text(&figures->heap,
				    "Test images of %s; %s. Dots are replicas. "
				    "Blue and sky share the teacher's "
				    "initialisation, vermilion and orange do "
				    "not.",
				    ut_record_text(record, "data.set"),
				    ut_figures_replicas(figures,
							results->replicas)));
}

/* Curves -------------------------------------------------------------------- */

static double part_of(const struct ut_point *point, bool loss)
{
	return loss ? point->loss : point->accuracy;
}

/* The epochs in which all replicas were measured; fills what is given. */
static size_t gather(const struct ut_results *results, int c, bool loss,
		     double *values, struct ut_series *series, double *x,
		     double *y, double *low, double *high)
{
	const struct ut_phase *phase = &results->phases[c];
	size_t R = results->replicas, count = 0, r;
	uint64_t epoch;

	for (epoch = 0; epoch <= phase->epochs; ++epoch) {
		const struct ut_point *points = phase->points + epoch * R;
		struct ut_summary s;

		for (r = 0; r < R && part_of(&points[r], loss) >= 0; ++r)
			values[r] = part_of(&points[r], loss);
		if (r < R)
			continue;
		s = ut_summarise(values, R);
		x[count] = (double)epoch;
		y[count] = s.mean;
		/* neither can be below */
		low[count] = fmax(0, s.mean - s.half);
		high[count] = s.mean + s.half;
		++count;
	}
	*series = (struct ut_series){
		.name = ut_condition_name(c),
		.count = count,
		.x = x,
		.y = y,
		.low = R > 1 ? low : NULL,
		.high = R > 1 ? high : NULL,
		.colour = ut_condition_hue(c),
		.marks = count <= 30,
		.dashed = c == UT_CROSS_AUX || c == UT_CROSS_ALL ||
			  c == UT_SHUFFLED_AUX || c == UT_SHUFFLED_TEACHER,
	};
	return count;
}

/* Losses that fall far are shown by their magnitudes. */
static bool wants_logarithm(const struct ut_panel *panel)
{
	double least = INFINITY, most = 0;
	size_t i, j;

	for (i = 0; i < panel->series_count; ++i)
		for (j = 0; j < panel->series[i].count; ++j) {
			const struct ut_series *series = &panel->series[i];
			double low =
				series->low ? series->low[j] : series->y[j];

			least = fmin(least, low);
			most = fmax(most, series->y[j]);
		}
	return least > 0 && most > 20 * least;
}

/* A panel of the teachers, or of the students; none without two points. */
static void add_lines(struct ut_figures *figures, struct ut_panels *panels,
		      const struct ut_record *record, bool students, bool loss)
{
	const struct ut_results *results = &record->results;
	struct ut_series *series =
		ut_heap_take(&figures->heap, UT_CONDITIONS, sizeof(*series));
	double *values = ut_figures_numbers(figures, results->replicas);
	struct ut_panel *panel;
	size_t count = 0, i;

	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		size_t epochs = (size_t)results->phases[c].epochs + 1;
		double *room;

		if (!results->phases[c].trained ||
		    ut_condition_is_student(c) != students)
			continue;
		room = ut_figures_numbers(figures, 4 * epochs);
		if (!room || !series || !values)
			return;
		if (gather(results, c, loss, values, &series[count], room,
			   room + epochs, room + 2 * epochs,
			   room + 3 * epochs) > 1)
			++count;
	}
	if (!count)
		return;
	panel = ut_panels_next(panels, UT_LINES,
			       students ? "students" : "teacher");
	if (!panel)
		return;
	panel->series = series;
	panel->series_count = count;
	panel->x.label = "epoch";
	panel->y.label = loss ? "training loss" : "test accuracy";
	if (loss) {
		panel->y.logarithmic = wants_logarithm(panel);
		return;
	}
	panel->y.min = 0;
	panel->y.max = 1;
	ut_panel_set_levels(figures, panel, results->chance, NULL);
}

void ut_figures_curves(struct ut_figures *figures,
		       const struct ut_record *record)
{
	struct ut_panels panels = ut_panels_begin(figures);
	int loss, students;

	for (loss = 0; loss < 2; ++loss)
		for (students = 0; students < 2; ++students)
			add_lines(figures, &panels, record, students, loss);
	ut_figures_add(
		figures, &panels, "curves", 2, "Over the epochs",
		ut_heap_text(&figures->heap,
			     "Teachers are trained on images and "
			     "labels, students on noise alone; %s. The "
			     "loss of an epoch is the mean of its "
			     "steps.",
			     ut_figures_replicas(figures,
						 record->results.replicas)));
}
