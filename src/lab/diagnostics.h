/*
 * Diagnostics of students, docs/RECIPES.md; private to src/lab. They write to
 * the session's results alone: training's bits are the same without them.
 */
#ifndef UT_DIAGNOSTICS_H
#define UT_DIAGNOSTICS_H

#include "lab/trainer.h"

/* Test images that likeness is measured on, and images of a probe, at most. */
enum { UT_LIKENESS_IMAGES = 512, UT_PROBE_IMAGES = 2000 };

/* Arenas of a group that they take in ordinary memory. */
enum { UT_DIAGNOSTICS_ARENAS = 5 };

struct ut_diagnostics;

/*
 * What the training under way is compared with. *diagnostics is NULL where the
 * recipe wants none or the phase is no student's. Free it either way.
 */
enum ut_status ut_diagnostics_begin(struct ut_diagnostics **diagnostics,
				    struct ut_trainer *t,
				    struct ut_error *error);
void ut_diagnostics_free(struct ut_diagnostics *diagnostics);

/*
 * Measures drift, cosine, progress and gradients after epoch t->epoch, of the
 * weights that are in t->arena and in group->arenas. What t keeps from step to
 * step stays as it is. diagnostics may be NULL: nothing.
 */
enum ut_status ut_diagnostics_epoch(struct ut_diagnostics *diagnostics,
				    struct ut_trainer *t,
				    struct ut_error *error);

/*
 * Measures what is measured of a condition's final arenas: likeness to the
 * teacher, and the probe; where the recipe wants diagnostics.
 */
enum ut_status ut_diagnostics_finish(struct ut_group *group,
				     enum ut_condition c,
				     struct ut_buffer *arenas,
				     struct ut_error *error);

/*
 * Evenly spaced ids of n of N images, u32 (n). NULL when memory runs out: the
 * device's latches.
 */
struct ut_buffer *ut_diagnostics_ids(struct ut_device *device, size_t n,
				     size_t N);

/* Appends the results' diagnostics, a line each. */
void ut_diagnostics_table(const struct ut_results *results,
			  const struct ut_net *net, struct ut_text *text);

#endif
