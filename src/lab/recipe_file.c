/* Recipes: files, and the classes they keep. */
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/dataset.h"
#include "lab/recipe.h"

/* Recipes that build on each other. */
enum { BASES_MAX = 4 };

struct ini_reader {
	struct ut_recipe *recipe;
	const char *path; /* of the file, or NULL where there is none */
	unsigned depth;   /* how many files build on this one */
	bool started;     /* a key was set */
	struct ut_error *error;
	enum ut_status status;
};

static enum ut_status load(struct ut_recipe *recipe, const char *path,
			   unsigned depth, struct ut_error *error);

/* `base = NAME`, first in a file: NAME.ini beside it comes before its keys. */
static enum ut_status take_base(struct ini_reader *reader, const char *name)
{
	const char *slash = reader->path ? strrchr(reader->path, '/') : NULL;
	int folder = slash ? (int)(slash + 1 - reader->path) : 0;
	char path[UT_RECIPE_PATH];
	int length;

	if (!reader->path || reader->started)
		return ut_recipe_set(reader->recipe, "base", name,
				     reader->error);
	if (reader->depth == BASES_MAX)
		return ut_error_set(reader->error, UT_INVALID,
				    "base = %s: more than %d recipes build on "
				    "each other",
				    name, BASES_MAX);
	if (!*name || strchr(name, '/'))
		return ut_error_set(reader->error, UT_INVALID,
				    "base = %s: must be the name of a recipe "
				    "in the same folder",
				    name);
	length = snprintf(path, sizeof(path), "%.*s%s.ini", folder,
			  reader->path, name);
	if (length >= (int)sizeof(path))
		return ut_error_set(reader->error, UT_INVALID,
				    "base: too long a path");
	return load(reader->recipe, path, reader->depth + 1, reader->error);
}

/* inih calls this for each key; 0 makes it report the line. */
static int take_key(void *user, const char *section, const char *name,
		    const char *value)
{
	struct ini_reader *reader = user;
	char key[160];

	if (reader->status)
		return 0;
	snprintf(key, sizeof(key), "%s%s%s", section, *section ? "." : "",
		 name);
	if (!strcmp(key, "base"))
		reader->status = take_base(reader, value ? value : "");
	else
		reader->status =
			ut_recipe_set(reader->recipe, key, value ? value : "",
				      reader->error);
	reader->started = true;
	return !reader->status;
}

static enum ut_status parse(struct ini_reader *reader, const char *text,
			    const char *name)
{
	struct ut_error *error = reader->error;
	int line = ini_parse_string(text, take_key, reader);

	if (reader->status)
		return ut_error_prefix(error, "%s:%d", name, line);
	if (line)
		return ut_error_set(error, UT_INVALID,
				    "%s:%d: not a section, "
				    "a comment or key = value",
				    name, line > 0 ? line : 0);
	return UT_OK;
}

enum ut_status ut_recipe_parse(struct ut_recipe *recipe, const char *text,
			       const char *name, struct ut_error *error)
{
	struct ini_reader reader = {.recipe = recipe, .error = error};

	return parse(&reader, text, name);
}

static enum ut_status load(struct ut_recipe *recipe, const char *path,
			   unsigned depth, struct ut_error *error)
{
	struct ut_recipe read;
	struct ini_reader reader = {
		.recipe = &read,
		.path = path,
		.depth = depth,
		.error = error,
	};
	enum ut_status status;
	char *text = NULL;
	size_t bytes;

	ut_recipe_init(&read);
	status = ut_file_read(path, 1 << 20, &text, &bytes, error);
	if (status)
		return status;
	if (memchr(text, '\0', bytes))
		status = ut_error_set(error, UT_INVALID, "%s: not a text file",
				      path);
	else
		status = parse(&reader, text, path);
	free(text);
	if (!status)
		*recipe = read;
	return status;
}

enum ut_status ut_recipe_load(struct ut_recipe *recipe, const char *path,
			      struct ut_error *error)
{
	return load(recipe, path, 0, error);
}

enum ut_status ut_recipe_load_run(struct ut_recipe *recipe, const char *folder,
				  struct ut_error *error)
{
	char *path = ut_path_join(folder, "recipe.ini");
	enum ut_status status;

	status = path ? ut_recipe_load(recipe, path, error)
		      : ut_error_set(error, UT_MEMORY, "out of memory");
	free(path);
	return status;
}

/* Reads "a", "a-b" or "a, a+1, ..." as a range of classes. */
static bool parse_range(const char *text, size_t all, size_t *first,
			size_t *end)
{
	struct ut_list words = {0};
	const char *dash = strchr(text, '-');
	uint64_t low = 0, high = 0, next;
	bool good;
	size_t i;

	if (!ut_list_split(&words, text))
		return false;
	if (dash && words.count == 1) {
		words.items[0][strcspn(words.items[0], "-")] = '\0';
		good = ut_parse_u64(words.items[0], 0, all - 1, &low) &&
		       ut_parse_u64(dash + 1, low, all - 1, &high);
	} else {
		good = words.count &&
		       ut_parse_u64(words.items[0], 0, all - 1, &low);
		high = low;
		for (i = 1; i < words.count && good; ++i) {
			good = ut_parse_u64(words.items[i], high + 1, high + 1,
					    &next) &&
			       next < all;
			high = high + 1;
		}
	}
	ut_list_release(&words);
	*first = low;
	*end = high + 1;
	return good;
}

enum ut_status ut_recipe_classes(const struct ut_recipe *recipe, size_t all,
				 size_t *first, size_t *end,
				 struct ut_error *error)
{
	*first = 0;
	*end = all;
	if (!strcmp(recipe->data.classes, "all"))
		return UT_OK;
	if (!parse_range(recipe->data.classes, all, first, end))
		return ut_error_set(error, UT_INVALID,
				    "data.classes = %s: "
				    "must be 'all', or consecutive classes "
				    "from 0 to %zu as in '0, 1' or '0-4'",
				    recipe->data.classes, all - 1);
	return UT_OK;
}
