/* Decoded images in a file. */
/* for MAP_NORESERVE */
#define _DEFAULT_SOURCE
#include "data/imagecache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/file.h"
#include "base/text.h"

#define MAGIC "UTIMAGES"

enum { VERSION = 1, HEADER_BYTES = 4096, LIST_BYTES_MAX = 1 << 20 };

/*
 * The file: this header, padded to HEADER_BYTES; pixels and then labels of
 * train_files and test_files images, of which train and test count; the list of
 * what was skipped. Little endian, as the machine.
 */
struct header {
	char magic[8];
	uint32_t version, height, width, channels;
	uint64_t key[2], train_digest[2], test_digest[2];
	uint64_t train_files, test_files, train, test;
	uint64_t skipped, list_bytes;
	uint64_t check[2]; /* of all above and the list */
};

static void put(uint64_t to[2], struct ut_fingerprint fingerprint)
{
	to[0] = fingerprint.high;
	to[1] = fingerprint.low;
}

static bool is(const uint64_t stored[2], struct ut_fingerprint fingerprint)
{
	return stored[0] == fingerprint.high && stored[1] == fingerprint.low;
}

static struct ut_fingerprint header_check(const struct header *header,
					  const char *list)
{
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, header, offsetof(struct header, check));
	ut_fingerprint_update(&in, list, header->list_bytes);
	return ut_fingerprint_finish(&in);
}

/* Bytes of the file before the list. */
static size_t mapped_bytes(const struct ut_image_cache *cache,
			   const struct ut_dataset *set)
{
	return HEADER_BYTES + (cache->train_files + cache->test_files) *
				      (ut_dataset_image_bytes(set) + 1);
}

/* Points the splits into a mapping of the file. */
static void place(const struct ut_image_cache *cache, struct ut_dataset *set,
		  uint8_t *mapping)
{
	size_t bytes = ut_dataset_image_bytes(set);

	set->train.images = mapping + HEADER_BYTES;
	set->test.images = set->train.images + cache->train_files * bytes;
	set->train.labels = set->test.images + cache->test_files * bytes;
	set->test.labels = set->train.labels + cache->train_files;
}

bool ut_image_cache_init(struct ut_image_cache *cache, const char *folder,
			 const char *name, struct ut_fingerprint key,
			 size_t train_files, size_t test_files)
{
	char hex[UT_FINGERPRINT_TEXT];
	struct ut_text path = {0};

	ut_fingerprint_text(key, hex);
	ut_text_append(&path, "%s/%s-%s.images", folder, name, hex);
	*cache = (struct ut_image_cache){
		.path = path.data,
		.key = key,
		.train_files = train_files,
		.test_files = test_files,
		.file = -1,
	};
	return !path.failed;
}

/* Opening ------------------------------------------------------------------ */

/* Whether what the header says is possible and of this cache. */
static bool fits(const struct ut_image_cache *cache,
		 const struct ut_dataset *set, const struct header *header,
		 uint64_t file_bytes)
{
	return header->version == VERSION && is(header->key, cache->key) &&
	       header->height == set->height && header->width == set->width &&
	       header->channels == set->channels &&
	       header->train_files == cache->train_files &&
	       header->test_files == cache->test_files && header->train &&
	       header->train <= header->train_files && header->test &&
	       header->test <= header->test_files &&
	       header->list_bytes <= LIST_BYTES_MAX &&
	       file_bytes == mapped_bytes(cache, set) + header->list_bytes;
}

static bool labels_are_right(const struct ut_dataset *set,
			     const struct ut_split *split)
{
	size_t i;

	for (i = 0; i < split->count; ++i)
		if (split->labels[i] >= set->classes)
			return false;
	return true;
}

/* Maps an open file privately: what is written there stays in this process. */
static bool map_private(const struct ut_image_cache *cache,
			struct ut_dataset *set, int file)
{
	size_t bytes = mapped_bytes(cache, set);
	void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_NORESERVE, file, 0);

	if (mapping == MAP_FAILED)
		return false;
	set->mapping = mapping;
	set->mapping_bytes = bytes;
	set->loading.mapped = true;
	place(cache, set, mapping);
	return true;
}

/* Maps and checks the content of a file whose header fits; false if it is bad. */
static bool take_content(const struct ut_image_cache *cache,
			 struct ut_dataset *set, const struct header *header,
			 const char *list, int file)
{
	struct ut_dataset taken = *set;

	if (!is(header->check, header_check(header, list)) ||
	    !map_private(cache, &taken, file))
		return false;
	taken.train.count = header->train;
	taken.test.count = header->test;
	ut_split_digest(&taken, &taken.train);
	ut_split_digest(&taken, &taken.test);
	if (!is(header->train_digest, taken.train.digest) ||
	    !is(header->test_digest, taken.test.digest) ||
	    !labels_are_right(&taken, &taken.train) ||
	    !labels_are_right(&taken, &taken.test)) {
		munmap(taken.mapping, taken.mapping_bytes);
		return false;
	}
	taken.loading.skipped = header->skipped;
	*set = taken;
	return true;
}

static bool read_at(int file, void *to, size_t bytes, size_t at)
{
	return pread(file, to, bytes, (off_t)at) == (ssize_t)bytes;
}

