/*
 * Decoded images in a file, to be mapped instead of decoded anew. A cache is one
 * machine's own: it is checked in full when it is opened, and made again when it
 * is not what it should be.
 */
#ifndef UT_IMAGECACHE_H
#define UT_IMAGECACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

#include "data/dataset.h"

/* What is decoded; with a key that is of the files and of how. */
struct ut_image_cache {
	char *path; /* heap */
	struct ut_fingerprint key;
	size_t train_files, test_files; /* as many as there is room for */
	/* while it is made */
	char *work; /* heap */
	int file;
	void *mapping;
	size_t bytes;
};

/* Names the cache: FOLDER/NAME-KEY.images. False when memory runs out. */
bool ut_image_cache_init(struct ut_image_cache *cache, const char *folder,
			 const char *name, struct ut_fingerprint key,
			 size_t train_files, size_t test_files);

/*
 * Maps the cache's content into set, whose sizes, channels and classes are set:
 * counts, images, labels, digests, mapping, and of loading what was skipped.
 * *found says whether there was one; one that is damaged, cut or of other files
 * counts as none. UT_EXISTS for a file of the cache's name that is something
 * else; UT_MEMORY.
 */
enum ut_status ut_image_cache_open(const struct ut_image_cache *cache,
				   struct ut_dataset *set, bool *found,
				   struct ut_error *error);

/*
 * Begins a cache: room for all files is taken on the disk, and set's splits
 * point into it.
 */
enum ut_status ut_image_cache_begin(struct ut_image_cache *cache,
				    struct ut_dataset *set,
				    struct ut_error *error);

/*
 * Writes set's counts, digests and what was skipped; the cache is then under its
 * name, and set's splits point into a private mapping of it.
 */
enum ut_status ut_image_cache_commit(struct ut_image_cache *cache,
				     struct ut_dataset *set,
				     struct ut_error *error);

/* Frees it; one that was begun and not committed is gone. */
void ut_image_cache_release(struct ut_image_cache *cache);

#endif
