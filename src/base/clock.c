/* Time for measuring. */
#include "base/clock.h"

#include <time.h>

double ut_clock_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		return 0;
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
