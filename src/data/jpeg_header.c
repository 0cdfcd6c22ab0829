/* The markers of JPEG files (ITU-T T.81 annex B), and EXIF's orientation. */
#include "data/jpeg_header.h"

#include <stdbool.h>
#include <string.h>

enum marker {
	SOF0 = 0xc0, /* baseline */
	SOF1 = 0xc1, /* extended sequential */
	SOF2 = 0xc2, /* progressive */
	DHT = 0xc4,
	DAC = 0xcc,
	SOF15 = 0xcf,
	RST0 = 0xd0,
	RST7 = 0xd7,
	SOI = 0xd8,
	EOI = 0xd9,
	SOS = 0xda,
	APP1 = 0xe1,
	TEM = 0x01,
};

enum { ORIENTATION_TAG = 0x0112, TYPE_SHORT = 3, IFD_ENTRY = 12 };

static enum ut_status corrupt(struct ut_error *error, const char *why)
{
	return ut_error_set(error, UT_CORRUPT, "%s", why);
}

/* What a file is that does not begin as a JPEG does. */
static const char *what_else(const uint8_t *data, size_t bytes)
{
	static const struct {
		size_t at;
		const char *magic, *what;
	} known[] = {
		{0, "\x89PNG\r\n", "a PNG file"},
		{0, "GIF8", "a GIF file"},
		{0, "BM", "a BMP file"},
		{8, "WEBP", "a WebP file"},
		{0, "II*", "a TIFF file"},
		{0, "MM", "a TIFF file"},
		{4, "ftyp", "a HEIC, AVIF or MP4 file"},
		{0, "\xff\x4f\xff\x51", "a JPEG 2000 file"},
		{4, "jP  ", "a JPEG 2000 file"},
		{0, "\xff\x0a", "a JPEG XL file"},
		{4, "JXL ", "a JPEG XL file"},
		{0, "%PDF", "a PDF file"},
		{0, "PK", "a ZIP file"},
		{0, "\x1f\x8b", "a gzip file"},
		{0, "<", "an HTML or XML file"},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); ++i) {
		size_t length = strlen(known[i].magic);

		if (bytes >= known[i].at + length &&
		    !memcmp(data + known[i].at, known[i].magic, length))
			return known[i].what;
	}
	for (i = 0; i < bytes && i < 512; ++i)
		if ((data[i] < ' ' && (data[i] < '\t' || data[i] > '\r')) ||
		    data[i] == 0x7f || data[i] >= 0xf8)
			return "something else";
	return "text";
}

/* A piece of a file in either byte order. */
struct piece {
	const uint8_t *data;
	size_t bytes;
	bool little;
};

/* The number of size bytes at `at`; 0 outside the piece. */
static uint32_t number(const struct piece *in, size_t at, unsigned size)
{
	uint32_t value = 0;
	unsigned i;

	if (at > in->bytes || size > in->bytes - at)
		return 0;
	for (i = 0; i < size; ++i) {
		unsigned k = in->little ? size - 1 - i : i;

		value = value << 8 | in->data[at + k];
	}
	return value;
}

/*
 * The orientation in an APP1 segment's bytes (EXIF 2.3, section 4.6.4); 1 where
 * the segment is another, is damaged or has none. Cameras write much that is
 * wrong there, and pixels do not depend on it.
 */
static unsigned read_orientation(const uint8_t *data, size_t bytes)
{
	struct piece tiff = {.data = data + 6, .bytes = bytes - 6};
	uint32_t ifd, count, i;

	if (bytes < 14 || memcmp(data, "Exif\0", 6))
		return 1;
	if (memcmp(tiff.data, "II", 2) && memcmp(tiff.data, "MM", 2))
		return 1;
	tiff.little = tiff.data[0] == 'I';
	ifd = number(&tiff, 4, 4);
	if (number(&tiff, 2, 2) != 42 || ifd > tiff.bytes)
		return 1;
	count = number(&tiff, ifd, 2);
	for (i = 0; i < count; ++i) {
		size_t entry = (size_t)ifd + 2 + (size_t)i * IFD_ENTRY;
		uint32_t value;

		if (entry + IFD_ENTRY > tiff.bytes)
			return 1;
		if (number(&tiff, entry, 2) != ORIENTATION_TAG)
			continue;
		value = number(&tiff, entry + 8, 2);
		return number(&tiff, entry + 2, 2) == TYPE_SHORT &&
				       number(&tiff, entry + 4, 4) == 1 &&
				       value >= 1 && value <= 8
			       ? value
			       : 1;
	}
	return 1;
}

