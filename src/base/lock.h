/* Locks between processes, which the death of their holder opens. */
#ifndef UT_LOCK_H
#define UT_LOCK_H

#include <stdbool.h>

#include <undertone/status.h>

/* A lock that is held; all zero is none. */
struct ut_lock {
	int file;
	char *path;
};

/*
 * Tries to take the lock of the file at path, which is made; *taken says
 * whether it was free. One process must not take the same lock twice. Open it
 * with ut_lock_open when it was taken.
 */
enum ut_status ut_lock_try(struct ut_lock *lock, const char *path, bool *taken,
			   struct ut_error *error);

/* The process that holds the lock of the file at path, or 0. */
long ut_lock_holder(const char *path);

/* Opens the lock and removes its file. One that is all zero is fine. */
void ut_lock_open(struct ut_lock *lock);

/* Waits a moment before trying again; a signal ends it early. */
void ut_lock_pause(void);

#endif
