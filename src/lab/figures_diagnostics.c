/* Figures of a run's diagnostics. */
#include <math.h>
#include <string.h>

#include "lab/figures.h"
#include "lab/verdict.h"

enum { LAYERS_MAX = 64 };

enum measure { DRIFT, COSINE, PROGRESS, GRADIENT, CKA, PROBE, KL, MEASURES };

static const struct {
	const char *name, *title;
} measures[MEASURES] = {
	[DRIFT] = {"drift", "distance from the start"},
	[COSINE] = {"cosine", "cosine with the teacher's way"},
	[PROGRESS] = {"progress", "progress along the teacher's way"},
	[GRADIENT] = {"gradient-cosine", "cosine of the gradients"},
	[CKA] = {"cka", "likeness to the teacher (CKA)"},
	[PROBE] = {"probe", "linear probe"},
	[KL] = {"kl", "divergence from the teacher"},
};

/* All numbers: (conditions, epochs + 1, layers, measures, replicas). */
struct table {
	struct ut_figures *figures;
	const struct ut_record *record;
	const char **layers; /* (LAYERS_MAX), the whole network, "all", last */
	size_t layer_count;
	size_t epochs, replicas;
	double *values; /* NaN: not measured */
};

static double *at(const struct table *t, int c, size_t epoch, size_t layer,
		  enum measure measure)
{
	size_t row =
		((size_t)c * (t->epochs + 1) + epoch) * t->layer_count + layer;

	return t->values + (row * MEASURES + (size_t)measure) * t->replicas;
}

/* Reading ------------------------------------------------------------------- */

static size_t find_layer(const struct table *t, const char *name)
{
	size_t i = 0;

	while (i < t->layer_count && strcmp(t->layers[i], name))
		++i;
	return i;
}

/* Adds layers that rows name, of drift alone or all. */
static enum ut_status add_layer_names(struct table *t, bool drift,
				      struct ut_error *error)
{
	const struct ut_csv *csv = &t->record->diagnostics;
	size_t row;

	for (row = 0; row < csv->rows; ++row) {
		const char *name = ut_csv_field(csv, row, 3);

		if (!strcmp(name, "all") ||
		    (drift &&
		     strcmp(ut_csv_field(csv, row, 4), measures[DRIFT].name)) ||
		    find_layer(t, name) < t->layer_count)
			continue;
		if (t->layer_count == LAYERS_MAX - 1)
			return ut_csv_complain(csv, row, "too many layers",
					       error);
		t->layers[t->layer_count++] = name;
	}
	return UT_OK;
}

/* In the network's order: all layers drift, and in that order. */
static enum ut_status find_layers(struct table *t, struct ut_error *error)
{
	enum ut_status status;

	t->layers =
		ut_heap_take(&t->figures->heap, LAYERS_MAX, sizeof(*t->layers));
	if (!t->layers)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = add_layer_names(t, true, error);
	if (!status)
		status = add_layer_names(t, false, error);
	if (!status)
		t->layers[t->layer_count++] = "all";
	return status;
}

static int find_condition(const struct ut_record *record, const char *name)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		if (record->recipe.conditions & 1u << c &&
		    !strcmp(ut_condition_name(c), name))
			break;
	return c;
}

static int find_measure(const char *name)
{
	int i = 0;

	while (i < MEASURES && strcmp(measures[i].name, name))
		++i;
	return i;
}

static enum ut_status take_row(struct table *t, size_t row,
			       struct ut_error *error)
{
	const struct ut_csv *csv = &t->record->diagnostics;
	int c = find_condition(t->record, ut_csv_field(csv, row, 0));
	int measure = find_measure(ut_csv_field(csv, row, 4));
	uint64_t replica, epoch;
	double value;

