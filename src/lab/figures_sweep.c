/* Figures of a sweep: what its axes do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figures.h"
#include "lab/verdict.h"

enum {
	LINES_MAX = 8,     /* of one panel */
	GALLERIES_MAX = 24 /* of one figure */
};

/* An axis that spans more than this many times is drawn by magnitude. */
static const double wide = 20;

/* An axis of the sweep as one of a panel. */
struct scale {
	const struct ut_sweep_axis *axis;
	size_t stride;      /* cells from one value to the next */
	bool numbers;       /* all values are such */
	double *places;     /* (count), where each value stands */
	size_t *order;      /* (count), values by their places */
	const char **names; /* (count), by place; unless they are numbers */
};

static bool take_numbers(const struct ut_sweep_axis *axis, double *places)
{
	size_t i;

	for (i = 0; i < axis->count; ++i)
		if (!ut_parse_double(axis->values[i], -1e15, 1e15, &places[i]))
			return false;
	return true;
}

/* Insertion: axes are short, and equal places keep their order. */
static void sort(const double *places, size_t count, size_t *order)
{
	size_t i, j;

	for (i = 0; i < count; ++i) {
		for (j = i; j && places[order[j - 1]] > places[i]; --j)
			order[j] = order[j - 1];
		order[j] = i;
	}
}

static bool make_scale(struct ut_figures *figures,
		       const struct ut_sweep_plan *plan, size_t number,
		       struct scale *scale)
{
	const struct ut_sweep_axis *axis = &plan->axes[number];
	size_t i;

	*scale = (struct scale){
		.axis = axis,
		.stride = 1,
		.places = ut_figures_numbers(figures, axis->count),
		.order = ut_heap_take(&figures->heap, axis->count,
				      sizeof(*scale->order)),
		.names = ut_heap_take(&figures->heap, axis->count,
				      sizeof(*scale->names)),
	};
	if (!scale->places || !scale->order || !scale->names)
		return false;
	for (i = number + 1; i < plan->axis_count; ++i)
		scale->stride *= plan->axes[i].count;
	scale->numbers = take_numbers(axis, scale->places);
	for (i = 0; i < axis->count && !scale->numbers; ++i)
		scale->places[i] = (double)i;
	sort(scale->places, axis->count, scale->order);
	for (i = 0; i < axis->count; ++i)
		scale->names[i] = axis->values[scale->order[i]];
	return true;
}

/* The axis on which x is shown. */
static struct ut_axis axis_of(const struct scale *scale)
{
	size_t count = scale->axis->count;
	double first = scale->places[scale->order[0]];
	double last = scale->places[scale->order[count - 1]];
	struct ut_axis axis = {.label = scale->axis->key};

	if (scale->numbers) {
		axis.logarithmic = first > 0 && last > wide * first;
	} else {
		axis.names = scale->names;
		axis.names_count = count;
	}
	return axis;
}

/* One of a cell's summaries; count 0 where it has none. */
typedef struct ut_summary measure(const struct ut_gathered *cell,
				  enum ut_condition c);

static struct ut_summary accuracy(const struct ut_gathered *cell,
				  enum ut_condition c)
{
	return cell->accuracy[c];
}

static struct ut_summary auc(const struct ut_gathered *cell,
			     enum ut_condition c)
{
	return cell->auc[c];
}

static struct ut_summary share(const struct ut_gathered *cell,
			       enum ut_condition c)
{
	return cell->share[c];
}

static struct ut_summary difference(const struct ut_gathered *cell,
				    enum ut_condition c)
{
	return cell->difference[c];
}

/* Along x from the cell `first` on; false where nothing was measured. */
static bool make_line(struct ut_figures *figures, const struct ut_gathering *g,
		      const struct scale *x, size_t first, measure *of,
		      enum ut_condition c, struct ut_series *series)
{
	size_t count = x->axis->count, used = 0, i;
	double *room = ut_figures_numbers(figures, 4 * count);
	bool bands = false;

	if (!room)
		return false;
	for (i = 0; i < count; ++i) {
		size_t value = x->order[i];
		struct ut_summary s =
			of(&g->cells[first + value * x->stride], c);

		if (!s.count)
			continue;
		room[used] = x->places[value];
		room[count + used] = s.mean;
		room[2 * count + used] = s.mean - s.half;
		room[3 * count + used] = s.mean + s.half;
		bands |= s.count > 1;
		++used;
	}
	*series = (struct ut_series){
		.name = ut_condition_name(c),
		.count = used,
		.x = room,
		.y = room + count,
		.low = bands ? room + 2 * count : NULL,
		.high = bands ? room + 3 * count : NULL,
		.colour = ut_condition_hue(c),
		.marks = true,
		.dashed = c != UT_AUX && c != UT_ALL,
	};
	return used;
}

