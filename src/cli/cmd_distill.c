/* undertone distill */
#include <string.h>

#include "cli/launch.h"

static enum ut_status load_recipe(struct ut_recipe *recipe, const char *folder,
				  struct ut_error *error)
{
	const unsigned alone = 1u << UT_TEACHER | 1u << UT_REFERENCE;
	enum ut_status status = ut_recipe_load_run(recipe, folder, error);
	struct ut_recipe standard;

	/* of a run that `undertone teach` left */
	if (!status && recipe->conditions == alone) {
		ut_recipe_init(&standard);
		recipe->conditions = standard.conditions;
	}
	return status;
}

/* Whether the teachers' bits are decided by the same keys in both. */
static bool same_teachers(const struct ut_recipe *a, const struct ut_recipe *b)
{
	struct ut_text one = {0}, two = {0};
	bool same;

	ut_recipe_write_teacher(a, &one);
	ut_recipe_write_teacher(b, &two);
	same = !one.failed && !two.failed &&
	       !strcmp(ut_text_string(&one), ut_text_string(&two));
	ut_text_release(&one);
	ut_text_release(&two);
	return same;
}

/* Sets the words, none of which may change the teachers. */
static enum ut_status set_words(struct ut_recipe *recipe,
				const struct options *options,
				struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int w;

	for (w = 1; w < options->count && !status; ++w) {
		const char *word = options->words[w];
		struct ut_recipe before = *recipe;

		status = ut_recipe_assign(recipe, word, error);
		if (!status && !same_teachers(&before, recipe))
			status = ut_error_set(
				error, UT_INVALID,
				"%.*s would change the teachers of %s; "
				"`undertone run` trains others",
				(int)strcspn(word, "="), word,
				options->words[0]);
	}
	return status ? status : launch_set(recipe, options, error);
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_error error = {0};
	struct ut_recipe recipe;
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "run", &status))
		return status;
	if (load_recipe(&recipe, options.words[0], &error) ||
	    set_words(&recipe, &options, &error))
		return fail(&error);
	return launch(&(struct launch){
		.options = &options,
		.recipe = &recipe,
		.suffix = "-distill",
		.teacher = options.words[0],
	});
}

const struct command command_distill = {
	.name = "distill",
	.arguments = "RUN [key=value ...] [options]",
	.about = "Distils new students from the teachers of a run",
	.options = "dLoDrfCGqj",
	.help = "RUN is the folder of a run that kept its weights; its recipe "
		"is taken, and\nkey=value changes what does not change the "
		"teachers. The result is the same,\nbit for bit, as if they "
		"had been trained again.\n",
	.run = run,
};
