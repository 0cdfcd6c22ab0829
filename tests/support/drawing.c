/* What every drawing of a figure must be. */
#include "support/drawing.h"

#include <stdio.h>
#include <string.h>

#include "support/testing.h"

size_t test_occurrences(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		++count;
		text += strlen(part);
	}
	return count;
}

/* Every element that is opened is closed, in order; the rest is quoted. */
void test_balanced(const char *svg)
{
	const char *stack[64], *at = svg;
	size_t depth = 0;

	while ((at = strchr(at, '<'))) {
		const char *name = at + 1, *end = strchr(at, '>');
		size_t length = strcspn(name, " />\n");

		ck_assert_ptr_nonnull(end);
		ck_assert_ptr_null(memchr(name, '<', (size_t)(end - name)));
		if (*name == '/') {
			ck_assert(depth > 0);
			length = strlen(stack[--depth]) < length
					 ? 0
					 : strcspn(stack[depth], " >\n");
			ck_assert(!strncmp(stack[depth], name + 1, length));
		} else if (end[-1] != '/') {
			ck_assert(depth < 64);
			stack[depth++] = name;
		}
		at = end;
	}
	ck_assert_uint_eq(depth, 0);
}

/* Ids are the figure's own, none twice, and what is referred to is there. */
static void assert_ids(const char *svg, const char *prefix)
{
	static const char *const before[] = {"href=\"#", "url(#"};
	const char *at;
	size_t i;

	for (at = svg; (at = strstr(at, " id=\"")); at += 5) {
		char id[128];

		ck_assert(!strncmp(at + 5, prefix, strlen(prefix)));
		snprintf(id, sizeof(id), "%.*s\"",
			 (int)(5 + strcspn(at + 5, "\"")), at);
		ck_assert_uint_eq(test_occurrences(svg, id), 1);
	}
	for (i = 0; i < 2; ++i)
		for (at = svg; (at = strstr(at, before[i]));) {
			char id[128];

			at += strlen(before[i]);
			snprintf(id, sizeof(id), " id=\"%.*s\"",
				 (int)strcspn(at, "\")"), at);
			ck_assert_msg(strstr(svg, id) != NULL, "no %s", id);
		}
}

static void assert_spots(const struct ut_drawing *drawing)
{
	size_t i;

	for (i = 0; i < drawing->spot_count; ++i) {
		const struct ut_spot *spot = &drawing->spots[i];

		ck_assert(spot->x >= 0 && spot->y >= 0);
		ck_assert(spot->width > 0 && spot->height > 0);
		ck_assert(spot->x + spot->width <= drawing->width);
		ck_assert(spot->y + spot->height <= drawing->height);
		ck_assert(*spot->text && ut_text_is_utf8(spot->text));
	}
}

/* Draws in both themes; returns the light one. */
struct ut_drawing test_draws(const struct ut_figure *figure)
{
	static const char *const themes[] = {"light", "dark"};
	struct ut_drawing drawing[2];
	size_t i;

	for (i = 0; i < 2; ++i) {
		struct ut_error error = {0};
		char prefix[300];
		const char *svg;

		ck_assert_msg(ut_figure_draw(figure, (enum ut_theme)i,
					     &drawing[i], &error) == UT_OK,
			      "%s", error.text);
		svg = ut_text_string(&drawing[i].svg);
		snprintf(prefix, sizeof(prefix), "f-%s-%s-", figure->stem,
			 themes[i]);
		ck_assert(!strncmp(svg, "<svg ", 5));
		ck_assert(ut_text_is_utf8(svg));
		test_balanced(svg);
		ck_assert_ptr_null(strstr(svg, "nan"));
		ck_assert_ptr_null(strstr(svg, "inf"));
		if (drawing[i].svg.length < 150000)
			assert_ids(svg, prefix);
		assert_spots(&drawing[i]);
	}
	ut_drawing_release(&drawing[1]);
	return drawing[0];
}

void test_panel_draws(const struct ut_panel *panel)
{
	struct ut_figure figure = {.stem = "one",
				   .panels = panel,
				   .panel_count = 1};
	struct ut_drawing drawing = test_draws(&figure);

	ut_drawing_release(&drawing);
}

bool test_cannot_draw(void)
{
	struct ut_figure figure = {.stem = "none"};
	struct ut_drawing drawing;
	struct ut_error error = {0};

	if (ut_plot_available())
		return false;
	ck_assert_int_eq(ut_figure_draw(&figure, UT_LIGHT, &drawing, &error),
			 UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "cairo"));
	ut_drawing_release(&drawing);
	test_skip("drawings", "this build has no cairo");
	return true;
}
