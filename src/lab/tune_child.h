/*
 * A process that rehearses recipes on a device with one tuning, and may hang or
 * die at it. Private to src/lab.
 */
#ifndef UT_TUNE_CHILD_H
#define UT_TUNE_CHILD_H

#include <sys/types.h>

#include <undertone/device.h>

#include "lab/rehearsal.h"
#include "lab/tune.h"

/* What is rehearsed. */
struct ut_tune_plan {
	const struct ut_recipe *recipes;
	size_t count;                       /* at most UT_TUNE_RECIPES */
	unsigned replicas[UT_TUNE_RECIPES]; /* 0: as many as runs have */
	/* The device must have something to tune, and proves itself; the bits of
	 * others are compared with its own and the host's anyway. */
	bool usual;
};

/* What it is and has made; plain data, as it comes through a pipe. */
struct ut_tune_hello {
	enum ut_status status; /* why it cannot work, with the text */
	char text[UT_ERROR_TEXT];
	struct ut_device_info info;
	unsigned replicas[UT_TUNE_RECIPES];
	struct ut_fingerprint prints[UT_TUNE_RECIPES];
	double seconds[UT_TUNE_RECIPES][UT_REHEARSED]; /* of a step, about */
};

struct ut_tune_child {
	pid_t pid;
	int line; /* to it and back */
	struct ut_tune_hello hello;
};

/* How a child answers. */
enum ut_tune_answer {
	UT_TUNE_ANSWERED,
	UT_TUNE_HUNG,    /* did not answer in time; it is killed */
	UT_TUNE_DIED,    /* how is in the text */
	UT_TUNE_STOPPED, /* whoever waited was asked to stop */
};

/* How long to wait for an answer, and who may end that. */
struct ut_tune_patience {
	double seconds;
	bool (*stop)(void *user); /* or NULL */
	void *user;
};

/*
 * Starts it: from here on this process must not have used a device itself. tuning
 * is as UNDERTONE_TUNING takes it. UT_DEVICE when no process can be had.
 */
enum ut_status ut_tune_child_start(struct ut_tune_child *child,
				   const struct ut_tune_plan *plan,
				   const char *selector, const char *tuning,
				   struct ut_error *error);

/* Waits until it is ready, or cannot be: child->hello.status. */
enum ut_tune_answer ut_tune_child_greet(struct ut_tune_child *child,
					const struct ut_tune_patience *patience,
					char text[UT_ERROR_TEXT]);

/* Seconds that `steps` steps of a kind of the recipe took it. */
enum ut_tune_answer ut_tune_child_time(struct ut_tune_child *child,
				       unsigned recipe, unsigned kind,
				       unsigned steps,
				       const struct ut_tune_patience *patience,
				       double *seconds,
				       char text[UT_ERROR_TEXT]);

/* Ends it, whatever it does; one that is all zero is fine. */
void ut_tune_child_end(struct ut_tune_child *child);

#endif
