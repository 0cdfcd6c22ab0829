/* What every drawing of a figure must be. They fail the running test. */
#ifndef UT_TEST_DRAWING_H
#define UT_TEST_DRAWING_H

#include <stdbool.h>
#include <stddef.h>

#include "report/plot.h"

/* How often part stands in text. */
size_t test_occurrences(const char *text, const char *part);

/* Every element that is opened is closed, in order; the rest is quoted. */
void test_balanced(const char *svg);

/*
 * Draws in both themes: whole, with ids of its own, nothing said outside.
 * Returns the light one; release it.
 */
struct ut_drawing test_draws(const struct ut_figure *figure);

/* The same of a figure of one panel. */
void test_panel_draws(const struct ut_panel *panel);

/* Where there is no cairo: that this is said, and SKIP; then true. */
bool test_cannot_draw(void);

#endif
