/* Numbers in figures. */
#include "report/plot_number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool ut_number_drawn(double value)
{
	return fabs(value) <= 1e100;
}

/* Formats as in the C locale, with a true minus. */
__attribute__((format(printf, 2, 3))) static void put(
	char text[UT_NUMBER_BYTES], const char *format, ...)
{
	struct ut_text all = {0};
	va_list arguments;
	const char *c;

	va_start(arguments, format);
	ut_text_append_list(&all, format, arguments);
	va_end(arguments);
	c = ut_text_string(&all);
	snprintf(text, UT_NUMBER_BYTES, "%s%s", *c == '-' ? "\u2212" : "",
		 c + (*c == '-'));
	ut_text_release(&all);
}

/* Without the sign of a value that is written as 0. */
static double without_minus_zero(double value, int decimals)
{
	return fabs(value) < 0.5 * pow(10, -decimals) ? 0 : value;
}

void ut_number_write(char text[UT_NUMBER_BYTES], double value, int decimals)
{
	decimals = decimals < 0 ? 0 : decimals > 17 ? 17 : decimals;
	if (!ut_number_drawn(value))
		put(text, "%s", "?");
	else if (fabs(value) >= 1e18)
		put(text, "%.3g", value);
	else
		put(text, "%.*f", decimals,
		    without_minus_zero(value, decimals));
}

void ut_number_write_power(char text[UT_NUMBER_BYTES], double value,
			   int exponent, int decimals)
{
	static const char digits[10][4] = {"\u2070", "\u00b9", "\u00b2",
					   "\u00b3", "\u2074", "\u2075",
					   "\u2076", "\u2077", "\u2078",
					   "\u2079"};
	char mantissa[UT_NUMBER_BYTES] = "", power[16], *c;
	size_t length;

	if (value == 0) {
		put(text, "0");
		return;
	}
	if (decimals >= 0) {
		ut_number_write(mantissa, value / pow(10, exponent), decimals);
		strcat(mantissa, "\u00d7");
	}
	length = (size_t)snprintf(text, UT_NUMBER_BYTES, "%s10%s", mantissa,
				  exponent < 0 ? "\u207b" : "");
	snprintf(power, sizeof(power), "%d",
		 exponent < 0 ? -exponent : exponent);
	for (c = power; *c && length < UT_NUMBER_BYTES - 4; ++c)
		length += (size_t)snprintf(text + length,
					   UT_NUMBER_BYTES - length, "%s",
					   digits[*c - '0']);
}

void ut_number_short(char text[UT_NUMBER_BYTES], double value)
{
	put(text, "%.6g", value == 0 ? 0 : value);
}

void ut_number_say(char text[UT_NUMBER_BYTES], double value, double scale)
{
	int exponent;

	scale = fmax(fabs(scale), fabs(value));
	if (scale == 0 || (value == rint(value) && scale == rint(scale) &&
			   scale < 1e15 && scale > 1)) {
		ut_number_write(text, value, 0);
		return;
	}
	exponent = (int)floor(log10(scale));
	if (exponent < -3 || exponent > 5)
		put(text, "%.3g", value);
	else if (exponent < -1)
		ut_number_write(text, value, 2 - exponent);
	else
		ut_number_write(text, value,
				exponent > 3   ? 0
				: exponent > 0 ? 3 - exponent
					       : 3);
}

void ut_number_interval(struct ut_text *text, double low, double high,
			double scale)
{
	char from[UT_NUMBER_BYTES], to[UT_NUMBER_BYTES];

	if (!ut_number_drawn(low) || !ut_number_drawn(high))
		return;
	ut_number_say(from, low, scale);
	ut_number_say(to, high, scale);
	ut_text_append(text, " (%s to %s)", from, to);
}

void ut_number_exact(struct ut_text *text, double value)
{
	if (isnan(value))
		return;
	if (isinf(value))
		ut_text_append(text, value < 0 ? "-inf" : "inf");
	else
		ut_text_append(text, "%.15g", value == 0 ? 0 : value);
}
