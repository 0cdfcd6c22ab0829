/* Running the program as users and scripts do. */
#ifndef UT_TEST_PROGRAM_H
#define UT_TEST_PROGRAM_H

#include <stddef.h>

/* Exit statuses. */
enum { DONE = 0, FAILED = 1, USAGE = 2 };

enum { TEST_OUTPUT = 1 << 16 };

/* What the last one wrote to its streams. */
extern char test_output[TEST_OUTPUT], test_complaint[TEST_OUTPUT];

/* Reads a text file, or as much of it as fits. */
void test_slurp(const char *path, char *to, size_t size);

/*
 * Runs `undertone ARGUMENTS` (printf format), of the build that is tested, and
 * keeps what it wrote; returns its status.
 */
int test_program(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same of any command, in which $U stands for the program. */
int test_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails unless it ends with the status and the part in its complaint. */
void test_program_fails(int status, const char *arguments, const char *part);

#endif
