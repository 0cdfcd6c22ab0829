/* undertone evaluate */
#include <stdio.h>

#include "cli/command.h"
#include "lab/run.h"
#include "report/statistics.h"

struct table {
	bool begun;
	size_t different; /* replicas, from the receipt */
};

/* Prints a condition. */
static void show(void *user, const struct ut_reevaluation *again)
{
	struct ut_summary s = ut_summarise(again->accuracy, again->replicas);
	struct table *table = user;
	size_t differ = 0, r;

	if (!table->begun)
		printf("  accuracy   mean    range           receipt\n");
	table->begun = true;

	for (r = 0; r < again->replicas; ++r) {
		double gap = again->accuracy[r] - again->recorded[r];

		differ += !(gap < 1e-9 && gap > -1e-9);
	}
	printf("  %-10s %.3f   %.3f - %.3f   ",
	       ut_condition_name(again->condition), s.mean, s.min, s.max);
	if (differ)
		printf("%zu of %zu replicas differ from the receipt\n", differ,
		       again->replicas);
	else
		printf("as recorded (%zu replica%s)\n", again->replicas,
		       again->replicas == 1 ? "" : "s");
	table->different += differ;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct options options;
	struct places places;
	struct table table = {0};
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count != 1)
		return complain(command, "takes one run's folder");
	places_of_data(&places);
	if (ut_run_evaluate(options.words[0], options.device, options.data_dir,
			    places.folders, show, &table, &error))
		return fail(&error);
	return table.different ? FAILED : DONE;
}

const struct command command_evaluate = {
	.name = "evaluate",
	.arguments = "RUN [options]",
	.about = "Measures a run's weights again and compares its receipt",
	.options = "dD",
	.run = run,
};
