/*
 * JPEG files: pixels against the manifest that an independent implementation
 * wrote (tests/fixtures/jpeg/reference.py), and files that are damaged or no JPEG.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "data/jpeg.h"
#include "data/jpeg_header.h"
#include "support/scratch.h"
#include "support/testing.h"

#define FOLDER "tests/fixtures/jpeg"

enum { SIZE = 16, PIXELS = SIZE * SIZE * 3 };

struct file {
	uint8_t *data;
	size_t bytes;
};

static struct file read_fixture(const char *name)
{
	struct ut_error error = {0};
	char path[256], *data;
	struct file file;

	snprintf(path, sizeof(path), FOLDER "/%s.jpg", name);
	ck_assert_msg(!ut_file_read(path, 1 << 20, &data, &file.bytes, &error),
		      "%s", error.text);
	file.data = (uint8_t *)data;
	return file;
}

/* A copy with nothing after it, so that a sanitizer sees reads past the end. */
static enum ut_status decode(const uint8_t *data, size_t bytes,
			     uint8_t pixels[PIXELS], struct ut_error *error)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	enum ut_status status;

	memcpy(copy, data, bytes);
	status = ut_jpeg_decode(pixels, SIZE, 3, UT_FIT_CROP, copy, bytes,
				error);
	free(copy);
	return status;
}

static void assert_refused(const uint8_t *data, size_t bytes, const char *why)
{
	struct ut_error error = {0};
	uint8_t pixels[PIXELS];

	ck_assert_int_eq(decode(data, bytes, pixels, &error), UT_CORRUPT);
	ck_assert_msg(strstr(error.text, why), "%s", error.text);
}

static void assert_fixture_refused(const char *name, const char *why)
{
	struct file file = read_fixture(name);

	assert_refused(file.data, file.bytes, why);
	free(file.data);
}

START_TEST(pixels_are_those_of_the_manifest)
{
	char name[64], fit[16], digest[64], text[UT_FINGERPRINT_TEXT];
	FILE *manifest = fopen(FOLDER "/manifest", "r");
	unsigned size, channels, count = 0;

	ck_assert_ptr_nonnull(manifest);
	while (fscanf(manifest, "%63s %u %u %15s %63s", name, &size, &channels,
		      fit, digest) == 5) {
		size_t bytes = (size_t)size * size * channels;
		struct file file = read_fixture(name);
		uint8_t *pixels = malloc(bytes);
		struct ut_fingerprinter in;
		struct ut_error error = {0};

		ck_assert_msg(!ut_jpeg_decode(pixels, size, channels,
					      strcmp(fit, "crop")
						      ? UT_FIT_STRETCH
						      : UT_FIT_CROP,
					      file.data, file.bytes, &error),
			      "%s: %s", name, error.text);
		ut_fingerprint_init(&in);
		ut_fingerprint_update(&in, pixels, bytes);
		ut_fingerprint_text(ut_fingerprint_finish(&in), text);
		ck_assert_msg(!strcmp(text, digest), "%s %u %u %s: %s not %s",
			      name, size, channels, fit, text, digest);
		free(pixels);
		free(file.data);
		++count;
	}
	fclose(manifest);
	ck_assert_uint_gt(count, 200);
}
END_TEST

START_TEST(other_kinds_of_file_are_named)
{
	static const struct {
		const char *data, *what;
	} others[] = {
		{"\x89PNG\r\n\x1a\n____", "a PNG file, not a JPEG file"},
		{"GIF89a__", "a GIF file"},
		{"RIFF____WEBPVP8 ", "a WebP file"},
		{"BM______", "a BMP file"},
		{"____ftypheic", "a HEIC, AVIF or MP4 file"},
		{"<!DOCTYPE html>", "an HTML or XML file"},
		{"it is a cat\n", "text, not a JPEG file"},
		{"\x01\x02\x03\x04", "something else, not a JPEG file"},
		{"\xff", "something else, not a JPEG file"},
		{"", "an empty file"},
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); ++i)
		assert_refused((const uint8_t *)others[i].data,
			       strlen(others[i].data), others[i].what);
}
END_TEST

/* Where in a file the frame header's marker is. */
static size_t find_frame(const struct file *file)
{
	size_t at = 2;

	while (file->data[at + 1] < 0xc0 || file->data[at + 1] > 0xc2)
		at += 2 +
		      (size_t)(file->data[at + 2] << 8 | file->data[at + 3]);
	ck_assert_uint_lt(at, file->bytes);
	return at;
}

