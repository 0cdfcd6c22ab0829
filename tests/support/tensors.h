/*
 * Reads the golden files: the safetensors format, F32, F64, I64 and U8
 * (https://github.com/huggingface/safetensors). Any trouble fails the test.
 */
#ifndef UT_TEST_TENSORS_H
#define UT_TEST_TENSORS_H

#include <stddef.h>
#include <stdint.h>

struct test_tensors;

struct test_tensors *test_tensors_read(const char *path);
void test_tensors_free(struct test_tensors *tensors);

/* A text of the metadata, or its number. */
const char *test_tensors_text(const struct test_tensors *tensors,
			      const char *key);
double test_tensors_number(const struct test_tensors *tensors, const char *key);

/*
 * A tensor as doubles, exactly, whatever its type; free it. count is its number
 * of elements. NULL when there is no such tensor.
 */
double *test_tensor(const struct test_tensors *tensors, const char *name,
		    size_t *count);

#endif
