/* How results are written down: for receipt.json, and as tables of numbers. */
#ifndef UT_SCORES_H
#define UT_SCORES_H

#include <jansson.h>

#include "base/text.h"
#include "lab/results.h"
#include "report/statistics.h"

/* Mean, deviation, interval and range, under those names. */
json_t *ut_summary_json(struct ut_summary summary);

/* An object with what every measured condition did, under its name. */
json_t *ut_scores_json(const struct ut_results *results);

/*
 * The training curves, a line a phase, epoch and replica; the last epoch's also
 * have what is measured at the end.
 */
void ut_scores_metrics(const struct ut_results *results, struct ut_text *text);

/* Logits of the sample images, a line a condition, replica and image. */
void ut_scores_samples(const struct ut_results *results, struct ut_text *text);

#endif
