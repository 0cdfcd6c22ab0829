/* Numbers, ticks and words of figures. */
#include <string.h>

#include "report/plot_axes.h"
#include "support/drawing.h"
#include "support/testing.h"

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

	if (test_cannot_draw())
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

	if (test_cannot_draw())
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

int main(void)
{
	TCase *tests = tcase_create("plot_axes");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, numbers_are_written_as_people_write_them);
	tcase_add_test(tests, ticks_are_round_apart_and_inside);
	tcase_add_test(tests, words_are_broken_shortened_and_made_utf8);
	return test_main_alone("plot_axes", tests);
}
