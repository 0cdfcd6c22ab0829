/* undertone evaluate */
#include <stdio.h>

#include "cli/command.h"
#include "cli/tables.h"
#include "lab/run.h"
#include "lab/verdict.h"
#include "report/statistics.h"

/* Prints a condition's row; returns how many replicas differ. */
static size_t print_row(const struct ut_reevaluation *again,
			enum ut_condition c, int width)
{
	const struct ut_scores *scores = &again->results.scores[c];
	size_t R = again->results.replicas, differ = 0, r;
	struct ut_summary s = ut_summarise(scores->accuracy, R);
	char cell[TABLE_CELL];

	for (r = 0; r < R; ++r) {
		double gap = scores->accuracy[r] - again->recorded[c][r];

		differ += !(gap < 1e-9 && gap > -1e-9);
	}
	printf("  %-*s %.3f   %.3f - %.3f   ", width, ut_condition_name(c),
	       s.mean, s.min, s.max);
	if (scores->auc)
		printf("%s   ", table_cell(cell, scores->auc, R));
	if (differ)
		printf("%zu of %zu replicas differ from the receipt\n", differ,
		       R);
	else
		printf("as recorded (%zu replica%s)\n", R, R == 1 ? "" : "s");
	return differ;
}

/* Prints the table; returns how many replicas differ from the receipt. */
static size_t print_table(const struct ut_reevaluation *again)
{
	const struct ut_results *results = &again->results;
	int width = table_name_width(results);
	size_t differ = 0, i;

	printf("  %-*s mean    range           %sreceipt\n", width, "accuracy",
	       results->scores[UT_TEACHER].auc ? "AUC             " : "");
	for (i = 0; i < UT_CONDITIONS; ++i)
		if (results->scores[ut_condition_rows[i]].accuracy)
			differ += print_row(again, ut_condition_rows[i], width);
	return differ;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_reevaluation again;
	struct ut_error error = {0};
	struct options options;
	struct places places;
	size_t differ;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count != 1)
		return complain(command, "takes one run's folder");
	places_of_data(&places);
	if (ut_run_evaluate(options.words[0],
			    &(struct ut_evaluate_options){
				    .device = options.device,
				    .data_dir = options.data_dir,
				    .data_roots = places.folders,
				    .robustness = options.robustness,
			    },
			    &again, &error))
		return fail(&error);
	differ = print_table(&again);
	table_print_robustness(&again.results);
	if (options.confusion)
		table_print_confusion(&again.results);
	ut_reevaluation_release(&again);
	return differ ? FAILED : DONE;
}

const struct command command_evaluate = {
	.name = "evaluate",
	.arguments = "RUN [options]",
	.about = "Measures a run's weights again and compares its receipt",
	.options = "dDRc",
	.run = run,
};
