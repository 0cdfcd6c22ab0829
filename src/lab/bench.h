/* Benchmarks: what a device does of its own peak, on the work of real runs. */
#ifndef UT_BENCH_H
#define UT_BENCH_H

#include <undertone/device.h>

/* One measurement. */
struct ut_measure {
	const char *suite; /* "peak", "gemm", "conv", ... */
	char name[64];
	double seconds;     /* the median of an iteration */
	double flop, bytes; /* of an iteration; 0: not counted */
	double peak;        /* the device's FLOP/s as measured by `peak` */
};

/* True for the suites that ut_bench knows. */
bool ut_bench_has(const char *suite);

/*
 * Measures the suite ("gemm", "conv", "mlp", "cnn", "memory", or NULL for all)
 * and calls each for every measurement, the first of which is the device's own
 * fma peak; it is measured again around every other one, since machines are
 * shared.
 */
enum ut_status ut_bench(struct ut_device *device, const char *suite,
			void (*each)(void *user, const struct ut_measure *),
			void *user, struct ut_error *error);

#endif