/* Chance, if it is the same in every cell. */
static void set_chance(struct ut_figures *figures, const struct ut_gathering *g,
		       struct ut_panel *panel)
{
	double chance = NAN;
	size_t i;

	for (i = 0; i < g->plan.cell_count; ++i) {
		const struct ut_gathered *cell = &g->cells[i];

		if (!cell->folder)
			continue;
		if (isnan(chance))
			chance = cell->chance;
		if (!(fabs(cell->chance - chance) < 1e-9))
			return;
	}
	if (!isnan(chance))
		ut_panel_set_levels(figures, panel, chance, NULL);
}

static void set_range(struct ut_panel *panel, const char *label, bool whole)
{
	panel->y.label = label;
	if (whole) {
		panel->y.min = 0;
		panel->y.max = 1;
	}
}

/* One axis ------------------------------------------------------------------ */

/* A panel with a line for every condition. */
static struct ut_panel *add_conditions(struct ut_figures *figures,
				       struct ut_panels *panels,
				       const struct ut_gathering *g,
				       const struct scale *x, measure *of,
				       const char *title)
{
	struct ut_series *series =
		ut_heap_take(&figures->heap, UT_CONDITIONS, sizeof(*series));
	struct ut_panel *panel;
	size_t count = 0, i;

	for (i = 0; series && i < UT_CONDITIONS; ++i)
		count += make_line(figures, g, x, 0, of, ut_condition_rows[i],
				   &series[count]);
	if (!count)
		return NULL;
	panel = ut_panels_next(panels, UT_LINES, title);
	if (!panel)
		return NULL;
	panel->series = series;
	panel->series_count = count;
	panel->x = axis_of(x);
	return panel;
}

static void add_one(struct ut_figures *figures, const struct ut_gathering *g)
{
	struct ut_panels panels = ut_panels_begin(figures);
	struct ut_panel *panel;
	struct scale x;

	if (!make_scale(figures, &g->plan, 0, &x))
		return;
	panel = add_conditions(figures, &panels, g, &x, accuracy, NULL);
	if (panel) {
		set_range(panel, "accuracy", true);
		set_chance(figures, g, panel);
	}
	panel = add_conditions(figures, &panels, g, &x, auc, NULL);
	if (panel) {
		set_range(panel, "AUC", true);
		ut_panel_set_levels(figures, panel, 0.5, NULL);
	}
	ut_figures_add(figures, &panels, "sweep", 1,
		       ut_heap_text(&figures->heap, "Accuracy against %s",
				    x.axis->key),
		       "Means over replicas on the test images; bars and bands "
		       "are 95% intervals.");
	panels = ut_panels_begin(figures);
	panel = add_conditions(figures, &panels, g, &x, difference,
			       "above the control");
	if (panel)
		set_range(panel, "difference of accuracies", false);
	panel = add_conditions(figures, &panels, g, &x, share,
			       "share of the ceiling");
	if (panel)
		set_range(panel, "accuracy / ceiling", false);
	ut_figures_add(figures, &panels, "compared", 2,
		       "Beside control and ceiling",
		       "Replica by replica, then the mean and its 95% "
		       "interval. The control of aux is cross-aux, of all "
		       "cross-all, of the others the untrained network.");
}

/* Two axes ------------------------------------------------------------------ */

/* Along the axis with more numbers, a line for each value of the other. */
static void add_family(struct ut_figures *figures, struct ut_panels *panels,
		       const struct ut_gathering *g, const struct scale *x,
		       const struct scale *by, enum ut_condition c)
{
	size_t lines = by->axis->count, count = 0, i;
	struct ut_series *series =
		ut_heap_take(&figures->heap, lines, sizeof(*series));
	struct ut_panel *panel;

	for (i = 0; series && i < lines; ++i) {
		size_t value = by->order[i];

		if (!make_line(figures, g, x, value * by->stride, accuracy, c,
			       &series[count]))
			continue;
		series[count].name =
			ut_heap_text(&figures->heap, "%s = %s", by->axis->key,
				     by->axis->values[value]);
		/* grey and ink are the levels' */
		series[count].colour = (unsigned)i % UT_HUE_GREY;
		series[count++].dashed = i >= UT_HUE_GREY;
	}
	if (!count)
		return;
	panel = ut_panels_next(panels, UT_LINES, ut_condition_name(c));
	if (!panel)
		return;
	panel->series = series;
	panel->series_count = count;
	panel->x = axis_of(x);
	set_range(panel, "accuracy", true);
	set_chance(figures, g, panel);
}

