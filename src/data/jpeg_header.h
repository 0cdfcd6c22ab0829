/*
 * What a JPEG file says of itself before its pixels. Read without a library and
 * without believing a length or an offset.
 */
#ifndef UT_JPEG_HEADER_H
#define UT_JPEG_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

/* Larger images are refused before memory is asked for. */
enum { UT_JPEG_SIDE_MAX = 16384, UT_JPEG_PIXELS_MAX = 1 << 27 };

struct ut_jpeg_header {
	size_t height, width; /* as stored */
	unsigned components;  /* 1, 3 or 4 */
	/* How to hang it: 1 to 8 as in EXIF, 1 where nothing says so. */
	unsigned orientation;
};

/*
 * Reads the markers up to the first scan. UT_CORRUPT, with a text that says
 * what the file is instead ("a PNG file, not a JPEG file", "an
 * arithmetic-coded JPEG, which is not supported", ...) or what is wrong.
 */
enum ut_status ut_jpeg_read_header(struct ut_jpeg_header *header,
				   const uint8_t *data, size_t bytes,
				   struct ut_error *error);

#endif
