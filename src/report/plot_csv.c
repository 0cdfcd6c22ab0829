/* The numbers of a figure. */
#include "report/plot.h"

#include <math.h>
#include <string.h>

#include "report/plot_number.h"

/* One line in the making: panel,kind,name are there, then x,y,low,high. */
static void append_word(struct ut_text *text, const char *word)
{
	const char *c;

	word = word ? word : "";
	if (!strpbrk(word, ",\"\r\n")) {
		ut_text_append(text, "%s", word);
		return;
	}
	ut_text_append(text, "\"");
	for (c = word; *c; ++c)
		ut_text_append(text, *c == '"' ? "\"%c" : "%c", *c);
	ut_text_append(text, "\"");
}

static void begin_line(struct ut_text *text, size_t panel, const char *kind,
		       const char *name)
{
	ut_text_append(text, "%zu,%s,", panel, kind);
	append_word(text, name);
	ut_text_append(text, ",");
}

/* The rest of a line, after x. */
static void end_line(struct ut_text *text, double y, double low, double high)
{
	ut_text_append(text, ",");
	ut_number_exact(text, y);
	ut_text_append(text, ",");
	ut_number_exact(text, low);
	ut_text_append(text, ",");
	ut_number_exact(text, high);
	ut_text_append(text, "\n");
}

/* A place's name where it has one. */
static void append_place(struct ut_text *text, const char *const *names,
			 size_t count, double x)
{
	if (names && x == rint(x) && x >= 0 && x < (double)count)
		append_word(text, names[(size_t)x]);
	else
		ut_number_exact(text, x);
}

static void append_series(struct ut_text *text, size_t number,
			  const struct ut_panel *panel,
			  const struct ut_series *series)
{
	bool band = series->low && series->high;
	size_t i;

	for (i = 0; i < series->count; ++i) {
		begin_line(text, number, "point", series->name);
		append_place(text, panel->x.names, panel->x.names_count,
			     series->x ? series->x[i] : (double)i);
		end_line(text, series->y[i], band ? series->low[i] : NAN,
			 band ? series->high[i] : NAN);
	}
}

/* A dot's x is its number, from 1. */
static void append_bar(struct ut_text *text, size_t number,
		       const struct ut_bar *bar)
{
	size_t i;

	begin_line(text, number, "bar", bar->name);
	end_line(text, bar->mean, bar->low, bar->high);
	for (i = 0; i < bar->dot_count; ++i) {
		begin_line(text, number, "dot", bar->name);
		ut_text_append(text, "%zu", i + 1);
		end_line(text, bar->dots[i], NAN, NAN);
	}
}

static void append_heat(struct ut_text *text, size_t number,
			const struct ut_heat *heat)
{
	size_t i, j;

	for (i = 0; i < heat->rows; ++i)
		for (j = 0; j < heat->columns; ++j) {
			ut_text_append(text, "%zu,cell,", number);
			append_place(text, heat->row_names, heat->rows,
				     (double)i);
			ut_text_append(text, ",");
			append_place(text, heat->column_names, heat->columns,
				     (double)j);
			end_line(text, heat->values[i * heat->columns + j], NAN,
				 NAN);
		}
}

static void append_panel(struct ut_text *text, size_t number,
			 const struct ut_panel *panel)
{
	bool plain = panel->kind == UT_LINES || panel->kind == UT_BARS;
	size_t i;

	for (i = 0; panel->kind == UT_LINES && i < panel->series_count; ++i)
		append_series(text, number, panel, &panel->series[i]);
	for (i = 0; panel->kind == UT_BARS && i < panel->bar_count; ++i)
		append_bar(text, number, &panel->bars[i]);
	for (i = 0; plain && i < panel->level_count; ++i) {
		begin_line(text, number, "level", panel->levels[i].name);
		end_line(text, panel->levels[i].y, panel->levels[i].low,
			 panel->levels[i].high);
	}
	if (panel->kind == UT_HEAT)
		append_heat(text, number, &panel->heat);
	for (i = 0; panel->kind == UT_GALLERY && i < panel->gallery.count;
	     ++i) {
		begin_line(text, number, "image",
			   panel->gallery.captions ? panel->gallery.captions[i]
						   : NULL);
		ut_text_append(text, "%zu", i + 1);
		end_line(text, NAN, NAN, NAN);
	}
}

void ut_figure_csv(const struct ut_figure *figure, struct ut_text *text)
{
	size_t i;

	ut_text_append(text, "panel,kind,name,x,y,low,high\n");
	for (i = 0; i < figure->panel_count; ++i)
		append_panel(text, i + 1, &figure->panels[i]);
}
