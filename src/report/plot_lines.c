/* Panels of lines with bands. */
#include "report/plot_panel.h"

#include <math.h>
#include <stdlib.h>

#include "report/plot_legend.h"

enum {
	WHOLE = 2000, /* longer series are thinned to what can be seen */
	SPOTS = 500,  /* of one series */
	THIN = 400,   /* points of a line that is drawn thin */
	GAP = 6,
	APART = 4, /* legend and frame */
	ASIDE = 7, /* series at the same place from each other */
};

/* Where a point stands; low and high are NaN without a band. */
struct sample {
	double x, y, low, high;
	bool begins; /* after a gap */
};

struct samples {
	struct sample *list;
	size_t count, capacity;
};

static double x_of(const struct ut_series *series, size_t i)
{
	return series->x ? series->x[i] : (double)i;
}

/* As wide as everything around the frame. */
static double legend_width(const struct ut_plan *plan)
{
	return plan->left + plan->width + plan->right;
}

void ut_lines_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		   size_t columns, struct ut_plan *plan)
{
	bool log_x = panel->x.logarithmic, log_y = panel->y.logarithmic;
	struct ut_range x = ut_range_empty(), y = ut_range_empty();
	struct ut_names names = {panel->x.names ? panel->x.names_count : 0,
				 panel->x.names, NULL};
	double legend;
	size_t i, j;

	for (i = 0; i < panel->series_count; ++i) {
		const struct ut_series *series = &panel->series[i];

		for (j = 0; j < series->count; ++j) {
			ut_range_add(&x, x_of(series, j), log_x);
			ut_range_add(&y, series->y[j], log_y);
			if (!series->low || !series->high)
				continue;
			ut_range_add(&y, series->low[j], log_y);
			ut_range_add(&y, series->high[j], log_y);
		}
	}
	ut_levels_range(panel, &y);
	ut_frame_size(columns, &plan->width, &plan->height);
	if (panel->width > 0 && panel->height > 0) {
		plan->width = panel->width;
		plan->height = panel->height;
	}
	plan->x = ut_scale_new(&panel->x, x, 0);
	if (names.count)
		plan->x = (struct ut_scale){.min = -0.5,
					    .max = (double)names.count - 0.5};
	ut_foot_plan(canvas, &panel->x, &plan->x, names, names.count > 0,
		     plan->width, &plan->foot);
	ut_side_plan(canvas, panel, y, plan);
	legend = ut_legend_height(canvas, panel, legend_width(plan));
	plan->top += legend > 0 ? legend + APART : 0;
}

/* Appends; false when memory has run out: then the line ends there. */
static bool add(struct samples *samples, struct sample sample)
{
	if (samples->count == samples->capacity) {
		size_t capacity = 2 * samples->capacity + 256;
		struct sample *list =
			realloc(samples->list, capacity * sizeof(*list));

		if (!list)
			return false;
		samples->list = list;
		samples->capacity = capacity;
	}
	samples->list[samples->count++] = sample;
	return true;
}

/* Four samples say what is seen of all in one column of pixels. */
static bool add_column(struct samples *samples, const struct sample *first,
		       const struct sample *last, double top, double bottom)
{
	struct sample s = *last;
	bool ok;

	s.y = first->y;
	s.begins = first->begins;
	ok = add(samples, s);
	s.begins = false;
	s.y = bottom;
	ok = ok && add(samples, s);
	s.y = top;
	ok = ok && add(samples, s);
	s.y = last->y;
	return ok && add(samples, s);
}

/*
 * Places with names have no order that a line could follow: every point there
 * stands by itself with its interval, and those of other series beside it.
 */
static bool stand_apart(const struct ut_panel *panel)
{
	return panel->x.names && panel->x.names_count;
}

static double aside(const struct ut_panel *panel,
		    const struct ut_series *series)
{
	double place = (double)(series - panel->series);

	return stand_apart(panel)
		       ? ASIDE * (place - (double)(panel->series_count - 1) / 2)
		       : 0;
}

