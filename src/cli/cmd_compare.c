/* undertone compare */
#include "cli/command.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	return complain(command, "is not there yet");
}

const struct command command_compare = {
	.name = "compare",
	.arguments = "RECIPE [key=value ...] [options]",
	.about = "Runs a recipe on several devices and finds where their bits "
		 "part",
	.options = "LDsrHqj",
	.run = run,
};
