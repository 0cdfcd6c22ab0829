/* Looking through folders of JPEG files. */
#include "data/imagefolder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "data/dataset.h"
#include "data/listing.h"
#include "data/order.h"

/* "imgs": the generator's purpose for the order of files */
#define PURPOSE_IMAGES 0x696d6773u

enum { DEPTH_MAX = 8, NUMBER_DIGITS = 20 };

struct scan {
	struct ut_walk walk;
	struct ut_image_file *files;
	size_t count, ignored;
	struct ut_error *error;
};

static enum ut_status no_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY,
			    "no memory for the names of the images");
}

static enum ut_status list(struct scan *scan, struct ut_listing *listing,
			   const char *folder)
{
	return ut_listing_read(listing, &scan->walk, folder, scan->error);
}

static enum ut_status add_file(struct scan *scan, const struct ut_entry *entry,
			       const char *class_name, size_t class_length,
			       const char *number, size_t number_length)
{
	struct ut_image_file *files =
		ut_array_grow(scan->files, scan->count, sizeof(*files));

	if (!files)
		return no_memory(scan->error);
	scan->files = files;
	files += scan->count++;
	*files = (struct ut_image_file){
		.path = strdup(entry->path),
		.class_name = strndup(class_name, class_length),
		.number = strndup(number, number_length),
		.bytes = (uint64_t)entry->info.st_size,
		.seconds = entry->info.st_mtim.tv_sec,
		.nanoseconds = entry->info.st_mtim.tv_nsec,
	};
	if (!files->path || !files->class_name || !files->number)
		return no_memory(scan->error);
	return UT_OK;
}

/* Adds the images of a class's folder and of those in it. */
static enum ut_status walk_class(struct scan *scan, const char *folder,
				 const char *class_name, unsigned depth)
{
	struct ut_listing listing;
	enum ut_status status;
	size_t i;

	if (depth > DEPTH_MAX)
		return ut_error_set(scan->error, UT_INVALID,
				    "%s/%s is more than %d folders below its "
				    "class",
				    scan->walk.root, folder, DEPTH_MAX - 1);
	status = list(scan, &listing, folder);
	scan->ignored += listing.ignored;
	for (i = 0; i < listing.count && !status; ++i) {
		const struct ut_entry *entry = &listing.entries[i];

		if (entry->folder)
			status = walk_class(scan, entry->path, class_name,
					    depth + 1);
		else if (entry->image)
			status = add_file(scan, entry, class_name,
					  strlen(class_name), "", 0);
	}
	ut_listing_release(&listing);
	return status;
}

/* The lengths of CLASS and N in a name CLASS.N.jpg; false for other names. */
static bool parse_flat(const char *name, size_t *class_length, size_t *digits)
{
	const char *number;

	*class_length = strcspn(name, ".");
	if (!*class_length || !name[*class_length])
		return false;
	number = name + *class_length + 1;
	*digits = strspn(number, "0123456789");
	return *digits && *digits <= NUMBER_DIGITS &&
	       ut_is_jpeg_ending(number + *digits);
}

static enum ut_status add_flat(struct scan *scan, const struct ut_entry *entry)
{
	size_t length, digits;

	if (!parse_flat(entry->name, &length, &digits))
		return ut_error_set(scan->error, UT_INVALID,
				    "no class in the name %s/%s: images are "
				    "called CLASS.N.jpg, or are in a folder "
				    "for each class",
				    scan->walk.root, entry->path);
	return add_file(scan, entry, entry->name, length,
			entry->name + length + 1, digits);
}

/* Adds the images of a listed folder: class folders, or flat names. */
static enum ut_status add_classes(struct scan *scan,
				  const struct ut_listing *listing,
				  const char *folder)
{
	enum ut_status status = UT_OK;
	size_t i;

	scan->ignored += listing->ignored;
	if (listing->folders && listing->images)
		return ut_error_set(scan->error, UT_INVALID,
				    "%s%s%s has images beside its class "
				    "folders: which class are they of?",
				    scan->walk.root, *folder ? "/" : "",
				    folder);
	for (i = 0; i < listing->count && !status; ++i) {
		const struct ut_entry *entry = &listing->entries[i];
		size_t before = scan->count;

		if (entry->image)
			status = add_flat(scan, entry);
		if (!entry->folder)
			continue;
		status = walk_class(scan, entry->path, entry->name, 1);
		if (!status && scan->count == before)
			status = ut_error_set(scan->error, UT_INVALID,
					      "class folder %s/%s has no JPEG "
					      "file",
					      scan->walk.root, entry->path);
	}
	return status;
}

/* The split of a set in two folders ---------------------------------------- */

/*
 * Whether a folder called train holds a set, and is not a class of its own: it
 * has folders, or a name with a class.
 */
static bool holds_classes(const struct ut_listing *listing)
{
	size_t i, length, digits;

	if (listing->folders)
		return true;
	for (i = 0; i < listing->count; ++i)
		if (listing->entries[i].image &&
		    parse_flat(listing->entries[i].name, &length, &digits))
			return true;
	return false;
}

