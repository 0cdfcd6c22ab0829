/* What earlier searches for a tuning left in the cache. */
#include "lab/tune_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"

static const char never_ended[] = "stopped";

void ut_tune_notes_read(struct ut_tune_notes *notes, const char *key,
			bool again)
{
	size_t bytes = 0;
	char *kept;

	*notes = (struct ut_tune_notes){0};
	snprintf(notes->name, sizeof(notes->name), "%s.trials", key);
	kept = again ? NULL : ut_cache_load(notes->name, &bytes);
	if (kept)
		ut_text_append_bytes(&notes->lines, kept, bytes);
	free(kept);
}

void ut_tune_notes_release(struct ut_tune_notes *notes)
{
	ut_text_release(&notes->lines);
}

const char *ut_tune_notes_find(const struct ut_tune_notes *notes,
			       const char *tuning)
{
	const char *line = ut_text_string(&notes->lines), *end, *space;
	size_t length = strlen(tuning);

	for (; (end = strchr(line, '\n')); line = end + 1) {
		space = memchr(line, ' ', (size_t)(end - line));
		if (!space || (size_t)(end - space - 1) != length ||
		    memcmp(space + 1, tuning, length))
			continue;
		if (!strncmp(line, "wrong ", 6))
			return "it had wrong bits in an earlier search";
		return strncmp(line, never_ended, sizeof(never_ended) - 1)
			       ? "it failed in an earlier search"
			       : "an earlier search never came to its end";
	}
	return NULL;
}

void ut_tune_notes_begin(const struct ut_tune_notes *notes, const char *tuning)
{
	struct ut_text all = {0};

	ut_text_append(&all, "%s%s %s\n", ut_text_string(&notes->lines),
		       never_ended, tuning);
	if (!all.failed)
		ut_cache_store(notes->name, all.data, all.length);
	ut_text_release(&all);
}

void ut_tune_notes_end(struct ut_tune_notes *notes, const char *tuning,
		       const char *word)
{
	if (word)
		ut_text_append(&notes->lines, "%s %s\n", word, tuning);
	/* a file that is empty is none */
	if (!notes->lines.failed)
		ut_cache_store(notes->name, ut_text_string(&notes->lines),
			       notes->lines.length);
}
