/* What a receipt says, for whoever checks it. */
#include "lab/verify_receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "base/file.h"
#include "config.h"
#include "lab/json_file.h"
#include "lab/receipt.h"

/* What reading one works with. */
struct reading {
	struct ut_testimony *t;
	const struct ut_verify_options *options;
	struct ut_verification *v;
};

/* The receipt -------------------------------------------------------------- */

static char *copy(const char *text)
{
	char *made = malloc(strlen(text) + 1);

	return made ? strcpy(made, text) : NULL;
}

/* The file, and the folder that recipe.ini may be in. */
static enum ut_status read_receipt(struct reading *w, const char *path,
				   struct ut_error *error)
{
	char *inside = ut_path_join(path, UT_RECEIPT_FILE), *slash;
	bool folder = inside && ut_file_exists(inside);
	enum ut_status status;

	w->t->folder = copy(path);
	if (!inside || !w->t->folder)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	else
		status = ut_json_read(&w->t->receipt, folder ? inside : path,
				      "a receipt", error);
	free(inside);
	if (status || folder)
		return status;
	slash = strrchr(w->t->folder, '/');
	strcpy(slash ? slash : w->t->folder, slash ? "" : ".");
	if (slash == w->t->folder)
		strcpy(w->t->folder, "/");
	return UT_OK;
}

static enum ut_status check_version(struct reading *w, struct ut_error *error)
{
	const json_t *contract = json_object_get(w->t->receipt, "contract");
	const char *version =
		json_string_value(json_object_get(w->t->receipt, "undertone"));

	if (!json_is_integer(contract) || !version)
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt does not say which undertone "
				    "and contract it is of");
	if (json_integer_value(contract) != UT_CONTRACT)
		return ut_error_set(error, UT_INVALID,
				    "the receipt is of contract %lld, and this "
				    "undertone keeps to contract %d",
				    (long long)json_integer_value(contract),
				    UT_CONTRACT);
	if (strcmp(version, UT_VERSION))
		ut_text_append(&w->v->notes,
			       "The receipt is of undertone %.40s, this is %s; "
			       "both keep to contract %d.\n",
			       version, UT_VERSION, UT_CONTRACT);
	return UT_OK;
}

/* What recipe.ini beside the receipt says of this machine. */
static enum ut_status take_circumstances(struct reading *w,
					 const struct ut_recipe *beside,
					 struct ut_error *error)
{
	const char *const *key = ut_recipe_circumstances;
	enum ut_status status = UT_OK;

	for (; *key && !status; ++key) {
		struct ut_text value = {0};

		ut_recipe_value(beside, *key, &value);
		status = ut_recipe_set(&w->v->recipe, *key,
				       ut_text_string(&value), error);
		ut_text_release(&value);
	}
	return status;
}

/* What the caller says of this machine. */
static enum ut_status take_words(struct reading *w, struct ut_error *error)
{
	const struct ut_verify_options *options = w->options;
	struct ut_recipe *recipe = &w->v->recipe;
	enum ut_status status = UT_OK;
	size_t i;

	if (options->data_dir)
		status = ut_recipe_set(recipe, "data.dir", options->data_dir,
				       error);
	for (i = 0; i < options->word_count && !status; ++i) {
		const char *word = options->words[i];
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)strcspn(word, "="),
			 word);
		if (!ut_recipe_key_is_circumstance(ut_text_trim(key)))
			return ut_error_set(error, UT_INVALID,
					    "%s: would not be the same run; "
					    "only where and how it is done can "
					    "be set: group, data.dir, "
					    "data.memory, data.cache, "
					    "distill.noise_dir",
					    word);
		status = ut_recipe_assign(recipe, word, error);
	}
	return status;
}

static enum ut_status read_recipe(struct reading *w, struct ut_error *error)
{
	struct ut_recipe beside;
	struct ut_error why = {0};
	bool has_beside = !ut_recipe_load_run(&beside, w->t->folder, &why);
	enum ut_status status;

	status = ut_receipt_recipe(w->t->receipt, &w->v->recipe, error);
	if (status == UT_MISSING && has_beside) {
		w->v->recipe = beside;
		status = UT_OK;
	} else if (status == UT_MISSING) {
		return ut_error_set(error, UT_MISSING,
				    "the receipt holds no recipe, as those of "
				    "older versions, and there is none beside "
				    "it: %s",
				    why.text);
	} else if (!status && has_beside) {
		status = take_circumstances(w, &beside, error);
	}
	if (!status)
		status = take_words(w, error);
	return status ? status : ut_recipe_check(&w->v->recipe, error);
}

static bool is_whole(const struct reading *w, const char *name, uint64_t n)
{
	const json_t *number = json_object_get(w->t->receipt, name);

	return json_is_integer(number) &&
	       json_integer_value(number) == (json_int_t)n;
}

/* What the receipt says twice is the same. */
static enum ut_status check_sense(struct reading *w, struct ut_error *error)
{
	const struct ut_recipe *recipe = &w->v->recipe;
	const char *name =
		json_string_value(json_object_get(w->t->receipt, "recipe"));

