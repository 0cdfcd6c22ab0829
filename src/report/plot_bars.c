/* Panels of bars with intervals and a dot for every replica. */
#include "report/plot_panel.h"

#include <math.h>

enum { DOTS_MOST = 2000 };

void ut_bars_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		  size_t columns, struct ut_plan *plan)
{
	bool logarithmic = panel->y.logarithmic;
	struct ut_range range = ut_range_empty();
	double count = (double)panel->bar_count, wish, most;
	struct ut_names names = {.count = panel->bar_count,
				 .bars = panel->bars};
	size_t i, j;

	for (i = 0; i < panel->bar_count; ++i) {
		const struct ut_bar *bar = &panel->bars[i];

		ut_range_add(&range, bar->mean, logarithmic);
		ut_range_add(&range, bar->low, logarithmic);
		ut_range_add(&range, bar->high, logarithmic);
		for (j = 0; j < bar->dot_count; ++j)
			ut_range_add(&range, bar->dots[j], logarithmic);
	}
	ut_range_add(&range, 0, logarithmic);
	ut_levels_range(panel, &range);
	ut_frame_size(columns, &plan->width, &plan->height);
	plan->x = (struct ut_scale){.min = -0.5, .max = fmax(count, 1) - 0.5};
	wish = count * (columns > 2 ? 44 : columns > 1 ? 56 : 68);
	most = fmax(1.6 * plan->width, 9 * count);
	/* wider where that keeps the names upright */
	for (plan->width = fmax(fmin(wish, most), 150);; plan->width *= 1.15) {
		ut_foot_plan(canvas, &panel->x, &plan->x, names, true,
			     plan->width, &plan->foot);
		if (!plan->foot.turned || plan->width * 1.15 > most ||
		    plan->width * 1.15 > 1.6 * wish)
			break;
	}
	ut_side_plan(canvas, panel, range, plan);
	plan->top = 20; /* a number may stand on the tallest */
}

/*
 * Replicas beside each other, in widths of the bar from its middle, which is
 * the interval's: the fractions of multiples of the golden ratio are never close
 * to those before them.
 */
static double beside(size_t i)
{
	double place = (double)(i + 1) * 0.6180339887498949;

	place = 2 * (place - floor(place)) - 1;
	return place < 0 ? 0.29 * place - 0.15 : 0.29 * place + 0.15;
}

/* Draws the dots; returns the height of the highest. */
static double draw_dots(struct ut_canvas *canvas, const struct ut_bar *bar,
			const struct ut_plan *plan, struct ut_rect frame,
			double x, double width)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke edge = {ut_colour_fade(palette->ink, 0.75), 0.9,
				       false};
	double radius = bar->dot_count > 40 || width < 14 ? 1.6 : 2.4;
	size_t every = 1 + bar->dot_count / DOTS_MOST, i;
	double top = INFINITY;

	for (i = 0; i < bar->dot_count; i += every) {
		double y = ut_frame_y(frame, &plan->y, bar->dots[i]);

		if (!(y >= frame.y - 0.5 && y <= frame.y + frame.height + 0.5))
			continue;
		top = fmin(top, y - radius);
		ut_canvas_mark(canvas, 0, x + beside(i) * width, y, radius,
			       ut_colour_fade(palette->paper, 0.85), &edge);
	}
	return top;
}

/* The interval over everything, on a wider line of paper so that it is seen. */
static void draw_interval(struct ut_canvas *canvas, double x, double low,
			  double high, double width)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double cap = fmin(0.22 * width, 7);
	int i;

	for (i = 0; i < 2; ++i) {
		const struct ut_stroke stroke = {
			i ? palette->ink : ut_colour_fade(palette->paper, 0.8),
			i ? 1.6 : 3.6, false};

		ut_canvas_line(canvas, x, low, x, high, &stroke);
		ut_canvas_line(canvas, x - cap, low, x + cap, low, &stroke);
		ut_canvas_line(canvas, x - cap, high, x + cap, high, &stroke);
	}
}

