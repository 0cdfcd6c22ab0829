/* A row of bytes that one function writes and reads. */
#include "lab/archive.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of a buffer that are on their way at a time. */
enum { PIECE = 1 << 18 };

/* The next bytes to be read, or NULL: there are not as many. */
static const unsigned char *take(struct ut_archive *archive, size_t bytes)
{
	const unsigned char *from = archive->bytes + archive->at;

	if (archive->failed || bytes > archive->size - archive->at) {
		archive->failed = true;
		return NULL;
	}
	archive->at += bytes;
	return from;
}

static void put(struct ut_archive *archive, const void *data, size_t bytes)
{
	ut_draft_append(archive->draft, data, bytes);
	ut_fingerprint_update(archive->print, data, bytes);
	archive->at += bytes;
}

void ut_archive_bytes(struct ut_archive *archive, void *data, size_t bytes)
{
	const unsigned char *from;

	if (archive->mode == UT_ARCHIVE_COUNT) {
		archive->at += bytes;
	} else if (archive->mode == UT_ARCHIVE_WRITE) {
		put(archive, data, bytes);
	} else {
		from = take(archive, bytes);
		if (from && bytes)
			memcpy(data, from, bytes);
	}
}

/* Writes a buffer piece by piece: it may be as large as the memory. */
static enum ut_status put_buffer(struct ut_archive *archive,
				 struct ut_buffer *buffer, size_t count,
				 struct ut_error *error)
{
	float *piece = malloc(PIECE * sizeof(*piece));
	enum ut_status status = UT_OK;
	size_t at, n;

	if (!piece)
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for a checkpoint");
	for (at = 0; at < count && !status; at += n) {
		n = count - at < PIECE ? count - at : PIECE;
		status = ut_buffer_read(buffer, at, n, piece, error);
		if (!status)
			put(archive, piece, n * sizeof(*piece));
	}
	free(piece);
	return status;
}

enum ut_status ut_archive_buffer(struct ut_archive *archive,
				 struct ut_buffer *buffer, size_t count,
				 struct ut_error *error)
{
	const unsigned char *from;

	if (archive->mode == UT_ARCHIVE_WRITE)
		return put_buffer(archive, buffer, count, error);
	if (archive->mode == UT_ARCHIVE_COUNT) {
		archive->at += count * sizeof(float);
		return UT_OK;
	}
	from = take(archive, count * sizeof(float));
	if (from)
		ut_buffer_write(buffer, 0, count, from);
	return UT_OK;
}
