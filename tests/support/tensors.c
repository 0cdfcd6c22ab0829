/* Reads the golden files: the safetensors format. */
#include "tensors.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"

struct test_tensors {
	json_t *header;
	unsigned char *bytes; /* after the header */
	size_t size;
};

static uint64_t little_endian(const unsigned char *bytes, size_t count)
{
	uint64_t value = 0;

	while (count)
		value = value << 8 | bytes[--count];
	return value;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes;
	long length;

	if (!file)
		ck_abort_msg("cannot open %s (tests run from the "
			     "repository's root)",
			     path);
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	ck_assert_int_gt(length, 8);
	rewind(file);
	bytes = test_alloc((size_t)length, 1);
	*size = fread(bytes, 1, (size_t)length, file);
	fclose(file);
	ck_assert_uint_eq(*size, (size_t)length);
	return bytes;
}

struct test_tensors *test_tensors_read(const char *path)
{
	struct test_tensors *tensors = test_alloc(1, sizeof(*tensors));
	size_t size, header;
	unsigned char *all = read_file(path, &size);
	json_error_t error;

	header = (size_t)little_endian(all, 8);
	ck_assert_uint_le(header, size - 8);
	tensors->header = json_loadb((char *)all + 8, header, 0, &error);
	if (!tensors->header)
		ck_abort_msg("%s: %s", path, error.text);
	tensors->size = size - 8 - header;
	tensors->bytes = test_alloc(tensors->size, 1);
	memcpy(tensors->bytes, all + 8 + header, tensors->size);
	free(all);
	return tensors;
}

void test_tensors_free(struct test_tensors *tensors)
{
	json_decref(tensors->header);
	free(tensors->bytes);
	free(tensors);
}

const char *test_tensors_text(const struct test_tensors *tensors,
			      const char *key)
{
	json_t *metadata = json_object_get(tensors->header, "__metadata__");
	const char *text = json_string_value(json_object_get(metadata, key));

	if (!text)
		ck_abort_msg("no metadata '%s'", key);
	return text;
}

double test_tensors_number(const struct test_tensors *tensors, const char *key)
{
	return strtod(test_tensors_text(tensors, key), NULL);
}

static size_t offset(json_t *tensor, size_t i)
{
	json_t *offsets = json_object_get(tensor, "data_offsets");

	return (size_t)json_integer_value(json_array_get(offsets, i));
}

static double element(const char *type, const unsigned char *at)
{
	uint64_t bits;
	double wide;

	if (!strcmp(type, "U8"))
		return *at;
	if (!strcmp(type, "F32"))
		return (double)test_float((uint32_t)little_endian(at, 4));
	bits = little_endian(at, 8);
	if (!strcmp(type, "I64"))
		return (double)(int64_t)bits;
	ck_assert_str_eq(type, "F64");
	memcpy(&wide, &bits, sizeof(wide));
	return wide;
}

double *test_tensor(const struct test_tensors *tensors, const char *name,
		    size_t *count)
{
	json_t *tensor = json_object_get(tensors->header, name);
	const char *type = json_string_value(json_object_get(tensor, "dtype"));
	size_t bytes, begin, i;
	double *values;

	if (!tensor)
		return NULL;
	ck_assert_ptr_nonnull(type);
	bytes = !strcmp(type, "U8") ? 1 : !strcmp(type, "F32") ? 4 : 8;
	begin = offset(tensor, 0);
	ck_assert_uint_le(begin, offset(tensor, 1));
	ck_assert_uint_le(offset(tensor, 1), tensors->size);
	*count = (offset(tensor, 1) - begin) / bytes;
	values = test_alloc(*count, sizeof(*values));
	for (i = 0; i < *count; ++i)
		values[i] = element(type, tensors->bytes + begin + i * bytes);
	return values;
}
