/* undertone selftest */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/selftest.h>

#include "base/text.h"
#include "cli/command.h"

enum { CLAUSES = 9 }; /* 0: of none */

/* What was found out about a device in one tuning. */
struct sheet {
	unsigned tried[CLAUSES], mended[CLAUSES], wrong[CLAUSES];
	struct ut_text remarks; /* of what was not simply proven */
	json_t *lines;
};

static const char *const verdicts[] = {
	[UT_PROVEN] = "proven",
	[UT_MENDED] = "mended",
	[UT_WRONG] = "WRONG",
};

static void told(void *user, const struct ut_selftest_line *line)
{
	struct sheet *sheet = user;

	++sheet->tried[line->clause];
	sheet->mended[line->clause] += line->verdict == UT_MENDED;
	sheet->wrong[line->clause] += line->verdict == UT_WRONG;
	if (*line->found)
		ut_text_append(&sheet->remarks, "     %s: %s\n", line->what,
			       line->found);
	json_array_append_new(sheet->lines,
			      json_pack("{s:i, s:s, s:s, s:s}", "clause",
					(int)line->clause, "what", line->what,
					"verdict",
					line->verdict == UT_WRONG
						? "wrong"
						: verdicts[line->verdict],
					"found", line->found));
}

static void print_sheet(const struct sheet *sheet,
			const struct ut_device_info *info)
{
	unsigned c;

	printf("%s: %s (%s)\n", info->platform, info->name, info->level);
	for (c = 0; c < CLAUSES; ++c) {
		char clause[16] = "-";

		if (!sheet->tried[c])
			continue;
		if (c)
			snprintf(clause, sizeof(clause), "%u", c);
		printf("  %s  %-32s %-7s %u of %u\n", clause, ut_clause_name(c),
		       verdicts[sheet->wrong[c]    ? UT_WRONG
				: sheet->mended[c] ? UT_MENDED
						   : UT_PROVEN],
		       sheet->tried[c] - sheet->wrong[c], sheet->tried[c]);
	}
	fputs(ut_text_string(&sheet->remarks), stdout);
	fflush(stdout);
}

static json_t *object_of(const struct sheet *sheet,
			 const struct ut_device_info *info)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:O}", "name",
			 info->name, "platform", info->platform, "driver",
			 info->driver, "level", info->level, "tuning",
			 info->tuning, "bit_exact", (int)info->bit_exact,
			 "flaw", info->flaw, "lines", sheet->lines);
}

/* Proves a device as the environment has it. False where something is wrong. */
static bool prove(const char *selector, json_t *all,
		  struct ut_device_info *info)
{
	struct sheet sheet = {.lines = json_array()};
	struct ut_error error = {0};
	bool failed = ut_selftest(selector, told, &sheet, info, &error);

	if (failed)
		fail(&error);
	else if (all)
		json_array_append_new(all, object_of(&sheet, info));
	else
		print_sheet(&sheet, info);
	json_decref(sheet.lines);
	ut_text_release(&sheet.remarks);
	return !failed && info->bit_exact;
}

/* The same in the tuning that runs have, and in the other shape of kernels. */
static bool prove_shapes(const char *selector, json_t *all)
{
	static const char variable[] = "UNDERTONE_TUNING";
	const char *asked = getenv(variable);
	struct ut_device_info info = {0};
	bool good = prove(selector, all, &info);

	if ((asked && *asked) || !*info.tuning)
		return good;
	setenv(variable,
	       strncmp(info.tuning, "shape=cpu", 9) ? "shape=cpu" : "shape=gpu",
	       1);
	good &= prove(selector, all, &info);
	unsetenv(variable);
	return good;
}

/* Every device there is; false where something is wrong, or there is no list. */
static bool prove_all(json_t *all)
{
	struct ut_device_list list;
	struct ut_error error = {0};
	bool good = true;
	size_t i;

	if (ut_device_list_init(&list, &error)) {
		fail(&error);
		return false;
	}
	for (i = 0; i < list.count; ++i) {
		char selector[16];

		snprintf(selector, sizeof(selector), "%d",
			 list.devices[i].index);
		if (list.devices[i].usable)
			good &= prove_shapes(selector, all);
		else
			fprintf(stderr, "%s: %s is not usable: %s\n",
				list.devices[i].platform, list.devices[i].name,
				list.devices[i].reason);
	}
	ut_device_list_release(&list);
	return good;
}

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	struct ut_error error = {0};
	json_t *all = NULL;
	int status;
	bool good;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count)
		return complain(command, "takes no arguments");
	if (options.json)
		all = json_array();
	good = options.device ? prove_shapes(options.device, all)
			      : prove_all(all);
	if (options.json && print_json(all, &error))
		return fail(&error);
	return good ? DONE : FAILED;
}

const struct command command_selftest = {
	.name = "selftest",
	.arguments = "[options]",
	.about = "Proves a device, or all: every clause of the arithmetic "
		 "contract, one by one",
	.options = "dj",
	.help = "Exit status 1 where something is wrong. What a device does "
		"wrong and an exact\nway around is known for is mended.",
	.run = run,
};
