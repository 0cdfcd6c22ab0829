/* Looking for a data set. */
#include "data/places.h"

#include <stdarg.h>
#include <stdio.h>

void ut_places_add(struct ut_places *places, const char *format, ...)
{
	char path[4096];
	va_list arguments;
	int length;

	if (places->count == UT_PLACES_MOST)
		return;
	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < sizeof(path))
		ut_text_append(&places->folders[places->count++], "%s", path);
}

enum ut_status ut_places_find(struct ut_places *places, char **folder,
			      bool (*has)(const char *folder, bool *memory),
			      const char *name, const char *advice,
			      struct ut_error *error)
{
	struct ut_text seen = {0};
	enum ut_status status = UT_OK;
	bool memory = true;
	char *found = NULL;
	size_t i;

	for (i = 0; i < places->count && !found && memory; ++i) {
		struct ut_text *place = &places->folders[i];

		ut_text_append(&seen, "%s%s", i ? ", " : "",
			       ut_text_string(place));
		memory = !place->failed && !seen.failed;
		if (memory && has(place->data, &memory)) {
			found = place->data;
			*place = (struct ut_text){0};
		}
	}
	if (found)
		*folder = found;
	else if (!memory)
		status = ut_error_set(error, UT_MEMORY,
				      "no memory for the data set");
	else
		status = ut_error_set(error, UT_MISSING,
				      "data set %s not found (looked in %s); "
				      "%s, or use the data set glyphs, which "
				      "needs no files",
				      name, ut_text_string(&seen), advice);
	ut_text_release(&seen);
	for (i = 0; i < places->count; ++i)
		ut_text_release(&places->folders[i]);
	*places = (struct ut_places){0};
	return status;
}
