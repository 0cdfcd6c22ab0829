/* undertone selftest */
#include "cli/command.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	return complain(command, "is not there yet");
}

const struct command command_selftest = {
	.name = "selftest",
	.arguments = "[options]",
	.about = "Proves a device: every clause of the arithmetic contract, "
		 "one by one",
	.options = "dj",
	.run = run,
};
