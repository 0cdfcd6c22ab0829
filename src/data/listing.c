/* Listing folders. */
#include "data/listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

/* A folder that was looked into, known by device and number. */
struct ut_visit {
	dev_t device;
	ino_t number;
	char *path;
};

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY,
			    "no memory for the names of the images");
}

void *ut_array_grow(void *array, size_t count, size_t bytes)
{
	if (count & (count - 1))
		return array;
	return realloc(array, (count ? 2 * count : 1) * bytes);
}

bool ut_is_jpeg_ending(const char *dot)
{
	return !strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg");
}

bool ut_is_jpeg_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name && ut_is_jpeg_ending(dot);
}

static bool is_clutter(const char *name)
{
	return name[0] == '.' || !strcmp(name, "__MACOSX");
}

void ut_listing_release(struct ut_listing *listing)
{
	size_t i;

	for (i = 0; i < listing->count; ++i) {
		free(listing->entries[i].name);
		free(listing->entries[i].path);
	}
	free(listing->entries);
	*listing = (struct ut_listing){0};
}

void ut_walk_release(struct ut_walk *walk)
{
	while (walk->visit_count)
		free(walk->visits[--walk->visit_count].path);
	free(walk->visits);
	walk->visits = NULL;
}

/* "root/path", or root for "", on the heap. */
static char *full_path(const struct ut_walk *walk, const char *path)
{
	return *path ? ut_path_join(walk->root, path) : strdup(walk->root);
}

/* Takes note of a folder that is to be read for the first time. */
static enum ut_status visit(struct ut_walk *walk, const char *path,
			    const struct stat *info, struct ut_error *error)
{
	struct ut_visit *visits;
	size_t i;

	for (i = 0; i < walk->visit_count; ++i)
		if (walk->visits[i].device == info->st_dev &&
		    walk->visits[i].number == info->st_ino)
			return ut_error_set(error, UT_INVALID,
					    "%s/%s is the same folder as "
					    "%s/%s: a link goes round, or "
					    "leads to images that are read "
					    "already",
					    walk->root, path, walk->root,
					    walk->visits[i].path);
	visits =
		ut_array_grow(walk->visits, walk->visit_count, sizeof(*visits));
	if (!visits)
		return no_memory(error);
	walk->visits = visits;
	visits += walk->visit_count;
	*visits = (struct ut_visit){
		.device = info->st_dev,
		.number = info->st_ino,
		.path = strdup(path),
	};
	if (!visits->path)
		return no_memory(error);
	++walk->visit_count;
	return UT_OK;
}

static enum ut_status add_entry(struct ut_listing *listing,
				const struct ut_walk *walk, const char *folder,
				const char *name, struct ut_error *error)
{
	struct ut_entry entry = {.image = ut_is_jpeg_name(name)};
	struct ut_entry *entries =
		ut_array_grow(listing->entries, listing->count, sizeof(entry));
	char *full = NULL;

	if (!entries)
		return no_memory(error);
	listing->entries = entries;
	entry.name = strdup(name);
	entry.path = *folder ? ut_path_join(folder, name) : strdup(name);
	if (entry.path)
		full = full_path(walk, entry.path);
	if (!entry.name || !full) {
		free(entry.name);
		free(entry.path);
		return no_memory(error);
	}
	/* a link to nowhere stays an image: reading it will say so */
	if (stat(full, &entry.info)) {
		memset(&entry.info, 0, sizeof(entry.info));
	} else {
		entry.folder = S_ISDIR(entry.info.st_mode);
		entry.image = entry.image && S_ISREG(entry.info.st_mode);
	}
	free(full);
	entries[listing->count++] = entry;
	listing->folders += entry.folder;
	listing->images += entry.image;
	listing->ignored += !entry.folder && !entry.image;
	return UT_OK;
}

static int compare_entries(const void *a, const void *b)
{
	const struct ut_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Reads an open folder to its end. */
static enum ut_status read_all(struct ut_listing *listing,
			       const struct ut_walk *walk, DIR *stream,
			       const char *folder, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	const struct dirent *entry;

	while (!status && (errno = 0, entry = readdir(stream))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (is_clutter(name))
			++listing->ignored;
		else
			status = add_entry(listing, walk, folder, name, error);
	}
	if (!status && errno)
		status = ut_file_error(error, errno, "cannot read folder %s/%s",
				       walk->root, folder);
	return status;
}

enum ut_status ut_listing_read(struct ut_listing *listing, struct ut_walk *walk,
			       const char *folder, struct ut_error *error)
{
	char *full = full_path(walk, folder);
	enum ut_status status;
	struct stat info;
	DIR *stream;

	*listing = (struct ut_listing){0};
	if (!full)
		return no_memory(error);
	stream = opendir(full);
	if (!stream || fstat(dirfd(stream), &info))
		status = ut_file_error(error, errno, "cannot read folder %s",
				       full);
	else
		status = visit(walk, folder, &info, error);
	if (!status)
		status = read_all(listing, walk, stream, folder, error);
	if (stream)
		closedir(stream);
	free(full);
	if (!status && listing->count)
		qsort(listing->entries, listing->count,
		      sizeof(*listing->entries), compare_entries);
	return status;
}
