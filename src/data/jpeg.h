/*
 * JPEG files made into images of a wanted size, by libjpeg-turbo's exact integer
 * methods: docs/ARITHMETIC.md, section Photographs.
 */
#ifndef UT_JPEG_H
#define UT_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

#include "data/images.h"

/* Whether this build has libjpeg; without it decoding is UT_INVALID. */
bool ut_jpeg_available(void);

/*
 * Decodes the file in data to pixels (size, size, channels), as it is to be hung,
 * channels being 1 (grey) or 3 (RGB). UT_CORRUPT, the text saying what is
 * wrong without the file's name: anything that ut_jpeg_read_header refuses, and
 * data that are damaged or end too early, which libjpeg alone would call a
 * warning; pixels then hold nothing of use. UT_MEMORY.
 *
 * Prints nothing and keeps nothing: any number of threads may decode.
 */
enum ut_status ut_jpeg_decode(uint8_t *pixels, size_t size, size_t channels,
			      enum ut_image_fit fit, const uint8_t *data,
			      size_t bytes, struct ut_error *error);

#endif
