/* Figures: whole drawings, whatever they are made of, and the same each time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/plot.h"
#include "report/plot_axes.h"
#include "support/testing.h"

/* A figure of every kind ---------------------------------------------------
 */

static const double epochs[] = {1, 2, 3};
static const double aux[] = {0.3, 0.45, 0.55};
static const double low[] = {0.25, 0.41, 0.512}, high[] = {0.35, 0.49, 0.588};
static const double dots[] = {0.51, 0.55, 0.59};
static const double cells[] = {0.9, 0.1, NAN, -0.0};
static const char *const classes[] = {"cat", "dog, small"};
static const char *const captions[] = {"a \"cat\"", "a dog\nsays cat"};
static const uint8_t pixels[2 * 4 * 4] = {0, 255, 3};
static const struct ut_series series = {"aux", 3,           epochs, aux, low,
					high,  UT_HUE_BLUE, false,  true};
static const struct ut_bar bars[] = {
	{"aux\nsame init", 0.55, 0.512, 0.588, 3, dots, UT_HUE_BLUE},
	{"untrained", 0.1, NAN, NAN, 0, NULL, UT_HUE_GREY},
};
static const struct ut_level chance = {"chance", 0.1, NAN, NAN};

static const struct ut_panel kinds[] = {
	{.kind = UT_LINES,
	 .title = "Lines",
	 .x = {.label = "m"},
	 .y = {.label = "accuracy", .min = 0, .max = 1},
	 .series = &series,
	 .series_count = 1,
	 .levels = &chance,
	 .level_count = 1},
	{.kind = UT_BARS,
	 .y = {.label = "accuracy", .min = 0, .max = 1},
	 .bars = bars,
	 .bar_count = 2,
	 .levels = &chance,
	 .level_count = 1},
	{.kind = UT_HEAT,
	 .x = {.label = "answered"},
	 .y = {.label = "is"},
	 .heat = {2, 2, cells, classes, classes, 0, 1, true}},
	{.kind = UT_GALLERY, .gallery = {2, 2, 4, 4, 1, pixels, captions}},
};

static const struct ut_figure every_kind = {
	.stem = "every-kind",
	.title = "Every <kind> & \"more\"",
	.caption = "How to read it.",
	.columns = 2,
	.panels = kinds,
	.panel_count = 4,
};

/* What a drawing must be ----------------------------------------------------
 */

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		++count;
		text += strlen(part);
	}
	return count;
}

/* Every element that is opened is closed, in order; the rest is quoted. */
static void assert_balanced(const char *svg)
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
		ck_assert_uint_eq(occurrences(svg, id), 1);
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
static struct ut_drawing assert_draws(const struct ut_figure *figure)
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
		assert_balanced(svg);
		ck_assert_ptr_null(strstr(svg, "nan"));
		ck_assert_ptr_null(strstr(svg, "inf"));
		if (drawing[i].svg.length < 1000000)
			assert_ids(svg, prefix);
		assert_spots(&drawing[i]);
	}
	ut_drawing_release(&drawing[1]);
	return drawing[0];
}

static void assert_panel_draws(const struct ut_panel *panel)
{
	struct ut_figure figure = {.stem = "one",
				   .panels = panel,
				   .panel_count = 1};
	struct ut_drawing drawing = assert_draws(&figure);

	ut_drawing_release(&drawing);
}

static void assert_refused(const struct ut_panel *panel, const char *why)
{
	struct ut_figure figure = {.stem = "one",
				   .panels = panel,
				   .panel_count = 1};
	struct ut_drawing drawing;
	struct ut_error error = {0};

	ck_assert_int_eq(ut_figure_draw(&figure, UT_LIGHT, &drawing, &error),
			 UT_INVALID);
	ck_assert_msg(strstr(error.text, why) != NULL, "%s", error.text);
	ck_assert_ptr_null(drawing.svg.data);
	ut_drawing_release(&drawing);
}

static bool cannot_draw(void)
{
	struct ut_drawing drawing;
	struct ut_error error = {0};

	if (ut_plot_available())
		return false;
	ck_assert_int_eq(ut_figure_draw(&every_kind, UT_LIGHT, &drawing,
					&error),
			 UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "cairo"));
	ut_drawing_release(&drawing);
	test_skip("drawings", "this build has no cairo");
	return true;
}

/* Drawings ------------------------------------------------------------------
 */

