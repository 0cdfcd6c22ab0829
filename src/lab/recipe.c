/* Recipes: setting and writing through the table of keys. */
#include "lab/recipe_keys.h"

#include <ctype.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Room for more keys than there are. */
enum { KEYS_MAX = 256 };

const char *ut_condition_name(enum ut_condition condition)
{
	return ut_condition_names[condition];
}

bool ut_condition_is_student(enum ut_condition condition)
{
	return condition == UT_AUX || condition == UT_ALL ||
	       condition == UT_CROSS_AUX || condition == UT_CROSS_ALL ||
	       condition == UT_SHUFFLED_AUX;
}

bool ut_condition_is_teacher(enum ut_condition condition)
{
	return condition == UT_TEACHER || condition == UT_SHUFFLED_TEACHER;
}

const struct ut_training *ut_recipe_training(const struct ut_recipe *recipe,
					     enum ut_condition condition)
{
	return ut_condition_is_teacher(condition) ? &recipe->teacher
						  : &recipe->distill.training;
}

static const struct ut_key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < ut_recipe_key_count; ++i)
		if (!strcmp(ut_recipe_keys[i].name, name))
			return &ut_recipe_keys[i];
	return NULL;
}

static enum ut_status unknown_key(const char *name, struct ut_error *error)
{
	const char *names[KEYS_MAX], *near;
	size_t i;

	for (i = 0; i < ut_recipe_key_count && i < KEYS_MAX; ++i)
		names[i] = ut_recipe_keys[i].name;
	near = ut_text_nearest(name, names, i);
	return ut_error_set(error, UT_INVALID,
			    "unknown key '%s'%s%s%s; "
			    "`undertone recipes --keys` lists them",
			    name, near ? " (did you mean '" : "",
			    near ? near : "", near ? "'?)" : "");
}

/* The place of word among names, or -1. */
static int find_name(const char *word, const char *const *names)
{
	int i;

	for (i = 0; names[i]; ++i)
		if (!strcmp(names[i], word))
			return i;
	return -1;
}

/* "a, b or c" */
static void append_names(struct ut_text *text, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; ++i)
		ut_text_append(text, "%s%s",
			       !i             ? ""
			       : names[i + 1] ? ", "
					      : " or ",
			       names[i]);
}

static void append_range(struct ut_text *text, const struct ut_key *key)
{
	switch (key->type) {
	case UT_KEY_TEXT:
		ut_text_append(text, "text");
		break;
	case UT_KEY_NAME:
		ut_text_append(text, "letters and digits, and within them "
				     "'-', '_', '.'");
		break;
	case UT_KEY_WHOLE:
		ut_text_append(text, "a whole number from %.0f to %.0f",
			       key->min, key->max);
		break;
	case UT_KEY_REAL:
		ut_text_append(text, "a number from %g to %g", key->min,
			       key->max);
		break;
	case UT_KEY_CHOICE:
		append_names(text, key->choices);
		break;
	case UT_KEY_CONDITIONS:
		ut_text_append(text, "a comma list of ");
		append_names(text, key->choices + UT_AUX);
		break;
	}
}

/* The name of a key within its section. */
static const char *own_name(const struct ut_key *key)
{
	const char *dot = strchr(key->name, '.');

	return dot ? dot + 1 : key->name;
}

/* Bytes of the longest text that fits "key = text" on a line of inih's. */
static size_t longest_text(const struct ut_key *key)
{
	size_t room = INI_MAX_LINE - strlen(" = \n") - 1;
	size_t most = room - strlen(own_name(key));

	return most < key->size - 1 ? most : key->size - 1;
}

static enum ut_status refuse(const struct ut_key *key, const char *value,
			     struct ut_error *error)
{
	struct ut_text range = {0};

	append_range(&range, key);
	if (key->type == UT_KEY_TEXT)
		ut_text_append(&range,
			       " of one line, at most %zu bytes, without a ';' "
			       "after a space",
			       longest_text(key));
	ut_error_set(error, UT_INVALID, "%s = %s: must be %s", key->name, value,
		     ut_text_string(&range));
	ut_text_release(&range);
	return UT_INVALID;
}

