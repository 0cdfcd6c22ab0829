/* undertone verify */
#include "cli/command.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	return complain(command, "is not there yet");
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "RUN [options]",
	.about = "Repeats a run from its receipt and compares the bits",
	.options = "dDeqj",
	.run = run,
};
