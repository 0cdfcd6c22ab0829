/* Arguments and results of operations: host arrays that travel to devices. */
#include "operands.h"

#include <check.h>
#include <stdlib.h>

static size_t element_bytes(enum ut_type type)
{
	return type == UT_U8 ? 1 : 4;
}

static struct test_operand laid_out(struct test_random *random,
				    enum ut_type type, unsigned R, size_t count,
				    bool shared)
{
	struct test_operand operand = {
		.type = type,
		.R = R,
		.offset = test_between(random, 0, 5),
		.count = count,
		.stride = shared ? 0 : count + test_between(random, 0, 5),
	};

	operand.total = operand.offset + (R - 1) * operand.stride + count +
			test_between(random, 0, 5);
	operand.data = test_alloc(operand.total, element_bytes(type));
	return operand;
}

struct test_operand test_operand_f32(struct test_random *random, unsigned R,
				     size_t count, bool shared)
{
	struct test_operand operand =
		laid_out(random, UT_F32, R, count, shared);
	float *data = operand.data;
	size_t i;

	for (i = 0; i < operand.total; ++i)
		data[i] = test_value(random);
	return operand;
}

struct test_operand test_operand_int(struct test_random *random,
				     enum ut_type type, unsigned R,
				     size_t count, bool shared, uint32_t below)
{
	struct test_operand operand = laid_out(random, type, R, count, shared);
	size_t i;

	for (i = 0; i < operand.total; ++i) {
		uint32_t word = test_word(random) % below;

		if (type == UT_U8)
			((uint8_t *)operand.data)[i] = (uint8_t)word;
		else
			((uint32_t *)operand.data)[i] = word;
	}
	return operand;
}

void test_operand_free(struct test_operand *operand)
{
	free(operand->data);
	operand->data = NULL;
}

float *test_f32(const struct test_operand *operand, unsigned r)
{
	return (float *)operand->data + operand->offset + r * operand->stride;
}

uint32_t *test_u32(const struct test_operand *operand, unsigned r)
{
	return (uint32_t *)operand->data + operand->offset +
	       r * operand->stride;
}

uint8_t *test_u8(const struct test_operand *operand, unsigned r)
{
	return (uint8_t *)operand->data + operand->offset + r * operand->stride;
}

struct ut_slice test_upload(struct ut_device *device,
			    const struct test_operand *operand)
{
	struct ut_slice slice = {
		.buffer = ut_buffer_new(device, operand->type, operand->total),
		.offset = operand->offset,
		.count = operand->count,
		.stride = operand->stride,
	};

	if (!slice.buffer) {
		struct ut_error error = {0};

		ut_device_finish(device, &error);
		ck_abort_msg("no buffer: %s", error.text);
	}
	ut_buffer_write(slice.buffer, 0, operand->total, operand->data);
	return slice;
}

static struct ut_slice upload_plain(struct ut_device *device, enum ut_type type,
				    const void *data, unsigned R, size_t count)
{
	struct test_operand operand = {
		.type = type,
		.R = R,
		.count = count,
		.stride = count,
		.total = R * count,
		.data = (void *)(uintptr_t)data,
	};

	return test_upload(device, &operand);
}

struct ut_slice test_upload_f32(struct ut_device *device, const float *data,
				unsigned R, size_t count)
{
	return upload_plain(device, UT_F32, data, R, count);
}

struct ut_slice test_upload_u32(struct ut_device *device, const uint32_t *data,
				unsigned R, size_t count)
{
	return upload_plain(device, UT_U32, data, R, count);
}

void test_drop(struct ut_slice slice)
{
	ut_buffer_free(slice.buffer);
}

void test_take(struct test_output *result, const char *name,
	       struct ut_slice slice)
{
	struct test_part *part = &result->part[result->parts++];
	struct ut_error error = {0};

	ck_assert_uint_le(result->parts, TEST_PARTS);
	part->name = name;
	part->type = ut_buffer_type(slice.buffer);
	part->offset = slice.offset;
	part->stride = slice.stride;
	part->total = ut_buffer_count(slice.buffer);
	part->data = test_alloc(part->total, element_bytes(part->type));
	if (ut_buffer_read(slice.buffer, 0, part->total, part->data, &error))
		ck_abort_msg("%s: %s", name, error.text);
	ut_buffer_free(slice.buffer);
}

void test_output_free(struct test_output *result)
{
	while (result->parts)
		free(result->part[--result->parts].data);
}

float *test_output_f32(const struct test_output *result, unsigned part,
		       unsigned r)
{
	const struct test_part *p = &result->part[part];

	return (float *)p->data + p->offset + r * p->stride;
}

uint32_t *test_output_u32(const struct test_output *result, unsigned part,
			  unsigned r)
{
	const struct test_part *p = &result->part[part];

	return (uint32_t *)p->data + p->offset + r * p->stride;
}

struct ut_rng test_rng(struct test_random *random)
{
	return (struct ut_rng){
		.seed = test_word(random),
		.purpose = test_word(random) % 8,
		.stream = test_word(random) % 100,
		.replica = test_word(random) % 50,
	};
}

struct ut_affine test_affine(struct test_random *random)
{
	struct ut_affine affine = {
		.channels = (unsigned)test_between(random, 1, UT_CHANNELS_MAX),
	};
	unsigned c;

	for (c = 0; c < affine.channels; ++c) {
		affine.scale[c] = test_value(random);
		affine.shift[c] = test_value(random);
	}
	return affine;
}
