/* Axes of figures: what stands below and left of a frame. */
#include "report/plot_axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	GAP = 6,           /* between the frame and what stands at it */
	MANY = 200,        /* names that are not measured one by one */
	TURNED_MOST = 130, /* points of a turned name */
	NAME_LINES = 3,
};

const char *ut_names_at(const struct ut_names *names, size_t i,
			char number[UT_NUMBER_BYTES])
{
	const char *name = names->bars   ? names->bars[i].name
			   : names->list ? names->list[i]
					 : NULL;

	if (!names->bars && !names->list) {
		ut_number_write(number, (double)i, 0);
		return number;
	}
	return name ? name : "";
}

/* Names below ----------------------------------------------------------------
 */

static void lay_name(struct ut_canvas *canvas, const struct ut_foot *foot,
		     size_t i, struct ut_words *words)
{
	char number[UT_NUMBER_BYTES], line[UT_WORDS_BYTES], *c;
	const char *name = ut_names_at(&foot->names, i, number);

	if (!foot->turned) {
		ut_words_lay(canvas, UT_FONT_TICK, name,
			     (double)foot->every * foot->slot - GAP, NAME_LINES,
			     words);
		return;
	}
	snprintf(line, sizeof(line), "%s", name);
	for (c = line; *c; ++c)
		*c = *c == '\n' ? ' ' : *c;
	ut_words_lay(canvas, UT_FONT_TICK, line, TURNED_MOST, 1, words);
}

/* Whether all names fit upright; the lines of the tallest. */
static bool names_fit(struct ut_canvas *canvas, const struct ut_foot *foot,
		      size_t *lines)
{
	struct ut_words words;
	size_t i;

	*lines = 0;
	for (i = 0; i < foot->names.count; i += foot->every) {
		lay_name(canvas, foot, i, &words);
		if (words.cut)
			return false;
		*lines = words.count > *lines ? words.count : *lines;
	}
	return true;
}

/* The least of 1, 2, 5, 10, 20, ... that is no less than least. */
static size_t round_step(double least)
{
	size_t power = 1;

	while (10 * (double)power < least)
		power *= 10;
	return (double)power >= least       ? power
	       : 2 * (double)power >= least ? 2 * power
	       : 5 * (double)power >= least ? 5 * power
					    : 10 * power;
}

/* Upright if they fit; short ones with gaps between them; else turned. */
static void plan_names(struct ut_canvas *canvas, struct ut_foot *foot)
{
	double leading = ut_font_leading(UT_FONT_TICK);
	struct ut_words words;
	double widest = 0;
	size_t lines = 1, i;

	foot->every = 1;
	if (foot->names.count <= MANY && names_fit(canvas, foot, &lines)) {
		foot->height = (double)lines * leading;
		return;
	}
	foot->turned = true;
	foot->every = round_step((leading + 1) / foot->slot);
	for (i = 0; i < foot->names.count; i += foot->every) {
		lay_name(canvas, foot, i, &words);
		widest = fmax(widest, words.width);
		/* the first stands out to the left */
		foot->left = fmax(foot->left,
				  0.71 * words.width -
					  ((double)i + 0.5) * foot->slot);
	}
	if (widest <= 40) {
		foot->turned = false;
		foot->every = round_step((widest + 8) / foot->slot);
		foot->height = leading;
		foot->left = 0;
	} else {
		foot->height = 0.71 * widest + leading;
	}
}

static void draw_names(struct ut_canvas *canvas, const struct ut_foot *foot,
		       const struct ut_scale *scale, struct ut_rect frame)
{
	struct ut_colour_rgba colour = ut_canvas_palette(canvas)->ink;
	double y = frame.y + frame.height + GAP;
	struct ut_words words;
	size_t i;

	for (i = 0; i < foot->names.count; i += foot->every) {
		double part = ut_scale_part(scale, (double)i);
		double x = frame.x + part * frame.width;

		if (!(part >= -1e-6 && part <= 1 + 1e-6))
			continue;
		lay_name(canvas, foot, i, &words);
		if (foot->turned && words.count)
			ut_canvas_text(canvas, x + 3, y + 9, UT_END, 45,
				       UT_FONT_TICK, colour, words.line[0]);
		else
			ut_words_draw(canvas, x, y + UT_FONT_TICK.size,
				      UT_MIDDLE, UT_FONT_TICK, colour, &words);
	}
}

/* Numbers below --------------------------------------------------------------
 */

/* Whether the ticks' texts stand apart. */
static bool ticks_fit(struct ut_canvas *canvas, const struct ut_ticks *ticks,
		      const struct ut_scale *scale, double width)
{
	double end = -INFINITY;
	size_t i;

	for (i = 0; i < ticks->count; ++i) {
		double half = ut_canvas_measure(canvas, UT_FONT_TICK,
						ticks->text[i]) /
			      2;
		double x = width * ut_scale_part(scale, ticks->at[i]);

		if (!(x - half >= end + 10))
			return false;
		end = x + half;
	}
	return true;
}

