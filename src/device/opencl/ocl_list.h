/*
 * Listing devices without trusting drivers: which driver files are registered
 * (ocl_drivers.c), a child process that asks them (ocl_child.c), what it tells
 * (ocl_survey.c), and what is made of it (ocl_list.c).
 */
#ifndef UT_OCL_LIST_H
#define UT_OCL_LIST_H

#include <sys/types.h>

#include "ocl.h"

struct ut_text;

/* Registered drivers: where the loader of OpenCL looks for them. */
struct ut_ocl_drivers {
	const char *place; /* a folder, or what the environment names */
	char **paths;      /* sorted; of .icd files, or of libraries */
	size_t count;
	size_t libraries; /* so many at the end are libraries */
};

/* A set of drivers: bit i is the i-th path. No more are counted. */
typedef uint64_t ut_ocl_set;
enum { OCL_DRIVERS = 64 };

static inline ut_ocl_set ut_ocl_set_of(size_t i)
{
	return (ut_ocl_set)1 << i;
}

/* False when memory runs out. Release it either way. */
bool ut_ocl_drivers_init(struct ut_ocl_drivers *drivers);
void ut_ocl_drivers_release(struct ut_ocl_drivers *drivers);

/* Appends the library of a driver, as the loader opens it; nothing if unknown. */
void ut_ocl_driver_library(const struct ut_ocl_drivers *drivers, size_t i,
			   struct ut_text *to);

/* Appends "/etc/OpenCL/vendors/x.icd (libx.so.1)". */
void ut_ocl_driver_name(const struct ut_ocl_drivers *drivers, size_t i,
			struct ut_text *to);

/* What the loader is to see instead of all drivers: a folder for the moment. */
struct ut_ocl_view {
	char *folder; /* NULL: it sees what it always does */
	char *before, *libraries_before;
	bool entered;
};

/* Makes the folder, without the hidden drivers. Close it either way. */
enum ut_status ut_ocl_view_open(struct ut_ocl_view *view,
				const struct ut_ocl_drivers *drivers,
				ut_ocl_set hidden, struct ut_error *error);
/* From here on the loader, if it has not started yet, looks there. */
void ut_ocl_view_enter(struct ut_ocl_view *view);
/* The environment is as before, and the folder gone. */
void ut_ocl_view_close(struct ut_ocl_view *view);

/* What a child found, and how far it came. */
struct ut_ocl_answer {
	struct ut_device_list list;    /* notes may be NULL */
	char platform[UT_DEVICE_TEXT]; /* that is asked; "": being loaded */
	bool whole;
	bool late; /* if not whole: it hung */
	int state; /* if neither: as from waitpid */
};

void ut_ocl_answer_release(struct ut_ocl_answer *answer);

struct ut_ocl_question {
	pid_t child;
	int file;
	struct ut_ocl_view view;
};

/*
 * Starts a child that asks all drivers but the hidden ones. alone: it is for
 * finding the guilty, and names platforms early, without their usual order, and
 * quietly. End it if it began.
 */
enum ut_status ut_ocl_ask_begin(struct ut_ocl_question *question,
				const struct ut_ocl_drivers *drivers,
				ut_ocl_set hidden, bool alone,
				struct ut_error *error);
/* Waits until the moment of ut_clock_now at most. Release the answer. */
void ut_ocl_ask_end(struct ut_ocl_question *question, double moment,
		    struct ut_ocl_answer *answer);

/* In the child: tells what there is, down the pipe. False: it was cut. */
bool ut_ocl_survey(int file, const struct ut_ocl_drivers *drivers,
		   ut_ocl_set hidden);
bool ut_ocl_tell_platform(int file, const char *name);
bool ut_ocl_tell_device(int file, const struct ut_device_info *device);
bool ut_ocl_tell_note(int file, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
