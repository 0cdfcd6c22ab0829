/* Panels of coloured cells. */
#include "report/plot_panel.h"

#include <math.h>

enum {
	ROW_NAME_MOST = 130,
	GAP = 6,
	KEY_APART = 12, /* the colours' key: from the cells */
	KEY_WIDTH = 12,
	KEY_STEPS = 64,
	DECIMALS = 2,
};

static double value_at(const struct ut_heat *heat, size_t row, size_t column)
{
	return heat->values[row * heat->columns + column];
}

/* The range of the colours. */
static struct ut_scale scale_of(const struct ut_heat *heat)
{
	struct ut_axis axis = {.min = heat->min, .max = heat->max};
	struct ut_range range = ut_range_empty();
	struct ut_scale scale;
	size_t i;

	for (i = 0; i < heat->rows * heat->columns; ++i)
		ut_range_add(&range, heat->values[i], false);
	scale = ut_scale_new(&axis, range, 5);
	if (axis.min == axis.max && range.max > range.min) {
		scale.min = range.min;
		scale.max = range.max;
	}
	return scale;
}

/* The number of a cell: two decimals, or none if all are whole. */
static void write_cell(char text[UT_NUMBER_BYTES], const struct ut_scale *scale,
		       double value)
{
	double size = fmax(fabs(scale->min), fabs(scale->max));

	if (scale->whole && size < 1e6)
		ut_number_write(text, value, 0);
	else if (size < 100 && size >= 0.1)
		ut_number_write(text, value, size < 10 ? DECIMALS : 1);
	else
		ut_number_say(text, value, size);
}

/* The widest of the cells' numbers. */
static double numbers_width(struct ut_canvas *canvas,
			    const struct ut_heat *heat,
			    const struct ut_scale *scale)
{
	double width = 0;
	size_t i;

	for (i = 0; i < heat->rows * heat->columns; ++i) {
		char number[UT_NUMBER_BYTES];

		if (!ut_number_drawn(heat->values[i]))
			continue;
		write_cell(number, scale, heat->values[i]);
		width = fmax(width,
			     ut_canvas_measure(canvas, UT_FONT_NOTE, number));
	}
	return width;
}

static void lay_row_name(struct ut_canvas *canvas, const struct ut_heat *heat,
			 size_t i, struct ut_words *words)
{
	struct ut_names names = {heat->rows, heat->row_names, NULL};
	char number[UT_NUMBER_BYTES];

	ut_words_lay(canvas, UT_FONT_TICK, ut_names_at(&names, i, number),
		     ROW_NAME_MOST, 1, words);
}

/* Rows between two whose names are written. */
static size_t row_step(const struct ut_plan *plan)
{
	return (size_t)ceil((UT_FONT_TICK.size + 1) / plan->row);
}

static double clamp(double value, double low, double high)
{
	return fmin(fmax(value, low), high);
}

void ut_heat_plan(struct ut_canvas *canvas, const struct ut_panel *panel,
		  size_t columns, struct ut_plan *plan)
{
	const struct ut_heat *heat = &panel->heat;
	double across = fmax(1, (double)heat->columns);
	double down = fmax(1, (double)heat->rows), most, numbers = 0;
	struct ut_names names = {heat->columns, heat->column_names, NULL};
	struct ut_words words;
	size_t i;

	ut_frame_size(columns, &most, &plan->height);
	plan->y = scale_of(heat);
	if (heat->numbers && across <= 30 && down <= 100)
		numbers = numbers_width(canvas, heat, &plan->y) + 7;
	plan->cell = fmax(clamp(0.9 * most / across, 3, 44), numbers);
	/* cells of a large map are squares of few points */
	if (across > 300 || down > 300)
		plan->cell = 1000 / fmax(across, down);
	plan->row =
		heat->rows == heat->columns ? plan->cell : fmin(plan->cell, 28);
	plan->width = across * plan->cell;
	plan->height = down * plan->row;
	plan->x = (struct ut_scale){.min = -0.5, .max = across - 0.5};
	ut_foot_plan(canvas, &panel->x, &plan->x, names, true, plan->width,
		     &plan->foot);
	ut_ticks_make(canvas, &plan->y, (size_t)clamp(plan->height / 22, 1, 5),
		      &plan->ticks);
	for (i = 0; i < heat->rows; i += row_step(plan)) {
		lay_row_name(canvas, heat, i, &words);
		plan->left = fmax(plan->left, words.width + GAP);
	}
	plan->label = plan->left + 9;
	if (panel->y.label && *panel->y.label)
		plan->left += UT_FONT_LABEL.size + 9;
	plan->left = fmax(plan->left, plan->foot.left);
	plan->right = KEY_APART + KEY_WIDTH + 5 + plan->ticks.width;
	plan->right = fmax(plan->right, plan->foot.right);
	plan->bottom = plan->foot.height;
	plan->top = 4;
}