static struct sample sample_at(const struct ut_panel *panel,
			       const struct ut_series *series, size_t i,
			       const struct ut_plan *plan, struct ut_rect frame)
{
	struct sample s = {
		ut_frame_x(frame, &plan->x, x_of(series, i)) +
			aside(panel, series),
		ut_frame_y(frame, &plan->y, series->y[i]),
		NAN,
		NAN,
		false,
	};

	if (series->low && series->high) {
		s.low = ut_frame_y(frame, &plan->y, series->low[i]);
		s.high = ut_frame_y(frame, &plan->y, series->high[i]);
	}
	return s;
}

/* The series as it is drawn; release the list. */
static bool take_samples(const struct ut_panel *panel,
			 const struct ut_series *series,
			 const struct ut_plan *plan, struct ut_rect frame,
			 struct samples *samples)
{
	struct sample first = {0}, last = {0};
	double top = 0, bottom = 0;
	bool gap = true, open = false, ok = true;
	size_t i;

	*samples = (struct samples){0};
	for (i = 0; i < series->count && ok; ++i) {
		struct sample s = sample_at(panel, series, i, plan, frame);

		if (isnan(s.x) || isnan(s.y)) {
			gap = true;
			continue;
		}
		s.begins = gap;
		gap = stand_apart(panel);
		if (series->count <= WHOLE) {
			ok = add(samples, s);
			continue;
		}
		if (open && !s.begins && floor(s.x) == floor(last.x)) {
			s.low = fmax(s.low, last.low);
			s.high = fmin(s.high, last.high);
		} else {
			ok = !open ||
			     add_column(samples, &first, &last, top, bottom);
			first = s;
			top = bottom = s.y;
		}
		top = fmin(top, s.y);
		bottom = fmax(bottom, s.y);
		last = s;
		open = true;
	}
	if (open)
		ok = ok && add_column(samples, &first, &last, top, bottom);
	return ok;
}

/* The end of the run that begins at i, which has a band or has none. */
static size_t band_end(const struct samples *samples, size_t i)
{
	const struct sample *s = samples->list;
	size_t end;

	for (end = i; end < samples->count; ++end)
		if ((end > i && s[end].begins) || !(s[end].low >= s[end].high))
			break;
	return end;
}

static void draw_band(struct ut_canvas *canvas, const struct samples *samples,
		      struct ut_colour_rgba colour, double *xy)
{
	const struct sample *s = samples->list;
	const struct ut_stroke whisker = {ut_colour_fade(colour, 0.6), 1.5,
					  false};
	size_t i = 0, j;

	while (i < samples->count) {
		size_t end = band_end(samples, i), n = end - i;

		if (n == 1)
			ut_canvas_line(canvas, s[i].x, s[i].low, s[i].x,
				       s[i].high, &whisker);
		for (j = 0; j < n; ++j) {
			xy[2 * j] = s[i + j].x;
			xy[2 * j + 1] = s[i + j].high;
			xy[4 * n - 2 * j - 2] = s[i + j].x;
			xy[4 * n - 2 * j - 1] = s[i + j].low;
		}
		if (n > 1)
			ut_canvas_polygon(
				canvas, xy, 2 * n,
				ut_colour_fade(colour, ut_canvas_palette(canvas)
							       ->band));
		i = n ? end : i + 1;
	}
}

/* The lines between gaps; a point without neighbours is a mark. */
static void draw_line(struct ut_canvas *canvas, const struct ut_series *series,
		      const struct samples *samples, double *xy)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke stroke = {ut_palette_series(palette,
							   series->colour),
					 series->count > THIN ? 1.2 : 2,
					 series->dashed};
	const struct sample *s = samples->list;
	size_t i, n = 0;

	for (i = 0; i < samples->count; ++i) {
		xy[2 * n] = s[i].x;
		xy[2 * n + 1] = s[i].y;
		++n;
		if (i + 1 < samples->count && !s[i + 1].begins)
			continue;
		if (n > 1)
			ut_canvas_path(canvas, xy, n, &stroke);
		else
			ut_series_mark(canvas, series, s[i].x, s[i].y);
		n = 0;
	}
}

static bool is_inside(struct ut_rect frame, double x, double y)
{
	return x >= frame.x - 0.5 && x <= frame.x + frame.width + 0.5 &&
	       y >= frame.y - 0.5 && y <= frame.y + frame.height + 0.5;
}

