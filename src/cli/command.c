/* What the commands of the program share: options, complaints, places. */
#include "cli/command.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config.h"
#include "lab/receipt.h"

/* Every option of every command; a command takes those it has letters of. */
static const struct {
	char letter;
	const char *argument, *help;
} helps[] = {
	{'d', "DEVICE",
	 "auto, host, gpu, cpu, a number, part of a name, "
	 "platform:device,\n                     pocl, intel, rusticl, amd, "
	 "nvidia; see `undertone devices`"},
	{'o', "DIR",
	 "the folder to leave; default runs/RECIPE, or\n"
	 "                     runs/RECIPE-2 and so on when that exists; "
	 "export's file"},
	{'D', "DIR", "where the data set's files are"},
	{'s', "N", "seed of every random number"},
	{'r', "N", "how many replicas"},
	{'N', "I/N", "of N parts of the sweep, the I-th: for as many machines"},
	{'f', NULL, "replace what an older run left there"},
	{'C', "N",
	 "keep a checkpoint every N epochs; without it one is kept\n"
	 "                     when the run is interrupted, and either way "
	 "`undertone\n                     resume` goes on from it"},
	{'w', "W", "what to write"},
	{'p', "N", "which replica, from 0; default 0"},
	{'e', "A-B",
	 "which epochs, from 1; export's default is 1, verify takes\n"
	 "                     N, the first ones, and by default all"},
	{'S', "A-B", "which steps of each epoch, from 1; default all"},
	{'n', "NAME",
	 "whose batches, noise, logits or masks; default teacher,\n"
	 "                     of noise aux"},
	{'L', "LIST",
	 "devices, separated by commas, each as --device names it,\n"
	 "                     that share the replicas; compare also takes "
	 "all"},
	{'G', "LIBRARY",
	 "matrix products by a tuned library: fast on some devices,\n"
	 "                     and not the contract's bits"},
	{'H', "FILE", "the same as a page"},
	{'B', "TIME", "how long to search, as 90s or 5m"},
	{'b', "FILE", "what --json printed before, to compare with"},
	{'Q', NULL, "short samples, to see that all works"},
	{'q', NULL, "no progress"},
	{'j', NULL, "JSON on standard output, nothing else"},
	{'k', NULL, "list the keys instead"},
	{'R', NULL, "measure changed copies of the test images too"},
	{'c', NULL, "print confusion matrices"},
	{'h', NULL, "this help"},
};

static const struct option long_options[] = {
	{"device", required_argument, NULL, 'd'},
	{"out", required_argument, NULL, 'o'},
	{"data-dir", required_argument, NULL, 'D'},
	{"seed", required_argument, NULL, 's'},
	{"replicas", required_argument, NULL, 'r'},
	{"shard", required_argument, NULL, 'N'},
	{"force", no_argument, NULL, 'f'},
	{"checkpoint", required_argument, NULL, 'C'},
	{"what", required_argument, NULL, 'w'},
	{"replica", required_argument, NULL, 'p'},
	{"epochs", required_argument, NULL, 'e'},
	{"steps", required_argument, NULL, 'S'},
	{"condition", required_argument, NULL, 'n'},
	{"devices", required_argument, NULL, 'L'},
	{"gemm", required_argument, NULL, 'G'},
	{"html", required_argument, NULL, 'H'},
	{"budget", required_argument, NULL, 'B'},
	{"compare", required_argument, NULL, 'b'},
	{"quick", no_argument, NULL, 'Q'},
	{"quiet", no_argument, NULL, 'q'},
	{"json", no_argument, NULL, 'j'},
	{"keys", no_argument, NULL, 'k'},
	{"robustness", no_argument, NULL, 'R'},
	{"confusion", no_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char *long_name(char letter)
{
	size_t i = 0;

	while (long_options[i].val != letter)
		++i;
	return long_options[i].name;
}

static void print_usage(FILE *to, const struct command *command)
{
	fprintf(to, "usage: undertone %s%s%s\n", command->name,
		*command->arguments ? " " : "", command->arguments);
}

static void print_help(const struct command *command)
{
	size_t i;

	print_usage(stdout, command);
	printf("\n%s.\n", command->about);
	if (command->help)
		printf("\n%s", command->help);
	printf("\n");
	for (i = 0; i < sizeof(helps) / sizeof(*helps); ++i) {
		char left[32];

		if (helps[i].letter != 'h' &&
		    !strchr(command->options, helps[i].letter))
			continue;
		snprintf(left, sizeof(left), "--%s %s",
			 long_name(helps[i].letter),
			 helps[i].argument ? helps[i].argument : "");
		printf("  %-18s %s\n", left, helps[i].help);
	}
}

int complain(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "undertone %s: ", command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	print_usage(stderr, command);
	return USAGE;
}

/* A driver that lost its device may hang in what it does at a program's end. */
static void leave_at_once(void)
{
	fflush(NULL);
	_exit(FAILED);
}

/* Names out of files are in it: nothing of them may steer a terminal. */
int fail(const struct ut_error *error)
{
	const char *c;

	fputs("undertone: ", stderr);
	for (c = error->text; *c; ++c)
		fputc(iscntrl((unsigned char)*c) && *c != '\n' ? '?' : *c,
		      stderr);
	fputc('\n', stderr);
	if (error->status == UT_DEVICE)
		atexit(leave_at_once);
	return FAILED;
}

enum ut_status print_json(json_t *json, struct ut_error *error)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;

	json_decref(json);
	if (!text)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	puts(text);
	free(text);
	return UT_OK;
}

static void take(struct options *options, int letter)
{
	switch (letter) {
	case 'd':
		options->device = optarg;
		break;
	case 'o':
		options->out = optarg;
		break;
	case 'D':
		options->data_dir = optarg;
		break;
	case 's':
		options->seed = optarg;
		break;
	case 'r':
		options->replicas = optarg;
		break;
	case 'C':
		options->checkpoint = optarg;
		break;
	case 'N':
		options->shard = optarg;
		break;
	case 'f':
		options->force = true;
		break;
	case 'w':
		options->what = optarg;
		break;
	case 'p':
		options->replica = optarg;
		break;
	case 'e':
		options->epochs = optarg;
		break;
	case 'S':
		options->steps = optarg;
		break;
	case 'n':
		options->condition = optarg;
		break;
	case 'L':
		options->devices = optarg;
		break;
	case 'G':
		options->gemm = optarg;
		break;
	case 'H':
		options->html = optarg;
		break;
	case 'B':
		options->budget = optarg;
		break;
	case 'b':
		options->baseline = optarg;
		break;
	case 'Q':
		options->quick = true;
		break;
	case 'q':
		options->quiet = true;
		break;
	case 'j':
		options->json = true;
		break;
	case 'k':
		options->keys = true;
		break;
	case 'R':
		options->robustness = true;
		break;
	case 'c':
		options->confusion = true;
		break;
	}
}

/* optind has passed word, but for -xy, whose letter is in optopt. */
static int complain_of_option(const struct command *command, const char *word)
{
	bool has_value = !strncmp(word, "--", 2) && strchr(word, '=');

	if (optopt && !has_value)
		return complain(command, "unknown option '-%c'", optopt);
	return complain(command, "unknown option '%s'", word);
}

void options_keys(const struct options *options,
		  struct option_key keys[OPTION_KEYS])
{
	keys[0] = (struct option_key){"seed", options->seed};
	keys[1] = (struct option_key){"replicas", options->replicas};
	keys[2] = (struct option_key){"data.dir", options->data_dir};
}

bool options_read(struct options *options, const struct command *command,
		  int count, char **words, int *status)
{
	int letter;

	*options = (struct options){0};
	opterr = 0;
	while ((letter = getopt_long(count, words, ":h", long_options, NULL)) !=
	       -1) {
		if (letter == 'h') {
			print_help(command);
			*status = DONE;
			return false;
		}
		if (letter == ':') {
			*status = complain(command, "%s needs a value",
					   words[optind - 1]);
			return false;
		}
		if (letter == '?') {
			*status =
				complain_of_option(command, words[optind - 1]);
			return false;
		}
		if (!strchr(command->options, letter)) {
			*status = complain(command, "has no option --%s",
					   long_name((char)letter));
			return false;
		}
		take(options, letter);
	}
	options->words = words + optind;
	options->count = count - optind;
	return true;
}

/* The folder of the running program, for one that was not installed. */
static bool program_folder(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);
	char *slash;

	if (length <= 0)
		return false;
	folder[length] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return slash != NULL;
}