	if (c == UT_CONDITIONS || measure == MEASURES ||
	    !ut_parse_u64(ut_csv_field(csv, row, 1), 0, t->replicas - 1,
			  &replica) ||
	    !ut_parse_u64(ut_csv_field(csv, row, 2), 0, t->epochs, &epoch) ||
	    !ut_parse_double(ut_csv_field(csv, row, 5), -1e300, 1e300, &value))
		return ut_csv_complain(csv, row, "not a diagnostic of the run",
				       error);
	at(t, c, epoch, find_layer(t, ut_csv_field(csv, row, 3)),
	   measure)[replica] = value;
	return UT_OK;
}

static enum ut_status read_table(struct table *t, struct ut_error *error)
{
	const struct ut_record *record = t->record;
	const struct ut_csv *csv = &record->diagnostics;
	size_t cells, row;
	enum ut_status status;

	t->epochs = (size_t)record->recipe.distill.training.epochs;
	if (record->recipe.teacher.epochs > t->epochs)
		t->epochs = (size_t)record->recipe.teacher.epochs;
	t->replicas = record->results.replicas;
	status = find_layers(t, error);
	if (status)
		return status;
	cells = UT_CONDITIONS * (t->epochs + 1) * t->layer_count * MEASURES;
	t->values = ut_figures_numbers(t->figures, cells * t->replicas);
	if (!t->values)
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for the diagnostics");
	for (row = 0; row < cells * t->replicas; ++row)
		t->values[row] = NAN;
	for (row = 0; row < csv->rows && !status; ++row)
		status = take_row(t, row, error);
	return status;
}

/* Drawing ------------------------------------------------------------------- */

/* The replicas in which it was measured; count 0: none. */
static struct ut_summary summary_at(const struct table *t, int c, size_t epoch,
				    size_t layer, enum measure measure,
				    double *kept)
{
	const double *values = at(t, c, epoch, layer, measure);
	size_t count = 0, r;

	for (r = 0; r < t->replicas; ++r)
		if (!isnan(values[r]))
			kept[count++] = values[r];
	return count ? ut_summarise(kept, count) : (struct ut_summary){0};
}

static void put_point(const struct ut_series *series, double x,
		      struct ut_summary s)
{
	size_t i = series->count;

	((double *)series->x)[i] = x;
	((double *)series->y)[i] = s.mean;
	((double *)series->low)[i] = s.mean - s.half;
	((double *)series->high)[i] = s.mean + s.half;
}

/* Room for up to count points of a condition. */
static bool begin_series(const struct table *t, int c, size_t count,
			 struct ut_series *series)
{
	double *room = ut_figures_numbers(t->figures, 4 * count);

	*series = (struct ut_series){
		.name = ut_condition_name(c),
		.x = room,
		.y = room ? room + count : NULL,
		.low = room ? room + 2 * count : NULL,
		.high = room ? room + 3 * count : NULL,
		.colour = ut_condition_hue(c),
		.marks = count <= 30,
		.dashed = c != UT_AUX && c != UT_ALL,
	};
	return room;
}

static size_t last_epoch(const struct table *t, int c)
{
	return (size_t)ut_recipe_training(&t->record->recipe, c)->epochs;
}

/* A line a condition: over the epochs, or over the layers in the end. */
static void add_lines(const struct table *t, struct ut_panels *panels,
		      enum measure measure, bool over_layers)
{
	size_t layers = t->layer_count - 1;
	size_t count = over_layers ? layers : t->epochs + 1, all = 0, i, x;
	struct ut_series *series =
		ut_heap_take(&t->figures->heap, UT_CONDITIONS, sizeof(*series));
	double *kept = ut_figures_numbers(t->figures, t->replicas);
	struct ut_panel *panel;

	for (i = 0; i < UT_CONDITIONS && series && kept; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		size_t points = 0;

		if (!begin_series(t, c, count, &series[all]))
			return;
		for (x = 0; x < count; ++x) {
			struct ut_summary s =
				summary_at(t, c,
					   over_layers ? last_epoch(t, c) : x,
					   over_layers ? x : layers, measure,
					   kept);

			if (!s.count)
				continue;
			put_point(&series[all], (double)x, s);
			points = ++series[all].count;
		}
		if (t->replicas == 1)
			series[all].low = series[all].high = NULL;
		all += points > 0;
	}
	if (!all)
		return;
	panel = ut_panels_next(panels, UT_LINES, measures[measure].title);
	if (!panel)
		return;
	panel->series = series;
	panel->series_count = all;
	panel->x.label = over_layers ? "layer" : "epoch";
	if (over_layers) {
		panel->x.names = t->layers;
		panel->x.names_count = layers;
	}
	if (measure == CKA) {
		panel->y.min = 0;
		panel->y.max = 1;
	}
}

