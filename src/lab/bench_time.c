/* Timing of benchmarks. */
#include <stdlib.h>

#include "base/clock.h"
#include "lab/bench_suite.h"

double ut_work_seconds(const struct ut_work *work, unsigned count)
{
	double start = ut_clock_now();
	unsigned i;

	for (i = 0; i < count; ++i)
		work->once(work->context);
	ut_device_finish(work->device, NULL);
	return ut_clock_now() - start;
}

unsigned ut_work_repetitions(const struct ut_work *work, double wanted)
{
	unsigned count = 1;
	double seconds;

	ut_work_seconds(work, 1);
	seconds = ut_work_seconds(work, 1);
	while (seconds < wanted / 4 && count < 1 << 20) {
		count *= 4;
		seconds = ut_work_seconds(work, count);
	}
	count = (unsigned)(count * wanted / seconds);
	return count ? count : 1;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double ut_median(double *numbers, size_t count)
{
	qsort(numbers, count, sizeof(*numbers), order);
	return numbers[count / 2];
}
