/* The legend of lines. */
#include "report/plot_legend.h"

enum { ROW = 18, SWATCH = 22, GAP = 6, APART = 16, ROWS_MOST = 4 };

void ut_series_mark(struct ut_canvas *canvas, const struct ut_series *series,
		    double x, double y)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke edge = {palette->paper, 1, false};

	ut_canvas_mark(canvas, series->colour, x, y, 3.6,
		       ut_palette_series(palette, series->colour), &edge);
}

void ut_series_sample(struct ut_canvas *canvas, const struct ut_series *series,
		      double x, double y)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_stroke stroke = {ut_palette_series(palette,
							   series->colour),
					 2, series->dashed};

	ut_canvas_line(canvas, x - SWATCH / 2.0, y, x + SWATCH / 2.0, y,
		       &stroke);
	if (series->marks)
		ut_series_mark(canvas, series, x, y);
}

/*
 * Walks over the legend's entries from left to right and down, drawing them if
 * `draw`; returns the rows.
 */
static size_t walk(struct ut_canvas *canvas, const struct ut_panel *panel,
		   struct ut_rect rect, bool draw)
{
	struct ut_colour_rgba ink = ut_canvas_palette(canvas)->ink;
	double x = rect.x;
	size_t rows = 0, i;

	for (i = 0; i < panel->series_count; ++i) {
		const struct ut_series *series = &panel->series[i];
		struct ut_words words;
		double y;

		ut_words_lay(canvas, UT_FONT_TICK, series->name,
			     rect.width - SWATCH - GAP, 1, &words);
		if (!words.count)
			continue;
		if (!rows || x + SWATCH + GAP + words.width >
				     rect.x + rect.width + 0.01) {
			if (rows == ROWS_MOST)
				break;
			x = rect.x;
			++rows;
		}
		y = rect.y + ((double)rows - 0.5) * ROW;
		if (draw) {
			ut_series_sample(canvas, series, x + SWATCH / 2.0, y);
			ut_words_draw(canvas, x + SWATCH + GAP,
				      y + 0.36 * UT_FONT_TICK.size, UT_START,
				      UT_FONT_TICK, ink, &words);
		}
		x += SWATCH + GAP + words.width + APART;
	}
	return rows;
}

double ut_legend_height(struct ut_canvas *canvas, const struct ut_panel *panel,
			double width)
{
	struct ut_rect rect = {0, 0, width, 0};

	return (double)walk(canvas, panel, rect, false) * ROW;
}

void ut_legend_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		    struct ut_rect rect)
{
	walk(canvas, panel, rect, true);
}
