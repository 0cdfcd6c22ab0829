/* Decoding JPEG files with libjpeg-turbo. */
#include "data/jpeg.h"

#include "config.h"

#if !UT_HAVE_JPEG

bool ut_jpeg_available(void)
{
	return false;
}

enum ut_status ut_jpeg_decode(uint8_t *pixels, size_t size, size_t channels,
			      enum ut_image_fit fit, const uint8_t *data,
			      size_t bytes, struct ut_error *error)
{
	(void)pixels, (void)size, (void)channels;
	(void)fit, (void)data, (void)bytes;
	return ut_error_set(error, UT_INVALID,
			    "this build reads no JPEG files (it was configured "
			    "--without-jpeg)");
}

#else

#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "data/jpeg_header.h"
#include "data/resize.h"

enum {
	/* Encoders write some ten; each costs a walk over all pixels. */
	SCANS_MAX = 100,
	/* of libjpeg's own memory, most of it a progressive file's */
	LIBRARY_BYTES = 1 << 30,
};

/* Everything of one decoding; nothing that must survive a jump is elsewhere. */
struct decoder {
	struct jpeg_decompress_struct info;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf escape;
	struct ut_jpeg_header header;
	struct ut_resizer resizer;
	size_t size, channels;
	enum ut_image_fit fit;
	size_t top, left, height, width; /* the part that is used */
	uint8_t *row;                    /* a row as libjpeg gives it */
	enum ut_status status;
	char why[JMSG_LENGTH_MAX];
};

static struct decoder *decoder_of(j_common_ptr info)
{
	return info->client_data;
}

static void escape(j_common_ptr info)
{
	struct decoder *decoder = decoder_of(info);

	decoder->status = info->err->msg_code == JERR_OUT_OF_MEMORY
				  ? UT_MEMORY
				  : UT_CORRUPT;
	info->err->format_message(info, decoder->why);
	longjmp(decoder->escape, 1);
}

/* Level -1 is a warning, the others trace. A revision does no harm. */
static void on_message(j_common_ptr info, int level)
{
	if (level < 0 && info->err->msg_code != JWRN_JFIF_MAJOR)
		escape(info);
}

static void say_nothing(j_common_ptr info)
{
	(void)info;
}

static void on_progress(j_common_ptr info)
{
	struct decoder *decoder = decoder_of(info);

	if (decoder->info.input_scan_number <= SCANS_MAX)
		return;
	decoder->status = UT_CORRUPT;
	snprintf(decoder->why, sizeof(decoder->why), "more than %d scans",
		 SCANS_MAX);
	longjmp(decoder->escape, 1);
}

static void set_up(struct decoder *decoder, const uint8_t *data, size_t bytes)
{
	struct jpeg_decompress_struct *info = &decoder->info;

	info->err = jpeg_std_error(&decoder->errors);
	decoder->errors.error_exit = escape;
	decoder->errors.emit_message = on_message;
	decoder->errors.output_message = say_nothing;
	info->client_data = decoder;
	jpeg_create_decompress(info);
	decoder->progress.progress_monitor = on_progress;
	info->progress = &decoder->progress;
	/* whatever the environment's JPEGMEM says */
	info->mem->max_memory_to_use = LIBRARY_BYTES;
	jpeg_mem_src(info, data, bytes);
}

/* Only what every version of the library does to the same bits. */
static void choose_methods(struct decoder *decoder)
{
	struct jpeg_decompress_struct *info = &decoder->info;
	size_t least = info->image_width < info->image_height
			       ? info->image_width
			       : info->image_height;
	unsigned scale = 8;

	info->dct_method = JDCT_ISLOW;
	info->do_fancy_upsampling = FALSE;
	info->do_block_smoothing = FALSE;
	if (info->jpeg_color_space == JCS_CMYK ||
	    info->jpeg_color_space == JCS_YCCK)
		info->out_color_space = JCS_CMYK;
	else if (decoder->channels == 1 && info->jpeg_color_space != JCS_RGB)
		info->out_color_space = JCS_GRAYSCALE;
	else
		info->out_color_space = JCS_RGB;
	/* 1 / scale of the size, rounded up, must be enough */
	while (scale > 1 && (least + scale - 1) / scale < decoder->size)
		scale /= 2;
	info->scale_num = 1;
	info->scale_denom = scale;
}

/* The part of the image that is used, and a resizer for it. */
static enum ut_status choose_part(struct decoder *decoder)
{
	struct jpeg_decompress_struct *info = &decoder->info;
	size_t height = info->output_height, width = info->output_width;

	decoder->height = height;
	decoder->width = width;
	if (decoder->fit == UT_FIT_CROP) {
		size_t side = height < width ? height : width;

		decoder->top = (height - side) / 2;
		decoder->left = (width - side) / 2;
		decoder->height = decoder->width = side;
	}
	decoder->row = malloc(width * (size_t)info->output_components);
	if (!decoder->row ||
	    !ut_resizer_init(&decoder->resizer, decoder->height, decoder->width,
			     decoder->size, decoder->channels))
		return UT_MEMORY;
	return UT_OK;
}

/* What is stored is light, not ink: so Adobe does, and all who came after. */
static void cmyk_to_rgb(uint8_t *row, size_t width)
{
	size_t i, c;

	for (i = 0; i < width; ++i) {
		unsigned key = row[4 * i + 3];

		for (c = 0; c < 3; ++c)
			row[3 * i + c] =
				(uint8_t)((2 * row[4 * i + c] * key + 255) /
					  510);
	}
}

