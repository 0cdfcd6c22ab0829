/* Tensors in files that PyTorch reads. */
#include "report/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/tensor_writer.h"

enum { NAME = UT_TENSOR_NAME, PREFIX = UT_TENSOR_PREFIX };
#define FILE_LIMIT ((size_t)1 << 36)

struct ut_tensor {
	char name[NAME];
	enum ut_tensor_type type;
	struct ut_shape shape;
	void *numbers;
	uint64_t begin; /* in the file it was read from */
};

static const struct {
	const char *name;
	size_t bytes;
} types[UT_TENSOR_TYPES] = {
	[UT_TENSOR_F32] = {"F32", 4},
	[UT_TENSOR_U8] = {"U8", 1},
	[UT_TENSOR_U32] = {"U32", 4},
	[UT_TENSOR_I64] = {"I64", 8},
};

const char *ut_tensor_type_name(enum ut_tensor_type type)
{
	return types[type].name;
}

size_t ut_tensor_bytes(enum ut_tensor_type type)
{
	return types[type].bytes;
}

void ut_tensors_init(struct ut_tensors *file)
{
	*file = (struct ut_tensors){0};
}

size_t ut_shape_elements(const struct ut_shape *shape)
{
	size_t count = 1, i;

	for (i = 0; i < shape->dimensions; ++i)
		count *= shape->sizes[i];
	return count;
}

static size_t bytes_of(const struct ut_tensor *tensor)
{
	return ut_shape_elements(&tensor->shape) *
	       ut_tensor_bytes(tensor->type);
}

void *ut_tensors_add_of(struct ut_tensors *file, const char *name,
			enum ut_tensor_type type, struct ut_shape shape)
{
	struct ut_tensor *grown, *tensor;

	if (file->failed)
		return NULL;
	grown = realloc(file->tensors, (file->count + 1) * sizeof(*grown));
	if (!grown) {
		file->failed = true;
		return NULL;
	}
	file->tensors = grown;
	tensor = &grown[file->count];
	*tensor = (struct ut_tensor){.type = type, .shape = shape};
	snprintf(tensor->name, sizeof(tensor->name), "%s", name);
	tensor->numbers = calloc(bytes_of(tensor) + 1, 1);
	if (!tensor->numbers) {
		file->failed = true;
		return NULL;
	}
	++file->count;
	return tensor->numbers;
}

float *ut_tensors_add(struct ut_tensors *file, const char *name,
		      struct ut_shape shape)
{
	return ut_tensors_add_of(file, name, UT_TENSOR_F32, shape);
}

void ut_tensors_release(struct ut_tensors *file)
{
	size_t i;

	for (i = 0; i < file->count; ++i)
		free(file->tensors[i].numbers);
	free(file->tensors);
	*file = (struct ut_tensors){0};
}

enum ut_status ut_tensors_write(const struct ut_tensors *file, const char *path,
				struct ut_error *error)
{
	struct ut_tensor_writer writer = {0};
	enum ut_status status;
	size_t i;

	if (file->failed)
		return ut_error_set(error, UT_MEMORY,
				    "cannot write %s: out of memory", path);
	for (i = 0; i < file->count; ++i)
		ut_tensor_writer_declare(&writer, file->tensors[i].name,
					 file->tensors[i].type,
					 file->tensors[i].shape);
	status = ut_tensor_writer_open(&writer, path, error);
	for (i = 0; i < file->count && !status; ++i)
		ut_tensor_writer_put(&writer, file->tensors[i].numbers,
				     bytes_of(&file->tensors[i]));
	if (!status)
		status = ut_tensor_writer_close(&writer, error);
	ut_tensor_writer_release(&writer);
	return status;
}

/* A whole number of a JSON array, or -1. */
static int64_t number_at(const json_t *array, size_t index)
{
	const json_t *number = json_array_get(array, index);

	return json_is_integer(number) && json_integer_value(number) >= 0
		       ? json_integer_value(number)
		       : -1;
}

/* Reads a shape; false where it is none or its numbers are past counting. */
static bool read_shape(const json_t *array, struct ut_shape *shape)
{
	int64_t count = 1;
	size_t i;

	shape->dimensions = json_array_size(array);
	if (shape->dimensions < 1 || shape->dimensions > UT_TENSOR_DIMENSIONS)
		return false;
	for (i = 0; i < shape->dimensions; ++i) {
		int64_t size = number_at(array, i);

		if (size <= 0 || size > (INT64_MAX >> 4) / count)
			return false;
		count *= size;
		shape->sizes[i] = (size_t)size;
	}
	return true;
}

/* False for a type that is none of ours. */
static bool read_type(const json_t *name, enum ut_tensor_type *type)
{
	const char *text = json_string_value(name);
	int i;

	for (i = 0; text && i < UT_TENSOR_TYPES; ++i)
		if (!strcmp(text, types[i].name)) {
			*type = (enum ut_tensor_type)i;
			return true;
		}
	return false;
}

