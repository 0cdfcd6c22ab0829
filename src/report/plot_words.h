/* Words in figures: made fit to be drawn, and to fit where they are drawn. */
#ifndef UT_PLOT_WORDS_H
#define UT_PLOT_WORDS_H

#include "report/plot_canvas.h"

enum { UT_WORDS_LINES = 12, UT_WORDS_BYTES = 256 };

/* Text in lines, each of them measured. */
struct ut_words {
	size_t count;
	double width; /* of the widest */
	bool cut;     /* something was left out: it ends in an ellipsis */
	char line[UT_WORDS_LINES][UT_WORDS_BYTES];
};

/*
 * Lays text (NULL: none) in at most `most` lines no wider than width: broken at
 * "\n", between words, and where that is not enough ended with an ellipsis.
 * What is no UTF-8 or no letter becomes U+FFFD or a space.
 */
void ut_words_lay(struct ut_canvas *canvas, struct ut_font font,
		  const char *text, double width, size_t most,
		  struct ut_words *words);

/*
 * Draws them, the first on the base line through (x, y); returns their height.
 */
double ut_words_draw(struct ut_canvas *canvas, double x, double y,
		     enum ut_anchor anchor, struct ut_font font,
		     struct ut_colour_rgba colour,
		     const struct ut_words *words);

/* From one base line to the next. */
double ut_font_leading(struct ut_font font);

/*
 * Appends text, cleaned, on one line. Where it stands between quotes of XML,
 * escape it too.
 */
void ut_words_clean(struct ut_text *to, const char *text, bool escape);

#endif
