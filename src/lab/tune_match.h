/* Two processes that rehearse the same, one after the other. Private to src/lab. */
#ifndef UT_TUNE_MATCH_H
#define UT_TUNE_MATCH_H

#include "lab/tune_child.h"

enum { UT_TUNE_PAIRS = 7 };

/* What is timed, and for how long at a time. */
struct ut_tune_match {
	size_t recipes;
	double sample; /* seconds, about; 0: chosen */
	unsigned steps[UT_TUNE_RECIPES][UT_REHEARSED]; /* of a sample */
	double seconds[UT_TUNE_RECIPES]
		      [UT_REHEARSED]; /* that it takes, about */
	bool (*stop)(void *user);     /* or NULL */
	void *user;
};

/* How it went. */
struct ut_tune_score {
	double gains[UT_TUNE_RECIPES][UT_REHEARSED];
	double gain; /* their geometric mean: the second's speed, the first's 1 */
	/* the second is clearly faster: by 2%, and in all pairs but one */
	bool clear;
	bool first_failed;        /* unless answered: it was not the second */
	char text[UT_ERROR_TEXT]; /* how it failed */
};

/* Makes samples as long as they should be, by this child's speed. */
enum ut_tune_answer ut_tune_match_begin(struct ut_tune_match *match,
					struct ut_tune_child *child,
					char text[UT_ERROR_TEXT]);

/* Seconds that so many pairs take, about. */
double ut_tune_match_seconds(const struct ut_tune_match *match, unsigned pairs);

/*
 * Times both, sample by sample in turn, so that they see the same machine. The
 * gains are the medians over pairs; ends early, before UT_TUNE_PAIRS, when the
 * second is far behind.
 */
enum ut_tune_answer ut_tune_match_run(const struct ut_tune_match *match,
				      struct ut_tune_child *first,
				      struct ut_tune_child *second,
				      struct ut_tune_score *score);

#endif
