/* undertone recipes */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static int is_recipe(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && !strcmp(entry->d_name + length - 4, ".ini");
}

/* Cuts ".ini" off. */
static void name_of(char *name, size_t size, const struct dirent *entry)
{
	snprintf(name, size, "%.*s", (int)strlen(entry->d_name) - 4,
		 entry->d_name);
}

/* By name, so that one stands before those that begin with it. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	char first[NAME_MAX + 1], second[NAME_MAX + 1];

	name_of(first, sizeof(first), *a);
	name_of(second, sizeof(second), *b);
	return strcmp(first, second);
}

static void print_recipe(const char *folder, const struct dirent *entry,
			 int width)
{
	struct ut_recipe recipe;
	struct ut_error error;
	char path[8192], name[NAME_MAX + 1];

	name_of(name, sizeof(name), entry);
	snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
	if (ut_recipe_load(&recipe, path, &error))
		printf("  %-*s  not usable: %s\n", width, name, error.text);
	else
		printf("  %-*s  %s\n", width, name, recipe.about);
}

/* Prints the recipes of a folder; returns how many there are. */
static int print_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_recipe, by_name);
	int width = 0, i;

	if (count < 0)
		return 0;
	for (i = 0; i < count; ++i) {
		int length = (int)strlen(entries[i]->d_name) - 4;

		width = length > width ? length : width;
	}
	for (i = 0; i < count; ++i) {
		print_recipe(folder, entries[i], width);
		free(entries[i]);
	}
	free(entries);
	return count;
}

static void print_keys(void)
{
	const char *name, *meaning;
	struct ut_text values = {0};
	size_t i;

	for (i = 0; ut_recipe_describe(i, &name, &meaning, &values); ++i) {
		printf("%s\n    %s.\n    %s.\n", name, meaning,
		       ut_text_string(&values));
		ut_text_release(&values);
	}
	ut_text_release(&values);
}

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	struct places places;
	int status, found = 0;
	size_t i;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count)
		return complain(command, "takes no arguments");
	if (options.keys) {
		print_keys();
		return DONE;
	}
	places_of_recipes(&places);
	for (i = 0; places.folders[i] && !found; ++i)
		found = print_folder(places.folders[i]);
	if (!found) {
		fprintf(stderr, "undertone: no recipes found; set "
				"UNDERTONE_RECIPES to their folder\n");
		return FAILED;
	}
	return DONE;
}

const struct command command_recipes = {
	.name = "recipes",
	.arguments = "[--keys]",
	.about = "Lists the recipes, or every key a recipe can set",
	.options = "k",
	.run = run,
};
