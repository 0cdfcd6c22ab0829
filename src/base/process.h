/* Other programs, run as child processes and watched. */
#ifndef UT_PROCESS_H
#define UT_PROCESS_H

#include <stdbool.h>

#include <undertone/status.h>

/* What is to be run, and how it is watched. */
struct ut_process {
	const char *program;      /* path */
	const char *const *words; /* arguments from the name on, then NULL */
	const char *complaint;    /* the file that gets its standard error */
	double silence; /* seconds without a line of standard output, after
			 * which it is taken to hang and killed */
	void *user;
	/* Gets every line, without its end; may be NULL. */
	void (*line)(void *user, const char *line);
	/* Asked several times a second; true kills the process. Or NULL. */
	bool (*stop)(void *user);
};

enum ut_process_end {
	UT_PROCESS_EXITED, /* code: its status */
	UT_PROCESS_DIED,   /* code: the signal */
	UT_PROCESS_SILENT, /* it was killed, as said above */
};

struct ut_process_outcome {
	enum ut_process_end end;
	int code;
};

/*
 * Runs it, standard input empty, to its end, with all processes that it started
 * and left behind. UT_INTERRUPTED when it was stopped; UT_IO when there can be
 * no process. A program that cannot be run exits with 127.
 */
enum ut_status ut_process_run(const struct ut_process *process,
			      struct ut_process_outcome *outcome,
			      struct ut_error *error);

#endif
