/* No canvas: what a build without cairo has in its place. */
#include "report/plot_canvas.h"

#include "config.h"

#if !UT_HAVE_CAIRO

#include <assert.h>

bool ut_plot_available(void)
{
	return false;
}

enum ut_status ut_canvas_new(struct ut_canvas **canvas,
			     const struct ut_palette *palette,
			     struct ut_error *error)
{
	(void)palette;
	*canvas = NULL;
	return ut_error_set(error, UT_MISSING,
			    "figures cannot be drawn: this build has no cairo "
			    "(Debian: libcairo2-dev, then ./configure)");
}

void ut_canvas_free(struct ut_canvas *canvas)
{
	assert(!canvas);
	(void)canvas;
}

/* The others are never called: there is no canvas to call them with. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

void ut_canvas_begin_svg(struct ut_canvas *canvas, double width, double height)
{
	assert(!canvas);
}

void ut_canvas_begin_png(struct ut_canvas *canvas, double width, double height,
			 double scale)
{
	assert(!canvas);
}

enum ut_status ut_canvas_end(struct ut_canvas *canvas, struct ut_text *text,
			     struct ut_error *error)
{
	assert(!canvas);
	return UT_MISSING;
}

const struct ut_palette *ut_canvas_palette(const struct ut_canvas *canvas)
{
	assert(!canvas);
	return NULL;
}

void ut_canvas_line(struct ut_canvas *canvas, double x0, double y0, double x1,
		    double y1, const struct ut_stroke *stroke)
{
	assert(!canvas);
}

void ut_canvas_path(struct ut_canvas *canvas, const double *xy, size_t count,
		    const struct ut_stroke *stroke)
{
	assert(!canvas);
}

void ut_canvas_polygon(struct ut_canvas *canvas, const double *xy, size_t count,
		       struct ut_colour_rgba fill)
{
	assert(!canvas);
}

void ut_canvas_fill(struct ut_canvas *canvas, struct ut_rect rect,
		    struct ut_colour_rgba fill)
{
	assert(!canvas);
}

void ut_canvas_mark(struct ut_canvas *canvas, unsigned shape, double x,
		    double y, double radius, struct ut_colour_rgba fill,
		    const struct ut_stroke *edge)
{
	assert(!canvas);
}

void ut_canvas_clip(struct ut_canvas *canvas, struct ut_rect rect)
{
	assert(!canvas);
}

void ut_canvas_unclip(struct ut_canvas *canvas)
{
	assert(!canvas);
}

void ut_canvas_text(struct ut_canvas *canvas, double x, double y,
		    enum ut_anchor anchor, double degrees, struct ut_font font,
		    struct ut_colour_rgba colour, const char *text)
{
	assert(!canvas);
}

double ut_canvas_measure(struct ut_canvas *canvas, struct ut_font font,
			 const char *text)
{
	assert(!canvas);
	return 0;
}

void ut_canvas_image(struct ut_canvas *canvas, struct ut_rect rect,
		     const uint8_t *pixels, size_t height, size_t width,
		     size_t channels)
{
	assert(!canvas);
}

bool ut_canvas_enlarged(const struct ut_canvas *canvas)
{
	assert(!canvas);
	return false;
}

void ut_canvas_spot(struct ut_canvas *canvas, struct ut_rect rect,
		    const char *format, ...)
{
	assert(!canvas);
}

void ut_canvas_fail(struct ut_canvas *canvas)
{
	assert(!canvas);
}

void ut_canvas_take_spots(struct ut_canvas *canvas, struct ut_spot **spots,
			  size_t *count)
{
	assert(!canvas);
}

#endif
