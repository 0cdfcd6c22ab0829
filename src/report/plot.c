/* Figures: panels laid out in rows, drawn, and written to files. */
#include "report/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/plot_check.h"
#include "report/plot_panel.h"
#include "report/plot_svg.h"

enum {
	EDGE = 12,         /* around everything */
	GUTTER = 26,       /* between panels */
	WIDTH_LEAST = 340, /* of a figure with a title */
	WIDTH_MOST = 16000,
	PNG_SCALE = 2,
};

static ut_panel_plan *const planners[] = {
	[UT_LINES] = ut_lines_plan,
	[UT_BARS] = ut_bars_plan,
	[UT_HEAT] = ut_heat_plan,
	[UT_GALLERY] = ut_gallery_plan,
};

static ut_panel_draw *const drawers[] = {
	[UT_LINES] = ut_lines_draw,
	[UT_BARS] = ut_bars_draw,
	[UT_HEAT] = ut_heat_draw,
	[UT_GALLERY] = ut_gallery_draw,
};

/* One panel's share of a layout. */
struct place {
	struct ut_plan plan;
	struct ut_words title;
	double x, y; /* of the frame */
	double left; /* where the title begins */
	double head; /* from the title's top to the frame */
};

struct layout {
	size_t columns;
	struct place *places;          /* (panels) */
	double *left, *middle, *right; /* (columns) */
	double width, height;
	double top; /* of the panels */
	struct ut_words title, caption;
};

static void layout_release(struct layout *layout)
{
	free(layout->places);
	free(layout->left);
	*layout = (struct layout){0};
}

/* Plans every panel; the widest of each column rules it. */
static void plan_columns(struct ut_canvas *canvas,
			 const struct ut_figure *figure, struct layout *layout)
{
	size_t i;

	for (i = 0; i < figure->panel_count; ++i) {
		struct ut_plan *plan = &layout->places[i].plan;
		size_t column = i % layout->columns;

		planners[figure->panels[i].kind](canvas, &figure->panels[i],
						 layout->columns, plan);
		layout->left[column] = fmax(layout->left[column], plan->left);
		layout->middle[column] =
			fmax(layout->middle[column], plan->width);
		layout->right[column] =
			fmax(layout->right[column], plan->right);
	}
	for (i = 0; i < figure->panel_count; ++i) {
		layout->places[i].plan.left = layout->left[i % layout->columns];
		layout->places[i].plan.right =
			layout->right[i % layout->columns];
	}
}

/* Places the panels of one row, whose frames begin at one height. */
static double place_row(struct ut_canvas *canvas,
			const struct ut_figure *figure, size_t first,
			double top, struct layout *layout)
{
	size_t end = first + layout->columns, i;
	double head = 0, below = 0, x = EDGE;

	end = end < figure->panel_count ? end : figure->panel_count;
	for (i = first; i < end; ++i) {
		struct place *place = &layout->places[i];
		size_t column = i - first;
		double title;

		ut_words_lay(canvas, UT_FONT_PANEL, figure->panels[i].title,
			     layout->left[column] + layout->middle[column] +
				     layout->right[column],
			     3, &place->title);
		title = (double)place->title.count *
			ut_font_leading(UT_FONT_PANEL);
		head = fmax(head,
			    place->plan.top + (title > 0 ? title + 6 : 0));
		below = fmax(below, place->plan.height + place->plan.bottom);
		place->left = x;
		place->x = x + layout->left[column];
		x += layout->left[column] + layout->middle[column] +
		     layout->right[column] + GUTTER;
	}
	for (i = first; i < end; ++i) {
		layout->places[i].y = top + head;
		layout->places[i].head = head;
	}
	return head + below;
}

/* Lays out all. title, caption: whether there is room for them. */
static enum ut_status lay_out(struct ut_canvas *canvas,
			      const struct ut_figure *figure, bool titled,
			      struct layout *layout, struct ut_error *error)
{
	size_t columns = figure->columns ? figure->columns : 1, i;
	double x = 2 * EDGE, y = EDGE;

