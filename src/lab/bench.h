/* Benchmarks: what a device does of what it could, on the work of real runs. */
#ifndef UT_BENCH_H
#define UT_BENCH_H

#include <undertone/device.h>

/* One measurement. */
struct ut_measure {
	const char *suite; /* "peak", "gemm", "conv", ... */
	char name[64];
	double seconds; /* the median of an iteration */
	/*
	 * Of an iteration; 0: not counted. exp, log, a division, a square root
	 * are one operation each; bytes are those of all arguments, once.
	 */
	double flop, bytes;
	/* The device's own, measured beside it. */
	double peak;      /* FLOP/s of fused multiply-adds */
	double bandwidth; /* bytes/s of memory */
};

/*
 * The share of the roofline (Williams et al. 2009) that was reached: of the
 * lesser of the peak and what the bandwidth feeds. NaN where neither operations
 * nor bytes are counted.
 */
double ut_measure_share(const struct ut_measure *m);

/* True for the suites that ut_bench knows. */
bool ut_bench_has(const char *suite);

struct ut_bench_options {
	const char *suite; /* or NULL: all of them */
	bool quick;        /* to see that it works: times mean little */
	void (*each)(void *user, const struct ut_measure *m);
	void *user;
};

/*
 * Measures and calls each for every measurement, the first of which are the
 * device's own: fused multiply-adds, and memory beyond the caches. These two are
 * measured again around every other one, since machines are shared.
 */
enum ut_status ut_bench(struct ut_device *device,
			const struct ut_bench_options *options,
			struct ut_error *error);

/* What exactness costs: one piece of work done in several ways. */
enum ut_way { UT_WAY_OWN, UT_WAY_LIBRARY, UT_WAY_RELAXED, UT_WAYS };

struct ut_contest {
	char name[64];
	double flop;
	double seconds[UT_WAYS]; /* medians; 0: not measured */
	/* Own speed in that way's: medians over samples taken in turn. */
	double ratio[UT_WAYS];
};

/*
 * Measures a product and training steps on devices that are the same one opened
 * in several ways; NULL: not in that way, own is not NULL.
 */
enum ut_status ut_bench_exactness(struct ut_device *const devices[UT_WAYS],
				  bool quick,
				  void (*each)(void *user,
					       const struct ut_contest *c),
				  void *user, struct ut_error *error);

#endif
