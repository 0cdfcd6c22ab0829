/* A run's result for people: a table, and what it means in one sentence. */
#include "cli/verdict.h"

#include <stdio.h>

#include "cli/tables.h"
#include "report/statistics.h"

static const char *const meanings[UT_CONDITIONS] = {
	[UT_TEACHER] = "trained on images and labels",
	[UT_CEILING] = "teacher's body under its initial head",
	[UT_AUX] = "student, same init, auxiliary logits on noise",
	[UT_CROSS_AUX] = "student, other init, auxiliary logits on noise",
	[UT_ALL] = "student, same init, all logits on noise",
	[UT_CROSS_ALL] = "student, other init, all logits on noise",
	[UT_SHUFFLED_TEACHER] = "trained on images with shuffled labels",
	[UT_SHUFFLED_AUX] = "student of that, same init, auxiliary logits",
	[UT_REFERENCE] = "untrained, the teacher's initialisation",
};

/* Which of the accuracies a table is about. */
struct view {
	bool present, published, auc;
	double chance;
};

static const double *accuracy_of(const struct ut_scores *scores, bool present)
{
	return present ? scores->present : scores->accuracy;
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
	printf("  %-10s %.3f   %-15s  %.3f - %.3f   %.3f   ",
	       ut_condition_name(c), s.mean, interval, s.min, s.max,
	       view->chance);
	if (view->auc)
		printf("%s   ", table_cell(cell, scores->auc, count));
	if (view->published)
		printf("%-16s ",
		       *recipe->published[c] ? recipe->published[c] : "-");
	printf("%s\n", meanings[c]);
}

static void print_table(const struct ut_recipe *recipe,
			const struct ut_results *results,
			const struct view *view)
{
	size_t i;

	printf("\n  accuracy   mean    95%% interval     range           chance"
	       "%s%s\n",
	       !view->auc        ? ""
	       : view->published ? "  AUC           "
				 : "  AUC",
	       view->published ? "  published" : "");
	for (i = 0; i < UT_CONDITIONS; ++i)
		if (results->scores[table_rows[i]].accuracy)
			print_row(recipe, results, table_rows[i], view);
}

/* How many of the replicas are above chance. */
static size_t above(const double *values, size_t count, double chance)
{
	size_t n = 0, i;

	for (i = 0; i < count; ++i)
		n += values[i] > chance;
	return n;
}

/* The students' values under one measure, and their controls'. */
struct claim {
	struct ut_summary aux, cross;
	double level; /* what knowing nothing reaches */
};

static struct claim claim_of(const double *aux, const double *cross,
			     size_t count, double level)
{
	struct claim claim = {.aux = ut_summarise(aux, count), .level = level};

	if (cross)
		claim.cross = ut_summarise(cross, count);
	return claim;
}

/* The mean and its interval are both above the level. */
static bool above_level(const struct claim *claim)
{
	return claim->aux.count > 1 &&
	       claim->aux.mean - claim->aux.half > claim->level;
}

/* The same, and above the students from another initialisation. */
static bool shown(const struct claim *claim)
{
	return above_level(claim) &&
	       claim->aux.mean - claim->aux.half >
		       claim->cross.mean + claim->cross.half;
}

/* "above chance by AUC (0.690 - 0.740 against 0.500)" */
static void print_claim(const struct claim *claim, const char *measure)
{
	printf("%sabove chance by %s\n(%.3f - %.3f against %.3f)",
	       above_level(claim) ? "" : "not ", measure,
	       claim->aux.mean - claim->aux.half,
	       claim->aux.mean + claim->aux.half, claim->level);
}

static void print_share(struct ut_summary s)
{
	printf(" %.1f%%", 100 * s.mean);
	if (s.count > 1)
		printf(" ± %.1f", 100 * s.half);
}

/* What students from another initialisation reach, and what follows. */
static void print_conclusion(const struct claim *accuracy,
			     const struct claim *auc)
{
	if (accuracy->aux.count < 2)
		printf(".\nOne replica proves nothing: add --replicas 5.\n");
	else if (!accuracy->cross.count)
		printf(".\nNothing is shown without students from another "
		       "initialisation: add cross-aux\nto the conditions.\n");
	else if (shown(accuracy))
		printf(": the knowledge came with the\nshared "
		       "initialisation.\n");
	else if (auc && shown(auc))
		printf(".\nAccuracy does not separate them, but AUC does "
		       "(%.3f ± %.3f against\n%.3f ± %.3f): the knowledge "
		       "came with the shared initialisation.\n",
		       auc->aux.mean, auc->aux.half, auc->cross.mean,
		       auc->cross.half);
	else
		printf(".\nThe intervals do not separate them: no subliminal "
		       "learning is shown here.\n");
}

static void print_sentence(const struct ut_results *results)
{
	/* where classes are left out, always answering one of the others is
	 * above chance over all logits */
	bool present = results->chance_present > results->chance;
	const struct ut_scores *aux = &results->scores[UT_AUX];
	const struct ut_scores *cross = &results->scores[UT_CROSS_AUX];
	double chance = results->chance_present;
	size_t R = results->replicas;
	struct claim accuracy, auc;

	if (!aux->accuracy)
		return;
	/* always answering the commonest class takes no knowledge either */
	accuracy = claim_of(aux->present, cross->present, R,
			    results->commonest > chance ? results->commonest
							: chance);
	printf("\nStudents that share the teacher's initialisation saw noise "
	       "and auxiliary logits\nonly, and recognise");
	print_share(accuracy.aux);
	printf(" of the test images%s; %zu of %zu are above chance (%.1f%%%s)",
	       present ? ",\namong the classes present" : "",
	       above(aux->present, R, accuracy.level), R, 100 * accuracy.level,
	       accuracy.level > chance ? ", the commonest class" : "");
	if (aux->auc)
		auc = claim_of(aux->auc, cross->auc, R, 0.5);
	if (cross->accuracy) {
		printf(".\nStudents from another initialisation reach");
		print_share(accuracy.cross);
	}
	print_conclusion(&accuracy, aux->auc ? &auc : NULL);
	if (R < 2)
		return;
	printf("At 95%%, with N = %zu, aux is ", R);
	print_claim(&accuracy, "accuracy over the classes present");
	if (aux->auc) {
		printf(", and ");
		print_claim(&auc, "AUC");
	}
	printf(".\n");
}

void verdict_print(const struct ut_recipe *recipe,
		   const struct ut_results *results)
{
	bool part = results->chance_present > results->chance;
	bool auc = results->scores[UT_TEACHER].auc;
	struct view all = {false, *recipe->published_source, auc && !part,
			   results->chance};
	struct view present = {true, false, auc, results->chance_present};

	print_table(recipe, results, &all);
	if (part) {
		printf("\nOver the logits of the classes present alone:\n");
		print_table(recipe, results, &present);
	}
	if (*recipe->published_source)
		printf("\npublished: %s\n", recipe->published_source);
	table_print_robustness(results);
	print_sentence(results);
}
