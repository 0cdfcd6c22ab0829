/* Levels that hold everywhere in a panel, and what lines and bars share. */
#include "report/plot_panel.h"

#include <math.h>
#include <string.h>

enum { LEVELS_NAMED = 32, LEVEL_NAME_MOST = 110, LEVEL_GAP = 6 };

void ut_frame_size(size_t columns, double *width, double *height)
{
	*width = columns <= 1 ? 400 : columns == 2 ? 310 : 250;
	*height = columns <= 1 ? 240 : columns == 2 ? 200 : 170;
}

double ut_frame_x(struct ut_rect frame, const struct ut_scale *x, double value)
{
	return frame.x + frame.width * ut_scale_part(x, value);
}

double ut_frame_y(struct ut_rect frame, const struct ut_scale *y, double value)
{
	return frame.y + frame.height * (1 - ut_scale_part(y, value));
}

void ut_side_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		  struct ut_range range, struct ut_plan *plan)
{
	size_t target = (size_t)(plan->height / 34);

	plan->y = ut_scale_new(&panel->y, range, target);
	ut_ticks_make(canvas, &plan->y, target, &plan->ticks);
	plan->left = ut_side_width(canvas, &panel->y, &plan->ticks);
	plan->left = fmax(plan->left, plan->foot.left);
	plan->right = fmax(4, ut_levels_width(canvas, panel));
	plan->right = fmax(plan->right, plan->foot.right);
	plan->bottom = plan->foot.height;
	plan->top = 6;
}

void ut_levels_range(const struct ut_panel *panel, struct ut_range *range)
{
	size_t i;

	for (i = 0; i < panel->level_count; ++i) {
		const struct ut_level *level = &panel->levels[i];

		ut_range_add(range, level->y, panel->y.logarithmic);
		ut_range_add(range, level->low, panel->y.logarithmic);
		ut_range_add(range, level->high, panel->y.logarithmic);
	}
}

double ut_levels_width(struct ut_canvas *canvas, const struct ut_panel *panel)
{
	double width = 0;
	size_t i;

	for (i = 0; i < panel->level_count && i < LEVELS_NAMED; ++i) {
		struct ut_words words;

		ut_words_lay(canvas, UT_FONT_TICK, panel->levels[i].name,
			     LEVEL_NAME_MOST, 1, &words);
		width = fmax(width, words.width + LEVEL_GAP);
	}
	return width;
}

static bool is_inside(struct ut_rect frame, double y)
{
	return y >= frame.y - 0.5 && y <= frame.y + frame.height + 0.5;
}

void ut_levels_bands(struct ut_canvas *canvas, const struct ut_panel *panel,
		     const struct ut_scale *y, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	size_t i;

	ut_canvas_clip(canvas, frame);
	for (i = 0; i < panel->level_count; ++i) {
		const struct ut_level *level = &panel->levels[i];
		double low = ut_frame_y(frame, y, level->low);
		double high = ut_frame_y(frame, y, level->high);
		struct ut_rect band = {frame.x, high, frame.width, low - high};

		if (low > high)
			ut_canvas_fill(canvas, band,
				       ut_colour_fade(palette->muted,
						      palette->band));
	}
	ut_canvas_unclip(canvas);
}

void ut_levels_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_scale *y, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke stroke = {palette->muted, 1.3, true};
	size_t i;

	for (i = 0; i < panel->level_count; ++i) {
		double at = ut_frame_y(frame, y, panel->levels[i].y);

		if (is_inside(frame, at))
			ut_canvas_line(canvas, frame.x, at,
				       frame.x + frame.width, at, &stroke);
	}
}

struct name_place {
	const struct ut_level *level;
	double y, drawn; /* where it is, where its name stands */
};

/* The places of those inside, from top to bottom. */
static size_t place_names(const struct ut_panel *panel,
			  const struct ut_scale *y, struct ut_rect frame,
			  struct name_place places[LEVELS_NAMED])
{
	size_t count = 0, i, j;

	for (i = 0; i < panel->level_count && i < LEVELS_NAMED; ++i) {
		const struct ut_level *level = &panel->levels[i];
		double at = ut_frame_y(frame, y, level->y);

		if (!level->name || !*level->name || !is_inside(frame, at))
			continue;
		for (j = count++; j > 0 && places[j - 1].y > at; --j)
			places[j] = places[j - 1];
		places[j] = (struct name_place){level, at, at};
	}
	return count;
}

/* Moves names apart: down, then up again from the bottom. */
static size_t spread_names(struct ut_rect frame, struct name_place *places,
			   size_t count)
{
	double step = ut_font_leading(UT_FONT_TICK);
	size_t most = 1 + (size_t)(frame.height / step), i;

	count = count < most ? count : most;
	for (i = 1; i < count; ++i)
		places[i].drawn =
			fmax(places[i].drawn, places[i - 1].drawn + step);
	if (count && places[count - 1].drawn > frame.y + frame.height)
		places[count - 1].drawn = frame.y + frame.height;
	for (i = count; i-- > 1;)
		places[i - 1].drawn =
			fmin(places[i - 1].drawn, places[i].drawn - step);
	return count;
}

static void say_level(struct ut_canvas *canvas, const struct ut_level *level,
		      double scale, struct ut_rect rect)
{
	struct ut_text text = {0};
	char number[UT_NUMBER_BYTES];

	ut_words_clean(&text, level->name, false);
	ut_number_say(number, level->y, scale);
	ut_text_append(&text, ": %s", number);
	ut_number_interval(&text, level->low, level->high, scale);
	ut_canvas_spot(canvas, rect, "%s", ut_text_string(&text));
	ut_text_release(&text);
}

void ut_levels_name(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_scale *y, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double scale = fmax(fabs(y->min), fabs(y->max));
	double x = frame.x + frame.width + LEVEL_GAP;
	struct name_place places[LEVELS_NAMED];
	size_t count = place_names(panel, y, frame, places), i;

	count = spread_names(frame, places, count);
	for (i = 0; i < count; ++i) {
		struct ut_words words;

		ut_words_lay(canvas, UT_FONT_TICK, places[i].level->name,
			     LEVEL_NAME_MOST, 1, &words);
		ut_words_draw(canvas, x,
			      places[i].drawn + 0.36 * UT_FONT_TICK.size,
			      UT_START, UT_FONT_TICK, palette->muted, &words);
		if (words.width > 0)
			say_level(canvas, places[i].level, scale,
				  (struct ut_rect){x, places[i].drawn - 7,
						   words.width, 14});
	}
}
