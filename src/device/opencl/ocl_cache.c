/* Compiled programs on disk, so that only the first start compiles. */
#include "ocl.h"

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

/* No driver's binary of our kernels comes near this. */
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

static struct header header_of(const void *binary, size_t bytes)
{
	struct ut_fingerprinter in;
	struct ut_fingerprint print;
	struct header header = {.bytes = bytes};

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, binary, bytes);
	print = ut_fingerprint_finish(&in);
	memcpy(header.magic, magic, sizeof(magic));
	header.check[0] = print.high;
	header.check[1] = print.low;
	return header;
}

char *ut_ocl_cache_load(const char *key, size_t *bytes)
{
	struct ut_text path = {0};
	struct header header;
	char *data = NULL;

	if (folder(&path))
		ut_text_append(&path, "/%s.bin", key);
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

void ut_ocl_cache_store(const char *key, const void *binary, size_t bytes)
{
	struct header header = header_of(binary, bytes);
	struct ut_text path = {0};
	char *data = malloc(sizeof(header) + bytes);

	if (data && folder(&path) && !path.failed &&
	    !ut_folder_make(path.data, NULL)) {
		memcpy(data, &header, sizeof(header));
		memcpy(data + sizeof(header), binary, bytes);
		ut_text_append(&path, "/%s.bin", key);
		if (!path.failed)
			ut_file_write(path.data, data, sizeof(header) + bytes,
				      NULL);
	}
	ut_text_release(&path);
	free(data);
}
