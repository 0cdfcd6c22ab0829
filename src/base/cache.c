/* What is kept between starts of the program. */
#include "base/cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "base/text.h"

/* A file is this and then the binary; anything else in it is ignored. */
struct header {
	char magic[8];
	uint64_t bytes;
	uint64_t check[2];
};

static const char magic[8] = "utclbin1";

/* Nothing that is kept comes near this. */
enum { MOST_BYTES = 256 << 20 };

/* The cache's folder, or false when it is switched off or there is none. */
static bool folder(struct ut_text *path)
{
	const char *own = getenv("UNDERTONE_CACHE");
	const char *common = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (own && *own) {
		if (!strcmp(own, "off"))
			return false;
		ut_text_append(path, "%s", own);
	} else if (common && *common) {
		ut_text_append(path, "%s/undertone", common);
	} else if (home && *home) {
		ut_text_append(path, "%s/.cache/undertone", home);
	} else {
		return false;
	}
	return true;
}

static struct header header_of(const void *data, size_t bytes)
{
	struct ut_fingerprinter in;
	struct ut_fingerprint print;
	struct header header = {.bytes = bytes};

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, data, bytes);
	print = ut_fingerprint_finish(&in);
	memcpy(header.magic, magic, sizeof(magic));
	header.check[0] = print.high;
	header.check[1] = print.low;
	return header;
}

char *ut_cache_load(const char *name, size_t *bytes)
{
	struct ut_text path = {0};
	struct header header;
	char *data = NULL;

	if (folder(&path))
		ut_text_append(&path, "/%s", name);
	if (path.length && !path.failed &&
	    ut_file_read(path.data, MOST_BYTES, &data, bytes, NULL))
		data = NULL;
	ut_text_release(&path);
	if (!data)
		return NULL;
	if (*bytes > sizeof(header)) {
		*bytes -= sizeof(header);
		header = header_of(data + sizeof(header), *bytes);
		if (!memcmp(&header, data, sizeof(header))) {
			memmove(data, data + sizeof(header), *bytes);
			return data;
		}
	}
	free(data);
	return NULL;
}

void ut_cache_store(const char *name, const void *data, size_t bytes)
{
	struct header header = header_of(data, bytes);
	struct ut_text path = {0};
	char *whole = malloc(sizeof(header) + bytes);

	if (whole && folder(&path) && !path.failed &&
	    !ut_folder_make(path.data, NULL)) {
		memcpy(whole, &header, sizeof(header));
		memcpy(whole + sizeof(header), data, bytes);
		ut_text_append(&path, "/%s", name);
		if (!path.failed)
			ut_file_write(path.data, whole, sizeof(header) + bytes,
				      NULL);
	}
	ut_text_release(&path);
	free(whole);
}
