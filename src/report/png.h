/* Pictures as PNG files (ISO/IEC 15948), quickly: for flat colours. */
#ifndef UT_PNG_H
#define UT_PNG_H

#include <stdint.h>

#include "base/text.h"

/*
 * Appends a file of width x height pixels, each 0xrrggbb, rows `stride` pixels
 * apart; both are 1 or more. The same pixels give the same bytes with the same
 * zlib. Memory that runs out latches in the text.
 */
void ut_png_append(struct ut_text *file, const uint32_t *pixels, size_t width,
		   size_t height, size_t stride);

#endif
