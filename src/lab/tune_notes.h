/*
 * What earlier searches for a tuning left in the cache: those that failed, and the
 * one that was being tried when the machine went down. Private to src/lab.
 */
#ifndef UT_TUNE_NOTES_H
#define UT_TUNE_NOTES_H

#include "base/text.h"

struct ut_tune_notes {
	char name[64];        /* of the cache's file */
	struct ut_text lines; /* "WHAT TUNING", of those that failed */
};

/* Reads them, or with again begins anew. key is info.tuning_key. */
void ut_tune_notes_read(struct ut_tune_notes *notes, const char *key,
			bool again);
void ut_tune_notes_release(struct ut_tune_notes *notes);

/* Why it is not to be tried again, for people; NULL: it is not known to fail. */
const char *ut_tune_notes_find(const struct ut_tune_notes *notes,
			       const char *tuning);

/* Before it is tried: who reads this later knows that it never ended. */
void ut_tune_notes_begin(const struct ut_tune_notes *notes, const char *tuning);

/* After that: how it failed, in one word, or NULL. */
void ut_tune_notes_end(struct ut_tune_notes *notes, const char *tuning,
		       const char *word);

#endif
