/* Data sets: finding, loading and cutting them. */
#include "data/dataset.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"
#include "data/glyphs.h"
#include "data/imageset.h"
#include "data/mnist.h"
#include "data/order.h"

/* "splt": the generator's purpose for splitting anew */
#define PURPOSE_SPLIT 0x73706c74u

const char *const ut_dataset_names[] = {
	"mnist", "fashion-mnist", "glyphs", "catdog", "images", NULL,
};

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "no memory for the data set");
}

/* Frees what malloc gave; what lies in the mapping goes with it. */
static void free_bytes(const struct ut_dataset *set, uint8_t *bytes)
{
	uintptr_t start = (uintptr_t)set->mapping, at = (uintptr_t)bytes;

	if (!start || at < start || at - start >= set->mapping_bytes)
		free(bytes);
}

static void split_release(const struct ut_dataset *set, struct ut_split *split)
{
	free_bytes(set, split->images);
	free_bytes(set, split->labels);
	*split = (struct ut_split){0};
}

void ut_dataset_release(struct ut_dataset *set)
{
	if (set->shown)
		ut_dataset_release(set->shown);
	free(set->shown);
	split_release(set, &set->train);
	split_release(set, &set->test);
	if (set->mapping)
		munmap(set->mapping, set->mapping_bytes);
	free(set->class_names);
	free(set->loading.list);
	*set = (struct ut_dataset){0};
}

size_t ut_dataset_image_bytes(const struct ut_dataset *set)
{
	return set->height * set->width * set->channels;
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
			    "fashion-mnist, glyphs, catdog and images",
			    name, nearest ? " (did you mean " : "",
			    nearest ? nearest : "", nearest ? "?)" : "");
}

bool ut_dataset_is_photographs(const char *name)
{
	return !strcmp(name, "catdog") || !strcmp(name, "images");
}

enum ut_status ut_dataset_load(struct ut_dataset *set, const char *name,
			       const char *dir, const char *const *roots,
			       const struct ut_image_options *images,
			       struct ut_error *error)
{
	struct ut_dataset loaded = {0};
	enum ut_status status = check_name(name, error);

	if (status)
		return status;
	if (!strcmp(name, "glyphs"))
		return ut_glyphs_make(set, UT_GLYPHS_TRAIN, UT_GLYPHS_TEST,
				      UT_GLYPHS_SEED, error);
	snprintf(loaded.name, sizeof(loaded.name), "%s", name);
	if (ut_dataset_is_photographs(name))
		status = ut_imageset_load(&loaded, dir, roots, images, error);
	else
		status = ut_mnist_load(&loaded, name, dir, roots, error);
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
		/* an image that stays costs a mapped set no memory */
		if (to != i)
			memcpy(split->images + to * bytes,
			       split->images + i * bytes, bytes);
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
		split_release(set, &train);
		split_release(set, &test);
		return no_memory(error);
	}
	ut_order_shuffle(ids, count, rng, 0);
	for (i = 0; i < first; ++i)
		copy_image(set, ids[i], &train, i);
	for (; i < count; ++i)
		copy_image(set, ids[i], &test, i - first);
	free(ids);
	split_release(set, &set->train);
	split_release(set, &set->test);
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
	size_t pixels = split->count * set->height * set->width, i, c;

	assert(pixels && set->channels <= UT_DATASET_CHANNELS);
	for (c = 0; c < set->channels; ++c) {
		const uint8_t *pixel = split->images + c;
		double n = (double)pixels, average, square, variance;
		uint64_t sum = 0, squares = 0;

		for (i = 0; i < pixels; ++i, pixel += set->channels) {
			sum += *pixel;
			squares += (uint32_t)*pixel * *pixel;
		}
		/* the sums are below 2^53: exact as doubles */
		average = (double)sum / n;
		square = average * average;
		variance = (double)squares / n;
		variance = variance - square;
		mean[c] = average / 255;
		deviation[c] = variance > 0 ? sqrt(variance) / 255 : 0;
	}
}