START_TEST(every_kind_of_panel_is_drawn_whole)
{
	struct ut_drawing drawing;
	size_t i;

	if (cannot_draw())
		return;
	drawing = assert_draws(&every_kind);
	ck_assert_ptr_nonnull(strstr(ut_text_string(&drawing.svg),
				     "aria-label=\"Every &#60;kind&#62; "
				     "&#38; &#34;more&#34;\""));
	ck_assert_uint_eq(occurrences(ut_text_string(&drawing.svg), "<image "),
			  2);
	ut_drawing_release(&drawing);
	for (i = 0; i < 4; ++i)
		assert_panel_draws(&kinds[i]);
}
END_TEST

START_TEST(marks_say_what_they_are)
{
	static const char *const expected[] = {
		"chance: 0.100",
		"aux, m = 3: 0.550 (0.512 to 0.588)",
		"aux same init: 0.550 (0.512 to 0.588), N = 3",
		"untrained: 0.100",
		"is cat, answered dog, small: 0.100",
		"is dog, small, answered cat: none",
		"is dog, small, answered dog, small: 0.000",
		"a \"cat\"",
		"a dog says cat",
	};
	struct ut_drawing drawing;
	size_t i, j;

	if (cannot_draw())
		return;
	drawing = assert_draws(&every_kind);
	for (i = 0; i < sizeof(expected) / sizeof(*expected); ++i) {
		for (j = 0; j < drawing.spot_count; ++j)
			if (!strcmp(drawing.spots[j].text, expected[i]))
				break;
		ck_assert_msg(j < drawing.spot_count, "nothing says '%s'",
			      expected[i]);
	}
	/* points, bars, cells, images, and the level twice */
	ck_assert_uint_eq(drawing.spot_count, 3 + 2 + 4 + 2 + 2);
	ut_drawing_release(&drawing);
}
END_TEST

START_TEST(the_same_figure_is_the_same_bytes_whatever_was_drawn_before)
{
	struct ut_drawing first, other, again;

	if (cannot_draw())
		return;
	first = assert_draws(&every_kind);
	assert_panel_draws(&kinds[3]);
	again = assert_draws(&every_kind);
	ck_assert_uint_eq(first.svg.length, again.svg.length);
	ck_assert(!memcmp(first.svg.data, again.svg.data, first.svg.length));
	ck_assert(!ut_figure_draw(&every_kind, UT_DARK, &other, NULL));
	ck_assert_uint_eq(first.spot_count, other.spot_count);
	ck_assert(first.width == other.width && first.height == other.height);
	ut_drawing_release(&first);
	ut_drawing_release(&other);
	ut_drawing_release(&again);
}
END_TEST

/* The highest point of all that is drawn in that colour. */
static double top_of(const char *svg, const char *colour)
{
	double top = INFINITY;
	const char *at = svg;

	while ((at = strstr(at, "<path "))) {
		const char *end = strchr(at, '>'), *c = strstr(at, " d=\"M");
		const char *found = strstr(at, colour);
		double x, y;

		if (found && found < end && c && c < end)
			for (c += 4; c < end; ++c)
				if ((*c == 'M' || *c == 'L') &&
				    sscanf(c + 1, "%lf %lf", &x, &y) == 2)
					top = fmin(top, y);
		at = end;
	}
	return top;
}

START_TEST(a_long_series_is_thinned_and_keeps_its_peak)
{
	enum { LONG = 300000 };
	double *y = calloc(LONG, sizeof(*y));
	struct ut_series line = {.count = LONG, .y = y, .colour = UT_HUE_BLUE};
	struct ut_panel panel = {.kind = UT_LINES,
				 .y = {.min = -1, .max = 1},
				 .series = &line,
				 .series_count = 1};
	struct ut_figure figure = {.stem = "long",
				   .panels = &panel,
				   .panel_count = 1};
	struct ut_drawing drawing;

	ck_assert_ptr_nonnull(y);
	y[77777] = 1;
	if (!cannot_draw()) {
		drawing = assert_draws(&figure);
		ck_assert_uint_lt(drawing.svg.length, 200000);
		ck_assert_uint_lt(drawing.spot_count, 1000);
		/* 0 stands in the middle of the frame, the peak on its top */
		ck_assert(top_of(ut_text_string(&drawing.svg),
				 "stroke:rgb(0%,44.7") < 30);
		y[77777] = 0;
		ut_drawing_release(&drawing);
		drawing = assert_draws(&figure);
		ck_assert(top_of(ut_text_string(&drawing.svg),
				 "stroke:rgb(0%,44.7") > 100);
		ut_drawing_release(&drawing);
	}
	free(y);
}
END_TEST

