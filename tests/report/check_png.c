/* PNG files, read back by the rules of the format. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "report/png.h"
#include "support/testing.h"

static size_t get32(const unsigned char *at)
{
	return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	       at[3];
}

/* The next chunk's data, its sum checked. */
static const unsigned char *chunk(const unsigned char **at, const char *type,
				  size_t *bytes)
{
	const unsigned char *data = *at + 8;

	*bytes = get32(*at);
	ck_assert(!memcmp(*at + 4, type, 4));
	ck_assert_uint_eq(get32(data + *bytes),
			  crc32(0, *at + 4, (uInt)(4 + *bytes)));
	*at = data + *bytes + 4;
	return data;
}

START_TEST(the_pixels_come_back)
{
	enum { W = 5, H = 4, STRIDE = 7, ROW = 1 + 3 * W };
	uint32_t pixels[H * STRIDE];
	unsigned char rows[H][ROW];
	const unsigned char *at, *data;
	struct ut_text file = {0};
	uLongf plain = sizeof(rows);
	size_t bytes, x, y, i;

	for (i = 0; i < H * STRIDE; ++i)
		pixels[i] = (uint32_t)(i * 2654435761u);
	ut_png_append(&file, pixels, W, H, STRIDE);
	ck_assert(!file.failed);
	at = (const unsigned char *)file.data;
	ck_assert(!memcmp(at, "\x89PNG\r\n\x1a\n", 8));
	at += 8;
	data = chunk(&at, "IHDR", &bytes);
	ck_assert_uint_eq(bytes, 13);
	ck_assert_uint_eq(get32(data), W);
	ck_assert_uint_eq(get32(data + 4), H);
	ck_assert(!memcmp(data + 8, "\x08\x02\x00\x00\x00", 5));
	data = chunk(&at, "IDAT", &bytes);
	ck_assert_int_eq(uncompress(rows[0], &plain, data, bytes), Z_OK);
	ck_assert_uint_eq(plain, sizeof(rows));
	chunk(&at, "IEND", &bytes);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_ptr_eq(at, (const unsigned char *)file.data + file.length);
	for (y = 0; y < H; ++y) {
		ck_assert_uint_eq(rows[y][0], 2);
		for (i = 1; y && i < ROW; ++i)
			rows[y][i] =
				(unsigned char)(rows[y][i] + rows[y - 1][i]);
		for (x = 0; x < W; ++x)
			ck_assert_uint_eq(get32(&rows[y][3 * x]) & 0xffffff,
					  pixels[y * STRIDE + x] & 0xffffff);
	}
	ut_text_release(&file);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("png");

	tcase_add_test(tests, the_pixels_come_back);
	return test_main_alone("png", tests);
}
