/* Where a data set may be, looked at in order. */
#ifndef UT_PLACES_H
#define UT_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include <undertone/status.h>

#include "base/text.h"

enum { UT_PLACES_MOST = 16 };

/* Folders, in the order of looking; all zero has none. */
struct ut_places {
	struct ut_text folders[UT_PLACES_MOST];
	size_t count;
};

/* Adds a folder (printf format); one too many is left out. */
void ut_places_add(struct ut_places *places, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The first place that has(folder, memory) is true of, into *folder (heap); has
 * sets *memory to false where it runs out. UT_MISSING if there is none: the
 * text names the set, the places, and advice on how to get the set. Releases
 * places.
 */
enum ut_status ut_places_find(struct ut_places *places, char **folder,
			      bool (*has)(const char *folder, bool *memory),
			      const char *name, const char *advice,
			      struct ut_error *error);

#endif
