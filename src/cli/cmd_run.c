/* undertone run */
#include "cli/launch.h"

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "recipe", &status))
		return status;
	if (recipe_find(&recipe, options.words[0], &error) ||
	    launch_set(&recipe, &options, &error))
		return fail(&error);
	return launch(&(struct launch){
		.options = &options,
		.recipe = &recipe,
		.suffix = "",
	});
}

const struct command command_run = {
	.name = "run",
	.arguments = "RECIPE [key=value ...] [options]",
	.about = "Trains teachers, distils students from noise, measures all",
	.options = "dLoDsrfCGqj",
	.help = "RECIPE is a name of `undertone recipes` or an INI file; "
		"`undertone recipes --keys`\nlists what key=value can set.\n",
	.run = run,
};