/* Reads a frame header, whose marker is sof. */
static enum ut_status read_frame(struct ut_jpeg_header *header, unsigned sof,
				 const uint8_t *data, size_t bytes,
				 struct ut_error *error)
{
	struct piece in = {.data = data, .bytes = bytes};

	if (header->components)
		return corrupt(error, "damaged JPEG: two frames");
	if (bytes < 6 || bytes != 6 + 3 * (size_t)data[5])
		return corrupt(error, "damaged JPEG: bad frame header");
	if (sof > SOF2)
		return corrupt(error,
			       sof > 0xc8 && sof != 0xcb
				       ? "an arithmetic-coded JPEG, which is "
					 "not supported"
				       : "a lossless or hierarchical JPEG, "
					 "which is not supported");
	if (data[0] != 8)
		return ut_error_set(error, UT_CORRUPT,
				    "a JPEG of %u bits a sample; 8 are "
				    "supported",
				    data[0]);
	header->height = number(&in, 1, 2);
	header->width = number(&in, 3, 2);
	header->components = data[5];
	if (!header->height || !header->width)
		return ut_error_set(error, UT_CORRUPT,
				    "no pixels: %zux%zu (width x height)",
				    header->width, header->height);
	if (header->height > UT_JPEG_SIDE_MAX ||
	    header->width > UT_JPEG_SIDE_MAX ||
	    header->height * header->width > UT_JPEG_PIXELS_MAX)
		return ut_error_set(error, UT_CORRUPT,
				    "too large: %zux%zu pixels (width x "
				    "height); at most %d a side and %d in all",
				    header->width, header->height,
				    UT_JPEG_SIDE_MAX, UT_JPEG_PIXELS_MAX);
	if (header->components != 1 && header->components != 3 &&
	    header->components != 4)
		return ut_error_set(error, UT_CORRUPT,
				    "a JPEG of %u colour components; 1 (grey), "
				    "3 (RGB) and 4 (CMYK) are supported",
				    header->components);
	return UT_OK;
}

static bool is_frame(unsigned marker)
{
	return marker >= SOF0 && marker <= SOF15 && marker != DHT &&
	       marker != DAC;
}

static bool stands_alone(unsigned marker)
{
	return marker == TEM || (marker >= RST0 && marker <= RST7);
}

enum ut_status ut_jpeg_read_header(struct ut_jpeg_header *header,
				   const uint8_t *data, size_t bytes,
				   struct ut_error *error)
{
	struct ut_jpeg_header read = {0};
	struct piece in = {.data = data, .bytes = bytes};
	size_t at = 2;

	if (!bytes)
		return corrupt(error, "an empty file");
	if (bytes < 3 || data[0] != 0xff || data[1] != SOI || data[2] != 0xff)
		return ut_error_set(error, UT_CORRUPT, "%s, not a JPEG file",
				    what_else(data, bytes));
	for (;;) {
		enum ut_status status = UT_OK;
		unsigned marker;
		size_t length;

		if (at < bytes && data[at] != 0xff)
			return corrupt(error, "damaged JPEG: no marker where "
					      "one should be");
		while (at < bytes && data[at] == 0xff)
			++at;
		if (at >= bytes)
			break;
		marker = data[at++];
		if (stands_alone(marker))
			continue;
		if (marker == EOI || marker == SOI || !marker)
			return corrupt(error, "damaged JPEG: no image in it");
		if (marker == SOS)
			break;
		length = number(&in, at, 2);
		if (length < 2 || length > bytes - at)
			break;
		if (is_frame(marker))
			status = read_frame(&read, marker, data + at + 2,
					    length - 2, error);
		else if (marker == APP1 && !read.orientation && length >= 16 &&
			 !memcmp(data + at + 2, "Exif", 4))
			read.orientation =
				read_orientation(data + at + 2, length - 2);
		if (status)
			return status;
		at += length;
	}
	if (at >= bytes || data[at - 1] != SOS)
		return corrupt(error, "truncated JPEG: it ends in its header");
	if (!read.components)
		return corrupt(error, "damaged JPEG: no frame before its data");
	if (!read.orientation)
		read.orientation = 1;
	*header = read;
	return UT_OK;
}
