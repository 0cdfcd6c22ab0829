/* undertone verify */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/launch.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "lab/verdict.h"
#include "lab/verify.h"

static void note(void *user, const char *text)
{
	progress_say(user, "%s", text);
}

/* Those that are not the same, or all of them. */
static void print_accuracies(const struct ut_verification *v, bool all)
{
	size_t i;

	for (i = 0; i < UT_CONDITIONS; ++i) {
		enum ut_condition c = ut_condition_rows[i];
		const struct ut_verified_accuracy *accuracy = &v->accuracies[c];

		if (!accuracy->compared || (accuracy->same && !all))
			continue;
		printf("  %-16s %.4f there, %.4f here%s\n",
		       ut_condition_name(c), accuracy->recorded, accuracy->here,
		       accuracy->same   ? ", the same"
		       : accuracy->near ? ""
					: ", too far apart");
	}
}

/* Whether it is a run's folder, with the file that compare takes. */
static bool has_recipe(const char *path)
{
	char *file = ut_path_join(path, "recipe.ini");
	bool has = file && ut_file_exists(file);

	free(file);
	return has;
}

static void print_exact(const struct ut_verification *v, const char *path)
{
	unsigned long long checked = v->checked, all = v->all;

	if (v->parted) {
		printf("parts at %s epoch %llu: %s gives other bits than %s; "
		       "the %llu fingerprints before it are the same\n",
		       ut_condition_name(v->phase),
		       (unsigned long long)v->epoch, v->here, v->there,
		       (unsigned long long)v->same);
		printf("Which operation it is: `undertone compare %s%s "
		       "--devices A,B`, on two devices of one machine\n",
		       path, has_recipe(path) ? "/recipe.ini" : "");
	} else if (ut_verification_good(v)) {
		printf("verified: same bits on %s as on %s, %llu of %llu "
		       "epochs\n",
		       v->here, v->there, checked, all);
	} else {
		printf("same fingerprints on %s as on %s, but other "
		       "accuracies:\n",
		       v->here, v->there);
		print_accuracies(v, false);
	}
}

/* A receipt, or a device here, whose bits are not the contract's. */
static void print_loose(const struct ut_verification *v)
{
	printf("%s: the bits of %s are not the contract's (%s), so that only "
	       "accuracies are compared; %llu of %llu fingerprints are the "
	       "same\n",
	       ut_verification_good(v) ? "verified loosely"
				       : "not verified, not even loosely",
	       v->exact_there ? v->here : v->there, v->flaws,
	       (unsigned long long)v->same, (unsigned long long)v->all);
	print_accuracies(v, true);
}

static void print_result(const struct ut_verification *v, const char *path)
{
	if (v->notes.length)
		fputs(ut_text_string(&v->notes), stdout);
	if (ut_verification_exact(v))
		print_exact(v, path);
	else
		print_loose(v);
	if (v->unchecked.length)
		printf("not checked: %s\n", ut_text_string(&v->unchecked));
}

static int verify(const struct options *options, uint64_t epochs)
{
	struct progress_view view;
	struct ut_verification v;
	struct ut_error error = {0};
	struct ut_text json = {0};
	struct places places;
	const struct ut_observer observer = {
		.user = &view,
		.progress = progress_show,
		.stop = signals_came,
		.note = note,
	};
	/* its events are a run's, and this is not one */
	struct options quiet = *options;
	bool good;

	places_of_data(&places);
	signals_catch();
	quiet.quiet |= options->json;
	quiet.json = false;
	progress_begin(&view, &quiet);
	if (ut_verify(options->words[0],
		      &(struct ut_verify_options){
			      .device = options->device,
			      .data_dir = options->data_dir,
			      .words = (const char *const *)options->words + 1,
			      .word_count = (size_t)options->count - 1,
			      .data_roots = places.folders,
			      .epochs = epochs,
			      .observer = &observer,
			      .begun = progress_begun,
		      },
		      &v, &error))
		return progress_fail(&view, &error);
	progress_done(&view, &v.recipe, NULL, NULL);
	good = ut_verification_good(&v);
	if (!options->json)
		print_result(&v, options->words[0]);
	else if (ut_verification_json(&v, &json))
		fputs(ut_text_string(&json), stdout);
	ut_text_release(&json);
	ut_verification_release(&v);
	return good ? DONE : FAILED;
}

static int run(const struct command *command, int count, char **words)
{
	struct options options;
	uint64_t epochs = 0;
	int status;

	if (!options_read(&options, command, count, words, &status) ||
	    !launch_words(command, &options, "run", &status))
		return status;
	if (options.epochs &&
	    !ut_parse_u64(options.epochs, 1, UINT32_MAX, &epochs))
		return complain(
			command,
			"--epochs %s: must be a number of first epochs, "
			"from 1",
			options.epochs);
	return verify(&options, epochs);
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "RUN|receipt.json [key=value ...] [options]",
	.about = "Repeats a run from its receipt and compares the bits",
	.options = "dDeqj",
	.help = "The receipt is enough. Keys are those of the place alone: "
		"group, data.dir,\ndata.memory, data.cache, distill.noise_dir. "
		"The status is 1 when bits part.\n",
	.run = run,
};
