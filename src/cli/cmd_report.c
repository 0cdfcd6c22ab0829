/* undertone report */
#include <stdio.h>

#include "cli/command.h"
#include "lab/report.h"

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct options options;
	const char *out;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (!options.count)
		return complain(command, "names no run's or sweep's folder");
	out = options.out ? options.out : options.words[0];
	if (ut_report((const char *const *)options.words, (size_t)options.count,
		      options.out, &error))
		return fail(&error);
	printf("%s/" UT_REPORT_FILE "\n", out);
	return DONE;
}

const struct command command_report = {
	.name = "report",
	.arguments = "RUN|SWEEP [DIR ...] [--out DIR]",
	.about = "Writes a run's or a sweep's figures and page once more",
	.options = "o",
	.help = "Folders of the shards of one sweep are gathered. The page, "
		"report.html, and the folder\nfigures are put into the first, "
		"or into --out.\n",
	.run = run,
};
