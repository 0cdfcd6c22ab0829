/* Figures: whole drawings, whatever they are made of, and the same each time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/plot.h"
#include "support/drawing.h"
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
static const struct ut_series series = {"aux", 3,           epochs, aux,  low,
					high,  UT_HUE_BLUE, false,  true, NULL};
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

/* Drawings ------------------------------------------------------------------
 */

START_TEST(every_kind_of_panel_is_drawn_whole)
{
	struct ut_drawing drawing;
	size_t i;

	if (test_cannot_draw())
		return;
	drawing = test_draws(&every_kind);
	ck_assert_ptr_nonnull(strstr(ut_text_string(&drawing.svg),
				     "aria-label=\"Every &#60;kind&#62; "
				     "&#38; &#34;more&#34;\""));
	ck_assert_uint_eq(test_occurrences(ut_text_string(&drawing.svg),
					   "<image "),
			  2);
	ut_drawing_release(&drawing);
	for (i = 0; i < 4; ++i)
		test_panel_draws(&kinds[i]);
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

	if (test_cannot_draw())
		return;
	drawing = test_draws(&every_kind);
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

	if (test_cannot_draw())
		return;
	first = test_draws(&every_kind);
	test_panel_draws(&kinds[3]);
	again = test_draws(&every_kind);
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

START_TEST(along_names_marks_stand_by_themselves_beside_each_other)
{
	static const char *const losses[] = {"kl", "mse"};
	static const double y[] = {0.5, 0.7}, low[] = {0.4, 0.6},
			    high[] = {0.6, 0.8};
	const struct ut_series series[] = {
		{"aux", 2, NULL, y, low, high, UT_HUE_BLUE, false, true, NULL},
		{"ceiling", 2, NULL, y, low, high, UT_HUE_INK, false, true,
		 NULL},
	};
	struct ut_panel panel = {.kind = UT_LINES,
				 .x = {.names = losses, .names_count = 2},
				 .series = series,
				 .series_count = 2};
	struct ut_figure figure = {.stem = "names",
				   .panels = &panel,
				   .panel_count = 1};
	struct ut_drawing drawing;
	int named;

	if (test_cannot_draw())
		return;
	for (named = 1; named >= 0; --named) {
		panel.x.names_count = named ? 2 : 0;
		panel.x.names = named ? losses : NULL;
		drawing = test_draws(&figure);
		/* both series at the first place, one's marks after the other's */
		ck_assert_uint_eq(drawing.spot_count, 4);
		ck_assert_int_eq(drawing.spots[0].x < drawing.spots[2].x,
				 named);
		ut_drawing_release(&drawing);
	}
}
END_TEST

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
	if (!test_cannot_draw()) {
		drawing = test_draws(&figure);
		ck_assert_uint_lt(drawing.svg.length, 200000);
		ck_assert_uint_lt(drawing.spot_count, 1000);
		/* 0 stands in the middle of the frame, the peak on its top */
		ck_assert(top_of(ut_text_string(&drawing.svg),
				 "stroke:rgb(0%,44.7") < 30);
		y[77777] = 0;
		ut_drawing_release(&drawing);
		drawing = test_draws(&figure);
		ck_assert(top_of(ut_text_string(&drawing.svg),
				 "stroke:rgb(0%,44.7") > 100);
		ut_drawing_release(&drawing);
	}
	free(y);
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
		test_balanced(svg);
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
	tcase_add_test(tests,
		       along_names_marks_stand_by_themselves_beside_each_other);
	tcase_add_test(tests, a_long_series_is_thinned_and_keeps_its_peak);
	tcase_add_test(tests, the_csv_holds_every_number);
	tcase_add_test(tests, a_figure_is_written_as_svg_png_and_csv);
	return test_main_alone("plot", tests);
}