/* Hostile figures ----------------------------------------------------------
 */

START_TEST(figures_of_nothing_are_drawn)
{
	static const double one[] = {0.5}, none[] = {NAN}, *const no = NULL;
	struct ut_series lines[] = {
		{"", 0, no, no, NULL, NULL, 0, false, true},
		{NULL, 1, one, one, one, one, 7, false, false},
		{"x", 1, none, none, none, none, 99, true, true},
	};
	struct ut_bar empty = {NULL, NAN, NAN, NAN, 0, NULL, 0};
	size_t kind, i;

	if (cannot_draw())
		return;
	for (kind = UT_LINES; kind <= UT_GALLERY; ++kind)
		assert_panel_draws(
			&(struct ut_panel){.kind = (enum ut_panel_kind)kind});
	for (i = 0; i < 3; ++i)
		assert_panel_draws(&(struct ut_panel){.kind = UT_LINES,
						      .series = &lines[i],
						      .series_count = 1});
	assert_panel_draws(&(struct ut_panel){.kind = UT_BARS,
					      .bars = &empty,
					      .bar_count = 1});
	assert_panel_draws(&(struct ut_panel){.kind = UT_HEAT,
					      .heat = {.rows = 1,
						       .columns = 1,
						       .values = none,
						       .numbers = true}});
	{
		struct ut_figure figure = {.stem = "none"};
		struct ut_drawing drawing = assert_draws(&figure);

		ut_drawing_release(&drawing);
	}
}
END_TEST

static unsigned below(struct test_random *random, size_t end)
{
	return (unsigned)test_between(random, 0, end - 1);
}

/* A number that nobody would plot. */
static double odd_number(struct test_random *random)
{
	static const double odd[] = {NAN,   INFINITY, -INFINITY, 0,     -0.0,
				     1e308, -1e308,   5e-324,    1e100, -1e99,
				     1e-90, 1,        1,         0.1,   -0.3};
	unsigned i = below(random, 40);

	if (i < sizeof(odd) / sizeof(*odd))
		return odd[i];
	return (double)below(random, 2001) / 1000 - 1;
}

/* Bytes, more of them UTF-8 than not. */
static void odd_name(struct test_random *random, char name[40])
{
	static const char *const parts[] = {
		"a",    "\n",   "<b>",  "\xff",         "\u00e9",
		"&",    "\"",   " ",    "\xe2\x82",     "\U0001f600",
		"\x01", "aux=", "wide", "\xed\xa0\x80", "\xef\xbf\xbf",
	};
	unsigned length = below(random, 8);

	name[0] = '\0';
	while (length--)
		strcat(name, parts[below(random, 15)]);
}

enum { ODD = 24 };

struct odd_data {
	double numbers[4][ODD * ODD];
	char names[ODD][40];
	const char *list[ODD];
	struct ut_series series[4];
	struct ut_bar bars[ODD];
	struct ut_level levels[5];
	uint8_t pixels[ODD * 3 * 5 * 3];
};

static void make_odd(struct test_random *random, struct odd_data *odd)
{
	size_t i, j;

	for (i = 0; i < 4; ++i)
		for (j = 0; j < ODD * ODD; ++j)
			odd->numbers[i][j] = odd_number(random);
	for (i = 0; i < ODD; ++i) {
		odd_name(random, odd->names[i]);
		odd->list[i] = odd->names[i];
		odd->bars[i] =
			(struct ut_bar){odd->names[i],      odd->numbers[0][i],
					odd->numbers[1][i], odd->numbers[2][i],
					below(random, ODD), odd->numbers[3],
					(unsigned)i};
	}
	for (i = 0; i < 4; ++i)
		odd->series[i] =
			(struct ut_series){odd->names[i],
					   below(random, 300),
					   i % 2 ? odd->numbers[i] : NULL,
					   odd->numbers[(i + 1) % 4],
					   i > 1 ? odd->numbers[(i + 2) % 4]
						 : NULL,
					   odd->numbers[(i + 3) % 4],
					   (unsigned)i,
					   i > 2,
					   i > 0};
	for (i = 0; i < 5; ++i)
		odd->levels[i] = (struct ut_level){odd->names[ODD - 1 - i],
						   odd_number(random),
						   odd_number(random),
						   odd_number(random)};
}

