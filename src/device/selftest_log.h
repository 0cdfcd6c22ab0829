/* What the operations of a lane wrote, in order; and comparing two such lists. */
#ifndef UT_SELFTEST_LOG_H
#define UT_SELFTEST_LOG_H

#include <undertone/device.h>

#include "base/text.h"

struct selftest_entry {
	const char *op, *output;
	enum ut_type type;
	unsigned replica;
	size_t count, at; /* elements, and where their bytes lie in the log */
};

/* All zero is an empty one. */
struct selftest_log {
	struct selftest_entry *entries;
	size_t count, capacity;
	struct ut_text bytes;
	bool failed; /* memory ran out */
	/* If not NULL, all of these are listed with every operation, too. */
	struct ut_buffer *const *memory;
	size_t memories;
};

/* Empties it. */
void ut_selftest_log_clear(struct selftest_log *log);
void ut_selftest_log_release(struct selftest_log *log);

/* From here on the device's operations are listed in the log. */
enum ut_status ut_selftest_watch(struct ut_device *device,
				 struct selftest_log *log,
				 struct ut_error *error);

/*
 * The first difference of what a device wrote from what the host did: *op is the
 * operation, and found says what it was; NULL where there is none.
 */
void ut_selftest_compare(const struct selftest_log *host,
			 const struct selftest_log *device, const char **op,
			 char *found, size_t size);

/* The first element of count that differs, or count. */
size_t ut_selftest_differs(enum ut_type type, size_t count, const void *a,
			   const void *b);

/* "3f800000 (1)", or an integer. */
void ut_selftest_describe(enum ut_type type, const void *data, size_t i,
			  char *text, size_t size);

#endif