static void draw_key(struct ut_canvas *canvas, const struct ut_plan *plan,
		     struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	double x = frame.x + frame.width + KEY_APART;
	double step = frame.height / KEY_STEPS;
	size_t i;

	for (i = 0; i < KEY_STEPS; ++i) {
		/* over the next one: no paper shines through between them */
		double more = i + 1 < KEY_STEPS ? 0.5 : 0;

		ut_canvas_fill(canvas,
			       (struct ut_rect){x, frame.y + (double)i * step,
						KEY_WIDTH, step + more},
			       ut_colour_scale(1 -
					       ((double)i + 0.5) / KEY_STEPS));
	}
	for (i = 0; i < plan->ticks.count; ++i)
		ut_canvas_text(canvas, x + KEY_WIDTH + 5,
			       ut_frame_y(frame, &plan->y, plan->ticks.at[i]) +
				       0.36 * UT_FONT_TICK.size,
			       UT_START, 0, UT_FONT_TICK, palette->muted,
			       plan->ticks.text[i]);
}

static void say_cell(struct ut_canvas *canvas, const struct ut_panel *panel,
		     const struct ut_plan *plan, size_t row, size_t column,
		     struct ut_rect rect)
{
	const struct ut_heat *heat = &panel->heat;
	struct ut_names rows = {heat->rows, heat->row_names, NULL};
	struct ut_names columns = {heat->columns, heat->column_names, NULL};
	double value = value_at(heat, row, column);
	double size = fmax(fabs(plan->y.min), fabs(plan->y.max));
	char number[UT_NUMBER_BYTES];
	struct ut_text text = {0};

	ut_words_clean(&text, panel->y.label, false);
	ut_text_append(&text, "%s", text.length ? " " : "");
	ut_words_clean(&text, ut_names_at(&rows, row, number), false);
	ut_text_append(&text, ", ");
	ut_words_clean(&text, panel->x.label, false);
	ut_text_append(&text, "%s",
		       panel->x.label && *panel->x.label ? " " : "");
	ut_words_clean(&text, ut_names_at(&columns, column, number), false);
	if (ut_number_drawn(value))
		ut_number_say(number, value, plan->y.whole ? 2 : size);
	ut_text_append(&text, ": %s", ut_number_drawn(value) ? number : "none");
	ut_canvas_spot(canvas, rect, "%s", ut_text_string(&text));
	ut_text_release(&text);
}

static void draw_cell(struct ut_canvas *canvas, const struct ut_panel *panel,
		      const struct ut_plan *plan, struct ut_rect rect,
		      double value, bool number)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	struct ut_colour_rgba colour = palette->empty;
	double part = ut_scale_part(&plan->y, value);
	char text[UT_NUMBER_BYTES];

	(void)panel;
	if (!isnan(part))
		colour = ut_colour_scale(part);
	ut_canvas_fill(canvas, rect, colour);
	if (!number || isnan(part))
		return;
	write_cell(text, &plan->y, value);
	ut_canvas_text(canvas, rect.x + plan->cell / 2,
		       rect.y + plan->row / 2 + 0.36 * UT_FONT_NOTE.size,
		       UT_MIDDLE, 0, UT_FONT_NOTE, ut_colour_readable(colour),
		       text);
}

void ut_heat_draw(struct ut_canvas *canvas, const struct ut_panel *panel,
		  const struct ut_plan *plan, struct ut_rect frame)
{
	const struct ut_palette *palette = ut_canvas_palette(canvas);
	const struct ut_heat *heat = &panel->heat;
	bool numbers = heat->numbers && heat->columns <= 30 &&
		       heat->rows <= 100 && plan->row >= UT_FONT_NOTE.size + 2;
	/* paper between cells where they are large enough to see */
	double gap = plan->cell >= 12 && plan->row >= 12 ? 1 : -0.3;
	size_t step = row_step(plan), i, j;
	struct ut_words words;

	for (i = 0; i < heat->rows; ++i) {
		double y = frame.y + (double)i * plan->row;

		for (j = 0; j < heat->columns; ++j) {
			struct ut_rect rect = {frame.x + (double)j * plan->cell,
					       y, plan->cell - gap,
					       plan->row - gap};

			draw_cell(canvas, panel, plan, rect,
				  value_at(heat, i, j), numbers);
			if (heat->rows * heat->columns <= 10000)
				say_cell(canvas, panel, plan, i, j, rect);
		}
		if (i % step)
			continue;
		lay_row_name(canvas, heat, i, &words);
		ut_words_draw(canvas, frame.x - GAP,
			      y + plan->row / 2 + 0.36 * UT_FONT_TICK.size,
			      UT_END, UT_FONT_TICK, palette->ink, &words);
	}
	if (heat->rows && heat->columns)
		draw_key(canvas, plan, frame);
	ut_foot_draw(canvas, &plan->foot, &plan->x, frame, false);
	ut_side_label(canvas, &panel->y, plan->label, frame);
}
