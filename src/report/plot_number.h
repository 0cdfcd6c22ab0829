/* Numbers in figures, as people write them. */
#ifndef UT_PLOT_NUMBER_H
#define UT_PLOT_NUMBER_H

#include <stdbool.h>

#include "base/text.h"

enum { UT_NUMBER_BYTES = 48 };

/* A number that can be drawn: no NaN, nothing so large that sums overflow. */
bool ut_number_drawn(double value);

/* With so many decimals; no "-0". A minus is U+2212. */
void ut_number_write(char text[UT_NUMBER_BYTES], double value, int decimals);

/* mantissa x 10 to the exponent; without the mantissa if decimals < 0. */
void ut_number_write_power(char text[UT_NUMBER_BYTES], double value,
			   int exponent, int decimals);

/* As few digits as it takes, six at most: of a place on an axis. */
void ut_number_short(char text[UT_NUMBER_BYTES], double value);

/*
 * Three or four digits that count, the same decimals for all that are said
 * together: scale is the largest of their magnitudes.
 */
void ut_number_say(char text[UT_NUMBER_BYTES], double value, double scale);

/* Appends " (low to high)", or nothing where there is no interval. */
void ut_number_interval(struct ut_text *text, double low, double high,
			double scale);

/* Appends 15 digits at most, a point, no "-0"; nothing for a NaN. */
void ut_number_exact(struct ut_text *text, double value);

#endif
