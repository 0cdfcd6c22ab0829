/* Locks between processes: POSIX record locks, which the kernel opens. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { PAUSE_NANOSECONDS = 100000000 };

/* Whether the open file still stands at path: its last holder removes it. */
static bool still_there(int file, const char *path)
{
	struct stat ours, there;

	return !fstat(file, &ours) && !stat(path, &there) &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* Returns an errno; 0 and *file < 0 when somebody else holds it. */
static int try_file(const char *path, int *file)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int code;

	for (;;) {
		*file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (*file < 0)
			return errno;
		if (fcntl(*file, F_SETLK, &whole)) {
			code = errno;
			close(*file);
			*file = -1;
			return code == EACCES || code == EAGAIN ? 0 : code;
		}
		if (still_there(*file, path))
			return 0;
		close(*file);
	}
}

enum ut_status ut_lock_try(struct ut_lock *lock, const char *path, bool *taken,
			   struct ut_error *error)
{
	int code;

	*taken = false;
	*lock = (struct ut_lock){.path = strdup(path)};
	if (!lock->path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	code = try_file(path, &lock->file);
	*taken = !code && lock->file >= 0;
	if (*taken)
		return UT_OK;
	free(lock->path);
	*lock = (struct ut_lock){0};
	return code ? ut_file_error(error, code, "cannot lock %s", path)
		    : UT_OK;
}

long ut_lock_holder(const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int file = open(path, O_RDWR | O_CLOEXEC);
	bool held;

	if (file < 0)
		return 0;
	held = !fcntl(file, F_GETLK, &whole) && whole.l_type != F_UNLCK;
	close(file);
	return held ? (long)whole.l_pid : 0;
}

void ut_lock_open(struct ut_lock *lock)
{
	if (lock->path) {
		unlink(lock->path);
		close(lock->file);
	}
	free(lock->path);
	*lock = (struct ut_lock){0};
}

void ut_lock_pause(void)
{
	struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};

	nanosleep(&pause, NULL);
}
