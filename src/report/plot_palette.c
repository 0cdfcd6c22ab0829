/* Colours of figures. */
#include "report/plot_palette.h"

#include <math.h>

#define RGB(hex)                                                         \
	{                                                                \
		((hex) >> 16 & 255) / 255.0, ((hex) >> 8 & 255) / 255.0, \
			((hex)&255) / 255.0, 1                           \
	}

/*
 * The series are Okabe and Ito's (2008), in the order of enum ut_hue; in the
 * dark the same hues, lighter.
 */
static const struct ut_palette palettes[] = {
	[UT_LIGHT] =
		{
			.paper = RGB(0xffffff),
			.ink = RGB(0x1b1f24),
			.muted = RGB(0x57606a),
			.axis = RGB(0x8c959f),
			.grid = RGB(0xe4e7eb),
			.empty = RGB(0xe9ecef),
			.band = 0.18,
			.series = {RGB(0x0072b2), RGB(0xd55e00), RGB(0x009e73),
				   RGB(0xcc79a7), RGB(0xe69f00), RGB(0x56b4e9),
				   RGB(0x8c959f), RGB(0x1b1f24)},
		},
	[UT_DARK] =
		{
			.paper = RGB(0x14171c),
			.ink = RGB(0xe9edf1),
			.muted = RGB(0xa3acb7),
			.axis = RGB(0x6b7480),
			.grid = RGB(0x2b3038),
			.empty = RGB(0x2b3038),
			.band = 0.3,
			.series = {RGB(0x3f9bdc), RGB(0xf0773a), RGB(0x2fbf94),
				   RGB(0xdb94bd), RGB(0xf2b134), RGB(0x93d3f7),
				   RGB(0x8b95a1), RGB(0xe9edf1)},
		},
};

/* Ten colours of viridis at equal distances. */
static const struct ut_colour_rgba viridis[] = {
	RGB(0x440154), RGB(0x482777), RGB(0x3e4989), RGB(0x31688e),
	RGB(0x26828e), RGB(0x1f9e89), RGB(0x35b779), RGB(0x6ece58),
	RGB(0xb5de2b), RGB(0xfde725),
};

const struct ut_palette *ut_palette(enum ut_theme theme)
{
	return &palettes[theme == UT_DARK];
}

struct ut_colour_rgba ut_palette_series(const struct ut_palette *palette,
					unsigned colour)
{
	return palette->series[colour % UT_HUES];
}

struct ut_colour_rgba ut_colour_fade(struct ut_colour_rgba colour, double alpha)
{
	colour.a *= alpha;
	return colour;
}

struct ut_colour_rgba ut_colour_scale(double t)
{
	enum { LAST = sizeof(viridis) / sizeof(*viridis) - 1 };
	double at = fmin(fmax(t, 0), 1) * LAST;
	int i = at >= LAST ? LAST - 1 : (int)at;
	double f = at - i;
	struct ut_colour_rgba a = viridis[i], b = viridis[i + 1];

	return (struct ut_colour_rgba){a.r + f * (b.r - a.r),
				       a.g + f * (b.g - a.g),
				       a.b + f * (b.b - a.b), 1};
}

/* The luminance of WCAG 2, of one channel. */
static double linear(double c)
{
	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

struct ut_colour_rgba ut_colour_readable(struct ut_colour_rgba behind)
{
	double luminance = 0.2126 * linear(behind.r) +
			   0.7152 * linear(behind.g) +
			   0.0722 * linear(behind.b);
	/* where black and white stand out alike */
	double grey = luminance > 0.179 ? 0.05 : 1;

	return (struct ut_colour_rgba){grey, grey, grey, 1};
}
