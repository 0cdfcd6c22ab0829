/* Loading folders of photographs. */
#include "data/imageset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "data/decode_pool.h"
#include "data/imagecache.h"
#include "data/imagefolder.h"
#include "data/jpeg.h"
#include "data/places.h"

/* Changes when the same files would give other pixels. */
#define ARITHMETIC "photographs 1"

enum { MEBIBYTE = 1 << 20 };

/* One loading. */
struct load {
	const char *root;
	const struct ut_image_options *options;
	struct ut_image_folder folder;
	struct ut_image_cache cache;
	bool cached;
	char **why; /* (files) of the files left out */
	struct ut_dataset *set;
	struct ut_error *error;
};

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "no memory for the data set");
}

static size_t count_files(const struct load *load)
{
	return load->folder.train + load->folder.test;
}

/* Where it is -------------------------------------------------------------- */

static bool is_folder(const char *path, bool *memory)
{
	struct stat info;

	(void)memory;
	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static enum ut_status locate(char **folder, const char *name, const char *dir,
			     const char *const *roots, struct ut_error *error)
{
	struct ut_places places = {0};

	if (!strcmp(name, "images")) {
		if (!dir)
			return ut_error_set(error, UT_INVALID,
					    "the data set images is your own "
					    "folder of JPEG files: name it by "
					    "data.dir (--data-dir DIR)");
		*folder = strdup(dir);
		return *folder ? UT_OK : no_memory(error);
	}
	if (dir) {
		ut_places_add(&places, "%s/%s", dir, name);
		ut_places_add(&places, "%s", dir);
	}
	for (; !dir && roots && *roots; ++roots)
		ut_places_add(&places, "%s/%s", *roots, name);
	return ut_places_find(&places, folder, is_folder, name,
			      "`data/fetch catdog` says how to get it", error);
}

/* Memory ------------------------------------------------------------------- */

/* MiB that pixels may take. */
static uint64_t memory_limit(const struct ut_image_options *options)
{
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);

	if (options->memory)
		return options->memory;
	if (pages <= 0 || bytes <= 0)
		return UINT64_MAX;
	return (uint64_t)pages * (uint64_t)bytes / 2 / MEBIBYTE;
}

static enum ut_status check_memory(const struct load *load)
{
	const struct ut_dataset *set = load->set;
	uint64_t bytes =
		(uint64_t)ut_dataset_image_bytes(set) * count_files(load);
	uint64_t need = (bytes + MEBIBYTE - 1) / MEBIBYTE;
	uint64_t limit = memory_limit(load->options);

	if (need <= limit)
		return UT_OK;
	return ut_error_set(load->error, UT_INVALID,
			    "%zu images of %zux%zux%zu need %llu MiB and "
			    "data.memory allows %llu MiB%s: name a folder for "
			    "them by data.cache, raise data.memory, or lower "
			    "image.size",
			    count_files(load), set->height, set->width,
			    set->channels, (unsigned long long)need,
			    (unsigned long long)limit,
			    load->options->memory ? ""
						  : " (half of this "
						    "machine's)");
}

static enum ut_status allocate(struct load *load)
{
	struct ut_dataset *set = load->set;
	size_t bytes = ut_dataset_image_bytes(set);

	if (load->cached)
		return ut_image_cache_begin(&load->cache, set, load->error);
	set->train.images = malloc(load->folder.train * bytes);
	set->train.labels = malloc(load->folder.train);
	set->test.images = malloc(load->folder.test * bytes);
	set->test.labels = malloc(load->folder.test);
	if (!set->train.images || !set->train.labels || !set->test.images ||
	    !set->test.labels)
		return no_memory(load->error);
	return UT_OK;
}

/* Decoding ----------------------------------------------------------------- */

/* Adds what was wrong with a file to the list, in one line. */
static void list_skipped(struct load *load, struct ut_text *list, char *why)
{
	char *c;

	if (load->set->loading.skipped++ >= UT_IMAGE_LIST)
		return;
	for (c = why; *c; ++c)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	ut_text_append(list, "%s\n", why);
}

/* Closes the gaps of skipped files in a split whose files begin at first. */
static void take_split(struct load *load, struct ut_split *split, size_t first,
		       size_t count, struct ut_text *list)
{
	size_t bytes = ut_dataset_image_bytes(load->set), i;

	split->count = 0;
	for (i = 0; i < count; ++i) {
		size_t to = split->count;

		if (load->why[first + i]) {
			list_skipped(load, list, load->why[first + i]);
			continue;
		}
		if (to != i)
			memcpy(split->images + to * bytes,
			       split->images + i * bytes, bytes);
		split->labels[to] = load->folder.files[first + i].label;
		++split->count;
	}
	ut_split_digest(load->set, split);
}

/* Skipping may leave less than a data set; the first skipped tells why. */
static enum ut_status check_rest(const struct load *load)
{
	const struct ut_dataset *set = load->set;
	const char *list = set->loading.list ? set->loading.list : "";
	int length = (int)strcspn(list, "\n");
	size_t counts[UT_DATASET_CLASSES], i;

	ut_split_count_labels(&set->train, counts);
	for (i = 0; i < set->classes; ++i)
		if (!counts[i])
			return ut_error_set(load->error, UT_CORRUPT,
					    "no training image of class %s in "
					    "%s is usable; %.*s",
					    load->folder.class_names[i],
					    load->root, length, list);
	if (!set->test.count)
		return ut_error_set(load->error, UT_CORRUPT,
				    "no test image in %s is usable; %.*s",
				    load->root, length, list);
	return UT_OK;
}