	if (!name || strcmp(name, recipe->name))
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt is of another recipe than the "
				    "one that is with it: another name");
	if (!is_whole(w, "seed", recipe->seed) ||
	    !is_whole(w, "replicas", recipe->replicas))
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt is of another recipe than the "
				    "one that is with it: another seed or "
				    "other replicas");
	if (!json_is_boolean(json_object_get(w->t->receipt, "bit_exact")))
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt does not say whether its bits "
				    "are exact");
	w->v->exact_there =
		json_is_true(json_object_get(w->t->receipt, "bit_exact"));
	return UT_OK;
}

/* "PLATFORM: NAME (DRIVER)" of a device; false where it is none. */
static bool describe(const json_t *device, struct ut_text *text,
		     struct ut_text *flaws)
{
	const char *name = json_string_value(json_object_get(device, "name"));
	const char *platform =
		json_string_value(json_object_get(device, "platform"));
	const char *driver =
		json_string_value(json_object_get(device, "driver"));
	const char *flaw = json_string_value(json_object_get(device, "flaw"));

	if (!name || !platform || !driver)
		return false;
	ut_text_append(text, "%s%s: %s (%s)", text->length ? " and " : "",
		       platform, name, driver);
	if (flaw)
		ut_text_append(flaws, "%s%s", flaws->length ? "; " : "", flaw);
	return true;
}

void ut_verify_take(struct ut_text *text, char to[UT_VERIFY_TEXT])
{
	snprintf(to, UT_VERIFY_TEXT, "%s", ut_text_string(text));
	while (!ut_text_is_utf8(to))
		to[strlen(to) - 1] = '\0';
	ut_text_release(text);
}

static enum ut_status read_devices(struct reading *w, struct ut_error *error)
{
	const json_t *one = json_object_get(w->t->receipt, "device");
	const json_t *several = json_object_get(w->t->receipt, "devices");
	const char *flaw =
		json_string_value(json_object_get(w->t->receipt, "flaw"));
	struct ut_text text = {0}, flaws = {0};
	bool good = one ? describe(one, &text, &flaws)
			: json_array_size(several) > 0;
	size_t i;

	for (i = 0; !one && i < json_array_size(several) && good; ++i)
		good = describe(json_array_get(several, i), &text, &flaws);
	/* of what came before these devices */
	if (flaw && !flaws.length)
		ut_text_append(&flaws, "%s", flaw);
	ut_verify_take(&text, w->v->there);
	ut_verify_take(&flaws, w->v->flaws);
	return good ? UT_OK
		    : ut_error_set(error, UT_CORRUPT,
				   "the receipt does not say which device it "
				   "is of");
}

/* Fingerprints ------------------------------------------------------------- */

bool ut_verify_trained(const struct ut_recipe *recipe, enum ut_condition c)
{
	return recipe->conditions & 1u << c &&
	       (ut_condition_is_teacher(c) || ut_condition_is_student(c));
}

static enum ut_status read_prints(struct reading *w, enum ut_condition c,
				  struct ut_error *error)
{
	uint64_t epochs = ut_recipe_training(&w->v->recipe, c)->epochs, e;
	const char *name = ut_condition_name(c);
	const json_t *array =
		json_object_get(json_object_get(w->t->receipt, "fingerprints"),
				name);

	if (json_array_size(array) != epochs + 1)
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt has %zu fingerprints of %s, "
				    "and its recipe %llu epochs, which makes "
				    "one more",
				    json_array_size(array), name,
				    (unsigned long long)epochs);
	w->t->prints[c] = calloc(epochs + 1, sizeof(*w->t->prints[c]));
	if (!w->t->prints[c])
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (e = 0; e <= epochs; ++e) {
		const char *text = json_string_value(json_array_get(array, e));

		if (!text || !ut_fingerprint_parse(text, &w->t->prints[c][e]))
			return ut_error_set(error, UT_CORRUPT,
					    "the receipt's fingerprint of %s, "
					    "epoch %llu is none",
					    name, (unsigned long long)e);
	}
	w->v->all += epochs + 1;
	return UT_OK;
}

enum ut_status ut_testimony_read(struct ut_testimony *testimony,
				 const char *path,
				 const struct ut_verify_options *options,
				 struct ut_verification *verification,
				 struct ut_error *error)
{
	struct reading reading = {testimony, options, verification};
	enum ut_status status;
	int c;

	*testimony = (struct ut_testimony){0};
	status = read_receipt(&reading, path, error);
	if (!status)
		status = check_version(&reading, error);
	if (!status)
		status = read_recipe(&reading, error);
	if (!status)
		status = check_sense(&reading, error);
	if (!status)
		status = read_devices(&reading, error);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (ut_verify_trained(&verification->recipe, c))
			status = read_prints(&reading, c, error);
	return status;
}

void ut_testimony_release(struct ut_testimony *testimony)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		free(testimony->prints[c]);
	free(testimony->folder);
	json_decref(testimony->receipt);
}
