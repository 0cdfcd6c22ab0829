/* Figures of a run: what they are made with. */
#include "lab/figures.h"

#include <math.h>

struct ut_panels ut_panels_begin(struct ut_figures *figures)
{
	return (struct ut_panels){
		.panels = ut_heap_take(&figures->heap, UT_PANELS_MAX,
				       sizeof(struct ut_panel)),
	};
}

struct ut_panel *ut_panels_next(struct ut_panels *panels,
				enum ut_panel_kind kind, const char *title)
{
	struct ut_panel *panel;

	if (!panels->panels || panels->count == UT_PANELS_MAX)
		return NULL;
	panel = &panels->panels[panels->count++];
	panel->kind = kind;
	panel->title = title;
	return panel;
}

void ut_figures_add(struct ut_figures *figures, const struct ut_panels *panels,
		    const char *stem, size_t columns, const char *title,
		    const char *caption)
{
	if (!panels->count || figures->heap.failed ||
	    figures->count == UT_FIGURES_MAX)
		return;
	figures->figures[figures->count++] = (struct ut_figure){
		.stem = stem,
		.title = title,
		.caption = caption,
		.columns = columns,
		.panels = panels->panels,
		.panel_count = panels->count,
	};
}

double *ut_figures_numbers(struct ut_figures *figures, size_t count)
{
	return ut_heap_take(&figures->heap, count, sizeof(double));
}

unsigned ut_condition_hue(enum ut_condition c)
{
	static const unsigned hues[UT_CONDITIONS] = {
		[UT_TEACHER] = UT_HUE_GREEN,
		[UT_REFERENCE] = UT_HUE_GREY,
		[UT_AUX] = UT_HUE_BLUE,
		[UT_ALL] = UT_HUE_SKY,
		[UT_CROSS_AUX] = UT_HUE_VERMILION,
		[UT_CROSS_ALL] = UT_HUE_ORANGE,
		[UT_CEILING] = UT_HUE_INK,
		[UT_SHUFFLED_TEACHER] = UT_HUE_GREY,
		[UT_SHUFFLED_AUX] = UT_HUE_PURPLE,
	};

	return hues[c];
}

void ut_panel_set_levels(struct ut_figures *figures, struct ut_panel *panel,
			 double chance, const struct ut_summary *ceiling)
{
	struct ut_level *levels =
		ut_heap_take(&figures->heap, 2, sizeof(*levels));

	if (!levels)
		return;
	levels[0] = (struct ut_level){"chance", chance, NAN, NAN};
	panel->levels = levels;
	panel->level_count = 1;
	if (!ceiling || !ceiling->count)
		return;
	levels[1] = (struct ut_level){"ceiling", ceiling->mean, NAN, NAN};
	if (ceiling->count > 1) {
		levels[1].low = ceiling->mean - ceiling->half;
		levels[1].high = ceiling->mean + ceiling->half;
	}
	panel->level_count = 2;
}

const char *ut_figures_replicas(struct ut_figures *figures, size_t replicas)
{
	if (replicas == 1)
		return "one replica, so no interval";
	return ut_heap_text(&figures->heap,
			    "mean and 95%% interval of %zu replicas", replicas);
}

enum ut_status ut_figures_of_run(struct ut_figures *figures,
				 const struct ut_record *record,
				 struct ut_error *error)
{
	enum ut_status status;

	ut_figures_accuracy(figures, record);
	ut_figures_curves(figures, record);
	ut_figures_pictures(figures, record);
	ut_figures_confusion(figures, record);
	ut_figures_predictions(figures, record);
	ut_figures_samples(figures, record);
	ut_figures_robustness(figures, record);
	ut_figures_changed(figures, record);
	status = ut_figures_diagnostics(figures, record, error);
	if (status)
		return status;
	return figures->heap.failed
		       ? ut_error_set(error, UT_MEMORY,
				      "out of memory for the figures")
		       : UT_OK;
}

void ut_figures_release(struct ut_figures *figures)
{
	ut_heap_release(&figures->heap);
	*figures = (struct ut_figures){0};
}
