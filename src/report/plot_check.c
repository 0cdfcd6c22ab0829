/* Whether a figure can be drawn. */
#include "report/plot_check.h"

#include <math.h>
#include <string.h>

#include "report/plot_number.h"

enum {
	PANELS_MOST = 1000,
	CELLS_MOST = 1000, /* of a heat map, each way */
	IMAGES_MOST = 4096,
	IMAGE_SIDE_MOST = 4096,
};

static enum ut_status check_stem(const char *stem, struct ut_error *error)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!stem || !*stem || *stem == '.' || strlen(stem) > 200 ||
	    stem[strspn(stem, letters)])
		return ut_error_set(error, UT_INVALID,
				    "figure '%s': its files' name must be of "
				    "A-Za-z0-9._- and not begin with a point",
				    stem ? stem : "");
	return UT_OK;
}

static enum ut_status check_axis(const struct ut_axis *axis, const char *which,
				 struct ut_error *error)
{
	double ends[] = {axis->min, axis->max};
	size_t i;

	for (i = 0; i < 2; ++i) {
		if (isnan(ends[i]))
			continue;
		if (!ut_number_drawn(ends[i]))
			return ut_error_set(error, UT_INVALID,
					    "the %s axis has no end at %g",
					    which, ends[i]);
		if (axis->logarithmic && axis->min != axis->max &&
		    !(ends[i] >= 1e-100))
			return ut_error_set(error, UT_INVALID,
					    "the logarithmic %s axis cannot "
					    "reach %g",
					    which, ends[i]);
	}
	if (axis->min > axis->max)
		return ut_error_set(error, UT_INVALID,
				    "the %s axis goes from %g to %g", which,
				    axis->min, axis->max);
	return UT_OK;
}

static enum ut_status check_heat(const struct ut_heat *heat,
				 struct ut_error *error)
{
	if (heat->rows > CELLS_MOST || heat->columns > CELLS_MOST)
		return ut_error_set(error, UT_INVALID,
				    "a heat map of %zu x %zu cells, and %d is "
				    "the most either way",
				    heat->rows, heat->columns, CELLS_MOST);
	if (heat->min > heat->max)
		return ut_error_set(error, UT_INVALID,
				    "the colours go from %g to %g", heat->min,
				    heat->max);
	if (isinf(heat->min) || isinf(heat->max))
		return ut_error_set(error, UT_INVALID,
				    "the colours have no end");
	return UT_OK;
}

static enum ut_status check_gallery(const struct ut_gallery *gallery,
				    struct ut_error *error)
{
	if (!gallery->count)
		return UT_OK;
	if (gallery->count > IMAGES_MOST)
		return ut_error_set(error, UT_INVALID,
				    "%zu images, and %d are the most",
				    gallery->count, IMAGES_MOST);
	if (!gallery->height || !gallery->width ||
	    gallery->height > IMAGE_SIDE_MOST ||
	    gallery->width > IMAGE_SIDE_MOST ||
	    (gallery->channels != 1 && gallery->channels != 3))
		return ut_error_set(error, UT_INVALID,
				    "images of %zu x %zu with %zu channels",
				    gallery->height, gallery->width,
				    gallery->channels);
	return UT_OK;
}

static enum ut_status check_panel(const struct ut_panel *panel,
				  struct ut_error *error)
{
	enum ut_status status = UT_OK;

	switch (panel->kind) {
	case UT_LINES:
		if (!panel->x.names)
			status = check_axis(&panel->x, "horizontal", error);
		if (!status)
			status = check_axis(&panel->y, "vertical", error);
		return status;
	case UT_BARS:
		return check_axis(&panel->y, "vertical", error);
	case UT_HEAT:
		return check_heat(&panel->heat, error);
	case UT_GALLERY:
		return check_gallery(&panel->gallery, error);
	}
	return ut_error_set(error, UT_INVALID, "no panel is of kind %d",
			    (int)panel->kind);
}

enum ut_status ut_figure_check(const struct ut_figure *figure,
			       struct ut_error *error)
{
	enum ut_status status = check_stem(figure->stem, error);
	size_t i;

	if (status)
		return status;
	if (figure->panel_count > PANELS_MOST)
		return ut_error_set(error, UT_INVALID,
				    "figure %s has %zu panels, and %d are the "
				    "most",
				    figure->stem, figure->panel_count,
				    PANELS_MOST);
	for (i = 0; i < figure->panel_count; ++i)
		if (check_panel(&figure->panels[i], error))
			return ut_error_prefix(error, "figure %s, panel %zu",
					       figure->stem, i + 1);
	return UT_OK;
}
