/* SVG as cairo writes it, made fit to stand in a page. */
#include "report/plot_svg.h"

#include <stdlib.h>
#include <string.h>

/* What stands before the name of an id or before a reference, and after it. */
static const struct {
	const char *before, *after;
} marks[] = {{" id=\"", "\""}, {"href=\"#", "\""}, {"url(#", ")"}};

enum { MARKS = sizeof(marks) / sizeof(*marks) };

/* An id in cairo's file. */
struct id {
	const char *name;
	size_t length;
};

struct ids {
	struct id *list; /* number i + 1 is list[i] */
	size_t count, capacity;
};

/* Whether text ends at `end` with what stands before an id or a reference. */
static bool ends_with(const char *text, const char *end, const char *before)
{
	size_t length = strlen(before);

	return (size_t)(end - text) >= length &&
	       !memcmp(end - length, before, length);
}

/* The next id in text; a length of 0 when there is none. */
static struct id next_id(const char *text)
{
	const char *at = text;
	size_t i;

	/* each ends in one of these, which pictures do not hold */
	while ((at = strpbrk(at, "\"#"))) {
		++at;
		for (i = 0; i < MARKS; ++i)
			if (ends_with(text, at, marks[i].before))
				return (struct id){at,
						   strcspn(at, marks[i].after)};
	}
	return (struct id){0};
}

/* Its number, a new one at first sight; 0 when memory runs out. */
static size_t number_of(struct ids *ids, struct id id)
{
	size_t i;

	for (i = ids->count; i-- > 0;)
		if (ids->list[i].length == id.length &&
		    !memcmp(ids->list[i].name, id.name, id.length))
			return i + 1;
	if (ids->count == ids->capacity) {
		size_t capacity = 2 * ids->capacity + 64;
		struct id *list = realloc(ids->list, capacity * sizeof(*list));

		if (!list)
			return 0;
		ids->list = list;
		ids->capacity = capacity;
	}
	ids->list[ids->count++] = id;
	return ids->count;
}

static void adopt_ids(struct ut_text *to, const char *at, const char *prefix)
{
	struct ids ids = {0};
	struct id id;

	while ((id = next_id(at)).length) {
		size_t number = number_of(&ids, id);

		ut_text_append_bytes(to, at, (size_t)(id.name - at));
		ut_text_append(to, "%s%zu", prefix, number);
		to->failed |= !number;
		at = id.name + id.length;
	}
	ut_text_append(to, "%s", at);
	free(ids.list);
}

void ut_svg_adopt(struct ut_text *to, const char *file, double width,
		  double height, const char *prefix, const char *label,
		  bool squares)
{
	const char *root = strstr(file, "<svg");
	const char *inside = root ? strchr(root, '>') : NULL;

	if (!inside)
		return;
	ut_text_append(to,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		       "xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
		       "width=\"%.0f\" height=\"%.0f\" "
		       "viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		       "aria-label=\"%s\"%s>",
		       width, height, width, height, label,
		       squares ? " style=\"image-rendering:pixelated\"" : "");
	adopt_ids(to, inside + 1, prefix);
}
