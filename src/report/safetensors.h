/*
 * Tensors in files that PyTorch reads: the safetensors format
 * (https://github.com/huggingface/safetensors), fp32 only.
 */
#ifndef UT_SAFETENSORS_H
#define UT_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <undertone/status.h>

enum { UT_TENSOR_DIMENSIONS = 4 };

/* Sizes, outermost first. */
struct ut_shape {
	size_t dimensions; /* 1 to UT_TENSOR_DIMENSIONS */
	size_t sizes[UT_TENSOR_DIMENSIONS];
};

/* A file in the making, whole in memory. */
struct ut_tensors {
	struct ut_tensor *tensors;
	size_t count;
	bool failed; /* out of memory, latched */
};

/* Begins with nothing. */
void ut_tensors_init(struct ut_tensors *file);

/*
 * Adds a tensor, zeroed, and returns where its numbers go, the last dimension
 * contiguous; NULL when memory ran out. Names are unique; the file owns the
 * memory.
 */
float *ut_tensors_add(struct ut_tensors *file, const char *name,
		      struct ut_shape shape);

/* Writes the file whole or not at all. */
enum ut_status ut_tensors_write(const struct ut_tensors *file, const char *path,
				struct ut_error *error);

/*
 * Reads a file. UT_CORRUPT says what is wrong: a header that is none, offsets
 * outside the file or over each other, a type that is not F32.
 */
enum ut_status ut_tensors_read(struct ut_tensors *file, const char *path,
			       struct ut_error *error);

/* The numbers of a tensor of exactly this name and shape, or NULL. */
const float *ut_tensors_find(const struct ut_tensors *file, const char *name,
			     struct ut_shape shape);

/* How many numbers such a tensor has. */
size_t ut_shape_elements(const struct ut_shape *shape);

void ut_tensors_release(struct ut_tensors *file);

#endif
