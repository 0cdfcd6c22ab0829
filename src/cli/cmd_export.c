/* undertone export */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/launch.h"
#include "cli/signals.h"
#include "lab/export.h"

/* "3" or "2-5": both from 1. */
static bool read_range(const char *text, uint64_t range[2])
{
	char first[24];
	const char *dash = strchr(text, '-');
	size_t length = dash ? (size_t)(dash - text) : strlen(text);

	if (length >= sizeof(first))
		return false;
	memcpy(first, text, length);
	first[length] = '\0';
	return ut_parse_u64(first, 1, INT64_MAX, &range[0]) &&
	       ut_parse_u64(dash ? dash + 1 : first, range[0], INT64_MAX,
			    &range[1]);
}

/* Which of the names it is; -1: none. */
static int find_name(const char *name, const char *const *names)
{
	int i;

	for (i = 0; names[i]; ++i)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static int find_condition(const char *name)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		if (!strcmp(name, ut_condition_name(c)))
			return c;
	return -1;
}

/* Reads the options that are export's own; DONE, or what complain returned. */
static int read_options(const struct command *command,
			const struct options *options, struct ut_export *export)
{
	int what, condition;

	if (!options->what)
		return complain(command, "wants --what: init, data, batches, "
					 "noise, logits or masks");
	what = find_name(options->what, ut_export_names);
	if (what < 0)
		return complain(command,
				"--what %s: it is init, data, batches, noise, "
				"logits or masks",
				options->what);
	if (!options->out)
		return complain(command, "wants --out FILE.safetensors");
	if (options->replica &&
	    !ut_parse_u64(options->replica, 0, UINT32_MAX, &export->replica))
		return complain(command, "--replica %s: is no number",
				options->replica);
	if (options->epochs && !read_range(options->epochs, export->epochs))
		return complain(command,
				"--epochs %s: is no range from 1 on, "
				"such as 1-3",
				options->epochs);
	if (options->steps && !read_range(options->steps, export->steps))
		return complain(command,
				"--steps %s: is no range from 1 on, "
				"such as 1-3",
				options->steps);
	condition = options->condition ? find_condition(options->condition)
				       : UT_CONDITIONS;
	if (condition < 0)
		return complain(command,
				"--condition %s: there is none of "
				"this name",
				options->condition);
	export->what = (enum ut_export_what)what;
	export->condition = (enum ut_condition)condition;
	return DONE;
}

/* Whether the word is a run's folder, rather than a recipe. */
static bool is_run(const char *word)
{
	char *path = ut_path_join(word, UT_RECEIPT_FILE);
	bool found = path && ut_file_exists(path);

	free(path);
	return found;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_export export = {0};
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct options options;
	struct places places;
	uint64_t bytes;
	int status;

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "run or recipe", &status))
		return status;
	status = read_options(command, &options, &export);
	if (status)
		return status;
	if (is_run(options.words[0])) {
		if (options.count > 1 || options.seed || options.replicas)
			return complain(command, "a run's recipe cannot be "
						 "changed any more");
		export.folder = options.words[0];
	} else if (recipe_find(&recipe, options.words[0], &error) ||
		   launch_set(&recipe, &options, &error)) {
		return fail(&error);
	}
	places_of_data(&places);
	signals_catch();
	export.recipe = &recipe;
	export.out = options.out;
	export.force = options.force;
	export.device = options.device;
	export.data_dir = options.data_dir;
	export.data_roots = places.folders;
	export.stop = signals_came;
	if (ut_export_write(&export, &bytes, &error))
		return fail(&error);
	printf("%s: %s, %" PRIu64 " bytes\n", options.out, options.what, bytes);
	return DONE;
}

const struct command command_export = {
	.name = "export",
	.arguments = "RUN|RECIPE [key=value ...] --what W --out FILE [options]",
	.about = "Writes what a run is made of as tensors for other programs",
	.options = "odDsrfpeSnw",
	.help = "W is init (initial weights of all replicas), data (images, "
		"labels), batches (a\nteacher's), noise (a student's images in "
		"their order), logits (a teacher's, of\nthe test images and of "
		"noise; of a RUN) or masks (dropout's).\ncontrib/replay.py "
		"repeats a run from them in PyTorch.\n",
	.run = run,
};
