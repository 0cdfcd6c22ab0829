/* Benchmarks as a roofline picture. */
#include "lab/bench_figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/bench_suite.h"
#include "report/plot.h"

enum { POINTS = 100, SUITES = UT_HUE_INK, NAME = 96, CAPTION = 2048 };

/* All that the figure points to. */
struct drawing {
	double peak, bandwidth;
	size_t count; /* of points */
	char names[POINTS][NAME];
	const struct ut_measure *leader; /* the first pass of the last shape */
	size_t leader_number;
	/* Single points: between two is a gap. */
	double x[2 * POINTS], y[2 * POINTS];
	const char *labels[2 * POINTS];
	/* The roof, then a series for each suite. */
	struct ut_series series[1 + SUITES];
	size_t series_count;
	double roof_x[3], roof_y[3];
	char caption[CAPTION];
};

/* The medians of what was measured beside every operation; false: no memory. */
static bool find_ceilings(struct drawing *d,
			  const struct ut_bench_record *record)
{
	double *numbers = malloc((record->count + 1) * sizeof(*numbers));
	size_t i;

	if (!numbers)
		return false;
	for (i = 0; i < record->count; ++i)
		numbers[i] = record->measures[i].peak;
	d->peak = ut_median(numbers, record->count);
	for (i = 0; i < record->count; ++i)
		numbers[i] = record->measures[i].bandwidth;
	d->bandwidth = ut_median(numbers, record->count);
	free(numbers);
	return true;
}

static double roof_at(const struct drawing *d, double intensity)
{
	return fmin(d->peak, intensity * d->bandwidth);
}

/* Length of its name up to its pass, of gemm and conv; else 0. */
static size_t stem_of(const struct ut_measure *m)
{
	static const char *const passes[] = {" forward", " data", " weights"};
	size_t length = strlen(m->name), i;

	if (strcmp(m->suite, "gemm") && strcmp(m->suite, "conv"))
		return 0;
	for (i = 0; i < 3; ++i) {
		size_t more = strlen(passes[i]);

		if (length > more &&
		    !strcmp(m->name + length - more, passes[i]))
			return length - more;
	}
	return 0;
}

/*
 * The name of point i: "adam 62%". Passes of one shape have one name together, the
 * first's: "14x14 32->64: 70, 71, 72%".
 */
static void name_point(struct drawing *d, size_t i, const struct ut_measure *m)
{
	size_t stem = stem_of(m);
	char *name = d->names[i];
	double share = 100 * ut_measure_share(m);

	d->labels[2 * i] = name;
	if (!stem) {
		snprintf(name, NAME, "%s %.0f%%", m->name, share);
		return;
	}
	if (d->leader && stem_of(d->leader) == stem &&
	    !strncmp(d->leader->name, m->name, stem)) {
		name = d->names[d->leader_number];
		stem = strlen(name) - 1;
		snprintf(name + stem, NAME - stem, ", %.0f%%", share);
		d->labels[2 * i] = NULL;
		return;
	}
	d->leader = m;
	d->leader_number = i;
	/* "112x112 32->64, batch 16, forward", "1024x1024x1024 forward" */
	snprintf(name, NAME, "%.*s: %.0f%%",
		 (int)(strchr(m->name, ',') ? strcspn(m->name, ",") : stem),
		 m->name, share);
}

/* The next point, of the series that is being filled. */
static void add_point(struct drawing *d, const struct ut_measure *m)
{
	struct ut_series *series = &d->series[d->series_count - 1];
	size_t i = d->count, at = 2 * i;
	double intensity = m->flop / m->bytes;

	name_point(d, i, m);
	d->x[at] = intensity;
	d->y[at] = roof_at(d, intensity) * ut_measure_share(m) / 1e9;
	d->x[at + 1] = d->y[at + 1] = NAN;
	series->count = (size_t)(d->x + at + 2 - series->x);
	++d->count;
}

