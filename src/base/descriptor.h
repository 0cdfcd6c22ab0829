/* Whole pieces of data through file descriptors: files, pipes, sockets. */
#ifndef UT_DESCRIPTOR_H
#define UT_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all of it; returns 0 or an errno. */
int ut_write_all(int file, const void *data, size_t bytes);

enum ut_reading {
	UT_READ_WHOLE,
	UT_READ_ENDED, /* what is read from ended before, or failed */
	UT_READ_LATE,  /* the time was over before */
	UT_READ_STOPPED,
};

/*
 * Reads all of it. until: of ut_clock_now, or INFINITY. stop, which may be NULL,
 * is asked ten times a second.
 */
enum ut_reading ut_read_until(int file, void *data, size_t bytes, double until,
			      bool (*stop)(void *user), void *user);

/* Reads all of it, however long that takes; false when it ended before. */
bool ut_read_all(int file, void *data, size_t bytes);

#endif
