/* undertone tune */
#include "cli/command.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	return complain(command, "is not there yet");
}

const struct command command_tune = {
	.name = "tune",
	.arguments = "[RECIPE ...] [options]",
	.about = "Finds the fastest kernel shapes of a device, by measuring",
	.options = "dBj",
	.run = run,
};