static enum ut_status decode(struct load *load)
{
	struct ut_dataset *set = load->set;
	struct ut_decoding decoding = {
		.root = load->root,
		.folder = &load->folder,
		.options = load->options,
		.train = set->train.images,
		.test = set->test.images,
		.why = load->why,
	};
	struct ut_text list = {0};
	enum ut_status status = ut_decode_all(&decoding, load->error);

	if (status)
		return status;
	take_split(load, &set->train, 0, load->folder.train, &list);
	take_split(load, &set->test, load->folder.train, load->folder.test,
		   &list);
	set->loading.list = list.data;
	if (list.failed)
		return no_memory(load->error);
	set->loading.decoded = set->train.count + set->test.count;
	return check_rest(load);
}

/* Of the files and of all that decides about pixels. */
static struct ut_fingerprint cache_key(const struct load *load)
{
	const struct ut_image_options *options = load->options;
	struct ut_fingerprint files =
		ut_image_folder_fingerprint(&load->folder);
	uint32_t numbers[] = {options->size, options->channels,
			      (uint32_t)options->fit,
			      (uint32_t)options->on_error};
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, ARITHMETIC, sizeof(ARITHMETIC));
	ut_fingerprint_update(&in, &files, sizeof(files));
	ut_fingerprint_update(&in, numbers, sizeof(numbers));
	return ut_fingerprint_finish(&in);
}

/* Opens the cache, or says that there is none yet. */
static enum ut_status open_cache(struct load *load, bool *found)
{
	const char *folder = load->options->cache;
	enum ut_status status;

	*found = false;
	load->cached = folder && *folder;
	if (!load->cached)
		return check_memory(load);
	status = ut_folder_make(folder, load->error);
	if (status)
		return ut_error_prefix(load->error, "data.cache");
	if (!ut_image_cache_init(&load->cache, folder, load->set->name,
				 cache_key(load), load->folder.train,
				 load->folder.test))
		return no_memory(load->error);
	return ut_image_cache_open(&load->cache, load->set, found, load->error);
}

static enum ut_status load_pixels(struct load *load)
{
	enum ut_status status;
	bool found;

	status = open_cache(load, &found);
	if (status || found)
		return status;
	load->why = calloc(count_files(load), sizeof(*load->why));
	if (!load->why)
		return no_memory(load->error);
	status = allocate(load);
	if (!status)
		status = decode(load);
	if (!status && load->cached)
		status = ut_image_cache_commit(&load->cache, load->set,
					       load->error);
	return status;
}

static enum ut_status check_options(const struct ut_image_options *options,
				    struct ut_error *error)
{
	if (!options->size || options->size > UT_IMAGE_SIDE_MAX)
		return ut_error_set(error, UT_INVALID,
				    "image.size is %u, not one of 1 to %d",
				    options->size, UT_IMAGE_SIDE_MAX);
	if (options->channels != 1 && options->channels != 3)
		return ut_error_set(error, UT_INVALID,
				    "images of %u channels: neither 1 "
				    "(image.colour = grey) nor 3 (rgb)",
				    options->channels);
	return UT_OK;
}

static enum ut_status load_folder(struct load *load)
{
	struct ut_dataset *set = load->set;
	enum ut_status status =
		ut_image_folder_scan(&load->folder, load->root, load->error);

	if (status)
		return status;
	if (!strcmp(set->name, "catdog") && load->folder.classes != 2)
		return ut_error_set(load->error, UT_INVALID,
				    "catdog has two classes, and %s has %zu; "
				    "the data set images takes any",
				    load->root, load->folder.classes);
	set->height = set->width = load->options->size;
	set->channels = load->options->channels;
	set->classes = load->folder.classes;
	set->loading.ignored = load->folder.ignored;
	set->class_names = load->folder.class_names;
	status = load_pixels(load);
	if (!status) {
		load->folder.class_names = NULL;
		return UT_OK;
	}
	set->class_names = NULL;
	/* what is in a cache in the making goes with it */
	if (load->cached && !set->mapping)
		set->train = set->test = (struct ut_split){0};
	return status;
}

static void load_release(struct load *load)
{
	size_t i;

	for (i = 0; load->why && i < count_files(load); ++i)
		free(load->why[i]);
	free(load->why);
	if (load->cached)
		ut_image_cache_release(&load->cache);
	ut_image_folder_release(&load->folder);
}

enum ut_status ut_imageset_load(struct ut_dataset *set, const char *dir,
				const char *const *roots,
				const struct ut_image_options *options,
				struct ut_error *error)
{
	static const struct ut_image_options usual = {.size = 224,
						      .channels = 3};
	struct load load = {
		.options = options ? options : &usual,
		.set = set,
		.error = error,
		.cache = {.file = -1},
	};
	double start = ut_clock_now();
	char *folder = NULL;
	enum ut_status status;

	if (!ut_jpeg_available())
		return ut_error_set(error, UT_INVALID,
				    "the data set %s is of JPEG files, which "
				    "this build does not read (it was "
				    "configured --without-jpeg)",
				    set->name);
	status = check_options(load.options, error);
	if (!status)
		status = locate(&folder, set->name, dir, roots, error);
	if (status)
		return status;
	load.root = folder;
	status = load_folder(&load);
	load_release(&load);
	free(folder);
	set->loading.seconds = ut_clock_now() - start;
	return status;
}
