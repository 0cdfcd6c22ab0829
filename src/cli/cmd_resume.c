/* undertone resume */
#include "cli/launch.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count != 1)
		return complain(command, "takes one run's folder");
	return launch_again(&options, options.words[0]);
}

const struct command command_resume = {
	.name = "resume",
	.arguments = "RUN [options]",
	.about = "Goes on with an interrupted run, on any device",
	.options = "dLGqj",
	.help = "RUN is the folder that the run was to leave; what it needs "
		"to go on is in\nRUN.checkpoint, which goes when the run is "
		"done.\n",
	.run = run,
};