/* Takes in one entry of the header; returns what is wrong with it, or NULL. */
static const char *read_entry(struct ut_tensors *file, const char *name,
			      const json_t *entry, const char *data,
			      size_t bytes)
{
	const json_t *offsets = json_object_get(entry, "data_offsets");
	int64_t begin = number_at(offsets, 0), end = number_at(offsets, 1);
	enum ut_tensor_type type;
	struct ut_shape shape = {0};
	void *numbers;

	if (!read_type(json_object_get(entry, "dtype"), &type))
		return "is not of type F32, U8, U32 or I64";
	if (strlen(name) >= NAME)
		return "has too long a name";
	if (!read_shape(json_object_get(entry, "shape"), &shape))
		return "has a shape that is not one to four sizes above 0";
	if (json_array_size(offsets) != 2 || begin < 0 || end < begin ||
	    (uint64_t)end > bytes ||
	    (uint64_t)(end - begin) / ut_tensor_bytes(type) !=
		    ut_shape_elements(&shape) ||
	    (uint64_t)(end - begin) % ut_tensor_bytes(type))
		return "has offsets that do not fit its shape or the file";
	numbers = ut_tensors_add_of(file, name, type, shape);
	if (!numbers)
		return "does not fit into memory";
	memcpy(numbers, data + begin, (size_t)(end - begin));
	file->tensors[file->count - 1].begin = (uint64_t)begin;
	return NULL;
}

static int by_begin(const void *a, const void *b)
{
	const struct ut_tensor *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* True when the tensors, put in order, fill the bytes side by side. */
static bool fills(struct ut_tensors *file, size_t bytes)
{
	uint64_t at = 0;
	size_t i;

	if (file->count)
		qsort(file->tensors, file->count, sizeof(*file->tensors),
		      by_begin);
	for (i = 0; i < file->count; ++i) {
		if (file->tensors[i].begin != at)
			return false;
		at += bytes_of(&file->tensors[i]);
	}
	return at == bytes;
}

static enum ut_status read_tensors(struct ut_tensors *file, const char *path,
				   const char *data, size_t bytes,
				   struct ut_error *error)
{
	uint64_t length = 0;
	json_error_t problem;
	const char *name;
	json_t *header, *entry;
	size_t i;

	for (i = 0; i < PREFIX && bytes >= PREFIX; ++i)
		length |= (uint64_t)(unsigned char)data[i] << 8 * i;
	if (bytes < PREFIX || length > UT_TENSOR_HEADER ||
	    length > bytes - PREFIX)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a safetensors "
				    "file, or cut short",
				    path);
	header = json_loadb(data + PREFIX, length, JSON_REJECT_DUPLICATES,
			    &problem);
	if (!json_is_object(header)) {
		json_decref(header);
		return ut_error_set(error, UT_CORRUPT,
				    "%s: header is no JSON "
				    "object: %s",
				    path, problem.text);
	}
	json_object_foreach(header, name, entry)
	{
		const char *wrong;

		if (!strcmp(name, "__metadata__"))
			continue;
		wrong = read_entry(file, name, entry, data + PREFIX + length,
				   bytes - PREFIX - length);
		if (wrong) {
			ut_error_set(error,
				     file->failed ? UT_MEMORY : UT_CORRUPT,
				     "%s: tensor %.96s %s", path, name, wrong);
			json_decref(header);
			return file->failed ? UT_MEMORY : UT_CORRUPT;
		}
	}
	json_decref(header);
	if (!fills(file, bytes - PREFIX - length))
		return ut_error_set(error, UT_CORRUPT,
				    "%s: tensors overlap, "
				    "or leave a hole",
				    path);
	return UT_OK;
}

enum ut_status ut_tensors_read(struct ut_tensors *file, const char *path,
			       struct ut_error *error)
{
	enum ut_status status;
	char *data = NULL;
	size_t bytes;

	ut_tensors_init(file);
	status = ut_file_read(path, FILE_LIMIT, &data, &bytes, error);
	if (status)
		return status;
	status = read_tensors(file, path, data, bytes, error);
	free(data);
	if (status)
		ut_tensors_release(file);
	return status;
}

static bool same_shape(const struct ut_shape *a, const struct ut_shape *b)
{
	return a->dimensions == b->dimensions &&
	       !memcmp(a->sizes, b->sizes, a->dimensions * sizeof(*a->sizes));
}

const void *ut_tensors_find_of(const struct ut_tensors *file, const char *name,
			       enum ut_tensor_type type, struct ut_shape shape)
{
	size_t i;

	for (i = 0; i < file->count; ++i) {
		const struct ut_tensor *tensor = &file->tensors[i];

		if (tensor->type == type && !strcmp(tensor->name, name) &&
		    same_shape(&tensor->shape, &shape))
			return tensor->numbers;
	}
	return NULL;
}

const float *ut_tensors_find(const struct ut_tensors *file, const char *name,
			     struct ut_shape shape)
{
	return ut_tensors_find_of(file, name, UT_TENSOR_F32, shape);
}

struct ut_tensor_view ut_tensors_at(const struct ut_tensors *file, size_t index)
{
	const struct ut_tensor *tensor = &file->tensors[index];

	return (struct ut_tensor_view){tensor->name, tensor->type,
				       tensor->shape, tensor->numbers};
}
