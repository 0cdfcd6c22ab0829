/* Events for programs: one JSON object a line, on standard output. */
#ifndef UT_EVENTS_H
#define UT_EVENTS_H

#include <jansson.h>

#include <undertone/device.h>

#include "lab/experiment.h"

/* What rates have been, and what they make of the work that is left. */
struct event_rates {
	double seconds; /* since the run began */
	double share;   /* of the work, done: 0 to 1 */
	double left;    /* seconds; < 0: not known yet */
	double images_per_second;
};

/* A string; of names that are not UTF-8, '?' for what JSON cannot hold. */
json_t *event_text(const char *of);

void event_cell(size_t number, size_t count, const char *name);
void event_begun(const struct ut_device_info *device,
		 const struct ut_dataset *data);

/* "progress", "epoch" where one ends, "condition" where one was measured. */
void event_progress(const struct ut_progress *progress,
		    const struct event_rates *rates);

void event_done(const struct ut_recipe *recipe,
		const struct ut_results *results, const char *folder);
void event_error(const struct ut_error *error);

#endif
