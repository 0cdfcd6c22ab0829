/* Recipes: the table of keys, and setting and writing through it. */
#include "lab/recipe.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

enum key_type { TEXT, NAME, WHOLE, REAL, CHOICE, CONDITIONS };

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	size_t size;                /* TEXT, NAME: bytes */
	double min, max;            /* WHOLE, REAL */
	const char *const *choices; /* CHOICE: NULL-terminated */
	const char *standard;       /* the default */
	const char *meaning;
};

static const char *const conditions[] = {
	"teacher",   "reference", "aux",     "all",
	"cross-aux", "cross-all", "ceiling", NULL,
};
static const char *const inits[] = {"fan-in", "he", "pytorch", NULL};
static const char *const orders[] = {"shuffled", "sequential", NULL};
static const char *const whens[] = {"end", "epoch", NULL};
static const char *const answers[] = {"no", "yes", NULL};
static const char *const saves[] = {"all", "first", "none", NULL};
static const char *const splits[] = {"standard", "merged", NULL};
static const char *const scales[] = {"symmetric", "unit", "standard", NULL};
static const char *const schedules[] = {"constant", "cosine", NULL};
static const char *const optimisers[] = {"sgd", "adam", "adamw", NULL};
static const char *const losses[] = {"kl", "mse", "mse-norm", NULL};
static const char *const noises[] = {"uniform", "normal", NULL};
static const char *const redraws[] = {"never", "epoch", NULL};
static const char *const controls[] = {"fresh", "derangement", NULL};

#define AT(member) offsetof(struct ut_recipe, member)
#define TEXT_AT(member) \
	TEXT, AT(member), sizeof(((struct ut_recipe *)0)->member), 0, 0, NULL
#define NAME_AT(member) \
	NAME, AT(member), sizeof(((struct ut_recipe *)0)->member), 0, 0, NULL
#define WHOLE_AT(member, low, high) WHOLE, AT(member), 0, low, high, NULL
#define REAL_AT(member, low, high) REAL, AT(member), 0, low, high, NULL
#define CHOICE_AT(member, names) CHOICE, AT(member), 0, 0, 0, names

/* The keys that teacher and students share, under their section's name. */
#define TRAINING_KEYS(section, member, epochs_, batch_, rate_)                 \
	{section ".epochs", WHOLE_AT(member.epochs, 0, 100000), epochs_,       \
	 "passes over the images"},                                            \
		{section ".batch", WHOLE_AT(member.batch, 1, 65536), batch_,   \
		 "images a step"},                                             \
		{section ".lr", REAL_AT(member.optimiser.rate, 0, 100), rate_, \
		 "learning rate"},                                             \
		{section ".schedule",                                          \
		 CHOICE_AT(member.optimiser.schedule, schedules), "constant",  \
		 "learning rate over the steps: constant, or half a cosine "   \
		 "to 0"},                                                      \
		{section ".optimiser",                                         \
		 CHOICE_AT(member.optimiser.kind, optimisers), "adam",         \
		 "sgd has momentum beta1; adamw decays weights decoupled"},    \
		{section ".beta1",                                             \
		 REAL_AT(member.optimiser.beta1, 0, 0.999999), "0.9",          \
		 "decay of the first moment, or momentum"},                    \
		{section ".beta2",                                             \
		 REAL_AT(member.optimiser.beta2, 0, 0.999999), "0.999",        \
		 "decay of the second moment"},                                \
		{section ".epsilon",                                           \
		 REAL_AT(member.optimiser.epsilon, 1e-12, 1), "1e-8",          \
		 "added to the root of the second moment"},                    \
		{section ".weight_decay",                                      \
		 REAL_AT(member.optimiser.decay, 0, 100), "0",                 \
		 "of adamw: weights lose lr times this a step"},               \
	{                                                                      \
		section ".dropout", REAL_AT(member.dropout, 0, 0.99), "0",     \
			"share of hidden activations dropped after each ReLU"  \
	}

#define PUBLISHED_KEY(name, condition)                                        \
	{                                                                     \
		"published." name, TEXT_AT(published[condition]), "",         \
			"what the source reports for this row, shown beside " \
			"ours"                                                \
	}

