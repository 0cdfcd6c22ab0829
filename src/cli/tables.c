/* Tables of results for people, on standard output. */
#include "cli/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/verdict.h"
#include "report/statistics.h"

/* Terminals count characters, printf counts bytes: the sign has two. */
const char *table_cell(char cell[TABLE_CELL], const double *values,
		       size_t count)
{
	struct ut_summary s = ut_summarise(values, count);

	if (count > 1)
		snprintf(cell, TABLE_CELL, "%.3f ± %.3f", s.mean, s.half);
	else
		snprintf(cell, TABLE_CELL, "%-13.3f", s.mean);
	return cell;
}

int table_name_width(const struct ut_results *results)
{
	int width = 10, c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		int length = (int)strlen(ut_condition_name(c));

		if (results->scores[c].accuracy && length > width)
			width = length;
	}
	return width;
}

/* Characters of UTF-8: all bytes but those that continue one. */
static size_t count_characters(const char *text, size_t bytes)
{
	size_t count = 0, i;

	for (i = 0; i < bytes; ++i)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

void table_print_wrapped(const char *text)
{
	const size_t most = 80;
	size_t column = 0;

	while (*text) {
		size_t bytes = strcspn(text, " \n");
		size_t width = count_characters(text, bytes);

		if (column && column + 1 + width > most) {
			printf("\n");
			column = 0;
		}
		printf("%s%.*s", column ? " " : "", (int)bytes, text);
		column += width + (column > 0);
		text += bytes;
		if (*text == '\n') {
			printf("\n");
			column = 0;
		}
		text += *text != '\0';
	}
}

static const double *values_of(const struct ut_scores *scores, bool auc)
{
	return auc ? scores->auc : scores->present;
}

static void print_robust(const struct ut_results *results, bool auc)
{
	char cell[TABLE_CELL];
	size_t i;
	int kind, width = table_name_width(results);

	printf("  %-*s %-15s", width, auc ? "AUC" : "accuracy", "as they are");
	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
		printf("  %-15s", ut_robust_names[kind]);
	printf("\n");
	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		const struct ut_scores *robust = results->robust[c];

		if (!robust[0].accuracy)
			continue;
		printf("  %-*s %s", width, ut_condition_name(c),
		       table_cell(cell, values_of(&results->scores[c], auc),
				  results->replicas));
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			printf("    %s",
			       table_cell(cell, values_of(&robust[kind], auc),
					  results->replicas));
		printf("\n");
	}
}

void table_print_robustness(const struct ut_results *results)
{
	if (!results->robust[UT_TEACHER][0].accuracy)
		return;
	printf("\nChanged copies of the test images, over the classes "
	       "present:\n\n");
	print_robust(results, false);
	if (!results->robust[UT_TEACHER][0].auc)
		return;
	printf("\n");
	print_robust(results, true);
}

/* Columns that the largest count takes, and a space. */
static int count_width(const uint64_t *counts, size_t count)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < count; ++i)
		if (counts[i] > most)
			most = counts[i];
	return 1 + snprintf(NULL, 0, "%" PRIu64, most);
}

static void print_matrix(const struct ut_results *results, enum ut_condition c,
			 const uint64_t *counts)
{
	size_t classes = results->classes, i, j;
	int width = count_width(counts, classes * classes);

	if (width < 4)
		width = 4;
	printf("\n  %s: rows are labels, columns answers over all class "
	       "logits\n\n  %6s",
	       ut_condition_name(c), "");
	for (j = 0; j < classes; ++j)
		printf("%*zu", width, j);
	printf("   right\n");
	for (i = 0; i < classes; ++i) {
		double images =
			(double)results->labels[i] * (double)results->replicas;

		if (!results->labels[i])
			continue;
		printf("  %6zu", i);
		for (j = 0; j < classes; ++j)
			printf("%*" PRIu64, width, counts[i * classes + j]);
		printf("   %.3f\n", (double)counts[i * classes + i] / images);
	}
}

void table_print_confusion(const struct ut_results *results)
{
	size_t cells = results->classes * results->classes, i;
	uint64_t *counts = calloc(cells, sizeof(*counts));

	for (i = 0; counts && i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];

		if (!results->scores[c].accuracy)
			continue;
		ut_results_confusion(results, &results->scores[c], counts);
		print_matrix(results, c, counts);
	}
	free(counts);
}
