/* Figures of nothing and of nonsense are drawn; what cannot be is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/drawing.h"
#include "support/testing.h"

START_TEST(figures_of_nothing_are_drawn)
{
	static const double one[] = {0.5}, none[] = {NAN}, *const no = NULL;
	struct ut_series lines[] = {
		{"", 0, no, no, NULL, NULL, 0, false, true, NULL},
		{NULL, 1, one, one, one, one, 7, false, false, NULL},
		{"x", 1, none, none, none, none, 99, true, true, NULL},
	};
	struct ut_bar empty = {NULL, NAN, NAN, NAN, 0, NULL, 0};
	size_t kind, i;

	if (test_cannot_draw())
		return;
	for (kind = UT_LINES; kind <= UT_GALLERY; ++kind)
		test_panel_draws(
			&(struct ut_panel){.kind = (enum ut_panel_kind)kind});
	for (i = 0; i < 3; ++i)
		test_panel_draws(&(struct ut_panel){.kind = UT_LINES,
						    .series = &lines[i],
						    .series_count = 1});
	test_panel_draws(&(struct ut_panel){.kind = UT_BARS,
					    .bars = &empty,
					    .bar_count = 1});
	test_panel_draws(&(struct ut_panel){.kind = UT_HEAT,
					    .heat = {.rows = 1,
						     .columns = 1,
						     .values = none,
						     .numbers = true}});
	{
		struct ut_figure figure = {.stem = "none"};
		struct ut_drawing drawing = test_draws(&figure);

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
					   i > 0,
					   NULL};
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
	for (i = 0; i < 30 && !test_cannot_draw(); ++i) {
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
		drawing = test_draws(&figure);
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

	if (test_cannot_draw())
		return;
	for (i = 0; i < 100; ++i)
		many[i] = (struct ut_bar){"net=conv 32 conv 64 pool fc 128",
					  (double)i,
					  NAN,
					  NAN,
					  0,
					  NULL,
					  (unsigned)i};
	test_panel_draws(&panel);
}
END_TEST

/* Refusals ------------------------------------------------------------------
 */

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

static const double cells[4];
static const uint8_t pixels[4];

START_TEST(what_cannot_be_drawn_is_refused_with_a_reason)
{
	const struct ut_panel lines = {.kind = UT_LINES};
	const struct ut_panel heat = {.kind = UT_HEAT,
				      .heat = {2, 2, cells, NULL, NULL, 0, 1,
					       true}};
	struct ut_panel panel = lines;
	struct ut_figure figure = {.stem = "../evil"};
	struct ut_drawing drawing;
	struct ut_error error = {0};

	panel.y.min = 2;
	panel.y.max = 1;
	assert_refused(&panel, "panel 1: the vertical axis goes from 2 to 1");
	panel.y.min = -INFINITY;
	assert_refused(&panel, "vertical axis");
	panel = lines;
	panel.x = (struct ut_axis){.min = 0, .max = 3, .logarithmic = true};
	assert_refused(&panel, "logarithmic horizontal axis");
	panel = heat;
	panel.heat.min = 2;
	assert_refused(&panel, "colours");
	panel = heat;
	panel.heat.rows = 1000000;
	assert_refused(&panel, "1000000 x 2");
	panel = (struct ut_panel){.kind = UT_GALLERY,
				  .gallery = {1, 1, 1, 1, 2, pixels, NULL}};
	assert_refused(&panel, "2 channels");
	panel.kind = (enum ut_panel_kind)9;
	assert_refused(&panel, "kind 9");
	ck_assert_int_eq(ut_figure_draw(&figure, UT_LIGHT, &drawing, &error),
			 UT_INVALID);
	ut_drawing_release(&drawing);
	ck_assert_int_eq(ut_figure_write(&figure, "/tmp", &error), UT_INVALID);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("plot_check");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, figures_of_nothing_are_drawn);
	tcase_add_test(tests, figures_of_nonsense_are_drawn);
	tcase_add_test(tests, a_hundred_bars_with_long_names_fit);
	tcase_add_test(tests, what_cannot_be_drawn_is_refused_with_a_reason);
	return test_main_alone("plot_check", tests);
}