static void rgb_to_grey(uint8_t *row, size_t width)
{
	size_t i;

	for (i = 0; i < width; ++i) {
		const uint8_t *p = row + 3 * i;

		row[i] = (uint8_t)((19595u * p[0] + 38470u * p[1] +
				    7471u * p[2] + 32768) >>
				   16);
	}
}

static void take_rows(struct decoder *decoder)
{
	struct jpeg_decompress_struct *info = &decoder->info;
	size_t pixel = (size_t)info->output_components;
	size_t end = decoder->top + decoder->height;

	while (info->output_scanline < info->output_height) {
		size_t y = info->output_scanline, width = decoder->width;
		uint8_t *part = decoder->row + decoder->left * pixel;
		JSAMPROW row = decoder->row;

		if (!jpeg_read_scanlines(info, &row, 1))
			ERREXIT(info, JERR_INPUT_EOF);
		if (y < decoder->top || y >= end)
			continue;
		if (pixel == 4)
			cmyk_to_rgb(part, width);
		if (pixel >= 3 && decoder->channels == 1)
			rgb_to_grey(part, width);
		ut_resizer_take(&decoder->resizer, part);
	}
}

/* Decodes into the resizer; every failure of the library comes back here. */
static enum ut_status decode(struct decoder *decoder, const uint8_t *data,
			     size_t bytes)
{
	struct jpeg_decompress_struct *info = &decoder->info;
	enum ut_status status;

	if (setjmp(decoder->escape))
		return decoder->status;
	set_up(decoder, data, bytes);
	jpeg_read_header(info, TRUE);
	if (info->image_height != decoder->header.height ||
	    info->image_width != decoder->header.width)
		ERREXIT(info, JERR_SOF_DUPLICATE);
	choose_methods(decoder);
	jpeg_calc_output_dimensions(info);
	status = choose_part(decoder);
	if (status)
		return status;
	jpeg_start_decompress(info);
	take_rows(decoder);
	jpeg_finish_decompress(info);
	return UT_OK;
}

/* image (n, n, C), as stored, hung by EXIF's orientation. */
static void hang(uint8_t *pixels, const uint8_t *image, size_t n, size_t C,
		 unsigned orientation)
{
	size_t y, x;

	for (y = 0; y < n; ++y)
		for (x = 0; x < n; ++x) {
			/* from 5 on the stored rows are columns */
			size_t from_y = orientation < 5 ? y : x;
			size_t from_x = orientation < 5 ? x : y;

			switch (orientation) {
			case 2:
			case 8:
				from_x = n - 1 - from_x;
				break;
			case 3:
			case 7:
				from_x = n - 1 - from_x;
				from_y = n - 1 - from_y;
				break;
			case 4:
			case 6:
				from_y = n - 1 - from_y;
				break;
			}
			memcpy(pixels + (y * n + x) * C,
			       image + (from_y * n + from_x) * C, C);
		}
}

static enum ut_status finish(struct decoder *decoder, uint8_t *pixels)
{
	size_t n = decoder->size, C = decoder->channels;
	unsigned orientation = decoder->header.orientation;
	uint8_t *image;

	if (orientation == 1) {
		ut_resizer_finish(&decoder->resizer, pixels);
		return UT_OK;
	}
	image = malloc(n * n * C);
	if (!image)
		return UT_MEMORY;
	ut_resizer_finish(&decoder->resizer, image);
	hang(pixels, image, n, C, orientation);
	free(image);
	return UT_OK;
}

static enum ut_status fail(const struct decoder *decoder, enum ut_status status,
			   struct ut_error *error)
{
	if (status == UT_MEMORY)
		return ut_error_set(error, status,
				    "no memory to decode %zux%zu pixels",
				    decoder->header.width,
				    decoder->header.height);
	if (decoder->errors.msg_code == JERR_NO_BACKING_STORE)
		return ut_error_set(error, status,
				    "too large: %zux%zu pixels in scans need "
				    "more than %d MiB to decode",
				    decoder->header.width,
				    decoder->header.height,
				    LIBRARY_BYTES >> 20);
	return ut_error_set(error, status, "damaged JPEG: %s", decoder->why);
}

bool ut_jpeg_available(void)
{
	return true;
}

enum ut_status ut_jpeg_decode(uint8_t *pixels, size_t size, size_t channels,
			      enum ut_image_fit fit, const uint8_t *data,
			      size_t bytes, struct ut_error *error)
{
	struct decoder decoder = {
		.size = size,
		.channels = channels,
		.fit = fit,
	};
	enum ut_status status;

	assert(size && size <= UT_IMAGE_SIDE_MAX);
	assert(channels == 1 || channels == 3);
	status = ut_jpeg_read_header(&decoder.header, data, bytes, error);
	if (status)
		return status;
	status = decode(&decoder, data, bytes);
	if (!status)
		status = finish(&decoder, pixels);
	if (status)
		status = fail(&decoder, status, error);
	/* a decompressor that is all zero is fine */
	jpeg_destroy_decompress(&decoder.info);
	ut_resizer_release(&decoder.resizer);
	free(decoder.row);
	return status;
}

#endif
