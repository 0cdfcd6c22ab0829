/*
 * IDX files, the format of MNIST: http://yann.lecun.com/exdb/mnist, gzipped or
 * plain. Unsigned bytes only. Nothing in a file is believed before it was read:
 * memory grows with what is there, not with what a header says.
 */
#ifndef UT_IDX_H
#define UT_IDX_H

#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

/* No file may hold more bytes than this, decoded. */
#define UT_IDX_LIMIT ((size_t)1 << 31)

struct ut_idx_images {
	size_t count, height, width;
	uint8_t *pixels; /* (count, height, width), on the heap */
};

/*
 * Reads images (magic 0x00000803). UT_MISSING, UT_IO, or UT_CORRUPT: other
 * magic, a zero or absurd size, an end too early or too late, damaged gzip.
 * What follows the end of a gzip stream and is not gzip is ignored, as gzip
 * does.
 */
enum ut_status ut_idx_read_images(struct ut_idx_images *images,
				  const char *path, struct ut_error *error);

/* Reads labels (magic 0x00000801), each below classes; *labels (*count). */
enum ut_status ut_idx_read_labels(uint8_t **labels, size_t *count,
				  unsigned classes, const char *path,
				  struct ut_error *error);

#endif
