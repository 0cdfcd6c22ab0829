/* A run's result for people: a table, and what it means in one sentence. */
#include "cli/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/statistics.h"

/* The order in which people read it: teacher first, controls beside. */
static const enum ut_condition rows[] = {
	UT_TEACHER, UT_CEILING,   UT_AUX,       UT_CROSS_AUX,
	UT_ALL,     UT_CROSS_ALL, UT_REFERENCE,
};

static const char *const meanings[UT_CONDITIONS] = {
	[UT_TEACHER] = "trained on images and labels",
	[UT_CEILING] = "teacher's body under its initial head",
	[UT_AUX] = "student, same init, auxiliary logits on noise",
	[UT_CROSS_AUX] = "student, other init, auxiliary logits on noise",
	[UT_ALL] = "student, same init, all logits on noise",
	[UT_CROSS_ALL] = "student, other init, all logits on noise",
	[UT_REFERENCE] = "untrained, the teacher's initialisation",
};

/* Text columns: terminals count characters, printf counts bytes. */
static void print_row(enum ut_condition c, const double *values, size_t count,
		      double chance, const char *published)
{
	struct ut_summary s = ut_summarise(values, count);
	char interval[32] = "-";

	if (count > 1)
		snprintf(interval, sizeof(interval), "%.3f - %.3f",
			 s.mean - s.half, s.mean + s.half);
	printf("  %-10s %.3f   %-15s  %.3f - %.3f   %.3f   ",
	       ut_condition_name(c), s.mean, interval, s.min, s.max, chance);
	if (*published)
		printf("%-16s ", published);
	printf("%s\n", meanings[c]);
}

static void print_table(const struct ut_recipe *recipe,
			const struct ut_results *results, bool present)
{
	bool published = *recipe->published_source && !present;
	size_t i;

	printf("\n  accuracy   mean    95%% interval     range           chance"
	       "%s\n",
	       published ? "  published" : "");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); ++i) {
		enum ut_condition c = rows[i];

		if (!results->accuracy[c])
			continue;
		print_row(c,
			  present ? results->present[c] : results->accuracy[c],
			  results->replicas,
			  present ? results->chance_present : results->chance,
			  published ? *recipe->published[c]
					      ? recipe->published[c]
					      : "-"
				    : "");
	}
}

/* How many of the replicas are above chance. */
static size_t above(const double *values, size_t count, double chance)
{
	size_t n = 0, i;

	for (i = 0; i < count; ++i)
		n += values[i] > chance;
	return n;
}

/* The mean and its interval are both above the level. */
static bool clearly_above(struct ut_summary s, double level)
{
	return s.count > 1 && s.mean - s.half > level;
}

static void print_sentence(const struct ut_results *results)
{
	/* where classes are left out, always answering one of the others is
	 * above chance over all logits */
	bool present = results->chance_present > results->chance;
	double *const *values = present ? results->present : results->accuracy;
	double chance = present ? results->chance_present : results->chance;
	const double *aux = values[UT_AUX], *cross = values[UT_CROSS_AUX];
	size_t R = results->replicas;
	struct ut_summary a, x = {0};

	if (!aux)
		return;
	a = ut_summarise(aux, R);
	printf("\nStudents that share the teacher's initialisation saw noise "
	       "and auxiliary logits\nonly, and recognise %.1f%%",
	       100 * a.mean);
	if (R > 1)
		printf(" ± %.1f", 100 * a.half);
	printf(" of the test images%s; %zu of %zu are above chance (%.1f%%)",
	       present ? ",\namong the classes present" : "",
	       above(aux, R, chance), R, 100 * chance);
	if (cross) {
		x = ut_summarise(cross, R);
		printf(".\nStudents from another initialisation reach %.1f%%",
		       100 * x.mean);
		if (R > 1)
			printf(" ± %.1f", 100 * x.half);
	}
	if (R < 2)
		printf(".\nOne replica proves nothing: add --replicas 5.\n");
	else if (!cross)
		printf(".\nNothing is shown without students from another "
		       "initialisation: add cross-aux\nto the conditions.\n");
	else if (clearly_above(a, chance) && a.mean - a.half > x.mean + x.half)
		printf(": the knowledge came with the\nshared "
		       "initialisation.\n");
	else
		printf(".\nThe intervals do not separate them: no subliminal "
		       "learning is shown here.\n");
}

void verdict_print(const struct ut_recipe *recipe,
		   const struct ut_results *results)
{
	print_table(recipe, results, false);
	if (results->chance_present > results->chance) {
		printf("\nOver the logits of the classes present alone:\n");
		print_table(recipe, results, true);
	}
	if (*recipe->published_source)
		printf("\npublished: %s\n", recipe->published_source);
	print_sentence(results);
}
