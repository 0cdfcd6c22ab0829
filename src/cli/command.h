/* What the commands of the program share. */
#ifndef UT_COMMAND_H
#define UT_COMMAND_H

#include <stdbool.h>

#include <jansson.h>

#include "lab/recipe.h"

/* Exit statuses. */
enum { DONE = 0, FAILED = 1, USAGE = 2 };

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *about;     /* one line */
	const char *options;   /* letters of the options it takes */
	const char *help;      /* more lines, or NULL */
	int (*run)(const struct command *command, int count, char **words);
};

extern const struct command command_bench, command_compare, command_devices,
	command_distill, command_evaluate, command_export, command_fingerprint,
	command_recipes, command_resume, command_report, command_run,
	command_selftest, command_sweep, command_teach, command_tune,
	command_verify;

/* What options can say. Strings are the command line's. */
struct options {
	const char *device, *out, *data_dir, *seed, *replicas, *checkpoint,
		*shard;
	const char *what, *replica, *epochs, *steps, *condition;
	const char *devices, *gemm, *html, *budget, *baseline;
	bool force, json, keys, quick, quiet, robustness, confusion;
	char **words; /* the words that are no options */
	int count;
};

/* The keys of a recipe that have options of their own. */
enum { OPTION_KEYS = 3 };
struct option_key {
	const char *key, *value; /* value NULL: the option is not given */
};
void options_keys(const struct options *options,
		  struct option_key keys[OPTION_KEYS]);

/*
 * Reads the command's options. False when the command is to end with *status:
 * after --help, or after saying what is wrong.
 */
bool options_read(struct options *options, const struct command *command,
		  int count, char **words, int *status);

/* Says that the command was called wrongly; returns USAGE. */
int complain(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says what failed; returns FAILED. */
int fail(const struct ut_error *error);

/* Prints a JSON value and gives it up; without one, memory has run out. */
enum ut_status print_json(json_t *json, struct ut_error *error);

/* The folders in which data sets, and recipes, are looked for. */
struct places {
	char storage[3][4096];
	const char *folders[6]; /* ended by NULL, twice */
};
void places_of_data(struct places *places);
void places_of_recipes(struct places *places);

/*
 * Reads the recipe of this name from the places, or from the file when the name
 * holds a slash or ends in .ini, or in .json: then it is that of a receipt.
 */
enum ut_status recipe_find(struct ut_recipe *recipe, const char *name,
			   struct ut_error *error);

#endif
