/* Sets of IDX files: finding and loading them. */
#include "data/mnist.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "data/idx.h"
#include "data/places.h"

#define DEBIAN_FASHION "/usr/share/datasets/fashion-mnist"

enum { IDX_CLASSES = 10 };

static const char *const idx_names[4] = {
	"train-images-idx3-ubyte",
	"train-labels-idx1-ubyte",
	"t10k-images-idx3-ubyte",
	"t10k-labels-idx1-ubyte",
};

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "no memory for the data set");
}

/*
 * The path (heap) of folder/name.gz or folder/name; NULL if neither is there.
 */
static char *find_file(const char *folder, const char *name, bool *memory)
{
	static const char *const endings[] = {".gz", ""};
	size_t i;

	for (i = 0; i < 2; ++i) {
		struct ut_text path = {0};

		ut_text_append(&path, "%s/%s%s", folder, name, endings[i]);
		if (path.failed)
			*memory = false;
		else if (ut_file_exists(path.data))
			return path.data;
		ut_text_release(&path);
	}
	return NULL;
}

/* Whether folder has any of the set's files. */
static bool has_files(const char *folder, bool *memory)
{
	bool found = false;
	size_t i;

	for (i = 0; i < 4 && !found; ++i) {
		char *path = find_file(folder, idx_names[i], memory);

		found = path;
		free(path);
	}
	return found;
}

/* How to get a data set. */
static const char *advice(const char *name)
{
	if (!strcmp(name, "fashion-mnist"))
		return "get it with `apt-get install dataset-fashion-mnist` or "
		       "`data/fetch fashion-mnist`";
	return "get it with `data/fetch mnist`";
}

/* The folder (heap) that the set's files are in. */
static enum ut_status locate(char **folder, const char *name, const char *dir,
			     const char *const *roots, struct ut_error *error)
{
	struct ut_places places = {0};

	if (dir) {
		ut_places_add(&places, "%s", dir);
		ut_places_add(&places, "%s/%s", dir, name);
	} else {
		for (; roots && *roots; ++roots)
			ut_places_add(&places, "%s/%s", *roots, name);
		if (!strcmp(name, "fashion-mnist"))
			ut_places_add(&places, DEBIAN_FASHION);
	}
	return ut_places_find(&places, folder, has_files, name, advice(name),
			      error);
}

/* The path (heap) of one of the set's files in folder. */
static enum ut_status need_file(char **path, const char *folder,
				const char *name, struct ut_error *error)
{
	bool memory = true;

	*path = find_file(folder, name, &memory);
	if (*path)
		return UT_OK;
	if (!memory)
		return no_memory(error);
	return ut_error_set(error, UT_MISSING,
			    "data set incomplete: %s has no %s.gz", folder,
			    name);
}

/* Loads one split; names[0] are its images, names[1] its labels. */
static enum ut_status load_split(struct ut_split *split,
				 struct ut_idx_images *images,
				 const char *folder, const char *const names[2],
				 struct ut_error *error)
{
	char *paths[2] = {NULL, NULL};
	size_t labels = 0;
	enum ut_status status;

	*images = (struct ut_idx_images){0};
	status = need_file(&paths[0], folder, names[0], error);
	if (!status)
		status = need_file(&paths[1], folder, names[1], error);
	if (!status)
		status = ut_idx_read_images(images, paths[0], error);
	if (!status) {
		split->images = images->pixels;
		split->count = images->count;
		status = ut_idx_read_labels(&split->labels, &labels,
					    IDX_CLASSES, paths[1], error);
	}
	if (!status && labels != images->count)
		status =
			ut_error_set(error, UT_CORRUPT,
				     "counts differ: %s has %zu images, %s %zu "
				     "labels",
				     paths[0], images->count, paths[1], labels);
	free(paths[0]);
	free(paths[1]);
	return status;
}

static enum ut_status load_idx(struct ut_dataset *set, const char *folder,
			       struct ut_error *error)
{
	struct ut_idx_images train, test;
	enum ut_status status;

	status = load_split(&set->train, &train, folder, idx_names, error);
	if (!status)
		status = load_split(&set->test, &test, folder, idx_names + 2,
				    error);
	if (status)
		return status;
	if (train.height != test.height || train.width != test.width)
		return ut_error_set(error, UT_CORRUPT,
				    "sizes differ: in %s training images are "
				    "%zux%zu, test images %zux%zu",
				    folder, train.height, train.width,
				    test.height, test.width);
	set->height = train.height;
	set->width = train.width;
	set->channels = 1;
	set->classes = IDX_CLASSES;
	ut_split_digest(set, &set->train);
	ut_split_digest(set, &set->test);
	return UT_OK;
}

enum ut_status ut_mnist_load(struct ut_dataset *set, const char *name,
			     const char *dir, const char *const *roots,
			     struct ut_error *error)
{
	char *folder = NULL;
	enum ut_status status = locate(&folder, name, dir, roots, error);

	if (!status)
		status = load_idx(set, folder, error);
	free(folder);
	return status;
}
