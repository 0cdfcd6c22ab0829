/* Panels of small pictures. */
#include "report/plot_panel.h"

#include <math.h>

enum {
	SIDE = 84,        /* points, about, of a picture */
	APART = 8,        /* between pictures */
	WIDTH_WISH = 680, /* of all of them */
	CAPTION_LINES = 3,
};

static size_t columns_of(const struct ut_gallery *gallery)
{
	size_t columns = gallery->columns ? gallery->columns : 10;

	return columns < gallery->count ? columns : gallery->count;
}

static void lay_caption(struct ut_canvas *canvas,
			const struct ut_gallery *gallery,
			const struct ut_plan *plan, size_t i,
			struct ut_words *words)
{
	ut_words_lay(canvas, UT_FONT_NOTE,
		     gallery->captions ? gallery->captions[i] : NULL,
		     plan->cell + APART - 3, CAPTION_LINES, words);
}

/* The size a picture is drawn in: half points where pixels are enlarged. */
static void picture_size(const struct ut_gallery *gallery, size_t columns,
			 double *width, double *height)
{
	double w = (double)gallery->width, h = (double)gallery->height;
	double room =
		fmax(24, fmin(SIDE, WIDTH_WISH / (double)columns - APART));
	double fit = room / fmax(w, h);

	if (fit >= 1)
		fit = floor(2 * fit + 0.2) / 2;
	*width = w * fit;
	*height = h * fit;
}

void ut_gallery_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		     size_t columns, struct ut_plan *plan)
{
	const struct ut_gallery *gallery = &panel->gallery;
	size_t across = columns_of(gallery), down, lines = 0, i;
	double width, height;

	(void)columns;
	plan->top = 4;
	if (!across)
		return;
	picture_size(gallery, across, &width, &height);
	/* captions want some room, whatever the pictures are */
	plan->cell = gallery->captions ? fmax(width, 56) : width;
	for (i = 0; i < gallery->count; ++i) {
		struct ut_words words;

		lay_caption(canvas, gallery, plan, i, &words);
		lines = words.count > lines ? words.count : lines;
	}
	plan->row = height + (double)lines * ut_font_leading(UT_FONT_NOTE) +
		    (lines ? 4 : 0);
	down = (gallery->count + across - 1) / across;
	plan->width = (double)across * (plan->cell + APART) - APART;
	plan->height = (double)down * (plan->row + APART) - APART;
}

void ut_gallery_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		     const struct ut_plan *plan, struct ut_rect frame)
{
	const struct ut_gallery *gallery = &panel->gallery;
	size_t across = columns_of(gallery), i;
	size_t bytes = gallery->height * gallery->width * gallery->channels;
	double width = 0, height = 0;

	if (across)
		picture_size(gallery, across, &width, &height);
	for (i = 0; i < gallery->count; ++i) {
		double x =
			frame.x + (double)(i % across) * (plan->cell + APART);
		double y = frame.y + (double)(i / across) * (plan->row + APART);
		struct ut_rect rect = {x + (plan->cell - width) / 2, y, width,
				       height};
		struct ut_text text = {0};
		struct ut_words words;

		ut_canvas_image(canvas, rect, gallery->pixels + i * bytes,
				gallery->height, gallery->width,
				gallery->channels);
		lay_caption(canvas, gallery, plan, i, &words);
		ut_words_draw(canvas, x + plan->cell / 2,
			      y + height + 3 + UT_FONT_NOTE.size, UT_MIDDLE,
			      UT_FONT_NOTE, ut_canvas_palette(canvas)->ink,
			      &words);
		if (gallery->captions)
			ut_words_clean(&text, gallery->captions[i], false);
		ut_canvas_spot(canvas, rect, "%s", ut_text_string(&text));
		ut_text_release(&text);
	}
}