	columns = columns < figure->panel_count ? columns : figure->panel_count;
	columns = columns ? columns : 1;
	*layout = (struct layout){.columns = columns};
	layout->places =
		calloc(figure->panel_count + 1, sizeof(*layout->places));
	layout->left = calloc(3 * columns, sizeof(double));
	if (!layout->places || !layout->left)
		return ut_error_set(error, UT_MEMORY, "no memory for a figure");
	layout->middle = layout->left + columns;
	layout->right = layout->middle + columns;
	plan_columns(canvas, figure, layout);
	for (i = 0; i < columns; ++i)
		x += layout->left[i] + layout->middle[i] + layout->right[i];
	layout->width = ceil(x + (double)(columns - 1) * GUTTER);
	if (titled) {
		layout->width = fmax(layout->width, WIDTH_LEAST);
		ut_words_lay(canvas, UT_FONT_TITLE, figure->title,
			     layout->width - 2 * EDGE, 3, &layout->title);
		ut_words_lay(canvas, UT_FONT_NOTE, figure->caption,
			     layout->width - 2 * EDGE, UT_WORDS_LINES,
			     &layout->caption);
	}
	if (layout->title.count)
		y += (double)layout->title.count *
			     ut_font_leading(UT_FONT_TITLE) +
		     8;
	for (i = 0; i < figure->panel_count; i += columns)
		y += place_row(canvas, figure, i, y + (i ? GUTTER : 0),
			       layout) +
		     (i ? GUTTER : 0);
	if (layout->caption.count)
		y += (double)layout->caption.count *
			     ut_font_leading(UT_FONT_NOTE) +
		     10;
	layout->height = ceil(y + EDGE);
	if (!(layout->width <= WIDTH_MOST && layout->height <= WIDTH_MOST))
		return ut_error_set(error, UT_INVALID,
				    "figure %s would be %.0f x %.0f points, "
				    "and %d is the most: draw less in it",
				    figure->stem, layout->width, layout->height,
				    WIDTH_MOST);
	return UT_OK;
}

static void draw_panels(struct ut_canvas *canvas,
			const struct ut_figure *figure,
			const struct layout *layout)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	size_t i;

	for (i = 0; i < figure->panel_count; ++i) {
		const struct place *place = &layout->places[i];
		struct ut_rect frame = {place->x, place->y, place->plan.width,
					place->plan.height};

		ut_words_draw(canvas, place->left,
			      place->y - place->head + UT_FONT_PANEL.size,
			      UT_START, UT_FONT_PANEL, palette->ink,
			      &place->title);
		drawers[figure->panels[i].kind](canvas, &figure->panels[i],
						&place->plan, frame);
	}
}

/* The same with paper, title and caption. */
static void draw_whole(struct ut_canvas *canvas, const struct ut_figure *figure,
		       const struct layout *layout)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double caption =
		(double)layout->caption.count * ut_font_leading(UT_FONT_NOTE);

	ut_canvas_fill(canvas,
		       (struct ut_rect){0, 0, layout->width, layout->height},
		       palette->paper);
	ut_words_draw(canvas, EDGE, EDGE + UT_FONT_TITLE.size, UT_START,
		      UT_FONT_TITLE, palette->ink, &layout->title);
	draw_panels(canvas, figure, layout);
	ut_words_draw(canvas, EDGE,
		      layout->height - EDGE - caption + UT_FONT_NOTE.size,
		      UT_START, UT_FONT_NOTE, palette->muted, &layout->caption);
}

/* Ends a drawing in SVG and appends what can stand in a page. */
static enum ut_status end_svg(struct ut_canvas *canvas,
			      const struct ut_figure *figure,
			      enum ut_theme theme, const struct layout *layout,
			      struct ut_text *svg, struct ut_error *error)
{
	struct ut_text file = {0}, label = {0}, prefix = {0};
	enum ut_status status = ut_canvas_end(canvas, &file, error);

	ut_words_clean(&label, figure->title, true);
	ut_text_append(&prefix, "f-%s-%s-", figure->stem,
		       theme == UT_DARK ? "dark" : "light");
	if (!status)
		ut_svg_adopt(svg, ut_text_string(&file), layout->width,
			     layout->height, ut_text_string(&prefix),
			     ut_text_string(&label),
			     ut_canvas_enlarged(canvas));
	if (!status && (label.failed || prefix.failed || svg->failed))
		status = ut_error_set(error, UT_MEMORY,
				      "no memory for a figure");
	ut_text_release(&file);
	ut_text_release(&label);
	ut_text_release(&prefix);
	return status;
}

enum ut_status ut_figure_draw(const struct ut_figure *figure,
			      enum ut_theme theme, struct ut_drawing *drawing,
			      struct ut_error *error)
{
	struct ut_canvas *canvas = NULL;
	struct layout layout = {0};
	enum ut_status status;

	*drawing = (struct ut_drawing){0};
	status = ut_figure_check(figure, error);
	if (!status)
		status = ut_canvas_new(&canvas, ut_palette(theme), error);
	if (!status)
		status = lay_out(canvas, figure, false, &layout, error);
	if (!status) {
		ut_canvas_begin_svg(canvas, layout.width, layout.height);
		draw_panels(canvas, figure, &layout);
		status = end_svg(canvas, figure, theme, &layout, &drawing->svg,
				 error);
	}
	if (!status) {
		drawing->width = layout.width;
		drawing->height = layout.height;
		ut_canvas_take_spots(canvas, &drawing->spots,
				     &drawing->spot_count);
	}
	layout_release(&layout);
	ut_canvas_free(canvas);
	return status;
}

