/* A folder for a test's files, and files of IDX in it. */
#ifndef UT_TEST_SCRATCH_H
#define UT_TEST_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fixtures: make an empty folder, and remove it with all that is in it. */
void test_scratch_open(void);
void test_scratch_close(void);

/*
 * The path (printf format) of something in the folder; valid until the folder
 * is closed.
 */
const char *test_scratch(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Writes a file of bytes, plain or as gzip. */
void test_scratch_write(const char *path, const void *data, size_t bytes,
			bool gzip);

/*
 * Writes an IDX file: magic 0x800 + dimensions, the sizes, then bytes of data
 * (NULL: zeros).
 */
void test_scratch_idx(const char *path, bool gzip, unsigned dimensions,
		      const uint32_t *sizes, const uint8_t *data, size_t bytes);

#endif
