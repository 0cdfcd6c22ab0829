/*
 * The self-test's cases: operations on small problems, run on a lane. The lanes of
 * the host and of the device under test start from the same memory, and whatever
 * an operation writes is compared.
 */
#ifndef UT_SELFTEST_LANE_H
#define UT_SELFTEST_LANE_H

#include <undertone/ops.h>

#include "base/fingerprint.h"

enum { SELFTEST_TYPES = 3 }; /* of enum ut_type */

/* A device with memory to work on: a buffer of each type. */
struct selftest_lane {
	struct ut_device *device;
	struct ut_buffer *arena[SELFTEST_TYPES];
	size_t used[SELFTEST_TYPES];
};

/*
 * The next R parts of count elements, with gaps around them. In it are numbers from
 * which operations can start: clean floats of (-4, 4), some 0; integers below 7;
 * bytes. Which of them depends on the calls before: where they are not written
 * over, two calls may not be of one expression, which fixes no order.
 */
struct ut_slice ut_selftest_take(struct selftest_lane *lane, enum ut_type type,
				 unsigned R, size_t count);

/* What one of enum ut_type's buffers holds at first, from element 0 on. */
void ut_selftest_fill(enum ut_type type, void *data, size_t count);

/* Elements of the buffers. */
size_t ut_selftest_arena(enum ut_type type);

/* Cases of one operation, mostly; ended by one without run. */
struct selftest_case {
	const char *op;
	void (*run)(struct selftest_lane *lane);
};
extern const struct selftest_case ut_selftest_layers[]; /* linear, conv, pool */
extern const struct selftest_case ut_selftest_others[];

/*
 * Trains a small network for some steps, as docs/ARITHMETIC.md says under "The
 * self-test's problem", and reads the fingerprint of its weights.
 */
enum ut_status ut_selftest_mlp(struct selftest_lane *lane,
			       struct ut_fingerprint *print,
			       struct ut_error *error);
enum ut_status ut_selftest_cnn(struct selftest_lane *lane,
			       struct ut_fingerprint *print,
			       struct ut_error *error);

#endif
