/* Buffers, slices, copies and fills, on every device. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/testing.h"

struct problem {
	unsigned R;
	float value;
	uint32_t word;
	struct test_operand from, to, words;
};

static void run_copy(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice from = test_upload(device, &p->from);
	struct ut_slice to = test_upload(device, &p->to);

	ut_copy(device, p->R, from, to);
	test_take(output, "to", to);
	test_take(output, "from", from);
}

static void run_fill(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice floats = test_upload(device, &p->to);
	struct ut_slice words = test_upload(device, &p->words);

	ut_fill_f32(device, p->R, floats, p->value);
	ut_fill_u32(device, p->R, words, p->word);
	test_take(output, "floats", floats);
	test_take(output, "words", words);
}

static struct test_operand any_type(struct test_random *random,
				    enum ut_type type, unsigned R, size_t n,
				    bool shared)
{
	if (type == UT_F32)
		return test_operand_f32(random, R, n, shared);
	return test_operand_int(random, type, R, n, shared, 256);
}

static size_t element_bytes(enum ut_type type)
{
	return type == UT_U8 ? 1 : 4;
}

START_TEST(a_copy_moves_every_replica_and_nothing_else)
{
	struct test_random random = {80};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		enum ut_type type = (enum ut_type)(i % 3);
		unsigned R = (unsigned)test_between(&random, 1, 3);
		size_t n = test_between(&random, 1, i % 4 ? 90 : 5000);
		size_t bytes = element_bytes(type);
		struct problem p = {
			.R = R,
			.from = any_type(&random, type, R, n, i % 2),
			.to = any_type(&random, type, R, n, false),
		};
		struct test_output got =
			test_everywhere("copy", i % 3 == 0, run_copy, &p);

		for (r = 0; r < R; ++r)
			memcpy((char *)p.to.data +
				       (p.to.offset + r * p.to.stride) * bytes,
			       (char *)p.from.data +
				       (p.from.offset + r * p.from.stride) *
					       bytes,
			       n * bytes);
		test_same_bits("to", "after the copy", type, p.to.data,
			       got.part[0].data, p.to.total);
		test_same_bits("from", "after the copy", type, p.from.data,
			       got.part[1].data, p.from.total);
		test_output_free(&got);
		test_operand_free(&p.from);
		test_operand_free(&p.to);
	}
}
END_TEST

/* A copy moves bits: signed zeros, subnormals and NaN as they are. */
START_TEST(a_copy_keeps_unclean_bits)
{
	uint32_t bits[] = {0x80000000u, 1,           0x807fffffu,
			   0x7fc00123u, 0xff800000u, 0x2b7fffffu};
	uint32_t room[6] = {0};
	struct problem p = {
		.R = 1,
		.from = {UT_F32, 1, 0, 6, 6, 6, bits},
		.to = {UT_F32, 1, 0, 6, 6, 6, room},
	};
	struct test_output got = test_everywhere("bits", true, run_copy, &p);

	test_same_bits("to", "bits", UT_F32, bits, got.part[0].data, 6);
	test_output_free(&got);
}
END_TEST

START_TEST(a_fill_reaches_every_replica_and_nothing_else)
{
	struct test_random random = {81};
	unsigned i, r;
	size_t k;

	for (i = 0; i < 20; ++i) {
		unsigned R = (unsigned)test_between(&random, 1, 3);
		size_t n = test_between(&random, 1, i % 4 ? 90 : 5000);
		struct problem p = {
			.R = R,
			.value = i ? test_value(&random) : -0.0f,
			.word = test_word(&random),
			.to = test_operand_f32(&random, R, n, false),
			.words = test_operand_int(&random, UT_U32, R, n, false,
						  99),
		};
		struct test_output got =
			test_everywhere("fill", i % 3 == 0, run_fill, &p);

		for (r = 0; r < R; ++r)
			for (k = 0; k < n; ++k) {
				test_f32(&p.to, r)[k] = p.value;
				test_u32(&p.words, r)[k] = p.word;
			}
		test_same_bits("floats", "after the fill", UT_F32, p.to.data,
			       got.part[0].data, p.to.total);
		test_same_bits("words", "after the fill", UT_U32, p.words.data,
			       got.part[1].data, p.words.total);
		test_output_free(&got);
		test_operand_free(&p.to);
		test_operand_free(&p.words);
	}
}
END_TEST