void ut_drawing_release(struct ut_drawing *drawing)
{
	size_t i;

	for (i = 0; i < drawing->spot_count; ++i)
		free(drawing->spots[i].text);
	free(drawing->spots);
	ut_text_release(&drawing->svg);
	*drawing = (struct ut_drawing){0};
}

/* Files -------------------------------------------------------------------- */

static enum ut_status write_text(const char *path, const struct ut_text *text,
				 struct ut_error *error)
{
	if (text->failed)
		return ut_error_set(error, UT_MEMORY, "no memory for a figure");
	return ut_file_write(path, ut_text_string(text), text->length, error);
}

/* "folder/STEM.ending" on the heap, or NULL. */
static char *path_of(const struct ut_figure *figure, const char *folder,
		     const char *ending)
{
	struct ut_text name = {0};
	char *path;

	ut_text_append(&name, "%s.%s", figure->stem, ending);
	path = name.failed ? NULL : ut_path_join(folder, ut_text_string(&name));
	ut_text_release(&name);
	return path;
}

static enum ut_status write_svg(struct ut_canvas *canvas,
				const struct ut_figure *figure,
				const struct layout *layout, const char *path,
				struct ut_error *error)
{
	struct ut_text svg = {0};
	enum ut_status status;

	ut_canvas_begin_svg(canvas, layout->width, layout->height);
	draw_whole(canvas, figure, layout);
	status = end_svg(canvas, figure, UT_LIGHT, layout, &svg, error);
	if (!status)
		status = write_text(path, &svg, error);
	ut_text_release(&svg);
	return status;
}

static enum ut_status write_png(struct ut_canvas *canvas,
				const struct ut_figure *figure,
				const struct layout *layout, const char *path,
				struct ut_error *error)
{
	struct ut_text png = {0};
	enum ut_status status;

	ut_canvas_begin_png(canvas, layout->width, layout->height, PNG_SCALE);
	draw_whole(canvas, figure, layout);
	status = ut_canvas_end(canvas, &png, error);
	if (!status)
		status = write_text(path, &png, error);
	ut_text_release(&png);
	return status;
}

/* Either path may be NULL: not that one. */
static enum ut_status write_drawings(const struct ut_figure *figure,
				     const char *svg, const char *png,
				     struct ut_error *error)
{
	struct ut_canvas *canvas = NULL;
	struct layout layout = {0};
	enum ut_status status;

	status = ut_canvas_new(&canvas, ut_palette(UT_LIGHT), error);
	if (!status)
		status = lay_out(canvas, figure, true, &layout, error);
	if (!status && svg)
		status = write_svg(canvas, figure, &layout, svg, error);
	if (!status && png)
		status = write_png(canvas, figure, &layout, png, error);
	layout_release(&layout);
	ut_canvas_free(canvas);
	return status;
}

static bool ends_in(const char *path, const char *ending)
{
	size_t length = strlen(path), more = strlen(ending);

	return length > more && !strcmp(path + length - more, ending);
}

enum ut_status ut_figure_savable(const char *path, struct ut_error *error)
{
	struct ut_canvas *canvas = NULL;
	enum ut_status status;

	if (!ends_in(path, ".svg") && !ends_in(path, ".png"))
		return ut_error_set(error, UT_INVALID,
				    "%s: a figure's file ends in .svg or .png",
				    path);
	status = ut_canvas_new(&canvas, ut_palette(UT_LIGHT), error);
	ut_canvas_free(canvas);
	return status;
}

enum ut_status ut_figure_save(const struct ut_figure *figure, const char *path,
			      struct ut_error *error)
{
	bool svg = ends_in(path, ".svg");
	enum ut_status status = ut_figure_savable(path, error);

	if (!status)
		status = ut_figure_check(figure, error);
	if (!status)
		status = write_drawings(figure, svg ? path : NULL,
					svg ? NULL : path, error);
	return status;
}

enum ut_status ut_figure_write(const struct ut_figure *figure,
			       const char *folder, struct ut_error *error)
{
	char *table = path_of(figure, folder, "csv");
	char *svg = path_of(figure, folder, "svg");
	char *png = path_of(figure, folder, "png");
	struct ut_text csv = {0};
	enum ut_status status = ut_figure_check(figure, error);

	if (!status && !(table && svg && png))
		status = ut_error_set(error, UT_MEMORY,
				      "no memory for a figure");
	if (!status) {
		ut_figure_csv(figure, &csv);
		status = write_text(table, &csv, error);
	}
	ut_text_release(&csv);
	if (!status && ut_plot_available())
		status = write_drawings(figure, svg, png, error);
	free(table);
	free(svg);
	free(png);
	return status;
}
