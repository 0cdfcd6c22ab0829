/* Axes of figures: scales and ticks. */
#include "report/plot_axes.h"

#include <math.h>

struct ut_range ut_range_empty(void)
{
	return (struct ut_range){.min = 1, .max = -1};
}

void ut_range_add(struct ut_range *range, double value, bool logarithmic)
{
	if (!ut_number_drawn(value) || (logarithmic && !(value >= 1e-100)))
		return;
	range->fraction |= value != rint(value);
	if (range->min > range->max) {
		range->min = range->max = value;
		return;
	}
	range->min = fmin(range->min, value);
	range->max = fmax(range->max, value);
}

/* 1, 2 or 5 times a power of ten. */
static double nice_step(const struct ut_scale *scale, size_t target)
{
	double raw = (scale->max - scale->min) / (double)target;
	double power = pow(10, floor(log10(raw)));
	double f = raw / power * (1 - 1e-9);
	double step = power * (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10);

	return scale->whole && step < 1 ? 1 : step;
}

/* Makes room around a single number. */
static void widen(struct ut_scale *scale)
{
	double size = fmax(fabs(scale->min), fabs(scale->max));

	if (scale->logarithmic) {
		if (!(scale->max / scale->min >= 1.05)) {
			scale->min /= 2;
			scale->max *= 2;
		}
		return;
	}
	if (scale->max - scale->min > 1e-9 * size)
		return;
	scale->min -= size > 0 ? size / 2 : 1;
	scale->max += size > 0 ? size / 2 : 1;
}

/* Ends as the axis gives them, else as the data do. */
static struct ut_scale ends_of(const struct ut_axis *axis,
			       struct ut_range range, double low, double high)
{
	struct ut_scale scale = {range.min, range.max, axis->logarithmic,
				 !range.fraction};

	if (scale.min > scale.max) {
		scale.min = axis->logarithmic ? 1 : 0;
		scale.max = axis->logarithmic ? 10 : 1;
		scale.whole = false;
	}
	/* the data may lie wholly beyond the end that is given */
	if (!isnan(low)) {
		scale.min = low;
		scale.max = fmax(low, scale.max);
	}
	if (!isnan(high)) {
		scale.max = high;
		scale.min = fmin(high, scale.min);
	}
	widen(&scale);
	return scale;
}

struct ut_scale ut_scale_new(const struct ut_axis *axis, struct ut_range range,
			     size_t target)
{
	bool open = axis->min == axis->max;
	double low = open ? NAN : axis->min, high = open ? NAN : axis->max;
	struct ut_scale scale = ends_of(axis, range, low, high);
	double step, room;

	if (scale.logarithmic) {
		room = pow(scale.max / scale.min, 0.03);
		scale.min = isnan(low) ? scale.min / room : scale.min;
		scale.max = isnan(high) ? scale.max * room : scale.max;
		return scale;
	}
	step = target ? nice_step(&scale, target) : 0;
	room = 0.03 * (scale.max - scale.min);
	if (isnan(low))
		scale.min = target ? floor(scale.min / step + 1e-9) * step
				   : scale.min - room;
	if (isnan(high))
		scale.max = target ? ceil(scale.max / step - 1e-9) * step
				   : scale.max + room;
	return scale;
}

double ut_scale_part(const struct ut_scale *scale, double value)
{
	double part;

	if (!ut_number_drawn(value) || (scale->logarithmic && !(value > 0)))
		return NAN;
	if (scale->logarithmic)
		part = log(value / scale->min) / log(scale->max / scale->min);
	else
		part = (value - scale->min) / (scale->max - scale->min);
	return fmin(fmax(part, -1000), 1000);
}

static void add_tick(struct ut_ticks *ticks, const struct ut_scale *scale,
		     double at, int exponent, int decimals)
{
	double part = ut_scale_part(scale, at);
	char *text = ticks->text[ticks->count];

	if (ticks->count == UT_TICKS || !(part >= -1e-6 && part <= 1 + 1e-6))
		return;
	ticks->at[ticks->count++] = at;
	if (exponent >= -4 && exponent < 6)
		ut_number_write(text, at, decimals);
	else
		ut_number_write_power(text, at, exponent, decimals);
}

static void ticks_linear(const struct ut_scale *scale, size_t target,
			 struct ut_ticks *ticks)
{
	double step = nice_step(scale, target);
	double largest = fmax(fabs(scale->min), fabs(scale->max));
	int exponent = (int)floor(log10(largest) + 1e-9);
	int digits = (int)floor(log10(step) + 1e-9);
	bool power = exponent < -4 || exponent >= 6;
	double first = ceil(scale->min / step - 1e-6);
	int i;

	for (i = 0; i < UT_TICKS; ++i)
		add_tick(ticks, scale, (first + i) * step, exponent,
			 power        ? exponent - digits
			 : digits < 0 ? -digits
				      : 0);
}

/* Decades, and 2 and 5 between them where there are few. */
static void ticks_logarithmic(const struct ut_scale *scale, size_t target,
			      struct ut_ticks *ticks)
{
	double decades = log10(scale->max / scale->min);
	int first = (int)floor(log10(scale->min));
	int last = (int)ceil(log10(scale->max));
	int every = 1 + (int)(decades / (double)target);
	bool between = decades * 3 <= (double)target;
	int exponent, multiple;

	for (exponent = first; exponent <= last; exponent += every)
		for (multiple = 1; multiple <= 5;
		     multiple += multiple == 1 ? 1 : 3) {
			double at = multiple * pow(10, exponent);

			if (multiple > 1 && !between)
				break;
			add_tick(ticks, scale, at, exponent,
				 exponent >= -4 && exponent < 6
					 ? (exponent < 0 ? -exponent : 0)
				 : between ? 0
					   : -1);
		}
}

void ut_ticks_make(struct ut_canvas *canvas, const struct ut_scale *scale,
		   size_t target, struct ut_ticks *ticks)
{
	size_t i;

	*ticks = (struct ut_ticks){0};
	target = target ? target : 1;
	if (scale->logarithmic)
		ticks_logarithmic(scale, target, ticks);
	/* less than a decade may hold none of those */
	if (ticks->count < 2) {
		ticks->count = 0;
		ticks_linear(scale, target, ticks);
	}
	for (i = 0; i < ticks->count; ++i)
		ticks->width = fmax(ticks->width,
				    ut_canvas_measure(canvas, UT_FONT_TICK,
						      ticks->text[i]));
}