static struct ut_panel odd_panel(struct test_random *random,
				 const struct odd_data *odd)
{
	struct ut_panel panel = {
		.kind = (enum ut_panel_kind)below(random, 4),
		.title = odd->names[0],
		.x = {odd->names[1], NAN, NAN, below(random, 2), NULL, 0},
		.y = {odd->names[2], NAN, NAN, below(random, 2), NULL, 0},
		.series = odd->series,
		.series_count = below(random, 5),
		.bars = odd->bars,
		.bar_count = below(random, ODD),
		.levels = odd->levels,
		.level_count = below(random, 6),
		.heat = {below(random, ODD), below(random, ODD),
			 odd->numbers[0], odd->list, NULL, NAN, NAN,
			 below(random, 2)},
		.gallery = {below(random, ODD), below(random, 9), 3, 5,
			    below(random, 2) ? 1 : 3, odd->pixels, odd->list},
	};

	if (below(random, 3) == 0) {
		panel.x.names = odd->list;
		panel.x.names_count = below(random, ODD);
	}
	if (below(random, 3) == 0)
		panel.y.max = 0.5;
	return panel;
}

START_TEST(figures_of_nonsense_are_drawn)
{
	struct odd_data *odd = calloc(1, sizeof(*odd));
	struct test_random random = {7};
	size_t i, j;

	ck_assert_ptr_nonnull(odd);
	for (i = 0; i < 60 && !cannot_draw(); ++i) {
		struct ut_panel panels[4];
		struct ut_figure figure = {.stem = "nonsense",
					   .title = odd->names[3],
					   .caption = odd->names[4],
					   .columns = below(&random, 4),
					   .panels = panels,
					   .panel_count = 4};
		struct ut_text csv = {0};
		struct ut_drawing drawing;

		make_odd(&random, odd);
		for (j = 0; j < 4; ++j)
			panels[j] = odd_panel(&random, odd);
		drawing = assert_draws(&figure);
		ut_drawing_release(&drawing);
		ut_figure_csv(&figure, &csv);
		ck_assert(!csv.failed && csv.length);
		ut_text_release(&csv);
		if (!ut_plot_available())
			break;
	}
	free(odd);
}
END_TEST

START_TEST(a_hundred_bars_with_long_names_fit)
{
	struct ut_bar many[100];
	struct ut_panel panel = {.kind = UT_BARS,
				 .bars = many,
				 .bar_count = 100};
	size_t i;

	if (cannot_draw())
		return;
	for (i = 0; i < 100; ++i)
		many[i] = (struct ut_bar){"net=conv 32 conv 64 pool fc 128",
					  (double)i,
					  NAN,
					  NAN,
					  0,
					  NULL,
					  (unsigned)i};
	assert_panel_draws(&panel);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused_with_a_reason)
{
	struct ut_panel panel = kinds[0];
	struct ut_figure figure = every_kind;
	struct ut_drawing drawing;
	struct ut_error error = {0};

	panel.y.min = 2;
	assert_refused(&panel, "panel 1: the vertical axis goes from 2 to 1");
	panel.y.min = -INFINITY;
	assert_refused(&panel, "vertical axis");
	panel = kinds[0];
	panel.x = (struct ut_axis){.min = 0, .max = 3, .logarithmic = true};
	assert_refused(&panel, "logarithmic horizontal axis");
	panel = kinds[2];
	panel.heat.min = 2;
	assert_refused(&panel, "colours");
	panel = kinds[2];
	panel.heat.rows = 1000000;
	assert_refused(&panel, "1000000 x 2");
	panel = kinds[3];
	panel.gallery.channels = 2;
	assert_refused(&panel, "2 channels");
	panel.kind = (enum ut_panel_kind)9;
	assert_refused(&panel, "kind 9");
	figure.stem = "../evil";
	ck_assert_int_eq(ut_figure_draw(&figure, UT_LIGHT, &drawing, &error),
			 UT_INVALID);
	ut_drawing_release(&drawing);
	ck_assert_int_eq(ut_figure_write(&figure, "/tmp", &error), UT_INVALID);
}
END_TEST

/* Numbers and words --------------------------------------------------------
 */

static void assert_said(double value, double scale, const char *expected)
{
	char text[UT_NUMBER_BYTES];

	ut_number_say(text, value, scale);
	ck_assert_str_eq(text, expected);
}

