/* Labels beside the marks of lines, where they hide neither each other nor those. */
#include "report/plot_panel.h"

#include <math.h>
#include <stdlib.h>

enum {
	ANGLES = 16,
	RINGS = 30,
	RING = 8,  /* from one to the next */
	FIRST = 9, /* the nearest, from the mark's middle */
	MARK = 5,  /* half the side of what a mark keeps free */
	APART = 1,
	STRIDE = 5, /* of what a line keeps free */
};

/*
 * What is taken: by lines, which leaders may cross; by marks, and by labels and
 * their leaders, which they may when there is no other way.
 */
struct taken {
	struct ut_rect *list;
	size_t lines, marks; /* where these end */
	size_t count, capacity;
};

static bool take(struct taken *taken, struct ut_rect rect)
{
	if (taken->count == taken->capacity) {
		size_t capacity = 2 * taken->capacity + 256;
		struct ut_rect *list =
			realloc(taken->list, capacity * sizeof(*list));

		if (!list)
			return false;
		taken->list = list;
		taken->capacity = capacity;
	}
	taken->list[taken->count++] = rect;
	return true;
}

static bool overlap(struct ut_rect a, struct ut_rect b)
{
	return a.x < b.x + b.width && b.x < a.x + a.width &&
	       a.y < b.y + b.height && b.y < a.y + a.height;
}

/* From number `first` of what is taken on. */
static bool is_free(const struct taken *taken, size_t first,
		    struct ut_rect rect)
{
	size_t i;

	for (i = first; i < taken->count; ++i)
		if (overlap(taken->list[i], rect))
			return false;
	return true;
}

static bool contains(struct ut_rect frame, struct ut_rect rect)
{
	return rect.x >= frame.x && rect.y >= frame.y &&
	       rect.x + rect.width <= frame.x + frame.width &&
	       rect.y + rect.height <= frame.y + frame.height;
}

static struct ut_rect around(double x, double y, double width, double height)
{
	return (struct ut_rect){x - width / 2, y - height / 2, width, height};
}

static bool drawn(const struct ut_series *s, size_t i,
		  const struct ut_plan *plan, struct ut_rect frame, double *x,
		  double *y)
{
	*x = ut_frame_x(frame, &plan->x, s->x ? s->x[i] : (double)i);
	*y = ut_frame_y(frame, &plan->y, s->y[i]);
	return !isnan(*x) && !isnan(*y);
}

static bool take_marks(struct taken *taken, const struct ut_series *s,
		       const struct ut_plan *plan, struct ut_rect frame)
{
	bool good = true;
	double x, y;
	size_t i;

	for (i = 0; i < s->count && good; ++i)
		if (drawn(s, i, plan, frame, &x, &y))
			good = take(taken, around(x, y, 2 * MARK, 2 * MARK));
	return good;
}

/* Steps along its lines. */
static bool take_lines(struct taken *taken, const struct ut_series *s,
		       const struct ut_plan *plan, struct ut_rect frame)
{
	double last_x = NAN, last_y = NAN, x, y, part;
	size_t i, j, steps;
	bool good = true;

	for (i = 0; i < s->count && good; ++i) {
		if (!drawn(s, i, plan, frame, &x, &y)) {
			last_x = NAN;
			continue;
		}
		steps = isnan(last_x) ? 0
				      : (size_t)(hypot(x - last_x, y - last_y) /
						 STRIDE);
		for (j = 1; j < steps && good; ++j) {
			part = (double)j / (double)steps;
			good = take(taken, around(last_x + part * (x - last_x),
						  last_y + part * (y - last_y),
						  STRIDE, STRIDE));
		}
		last_x = x;
		last_y = y;
	}
	return good;
}

/* A label, and the point of its edge that is nearest to its mark. */
struct label {
	struct ut_rect rect;
	double to_x, to_y;
};

static double clamp(double value, double low, double length)
{
	return fmin(fmax(value, low), low + length);
}

