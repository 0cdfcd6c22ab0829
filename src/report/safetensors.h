/*
 * Tensors in files that PyTorch reads: the safetensors format
 * (https://github.com/huggingface/safetensors), of four types.
 */
#ifndef UT_SAFETENSORS_H
#define UT_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <undertone/status.h>

enum { UT_TENSOR_DIMENSIONS = 4 };

/* The types, by their names in files: F32, U8, U32 and I64. */
enum ut_tensor_type {
	UT_TENSOR_F32,
	UT_TENSOR_U8,
	UT_TENSOR_U32,
	UT_TENSOR_I64,
	UT_TENSOR_TYPES,
};

/* Bytes of an element. */
size_t ut_tensor_bytes(enum ut_tensor_type type);

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
 * Adds a tensor of F32, zeroed, and returns where its numbers go, the last
 * dimension contiguous; NULL when memory ran out. Names are unique; the file
 * owns the memory.
 */
float *ut_tensors_add(struct ut_tensors *file, const char *name,
		      struct ut_shape shape);

/* The same of any type. */
void *ut_tensors_add_of(struct ut_tensors *file, const char *name,
			enum ut_tensor_type type, struct ut_shape shape);

/* Writes the file whole or not at all. */
enum ut_status ut_tensors_write(const struct ut_tensors *file, const char *path,
				struct ut_error *error);

/*
 * Reads a file. UT_CORRUPT says what is wrong: a header that is none, offsets
 * outside the file, over each other or with holes between them, a shape that is
 * not one to four sizes above 0, a type that is none of the four. Numbers are
 * taken as they are, NaNs and infinities too: who uses them checks them.
 */
enum ut_status ut_tensors_read(struct ut_tensors *file, const char *path,
			       struct ut_error *error);

/* The numbers of a tensor of exactly this name and shape, of F32; or NULL. */
const float *ut_tensors_find(const struct ut_tensors *file, const char *name,
			     struct ut_shape shape);

/* The same of any type. */
const void *ut_tensors_find_of(const struct ut_tensors *file, const char *name,
			       enum ut_tensor_type type, struct ut_shape shape);

/* One of the file's tensors, for those who go through all. */
struct ut_tensor_view {
	const char *name;
	enum ut_tensor_type type;
	struct ut_shape shape;
	const void *numbers;
};
struct ut_tensor_view ut_tensors_at(const struct ut_tensors *file,
				    size_t index);

/* How many numbers such a tensor has. */
size_t ut_shape_elements(const struct ut_shape *shape);

void ut_tensors_release(struct ut_tensors *file);

#endif