START_TEST(numbers_are_written_as_people_write_them)
{
	char text[UT_NUMBER_BYTES];

	ut_number_write(text, -0.001, 2);
	ck_assert_str_eq(text, "0.00");
	ut_number_write(text, -0.5, 1);
	ck_assert_str_eq(text, "\u22120.5");
	ut_number_short(text, 0.1 + 0.2);
	ck_assert_str_eq(text, "0.3");
	ut_number_write_power(text, 2.5e-7, -7, 1);
	ck_assert_str_eq(text, "2.5\u00d710\u207b\u2077");
	ut_number_write_power(text, 1e12, 12, -1);
	ck_assert_str_eq(text, "10\u00b9\u00b2");
	assert_said(0.55, 1, "0.550");
	assert_said(-0.0, 1, "0.000");
	assert_said(12, 900, "12");
	assert_said(12.5, 900.5, "12.5");
	assert_said(0.0123, 0.05, "0.0123");
	assert_said(1234567.5, 0, "1.23e+06");
}
END_TEST

START_TEST(ticks_are_round_apart_and_inside)
{
	static const double ends[][2] = {{0, 1},       {-1, 1},
					 {0.1, 0.3},   {0, 60000},
					 {3, 3.0001},  {1e-7, 2e-7},
					 {-5e9, 5e9},  {1, 2},
					 {1, 50},      {1e-5, 0.1},
					 {1e-90, 1e90}};
	struct ut_canvas *canvas;
	size_t i, j;
	int l;

	if (cannot_draw())
		return;
	ck_assert(!ut_canvas_new(&canvas, ut_palette(UT_LIGHT), NULL));
	for (i = 0; i < sizeof(ends) / sizeof(*ends); ++i)
		for (l = 0; l <= (ends[i][0] > 0); ++l) {
			struct ut_scale scale = {ends[i][0], ends[i][1], l,
						 false};
			struct ut_ticks ticks;

			ut_ticks_make(canvas, &scale, 5, &ticks);
			ck_assert_uint_ge(ticks.count, 2);
			ck_assert_uint_le(ticks.count, 15);
			for (j = 0; j < ticks.count; ++j) {
				double part =
					ut_scale_part(&scale, ticks.at[j]);

				ck_assert(part >= -1e-6 && part <= 1 + 1e-6);
				ck_assert_uint_lt(strlen(ticks.text[j]), 16);
				if (!j)
					continue;
				ck_assert(ticks.at[j] > ticks.at[j - 1]);
				ck_assert_str_ne(ticks.text[j],
						 ticks.text[j - 1]);
			}
		}
	ut_canvas_free(canvas);
}
END_TEST