static const struct key keys[] = {
	{"name", NAME_AT(name), "", "the recipe's name"},
	{"about", TEXT_AT(about), "", "one line for people"},
	{"seed", WHOLE_AT(seed, 0, 4294967295.0), "1",
	 "of every random number of the run"},
	{"replicas", WHOLE_AT(replicas, 1, 100000), "5",
	 "how many times the experiment is done, each with its own numbers"},
	{"group", WHOLE_AT(group, 0, 100000), "0",
	 "replicas side by side on the device; 0: as suits it. Never "
	 "changes a bit"},
	{"conditions", CONDITIONS, AT(conditions), 0, 0, 0, conditions,
	 "aux, cross-aux, all, cross-all, ceiling",
	 "what is measured beside teacher and reference"},
	{"net", TEXT_AT(net), "fc 256, fc 256",
	 "hidden layers, 'fc WIDTH' each, ReLU between"},
	{"init", CHOICE_AT(init, inits), "fan-in",
	 "weights: N(0, 1/fan_in) or N(0, 2/fan_in) with biases 0, or both "
	 "uniform in 1/sqrt(fan_in)"},
	{"order", CHOICE_AT(order, orders), "shuffled",
	 "of the images in an epoch; drawn for each replica"},
	{"evaluate", CHOICE_AT(evaluate, whens), "end",
	 "when test accuracy is measured"},
	{"robustness", CHOICE_AT(robustness, answers), "no",
	 "in the end, measure rotated, cropped, low-light and busy-background "
	 "copies of the test images too"},
	{"samples", WHOLE_AT(samples, 0, 1000), "8",
	 "test images, the first ones, whose logits are kept in samples.csv"},
	{"save", CHOICE_AT(save, saves), "all",
	 "whose weights the run keeps: all replicas, the first, none"},
	{"data.set", TEXT_AT(data.set), "mnist",
	 "mnist, fashion-mnist or glyphs (generated digits)"},
	{"data.dir", TEXT_AT(data.dir), "",
	 "folder of the data set; empty: the usual places"},
	{"data.classes", TEXT_AT(data.classes), "all",
	 "classes kept: all, or consecutive ones: '0, 1' or '0-4'"},
	{"data.split", CHOICE_AT(data.split, splits), "standard",
	 "the data set's own test images, or all merged and a fifth drawn"},
	{"data.scale", CHOICE_AT(data.scale, scales), "symmetric",
	 "pixels in [-1, 1], in [0, 1], or with the training pixels' mean 0 "
	 "and deviation 1"},
	{"data.limit", WHOLE_AT(data.limit, 0, 1e9), "0",
	 "training images used; 0: all"},
	TRAINING_KEYS("teacher", teacher, "5", "1024", "3e-4"),
	TRAINING_KEYS("distill", distill.training, "5", "1024", "3e-4"),
	{"distill.aux", WHOLE_AT(distill.aux, 1, 4096), "3",
	 "auxiliary logits: never trained in the teacher"},
	{"distill.loss", CHOICE_AT(distill.loss, losses), "kl",
	 "distance from the teacher's logits: KL of softmax, mean squared "
	 "difference, the same over the teacher's batch deviation"},
	{"distill.noise", CHOICE_AT(distill.noise, noises), "uniform",
	 "z: uniform in [-1, 1) or normal; a pixel is z noise_scale + "
	 "noise_shift"},
	{"distill.noise_scale", REAL_AT(distill.noise_scale, -1e6, 1e6), "1",
	 "see distill.noise"},
	{"distill.noise_shift", REAL_AT(distill.noise_shift, -1e6, 1e6), "0",
	 "see distill.noise"},
	{"distill.images", WHOLE_AT(distill.images, 1, 4294967295.0), "60000",
	 "noise images an epoch"},
	{"distill.redraw", CHOICE_AT(distill.redraw, redraws), "never",
	 "draw new noise images each epoch, or reuse the first ones"},
	{"distill.control", CHOICE_AT(distill.control, controls), "fresh",
	 "the cross students' initialisation: drawn afresh, or another "
	 "replica's"},
	PUBLISHED_KEY("teacher", UT_TEACHER),
	PUBLISHED_KEY("reference", UT_REFERENCE),
	PUBLISHED_KEY("aux", UT_AUX),
	PUBLISHED_KEY("all", UT_ALL),
	PUBLISHED_KEY("cross-aux", UT_CROSS_AUX),
	PUBLISHED_KEY("cross-all", UT_CROSS_ALL),
	PUBLISHED_KEY("ceiling", UT_CEILING),
	{"published.source", TEXT_AT(published_source), "",
	 "where these numbers stand"},
};

enum { KEYS = sizeof(keys) / sizeof(*keys) };

const char *ut_condition_name(enum ut_condition condition)
{
	return conditions[condition];
}

bool ut_condition_is_student(enum ut_condition condition)
{
	return condition == UT_AUX || condition == UT_ALL ||
	       condition == UT_CROSS_AUX || condition == UT_CROSS_ALL;
}

const struct ut_training *ut_recipe_training(const struct ut_recipe *recipe,
					     enum ut_condition condition)
{
	return condition == UT_TEACHER ? &recipe->teacher
				       : &recipe->distill.training;
}

