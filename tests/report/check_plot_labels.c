/* Labels beside points, and figures saved to one file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/plot.h"
#include "support/drawing.h"
#include "support/edit.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { POINTS = 9 };

static const double x[POINTS] = {1, NAN, 2, NAN, 2, NAN, 2, NAN, 8};
static const double y[POINTS] = {1, NAN, 4, NAN, 4, NAN, 4, NAN, NAN};
static const char *const names[POINTS] = {"one", NULL,      "two",
					  NULL,  "three",   NULL,
					  NULL,  "no mark", "nowhere"};

static struct ut_series points_of(const char *const *labels)
{
	return (struct ut_series){
		.name = "points",
		.count = POINTS,
		.x = x,
		.y = y,
		.marks = true,
		.labels = labels,
	};
}

static struct ut_panel panel_of(const struct ut_series *series)
{
	return (struct ut_panel){
		.kind = UT_LINES,
		.width = 300,
		.height = 200,
		.series = series,
		.series_count = 1,
	};
}

/* Letters in a drawing: cairo draws each as one use of a glyph. */
static size_t letters(const char *const *labels)
{
	const struct ut_series series = points_of(labels);
	const struct ut_panel panel = panel_of(&series);
	const struct ut_figure figure = {
		.stem = "labels",
		.columns = 1,
		.panels = &panel,
		.panel_count = 1,
	};
	struct ut_drawing drawing = test_draws(&figure);
	size_t count = test_occurrences(ut_text_string(&drawing.svg), "<use ");

	ut_drawing_release(&drawing);
	return count;
}

START_TEST(points_that_are_drawn_have_their_labels)
{
	if (test_cannot_draw())
		return;
	ck_assert_uint_eq(letters(names), letters(NULL) + strlen("one") +
						  strlen("two") +
						  strlen("three"));
}
END_TEST

/* A hundred labels have no room in one place. */
START_TEST(labels_without_room_are_left_out)
{
	enum { CROWD = 400 };
	static double here[CROWD];
	static const char *same[CROWD];
	struct ut_series series = {
		.count = CROWD,
		.x = here,
		.y = here,
		.marks = true,
		.labels = same,
	};
	const struct ut_panel panel = panel_of(&series);
	size_t i;

	if (test_cannot_draw())
		return;
	for (i = 0; i < CROWD; ++i) {
		here[i] = i % 2 ? NAN : 1;
		same[i] = "a name that is long";
	}
	test_panel_draws(&panel);
}
END_TEST

START_TEST(a_figure_is_saved_as_its_ending_says)
{
	const struct ut_series series = points_of(names);
	const struct ut_panel panel = panel_of(&series);
	const struct ut_figure figure = {
		.stem = "saved",
		.columns = 1,
		.panels = &panel,
		.panel_count = 1,
	};
	struct ut_error error = {0};
	size_t bytes;
	char *file;

	ck_assert_int_eq(ut_figure_save(&figure, test_scratch("a.gif"), &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, ".svg or .png"));
	ck_assert_int_eq(ut_figure_savable(".png", &error), UT_INVALID);
	if (test_cannot_draw())
		return;
	ck_assert(!ut_figure_save(&figure, test_scratch("a.svg"), &error));
	ck_assert(!ut_figure_save(&figure, test_scratch("b.png"), &error));
	ck_assert(!ut_file_exists(test_scratch("a.csv")));
	file = test_edit_read(test_scratch("."), "a.svg", &bytes);
	ck_assert(!strncmp(file, "<svg", 4));
	free(file);
	file = test_edit_read(test_scratch("."), "b.png", &bytes);
	ck_assert(!memcmp(file, "\x89PNG", 4));
	free(file);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("plot labels");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, points_that_are_drawn_have_their_labels);
	tcase_add_test(tests, labels_without_room_are_left_out);
	tcase_add_test(tests, a_figure_is_saved_as_its_ending_says);
	return test_main_alone("plot labels", tests);
}
