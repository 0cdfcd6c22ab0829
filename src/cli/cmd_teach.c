/* undertone teach */
#include <string.h>

#include "cli/launch.h"

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct options options;
	int status, w;

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "recipe", &status))
		return status;
	for (w = 1; w < options.count; ++w)
		if (!strncmp(options.words[w], "conditions", 10))
			return complain(command,
					"trains teachers alone: conditions "
					"cannot be set");
	if (recipe_find(&recipe, options.words[0], &error) ||
	    launch_set(&recipe, &options, &error))
		return fail(&error);
	recipe.conditions = 1u << UT_TEACHER | 1u << UT_REFERENCE;
	return launch(&(struct launch){
		.options = &options,
		.recipe = &recipe,
		.suffix = "-teacher",
	});
}

const struct command command_teach = {
	.name = "teach",
	.arguments = "RECIPE [key=value ...] [options]",
	.about = "Trains the teachers of a recipe alone",
	.options = "dLoDsrfCGqj",
	.help = "`undertone distill` makes students of them, in as many ways "
		"as are wanted.\n",
	.run = run,
};
