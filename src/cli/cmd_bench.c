/* undertone bench */
#include "cli/command.h"

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	return complain(command, "is being built");
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[gemm|mlp|memory] [options]",
	.about = "Measures a device against its own fused multiply-add peak",
	.options = "dj",
	.run = run,
};
