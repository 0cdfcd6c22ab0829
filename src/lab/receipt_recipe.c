/* The recipe that a receipt holds: enough to repeat the run elsewhere. */
#include "lab/receipt.h"

#include "lab/json_file.h"

json_t *ut_receipt_keys(const struct ut_recipe *recipe)
{
	json_t *object = json_object();
	const char *key, *meaning;
	struct ut_text text = {0};
	bool good = object;
	size_t i;

	for (i = 0; good && ut_recipe_describe(i, &key, &meaning, &text); ++i) {
		ut_text_release(&text);
		if (ut_recipe_key_is_circumstance(key))
			continue;
		ut_recipe_value(recipe, key, &text);
		good = !text.failed &&
		       !json_object_set_new(object, key,
					    json_string(ut_text_string(&text)));
		ut_text_release(&text);
	}
	ut_text_release(&text);
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

enum ut_status ut_receipt_recipe(const json_t *receipt,
				 struct ut_recipe *recipe,
				 struct ut_error *error)
{
	/* json_object_foreach takes what is not const, and changes nothing */
	json_t *keys = json_object_get(receipt, "keys"), *value;
	enum ut_status status;
	const char *key;

	if (!keys)
		return ut_error_set(error, UT_MISSING,
				    "the receipt holds no recipe");
	if (!json_is_object(keys))
		return ut_error_set(error, UT_CORRUPT,
				    "the receipt's keys are no object");
	ut_recipe_init(recipe);
	json_object_foreach(keys, key, value)
	{
		const char *text = json_string_value(value);

		if (!text)
			return ut_error_set(error, UT_CORRUPT,
					    "the receipt's key %.80s has no "
					    "text",
					    key);
		/* a stranger's receipt says nothing of this machine */
		if (ut_recipe_key_is_circumstance(key))
			return ut_error_set(error, UT_CORRUPT,
					    "the receipt has the key %s, which "
					    "no receipt has",
					    key);
		status = ut_recipe_set(recipe, key, text, error);
		if (status)
			return ut_error_prefix(error, "the receipt's keys");
	}
	return UT_OK;
}

enum ut_status ut_receipt_load_recipe(struct ut_recipe *recipe,
				      const char *path, struct ut_error *error)
{
	json_t *receipt;
	enum ut_status status;

	status = ut_json_read(&receipt, path, "a receipt", error);
	if (status)
		return status;
	status = ut_receipt_recipe(receipt, recipe, error);
	if (status)
		ut_error_prefix(error, "%s", path);
	json_decref(receipt);
	return status;
}
