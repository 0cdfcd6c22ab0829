/*
 * A row of bytes that one function writes and reads: what is put in by a walk
 * over an object comes back by the same walk. Numbers are in this machine's
 * order.
 */
#ifndef UT_ARCHIVE_H
#define UT_ARCHIVE_H

#include <undertone/device.h>

#include "base/file.h"
#include "base/fingerprint.h"

enum ut_archive_mode {
	UT_ARCHIVE_COUNT, /* how many bytes the walk takes: in at */
	UT_ARCHIVE_WRITE, /* to draft, and into print */
	UT_ARCHIVE_PACK,  /* to room */
	UT_ARCHIVE_READ,  /* from bytes */
};

struct ut_archive {
	enum ut_archive_mode mode;
	size_t at;
	struct ut_draft *draft;         /* the caller's, as print */
	struct ut_fingerprinter *print; /* of all that was written */
	unsigned char *room;            /* (size) */
	const unsigned char *bytes;     /* (size) */
	size_t size;
	bool failed; /* the walk wanted more than there are: latched */
};

/* Puts in, or takes out, so many bytes. What failed touches nothing. */
void ut_archive_bytes(struct ut_archive *archive, void *data, size_t bytes);

/*
 * The same for the first count elements of a buffer of UT_F32; not in mode
 * UT_ARCHIVE_WRITE.
 */
enum ut_status ut_archive_buffer(struct ut_archive *archive,
				 struct ut_buffer *buffer, size_t count,
				 struct ut_error *error);

#endif
