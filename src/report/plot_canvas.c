/* What figures are drawn on, with cairo. */
#include "report/plot_canvas.h"

#include "config.h"

#if UT_HAVE_CAIRO

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-svg.h>
#include <cairo.h>

#include "report/png.h"

struct ut_canvas {
	cairo_t *cr;    /* NULL between drawings */
	cairo_t *ruler; /* the same widths whatever is drawn on */
	const struct ut_palette *palette;
	struct ut_text file;
	bool pixels;            /* a picture, not SVG */
	bool failed;            /* memory */
	bool enlarged, reduced; /* pictures there were */
	struct ut_spot *spots;
	size_t spot_count, spot_capacity;
};

bool ut_plot_available(void)
{
	return true;
}

/* Widths in proportion to the size: text is laid out the same at any scale. */
static void set_font_options(cairo_t *cr)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_set_font_options(cr, options);
	cairo_font_options_destroy(options);
}

/* A context that holds the only reference to its surface. */
static cairo_t *context(cairo_surface_t *surface)
{
	cairo_t *cr = cairo_create(surface);

	cairo_surface_destroy(surface);
	set_font_options(cr);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	return cr;
}

enum ut_status ut_canvas_new(struct ut_canvas **canvas,
			     const struct ut_palette *palette,
			     struct ut_error *error)
{
	struct ut_canvas *c = calloc(1, sizeof(*c));