static bool parse_conditions(const char *value, unsigned *set)
{
	struct ut_list words = {0};
	unsigned found = 1u << UT_TEACHER | 1u << UT_REFERENCE;
	bool good = ut_list_split(&words, value);
	size_t i;

	for (i = 0; i < words.count && good; ++i) {
		int place = find_name(words.items[i], ut_condition_names);

		good = place >= 0;
		if (good)
			found |= 1u << place;
	}
	ut_list_release(&words);
	/* these students have no other teacher */
	if (found & 1u << UT_SHUFFLED_AUX)
		found |= 1u << UT_SHUFFLED_TEACHER;
	if (good)
		*set = found;
	return good;
}

/* A text is trimmed; recipe.ini must give it back, on one line. */
static bool parse_text(const struct ut_key *key, const char *value, char *to)
{
	size_t length, i;

	value += strspn(value, " ");
	length = strlen(value);
	while (length && value[length - 1] == ' ')
		--length;
	if (length > longest_text(key))
		return false;
	for (i = 0; i < length; ++i)
		if (iscntrl((unsigned char)value[i]) ||
		    (value[i] == ';' && (!i || value[i - 1] == ' ')))
			return false;
	memcpy(to, value, length);
	to[length] = '\0';
	return true;
}

/* A name becomes a folder's: it leads nowhere else, and is plain ASCII. */
static bool parse_name(const struct ut_key *key, const char *value, char *to)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	if (strspn(value, "-_.") || value[strspn(value, letters)])
		return false;
	return parse_text(key, value, to);
}

static bool parse_value(const struct ut_key *key, const char *value, void *at)
{
	int place;

	switch (key->type) {
	case UT_KEY_TEXT:
		return parse_text(key, value, at);
	case UT_KEY_NAME:
		return parse_name(key, value, at);
	case UT_KEY_WHOLE:
		return ut_parse_u64(value, (uint64_t)key->min,
				    (uint64_t)key->max, at);
	case UT_KEY_REAL:
		return ut_parse_double(value, key->min, key->max, at);
	case UT_KEY_CHOICE:
		place = find_name(value, key->choices);
		if (place >= 0)
			*(int *)at = place;
		return place >= 0;
	case UT_KEY_CONDITIONS:
		return parse_conditions(value, at);
	}
	return false;
}

void ut_recipe_init(struct ut_recipe *recipe)
{
	size_t i;

	memset(recipe, 0, sizeof(*recipe));
	for (i = 0; i < ut_recipe_key_count; ++i)
		parse_value(&ut_recipe_keys[i], ut_recipe_keys[i].standard,
			    (char *)recipe + ut_recipe_keys[i].offset);
}

enum ut_status ut_recipe_set(struct ut_recipe *recipe, const char *name,
			     const char *value, struct ut_error *error)
{
	const struct ut_key *key = find_key(name);

	if (!strcmp(name, "base"))
		return ut_error_set(error, UT_INVALID,
				    "base stands in a recipe's file, before "
				    "every other key");
	if (!key)
		return unknown_key(name, error);
	if (!parse_value(key, value, (char *)recipe + key->offset))
		return refuse(key, value, error);
	return UT_OK;
}

enum ut_status ut_recipe_assign(struct ut_recipe *recipe, const char *word,
				struct ut_error *error)
{
	const char *equals = strchr(word, '=');
	char name[64];

	if (!equals || equals == word || equals - word >= (long)sizeof(name))
		return ut_error_set(error, UT_INVALID,
				    "cannot read '%s': a "
				    "knob is set as key=value",
				    word);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	return ut_recipe_set(recipe, ut_text_trim(name), equals + 1, error);
}

/* The shortest decimal that reads back as the same double: 100, not 1e+02. */
static void append_real(struct ut_text *text, double value)
{
	char digits[32], plain[32];
	double back;
	int precision;

	for (precision = 1; precision <= 17; ++precision) {
		snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (ut_parse_double(digits, -1e300, 1e300, &back) &&
		    back == value)
			break;
	}
	if (fabs(value) < 1e15 && value == floor(value)) {
		snprintf(plain, sizeof(plain), "%.0f", value);
		if (strlen(plain) <= strlen(digits))
			memcpy(digits, plain, sizeof(plain));
	}
	ut_text_append(text, "%s", digits);
}

