/* Words in figures. */
#include "report/plot_words.h"

#include <math.h>
#include <string.h>

#define ELLIPSIS "\u2026"

/* The length of the letter that c begins with, 0 where it is no UTF-8. */
static size_t letter_length(const char *c)
{
	size_t length;

	for (length = 1; length <= 4 && c[length - 1]; ++length) {
		char letter[5] = "";

		memcpy(letter, c, length);
		if (ut_text_is_utf8(letter))
			return length;
	}
	return 0;
}

/* Whether a letter, of that length, has no shape: a control, no character. */
static bool is_shapeless(const char *c, size_t length)
{
	unsigned char lead = (unsigned char)c[0];

	if (length == 1)
		return lead < 0x20 || lead == 0x7f;
	if (length == 2)
		return lead == 0xc2 && (unsigned char)c[1] < 0xa0;
	/* U+FFFE and U+FFFF */
	return length == 3 && !memcmp(c, "\xef\xbf", 2) &&
	       (unsigned char)c[2] >= 0xbe;
}

/* The next letter of *c, which is moved on, made fit to be drawn. */
static void next_letter(const char **c, char letter[5])
{
	size_t length = letter_length(*c);

	memset(letter, 0, 5);
	if (!length) {
		strcpy(letter, "\ufffd");
		length = 1;
	} else if (is_shapeless(*c, length)) {
		letter[0] = ' ';
	} else {
		memcpy(letter, *c, length);
	}
	*c += length;
}

void ut_words_clean(struct ut_text *to, const char *text, bool escape)
{
	while (text && *text) {
		char letter[5];

		next_letter(&text, letter);
		if (!escape || !strchr("<>&\"'", letter[0]))
			ut_text_append(to, "%s", letter);
		else
			ut_text_append(to, "&#%d;", letter[0]);
	}
}

/*
 * One line: from *c to a "\n" (skipped) or the end, as many words as fit; all
 * of the first word, whatever its width.
 */
static void take_line(struct ut_canvas *canvas, struct ut_font font,
		      double width, const char **c, char line[UT_WORDS_BYTES])
{
	size_t length = 0, kept = 0; /* bytes up to the last space */
	const char *resume = NULL;   /* after that space */
	char letter[5];

	line[0] = '\0';
	while (**c == ' ')
		++*c;
	while (**c && **c != '\n') {
		const char *before = *c;

		next_letter(c, letter);
		if (length + strlen(letter) >= UT_WORDS_BYTES) {
			*c = before;
			break;
		}
		if (letter[0] == ' ') {
			kept = length;
			resume = *c;
		}
		strcpy(line + length, letter);
		length += strlen(letter);
		if (letter[0] != ' ' && resume && kept &&
		    !(ut_canvas_measure(canvas, font, line) <= width)) {
			line[kept] = '\0';
			*c = resume;
			return;
		}
	}
	if (**c == '\n')
		++*c;
	while (length && line[length - 1] == ' ')
		line[--length] = '\0';
}

/* Shortens a line until it fits with an ellipsis at its end. */
static void shorten(struct ut_canvas *canvas, struct ut_font font, double width,
		    char line[UT_WORDS_BYTES])
{
	size_t length = strlen(line);

	if (length > UT_WORDS_BYTES - sizeof(ELLIPSIS))
		length = UT_WORDS_BYTES - sizeof(ELLIPSIS);
	for (;;) {
		/* back to the beginning of a letter, and over spaces */
		while (length && ((unsigned char)line[length] & 0xc0) == 0x80)
			--length;
		while (length && line[length - 1] == ' ')
			--length;
		strcpy(line + length, ELLIPSIS);
		if (!length || ut_canvas_measure(canvas, font, line) <= width)
			return;
		--length;
	}
}

void ut_words_lay(struct ut_canvas *canvas, struct ut_font font,
		  const char *text, double width, size_t most,
		  struct ut_words *words)
{
	const char *c = text ? text : "";
	size_t i;

	*words = (struct ut_words){0};
	if (most > UT_WORDS_LINES)
		most = UT_WORDS_LINES;
	while (*c && words->count < most) {
		char *line = words->line[words->count++];
		bool wide;

		/* the last is cut between letters, not words */
		take_line(canvas, font, words->count == most ? INFINITY : width,
			  &c, line);
		wide = !(ut_canvas_measure(canvas, font, line) <= width);
		if (wide || (*c && words->count == most)) {
			shorten(canvas, font, width, line);
			words->cut = true;
		}
	}
	for (i = 0; i < words->count; ++i) {
		double w = ut_canvas_measure(canvas, font, words->line[i]);

		words->width = w > words->width ? w : words->width;
	}
}

double ut_font_leading(struct ut_font font)
{
	return font.size * 1.25;
}

double ut_words_draw(struct ut_canvas *canvas, double x, double y,
		     enum ut_anchor anchor, struct ut_font font,
		     struct ut_colour_rgba colour, const struct ut_words *words)
{
	double leading = ut_font_leading(font);
	size_t i;

	for (i = 0; i < words->count; ++i)
		ut_canvas_text(canvas, x, y + (double)i * leading, anchor, 0,
			       font, colour, words->line[i]);
	return (double)words->count * leading;
}