START_TEST(a_new_buffer_is_zero)
{
	static const enum ut_type types[] = {UT_F32, UT_U32, UT_U8};
	static const uint8_t zeros[4 * 1001];
	size_t i, k;

	for (i = 0; i < test_device_count(); ++i)
		for (k = 0; k < 3; ++k) {
			struct ut_device *device = test_device(i)->device;
			struct ut_buffer *buffer =
				ut_buffer_new(device, types[k], 1001);
			struct test_output got = {0};

			ck_assert_ptr_nonnull(buffer);
			ck_assert_uint_eq(ut_buffer_count(buffer), 1001);
			ck_assert_int_eq(ut_buffer_type(buffer), types[k]);
			ck_assert_ptr_eq(ut_buffer_device(buffer), device);
			test_take(&got, "new", ut_slice_of(buffer, 1001));
			test_same_bits("new", test_device(i)->label, types[k],
				       zeros, got.part[0].data, 1001);
			test_output_free(&got);
		}
}
END_TEST

START_TEST(parts_are_written_and_read_in_place)
{
	static const float written[] = {5, 6, 7};
	static const float expected[] = {1, 2, 5, 6, 7, 4};
	static const float initial[] = {1, 2, 3, 3, 3, 4};
	struct ut_error error = {0};
	size_t i;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_slice x =
			test_upload_f32(test_device(i)->device, initial, 1, 6);
		float middle[2] = {0, 0}, all[6];

		ut_buffer_write(x.buffer, 2, 3, written);
		ck_assert_int_eq(ut_buffer_read(x.buffer, 3, 2, middle, &error),
				 UT_OK);
		ck_assert(middle[0] == 6 && middle[1] == 7);
		ck_assert_int_eq(ut_buffer_read(x.buffer, 0, 6, all, &error),
				 UT_OK);
		test_same_bits("parts", test_device(i)->label, UT_F32, expected,
			       all, 6);
		/* nothing is a part too */
		ut_buffer_write(x.buffer, 6, 0, written);
		ck_assert_int_eq(ut_buffer_read(x.buffer, 6, 0, all, &error),
				 UT_OK);
		test_drop(x);
	}
}
END_TEST

/* What write took is the caller's again at once. */
START_TEST(written_data_may_be_reused)
{
	enum { N = 100000 };
	float *data = test_alloc(N, sizeof(*data));
	size_t i, k;

	for (i = 0; i < test_device_count(); ++i) {
		struct test_output got = {0};
		struct ut_slice x;

		for (k = 0; k < N; ++k)
			data[k] = (float)k;
		x = test_upload_f32(test_device(i)->device, data, 1, N);
		memset(data, 0xff, N * sizeof(*data));
		test_take(&got, "x", x);
		for (k = 0; k < N; ++k)
			ck_assert(test_output_f32(&got, 0, 0)[k] == (float)k);
		test_output_free(&got);
	}
	free(data);
}
END_TEST

START_TEST(bytes_held_are_counted)
{
	size_t i;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_device *device = test_device(i)->device;
		size_t before = ut_device_bytes(device);
		struct ut_buffer *a = ut_buffer_new(device, UT_F32, 1000000);
		struct ut_buffer *b = ut_buffer_new(device, UT_U8, 7);

		ck_assert_uint_eq(ut_device_bytes(device), before + 4000007);
		ut_buffer_free(a);
		ut_buffer_free(b);
		ut_buffer_free(NULL);
		ck_assert_uint_eq(ut_device_bytes(device), before);
		ck_assert_uint_ge(ut_device_bytes_peak(device),
				  before + 4000007);
	}
}
END_TEST

START_TEST(slices_name_parts_of_buffers)
{
	struct ut_device *device = test_device(0)->device;
	struct ut_buffer *buffer = ut_buffer_new(device, UT_F32, 30);
	struct ut_slice whole = ut_slice_of(buffer, 10), part, none = {0};

	ck_assert(whole.offset == 0 && whole.count == 10);
	ck_assert(whole.stride == 10 && whole.buffer == buffer);
	part = ut_slice_part(whole, 3, 4);
	ck_assert(part.offset == 3 && part.count == 4 && part.stride == 10);
	part = ut_slice_from(part, 2);
	ck_assert(part.offset == 23 && part.count == 4 && part.stride == 10);
	ck_assert(ut_slice_none(none) && !ut_slice_none(part));
	ut_buffer_free(buffer);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("memory");

	tcase_add_test(tests, a_copy_moves_every_replica_and_nothing_else);
	tcase_add_test(tests, a_copy_keeps_unclean_bits);
	tcase_add_test(tests, a_fill_reaches_every_replica_and_nothing_else);
	tcase_add_test(tests, a_new_buffer_is_zero);
	tcase_add_test(tests, parts_are_written_and_read_in_place);
	tcase_add_test(tests, written_data_may_be_reused);
	tcase_add_test(tests, bytes_held_are_counted);
	tcase_add_test(tests, slices_name_parts_of_buffers);
	return test_main("memory", tests);
}
