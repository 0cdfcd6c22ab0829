/* Pictures as PNG files: one filter, little compression, no library but zlib. */
#include "report/png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHANNELS = 3, FILTER_UP = 2, LEVEL = 2, CHUNK_MOST = 1 << 30 };

static void put32(unsigned char *to, size_t value)
{
	to[0] = (unsigned char)(value >> 24);
	to[1] = (unsigned char)(value >> 16);
	to[2] = (unsigned char)(value >> 8);
	to[3] = (unsigned char)value;
}

static void append_chunk(struct ut_text *file, const char *type,
			 const unsigned char *data, size_t bytes)
{
	unsigned char length[4], check[4];
	uLong sum = crc32(0, (const Bytef *)type, 4);

	if (bytes)
		sum = crc32(sum, data, (uInt)bytes);
	put32(length, bytes);
	put32(check, sum);
	ut_text_append_bytes(file, (const char *)length, 4);
	ut_text_append_bytes(file, type, 4);
	ut_text_append_bytes(file, (const char *)data, bytes);
	ut_text_append_bytes(file, (const char *)check, 4);
}

/* Rows with their filters: each less the row above, which is mostly 0. */
static void filter(unsigned char *to, const uint32_t *pixels, size_t width,
		   size_t height, size_t stride)
{
	size_t x, y;
	int c;

	for (y = 0; y < height; ++y) {
		const uint32_t *row = pixels + y * stride;
		const uint32_t *above = y ? row - stride : NULL;

		*to++ = FILTER_UP;
		for (x = 0; x < width; ++x)
			for (c = 16; c >= 0; c -= 8)
				*to++ = (unsigned char)((row[x] >> c) -
							(above ? above[x] >> c
							       : 0));
	}
}

void ut_png_append(struct ut_text *file, const uint32_t *pixels, size_t width,
		   size_t height, size_t stride)
{
	static const char signature[] = "\x89PNG\r\n\x1a\n";
	unsigned char header[13] = {[8] = 8, [9] = 2}; /* 8 bits, RGB */
	size_t bytes = height * (1 + CHANNELS * width);
	uLong packed = compressBound(bytes);
	unsigned char *plain = malloc(bytes), *data = malloc(packed);

	if (!plain || !data) {
		file->failed = true;
	} else {
		filter(plain, pixels, width, height, stride);
		if (compress2(data, &packed, plain, bytes, LEVEL) != Z_OK ||
		    packed > CHUNK_MOST)
			file->failed = true;
		put32(header, width);
		put32(header + 4, height);
		ut_text_append_bytes(file, signature, 8);
		append_chunk(file, "IHDR", header, sizeof(header));
		append_chunk(file, "IDAT", data, packed);
		append_chunk(file, "IEND", NULL, 0);
	}
	free(plain);
	free(data);
}