static void append_value(struct ut_text *text, const struct ut_key *key,
			 const void *at)
{
	bool first = true;
	size_t i;

	switch (key->type) {
	case UT_KEY_TEXT:
	case UT_KEY_NAME:
		ut_text_append(text, "%s", (const char *)at);
		break;
	case UT_KEY_WHOLE:
		ut_text_append(text, "%llu",
			       (unsigned long long)*(const uint64_t *)at);
		break;
	case UT_KEY_REAL:
		append_real(text, *(const double *)at);
		break;
	case UT_KEY_CHOICE:
		ut_text_append(text, "%s", key->choices[*(const int *)at]);
		break;
	case UT_KEY_CONDITIONS:
		for (i = UT_AUX; i < UT_CONDITIONS; ++i)
			if (*(const unsigned *)at & 1u << i) {
				ut_text_append(text, "%s%s", first ? "" : ", ",
					       ut_condition_names[i]);
				first = false;
			}
		break;
	}
}

void ut_recipe_write(const struct ut_recipe *recipe, struct ut_text *text)
{
	const char *section = "";
	size_t length = 0, i;

	for (i = 0; i < ut_recipe_key_count; ++i) {
		const char *dot = strchr(ut_recipe_keys[i].name, '.');
		size_t own = dot ? (size_t)(dot - ut_recipe_keys[i].name) : 0;

		if (own != length ||
		    strncmp(section, ut_recipe_keys[i].name, own)) {
			section = ut_recipe_keys[i].name;
			length = own;
			ut_text_append(text, "\n[%.*s]\n", (int)own, section);
		}
		ut_text_append(text, "%s = ", own_name(&ut_recipe_keys[i]));
		append_value(text, &ut_recipe_keys[i],
			     (const char *)recipe + ut_recipe_keys[i].offset);
		ut_text_append(text, "\n");
	}
}

/* These change what is measured, kept or said, but no teacher. */
static const char *const teacher_blind[] = {
	"name",     "about",       "replicas",   "group",
	"save",     "conditions",  "samples",    "robustness",
	"data.dir", "data.memory", "data.cache", "diagnostics",
};

bool ut_recipe_key_is_teachers(const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(teacher_blind) / sizeof(*teacher_blind); ++i)
		if (!strcmp(key, teacher_blind[i]))
			return false;
	/* the head is as wide as the auxiliary logits want it */
	if (!strcmp(key, "distill.aux"))
		return true;
	return find_key(key) && strncmp(key, "distill.", 8) &&
	       strncmp(key, "published.", 10);
}

const char *const ut_recipe_circumstances[] = {
	"group",      "data.dir",          "data.memory",
	"data.cache", "distill.noise_dir", NULL,
};

bool ut_recipe_key_is_circumstance(const char *key)
{
	const char *const *name = ut_recipe_circumstances;

	while (*name && strcmp(key, *name))
		++name;
	return *name;
}

bool ut_recipe_key_is_list(const char *key)
{
	const struct ut_key *found = find_key(key);

	return found &&
	       (found->type == UT_KEY_TEXT || found->type == UT_KEY_CONDITIONS);
}

bool ut_recipe_value(const struct ut_recipe *recipe, const char *key,
		     struct ut_text *text)
{
	const struct ut_key *found = find_key(key);

	if (found)
		append_value(text, found, (const char *)recipe + found->offset);
	return found;
}

void ut_recipe_write_teacher(const struct ut_recipe *recipe,
			     struct ut_text *text)
{
	size_t i;

	for (i = 0; i < ut_recipe_key_count; ++i) {
		const struct ut_key *key = &ut_recipe_keys[i];

		if (!ut_recipe_key_is_teachers(key->name))
			continue;
		ut_text_append(text, "%s = ", key->name);
		append_value(text, key, (const char *)recipe + key->offset);
		ut_text_append(text, "\n");
	}
}

bool ut_recipe_describe(size_t index, const char **name, const char **meaning,
			struct ut_text *values)
{
	if (index >= ut_recipe_key_count)
		return false;
	*name = ut_recipe_keys[index].name;
	*meaning = ut_recipe_keys[index].meaning;
	append_range(values, &ut_recipe_keys[index]);
	if (*ut_recipe_keys[index].standard)
		ut_text_append(values, "; default %s",
			       ut_recipe_keys[index].standard);
	return true;
}
