/* Figures of runs and sweeps, ready to be drawn. Private to lab. */
#ifndef UT_FIGURES_H
#define UT_FIGURES_H

#include "base/heap.h"
#include "lab/gathering.h"
#include "lab/record.h"
#include "report/plot.h"
#include "report/statistics.h"

enum { UT_FIGURES_MAX = 24, UT_PANELS_MAX = 48 };

/* All zero is none. What the figures point to is the heap's. */
struct ut_figures {
	struct ut_figure figures[UT_FIGURES_MAX];
	size_t count;
	struct ut_heap heap;
};

/* Adds the figures of a run. UT_MEMORY; UT_CORRUPT: its diagnostics are wrong. */
enum ut_status ut_figures_of_run(struct ut_figures *figures,
				 const struct ut_record *record,
				 struct ut_error *error);

/* Adds the figures of a sweep. UT_MEMORY. */
enum ut_status ut_figures_of_sweep(struct ut_figures *figures,
				   const struct ut_gathering *gathering,
				   struct ut_error *error);

void ut_figures_release(struct ut_figures *figures);

/* Parts of the above; memory that runs out latches in the heap. */

/* A figure in the making: its panels. */
struct ut_panels {
	struct ut_panel *panels; /* (UT_PANELS_MAX) */
	size_t count;
};
struct ut_panels ut_panels_begin(struct ut_figures *figures);

/* The next panel, all zero but its kind; NULL when memory ran out. */
struct ut_panel *ut_panels_next(struct ut_panels *panels,
				enum ut_panel_kind kind, const char *title);

/* Adds a figure of the panels, unless there is none. */
void ut_figures_add(struct ut_figures *figures, const struct ut_panels *panels,
		    const char *stem, size_t columns, const char *title,
		    const char *caption);

/* An array of numbers; NULL when memory ran out. */
double *ut_figures_numbers(struct ut_figures *figures, size_t count);

/* The colour of a condition: the same in every figure. */
unsigned ut_condition_hue(enum ut_condition c);

/*
 * A level at chance, and one at the mean of the ceiling, where it was measured
 * and ceiling is not NULL, for a panel of accuracies.
 */
void ut_panel_set_levels(struct ut_figures *figures, struct ut_panel *panel,
			 double chance, const struct ut_summary *ceiling);

/* "mean and 95% interval of N replicas", or "one replica". */
const char *ut_figures_replicas(struct ut_figures *figures, size_t replicas);

/*
 * Noise as pixels: its mean is grey, two and a half deviations from it are black
 * and white. NULL when memory ran out.
 */
const uint8_t *ut_figures_noise(struct ut_figures *figures,
				const float *numbers, size_t count);

void ut_figures_accuracy(struct ut_figures *figures,
			 const struct ut_record *record);
void ut_figures_curves(struct ut_figures *figures,
		       const struct ut_record *record);
void ut_figures_confusion(struct ut_figures *figures,
			  const struct ut_record *record);
void ut_figures_samples(struct ut_figures *figures,
			const struct ut_record *record);
void ut_figures_robustness(struct ut_figures *figures,
			   const struct ut_record *record);
void ut_figures_pictures(struct ut_figures *figures,
			 const struct ut_record *record);
void ut_figures_changed(struct ut_figures *figures,
			const struct ut_record *record);
void ut_figures_predictions(struct ut_figures *figures,
			    const struct ut_record *record);
enum ut_status ut_figures_diagnostics(struct ut_figures *figures,
				      const struct ut_record *record,
				      struct ut_error *error);

#endif