	*canvas = c;
	if (!c)
		return ut_error_set(error, UT_MEMORY, "no memory for a figure");
	c->palette = palette;
	c->ruler = context(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
	return UT_OK;
}

static void free_spots(struct ut_canvas *canvas)
{
	size_t i;

	for (i = 0; i < canvas->spot_count; ++i)
		free(canvas->spots[i].text);
	free(canvas->spots);
	canvas->spots = NULL;
	canvas->spot_count = canvas->spot_capacity = 0;
}

void ut_canvas_free(struct ut_canvas *canvas)
{
	if (!canvas)
		return;
	if (canvas->cr)
		cairo_destroy(canvas->cr);
	cairo_destroy(canvas->ruler);
	ut_text_release(&canvas->file);
	free_spots(canvas);
	free(canvas);
}

static cairo_status_t append(void *to, const unsigned char *data,
			     unsigned length)
{
	struct ut_text *text = to;

	ut_text_append_bytes(text, (const char *)data, length);
	return text->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static void begin(struct ut_canvas *canvas, cairo_surface_t *surface,
		  bool pixels)
{
	assert(!canvas->cr);
	free_spots(canvas);
	ut_text_release(&canvas->file);
	canvas->pixels = pixels;
	canvas->enlarged = canvas->reduced = false;
	canvas->cr = context(surface);
}

void ut_canvas_begin_svg(struct ut_canvas *canvas, double width, double height)
{
	begin(canvas,
	      cairo_svg_surface_create_for_stream(append, &canvas->file, width,
						  height),
	      false);
}

void ut_canvas_begin_png(struct ut_canvas *canvas, double width, double height,
			 double scale)
{
	begin(canvas,
	      cairo_image_surface_create(CAIRO_FORMAT_RGB24,
					 (int)ceil(width * scale),
					 (int)ceil(height * scale)),
	      true);
	cairo_scale(canvas->cr, scale, scale);
}

enum ut_status ut_canvas_end(struct ut_canvas *canvas, struct ut_text *text,
			     struct ut_error *error)
{
	cairo_surface_t *surface;
	cairo_status_t status;

	surface = cairo_surface_reference(cairo_get_target(canvas->cr));
	status = cairo_status(canvas->cr);
	if (!status)
		status = cairo_status(canvas->ruler);
	cairo_destroy(canvas->cr);
	canvas->cr = NULL;
	if (!status && canvas->pixels) {
		cairo_surface_flush(surface);
		ut_png_append(&canvas->file,
			      (const void *)cairo_image_surface_get_data(
				      surface),
			      (size_t)cairo_image_surface_get_width(surface),
			      (size_t)cairo_image_surface_get_height(surface),
			      (size_t)cairo_image_surface_get_stride(surface) /
				      sizeof(uint32_t));
	}
	cairo_surface_finish(surface);
	if (!status)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (canvas->failed || canvas->file.failed ||
	    status == CAIRO_STATUS_NO_MEMORY)
		return ut_error_set(error, UT_MEMORY, "no memory for a figure");
	if (status)
		return ut_error_set(error, UT_INVALID, "cannot draw: %s",
				    cairo_status_to_string(status));
	ut_text_append_bytes(text, canvas->file.data, canvas->file.length);
	ut_text_release(&canvas->file);
	return UT_OK;
}

const struct ut_palette *ut_canvas_palette(const struct ut_canvas *canvas)
{
	return canvas->palette;
}

/* Lines and areas ---------------------------------------------------------- */

static void set_colour(cairo_t *cr, struct ut_colour_rgba c)
{
	cairo_set_source_rgba(cr, c.r, c.g, c.b, c.a);
}

static void stroke_path(cairo_t *cr, const struct ut_stroke *stroke)
{
	const double dashes[] = {3 + stroke->width, 2.5 + stroke->width};

	set_colour(cr, stroke->colour);
	cairo_set_line_width(cr, stroke->width);
	cairo_set_dash(cr, dashes, stroke->dashed ? 2 : 0, 0);
	cairo_stroke(cr);
}

void ut_canvas_line(struct ut_canvas *canvas, double x0, double y0, double x1,
		    double y1, const struct ut_stroke *stroke)
{
	const double xy[] = {x0, y0, x1, y1};

	ut_canvas_path(canvas, xy, 2, stroke);
}

static void trace(cairo_t *cr, const double *xy, size_t count)
{
	size_t i;

	cairo_new_path(cr);
	for (i = 0; i < count; ++i)
		cairo_line_to(cr, xy[2 * i], xy[2 * i + 1]);
}

void ut_canvas_path(struct ut_canvas *canvas, const double *xy, size_t count,
		    const struct ut_stroke *stroke)
{
	trace(canvas->cr, xy, count);
	stroke_path(canvas->cr, stroke);
}

void ut_canvas_polygon(struct ut_canvas *canvas, const double *xy, size_t count,
		       struct ut_colour_rgba fill)
{
	trace(canvas->cr, xy, count);
	set_colour(canvas->cr, fill);
	cairo_fill(canvas->cr);
}

void ut_canvas_fill(struct ut_canvas *canvas, struct ut_rect rect,
		    struct ut_colour_rgba fill)
{
	cairo_rectangle(canvas->cr, rect.x, rect.y, rect.width, rect.height);
	set_colour(canvas->cr, fill);
	cairo_fill(canvas->cr);
}

/* The corners of the marks after the disc, on a circle of radius 1. */
static const struct {
	unsigned corners;
	double radius, turn; /* degrees of the first corner */
} marks[] = {
	{0, 1, 0},      /* disc */
	{4, 1.25, 45},  /* square */
	{3, 1.35, -90}, /* triangle */
	{4, 1.35, 0},   /* diamond */
	{3, 1.35, 90},  /* triangle upside down */
	{5, 1.25, -90}, /* pentagon */
};

void ut_canvas_mark(struct ut_canvas *canvas, unsigned shape, double x,
		    double y, double radius, struct ut_colour_rgba fill,
		    const struct ut_stroke *edge)
{
	const double degree = acos(-1) / 180;
	unsigned kind = shape % (sizeof(marks) / sizeof(*marks)), i;
	cairo_t *cr = canvas->cr;

	cairo_new_path(cr);
	if (!marks[kind].corners)
		cairo_arc(cr, x, y, radius, 0, 360 * degree);
	for (i = 0; i < marks[kind].corners; ++i) {
		double turn =
			marks[kind].turn + i * 360.0 / marks[kind].corners;
		double r = radius * marks[kind].radius;

		cairo_line_to(cr, x + r * cos(turn * degree),
			      y + r * sin(turn * degree));
	}
	cairo_close_path(cr);
	set_colour(cr, fill);
	if (!edge) {
		cairo_fill(cr);
		return;
	}
	cairo_fill_preserve(cr);
	stroke_path(cr, edge);
}

void ut_canvas_clip(struct ut_canvas *canvas, struct ut_rect rect)
{
	cairo_save(canvas->cr);
	cairo_rectangle(canvas->cr, rect.x, rect.y, rect.width, rect.height);
	cairo_clip(canvas->cr);
}

void ut_canvas_unclip(struct ut_canvas *canvas)
{
	cairo_restore(canvas->cr);
}

/* Text --------------------------------------------------------------------- */

static void set_font(cairo_t *cr, struct ut_font font)
{
	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       font.bold ? CAIRO_FONT_WEIGHT_BOLD
					 : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, font.size);
}

double ut_canvas_measure(struct ut_canvas *canvas, struct ut_font font,
			 const char *text)
{
	cairo_text_extents_t extents;

	set_font(canvas->ruler, font);
	cairo_text_extents(canvas->ruler, text, &extents);
	return extents.x_advance;
}

void ut_canvas_text(struct ut_canvas *canvas, double x, double y,
		    enum ut_anchor anchor, double degrees, struct ut_font font,
		    struct ut_colour_rgba colour, const char *text)
{
	double width = ut_canvas_measure(canvas, font, text);
	cairo_t *cr = canvas->cr;

