/* A row of bytes that one function writes and reads. */
#include "lab/archive.h"

#include <assert.h>
#include <string.h>

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

/* Where the next bytes go in the room, or NULL: there is none for them. */
static unsigned char *reserve(struct ut_archive *archive, size_t bytes)
{
	unsigned char *to = archive->room + archive->at;

	if (archive->failed || bytes > archive->size - archive->at) {
		archive->failed = true;
		return NULL;
	}
	archive->at += bytes;
	return to;
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
	unsigned char *to;

	if (archive->mode == UT_ARCHIVE_COUNT) {
		archive->at += bytes;
	} else if (archive->mode == UT_ARCHIVE_WRITE) {
		put(archive, data, bytes);
	} else if (archive->mode == UT_ARCHIVE_PACK) {
		to = reserve(archive, bytes);
		if (to && bytes)
			memcpy(to, data, bytes);
	} else {
		from = take(archive, bytes);
		if (from && bytes)
			memcpy(data, from, bytes);
	}
}

enum ut_status ut_archive_buffer(struct ut_archive *archive,
				 struct ut_buffer *buffer, size_t count,
				 struct ut_error *error)
{
	const unsigned char *from;
	unsigned char *to;

	assert(archive->mode != UT_ARCHIVE_WRITE);
	if (archive->mode == UT_ARCHIVE_PACK) {
		to = reserve(archive, count * sizeof(float));
		return to ? ut_buffer_read(buffer, 0, count, to, error) : UT_OK;
	}
	if (archive->mode == UT_ARCHIVE_COUNT) {
		archive->at += count * sizeof(float);
		return UT_OK;
	}
	from = take(archive, count * sizeof(float));
	if (from)
		ut_buffer_write(buffer, 0, count, from);
	return UT_OK;
}