static void plan_ticks(struct ut_canvas *canvas, const struct ut_scale *scale,
		       double width, struct ut_foot *foot)
{
	size_t target = (size_t)(width / (scale->logarithmic ? 30 : 45)), last;
	struct ut_ticks *ticks = &foot->ticks;

	do
		ut_ticks_make(canvas, scale, target, ticks);
	while (--target > 0 && !ticks_fit(canvas, ticks, scale, width));
	foot->height = ut_font_leading(UT_FONT_TICK);
	if (!ticks->count)
		return;
	last = ticks->count - 1;
	foot->left =
		ut_canvas_measure(canvas, UT_FONT_TICK, ticks->text[0]) / 2 -
		width * ut_scale_part(scale, ticks->at[0]);
	foot->right =
		ut_canvas_measure(canvas, UT_FONT_TICK, ticks->text[last]) / 2 -
		width * (1 - ut_scale_part(scale, ticks->at[last]));
}

static void draw_ticks(struct ut_canvas *canvas, const struct ut_ticks *ticks,
		       const struct ut_scale *scale, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double y = frame.y + frame.height, end = -INFINITY;
	size_t i;

	for (i = 0; i < ticks->count; ++i) {
		double half = ut_canvas_measure(canvas, UT_FONT_TICK,
						ticks->text[i]) /
			      2;
		double x = frame.x +
			   frame.width * ut_scale_part(scale, ticks->at[i]);

		/* two that touch although there are as few as can be */
		if (!(x - half >= end + 4))
			continue;
		end = x + half;
		ut_canvas_text(canvas, x, y + GAP + UT_FONT_TICK.size,
			       UT_MIDDLE, 0, UT_FONT_TICK, palette->muted,
			       ticks->text[i]);
	}
}

void ut_foot_plan(struct ut_canvas *canvas, const struct ut_axis *axis,
		  const struct ut_scale *scale, struct ut_names names,
		  bool places, double width, struct ut_foot *foot)
{
	*foot = (struct ut_foot){
		.names = names,
		.slot = width / (scale->max - scale->min),
	};
	if (names.count)
		plan_names(canvas, foot);
	else if (!places)
		plan_ticks(canvas, scale, width, foot);
	foot->height += GAP;
	ut_words_lay(canvas, UT_FONT_LABEL, axis->label, width + 40, 2,
		     &foot->label);
	if (foot->label.count) {
		foot->label_below = foot->height + UT_FONT_LABEL.size + 5;
		foot->height = foot->label_below + 4 +
			       (double)(foot->label.count - 1) *
				       ut_font_leading(UT_FONT_LABEL);
	}
}

void ut_foot_draw(struct ut_canvas *canvas, const struct ut_foot *foot,
		  const struct ut_scale *scale, struct ut_rect frame,
		  bool marks)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke stroke = {palette->axis, 1, false};
	double y = frame.y + frame.height;
	size_t i;

	for (i = 0; marks && !foot->names.count && i < foot->ticks.count; ++i) {
		double x =
			frame.x +
			frame.width * ut_scale_part(scale, foot->ticks.at[i]);

		ut_canvas_line(canvas, x, y, x, y + 4, &stroke);
	}
	if (foot->names.count)
		draw_names(canvas, foot, scale, frame);
	else
		draw_ticks(canvas, &foot->ticks, scale, frame);
	ut_words_draw(canvas, frame.x + frame.width / 2, y + foot->label_below,
		      UT_MIDDLE, UT_FONT_LABEL, palette->ink, &foot->label);
}

/* The side ------------------------------------------------------------------
 */

double ut_side_width(struct ut_canvas *canvas, const struct ut_axis *axis,
		     const struct ut_ticks *ticks)
{
	(void)canvas;
	return ticks->width + GAP +
	       (axis->label && *axis->label ? UT_FONT_LABEL.size + 9 : 0);
}

void ut_side_draw(struct ut_canvas *canvas, const struct ut_axis *axis,
		  const struct ut_ticks *ticks, const struct ut_scale *scale,
		  struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke grid = {palette->grid, 1, false};
	size_t i;

	for (i = 0; i < ticks->count; ++i) {
		double y =
			frame.y +
			frame.height * (1 - ut_scale_part(scale, ticks->at[i]));

		ut_canvas_line(canvas, frame.x, y, frame.x + frame.width, y,
			       &grid);
		ut_canvas_text(canvas, frame.x - GAP,
			       y + 0.36 * UT_FONT_TICK.size, UT_END, 0,
			       UT_FONT_TICK, palette->muted, ticks->text[i]);
	}
	ut_side_label(canvas, axis, ticks->width + GAP + 9, frame);
}

void ut_side_label(struct ut_canvas *canvas, const struct ut_axis *axis,
		   double distance, struct ut_rect frame)
{
	struct ut_words words;

	ut_words_lay(canvas, UT_FONT_LABEL, axis->label, frame.height + 20, 1,
		     &words);
	if (words.count)
		ut_canvas_text(canvas, frame.x - distance,
			       frame.y + frame.height / 2, UT_MIDDLE, 90,
			       UT_FONT_LABEL, ut_canvas_palette(canvas)->ink,
			       words.line[0]);
}