	cairo_save(cr);
	cairo_translate(cr, x, y);
	cairo_rotate(cr, -degrees * acos(-1) / 180);
	cairo_move_to(cr,
		      anchor == UT_START ? 0
		      : anchor == UT_END ? -width
					 : -width / 2,
		      0);
	set_font(cr, font);
	set_colour(cr, colour);
	cairo_show_text(cr, text);
	cairo_restore(cr);
	cairo_new_path(cr);
}

/* Pictures ----------------------------------------------------------------- */

static uint32_t pixel_at(const uint8_t *pixels, size_t i, size_t channels)
{
	const uint8_t *p = pixels + i * channels;

	if (channels == 1)
		return (uint32_t)p[0] * 0x010101;
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

void ut_canvas_image(struct ut_canvas *canvas, struct ut_rect rect,
		     const uint8_t *pixels, size_t height, size_t width,
		     size_t channels)
{
	cairo_surface_t *image =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width,
					   (int)height);
	unsigned char *data = cairo_image_surface_get_data(image);
	size_t stride = (size_t)cairo_image_surface_get_stride(image), x, y;
	bool enlarged = rect.width >= (double)width;
	cairo_t *cr = canvas->cr;

	if (!data) {
		ut_canvas_fail(canvas);
		cairo_surface_destroy(image);
		return;
	}
	*(enlarged ? &canvas->enlarged : &canvas->reduced) = true;
	cairo_surface_flush(image);
	for (y = 0; y < height; ++y)
		for (x = 0; x < width; ++x) {
			uint32_t pixel =
				pixel_at(pixels, y * width + x, channels);

			memcpy(data + y * stride + 4 * x, &pixel, 4);
		}
	cairo_surface_mark_dirty(image);
	cairo_save(cr);
	cairo_translate(cr, rect.x, rect.y);
	cairo_scale(cr, rect.width / (double)width,
		    rect.height / (double)height);
	cairo_set_source_surface(cr, image, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cr),
				 enlarged ? CAIRO_FILTER_NEAREST
					  : CAIRO_FILTER_GOOD);
	cairo_paint(cr);
	cairo_restore(cr);
	cairo_surface_destroy(image);
}

bool ut_canvas_enlarged(const struct ut_canvas *canvas)
{
	return canvas->enlarged && !canvas->reduced;
}

/* Spots -------------------------------------------------------------------- */

void ut_canvas_spot(struct ut_canvas *canvas, struct ut_rect rect,
		    const char *format, ...)
{
	struct ut_text text = {0};
	struct ut_spot *spots = canvas->spots;
	va_list arguments;

	if (canvas->pixels)
		return;
	va_start(arguments, format);
	ut_text_append_list(&text, format, arguments);
	va_end(arguments);
	if (canvas->spot_count == canvas->spot_capacity) {
		size_t capacity = 2 * canvas->spot_capacity + 64;

		spots = realloc(spots, capacity * sizeof(*spots));
		if (spots) {
			canvas->spots = spots;
			canvas->spot_capacity = capacity;
		}
	}
	if (!spots || text.failed) {
		canvas->failed = true;
		ut_text_release(&text);
		return;
	}
	if (!text.length) {
		ut_text_release(&text);
		return;
	}
	spots[canvas->spot_count++] =
		(struct ut_spot){rect.x, rect.y, rect.width, rect.height,
				 text.data};
}

void ut_canvas_fail(struct ut_canvas *canvas)
{
	canvas->failed = true;
}

void ut_canvas_take_spots(struct ut_canvas *canvas, struct ut_spot **spots,
			  size_t *count)
{
	*spots = canvas->spots;
	*count = canvas->spot_count;
	canvas->spots = NULL;
	canvas->spot_count = canvas->spot_capacity = 0;
}

#endif
