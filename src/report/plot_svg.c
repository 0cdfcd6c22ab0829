/* SVG as cairo writes it, made fit to stand in a page. */
#include "report/plot_svg.h"

#include <string.h>

/* What stands before the name of an id, or before a reference to one. */
static const char *const before_id[] = {" id=\"", "href=\"#", "url(#"};

/* Where the next of them ends in text, or NULL. */
static const char *next_id(const char *text)
{
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < sizeof(before_id) / sizeof(*before_id); ++i) {
		const char *at = strstr(text, before_id[i]);

		if (at && (!nearest || at + strlen(before_id[i]) < nearest))
			nearest = at + strlen(before_id[i]);
	}
	return nearest;
}

void ut_svg_adopt(struct ut_text *to, const char *file, double width,
		  double height, const char *prefix, const char *label)
{
	const char *root = strstr(file, "<svg"), *at;

	at = root ? strchr(root, '>') : NULL;
	if (!at)
		return;
	ut_text_append(to,
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		       "xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
		       "width=\"%.0f\" height=\"%.0f\" "
		       "viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		       "aria-label=\"%s\">",
		       width, height, width, height, label);
	for (++at;;) {
		const char *id = next_id(at);

		if (!id)
			break;
		ut_text_append_bytes(to, at, (size_t)(id - at));
		ut_text_append(to, "%s", prefix);
		at = id;
	}
	ut_text_append(to, "%s", at);
}
