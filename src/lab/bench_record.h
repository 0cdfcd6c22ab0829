/* Benchmarks as JSON, and beside those of another day. */
#ifndef UT_BENCH_RECORD_H
#define UT_BENCH_RECORD_H

#include <jansson.h>

#include "lab/bench.h"

/* What a run of benchmarks was. */
struct ut_bench_record {
	struct ut_device_info device;
	bool quick;
	struct ut_measure *measures; /* (count); names and suites are its own */
	size_t count, capacity;
	char **suites; /* (count): what measures' suites point to; or NULL */
};

/* Appends a copy whose suite stays the caller's; false when memory ran out. */
bool ut_bench_record_add(struct ut_bench_record *record,
			 const struct ut_measure *m);
void ut_bench_record_release(struct ut_bench_record *record);

/*
 * All of it, with device and versions, as `bench --json` prints it; NULL when
 * memory ran out. library: the device's, or NULL.
 */
json_t *ut_bench_record_json(const struct ut_bench_record *record,
			     const struct ut_library *library);

/*
 * Reads what was printed. UT_CORRUPT names the file and what is wrong in it.
 * Release the record either way.
 */
enum ut_status ut_bench_record_read(struct ut_bench_record *record,
				    const char *path, struct ut_error *error);

/* The same of contests; they are borrowed. */
json_t *ut_bench_exactness_json(const struct ut_device_info *info,
				const struct ut_library *library, bool quick,
				json_t *contests);

/*
 * UT_INVALID when the baseline is of another device than `now`, unless any will
 * do.
 */
enum ut_status ut_bench_check_baseline(const struct ut_bench_record *now,
				       const struct ut_bench_record *then,
				       bool any, struct ut_error *error);

/* One measurement beside its baseline. */
struct ut_ratio {
	const struct ut_measure *now, *then;
	double speed; /* then's seconds in now's: above 1 is faster */
	double share; /* the same of shares of the roof; NaN: not counted */
};

struct ut_comparison {
	struct ut_ratio *ratios; /* (count), the slowest first */
	size_t count;
	size_t only_now, only_then; /* measurements without a partner */
	double speed, share;        /* geometric means */
};

/*
 * Compares measurements of the same suite and name; it points into the records.
 * UT_INVALID when there are none. Release it when the status is UT_OK.
 */
enum ut_status ut_bench_compare(struct ut_comparison *comparison,
				const struct ut_bench_record *now,
				const struct ut_bench_record *then,
				struct ut_error *error);
void ut_comparison_release(struct ut_comparison *comparison);

#endif
