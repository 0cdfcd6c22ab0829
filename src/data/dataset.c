/* Data sets: finding, loading and cutting them. */
#include "data/dataset.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "data/glyphs.h"
#include "data/idx.h"
#include "data/order.h"

/* "splt": the generator's purpose for splitting anew */
#define PURPOSE_SPLIT 0x73706c74u

#define DEBIAN_FASHION "/usr/share/datasets/fashion-mnist"

enum { IDX_CLASSES = 10 };

const char *const ut_dataset_names[] = {
	"mnist",
	"fashion-mnist",
	"glyphs",
	NULL,
};

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

/*
 * Looks for the folder of the set in places, an ordered list of count, into
 * *folder (heap).
 */
static enum ut_status find_folder(char **folder, const char *name,
				  struct ut_text places[], size_t count,
				  struct ut_error *error)
{
	struct ut_text seen = {0};
	enum ut_status status;
	bool memory = true;
	size_t i;

	for (i = 0; i < count && !places[i].failed; ++i) {
		if (has_files(places[i].data, &memory)) {
			*folder = places[i].data;
			places[i] = (struct ut_text){0};
			ut_text_release(&seen);
			return UT_OK;
		}
		ut_text_append(&seen, "%s%s", i ? ", " : "", places[i].data);
	}
	if (i < count || !memory || seen.failed)
		status = no_memory(error);
	else
		status =
			ut_error_set(error, UT_MISSING,
				     "data set %s not found (looked in %s); "
				     "%s, or use the data set glyphs, which "
				     "needs no files",
				     name, ut_text_string(&seen), advice(name));
	ut_text_release(&seen);
	return status;
}

enum { MOST_PLACES = 16 };

/* The folder (heap) that the set's files are in. */
static enum ut_status locate(char **folder, const char *name, const char *dir,
			     const char *const *roots, struct ut_error *error)
{
	struct ut_text places[MOST_PLACES] = {{0}};
	size_t count = 0, i;
	enum ut_status status;

	if (dir) {
		ut_text_append(&places[count++], "%s", dir);
		ut_text_append(&places[count++], "%s/%s", dir, name);
	} else {
		for (; roots && *roots && count < MOST_PLACES - 1; ++roots)
			ut_text_append(&places[count++], "%s/%s", *roots, name);
		if (!strcmp(name, "fashion-mnist"))
			ut_text_append(&places[count++], DEBIAN_FASHION);
	}
	status = find_folder(folder, name, places, count, error);
	for (i = 0; i < count; ++i)
		ut_text_release(&places[i]);
	return status;
}

static void split_release(struct ut_split *split)
{
	free(split->images);
	free(split->labels);
	*split = (struct ut_split){0};
}

void ut_dataset_release(struct ut_dataset *set)
{
	split_release(&set->train);
	split_release(&set->test);
	*set = (struct ut_dataset){0};
}

size_t ut_dataset_image_bytes(const struct ut_dataset *set)
{
	return set->height * set->width * set->channels;
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

static enum ut_status check_name(const char *name, struct ut_error *error)
{
	size_t count = 0;
	const char *nearest;

	for (; ut_dataset_names[count]; ++count)
		if (!strcmp(name, ut_dataset_names[count]))
			return UT_OK;
	nearest = ut_text_nearest(name, ut_dataset_names, count);
	return ut_error_set(error, UT_INVALID,
			    "unknown data set %s%s%s%s; there are mnist, "
			    "fashion-mnist and glyphs",
			    name, nearest ? " (did you mean " : "",
			    nearest ? nearest : "", nearest ? "?)" : "");
}

enum ut_status ut_dataset_load(struct ut_dataset *set, const char *name,
			       const char *dir, const char *const *roots,
			       struct ut_error *error)
{
	struct ut_dataset loaded = {0};
	enum ut_status status = check_name(name, error);
	char *folder = NULL;

	if (status)
		return status;
	if (!strcmp(name, "glyphs"))
		return ut_glyphs_make(set, UT_GLYPHS_TRAIN, UT_GLYPHS_TEST,
				      UT_GLYPHS_SEED, error);
	status = locate(&folder, name, dir, roots, error);
	if (status)
		return status;
	snprintf(loaded.name, sizeof(loaded.name), "%s", name);
	status = load_idx(&loaded, folder, error);
	free(folder);
	if (status)
		ut_dataset_release(&loaded);
	else
		*set = loaded;
	return status;
}

void ut_split_digest(const struct ut_dataset *set, struct ut_split *split)
{
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, split->images,
			      split->count * ut_dataset_image_bytes(set));
	ut_fingerprint_update(&in, split->labels, split->count);
	split->digest = ut_fingerprint_finish(&in);
}

/* How many images of the split have a label with keep. */
static size_t count_kept(const struct ut_split *split,
			 const bool keep[UT_DATASET_CLASSES])
{
	size_t i, count = 0;

	for (i = 0; i < split->count; ++i)
		count += keep[split->labels[i]];
	return count;
}

