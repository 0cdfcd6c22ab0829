/* Which tuning of a device is fastest, measured on the user's own networks. */
#ifndef UT_TUNE_H
#define UT_TUNE_H

#include <undertone/device.h>

#include "lab/recipe.h"

enum { UT_TUNE_RECIPES = 8, UT_TUNE_KINDS = 2 };

enum ut_tune_verdict {
	UT_TUNE_FASTER, /* clearly: it is the best from here on */
	UT_TUNE_EVEN,   /* not clearly faster */
	UT_TUNE_WRONG,  /* other bits than the host's, or none */
	UT_TUNE_UNFIT,  /* the device does not take it */
	UT_TUNE_HANGS,  /* no answer in time: it was killed */
	UT_TUNE_DIES,
	UT_TUNE_SKIPPED, /* not tried: the text says why */
};

/* One that was tried beside the best until then. */
struct ut_tune_trial {
	char tuning[UT_DEVICE_TUNING]; /* as UNDERTONE_TUNING takes it */
	char change[UT_DEVICE_TUNING]; /* from that best one */
	enum ut_tune_verdict verdict;
	double gain; /* its speed, that of the best being 1; 0: not measured */
	double seconds;           /* that the trial took */
	char text[UT_ERROR_TEXT]; /* more of the verdict, or empty */
};

struct ut_tune_options {
	const char *device;              /* a selector, or NULL */
	const struct ut_recipe *recipes; /* that are rehearsed */
	size_t count;                    /* 1 to UT_TUNE_RECIPES */
	double budget;                   /* seconds for all of it, about */
	double patience; /* seconds for a candidate to be ready; 0: chosen */
	double sample;   /* seconds of work that are timed at once; 0: chosen */
	bool again;      /* try those, too, that failed in an earlier search */
	void *user;
	void (*each)(void *user,
		     const struct ut_tune_trial *trial); /* or NULL */
	bool (*stop)(void *user); /* true ends it, UT_INTERRUPTED; or NULL */
};

struct ut_tune_result {
	struct ut_device_info info;         /* with the usual tuning */
	char best[UT_DEVICE_TUNING];        /* info.tuning if none is better */
	unsigned replicas[UT_TUNE_RECIPES]; /* that were side by side */
	/* Of the best, its steps' speed beside the usual one's, which is 1: of
	 * each recipe's teacher and student, and all together. */
	double gains[UT_TUNE_RECIPES][UT_TUNE_KINDS], gain;
	bool kept;  /* the device uses the best from now on */
	bool ended; /* nothing was left to be tried; else the budget ended */
	struct ut_tune_trial *trials; /* (count); owned */
	size_t count;
	double seconds;
};

/* "faster", "wrong bits" and so on. */
const char *ut_tune_verdict_name(enum ut_tune_verdict verdict);

/*
 * Searches from the device's usual tuning on, number by number, and keeps what is
 * clearly faster (ut_tuning_keep): the device is opened with it from now on.
 * Every candidate works in a process of its own beside the best so far, and its
 * bits are the host's, or it is refused. One that fails is noted before it can,
 * and not tried again. This process must not have opened a device before.
 *
 * UT_INVALID when there is nothing to tune, or a recipe is not one; UT_DEVICE
 * when the device fails with its usual tuning, or its bits are not the host's.
 * Release the result either way.
 */
enum ut_status ut_tune(const struct ut_tune_options *options,
		       struct ut_tune_result *result, struct ut_error *error);
void ut_tune_release(struct ut_tune_result *result);

#endif
