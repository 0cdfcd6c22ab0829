/* The program: finds the command and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <undertone/version.h>

#include "cli/command.h"
#include "config.h"

static const struct command *const commands[] = {
	&command_run,      &command_sweep,    &command_teach,
	&command_distill,  &command_resume,   &command_recipes,
	&command_evaluate, &command_report,   &command_export,
	&command_compare,  &command_verify,   &command_fingerprint,
	&command_devices,  &command_selftest, &command_tune,
	&command_bench,
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_help(FILE *to)
{
	size_t i;

	fprintf(to,
		"usage: undertone COMMAND ...\n\n"
		"A laboratory for subliminal learning in vision models: the "
		"same recipe gives\nthe same bits on every device.\n\n");
	for (i = 0; i < COMMANDS; ++i)
		fprintf(to, "  %-12s %s\n", commands[i]->name,
			commands[i]->about);
	fprintf(to, "\nEach command has --help; undertone --version tells the "
		    "version. "
		    "Begin with:\n\n"
		    "  undertone run demo\n");
}

/*
 * Takes the places of standard streams that are closed, so that no file of a
 * run gets what is printed; printing to what stands there fails.
 */
static void hold_streams(void)
{
	int file;

	do
		file = open("/dev/null", O_RDONLY);
	while (file >= 0 && file <= STDERR_FILENO);
	if (file >= 0)
		close(file);
}

/* What could not be printed turns success into failure. */
static int end(int status)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !failed)
		return status;
	fprintf(stderr, "undertone: cannot write standard output%s%s\n",
		errno ? ": " : "", errno ? strerror(errno) : "");
	return status ? status : FAILED;
}

int main(int count, char **words)
{
	const char *names[COMMANDS], *near;
	size_t i;

	hold_streams();
	if (count < 2) {
		print_help(stderr);
		return USAGE;
	}
	if (!strcmp(words[1], "--help") || !strcmp(words[1], "help")) {
		print_help(stdout);
		return end(DONE);
	}
	if (!strcmp(words[1], "--version")) {
		printf("undertone %s, contract %d\n", UT_VERSION, UT_CONTRACT);
		return end(DONE);
	}
	for (i = 0; i < COMMANDS; ++i) {
		names[i] = commands[i]->name;
		if (!strcmp(words[1], names[i]))
			return end(commands[i]->run(commands[i], count - 1,
						    words + 1));
	}
	near = ut_text_nearest(words[1], names, COMMANDS);
	fprintf(stderr,
		"undertone: no command '%s'%s%s%s; see "
		"`undertone --help`\n",
		words[1], near ? " (did you mean '" : "", near ? near : "",
		near ? "'?)" : "");
	return USAGE;
}
