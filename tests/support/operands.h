/* Arguments and results of operations: host arrays that travel to devices. */
#ifndef UT_TEST_OPERANDS_H
#define UT_TEST_OPERANDS_H

#include <undertone/ops.h>

#include "numbers.h"

/* One argument on the host: R parts inside an array of `total` elements. */
struct test_operand {
	enum ut_type type;
	unsigned R;
	size_t offset, count, stride, total;
	void *data; /* the whole array; owned */
};

/*
 * Draws where the parts lie (odd offsets, gaps between them; with shared, one
 * part for all replicas) and fills the whole array with test_value or, for the
 * integer types, with numbers below `below`.
 */
struct test_operand test_operand_f32(struct test_random *random, unsigned R,
				     size_t count, bool shared);
struct test_operand test_operand_int(struct test_random *random,
				     enum ut_type type, unsigned R,
				     size_t count, bool shared, uint32_t below);
void test_operand_free(struct test_operand *operand);

/* The start of replica r's part. */
float *test_f32(const struct test_operand *operand, unsigned r);
uint32_t *test_u32(const struct test_operand *operand, unsigned r);
uint8_t *test_u8(const struct test_operand *operand, unsigned r);

/* A copy of the whole array on the device; free it with test_drop. */
struct ut_slice test_upload(struct ut_device *device,
			    const struct test_operand *operand);
/* The same of plain arrays: R parts of count elements, no gaps. */
struct ut_slice test_upload_f32(struct ut_device *device, const float *data,
				unsigned R, size_t count);
struct ut_slice test_upload_u32(struct ut_device *device, const uint32_t *data,
				unsigned R, size_t count);
void test_drop(struct ut_slice slice);

enum { TEST_PARTS = 4 };

/* Some numbers of the counter-based generator. */
struct ut_rng test_rng(struct test_random *random);

/* A scale and a shift for each of 1 to UT_CHANNELS_MAX channels. */
struct ut_affine test_affine(struct test_random *random);

/* The outputs of one run of an operation: whole buffers, gaps included. */
struct test_output {
	unsigned parts;
	struct test_part {
		const char *name;
		enum ut_type type;
		size_t offset, stride, total;
		void *data;
	} part[TEST_PARTS];
};

/* Moves the buffer of a slice from its device into the result. */
void test_take(struct test_output *result, const char *name,
	       struct ut_slice slice);
void test_output_free(struct test_output *result);

/* The start of replica r's part of an output. */
float *test_output_f32(const struct test_output *result, unsigned part,
		       unsigned r);
uint32_t *test_output_u32(const struct test_output *result, unsigned part,
			  unsigned r);

#endif
