/* Tensors in files that PyTorch reads. */
#include "report/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { NAME = 96, PREFIX = 8 };
#define FILE_LIMIT ((size_t)1 << 36)
#define HEADER_LIMIT ((uint64_t)100 << 20)

struct ut_tensor {
	char name[NAME];
	struct ut_shape shape;
	float *numbers;
	uint64_t begin; /* in the file it was read from */
};

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

static size_t elements(const struct ut_tensor *tensor)
{
	return ut_shape_elements(&tensor->shape);
}

float *ut_tensors_add(struct ut_tensors *file, const char *name,
		      struct ut_shape shape)
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
	*tensor = (struct ut_tensor){.shape = shape};
	snprintf(tensor->name, sizeof(tensor->name), "%s", name);
	tensor->numbers = calloc(elements(tensor) + 1, sizeof(float));
	if (!tensor->numbers) {
		file->failed = true;
		return NULL;
	}
	++file->count;
	return tensor->numbers;
}

void ut_tensors_release(struct ut_tensors *file)
{
	size_t i;

	for (i = 0; i < file->count; ++i)
		free(file->tensors[i].numbers);
	free(file->tensors);
	*file = (struct ut_tensors){0};
}

/* The JSON header, padded with spaces so that the numbers are aligned. */
static void write_header(const struct ut_tensors *file, struct ut_text *text)
{
	size_t offset = 0, i, j;

	for (i = 0; i < file->count; ++i) {
		const struct ut_tensor *tensor = &file->tensors[i];
		size_t end = offset + elements(tensor) * sizeof(float);

		ut_text_append(text, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[",
			       i ? "," : "{", tensor->name);
		for (j = 0; j < tensor->shape.dimensions; ++j)
			ut_text_append(text, "%s%zu", j ? "," : "",
				       tensor->shape.sizes[j]);
		ut_text_append(text, "],\"data_offsets\":[%zu,%zu]}", offset,
			       end);
		offset = end;
	}
	ut_text_append(text, file->count ? "}" : "{}");
	while (text->length % 8 && !text->failed)
		ut_text_append(text, " ");
}

enum ut_status ut_tensors_write(const struct ut_tensors *file, const char *path,
				struct ut_error *error)
{
	struct ut_text header = {0};
	enum ut_status status;
	size_t bytes, i;
	char *data = NULL, *at;

	write_header(file, &header);
	bytes = PREFIX + header.length;
	for (i = 0; i < file->count; ++i)
		bytes += elements(&file->tensors[i]) * sizeof(float);
	if (!file->failed && !header.failed)
		data = malloc(bytes);
	if (!data) {
		ut_text_release(&header);
		return ut_error_set(error, UT_MEMORY,
				    "cannot write %s: out "
				    "of memory",
				    path);
	}
	for (i = 0; i < PREFIX; ++i)
		data[i] = (char)(header.length >> 8 * i & 255);
	memcpy(data + PREFIX, ut_text_string(&header), header.length);
	at = data + PREFIX + header.length;
	for (i = 0; i < file->count; ++i) {
		size_t part = elements(&file->tensors[i]) * sizeof(float);

		memcpy(at, file->tensors[i].numbers, part);
		at += part;
	}
	status = ut_file_write(path, data, bytes, error);
	free(data);
	ut_text_release(&header);
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

/* Takes in one entry of the header; returns what is wrong with it, or NULL. */
static const char *read_entry(struct ut_tensors *file, const char *name,
			      const json_t *entry, const char *data,
			      size_t bytes)
{
	const char *type = json_string_value(json_object_get(entry, "dtype"));
	const json_t *offsets = json_object_get(entry, "data_offsets");
	int64_t begin = number_at(offsets, 0), end = number_at(offsets, 1);
	struct ut_shape shape;
	float *numbers;

	if (!type || strcmp(type, "F32"))
		return "is not of type F32";
	if (strlen(name) >= NAME)
		return "has too long a name";
	if (!read_shape(json_object_get(entry, "shape"), &shape))
		return "has a shape that is not one to four sizes above 0";
	if (json_array_size(offsets) != 2 || begin < 0 || end < begin ||
	    (uint64_t)end > bytes ||
	    (uint64_t)(end - begin) / 4 != ut_shape_elements(&shape) ||
	    (end - begin) % 4)
		return "has offsets that do not fit its shape or the file";
	numbers = ut_tensors_add(file, name, shape);
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
		at += elements(&file->tensors[i]) * sizeof(float);
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
	if (bytes < PREFIX || length > HEADER_LIMIT || length > bytes - PREFIX)
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

const float *ut_tensors_find(const struct ut_tensors *file, const char *name,
			     struct ut_shape shape)
{
	size_t i;

	for (i = 0; i < file->count; ++i) {
		const struct ut_tensor *tensor = &file->tensors[i];

		if (!strcmp(tensor->name, name) &&
		    same_shape(&tensor->shape, &shape))
			return tensor->numbers;
	}
	return NULL;
}
