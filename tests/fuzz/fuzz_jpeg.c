/* The JPEG reader: an image of the wanted size, or an error with a text. */
#include "fuzz.h"

#include <stdlib.h>

#include "data/jpeg.h"
#include "data/jpeg_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static uint8_t pixels[64 * 64 * 3];
	static const struct {
		size_t size, channels;
		enum ut_image_fit fit;
	} ways[] = {{64, 3, UT_FIT_CROP}, {7, 1, UT_FIT_STRETCH}};
	struct ut_jpeg_header header;
	size_t i;

	/* large images are slow to decode, and no different */
	if (!ut_jpeg_read_header(&header, data, bytes, NULL) &&
	    header.height * header.width > 1 << 18)
		return 0;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); ++i) {
		struct ut_error error = {0};
		enum ut_status status =
			ut_jpeg_decode(pixels, ways[i].size, ways[i].channels,
				       ways[i].fit, data, bytes, &error);

		if (status && (status != UT_CORRUPT || !*error.text))
			abort();
	}
	return 0;
}