static void say_bar(struct ut_canvas *canvas, const struct ut_bar *bar,
		    double scale, struct ut_rect rect)
{
	struct ut_text text = {0};
	char number[UT_NUMBER_BYTES];

	ut_words_clean(&text, bar->name, false);
	ut_number_say(number, bar->mean, scale);
	ut_text_append(&text, "%s%s", text.length ? ": " : "", number);
	ut_number_interval(&text, bar->low, bar->high, scale);
	if (bar->dot_count)
		ut_text_append(&text, ", N = %zu", bar->dot_count);
	ut_canvas_spot(canvas, rect, "%s", ut_text_string(&text));
	ut_text_release(&text);
}

/* On paper, so that no line crosses it; if it fits. */
static void write_mean(struct ut_canvas *canvas, const char *number, double x,
		       double y, double slot)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double width = ut_canvas_measure(canvas, UT_FONT_TICK, number);
	double height = UT_FONT_TICK.size;

	if (!(width <= slot))
		return;
	ut_canvas_fill(canvas,
		       (struct ut_rect){x - width / 2 - 2, y - 0.85 * height,
					width + 4, height},
		       ut_colour_fade(palette->paper, 0.85));
	ut_canvas_text(canvas, x, y, UT_MIDDLE, 0, UT_FONT_TICK, palette->ink,
		       number);
}

static double clamp(double value, double low, double high)
{
	return fmin(fmax(value, low), high);
}

static void draw_bar(struct ut_canvas *canvas, const struct ut_bar *bar,
		     const struct ut_plan *plan, struct ut_rect frame, double x,
		     double slot)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double scale = fmax(fabs(plan->y.min), fabs(plan->y.max));
	double bottom = frame.y + frame.height, width = fmin(0.7 * slot, 54);
	double base = ut_frame_y(frame, &plan->y, 0);
	double mean = ut_frame_y(frame, &plan->y, bar->mean);
	double low = ut_frame_y(frame, &plan->y, bar->low);
	double high = ut_frame_y(frame, &plan->y, bar->high);
	struct ut_rect rect;
	char number[UT_NUMBER_BYTES];
	double top;

	base = isnan(base) ? bottom : clamp(base, frame.y, bottom);
	if (isnan(mean)) {
		draw_dots(canvas, bar, plan, frame, x, width);
		return;
	}
	mean = clamp(mean, frame.y, bottom);
	rect = (struct ut_rect){x - width / 2, fmin(base, mean), width,
				fabs(base - mean)};
	/* no grid is seen through it */
	ut_canvas_fill(canvas, rect, palette->paper);
	ut_canvas_fill(canvas, rect,
		       ut_colour_fade(ut_palette_series(palette, bar->colour),
				      0.85));
	top = fmin(rect.y, draw_dots(canvas, bar, plan, frame, x, width));
	if (low > high) {
		low = clamp(low, frame.y, bottom);
		high = clamp(high, frame.y, bottom);
		draw_interval(canvas, x, low, high, width);
		top = fmin(top, high);
	}
	ut_number_say(number, bar->mean, scale);
	write_mean(canvas, number, x, top - 6, slot);
	rect = (struct ut_rect){x - slot / 2, top, slot, fmax(bottom - top, 4)};
	say_bar(canvas, bar, scale, rect);
}

void ut_bars_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		  const struct ut_plan *plan, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke axis = {palette->axis, 1, false};
	double slot = frame.width / fmax(1, (double)panel->bar_count);
	double base = ut_frame_y(frame, &plan->y, 0);
	size_t i;

	base = isnan(base) ? frame.y + frame.height
			   : clamp(base, frame.y, frame.y + frame.height);
	ut_side_draw(canvas, &panel->y, &plan->ticks, &plan->y, frame);
	ut_levels_bands(canvas, panel, &plan->y, frame);
	for (i = 0; i < panel->bar_count; ++i)
		draw_bar(canvas, &panel->bars[i], plan, frame,
			 frame.x + ((double)i + 0.5) * slot, slot);
	ut_levels_draw(canvas, panel, &plan->y, frame);
	ut_canvas_line(canvas, frame.x, base, frame.x + frame.width, base,
		       &axis);
	ut_foot_draw(canvas, &plan->foot, &plan->x, frame, false);
	ut_levels_name(canvas, panel, &plan->y, frame);
}
