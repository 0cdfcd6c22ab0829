/* Tensors in files: what is written reads back; hostile files are refused. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "report/safetensors.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_error error;

START_TEST(what_is_written_reads_back)
{
	const char *path = test_scratch("file.safetensors");
	const struct ut_shape matrix = {2, {3, 5}}, turned = {2, {5, 3}};
	const struct ut_shape vector = {1, {3}};
	struct ut_tensors file, back;
	float *weight, *bias;
	int i;

	ut_tensors_init(&file);
	weight = ut_tensors_add(&file, "0.fc1.weight", matrix);
	for (i = 0; i < 15; ++i)
		weight[i] = 0.25f * (float)i - 1;
	bias = ut_tensors_add(&file, "0.fc1.bias", vector);
	bias[2] = 7;
	ck_assert_msg(!ut_tensors_write(&file, path, &error), "%s", error.text);
	ck_assert_msg(!ut_tensors_read(&back, path, &error), "%s", error.text);
	ck_assert(!memcmp(ut_tensors_find(&back, "0.fc1.weight", matrix),
			  weight, 15 * sizeof(float)));
	ck_assert(ut_tensors_find(&back, "0.fc1.bias", vector)[2] == 7);
	ck_assert_ptr_null(ut_tensors_find(&back, "0.fc1.weight", turned));
	ck_assert_ptr_null(ut_tensors_find(&back, "1.fc1.weight", matrix));
	ut_tensors_release(&file);
	ut_tensors_release(&back);
}
END_TEST

/* A file of this header, and `payload` bytes of zeros behind it. */
static void refuses(const char *header, size_t payload)
{
	const char *path = test_scratch("bad.safetensors");
	char data[1024] = {0};
	struct ut_tensors file;
	size_t length = strlen(header);

	data[0] = (char)(length & 255);
	data[1] = (char)(length >> 8);
	memcpy(data + 8, header, length);
	ck_assert(!ut_file_write(path, data, 8 + length + payload, &error));
	ck_assert_msg(ut_tensors_read(&file, path, &error) == UT_CORRUPT,
		      "taken: %s", header);
	ck_assert_ptr_nonnull(strstr(error.text, "bad.safetensors"));
}

#define TENSOR(type, shape, offsets)                      \
	"{\"a\":{\"dtype\":\"" type "\",\"shape\":" shape \
	",\"data_offsets\":" offsets "}}"

START_TEST(hostile_headers_are_refused)
{
	refuses("", 0);
	refuses("{", 0);
	refuses("[1,2]", 0);
	refuses(TENSOR("F64", "[2]", "[0,16]"), 16);
	refuses(TENSOR("F32", "[2]", "[0,8]"), 4);
	refuses(TENSOR("F32", "[2]", "[0,8]"), 12);
	refuses(TENSOR("F32", "[2]", "[-8,0]"), 8);
	refuses(TENSOR("F32", "[2]", "[8,0]"), 8);
	refuses(TENSOR("F32", "[2]", "[0,9223372036854775807]"), 8);
	refuses(TENSOR("F32", "[-2]", "[0,8]"), 8);
	refuses(TENSOR("F32", "[4611686018427387904,4]", "[0,8]"), 8);
	refuses(TENSOR("F32", "[1,1,1,1,2]", "[0,8]"), 8);
	refuses(TENSOR("F32", "[]", "[0,4]"), 4);
	refuses(TENSOR("F32", "[2.5]", "[0,8]"), 8);
	refuses(TENSOR("F32", "\"2\"", "[0,8]"), 8);
	refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"
		"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
		"[0,8]}}",
		16);
	refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"
		"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
		"[4,12]}}",
		12);
}
END_TEST

START_TEST(short_files_are_refused)
{
	const char *path = test_scratch("bad.safetensors");
	const char huge[8] = {-1, -1, -1, -1, -1, -1, -1, 127};
	struct ut_tensors file;

	ck_assert(!ut_file_write(path, "abc", 3, &error));
	ck_assert_int_eq(ut_tensors_read(&file, path, &error), UT_CORRUPT);
	ck_assert(!ut_file_write(path, huge, 8, &error));
	ck_assert_int_eq(ut_tensors_read(&file, path, &error), UT_CORRUPT);
	ck_assert_int_eq(ut_tensors_read(&file, test_scratch("none"), &error),
			 UT_MISSING);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("safetensors");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, what_is_written_reads_back);
	tcase_add_test(tests, hostile_headers_are_refused);
	tcase_add_test(tests, short_files_are_refused);
	return test_main_alone("safetensors", tests);
}
