/* The table of a recipe's keys; private to src/lab. */
#ifndef UT_RECIPE_KEYS_H
#define UT_RECIPE_KEYS_H

#include "lab/recipe.h"

enum ut_key_type {
	UT_KEY_TEXT,
	UT_KEY_NAME,
	UT_KEY_WHOLE,
	UT_KEY_REAL,
	UT_KEY_CHOICE,
	UT_KEY_CONDITIONS,
};

struct ut_key {
	const char *name;
	enum ut_key_type type;
	size_t offset;              /* in struct ut_recipe */
	size_t size;                /* texts and names: bytes */
	double min, max;            /* numbers */
	const char *const *choices; /* NULL-terminated */
	const char *standard;       /* the default */
	const char *meaning;
};

extern const struct ut_key ut_recipe_keys[];
extern const size_t ut_recipe_key_count;

/* By enum ut_condition; NULL-terminated. */
extern const char *const ut_condition_names[];

#endif
