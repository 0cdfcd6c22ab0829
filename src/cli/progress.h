/*
 * How a long command shows where it stands: a live line on a terminal, lines in
 * a log, one JSON object a line for programs (docs/undertone.1). A command
 *
 *   progress_begin(&view, &options);
 *   lab function with .observer = {.user = &view, .progress = progress_show}
 *                 and .begun = progress_begun;
 *   if it failed: return progress_fail(&view, &error);
 *   if (!progress_done(&view, &results, folder)) print for people
 *
 * A sweep calls progress_cell before each of its runs, and progress_done after
 * each. With --json nothing but these events goes to standard output.
 */
#ifndef UT_PROGRESS_H
#define UT_PROGRESS_H

#include <undertone/device.h>

#include "cli/command.h"
#include "lab/experiment.h"

struct progress_view {
	bool quiet, json, terminal;
	bool data_said;     /* by the first device */
	double began, last; /* of the run, and of the last call */
	double shown;       /* when a line or an event last was */
	double loss;        /* of the last epoch; < 0: none */
	bool counting;      /* the next two mean something */
	double before[UT_EFFORTS],
		first[UT_EFFORTS];     /* done at last, at began */
	double seconds[UT_EFFORTS];    /* spent on each kind */
	double images;                 /* trained on at began */
	char flaw[2 * UT_DEVICE_TEXT]; /* of the device; "" if exact */
	int width; /* of the line that stands on the terminal */
};

/* As --quiet and --json of the options ask. */
void progress_begin(struct progress_view *view, const struct options *options);

/* One of a sweep's runs begins: number from 1. */
void progress_cell(struct progress_view *view, size_t number, size_t count,
		   const char *name);

/* As struct ut_run_options and ut_observer take them; user is the view. */
void progress_begun(void *user, const struct ut_device_info *device,
		    const struct ut_dataset *data);
void progress_show(void *user, const struct ut_progress *progress);

/* Says something to people, on a line of its own; with --quiet nothing. */
void progress_say(struct progress_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The run is over and in its folder: clears the line, or writes the event. True
 * when that was all the command has to print.
 */
bool progress_done(struct progress_view *view, const struct ut_recipe *recipe,
		   const struct ut_results *results, const char *folder);

/* One of a sweep's runs failed, and the sweep goes on. */
void progress_lost(struct progress_view *view, const char *name,
		   const char *reason);

/* The command failed: says it as fail does, and returns FAILED. */
int progress_fail(struct progress_view *view, const struct ut_error *error);

#endif