static const struct ut_entry *find_folder(const struct ut_listing *listing,
					  const char *name)
{
	size_t i;

	for (i = 0; i < listing->count; ++i)
		if (listing->entries[i].folder &&
		    !strcasecmp(listing->entries[i].name, name))
			return &listing->entries[i];
	return NULL;
}

/* Reads the classes of a folder that is the training or the test set. */
static enum ut_status read_classes(struct scan *scan, const char *folder)
{
	struct ut_listing listing;
	enum ut_status status = list(scan, &listing, folder);

	if (!status)
		status = add_classes(scan, &listing, folder);
	ut_listing_release(&listing);
	return status;
}

/* Of the root with a folder train that was listed, and perhaps a test folder. */
static enum ut_status read_split(struct scan *scan,
				 const struct ut_listing *root,
				 const struct ut_entry *train,
				 const struct ut_listing *listing,
				 size_t *train_count)
{
	static const char *const names[] = {"test", "val", "valid",
					    "validation"};
	const struct ut_entry *test = NULL;
	enum ut_status status;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names) && !test; ++i)
		test = find_folder(root, names[i]);
	scan->ignored += root->ignored + root->images + root->folders - 1 -
			 (test != NULL);
	status = add_classes(scan, listing, train->path);
	*train_count = scan->count;
	if (!status && test)
		status = read_classes(scan, test->path);
	if (!status && test && scan->count == *train_count)
		status = ut_error_set(scan->error, UT_INVALID,
				      "no images in %s/%s", scan->walk.root,
				      test->path);
	return status;
}

/* Finds all files; those from *train_count on are for testing. */
static enum ut_status read_root(struct scan *scan, size_t *train_count)
{
	struct ut_listing root, listing = {0};
	const struct ut_entry *train;
	enum ut_status status = list(scan, &root, "");

	train = status ? NULL : find_folder(&root, "train");
	if (train)
		status = list(scan, &listing, train->path);
	if (!status && train && holds_classes(&listing)) {
		status = read_split(scan, &root, train, &listing, train_count);
	} else if (!status) {
		/* train, if there is one, is a class: it is listed again */
		ut_walk_release(&scan->walk);
		status = add_classes(scan, &root, "");
		*train_count = scan->count;
	}
	ut_listing_release(&listing);
	ut_listing_release(&root);
	if (!status && !*train_count)
		status = ut_error_set(scan->error, UT_INVALID,
				      "no images in %s%s: it needs JPEG files "
				      "called CLASS.N.jpg, or a folder of them "
				      "for each class",
				      scan->walk.root, train ? "/train" : "");
	return status;
}

/* Order and numbers -------------------------------------------------------- */

static int compare_numbers(const char *a, const char *b)
{
	size_t left, right;

	a += strspn(a, "0");
	b += strspn(b, "0");
	left = strlen(a);
	right = strlen(b);
	if (left != right)
		return left < right ? -1 : 1;
	return strcmp(a, b);
}

static int compare_files(const void *a, const void *b)
{
	const struct ut_image_file *left = a, *right = b;
	int order = strcmp(left->class_name, right->class_name);

	if (!order)
		order = compare_numbers(left->number, right->number);
	return order ? order : strcmp(left->path, right->path);
}

/* Collects the class names of sorted training files into one block. */
static enum ut_status name_classes(struct ut_image_folder *folder,
				   const struct scan *scan)
{
	const struct ut_image_file *files = folder->files;
	size_t bytes = 0, i;
	char *text;

	for (i = 0; i < folder->train; ++i) {
		if (i && !strcmp(files[i].class_name, files[i - 1].class_name))
			continue;
		/* it goes into the run's receipt, which is JSON */
		if (!ut_text_is_utf8(files[i].class_name))
			return ut_error_set(scan->error, UT_INVALID,
					    "the class of %s/%s has a name "
					    "that is not UTF-8; rename it",
					    scan->walk.root, files[i].path);
		++folder->classes;
		bytes += sizeof(char *) + strlen(files[i].class_name) + 1;
	}
	if (folder->classes == 1)
		return ut_error_set(scan->error, UT_INVALID,
				    "one class only in %s: %s", scan->walk.root,
				    files[0].class_name);
	if (folder->classes > UT_DATASET_CLASSES)
		return ut_error_set(scan->error, UT_INVALID,
				    "too many classes in %s: %zu, at most %d",
				    scan->walk.root, folder->classes,
				    UT_DATASET_CLASSES);
	folder->class_names = malloc(bytes);
	if (!folder->class_names)
		return no_memory(scan->error);
	text = (char *)(folder->class_names + folder->classes);
	folder->classes = 0;
	for (i = 0; i < folder->train; ++i) {
		if (i && !strcmp(files[i].class_name, files[i - 1].class_name))
			continue;
		folder->class_names[folder->classes++] = text;
		strcpy(text, files[i].class_name);
		text += strlen(text) + 1;
	}
	return UT_OK;
}

static int compare_names(const void *name, const void *candidate)
{
	return strcmp(name, *(char *const *)candidate);
}

