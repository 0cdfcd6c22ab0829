/* The strokes of the digits that data/glyphs.h draws. */
#ifndef UT_STROKES_H
#define UT_STROKES_H

#include <stdbool.h>
#include <stdint.h>

/* A digit fills about this box; x to the right, y down. */
enum { UT_STROKES_WIDTH = 100, UT_STROKES_HEIGHT = 140 };

enum { UT_STROKE_POINTS = 12, UT_SHAPE_STROKES = 3, UT_SHAPES = 3 };

/*
 * One movement of the pen: a quadratic B-spline over its points. It begins and
 * ends in its end points (or is closed), and touches each side of the polygon
 * in the middle. A point named twice is a corner. Two points are a straight
 * line.
 */
struct ut_stroke {
	uint8_t count;
	bool closed;
	int16_t points[UT_STROKE_POINTS][2];
};

/* A way to write a digit. */
struct ut_shape {
	uint8_t count;
	struct ut_stroke strokes[UT_SHAPE_STROKES];
};

/* The ways there are. */
struct ut_shapes {
	uint8_t count;
	struct ut_shape shapes[UT_SHAPES];
};

extern const struct ut_shapes ut_digits[10];

#endif
