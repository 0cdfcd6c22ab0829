/* Running the program as users and scripts do. */
#include "program.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "scratch.h"

enum { COMMAND = 8192 };

char test_output[TEST_OUTPUT], test_complaint[TEST_OUTPUT];

void test_slurp(const char *path, char *to, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(file);
	n = fread(to, 1, size - 1, file);
	to[n] = '\0';
	fclose(file);
}

static int run(const char *text)
{
	const char *build = getenv("BUILD");
	const char *out = test_scratch("stdout"), *err = test_scratch("stderr");
	char command[2 * COMMAND];
	int status;

	snprintf(command, sizeof(command),
		 "U=%s/undertone; { %s\n} >%s 2>%s </dev/null",
		 build ? build : "build", text, out, err);
	status = system(command);
	ck_assert(WIFEXITED(status));
	test_slurp(out, test_output, sizeof(test_output));
	test_slurp(err, test_complaint, sizeof(test_complaint));
	return WEXITSTATUS(status);
}

int test_program(const char *format, ...)
{
	char command[COMMAND] = "\"$U\" ";
	size_t length = strlen(command);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + length, sizeof(command) - length, format,
		  arguments);
	va_end(arguments);
	return run(command);
}

int test_command(const char *format, ...)
{
	char command[COMMAND];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return run(command);
}

void test_program_fails(int status, const char *arguments, const char *part)
{
	int got = test_program("%s", arguments);

	ck_assert_msg(got == status, "undertone %s: status %d, not %d: %s",
		      arguments, got, status, test_complaint);
	ck_assert_msg(strstr(test_complaint, part), "'%s' lacks '%s'",
		      test_complaint, part);
	ck_assert_msg(!*test_output, "on standard output: %s", test_output);
}
