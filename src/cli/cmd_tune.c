/* undertone tune */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/signals.h"
#include "lab/tune.h"

static const double usual_budget = 60, least_budget = 5, most_budget = 86400;

/* Seconds of "90", "90s", "5m" or "2h"; false for anything else. */
static bool read_budget(const char *text, double *seconds)
{
	static const struct {
		char letter;
		double seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	size_t length = strlen(text), i;
	double unit = 1, number;
	char digits[32];

	for (i = 0; i < 3 && length; ++i)
		if (text[length - 1] == units[i].letter) {
			unit = units[i].seconds;
			--length;
			break;
		}
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!ut_parse_double(digits, least_budget / unit, most_budget / unit,
			     &number))
		return false;
	*seconds = number * unit;
	return true;
}

/* The recipes named, or a multilayer perceptron's and a convolutional net's. */
static enum ut_status find_recipes(const struct options *options,
				   struct ut_recipe *recipes, size_t *count,
				   struct ut_error *error)
{
	static const char *const usual[] = {"cloud2025", "mnist-cnn-quick"};
	enum ut_status status = UT_OK;
	size_t i;

	*count = options->count ? (size_t)options->count : 2;
	for (i = 0; i < *count && !status; ++i)
		status = recipe_find(&recipes[i],
				     options->count ? options->words[i]
						    : usual[i],
				     error);
	return status;
}

/* A line a trial ----------------------------------------------------------- */

/* Drivers' errors are long; --json has all of them. */
static void print_trial(void *user, const struct ut_tune_trial *trial)
{
	enum { MOST = 60 };
	bool *begun = user;

	if (!*begun)
		printf("%-24s %7s  %7s\n", "changed", "speed", "took");
	*begun = true;
	printf("%-24s ", trial->change);
	if (trial->gain > 0)
		printf("%7.3f", trial->gain);
	else
		printf("%7s", "-");
	printf("  %5.1f s  %s%s%.*s%s\n", trial->seconds,
	       ut_tune_verdict_name(trial->verdict), *trial->text ? ": " : "",
	       MOST, trial->text, strlen(trial->text) > MOST ? "..." : "");
	fflush(stdout);
}

static void print_result(const struct ut_tune_result *result,
			 const struct ut_recipe *recipes, size_t count)
{
	const struct ut_device_info *info = &result->info;
	bool found = strcmp(result->best, info->tuning);
	size_t i;

	printf("\n%s, %s: %zu tried in %.0f s, %s\n", info->platform,
	       info->name, result->count, result->seconds,
	       result->ended ? "nothing is left to try"
			     : "then the budget ended");
	printf("the usual tuning  %s\n", info->tuning);
	if (!found) {
		printf("Nothing is clearly faster (by 2%%) than that, which "
		       "stays.\n");
		return;
	}
	printf("the best          %s\n\nits speed in one run, the usual one's "
	       "being 1: %.3f\n",
	       result->best, result->gain);
	for (i = 0; i < count; ++i)
		printf("  %-20s teacher %.3f, student %.3f\n", recipes[i].name,
		       result->gains[i][0], result->gains[i][1]);
	printf("%s\n  UNDERTONE_TUNING=%s\n",
	       result->kept ? "It is kept, and used from now on; this asks for "
			      "it anywhere:"
			    : "There is no cache to keep it in; this asks for "
			      "it:",
	       result->best);
}

/* JSON --------------------------------------------------------------------- */

static json_t *trials_json(const struct ut_tune_result *result)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < result->count; ++i) {
		const struct ut_tune_trial *trial = &result->trials[i];
		json_t *object = json_pack("{s:s, s:s, s:s, s:f}", "tuning",
					   trial->tuning, "change",
					   trial->change, "verdict",
					   ut_tune_verdict_name(trial->verdict),
					   "seconds", trial->seconds);

		if (trial->gain > 0)
			json_object_set_new(object, "gain",
					    json_real(trial->gain));
		if (*trial->text)
			json_object_set_new(object, "text",
					    json_string(trial->text));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *recipes_json(const struct ut_tune_result *result,
			    const struct ut_recipe *recipes, size_t count)
{
	bool found = strcmp(result->best, result->info.tuning);
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; ++i)
		json_array_append_new(
			array,
			json_pack("{s:s, s:i, s:f, s:f}", "recipe",
				  recipes[i].name, "replicas",
				  (int)result->replicas[i], "gain_teacher",
				  found ? result->gains[i][0] : 1.0,
				  "gain_student",
				  found ? result->gains[i][1] : 1.0));
	return array;
}

static enum ut_status print_result_json(const struct ut_tune_result *result,
					const struct ut_recipe *recipes,
					size_t count, struct ut_error *error)
{
	const struct ut_device_info *info = &result->info;

	return print_json(json_pack("{s:{s:s, s:s, s:s}, s:s, s:s, s:f, s:b, "
				    "s:b, s:f, s:o, s:o}",
				    "device", "name", info->name, "platform",
				    info->platform, "driver", info->driver,
				    "usual", info->tuning, "best", result->best,
				    "gain", result->gain, "kept",
				    (int)result->kept, "ended",
				    (int)result->ended, "seconds",
				    result->seconds, "recipes",
				    recipes_json(result, recipes, count),
				    "trials", trials_json(result)),
			  error);
}

/* The command -------------------------------------------------------------- */

static int tune(const struct options *options, double budget)
{
	struct ut_recipe *recipes = calloc(UT_TUNE_RECIPES, sizeof(*recipes));
	struct ut_tune_result result = {.count = 0};
	struct ut_error error = {0};
	enum ut_status failure;
	bool begun = false;
	size_t count = 0;

	failure = recipes ? find_recipes(options, recipes, &count, &error)
			  : ut_error_set(&error, UT_MEMORY, "out of memory");
	if (!failure) {
		signals_catch();
		failure = ut_tune(
			&(struct ut_tune_options){
				.device = options->device,
				.recipes = recipes,
				.count = count,
				.budget = budget,
				.again = options->force,
				.user = &begun,
				.each = options->json ? NULL : print_trial,
				.stop = signals_came,
			},
			&result, &error);
	}
	if (!failure && options->json)
		failure = print_result_json(&result, recipes, count, &error);
	else if (!failure)
		print_result(&result, recipes, count);
	ut_tune_release(&result);
	free(recipes);
	return failure ? fail(&error) : DONE;
}

static int run(const struct command *command, int count, char **words)
{
	const char *given = getenv("UNDERTONE_TUNING");
	double budget = usual_budget;
	struct options options;
	int status;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count > UT_TUNE_RECIPES)
		return complain(command, "takes %d recipes at most",
				UT_TUNE_RECIPES);
	if (options.budget && !read_budget(options.budget, &budget))
		return complain(command,
				"--budget %s: must be a time from 5s to 24h, "
				"as 90s, 5m or 1h",
				options.budget);
	if (given && *given)
		return complain(command,
				"UNDERTONE_TUNING is set, which would hide "
				"what is found; unset it");
	return tune(&options, budget);
}

const struct command command_tune = {
	.name = "tune",
	.arguments = "[RECIPE ...] [options]",
	.about = "Finds the fastest kernel shapes of a device, by measuring",
	.options = "dBfj",
	.help = "Measures training steps of the recipes, by default cloud2025 "
		"and\nmnist-cnn-quick, without their data. What is clearly "
		"faster is kept for the\ndevice. No bit of a result changes: "
		"a candidate with other bits than the host's\nis refused. "
		"Those that failed once are not tried again without --force.\n",
	.run = run,
};