/* "aux, m = 3: 0.550 (0.512 to 0.588)" */
static void say_point(struct ut_canvas *canvas, const struct ut_panel *panel,
		      const struct ut_series *series, size_t i, double scale,
		      struct ut_rect rect)
{
	double x = x_of(series, i);
	struct ut_text text = {0};
	char number[UT_NUMBER_BYTES];

	ut_words_clean(&text, series->name, false);
	if (text.length)
		ut_text_append(&text, ", ");
	if (panel->x.names && x == rint(x) && x >= 0 &&
	    x < (double)panel->x.names_count) {
		ut_words_clean(&text, panel->x.names[(size_t)x], false);
	} else {
		ut_words_clean(&text, panel->x.label ? panel->x.label : "x",
			       false);
		ut_number_short(number, x);
		ut_text_append(&text, " = %s", number);
	}
	ut_number_say(number, series->y[i], scale);
	ut_text_append(&text, ": %s", number);
	if (series->low && series->high)
		ut_number_interval(&text, series->low[i], series->high[i],
				   scale);
	ut_canvas_spot(canvas, rect, "%s", ut_text_string(&text));
	ut_text_release(&text);
}

static void draw_points(struct ut_canvas *canvas, const struct ut_panel *panel,
			const struct ut_series *series,
			const struct ut_plan *plan, struct ut_rect frame)
{
	double scale = fmax(fabs(plan->y.min), fabs(plan->y.max));
	bool marks = series->marks && (double)series->count * 6 <= frame.width;
	size_t every = 1 + series->count / SPOTS, i;

	for (i = 0; i < series->count; ++i) {
		struct sample s = sample_at(panel, series, i, plan, frame);

		if (!is_inside(frame, s.x, s.y))
			continue;
		if (marks)
			ut_series_mark(canvas, series, s.x, s.y);
		if (i % every == 0)
			say_point(canvas, panel, series, i, scale,
				  (struct ut_rect){s.x - GAP, s.y - GAP,
						   2 * GAP, 2 * GAP});
	}
}

static bool draw_series(struct ut_canvas *canvas, const struct ut_panel *panel,
			const struct ut_series *series,
			const struct ut_plan *plan, struct ut_rect frame)
{
	struct ut_colour_rgba colour =
		ut_palette_series(ut_canvas_palette(canvas), series->colour);
	struct samples samples;
	bool ok = take_samples(panel, series, plan, frame, &samples);
	double *xy = malloc((samples.count + 1) * 4 * sizeof(*xy));

	ok = ok && xy;
	if (ok) {
		draw_band(canvas, &samples, colour, xy);
		draw_line(canvas, series, &samples, xy);
	}
	free(xy);
	free(samples.list);
	return ok;
}

void ut_lines_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		   const struct ut_plan *plan, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke axis = {palette->axis, 1, false};
	double width = legend_width(plan);
	double legend = ut_legend_height(canvas, panel, width);
	double base = frame.y + frame.height;
	size_t i;

	ut_legend_draw(canvas, panel,
		       (struct ut_rect){frame.x - plan->left,
					frame.y - legend - APART - GAP, width,
					legend});
	ut_side_draw(canvas, &panel->y, &plan->ticks, &plan->y, frame);
	ut_levels_bands(canvas, panel, &plan->y, frame);
	ut_levels_draw(canvas, panel, &plan->y, frame);
	ut_canvas_clip(canvas, (struct ut_rect){frame.x, frame.y - 1,
						frame.width, frame.height + 2});
	for (i = 0; i < panel->series_count; ++i)
		if (!draw_series(canvas, panel, &panel->series[i], plan, frame))
			ut_canvas_fail(canvas);
	ut_canvas_unclip(canvas);
	ut_canvas_line(canvas, frame.x, base, frame.x + frame.width, base,
		       &axis);
	ut_foot_draw(canvas, &plan->foot, &plan->x, frame, true);
	ut_levels_name(canvas, panel, &plan->y, frame);
	for (i = 0; i < panel->series_count; ++i)
		draw_points(canvas, panel, &panel->series[i], plan, frame);
	ut_labels_draw(canvas, panel, plan, frame);
}
