/* IDX files, gzipped or plain. */
#include "data/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"

enum { FIRST_BYTES = 1 << 20, BUFFER_BYTES = 1 << 17, MOST_SIZES = 3 };

/* A file in reading. */
struct idx {
	gzFile file;
	const char *path;
	const char *what; /* it holds: "images" or "labels" */
	struct ut_error *error;
};

static enum ut_status idx_fail(const struct idx *in, enum ut_status status,
			       const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum ut_status idx_fail(const struct idx *in, enum ut_status status,
			       const char *format, ...)
{
	char why[256];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(why, sizeof(why), format, arguments) < 0)
		why[0] = '\0';
	va_end(arguments);
	return ut_error_set(in->error, status, "cannot read %s: %s: %s",
			    in->what, in->path, why);
}

static enum ut_status idx_open(struct idx *in)
{
	int file = open(in->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat info;

	if (file < 0 || fstat(file, &info)) {
		int code = errno;

		if (file >= 0)
			close(file);
		return ut_file_error(in->error, code, "cannot read %s: %s",
				     in->what, in->path);
	}
	if (!S_ISREG(info.st_mode)) {
		close(file);
		return idx_fail(in, UT_IO, "not a regular file");
	}
	in->file = gzdopen(file, "rb");
	if (!in->file) {
		close(file);
		return idx_fail(in, UT_MEMORY, "no memory");
	}
	gzbuffer(in->file, BUFFER_BYTES);
	return UT_OK;
}

/* Reads up to bytes; *got is less only where the file ends. */
static enum ut_status idx_get(struct idx *in, uint8_t *to, size_t bytes,
			      size_t *got)
{
	*got = 0;
	while (*got < bytes) {
		size_t rest = bytes - *got;
		unsigned piece =
			rest < FIRST_BYTES ? (unsigned)rest : FIRST_BYTES;
		int code, read = gzread(in->file, to + *got, piece);

		if (read < 0) {
			const char *why = gzerror(in->file, &code);
			/* after zlib's "<fd:N>: " */
			const char *text = strstr(why, ">: ");

			if (code == Z_ERRNO)
				return ut_file_error(in->error, errno,
						     "cannot read %s: %s",
						     in->what, in->path);
			return idx_fail(in, UT_CORRUPT, "damaged gzip: %s",
					text ? text + 3 : why);
		}
		if (!read)
			break;
		*got += (size_t)read;
	}
	return UT_OK;
}

/*
 * Reads magic and sizes, of which count are expected, and the bytes they
 * promise: a claim so far, but within the limit.
 */
static enum ut_status idx_header(struct idx *in, size_t count,
				 size_t sizes[MOST_SIZES], size_t *bytes)
{
	uint8_t header[4 * (1 + MOST_SIZES)];
	uint32_t numbers[1 + MOST_SIZES];
	size_t got, i, length = 4 * (1 + count);
	enum ut_status status = idx_get(in, header, length, &got);

	if (status)
		return status;
	if (!got)
		return idx_fail(in, UT_CORRUPT, "file is empty");
	for (i = 0; i < got / 4; ++i)
		numbers[i] = (uint32_t)header[4 * i] << 24 |
			     (uint32_t)header[4 * i + 1] << 16 |
			     (uint32_t)header[4 * i + 2] << 8 |
			     header[4 * i + 3];
	if (got < 4 || numbers[0] != 0x800 + count)
		return idx_fail(in, UT_CORRUPT,
				"not an IDX file of %s (it does not begin with "
				"0x%08x)",
				in->what, 0x800 + (unsigned)count);
	if (got < length)
		return idx_fail(in, UT_CORRUPT, "file ends in its header");
	*bytes = 1;
	for (i = 0; i < count; ++i) {
		sizes[i] = numbers[1 + i];
		if (!sizes[i])
			return idx_fail(in, UT_CORRUPT, "no %s: a size of 0",
					in->what);
		if (sizes[i] > UT_IDX_LIMIT / *bytes)
			return idx_fail(in, UT_CORRUPT,
					"absurd sizes: more than %zu bytes",
					UT_IDX_LIMIT);
		*bytes *= sizes[i];
	}
	return UT_OK;
}

/* Reads bytes, growing *data (heap) with what is there; *got as in idx_get. */
static enum ut_status idx_grow(struct idx *in, size_t bytes, uint8_t **data,
			       size_t *got)
{
	size_t capacity = 0;

	*got = 0;
	while (*got == capacity && capacity < bytes) {
		enum ut_status status;
		uint8_t *more;
		size_t piece;

		capacity = capacity ? 2 * capacity : FIRST_BYTES;
		if (capacity > bytes)
			capacity = bytes;
		more = realloc(*data, capacity);
		if (!more)
			return idx_fail(in, UT_MEMORY,
					"no memory for %zu bytes", capacity);
		*data = more;
		status = idx_get(in, more + *got, capacity - *got, &piece);
		if (status)
			return status;
		*got += piece;
	}
	return UT_OK;
}

/* Reads count items and the end of the file; *data is freed by the caller. */
static enum ut_status idx_items(struct idx *in, size_t count, size_t bytes,
				uint8_t **data)
{
	enum ut_status status;
	size_t got, more;
	uint8_t byte;
	int code;

	status = idx_grow(in, bytes, data, &got);
	if (status)
		return status;
	if (got < bytes)
		return idx_fail(in, UT_CORRUPT, "file ends after %zu of %zu %s",
				got / (bytes / count), count, in->what);
	/* only the read past the end looks at gzip's checksum */
	status = idx_get(in, &byte, 1, &more);
	if (status)
		return status;
	if (more)
		return idx_fail(in, UT_CORRUPT, "file goes on after %zu %s",
				count, in->what);
	gzerror(in->file, &code);
	if (code)
		return idx_fail(in, UT_CORRUPT,
				"damaged gzip: its end is missing");
	return UT_OK;
}

/* Reads a whole file with count sizes; *data is freed by the caller. */
static enum ut_status idx_read(struct idx *in, size_t count,
			       size_t sizes[MOST_SIZES], uint8_t **data)
{
	enum ut_status status = idx_open(in);
	size_t bytes = 0;

	if (status)
		return status;
	status = idx_header(in, count, sizes, &bytes);
	if (!status)
		status = idx_items(in, sizes[0], bytes, data);
	gzclose(in->file);
	return status;
}

enum ut_status ut_idx_read_images(struct ut_idx_images *images,
				  const char *path, struct ut_error *error)
{
	struct idx in = {.path = path, .what = "images", .error = error};
	size_t sizes[MOST_SIZES] = {0};
	uint8_t *pixels = NULL;
	enum ut_status status = idx_read(&in, 3, sizes, &pixels);

	if (status) {
		free(pixels);
		return status;
	}
	*images = (struct ut_idx_images){
		.count = sizes[0],
		.height = sizes[1],
		.width = sizes[2],
		.pixels = pixels,
	};
	return UT_OK;
}

enum ut_status ut_idx_read_labels(uint8_t **labels, size_t *count,
				  unsigned classes, const char *path,
				  struct ut_error *error)
{
	struct idx in = {.path = path, .what = "labels", .error = error};
	size_t sizes[MOST_SIZES] = {0}, i;
	uint8_t *data = NULL;
	enum ut_status status = idx_read(&in, 1, sizes, &data);

	for (i = 0; !status && i < sizes[0]; ++i)
		if (data[i] >= classes)
			status = idx_fail(&in, UT_CORRUPT,
					  "label %zu is %u, not one of 0 to %u",
					  i, data[i], classes - 1);
	if (status) {
		free(data);
		return status;
	}
	*labels = data;
	*count = sizes[0];
	return UT_OK;
}
