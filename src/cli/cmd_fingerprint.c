/* undertone fingerprint */
#include <stdio.h>

#include "cli/command.h"
#include "lab/receipt.h"

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct ut_text text = {0};
	struct options options;
	json_t *receipt = NULL;
	enum ut_status failure;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count != 1)
		return complain(command, "takes one run's folder");
	failure = ut_receipt_read(&receipt, options.words[0], &error);
	if (!failure)
		failure = ut_receipt_prints(receipt, &text, &error);
	if (!failure)
		fputs(ut_text_string(&text), stdout);
	ut_text_release(&text);
	json_decref(receipt);
	return failure ? fail(&error) : DONE;
}

const struct command command_fingerprint = {
	.name = "fingerprint",
	.arguments = "RUN",
	.about = "Prints a run's fingerprints: PHASE EPOCH HASH, a line an "
		 "epoch",
	.options = "",
	.help = "Two runs of one recipe gave the same bits when `diff` of "
		"their "
		"fingerprints is empty.\n",
	.run = run,
};
