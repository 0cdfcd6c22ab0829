/* What the commands share that run a recipe. */
#ifndef UT_LAUNCH_H
#define UT_LAUNCH_H

#include "cli/command.h"

/* A run to be. */
struct launch {
	const struct options *options;
	struct ut_recipe *recipe;
	const char *suffix;  /* of the folder's name when none is given */
	const char *teacher; /* the folder of its teachers, or NULL */
};

/*
 * False, after saying so, when a word from the second on is not key=value or
 * there is not even a first, which is `what`.
 */
bool launch_words(const struct command *command, const struct options *options,
		  const char *what, int *status);

/* Sets the keys of the options and of the words from the second on. */
enum ut_status launch_set(struct ut_recipe *recipe,
			  const struct options *options,
			  struct ut_error *error);

/* UT_INVALID when --device and --devices are both given. */
enum ut_status launch_check_devices(const struct options *options,
				    struct ut_error *error);

/* Runs it, shows where it stands and what came out; returns a status. */
int launch(const struct launch *launch);

/* Goes on with the run that was to leave the folder. */
int launch_again(const struct options *options, const char *folder);

#endif
