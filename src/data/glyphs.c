/* Glyphs: digits drawn with a pen along deformed strokes. Integers only. */
#include "data/glyphs.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/order.h"
#include "data/strokes.h"

/* "glyp": the generator's purpose */
#define PURPOSE_GLYPHS 0x676c7970u

enum {
	SIDE = UT_GLYPHS_SIDE,
	PIXEL = 256, /* a pixel's side, in the canvas's units */
	ONE = 65536, /* 1 in 16.16 */
	PIECES = 6,  /* straight pieces of one bend of a stroke */
	FAR = 1 << 30,
};

struct point {
	int32_t x, y;
};

/* How one image is drawn; everything that is the same for all its strokes. */
struct pen {
	int32_t xx, xy, yx, yy; /* 16.16: stroke units to canvas units */
	struct point shift;     /* canvas units */
	int32_t jitter;       /* most that a stroke's points move, its units */
	int32_t radius, edge; /* canvas units: half width, width of the edge */
	int32_t ink, noise;   /* pixel values */
};

/*
 * A picture in the making: squared distance of each pixel to the nearest ink.
 */
struct canvas {
	int32_t distance[SIDE][SIDE];
};

static int32_t draw_between(struct ut_draw *draw, int32_t low, int32_t high)
{
	return low + (int32_t)ut_draw_below(draw, (uint32_t)(high - low + 1));
}

/* a * b of 16.16, rounded towards 0. */
static int32_t times(int32_t a, int32_t b)
{
	return (int32_t)((int64_t)a * b / ONE);
}

/*
 * Turn, slant, stretch and shift. The turn is by t = tan(angle / 2): its cosine
 * (1 - t^2) / (1 + t^2) and sine 2 t / (1 + t^2) need no table.
 */
static struct pen draw_pen(struct ut_draw *draw)
{
	int32_t unit = PIXEL * 21 * (ONE / UT_STROKES_HEIGHT);
	int32_t t = draw_between(draw, -ONE / 6, ONE / 6);
	int32_t slant = draw_between(draw, -ONE / 8, ONE / 3);
	int32_t wide = draw_between(draw, ONE * 6 / 10, ONE * 12 / 10);
	int32_t high = draw_between(draw, ONE * 7 / 10, ONE * 11 / 10);
	int32_t square = times(t, t);
	int32_t cosine =
		(int32_t)((int64_t)(ONE - square) * ONE / (ONE + square));
	int32_t sine = (int32_t)((int64_t)2 * t * ONE / (ONE + square));
	struct pen pen;

	/* x' = wide x - slant y, y' = high y; then turned */
	wide = times(wide, unit);
	slant = times(slant, unit);
	high = times(high, unit);
	pen.xx = times(cosine, wide);
	pen.xy = -times(cosine, slant) - times(sine, high);
	pen.yx = times(sine, wide);
	pen.yy = times(cosine, high) - times(sine, slant);
	pen.shift.x = SIDE * PIXEL / 2 + draw_between(draw, -640, 640);
	pen.shift.y = SIDE * PIXEL / 2 + draw_between(draw, -640, 640);
	pen.jitter = draw_between(draw, 2, 13);
	pen.radius = draw_between(draw, 150, 400);
	pen.edge = draw_between(draw, PIXEL, 2 * PIXEL);
	pen.ink = draw_between(draw, 150, 255);
	pen.noise = draw_between(draw, 0, 24);
	return pen;
}

/* A stroke's point on the canvas, moved a little. */
static struct point place(const struct pen *pen, struct ut_draw *draw,
			  const int16_t at[2])
{
	int32_t x = at[0] + draw_between(draw, -pen->jitter, pen->jitter) -
		    UT_STROKES_WIDTH / 2;
	int32_t y = at[1] + draw_between(draw, -pen->jitter, pen->jitter) -
		    UT_STROKES_HEIGHT / 2;

	return (struct point){
		times(pen->xx, x) + times(pen->xy, y) + pen->shift.x,
		times(pen->yx, x) + times(pen->yy, y) + pen->shift.y,
	};
}

/* Squared distance of p to the straight piece from a to b. */
static int32_t distance_to(struct point p, struct point a, struct point b)
{
	int64_t vx = b.x - a.x, vy = b.y - a.y;
	int64_t wx = p.x - a.x, wy = p.y - a.y;
	int64_t along = wx * vx + wy * vy, length = vx * vx + vy * vy;
	int64_t across = wx * vy - wy * vx;

	if (along <= 0)
		return (int32_t)(wx * wx + wy * wy);
	if (along >= length)
		return (int32_t)((wx - vx) * (wx - vx) + (wy - vy) * (wy - vy));
	return (int32_t)(across * across / length);
}

/* The pixels, first to last, within reach of both ends of a piece. */
static void span(int32_t a, int32_t b, int32_t reach, int32_t *first,
		 int32_t *last)
{
	int32_t low = (a < b ? a : b) - reach, high = (a < b ? b : a) + reach;

	*first = low < 0 ? 0 : low / PIXEL;
	*last = high < 0 ? -1 : high / PIXEL;
	if (*last > SIDE - 1)
		*last = SIDE - 1;
}

static void draw_piece(struct canvas *canvas, const struct pen *pen,
		       struct point a, struct point b)
{
	int32_t reach = pen->radius + pen->edge;
	int32_t left, right, top, bottom, x, y;

