/* What folders hold, each looked into once. */
#ifndef UT_LISTING_H
#define UT_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <undertone/status.h>

struct ut_entry {
	char *name, *path; /* path: below the root */
	bool folder, image;
	struct stat info; /* all zero for a link to nowhere */
};

/* One folder's entries, in the byte order of their names. */
struct ut_listing {
	struct ut_entry *entries;
	size_t count, folders, images;
	size_t ignored; /* of other kinds, clutter included */
};

/* The folders that were looked into; all zero but root is the beginning. */
struct ut_walk {
	const char *root;
	struct ut_visit *visits;
	size_t visit_count;
};

/* Whether name, or an ending that begins with its dot, is a JPEG file's. */
bool ut_is_jpeg_name(const char *name);
bool ut_is_jpeg_ending(const char *dot);

/*
 * Lists a folder, "" or a path below the root. Links are followed. UT_INVALID
 * for a folder that was listed before: a link goes round, or there are two ways
 * to the same images. Release the listing either way.
 */
enum ut_status ut_listing_read(struct ut_listing *listing, struct ut_walk *walk,
			       const char *folder, struct ut_error *error);
void ut_listing_release(struct ut_listing *listing);

void ut_walk_release(struct ut_walk *walk);

/*
 * Room for one more in an array (heap) of count things, which grows by doubling;
 * NULL, the array untouched, when memory runs out.
 */
void *ut_array_grow(void *array, size_t count, size_t bytes);

#endif