static void keep_split(const struct ut_dataset *set, struct ut_split *split,
		       const bool keep[UT_DATASET_CLASSES])
{
	size_t bytes = ut_dataset_image_bytes(set);
	size_t i, to = 0;

	for (i = 0; i < split->count; ++i) {
		if (!keep[split->labels[i]])
			continue;
		memmove(split->images + to * bytes, split->images + i * bytes,
			bytes);
		split->labels[to++] = split->labels[i];
	}
	split->count = to;
	ut_split_digest(set, split);
}

enum ut_status ut_dataset_keep(struct ut_dataset *set, const uint8_t *classes,
			       size_t count, struct ut_error *error)
{
	bool keep[UT_DATASET_CLASSES] = {false};
	size_t i;

	for (i = 0; i < count; ++i) {
		if (classes[i] >= set->classes)
			return ut_error_set(error, UT_INVALID,
					    "no class %u in %s: there are 0 to "
					    "%zu",
					    classes[i], set->name,
					    set->classes - 1);
		if (keep[classes[i]])
			return ut_error_set(error, UT_INVALID,
					    "class %u is named twice",
					    classes[i]);
		keep[classes[i]] = true;
	}
	if (!count_kept(&set->train, keep) || !count_kept(&set->test, keep))
		return ut_error_set(error, UT_INVALID,
				    "no images are left of %s with these "
				    "classes",
				    set->name);
	keep_split(set, &set->train, keep);
	keep_split(set, &set->test, keep);
	return UT_OK;
}

/* Image and label i of train and test together, copied to place `to`. */
static void copy_image(const struct ut_dataset *set, size_t i,
		       struct ut_split *split, size_t to)
{
	const struct ut_split *from = &set->train;
	size_t bytes = ut_dataset_image_bytes(set);

	if (i >= from->count) {
		i -= from->count;
		from = &set->test;
	}
	memcpy(split->images + to * bytes, from->images + i * bytes, bytes);
	split->labels[to] = from->labels[i];
}

static bool split_alloc(const struct ut_dataset *set, struct ut_split *split,
			size_t count)
{
	*split = (struct ut_split){
		.count = count,
		.images = malloc(count * ut_dataset_image_bytes(set)),
		.labels = malloc(count),
	};
	return split->images && split->labels;
}

enum ut_status ut_dataset_resplit(struct ut_dataset *set, uint32_t seed,
				  struct ut_error *error)
{
	struct ut_rng rng = {.seed = seed, .purpose = PURPOSE_SPLIT};
	size_t count = set->train.count + set->test.count;
	size_t first = count / 5 * 4 + count % 5 * 4 / 5, i;
	struct ut_split train = {0}, test = {0};
	uint32_t *ids;

	if (!first || first == count)
		return ut_error_set(error, UT_INVALID,
				    "too few images to split: %zu", count);
	ids = malloc(count * sizeof(*ids));
	if (!ids || !split_alloc(set, &train, first) ||
	    !split_alloc(set, &test, count - first)) {
		free(ids);
		split_release(&train);
		split_release(&test);
		return no_memory(error);
	}
	ut_order_shuffle(ids, count, rng, 0);
	for (i = 0; i < first; ++i)
		copy_image(set, ids[i], &train, i);
	for (; i < count; ++i)
		copy_image(set, ids[i], &test, i - first);
	free(ids);
	split_release(&set->train);
	split_release(&set->test);
	set->train = train;
	set->test = test;
	ut_split_digest(set, &set->train);
	ut_split_digest(set, &set->test);
	return UT_OK;
}

static void limit_split(const struct ut_dataset *set, struct ut_split *split,
			size_t most)
{
	if (!most || most >= split->count)
		return;
	split->count = most;
	ut_split_digest(set, split);
}

void ut_dataset_limit(struct ut_dataset *set, size_t train, size_t test)
{
	limit_split(set, &set->train, train);
	limit_split(set, &set->test, test);
}

void ut_split_count_labels(const struct ut_split *split,
			   size_t counts[UT_DATASET_CLASSES])
{
	size_t i;

	memset(counts, 0, UT_DATASET_CLASSES * sizeof(*counts));
	for (i = 0; i < split->count; ++i)
		++counts[split->labels[i]];
}

void ut_split_moments(const struct ut_dataset *set,
		      const struct ut_split *split, double *mean,
		      double *deviation)
{
	size_t n = split->count * ut_dataset_image_bytes(set), i;
	uint64_t sum = 0, squares = 0;
	double average, square, variance;

	assert(n);
	for (i = 0; i < n; ++i) {
		uint32_t pixel = split->images[i];

		sum += pixel;
		squares += pixel * pixel;
	}
	/* the sums are below 2^53: exact as doubles */
	average = (double)sum / (double)n;
	square = average * average;
	variance = (double)squares / (double)n;
	variance = variance - square;
	*mean = average / 255;
	*deviation = variance > 0 ? sqrt(variance) / 255 : 0;
}
