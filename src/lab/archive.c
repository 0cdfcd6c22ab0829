/* A row of bytes that one function writes and reads. */
#include "lab/archive.h"

#include <string.h>

/* The place of the next bytes, or NULL: counted, failed or none. */
static unsigned char *place(struct ut_archive *archive, size_t bytes)
{
	unsigned char *at = archive->bytes + archive->at;

	if (archive->mode == UT_ARCHIVE_COUNT) {
		archive->at += bytes;
		return NULL;
	}
	if (archive->failed || bytes > archive->size - archive->at) {
		archive->failed = true;
		return NULL;
	}
	archive->at += bytes;
	return bytes ? at : NULL;
}

void ut_archive_bytes(struct ut_archive *archive, void *data, size_t bytes)
{
	unsigned char *at = place(archive, bytes);

	if (!at)
		return;
	if (archive->mode == UT_ARCHIVE_WRITE)
		memcpy(at, data, bytes);
	else
		memcpy(data, at, bytes);
}

enum ut_status ut_archive_buffer(struct ut_archive *archive,
				 struct ut_buffer *buffer, size_t count,
				 struct ut_error *error)
{
	unsigned char *at = place(archive, count * sizeof(float));

	if (!at)
		return UT_OK;
	if (archive->mode == UT_ARCHIVE_WRITE)
		return ut_buffer_read(buffer, 0, count, at, error);
	ut_buffer_write(buffer, 0, count, at);
	return UT_OK;
}