START_TEST(words_are_broken_shortened_and_made_utf8)
{
	struct ut_font font = {12, false};
	struct ut_canvas *canvas;
	struct ut_words words;
	struct ut_text clean = {0};
	char line[2000];

	if (cannot_draw())
		return;
	ck_assert(!ut_canvas_new(&canvas, ut_palette(UT_LIGHT), NULL));
	ut_words_lay(canvas, font, "aux\nsame init", 1000, 3, &words);
	ck_assert_uint_eq(words.count, 2);
	ck_assert_str_eq(words.line[1], "same init");
	ut_words_lay(canvas, font, "one two three four five", 60, 2, &words);
	ck_assert_uint_eq(words.count, 2);
	ck_assert_str_eq(words.line[0], "one two");
	ck_assert(words.cut && words.width <= 60);
	memset(line, 'w', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	ut_words_lay(canvas, font, line, 60, 1, &words);
	ck_assert(words.count == 1 && words.cut && words.width <= 60);
	ck_assert_ptr_nonnull(strstr(words.line[0], "w\u2026"));
	ut_words_lay(canvas, font, "\xff\xfe", 60, 1, &words);
	ck_assert_str_eq(words.line[0], "\ufffd\ufffd");
	ut_words_lay(canvas, font, NULL, 60, 1, &words);
	ck_assert_uint_eq(words.count, 0);
	ut_words_clean(&clean, "a<\x07\xe2\x82z", true);
	ck_assert_str_eq(ut_text_string(&clean), "a&#60; \ufffd\ufffdz");
	ut_text_release(&clean);
	ut_canvas_free(canvas);
}
END_TEST

/* Files --------------------------------------------------------------------
 */

START_TEST(the_csv_holds_every_number)
{
	struct ut_text csv = {0};

	ut_figure_csv(&every_kind, &csv);
	ck_assert_str_eq(ut_text_string(&csv),
			 "panel,kind,name,x,y,low,high\n"
			 "1,point,aux,1,0.3,0.25,0.35\n"
			 "1,point,aux,2,0.45,0.41,0.49\n"
			 "1,point,aux,3,0.55,0.512,0.588\n"
			 "1,level,chance,,0.1,,\n"
			 "2,bar,\"aux\nsame init\",,0.55,0.512,0.588\n"
			 "2,dot,\"aux\nsame init\",1,0.51,,\n"
			 "2,dot,\"aux\nsame init\",2,0.55,,\n"
			 "2,dot,\"aux\nsame init\",3,0.59,,\n"
			 "2,bar,untrained,,0.1,,\n"
			 "2,level,chance,,0.1,,\n"
			 "3,cell,cat,cat,0.9,,\n"
			 "3,cell,cat,\"dog, small\",0.1,,\n"
			 "3,cell,\"dog, small\",cat,,,\n"
			 "3,cell,\"dog, small\",\"dog, small\",0,,\n"
			 "4,image,\"a \"\"cat\"\"\",1,,,\n"
			 "4,image,\"a dog\nsays cat\",2,,,\n");
	ut_text_release(&csv);
}
END_TEST

/* Reads folder/every-kind.ENDING, or returns NULL if there is none. */
static char *read_file(const char *folder, const char *ending, size_t *bytes)
{
	char path[200], *data = NULL;

	snprintf(path, sizeof(path), "%s/every-kind.%s", folder, ending);
	if (!ut_file_exists(path))
		return NULL;
	ck_assert(!ut_file_read(path, 1 << 24, &data, bytes, NULL));
	ck_assert(!unlink(path));
	return data;
}

/* A number of four bytes, the highest first. */
static unsigned big_endian(const char *data)
{
	const unsigned char *d = (const unsigned char *)data;

	return (unsigned)d[0] << 24 | (unsigned)d[1] << 16 |
	       (unsigned)d[2] << 8 | d[3];
}

START_TEST(a_figure_is_written_as_svg_png_and_csv)
{
	char folder[] = "/tmp/undertone-plot-XXXXXX";
	char *svg, *png, *csv;
	unsigned width, height;
	size_t bytes;
	struct ut_error error = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_msg(!ut_figure_write(&every_kind, folder, &error), "%s",
		      error.text);
	csv = read_file(folder, "csv", &bytes);
	ck_assert_ptr_nonnull(csv);
	svg = read_file(folder, "svg", &bytes);
	png = read_file(folder, "png", &bytes);
	/* nothing else was left there */
	ck_assert(!rmdir(folder));
	ck_assert(!!svg == ut_plot_available() && !!png == !!svg);
	if (svg) {
		assert_balanced(svg);
		ck_assert_int_eq(sscanf(strstr(svg, "viewBox=\"0 0 "),
					"viewBox=\"0 0 %u %u", &width, &height),
				 2);
		ck_assert(bytes > 24 && !memcmp(png, "\x89PNG\r\n\x1a\n", 8));
		ck_assert_uint_eq(big_endian(png + 16), 2 * width);
		ck_assert_uint_eq(big_endian(png + 20), 2 * height);
	}
	ck_assert_int_ne(ut_figure_write(&every_kind, "/nowhere/at/all",
					 &error),
			 UT_OK);
	free(csv);
	free(svg);
	free(png);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("plot");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_kind_of_panel_is_drawn_whole);
	tcase_add_test(tests, marks_say_what_they_are);
	tcase_add_test(
		tests,
		the_same_figure_is_the_same_bytes_whatever_was_drawn_before);
	tcase_add_test(tests, a_long_series_is_thinned_and_keeps_its_peak);
	tcase_add_test(tests, figures_of_nothing_are_drawn);
	tcase_add_test(tests, figures_of_nonsense_are_drawn);
	tcase_add_test(tests, a_hundred_bars_with_long_names_fit);
	tcase_add_test(tests, what_cannot_be_drawn_is_refused_with_a_reason);
	tcase_add_test(tests, numbers_are_written_as_people_write_them);
	tcase_add_test(tests, ticks_are_round_apart_and_inside);
	tcase_add_test(tests, words_are_broken_shortened_and_made_utf8);
	tcase_add_test(tests, the_csv_holds_every_number);
	tcase_add_test(tests, a_figure_is_written_as_svg_png_and_csv);
	return test_main_alone("plot", tests);
}