	span(a.x, b.x, reach, &left, &right);
	span(a.y, b.y, reach, &top, &bottom);
	for (y = top; y <= bottom; ++y)
		for (x = left; x <= right; ++x) {
			struct point centre = {x * PIXEL + PIXEL / 2,
					       y * PIXEL + PIXEL / 2};
			int32_t d = distance_to(centre, a, b);

			if (d < canvas->distance[y][x])
				canvas->distance[y][x] = d;
		}
}

static struct point middle(struct point a, struct point b)
{
	return (struct point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

/* The parabola from a to b that leaves and arrives in the direction of c. */
static void draw_bend(struct canvas *canvas, const struct pen *pen,
		      struct point a, struct point c, struct point b)
{
	struct point last = a;
	int32_t i;

	for (i = 1; i <= PIECES; ++i) {
		int32_t u = (PIECES - i) * (PIECES - i);
		int32_t v = 2 * i * (PIECES - i), w = i * i;
		struct point next = {
			(u * a.x + v * c.x + w * b.x) / (PIECES * PIECES),
			(u * a.y + v * c.y + w * b.y) / (PIECES * PIECES),
		};

		draw_piece(canvas, pen, last, next);
		last = next;
	}
}

/* A quadratic B-spline: see data/strokes.h. */
static void draw_stroke(struct canvas *canvas, const struct pen *pen,
			struct ut_draw *draw, const struct ut_stroke *stroke)
{
	struct point p[UT_STROKE_POINTS];
	size_t n = stroke->count, i;

	for (i = 0; i < n; ++i) {
		const int16_t *at = stroke->points[i];

		/* a corner is one point, named twice */
		if (i && at[0] == at[-2] && at[1] == at[-1])
			p[i] = p[i - 1];
		else
			p[i] = place(pen, draw, at);
	}
	if (n == 2) {
		draw_piece(canvas, pen, p[0], p[1]);
		return;
	}
	for (i = stroke->closed ? 0 : 1; i < (stroke->closed ? n : n - 1);
	     ++i) {
		struct point before = p[(i + n - 1) % n];
		struct point after = p[(i + 1) % n];
		bool first = !stroke->closed && i == 1;
		bool last = !stroke->closed && i == n - 2;

		draw_bend(canvas, pen, first ? before : middle(before, p[i]),
			  p[i], last ? after : middle(p[i], after));
	}
}

/* The whole part of the square root. */
static int32_t root(int32_t x)
{
	int32_t r = 0, bit;

	for (bit = 1 << 14; bit; bit >>= 1)
		if ((r | bit) * (r | bit) <= x)
			r |= bit;
	return r;
}

/* What the pen leaves at a squared distance: full inside, less at its edge. */
static int32_t ink_at(const struct pen *pen, int32_t distance)
{
	int32_t outer = pen->radius + pen->edge / 2, depth;

	if (distance >= outer * outer)
		return 0;
	depth = outer - root(distance);
	if (depth >= pen->edge)
		return pen->ink;
	return pen->ink * depth / pen->edge;
}

static void develop(uint8_t *image, const struct canvas *canvas,
		    const struct pen *pen, struct ut_draw *draw)
{
	size_t i;

	for (i = 0; i < SIDE * SIDE; ++i) {
		int32_t value =
			ink_at(pen, canvas->distance[i / SIDE][i % SIDE]);

		value += draw_between(draw, -pen->noise, pen->noise);
		image[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
	}
}

void ut_glyphs_draw(uint8_t image[SIDE * SIDE], unsigned digit, uint32_t seed,
		    uint32_t split, uint32_t index)
{
	struct ut_rng rng = {.seed = seed,
			     .purpose = PURPOSE_GLYPHS,
			     .stream = split};
	struct ut_draw draw = ut_draw_from(rng, index);
	const struct ut_shapes *shapes = &ut_digits[digit];
	const struct ut_shape *shape;
	struct canvas canvas;
	struct pen pen;
	size_t i;

	assert(digit < 10);
	for (i = 0; i < SIDE * SIDE; ++i)
		canvas.distance[i / SIDE][i % SIDE] = FAR;
	pen = draw_pen(&draw);
	shape = &shapes->shapes[ut_draw_below(&draw, shapes->count)];
	for (i = 0; i < shape->count; ++i)
		draw_stroke(&canvas, &pen, &draw, &shape->strokes[i]);
	develop(image, &canvas, &pen, &draw);
}

static bool make_split(struct ut_split *split, size_t count, uint32_t seed,
		       uint32_t which)
{
	size_t i;

	split->count = count;
	split->images = malloc(count * SIDE * SIDE);
	split->labels = malloc(count);
	if (!split->images || !split->labels)
		return false;
	for (i = 0; i < count; ++i) {
		split->labels[i] = (uint8_t)(i % 10);
		ut_glyphs_draw(split->images + i * SIDE * SIDE,
			       split->labels[i], seed, which, (uint32_t)i);
	}
	return true;
}

enum ut_status ut_glyphs_make(struct ut_dataset *set, size_t train, size_t test,
			      uint32_t seed, struct ut_error *error)
{
	struct ut_dataset made = {
		.height = SIDE,
		.width = SIDE,
		.channels = 1,
		.classes = 10,
	};

	assert(train && test && train < UINT32_MAX && test < UINT32_MAX);
	snprintf(made.name, sizeof(made.name), "glyphs");
	if (!make_split(&made.train, train, seed, 0) ||
	    !make_split(&made.test, test, seed, 1)) {
		ut_dataset_release(&made);
		return ut_error_set(error, UT_MEMORY,
				    "no memory for the data set");
	}
	ut_split_digest(&made, &made.train);
	ut_split_digest(&made, &made.test);
	*set = made;
	return UT_OK;
}
