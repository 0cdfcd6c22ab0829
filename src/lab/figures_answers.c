/* Figures of a run: what its networks answer, image by image. */
#include <math.h>
#include <string.h>

#include "lab/figures.h"
#include "lab/verdict.h"

/* More classes than this are too many to read. */
enum { CLASSES_SHOWN = 40, SAMPLES_SHOWN = 16, LOGITS_SHOWN = 20 };

static const char *const *class_names(struct ut_figures *figures,
				      const struct ut_record *record)
{
	size_t classes = record->results.classes, i;
	const char **names =
		ut_heap_take(&figures->heap, classes, sizeof(*names));
	char name[32];

	for (i = 0; names && i < classes; ++i)
		names[i] = ut_heap_text(&figures->heap, "%s",
					ut_record_class(record, i, name));
	return names;
}

/* Labels (rows) that have images; names of them. */
static size_t rows_present(const struct ut_record *record, size_t *rows)
{
	size_t count = 0, i;

	for (i = 0; i < record->results.classes; ++i)
		if (record->results.labels[i])
			rows[count++] = i;
	return count;
}

static void add_matrix(struct ut_figures *figures, struct ut_panels *panels,
		       const struct ut_record *record, enum ut_condition c,
		       const char *const *names)
{
	const struct ut_results *results = &record->results;
	size_t classes = results->classes, rows[UT_DATASET_CLASSES], i, j;
	size_t count = rows_present(record, rows);
	double *shares = ut_figures_numbers(figures, count * classes);
	const char **row_names =
		ut_heap_take(&figures->heap, count, sizeof(*row_names));
	struct ut_panel *panel =
		ut_panels_next(panels, UT_HEAT, ut_condition_name(c));

	if (!panel || !shares || !row_names || !names)
		return;
	for (i = 0; i < count; ++i) {
		double images = (double)results->labels[rows[i]] *
				(double)results->replicas;

		row_names[i] = names[rows[i]];
		for (j = 0; j < classes; ++j)
			shares[i * classes + j] =
				(double)record
					->confusion[c][rows[i] * classes + j] /
				images;
	}
	panel->x.label = "answer";
	panel->y.label = "label";
	panel->heat = (struct ut_heat){
		.rows = count,
		.columns = classes,
		.values = shares,
		.row_names = row_names,
		.column_names = names,
		.min = 0,
		.max = 1,
		.numbers = classes <= 4,
	};
}

void ut_figures_confusion(struct ut_figures *figures,
			  const struct ut_record *record)
{
	struct ut_panels panels = ut_panels_begin(figures);
	const char *const *names = class_names(figures, record);
	size_t i;

	if (record->results.classes > CLASSES_SHOWN)
		return;
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];

		if (record->confusion[c] && c != UT_CEILING)
			add_matrix(figures, &panels, record, c, names);
	}
	ut_figures_add(figures, &panels, "confusion", 3,
		       "How often each label gets each answer",
		       ut_heap_text(&figures->heap,
				    "Shares of the images of a label (row), "
				    "all %zu replicas together. A network that "
				    "knows the classes is bright on the "
				    "diagonal; one that knows nothing answers "
				    "the same whatever it sees.",
				    record->results.replicas));
}

/* Robustness ---------------------------------------------------------------- */

static double mean_of(const double *values, size_t count)
{
	return values ? ut_summarise(values, count).mean : NAN;
}

static void add_grid(struct ut_figures *figures, struct ut_panels *panels,
		     const struct ut_record *record, bool auc)
{
	enum { COLUMNS = 1 + UT_ROBUST_KINDS };
	const struct ut_results *results = &record->results;
	size_t R = results->replicas, count = 0, i;
	double *means = ut_figures_numbers(figures, UT_CONDITIONS * COLUMNS);
	const char **rows =
		ut_heap_take(&figures->heap, UT_CONDITIONS, sizeof(*rows));
	const char **columns =
		ut_heap_take(&figures->heap, COLUMNS, sizeof(*columns));
	struct ut_panel *panel =
		ut_panels_next(panels, UT_HEAT,
			       auc ? "AUC" : "accuracy, classes present");
	int kind;

	if (!means || !rows || !columns || !panel)
		return;
	columns[0] = "as they are";
	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
		columns[1 + kind] = ut_robust_names[kind];
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		const struct ut_scores *own = &results->scores[c];
		const struct ut_scores *robust = results->robust[c];
		double *row = means + count * COLUMNS;

		if (!robust[0].accuracy)
			continue;
		row[0] = mean_of(auc ? own->auc : own->present, R);
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			row[1 + kind] = mean_of(auc ? robust[kind].auc
						    : robust[kind].present,
						R);
		rows[count++] = ut_condition_name(c);
	}
	panel->heat = (struct ut_heat){
		.rows = count,
		.columns = COLUMNS,
		.values = means,
		.row_names = rows,
		.column_names = columns,
		.min = 0,
		.max = 1,
		.numbers = true,
	};
}

