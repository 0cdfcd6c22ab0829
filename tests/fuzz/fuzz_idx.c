/* The IDX reader, plain and gzipped: images, labels, or an error with a text. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/idx.h"

static void check(enum ut_status status, const struct ut_error *error)
{
	if (status && !*error->text)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static FILE *file;
	struct ut_idx_images images = {0};
	struct ut_error error = {0};
	uint8_t *labels = NULL;
	char path[64];
	size_t count;

	/* the reader wants a path: this one is a file without a name */
	if (!file)
		file = tmpfile();
	if (!file || ftruncate(fileno(file), 0) ||
	    pwrite(fileno(file), data, bytes, 0) != (ssize_t)bytes)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	check(ut_idx_read_images(&images, path, &error), &error);
	free(images.pixels);
	error = (struct ut_error){0};
	check(ut_idx_read_labels(&labels, &count, 10, path, &error), &error);
	free(labels);
	return 0;
}
