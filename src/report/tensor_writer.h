/*
 * Files of tensors that are written while they are made, so that they may be
 * larger than memory: the format of report/safetensors.h.
 */
#ifndef UT_TENSOR_WRITER_H
#define UT_TENSOR_WRITER_H

#include "base/file.h"
#include "base/text.h"
#include "report/safetensors.h"

enum {
	UT_TENSOR_NAME = 96,          /* of a tensor, with its NUL */
	UT_TENSOR_PREFIX = 8,         /* bytes before the header: its length */
	UT_TENSOR_HEADER = 100 << 20, /* bytes of the longest header */
};

const char *ut_tensor_type_name(enum ut_tensor_type type);

/*
 * All zero is a new one: first everything is declared, then it is opened, then
 * the numbers are put in the order in which they were declared. Release it
 * either way: a file that was not closed does not come to be.
 */
struct ut_tensor_writer {
	struct ut_text header;
	uint64_t bytes; /* of numbers declared */
	uint64_t put;   /* of them put so far */
	struct ut_draft draft;
};

/*
 * A note for readers, UTF-8: in the header's "__metadata__". All notes come
 * before the first tensor.
 */
void ut_tensor_writer_note(struct ut_tensor_writer *writer, const char *key,
			   const char *value);

/*
 * A tensor. Names are unique and need no escaping in JSON. Larger types come
 * first, so that all are aligned.
 */
void ut_tensor_writer_declare(struct ut_tensor_writer *writer, const char *name,
			      enum ut_tensor_type type, struct ut_shape shape);

/*
 * Begins the file and writes its header. UT_INVALID when that is longer than
 * readers take.
 */
enum ut_status ut_tensor_writer_open(struct ut_tensor_writer *writer,
				     const char *path, struct ut_error *error);

/* The next numbers, of one tensor or a part of it; failures latch. */
void ut_tensor_writer_put(struct ut_tensor_writer *writer, const void *numbers,
			  size_t bytes);

/* Ends the file: all that was declared has been put. */
enum ut_status ut_tensor_writer_close(struct ut_tensor_writer *writer,
				      struct ut_error *error);

void ut_tensor_writer_release(struct ut_tensor_writer *writer);

#endif
