/* Reading and writing that goes on until all is done. */
#include "base/descriptor.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

int ut_write_all(int file, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes) {
		/* Linux writes no more than this at once */
		size_t piece = bytes < 0x40000000 ? bytes : 0x40000000;
		ssize_t written = write(file, at, piece);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		at += written;
		bytes -= (size_t)written;
	}
	return 0;
}

/* Milliseconds to wait at a time: to the end, or until stop is asked again. */
static int pause_of(double left, bool asks)
{
	const double most = asks ? 100 : 60000;

	left = left > 0 ? left * 1000 : 0;
	return (int)ceil(left < most ? left : most);
}

enum ut_reading ut_read_until(int file, void *data, size_t bytes, double until,
			      bool (*stop)(void *user), void *user)
{
	struct pollfd ready = {.fd = file, .events = POLLIN};
	char *at = data;

	while (bytes) {
		double left = until - ut_clock_now();
		ssize_t n;
		int got;

		if (stop && stop(user))
			return UT_READ_STOPPED;
		got = poll(&ready, 1, pause_of(left, stop));
		if (!got && left <= 0)
			return UT_READ_LATE;
		if (!got || (got < 0 && errno == EINTR))
			continue;
		n = got < 0 ? -1 : read(file, at, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return UT_READ_ENDED;
		at += n;
		bytes -= (size_t)n;
	}
	return UT_READ_WHOLE;
}

bool ut_read_all(int file, void *data, size_t bytes)
{
	return ut_read_until(file, data, bytes, INFINITY, NULL, NULL) ==
	       UT_READ_WHOLE;
}
