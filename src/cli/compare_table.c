/* What came of a comparison, for people, on standard output. */
#include "cli/compare_table.h"

#include <stdio.h>
#include <string.h>

#include "lab/verdict.h"

/* Columns that the longest selector takes. */
static int selector_width(const struct ut_compare *compare)
{
	size_t width = 6, i;

	for (i = 0; i < compare->count; ++i)
		if (strlen(compare->rows[i].selector) > width)
			width = strlen(compare->rows[i].selector);
	return (int)width;
}

static int column_width(int c)
{
	int length = (int)strlen(ut_condition_name(c));

	return length > 9 ? length : 9;
}

static bool has_condition(const struct ut_compare *compare, int c)
{
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].finished &&
		    compare->rows[i].accuracy[c] >= 0)
			return true;
	return false;
}

static void print_verdict(const struct ut_compare_row *row)
{
	struct ut_text place = {0};

	switch (row->verdict) {
	case UT_COMPARE_REFERENCE:
		printf("the reference\n");
		break;
	case UT_COMPARE_SAME:
		printf("the same bits\n");
		break;
	case UT_COMPARE_PARTED:
		ut_parting_place(&row->parting, &place);
		printf("parts at %s\n", ut_text_string(&place));
		break;
	default:
		printf("failed: %s\n", row->words);
	}
	ut_text_release(&place);
}

static void print_table(const struct ut_compare *compare)
{
	int width = selector_width(compare);
	size_t i, k;

	printf("  %-*s     time  GFLOP/s", width, "device");
	for (k = 0; k < UT_CONDITIONS; ++k)
		if (has_condition(compare, ut_condition_rows[k]))
			printf("  %*s", column_width(ut_condition_rows[k]),
			       ut_condition_name(ut_condition_rows[k]));
	printf("   bits\n");
	for (i = 0; i < compare->count; ++i) {
		const struct ut_compare_row *row = &compare->rows[i];

		printf("  %-*s", width, row->selector);
		if (row->finished)
			printf("  %6.2f s  %7.2f", row->seconds,
			       row->seconds > 0 ? row->flop / row->seconds / 1e9
						: 0);
		else
			printf("         -        -");
		for (k = 0; k < UT_CONDITIONS; ++k) {
			int c = ut_condition_rows[k];

			if (!has_condition(compare, c))
				continue;
			if (row->finished)
				printf("  %*.3f", column_width(c),
				       row->accuracy[c]);
			else
				printf("  %*s", column_width(c), "-");
		}
		printf("   ");
		print_verdict(row);
	}
}

static void print_devices(const struct ut_compare *compare)
{
	int width = selector_width(compare);
	size_t i;

	printf("\n");
	for (i = 0; i < compare->count; ++i) {
		const struct ut_compare_row *row = &compare->rows[i];

		if (!*row->name)
			continue;
		printf("  %-*s  %s, %s, %s (%s)\n", width, row->selector,
		       row->platform, row->name, row->driver, row->level);
		if (*row->flaw)
			printf("  %*s  not bit-exact: %s\n", width, "",
			       row->flaw);
	}
}

static void print_element(const struct ut_compare *compare,
			  const struct ut_compare_row *row)
{
	const struct ut_parting *parting = &row->parting;
	const char *reference = compare->rows[0].selector;
	bool is_float = !strcmp(parting->type, "f32");
	size_t i;

	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].verdict == UT_COMPARE_REFERENCE)
			reference = compare->rows[i].selector;
	printf("  element %llu: %.9g (0x%s) there, %.9g (0x%s) on %s\n",
	       (unsigned long long)parting->element, parting->values[1].number,
	       parting->values[1].bits, parting->values[0].number,
	       parting->values[0].bits, reference);
	printf("  %llu of %llu elements differ, by %llu %s at most",
	       (unsigned long long)parting->differing,
	       (unsigned long long)parting->elements,
	       (unsigned long long)parting->ulp,
	       is_float ? "in the last place (ulp)" : "");
	if (parting->not_numbers)
		printf("; %llu are a number on one of the two alone",
		       (unsigned long long)parting->not_numbers);
	printf("\n");
}

static void print_growth(const struct ut_parting *parting)
{
	size_t i;

	if (!parting->point_count)
		return;
	printf("  the weights since, their difference over their root mean "
	       "square:\n    updates        rms    largest\n");
	for (i = 0; i < parting->point_count; ++i)
		printf("  %9llu  %9.2e  %9.2e\n",
		       (unsigned long long)parting->points[i].updates,
		       parting->points[i].rms, parting->points[i].max);
}

static void print_parting(const struct ut_compare *compare,
			  const struct ut_compare_row *row)
{
	const struct ut_parting *parting = &row->parting;
	struct ut_text text = {0};

	ut_parting_place(parting, &text);
	printf("\n%s parts at %s\n", row->selector, ut_text_string(&text));
	ut_text_release(&text);
	ut_parting_operation(parting, &text);
	if (parting->traced)
		printf("  %s, operation %llu there\n", ut_text_string(&text),
		       (unsigned long long)parting->at);
	ut_text_release(&text);
	if (parting->dumped)
		print_element(compare, row);
	print_growth(parting);
	if (*parting->note)
		printf("  %s\n", parting->note);
	if (!row->finished)
		printf("  it ended: %s\n", row->words);
}

void compare_table_print(const struct ut_compare *compare)
{
	size_t i;

	print_table(compare);
	print_devices(compare);
	for (i = 0; i < compare->count; ++i)
		if (compare->rows[i].verdict == UT_COMPARE_PARTED)
			print_parting(compare, &compare->rows[i]);
}