/* Bars of what is measured of whole networks in the end. */
static void add_bars(const struct table *t, struct ut_panels *panels,
		     enum measure measure, size_t layer)
{
	struct ut_bar *bars =
		ut_heap_take(&t->figures->heap, UT_CONDITIONS, sizeof(*bars));
	size_t all = 0, i;
	struct ut_panel *panel;

	for (i = 0; i < UT_CONDITIONS && bars; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		double *kept = ut_figures_numbers(t->figures, t->replicas);
		struct ut_summary s;

		if (!kept)
			return;
		s = summary_at(t, c, last_epoch(t, c), layer, measure, kept);
		if (!s.count)
			s = summary_at(t, c, 0, layer, measure, kept);
		if (!s.count)
			continue;
		bars[all++] = (struct ut_bar){
			.name = ut_condition_name(c),
			.mean = s.mean,
			.low = s.count > 1 ? s.mean - s.half : NAN,
			.high = s.count > 1 ? s.mean + s.half : NAN,
			.dot_count = s.count > 1 ? s.count : 0,
			.dots = kept,
			.colour = ut_condition_hue(c),
		};
	}
	if (!all)
		return;
	panel = ut_panels_next(panels, UT_BARS, measures[measure].title);
	if (!panel)
		return;
	panel->bars = bars;
	panel->bar_count = all;
	panel->y.label = measure == KL ? "KL, nats" : "accuracy";
	if (measure != PROBE)
		return;
	panel->y.max = 1;
	ut_panel_set_levels(t->figures, panel,
			    t->record->results.chance_present, NULL);
}

static void add_weights(const struct table *t)
{
	struct ut_panels panels = ut_panels_begin(t->figures);
	enum measure i;

	for (i = DRIFT; i <= GRADIENT; ++i)
		add_lines(t, &panels, i, false);
	ut_figures_add(
		t->figures, &panels, "weights", 2,
		"Where the students' weights go",
		ut_heap_text(
			&t->figures->heap,
			"Of all weights of a network. A distance of 1 is the "
			"length of the initial weights; a progress of 1 is all "
			"the way that the teacher went; the gradients are the "
			"student's own and that of the task that it is never "
			"taught; %s.",
			ut_figures_replicas(t->figures, t->replicas)));
}

static void add_layers(const struct table *t)
{
	struct ut_panels panels = ut_panels_begin(t->figures);
	size_t layer;

	add_lines(t, &panels, DRIFT, true);
	add_lines(t, &panels, COSINE, true);
	add_lines(t, &panels, PROGRESS, true);
	add_lines(t, &panels, CKA, true);
	for (layer = 0; layer < t->layer_count; ++layer) {
		add_bars(t, &panels, PROBE, layer);
		add_bars(t, &panels, KL, layer);
	}
	ut_figures_add(
		t->figures, &panels, "layers", 2,
		"The students in the end, layer by layer",
		ut_heap_text(
			&t->figures->heap,
			"CKA compares the activations for test images; the "
			"probe is a linear classifier on the last hidden "
			"layer, trained on labels; the divergence is of the "
			"class logits for test images; %s.",
			ut_figures_replicas(t->figures, t->replicas)));
}

enum ut_status ut_figures_diagnostics(struct ut_figures *figures,
				      const struct ut_record *record,
				      struct ut_error *error)
{
	struct table table = {.figures = figures, .record = record};
	enum ut_status status;

	if (!record->diagnostics.columns)
		return UT_OK;
	status = read_table(&table, error);
	if (status)
		return status;
	add_weights(&table);
	add_layers(&table);
	return UT_OK;
}
