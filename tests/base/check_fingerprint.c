/* Fingerprints. */
#include <string.h>

#include "base/fingerprint.h"
#include "support/testing.h"

static struct ut_fingerprint of(const void *data, size_t bytes, size_t piece)
{
	struct ut_fingerprinter in;
	size_t i;

	ut_fingerprint_init(&in);
	for (i = 0; i < bytes; i += piece)
		ut_fingerprint_update(&in, (const char *)data + i,
				      bytes - i < piece ? bytes - i : piece);
	return ut_fingerprint_finish(&in);
}

START_TEST(known_texts_have_the_hashes_of_xxh128sum)
{
	char text[UT_FINGERPRINT_TEXT];

	ut_fingerprint_text(of("", 0, 1), text);
	ck_assert_str_eq(text, "99aa06d3014798d86001c324468d497f");
	ut_fingerprint_text(of("undertone", 9, 9), text);
	ck_assert_str_eq(text, "dd048afbebd8c6ea843f7e05a9cef5ef");
}
END_TEST

START_TEST(pieces_change_nothing)
{
	static unsigned char data[5000];
	struct ut_fingerprint whole;
	size_t i;

	for (i = 0; i < sizeof(data); ++i)
		data[i] = (unsigned char)(i * 7 + i / 256);
	whole = of(data, sizeof(data), sizeof(data));
	ck_assert(ut_fingerprint_equal(whole, of(data, sizeof(data), 1)));
	ck_assert(ut_fingerprint_equal(whole, of(data, sizeof(data), 257)));
	data[4999] ^= 1;
	ck_assert(!ut_fingerprint_equal(whole, of(data, sizeof(data), 5000)));
}
END_TEST

START_TEST(numbers_are_taken_little_endian)
{
	static const float numbers[] = {1.0f, -2.5f};
	static const unsigned char bytes[] = {0, 0, 0x80, 0x3f,
					      0, 0, 0x20, 0xc0};
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update_f32(&in, numbers, 1);
	ut_fingerprint_update_f32(&in, numbers + 1, 1);
	ut_fingerprint_update_f32(&in, NULL, 0);
	ck_assert(ut_fingerprint_equal(ut_fingerprint_finish(&in),
				       of(bytes, 8, 8)));
}
END_TEST

START_TEST(texts_are_read_back_or_refused)
{
	struct ut_fingerprint in = {0x0123456789abcdefu, 0xfedcba9876543210u};
	struct ut_fingerprint out = {1, 2};
	char text[UT_FINGERPRINT_TEXT];

	ut_fingerprint_text(in, text);
	ck_assert_str_eq(text, "0123456789abcdeffedcba9876543210");
	ck_assert(!ut_fingerprint_parse("", &out));
	ck_assert(!ut_fingerprint_parse(text + 1, &out));
	ck_assert(!ut_fingerprint_parse("0123456789abcdeffedcba98765432100",
					&out));
	ck_assert(!ut_fingerprint_parse("0123456789abcdeffedcba987654321g",
					&out));
	ck_assert(out.high == 1 && out.low == 2);
	ck_assert(ut_fingerprint_parse(text, &out));
	ck_assert(ut_fingerprint_equal(in, out));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("fingerprint");

	tcase_add_test(tests, known_texts_have_the_hashes_of_xxh128sum);
	tcase_add_test(tests, pieces_change_nothing);
	tcase_add_test(tests, numbers_are_taken_little_endian);
	tcase_add_test(tests, texts_are_read_back_or_refused);
	return test_main_alone("fingerprint", tests);
}
