/* A run's result for people: a table, and what it means in one sentence. */
#include "cli/summary.h"

#include <stdio.h>

#include "cli/tables.h"
#include "lab/verdict.h"

/* Which of the accuracies a table is about, and its columns. */
struct view {
	bool present, published, auc;
	double chance;
	const struct ut_scores *ceiling; /* or NULL: not measured */
	int width;                       /* of the conditions' names */
};

static const double *accuracy_of(const struct ut_scores *scores, bool present)
{
	return present ? scores->present : scores->accuracy;
}

/* "97.1%" of the ceiling, for students; a column of 13. */
static void print_share(const struct ut_results *results, enum ut_condition c,
			const struct view *view)
{
	struct ut_summary share =
		ut_summarise_pairs(accuracy_of(&results->scores[c],
					       view->present),
				   accuracy_of(view->ceiling, view->present),
				   results->replicas, UT_RATIO);

	if (ut_condition_is_student(c) && share.count)
		printf("%9.1f%%   ", 100 * share.mean);
	else
		printf("%10s   ", "-");
}

static void print_row(const struct ut_recipe *recipe,
		      const struct ut_results *results, enum ut_condition c,
		      const struct view *view)
{
	const struct ut_scores *scores = &results->scores[c];
	size_t count = results->replicas;
	struct ut_summary s =
		ut_summarise(accuracy_of(scores, view->present), count);
	char interval[32] = "-", cell[TABLE_CELL];

	if (count > 1)
		snprintf(interval, sizeof(interval), "%.3f - %.3f",
			 s.mean - s.half, s.mean + s.half);
	printf("  %-*s %.3f   %-15s  %.3f - %.3f   %.3f   ", view->width,
	       ut_condition_name(c), s.mean, interval, s.min, s.max,
	       view->chance);
	if (view->ceiling)
		print_share(results, c, view);
	if (view->auc)
		printf("%s   ", table_cell(cell, scores->auc, count));
	if (view->published)
		printf("%-16s ",
		       *recipe->published[c] ? recipe->published[c] : "-");
	printf("%s\n", ut_condition_meaning(c));
}

static void print_table(const struct ut_recipe *recipe,
			const struct ut_results *results,
			const struct view *view)
{
	int gap = view->ceiling ? 3 : 2;
	size_t i;

	printf("\n  %-*s mean    95%% interval     range           chance",
	       view->width, "accuracy");
	if (view->ceiling)
		printf("  of ceiling");
	if (view->auc)
		printf("%*sAUC", gap, "");
	if (view->published)
		printf("%*spublished", view->auc ? 13 : gap, "");
	printf("\n");
	for (i = 0; i < UT_CONDITIONS; ++i)
		if (results->scores[ut_condition_rows[i]].accuracy)
			print_row(recipe, results, ut_condition_rows[i], view);
}

/* The verdict, whose lines are paragraphs. */
static void print_sentences(const struct ut_results *results)
{
	struct ut_text text = {0};

	ut_verdict_write(results, &text);
	if (text.length) {
		printf("\n");
		table_print_wrapped(ut_text_string(&text));
	}
	ut_text_release(&text);
}

void summary_print(const struct ut_recipe *recipe,
		   const struct ut_results *results)
{
	bool part = results->chance_present > results->chance;
	bool auc = results->scores[UT_TEACHER].auc;
	const struct ut_scores *ceiling = &results->scores[UT_CEILING];
	struct view all = {
		.published = *recipe->published_source,
		.auc = auc && !part,
		.chance = results->chance,
		.ceiling = ceiling->accuracy ? ceiling : NULL,
		.width = table_name_width(results),
	};
	struct view present = {
		.present = true,
		.auc = auc,
		.chance = results->chance_present,
		.ceiling = all.ceiling,
		.width = all.width,
	};

	print_table(recipe, results, &all);
	if (part) {
		printf("\nOver the logits of the classes present alone:\n");
		print_table(recipe, results, &present);
	}
	if (*recipe->published_source)
		printf("\npublished: %s\n", recipe->published_source);
	table_print_robustness(results);
	print_sentences(results);
}
