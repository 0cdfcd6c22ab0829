/* A folder for a test's files. */
#include "scratch.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { PATHS = 4096, PATH_BYTES = 512 };

/* Test programs are single-threaded and have one such folder at a time. */
static char folder[128];
static char *paths[PATHS];
static size_t path_count;

void test_scratch_open(void)
{
	const char *above = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.90s/undertone-test-XXXXXX",
		 above ? above : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	/* other users look in, where a test becomes one */
	ck_assert_int_eq(chmod(folder, 0755), 0);
}

void test_scratch_close(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
	while (path_count)
		free(paths[--path_count]);
}

const char *test_scratch(const char *format, ...)
{
	char *path = malloc(PATH_BYTES);
	va_list arguments;
	int length;

	ck_assert_ptr_nonnull(path);
	ck_assert_uint_lt(path_count, PATHS);
	paths[path_count++] = path;
	length = snprintf(path, PATH_BYTES, "%s/", folder);
	va_start(arguments, format);
	vsnprintf(path + length, PATH_BYTES - (size_t)length, format,
		  arguments);
	va_end(arguments);
	return path;
}

void test_scratch_write(const char *path, const void *data, size_t bytes,
			bool gzip)
{
	/* T: as it is */
	gzFile file = gzopen(path, gzip ? "wb" : "wbT");

	ck_assert_ptr_nonnull(file);
	if (bytes)
		ck_assert_int_eq(gzwrite(file, data, (unsigned)bytes),
				 (int)bytes);
	ck_assert_int_eq(gzclose(file), Z_OK);
}

void test_scratch_idx(const char *path, bool gzip, unsigned dimensions,
		      const uint32_t *sizes, const uint8_t *data, size_t bytes)
{
	size_t header = 4 + 4 * (size_t)dimensions, i;
	uint8_t *content = calloc(header + bytes, 1);

	ck_assert_ptr_nonnull(content);
	content[2] = 8;
	content[3] = (uint8_t)dimensions;
	for (i = 0; i < dimensions; ++i) {
		content[4 + 4 * i] = (uint8_t)(sizes[i] >> 24);
		content[5 + 4 * i] = (uint8_t)(sizes[i] >> 16);
		content[6 + 4 * i] = (uint8_t)(sizes[i] >> 8);
		content[7 + 4 * i] = (uint8_t)sizes[i];
	}
	if (data)
		memcpy(content + header, data, bytes);
	test_scratch_write(path, content, header + bytes, gzip);
	free(content);
}
