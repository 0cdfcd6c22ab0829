/* undertone recipes */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static int is_recipe(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && !strcmp(entry->d_name + length - 4, ".ini");
}

static void print_recipe(const char *folder, const char *file)
{
	struct ut_recipe recipe;
	struct ut_error error;
	char path[8192];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (ut_recipe_load(&recipe, path, &error))
		printf("  %-16.*s not usable: %s\n", (int)strlen(file) - 4,
		       file, error.text);
	else
		printf("  %-16.*s %s\n", (int)strlen(file) - 4, file,
		       recipe.about);
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
	for (i = 0; places.folders[i] && !found; ++i) {
		struct dirent **entries;
		int n = scandir(places.folders[i], &entries, is_recipe,
				alphasort),
		    j;

		if (n < 0)
			continue;
		for (j = 0; j < n; ++j) {
			print_recipe(places.folders[i], entries[j]->d_name);
			free(entries[j]);
		}
		free(entries);
		found = n;
	}
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