static void add_heat(struct ut_figures *figures, struct ut_panels *panels,
		     const struct ut_gathering *g, const struct scale *rows,
		     const struct scale *columns, enum ut_condition c)
{
	size_t across = columns->axis->count, down = rows->axis->count, i, j;
	double *values = ut_figures_numbers(figures, across * down);
	bool any = false;
	struct ut_panel *panel;

	for (i = 0; values && i < down; ++i)
		for (j = 0; j < across; ++j) {
			size_t cell = rows->order[i] * rows->stride +
				      columns->order[j] * columns->stride;
			struct ut_summary s = g->cells[cell].accuracy[c];

			values[i * across + j] = s.count ? s.mean : NAN;
			any |= s.count > 0;
		}
	if (!any)
		return;
	panel = ut_panels_next(panels, UT_HEAT, ut_condition_name(c));
	if (!panel)
		return;
	panel->x.label = columns->axis->key;
	panel->y.label = rows->axis->key;
	panel->heat = (struct ut_heat){
		.rows = down,
		.columns = across,
		.values = values,
		.row_names = rows->names,
		.column_names = columns->names,
		.min = 0,
		.max = 1,
		.numbers = true,
	};
}

/* Whether a condition's means are not the same in every cell. */
static bool varies(const struct ut_gathering *g, enum ut_condition c)
{
	const struct ut_summary *first = NULL;
	size_t i;

	for (i = 0; i < g->plan.cell_count; ++i) {
		const struct ut_summary *s = &g->cells[i].accuracy[c];

		if (!s->count)
			continue;
		if (first && s->mean != first->mean)
			return true;
		first = s;
	}
	return false;
}

static void add_two(struct ut_figures *figures, const struct ut_gathering *g)
{
	struct ut_panels lines = ut_panels_begin(figures);
	struct ut_panels heats = ut_panels_begin(figures);
	struct scale scales[2];
	const struct scale *x = &scales[0], *by = &scales[1];
	size_t i;

	if (!make_scale(figures, &g->plan, 0, &scales[0]) ||
	    !make_scale(figures, &g->plan, 1, &scales[1]))
		return;
	if ((by->numbers && !x->numbers) ||
	    (by->numbers == x->numbers && by->axis->count > x->axis->count)) {
		x = &scales[1];
		by = &scales[0];
	}
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];

		if (by->axis->count <= LINES_MAX && varies(g, c))
			add_family(figures, &lines, g, x, by, c);
		if (ut_condition_is_student(c))
			add_heat(figures, &heats, g, by, x, c);
	}
	ut_figures_add(figures, &lines, "sweep", 2,
		       ut_heap_text(&figures->heap,
				    "Accuracy against %s and %s", x->axis->key,
				    by->axis->key),
		       "Means over replicas on the test images; bars and bands "
		       "are 95% intervals.");
	ut_figures_add(figures, &heats, "grid", 2, "Students, cell by cell",
		       "Mean accuracy over replicas on the test images.");
}

/* Noise --------------------------------------------------------------------- */

static bool varies_noise(const struct ut_sweep_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->axis_count; ++i)
		if (!strncmp(plan->axes[i].key, "distill.noise", 13))
			return true;
	return false;
}

static void add_noise(struct ut_figures *figures, const struct ut_gathering *g)
{
	struct ut_panels panels = ut_panels_begin(figures);
	size_t i;

	if (!varies_noise(&g->plan) || g->plan.cell_count > GALLERIES_MAX)
		return;
	for (i = 0; i < g->plan.cell_count; ++i) {
		const struct ut_gathered *cell = &g->cells[i];
		size_t bytes = cell->noise.height * cell->noise.width *
			       cell->noise.channels;
		struct ut_text name = {0};
		struct ut_panel *panel;

		if (!cell->noise.count)
			continue;
		ut_sweep_describe(&g->plan, i, &name);
		panel = ut_panels_next(&panels, UT_GALLERY,
				       ut_heap_text(&figures->heap, "%s",
						    ut_text_string(&name)));
		ut_text_release(&name);
		if (!panel)
			return;
		panel->gallery = (struct ut_gallery){
			.count = cell->noise.count,
			.columns = cell->noise.count,
			.height = cell->noise.height,
			.width = cell->noise.width,
			.channels = cell->noise.channels,
			.pixels = ut_figures_noise(figures, cell->noise.numbers,
						   cell->noise.count * bytes),
		};
		if (!panel->gallery.pixels)
			panel->gallery.count = 0;
	}
	ut_figures_add(figures, &panels, "noise", 1, "What students are shown",
		       "The first images of each cell's first replica, each "
		       "cell's mean as grey and two and a half deviations from "
		       "it as black and white.");
}

enum ut_status ut_figures_of_sweep(struct ut_figures *figures,
				   const struct ut_gathering *gathering,
				   struct ut_error *error)
{
	if (gathering->plan.axis_count == 1)
		add_one(figures, gathering);
	else if (gathering->plan.axis_count == 2)
		add_two(figures, gathering);
	add_noise(figures, gathering);
	return figures->heap.failed
		       ? ut_error_set(error, UT_MEMORY,
				      "out of memory for the figures")
		       : UT_OK;
}