static const struct key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < KEYS; ++i)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static enum ut_status unknown_key(const char *name, struct ut_error *error)
{
	const char *names[KEYS], *near;
	size_t i;

	for (i = 0; i < KEYS; ++i)
		names[i] = keys[i].name;
	near = ut_text_nearest(name, names, KEYS);
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

static void append_range(struct ut_text *text, const struct key *key)
{
	switch (key->type) {
	case TEXT:
		ut_text_append(text, "text");
		break;
	case NAME:
		ut_text_append(text, "letters and digits, and within them "
				     "'-', '_', '.'");
		break;
	case WHOLE:
		ut_text_append(text, "a whole number from %.0f to %.0f",
			       key->min, key->max);
		break;
	case REAL:
		ut_text_append(text, "a number from %g to %g", key->min,
			       key->max);
		break;
	case CHOICE:
		append_names(text, key->choices);
		break;
	case CONDITIONS:
		ut_text_append(text, "a comma list of ");
		append_names(text, key->choices + UT_AUX);
		break;
	}
}

/* The name of a key within its section. */
static const char *own_name(const struct key *key)
{
	const char *dot = strchr(key->name, '.');

	return dot ? dot + 1 : key->name;
}

/* Bytes of the longest text that fits "key = text" on a line of inih's. */
static size_t longest_text(const struct key *key)
{
	size_t room = INI_MAX_LINE - strlen(" = \n") - 1;
	size_t most = room - strlen(own_name(key));

	return most < key->size - 1 ? most : key->size - 1;
}

static enum ut_status refuse(const struct key *key, const char *value,
			     struct ut_error *error)
{
	struct ut_text range = {0};

	append_range(&range, key);
	if (key->type == TEXT)
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
		int place = find_name(words.items[i], conditions);

		good = place >= 0;
		if (good)
			found |= 1u << place;
	}
	ut_list_release(&words);
	if (good)
		*set = found;
	return good;
}

/* A text is trimmed; recipe.ini must give it back, on one line. */
static bool parse_text(const struct key *key, const char *value, char *to)
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
static bool parse_name(const struct key *key, const char *value, char *to)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	if (strspn(value, "-_.") || value[strspn(value, letters)])
		return false;
	return parse_text(key, value, to);
}

static bool parse_value(const struct key *key, const char *value, void *at)
{
	int place;

	switch (key->type) {
	case TEXT:
		return parse_text(key, value, at);
	case NAME:
		return parse_name(key, value, at);
	case WHOLE:
		return ut_parse_u64(value, (uint64_t)key->min,
				    (uint64_t)key->max, at);
	case REAL:
		return ut_parse_double(value, key->min, key->max, at);
	case CHOICE:
		place = find_name(value, key->choices);
		if (place >= 0)
			*(int *)at = place;
		return place >= 0;
	case CONDITIONS:
		return parse_conditions(value, at);
	}
	return false;
}

void ut_recipe_init(struct ut_recipe *recipe)
{
	size_t i;

	memset(recipe, 0, sizeof(*recipe));
	for (i = 0; i < KEYS; ++i)
		parse_value(&keys[i], keys[i].standard,
			    (char *)recipe + keys[i].offset);
}

enum ut_status ut_recipe_set(struct ut_recipe *recipe, const char *name,
			     const char *value, struct ut_error *error)
{
	const struct key *key = find_key(name);

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

/* The shortest decimal that reads back as the same double. */
static void append_real(struct ut_text *text, double value)
{
	char digits[32];
	double back;
	int precision;

	for (precision = 1; precision <= 17; ++precision) {
		snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (ut_parse_double(digits, -1e300, 1e300, &back) &&
		    back == value)
			break;
	}
	ut_text_append(text, "%s", digits);
}

static void append_value(struct ut_text *text, const struct key *key,
			 const void *at)
{
	bool first = true;
	size_t i;

	switch (key->type) {
	case TEXT:
	case NAME:
		ut_text_append(text, "%s", (const char *)at);
		break;
	case WHOLE:
		ut_text_append(text, "%llu",
			       (unsigned long long)*(const uint64_t *)at);
		break;
	case REAL:
		append_real(text, *(const double *)at);
		break;
	case CHOICE:
		ut_text_append(text, "%s", key->choices[*(const int *)at]);
		break;
	case CONDITIONS:
		for (i = UT_AUX; i < UT_CONDITIONS; ++i)
			if (*(const unsigned *)at & 1u << i) {
				ut_text_append(text, "%s%s", first ? "" : ", ",
					       conditions[i]);
				first = false;
			}
		break;
	}
}

void ut_recipe_write(const struct ut_recipe *recipe, struct ut_text *text)
{
	const char *section = "";
	size_t length = 0, i;

	for (i = 0; i < KEYS; ++i) {
		const char *dot = strchr(keys[i].name, '.');
		size_t own = dot ? (size_t)(dot - keys[i].name) : 0;

		if (own != length || strncmp(section, keys[i].name, own)) {
			section = keys[i].name;
			length = own;
			ut_text_append(text, "\n[%.*s]\n", (int)own, section);
		}
		ut_text_append(text, "%s = ", own_name(&keys[i]));
		append_value(text, &keys[i],
			     (const char *)recipe + keys[i].offset);
		ut_text_append(text, "\n");
	}
}

bool ut_recipe_describe(size_t index, const char **name, const char **meaning,
			struct ut_text *values)
{
	if (index >= KEYS)
		return false;
	*name = keys[index].name;
	*meaning = keys[index].meaning;
	append_range(values, &keys[index]);
	if (*keys[index].standard)
		ut_text_append(values, "; default %s", keys[index].standard);
	return true;
}