static void put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

START_TEST(kinds_of_jpeg_that_are_not_read_are_named)
{
	struct file file = read_fixture("rgb-444");
	size_t at = find_frame(&file);

	file.data[at + 4] = 12;
	assert_refused(file.data, file.bytes, "12 bits a sample");
	file.data[at + 4] = 8;
	file.data[at + 1] = 0xc3;
	assert_refused(file.data, file.bytes, "lossless");
	file.data[at + 1] = 0xc9;
	assert_refused(file.data, file.bytes, "arithmetic-coded");
	free(file.data);
	assert_fixture_refused("arithmetic", "arithmetic-coded");
}
END_TEST

START_TEST(absurd_sizes_are_refused_before_anything_is_allocated)
{
	struct file file = read_fixture("grey");
	uint8_t *size = file.data + find_frame(&file) + 5;

	put16(size, 0);
	assert_refused(file.data, file.bytes, "no pixels: 61x0");
	put16(size, 65500);
	assert_refused(file.data, file.bytes, "too large: 61x65500");
	put16(size + 2, 65500);
	assert_refused(file.data, file.bytes, "too large: 65500x65500");
	put16(size, 16384);
	put16(size + 2, 8193);
	assert_refused(file.data, file.bytes, "at most 16384 a side");
	/* within the limits, and its data end after 47 rows */
	put16(size + 2, 8192);
	assert_refused(file.data, file.bytes, "damaged JPEG");
	put16(size, 47);
	put16(size + 2, 0);
	assert_refused(file.data, file.bytes, "no pixels: 0x47");
	free(file.data);
}
END_TEST

/* A frame of four components, of which libjpeg keeps all scans. */
START_TEST(scans_that_take_too_much_memory_are_refused)
{
	struct file file = read_fixture("progressive");
	size_t at = find_frame(&file), end = at + 2 + 8 + 9;
	uint8_t *more = malloc(file.bytes + 3);

	memcpy(more, file.data, end);
	memcpy(more + end, "\x04\x11\x00", 3);
	memcpy(more + end + 3, file.data + end, file.bytes - end);
	put16(more + at + 2, 8 + 12);
	put16(more + at + 5, 8192);
	put16(more + at + 7, 16384);
	more[at + 9] = 4;
	more[at + 11] = 0x11;
	assert_refused(more, file.bytes + 3,
		       "too large: 16384x8192 pixels in scans need more than");
	free(more);
	free(file.data);
}
END_TEST

START_TEST(too_many_scans_are_refused)
{
	assert_fixture_refused("many-scans", "more than 100 scans");
}
END_TEST

START_TEST(frames_must_be_one_and_of_known_colours)
{
	struct file file = read_fixture("rgb-444");
	size_t at = find_frame(&file), length = 2 + 8 + 9;
	uint8_t *twice = malloc(file.bytes + length);

	memcpy(twice, file.data, at + length);
	memcpy(twice + at + length, file.data + at, file.bytes - at);
	assert_refused(twice, file.bytes + length, "two frames");
	/* the first of the two as a comment */
	twice[at + 1] = 0xfe;
	twice[at + length + 9] = 2;
	put16(twice + at + length + 2, 8 + 6);
	assert_refused(twice, file.bytes + length, "2 colour components");
	twice[at + length + 9] = 200;
	assert_refused(twice, file.bytes + length, "bad frame header");
	free(twice);
	free(file.data);
}
END_TEST

static const char *const fixtures[] = {
	"grey", "rgb-420", "progressive", "restarts",
	"ycck", "exif-6",  "pixel",       "cmyk-plain",
};

enum { FIXTURES = sizeof(fixtures) / sizeof(*fixtures) };

START_TEST(a_file_cut_anywhere_is_refused)
{
	size_t i, length;

	for (i = 0; i < FIXTURES; ++i) {
		struct file file = read_fixture(fixtures[i]);

		for (length = 0; length < file.bytes; ++length)
			assert_refused(file.data, length, "");
		free(file.data);
	}
}
END_TEST

/* Standard error goes to a file until the second call; returns its length. */
static off_t watch_errors(int *kept)
{
	const char *path = test_scratch("errors");
	struct stat info = {0};
	int file;

	fflush(stderr);
	if (*kept < 0) {
		*kept = dup(2);
		file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		ck_assert_int_ge(dup2(file, 2), 0);
		close(file);
		return 0;
	}
	ck_assert_int_eq(stat(path, &info), 0);
	dup2(*kept, 2);
	close(*kept);
	return info.st_size;
}