/*
 * What the variable names, the tree the program was built in, where it was
 * installed, even if moved since, and where it was to be installed.
 */
static void find_places(struct places *places, const char *variable,
			const char *here, const char *installed)
{
	char program[sizeof(places->storage[0]) / 2];
	const char *named = getenv(variable);
	size_t count = 0;

	memset(places, 0, sizeof(*places));
	if (named && *named)
		places->folders[count++] = named;
	if (program_folder(program, sizeof(program))) {
		snprintf(places->storage[0], sizeof(places->storage[0]),
			 "%s/../%s", program, here);
		places->folders[count++] = places->storage[0];
		snprintf(places->storage[1], sizeof(places->storage[1]),
			 "%s/../share/undertone%s", program, installed);
		places->folders[count++] = places->storage[1];
	}
	snprintf(places->storage[2], sizeof(places->storage[2]), "%s%s",
		 UT_DATA_DIR, installed);
	places->folders[count] = places->storage[2];
}

void places_of_data(struct places *places)
{
	find_places(places, "UNDERTONE_DATA", "data", "");
}

void places_of_recipes(struct places *places)
{
	find_places(places, "UNDERTONE_RECIPES", "data/recipes", "/recipes");
}

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), last = strlen(ending);

	return length > last && !strcmp(name + length - last, ending);
}

static bool is_path(const char *name)
{
	return strchr(name, '/') || ends_in(name, ".ini") ||
	       ends_in(name, ".json");
}

enum ut_status recipe_find(struct ut_recipe *recipe, const char *name,
			   struct ut_error *error)
{
	struct places places;
	struct ut_text looked = {0};
	char path[8192];
	size_t i;

	if (is_path(name))
		return ends_in(name, ".json")
			       ? ut_receipt_load_recipe(recipe, name, error)
			       : ut_recipe_load(recipe, name, error);
	places_of_recipes(&places);
	for (i = 0; places.folders[i]; ++i) {
		snprintf(path, sizeof(path), "%s/%s.ini", places.folders[i],
			 name);
		if (ut_file_exists(path)) {
			ut_text_release(&looked);
			return ut_recipe_load(recipe, path, error);
		}
		ut_text_append(&looked, "%s%s", i ? ", " : "",
			       places.folders[i]);
	}
	ut_error_set(error, UT_MISSING,
		     "no recipe '%s' in %s; `undertone "
		     "recipes` lists them",
		     name, ut_text_string(&looked));
	ut_text_release(&looked);
	return UT_MISSING;
}