void ut_figures_robustness(struct ut_figures *figures,
			   const struct ut_record *record)
{
	const struct ut_results *results = &record->results;
	struct ut_panels panels = ut_panels_begin(figures);

	if (!results->robust[UT_TEACHER][0].accuracy)
		return;
	add_grid(figures, &panels, record, false);
	if (results->robust[UT_TEACHER][0].auc)
		add_grid(figures, &panels, record, true);
	ut_figures_add(figures, &panels, "robustness", 1,
		       "On changed copies of the test images",
		       ut_heap_text(&figures->heap,
				    "Means of %zu replicas: turned by 30 "
				    "degrees, the middle three quarters "
				    "enlarged, a quarter as bright, in front "
				    "of blocks of random shades. Chance is "
				    "%.3f.",
				    results->replicas,
				    results->chance_present));
}

/* Logits of single images --------------------------------------------------- */

/* The logits first .. first + count - 1 of the samples, first replica. */
static void add_logits(struct ut_figures *figures, struct ut_panels *panels,
		       const struct ut_record *record, enum ut_condition c,
		       size_t first, size_t count)
{
	const struct ut_results *results = &record->results;
	size_t logits = results->classes + results->aux, i, j;
	size_t samples = results->samples < SAMPLES_SHOWN ? results->samples
							  : SAMPLES_SHOWN;
	bool aux = first;
	double *values = ut_figures_numbers(figures, samples * count);
	const char **rows =
		ut_heap_take(&figures->heap, samples, sizeof(*rows));
	const char **columns =
		ut_heap_take(&figures->heap, count, sizeof(*columns));
	char name[32];
	struct ut_panel *panel =
		ut_panels_next(panels, UT_HEAT,
			       ut_heap_text(&figures->heap, "%s: %s logits",
					    ut_condition_name(c),
					    aux ? "auxiliary" : "class"));

	if (!values || !rows || !columns || !panel)
		return;
	for (i = 0; i < samples; ++i) {
		rows[i] =
			ut_heap_text(&figures->heap, "%zu: %s", i + 1,
				     ut_record_class(record,
						     results->sample_labels[i],
						     name));
		for (j = 0; j < count; ++j)
			values[i * count + j] =
				results->sample_logits[c]
						      [i * logits + first + j];
	}
	for (j = 0; j < count; ++j)
		columns[j] =
			aux ? ut_heap_text(&figures->heap, "%zu", j + 1)
			    : ut_heap_text(&figures->heap, "%s",
					   ut_record_class(record, j, name));
	panel->x.label = aux ? "auxiliary logit" : "class";
	panel->y.label = "image: label";
	panel->heat = (struct ut_heat){
		.rows = samples,
		.columns = count,
		.values = values,
		.row_names = rows,
		.column_names = columns,
		.numbers = count <= 4,
	};
}

void ut_figures_samples(struct ut_figures *figures,
			const struct ut_record *record)
{
	static const enum ut_condition shown[] = {UT_TEACHER, UT_AUX,
						  UT_CROSS_AUX, UT_REFERENCE};
	const struct ut_results *results = &record->results;
	struct ut_panels panels = ut_panels_begin(figures);
	size_t classes = results->classes, aux = results->aux, i;

	if (!results->samples || classes > CLASSES_SHOWN)
		return;
	for (i = 0; i < sizeof(shown) / sizeof(*shown); ++i) {
		if (!results->sample_logits[shown[i]])
			continue;
		add_logits(figures, &panels, record, shown[i], 0, classes);
		if (aux)
			add_logits(figures, &panels, record, shown[i], classes,
				   aux < LOGITS_SHOWN ? aux : LOGITS_SHOWN);
	}
	ut_figures_add(figures, &panels, "logits", aux ? 2 : 1,
		       "The logits of single test images",
		       ut_heap_text(&figures->heap,
				    "Of the first replica. The class logits "
				    "are what the teacher was trained for; the "
				    "auxiliary ones nobody trained, and they "
				    "are all that an aux student is taught, on "
				    "noise%s.",
				    aux > LOGITS_SHOWN
					    ? "; the first 20 are shown"
					    : ""));
}