static void add_points(struct drawing *d, const struct ut_bench_record *record)
{
	size_t i;

	for (i = 0; i < record->count && d->count < POINTS; ++i) {
		const struct ut_measure *m = &record->measures[i];
		const char *last = d->series[d->series_count - 1].name;

		if (!(m->flop > 0 && m->bytes > 0))
			continue;
		if (!last || strcmp(last, m->suite)) {
			if (d->series_count == 1 + SUITES)
				return;
			d->series[d->series_count] = (struct ut_series){
				.name = m->suite,
				.x = d->x + 2 * d->count,
				.y = d->y + 2 * d->count,
				.labels = d->labels + 2 * d->count,
				.colour = (unsigned)d->series_count - 1,
				.marks = true,
			};
			++d->series_count;
		}
		add_point(d, m);
	}
}

/* From the points' lowest intensity to their highest, by the ridge. */
static void add_roof(struct drawing *d)
{
	double ridge = d->peak / d->bandwidth, low = ridge, high = ridge;
	size_t i;

	for (i = 0; i < d->count; ++i) {
		low = fmin(low, d->x[2 * i]);
		high = fmax(high, d->x[2 * i]);
	}
	d->roof_x[0] = low / 2;
	d->roof_x[1] = ridge;
	d->roof_x[2] = high * 10;
	for (i = 0; i < 3; ++i)
		d->roof_y[i] = roof_at(d, d->roof_x[i]) / 1e9;
}

/* Of the roof and the points, which noise may lift above it. */
static double highest(const struct drawing *d)
{
	double most = d->peak / 1e9;
	size_t i;

	for (i = 0; i < d->count; ++i)
		most = fmax(most, d->y[2 * i]);
	return most;
}

static enum ut_status save(const struct drawing *d,
			   const struct ut_bench_record *record,
			   const char *path, struct ut_error *error)
{
	char title[2 * UT_DEVICE_TEXT + 32];
	const struct ut_panel panel = {
		.kind = UT_LINES,
		.width = 960,
		.height = 620,
		.x = {.label = "operations a byte", .logarithmic = true},
		/* labels have room above the roof */
		.y = {.label = "GFLOP/s",
		      .min = NAN,
		      .max = 3 * highest(d),
		      .logarithmic = true},
		.series = d->series,
		.series_count = d->series_count,
	};
	const struct ut_figure figure = {
		.stem = "roofline",
		.title = title,
		.caption = d->caption,
		.columns = 1,
		.panels = &panel,
		.panel_count = 1,
	};

	snprintf(title, sizeof(title), "What %s does of what it could",
		 record->device.name);
	return ut_figure_save(&figure, path, error);
}

enum ut_status ut_bench_figure(const struct ut_bench_record *record,
			       const char *path, struct ut_error *error)
{
	struct drawing *d = calloc(1, sizeof(*d));
	enum ut_status status;

	if (!d || !find_ceilings(d, record)) {
		free(d);
		return ut_error_set(error, UT_MEMORY, "out of memory");
	}
	d->series[0] = (struct ut_series){
		.count = 3,
		.x = d->roof_x,
		.y = d->roof_y,
		.colour = UT_HUE_INK,
	};
	d->series_count = 1;
	add_points(d, record);
	add_roof(d);
	snprintf(d->caption, sizeof(d->caption),
		 "%s, driver %s, %s. The roof: %.1f GFLOP/s of fused "
		 "multiply-adds and %.1f GB/s of memory, both measured beside "
		 "each operation, of whose roof the percentages are; three of "
		 "them are of forward, data gradient and weight gradient. "
		 "Operations that do no arithmetic have no place here.",
		 record->device.platform, record->device.driver,
		 record->device.level, d->peak / 1e9, d->bandwidth / 1e9);
	status = d->count
			 ? save(d, record, path, error)
			 : ut_error_set(error, UT_INVALID,
					"nothing to draw: none of these "
					"benchmarks counts both arithmetic and "
					"memory");
	free(d);
	return status;
}