/* Reads an open file; *found false where it is to be made anew. */
static enum ut_status read_cache(const struct ut_image_cache *cache,
				 struct ut_dataset *set, int file, bool *found,
				 struct ut_error *error)
{
	struct header header;
	struct stat info;
	char *list;

	if (fstat(file, &info))
		return ut_file_error(error, errno, "cannot read %s",
				     cache->path);
	if (!S_ISREG(info.st_mode) ||
	    !read_at(file, &header, sizeof(header), 0) ||
	    memcmp(header.magic, MAGIC, sizeof(header.magic)))
		return ut_error_set(error, UT_EXISTS,
				    "data.cache: %s is there and is no cache of"
				    " images; remove it or name another folder",
				    cache->path);
	if (!fits(cache, set, &header, (uint64_t)info.st_size))
		return UT_OK;
	list = calloc(1, header.list_bytes + 1);
	if (!list)
		return ut_error_set(error, UT_MEMORY, "no memory for a list");
	*found = read_at(file, list, header.list_bytes,
			 mapped_bytes(cache, set)) &&
		 take_content(cache, set, &header, list, file);
	if (*found && header.list_bytes)
		set->loading.list = list;
	else
		free(list);
	return UT_OK;
}

enum ut_status ut_image_cache_open(const struct ut_image_cache *cache,
				   struct ut_dataset *set, bool *found,
				   struct ut_error *error)
{
	int file = open(cache->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	enum ut_status status;

	*found = false;
	if (file < 0)
		return errno == ENOENT
			       ? UT_OK
			       : ut_file_error(error, errno, "cannot read %s",
					       cache->path);
	status = read_cache(cache, set, file, found, error);
	close(file);
	return status;
}

/* Making ------------------------------------------------------------------- */

/* Opens a new file beside the cache's place. Returns an errno. */
static int open_work(struct ut_image_cache *cache)
{
	unsigned try;

	for (try = 0; try < UT_DISK_TRIES; ++try) {
		cache->work = ut_disk_beside(cache->path, "part", try);
		if (!cache->work)
			return ENOMEM;
		cache->file = open(cache->work,
				   O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (cache->file >= 0)
			return 0;
		free(cache->work);
		cache->work = NULL;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

enum ut_status ut_image_cache_begin(struct ut_image_cache *cache,
				    struct ut_dataset *set,
				    struct ut_error *error)
{
	void *mapping = MAP_FAILED;
	int code = open_work(cache);

	cache->bytes = mapped_bytes(cache, set);
	/* room now, or writing to the mapping would be a signal later */
	if (!code)
		code = posix_fallocate(cache->file, 0, (off_t)cache->bytes);
	if (!code) {
		mapping = mmap(NULL, cache->bytes, PROT_READ | PROT_WRITE,
			       MAP_SHARED, cache->file, 0);
		code = mapping == MAP_FAILED ? errno : 0;
	}
	if (code)
		return ut_file_error(error, code,
				     "data.cache: cannot make %s of %zu MiB",
				     cache->path, cache->bytes >> 20);
	cache->mapping = mapping;
	place(cache, set, mapping);
	return UT_OK;
}

/* Writes header and list. Returns an errno. */
static int write_header(const struct ut_image_cache *cache,
			const struct ut_dataset *set)
{
	const char *list = set->loading.list ? set->loading.list : "";
	struct header header = {
		.magic = MAGIC,
		.version = VERSION,
		.height = (uint32_t)set->height,
		.width = (uint32_t)set->width,
		.channels = (uint32_t)set->channels,
		.train_files = cache->train_files,
		.test_files = cache->test_files,
		.train = set->train.count,
		.test = set->test.count,
		.skipped = set->loading.skipped,
		.list_bytes = strlen(list),
	};
	ssize_t written;

	put(header.key, cache->key);
	put(header.train_digest, set->train.digest);
	put(header.test_digest, set->test.digest);
	put(header.check, header_check(&header, list));
	memcpy(cache->mapping, &header, sizeof(header));
	written = pwrite(cache->file, list, header.list_bytes,
			 (off_t)cache->bytes);
	if (written < 0)
		return errno;
	if ((uint64_t)written != header.list_bytes)
		return ENOSPC;
	if (msync(cache->mapping, cache->bytes, MS_SYNC) || fsync(cache->file))
		return errno;
	return 0;
}

enum ut_status ut_image_cache_commit(struct ut_image_cache *cache,
				     struct ut_dataset *set,
				     struct ut_error *error)
{
	int code = write_header(cache, set);

	if (!code && rename(cache->work, cache->path))
		code = errno;
	if (!code) {
		free(cache->work);
		cache->work = NULL;
		code = ut_disk_sync_above(cache->path);
	}
	if (!code && !map_private(cache, set, cache->file))
		code = errno;
	if (code)
		return ut_file_error(error, code, "data.cache: cannot make %s",
				     cache->path);
	return UT_OK;
}

void ut_image_cache_release(struct ut_image_cache *cache)
{
	if (cache->mapping)
		munmap(cache->mapping, cache->bytes);
	if (cache->work)
		unlink(cache->work);
	if (cache->file >= 0)
		close(cache->file);
	free(cache->work);
	free(cache->path);
	*cache = (struct ut_image_cache){.file = -1};
}
