/* Tensors in files: what is written reads back; hostile files are refused. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/tensor_writer.h"
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

START_TEST(every_type_reads_back_as_itself_alone)
{
	const char *path = test_scratch("file.safetensors");
	const struct ut_shape shape = {1, {2}};
	const int64_t wide[] = {INT64_MIN, INT64_MAX};
	const uint32_t whole[] = {0, UINT32_MAX};
	const float numbers[] = {NAN, -INFINITY};
	const uint8_t small[] = {0, 255};
	const void *values[] = {wide, whole, numbers, small};
	const enum ut_tensor_type types[] = {UT_TENSOR_I64, UT_TENSOR_U32,
					     UT_TENSOR_F32, UT_TENSOR_U8};
	const char *const names[] = {"wide", "whole", "numbers", "small"};
	struct ut_tensors file, back;
	int i, j;

	ut_tensors_init(&file);
	for (i = 0; i < 4; ++i)
		memcpy(ut_tensors_add_of(&file, names[i], types[i], shape),
		       values[i], 2 * ut_tensor_bytes(types[i]));
	ck_assert(!ut_tensors_write(&file, path, &error));
	ck_assert_msg(!ut_tensors_read(&back, path, &error), "%s", error.text);
	ck_assert_uint_eq(back.count, 4);
	for (i = 0; i < 4; ++i)
		for (j = 0; j < 4; ++j) {
			const void *found = ut_tensors_find_of(&back, names[i],
							       types[j], shape);

			ck_assert(!found == (i != j));
			ck_assert(i != j ||
				  !memcmp(found, values[i],
					  2 * ut_tensor_bytes(types[i])));
		}
	ck_assert_ptr_null(ut_tensors_find(&back, "whole", shape));
	ck_assert_str_eq(ut_tensors_at(&back, 3).name, "small");
	ut_tensors_release(&file);
	ut_tensors_release(&back);
}
END_TEST

START_TEST(a_file_written_in_pieces_has_its_notes)
{
	const char *path = test_scratch("file.safetensors");
	const struct ut_shape shape = {1, {3}};
	const uint32_t numbers[] = {1, 2, 3};
	struct ut_tensor_writer writer = {0};
	struct ut_tensors back;
	size_t bytes;
	char *data;

	ut_tensor_writer_note(&writer, "what", "noise");
	ut_tensor_writer_note(&writer, "text", "a \"b\"\n\xc2\xb1");
	ut_tensor_writer_declare(&writer, "x", UT_TENSOR_U32, shape);
	ck_assert(!ut_tensor_writer_open(&writer, path, &error));
	ut_tensor_writer_put(&writer, numbers, 4);
	ck_assert(!ut_file_exists(path));
	ut_tensor_writer_put(&writer, numbers + 1, 8);
	ck_assert(!ut_tensor_writer_close(&writer, &error));
	ut_tensor_writer_release(&writer);
	ck_assert_msg(!ut_tensors_read(&back, path, &error), "%s", error.text);
	ck_assert(!memcmp(ut_tensors_find_of(&back, "x", UT_TENSOR_U32, shape),
			  numbers, sizeof(numbers)));
	ut_tensors_release(&back);
	ck_assert(!ut_file_read(path, 1000, &data, &bytes, &error));
	ck_assert_uint_eq((bytes - sizeof(numbers)) % 8, 0);
	ck_assert_ptr_nonnull(strstr(data + 8,
				     "{\"__metadata__\":{\"what\":\"noise\","
				     "\"text\":\"a \\\"b\\\"\\n\xc2\xb1\"},"
				     "\"x\":"));
	free(data);
}
END_TEST

START_TEST(a_file_that_is_not_closed_is_not_there)
{
	const char *path = test_scratch("file.safetensors");
	struct ut_tensor_writer writer = {0};

	ut_tensor_writer_note(&writer, "what", "nothing");
	ut_tensor_writer_declare(&writer, "x", UT_TENSOR_U8,
				 (struct ut_shape){1, {3}});
	ck_assert(!ut_tensor_writer_open(&writer, path, &error));
	ut_tensor_writer_release(&writer);
	ck_assert(!ut_file_exists(path));
	ck_assert_int_eq(ut_tensor_writer_open(&writer,
					       test_scratch("none/file"),
					       &error),
			 UT_MISSING);
	ut_tensor_writer_release(&writer);
}
END_TEST

START_TEST(notes_alone_are_a_file)
{
	const char *path = test_scratch("file.safetensors");
	struct ut_tensor_writer writer = {0};
	struct ut_tensors back;

	ut_tensor_writer_note(&writer, "what", "nothing");
	ck_assert(!ut_tensor_writer_open(&writer, path, &error));
	ck_assert(!ut_tensor_writer_close(&writer, &error));
	ck_assert_msg(!ut_tensors_read(&back, path, &error), "%s", error.text);
	ck_assert_uint_eq(back.count, 0);
	ut_tensor_writer_release(&writer);
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
	refuses(TENSOR("I64", "[2]", "[0,8]"), 8);
	refuses(TENSOR("I64", "[1]", "[0,12]"), 12);
	refuses(TENSOR("U8", "[2]", "[0,8]"), 8);
	refuses(TENSOR("U8", "[0]", "[0,0]"), 0);
	refuses(TENSOR("U8", "[9223372036854775807]", "[0,1]"), 1);
	refuses(TENSOR("U32", "[2]", "[0,2]"), 2);
	refuses(TENSOR("u8", "[2]", "[0,2]"), 2);
	refuses(TENSOR("BF16", "[2]", "[0,4]"), 4);
	refuses(TENSOR("U8", "[2]", "[0,2,4]"), 2);
	refuses(TENSOR("U8", "[2]", "[0.0,2.0]"), 2);
	refuses("{\"a\":{\"dtype\":8,\"shape\":[2],\"data_offsets\":[0,2]}}",
		2);
	refuses("{\"a\":[]}", 0);
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
	tcase_add_test(tests, every_type_reads_back_as_itself_alone);
	tcase_add_test(tests, a_file_written_in_pieces_has_its_notes);
	tcase_add_test(tests, a_file_that_is_not_closed_is_not_there);
	tcase_add_test(tests, notes_alone_are_a_file);
	tcase_add_test(tests, hostile_headers_are_refused);
	tcase_add_test(tests, short_files_are_refused);
	return test_main_alone("safetensors", tests);
}