/* Steps along the leader from the mark's edge on; each is to be free, or taken. */
static bool walk_leader(struct taken *taken, size_t first, double x, double y,
			const struct label *label, bool take_them)
{
	double length = hypot(label->to_x - x, label->to_y - y), at;
	bool good = true;

	for (at = 1.5 * MARK; at < length - 1 && good; at += 3) {
		struct ut_rect step =
			around(x + at / length * (label->to_x - x),
			       y + at / length * (label->to_y - y), 2, 2);

		good = take_them ? take(taken, step)
				 : is_free(taken, first, step);
	}
	return good;
}

/*
 * The nearest free place for a label of a mark, beginning at its right, with a
 * leader that crosses nothing of what is taken from number `first` on; false where
 * there is none.
 */
static bool place(struct taken *taken, size_t first, struct ut_rect frame,
		  double x, double y, double width, double height,
		  struct label *label)
{
	int ring, angle;

	for (ring = 0; ring < RINGS; ++ring)
		for (angle = 0; angle < ANGLES; ++angle) {
			double turn = 8 * atan(1) * angle / ANGLES;
			double away = FIRST + ring * RING;

			label->rect =
				around(x + (away + width / 2) * cos(turn),
				       y - (away + height / 4) * sin(turn),
				       width, height);
			label->to_x = clamp(x, label->rect.x, width);
			label->to_y = clamp(y, label->rect.y, height);
			if (contains(frame, label->rect) &&
			    is_free(taken, 0, label->rect) &&
			    walk_leader(taken, first, x, y, label, false))
				return true;
		}
	return false;
}

/* False when memory ran out. A label that has no place is left out. */
static bool draw_label(struct ut_canvas *canvas, struct taken *taken,
		       struct ut_rect frame, double x, double y,
		       const char *text)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke stroke = {palette->muted, 0.7, false};
	double width =
		ut_canvas_measure(canvas, UT_FONT_NOTE, text) + 2 * APART;
	/* where what a leader may not cross begins: better, worse */
	const size_t barred[] = {taken->lines, taken->marks, taken->count};
	struct label label;
	size_t i;

	for (i = 0; i < 3; ++i)
		if (place(taken, barred[i], frame, x, y, width,
			  UT_FONT_NOTE.size, &label))
			break;
	if (i == 3)
		return true;
	if (hypot(label.to_x - x, label.to_y - y) > FIRST + RING)
		ut_canvas_line(canvas, x, y, label.to_x, label.to_y, &stroke);
	ut_canvas_text(canvas, label.rect.x + width / 2,
		       label.rect.y + 0.86 * UT_FONT_NOTE.size, UT_MIDDLE, 0,
		       UT_FONT_NOTE, palette->ink, text);
	return take(taken, label.rect) &&
	       walk_leader(taken, 0, x, y, &label, true);
}

void ut_labels_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    const struct ut_plan *plan, struct ut_rect frame)
{
	struct taken taken = {0};
	bool good = true, any = false;
	size_t i, j;

	for (i = 0; i < panel->series_count; ++i)
		any = any || panel->series[i].labels;
	if (!any)
		return;
	for (i = 0; i < panel->series_count && good; ++i)
		good = take_lines(&taken, &panel->series[i], plan, frame);
	taken.lines = taken.count;
	for (i = 0; i < panel->series_count && good; ++i)
		if (panel->series[i].marks)
			good = take_marks(&taken, &panel->series[i], plan,
					  frame);
	taken.marks = taken.count;
	for (i = 0; i < panel->series_count; ++i) {
		const struct ut_series *s = &panel->series[i];
		double x, y;

		for (j = 0; s->labels && j < s->count && good; ++j)
			if (s->labels[j] && drawn(s, j, plan, frame, &x, &y))
				good = draw_label(canvas, &taken, frame, x, y,
						  s->labels[j]);
	}
	if (!good)
		ut_canvas_fail(canvas);
	free(taken.list);
}