START_TEST(a_changed_byte_is_an_image_or_an_error_and_nothing_is_printed)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0xff, 0xd9};
	unsigned good = 0, bad = 0;
	size_t i, at, k;
	off_t printed;
	int kept = -1;

	watch_errors(&kept);
	for (i = 0; i < FIXTURES; ++i) {
		struct file file = read_fixture(fixtures[i]);

		for (at = 0; at < file.bytes; ++at)
			for (k = 0; k < sizeof(values); ++k) {
				struct ut_error error = {0};
				uint8_t pixels[PIXELS], byte = file.data[at];
				enum ut_status status;

				file.data[at] = values[k] == byte
							? (uint8_t)~byte
							: values[k];
				status = decode(file.data, file.bytes, pixels,
						&error);
				file.data[at] = byte;
				good += !status;
				bad += status == UT_CORRUPT && *error.text;
				ck_assert(!status || status == UT_CORRUPT);
			}
		free(file.data);
	}
	printed = watch_errors(&kept);
	ck_assert_int_eq((int)printed, 0);
	ck_assert_uint_gt(good, 1000);
	ck_assert_uint_gt(bad, 1000);
}
END_TEST

START_TEST(damaged_exif_leaves_the_image_as_it_is_stored)
{
	struct file file = read_fixture("exif-6"), plain = read_fixture("exif-"
									"1");
	uint8_t stored[PIXELS], hung[PIXELS], pixels[PIXELS];
	struct ut_jpeg_header header;
	struct ut_error error = {0};
	/* of the fields: byte order, 42, offset, entries, type, count, value */
	static const size_t places[] = {6, 9, 10, 15, 31, 35, 37};
	size_t start = 0, i;

	ck_assert(!decode(plain.data, plain.bytes, stored, &error));
	ck_assert(!decode(file.data, file.bytes, hung, &error));
	ck_assert_int_ne(memcmp(stored, hung, PIXELS), 0);
	while (memcmp(file.data + start, "Exif", 4))
		++start;
	for (i = 0; i < sizeof(places) / sizeof(*places); ++i) {
		uint8_t *byte = file.data + start + places[i], kept = *byte;

		*byte = places[i] == 15 ? 1 : 0xfe;
		ck_assert(!decode(file.data, file.bytes, pixels, &error));
		ck_assert_mem_eq(pixels, stored, PIXELS);
		*byte = kept;
	}
	ck_assert(!ut_jpeg_read_header(&header, file.data, file.bytes, &error));
	ck_assert_uint_eq(header.orientation, 6);
	ck_assert_uint_eq(header.width, 26);
	ck_assert_uint_eq(header.height, 18);
	free(file.data);
	free(plain.data);
}
END_TEST

START_TEST(a_build_without_jpeg_says_so)
{
	struct ut_error error = {0};
	uint8_t pixels[PIXELS] = {0};

	ck_assert_int_eq(ut_jpeg_decode(pixels, SIZE, 3, UT_FIT_CROP, pixels,
					sizeof(pixels), &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "--without-jpeg"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("jpeg");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	if (!ut_jpeg_available()) {
		test_skip("JPEG files", "this build is without them");
		tcase_add_test(tests, a_build_without_jpeg_says_so);
		return test_main_alone("jpeg", tests);
	}
	tcase_add_test(tests, pixels_are_those_of_the_manifest);
	tcase_add_test(tests, other_kinds_of_file_are_named);
	tcase_add_test(tests, kinds_of_jpeg_that_are_not_read_are_named);
	tcase_add_test(tests,
		       absurd_sizes_are_refused_before_anything_is_allocated);
	tcase_add_test(tests, scans_that_take_too_much_memory_are_refused);
	tcase_add_test(tests, too_many_scans_are_refused);
	tcase_add_test(tests, frames_must_be_one_and_of_known_colours);
	tcase_add_test(tests, a_file_cut_anywhere_is_refused);
	tcase_add_test(
		tests,
		a_changed_byte_is_an_image_or_an_error_and_nothing_is_printed);
	tcase_add_test(tests, damaged_exif_leaves_the_image_as_it_is_stored);
	return test_main_alone("jpeg", tests);
}