static enum ut_status label_files(struct ut_image_folder *folder,
				  const struct scan *scan)
{
	size_t i;

	for (i = 0; i < folder->train + folder->test; ++i) {
		struct ut_image_file *file = &folder->files[i];
		char **name =
			bsearch(file->class_name, folder->class_names,
				folder->classes, sizeof(char *), compare_names);

		if (!name)
			return ut_error_set(scan->error, UT_INVALID,
					    "class %s of the test image %s/%s "
					    "is not among the training images",
					    file->class_name, scan->walk.root,
					    file->path);
		file->label = (uint8_t)(name - folder->class_names);
	}
	return UT_OK;
}

static enum ut_status shuffle(struct ut_image_file *files, size_t count,
			      uint32_t epoch, struct ut_error *error)
{
	struct ut_rng rng = {.purpose = PURPOSE_IMAGES};
	struct ut_image_file *sorted = malloc(count * sizeof(*sorted));
	uint32_t *ids = malloc(count * sizeof(*ids));
	size_t i;

	if (sorted && ids) {
		memcpy(sorted, files, count * sizeof(*sorted));
		ut_order_shuffle(ids, count, rng, epoch);
		for (i = 0; i < count; ++i)
			files[i] = sorted[ids[i]];
	}
	i = sorted && ids;
	free(sorted);
	free(ids);
	return i ? UT_OK : no_memory(error);
}

/* Of each class, the first four fifths of the shuffled files stay for training. */
static enum ut_status split_files(struct ut_image_folder *folder,
				  const struct scan *scan)
{
	size_t counts[UT_DATASET_CLASSES] = {0}, kept[UT_DATASET_CLASSES] = {0};
	size_t count = folder->train, i, to = 0, aside = 0;
	struct ut_image_file *test = malloc(count * sizeof(*test));

	if (!test)
		return no_memory(scan->error);
	for (i = 0; i < count; ++i)
		++counts[folder->files[i].label];
	for (i = 0; i < count; ++i) {
		struct ut_image_file file = folder->files[i];
		size_t n = counts[file.label];

		if (kept[file.label] < n / 5 * 4 + n % 5 * 4 / 5) {
			++kept[file.label];
			folder->files[to++] = file;
		} else {
			test[aside++] = file;
		}
	}
	memcpy(folder->files + to, test, aside * sizeof(*test));
	free(test);
	folder->train = to;
	folder->test = aside;
	for (i = 0; i < folder->classes; ++i)
		if (counts[i] < 2)
			return ut_error_set(scan->error, UT_INVALID,
					    "class %s in %s has one image: too "
					    "few to train and test",
					    folder->class_names[i],
					    scan->walk.root);
	return UT_OK;
}

static enum ut_status arrange(struct ut_image_folder *folder,
			      const struct scan *scan)
{
	enum ut_status status;

	qsort(folder->files, folder->train, sizeof(*folder->files),
	      compare_files);
	if (folder->test)
		qsort(folder->files + folder->train, folder->test,
		      sizeof(*folder->files), compare_files);
	status = name_classes(folder, scan);
	if (!status)
		status = label_files(folder, scan);
	if (!status)
		status = shuffle(folder->files, folder->train, 0, scan->error);
	if (!status && !folder->test)
		return split_files(folder, scan);
	if (!status)
		status = shuffle(folder->files + folder->train, folder->test, 1,
				 scan->error);
	return status;
}

void ut_image_folder_release(struct ut_image_folder *folder)
{
	size_t i;

	for (i = 0; i < folder->train + folder->test; ++i) {
		free(folder->files[i].path);
		free(folder->files[i].class_name);
		free(folder->files[i].number);
	}
	free(folder->files);
	free(folder->class_names);
	*folder = (struct ut_image_folder){0};
}

enum ut_status ut_image_folder_scan(struct ut_image_folder *folder,
				    const char *path, struct ut_error *error)
{
	struct scan scan = {.walk = {.root = path}, .error = error};
	struct ut_image_folder found = {0};
	size_t train = 0;
	enum ut_status status = read_root(&scan, &train);

	found.files = scan.files;
	found.train = status ? scan.count : train;
	found.test = scan.count - found.train;
	found.ignored = scan.ignored;
	if (!status)
		status = arrange(&found, &scan);
	ut_walk_release(&scan.walk);
	if (status)
		ut_image_folder_release(&found);
	else
		*folder = found;
	return status;
}

struct ut_fingerprint ut_image_folder_fingerprint(
	const struct ut_image_folder *folder)
{
	struct ut_fingerprinter in;
	size_t i;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, &folder->train, sizeof(folder->train));
	ut_fingerprint_update(&in, &folder->test, sizeof(folder->test));
	for (i = 0; i < folder->train + folder->test; ++i) {
		const struct ut_image_file *file = &folder->files[i];
		int64_t numbers[] = {(int64_t)file->bytes, file->seconds,
				     file->nanoseconds, file->label};

		ut_fingerprint_update(&in, file->path, strlen(file->path) + 1);
		ut_fingerprint_update(&in, numbers, sizeof(numbers));
	}
	return ut_fingerprint_finish(&in);
}
