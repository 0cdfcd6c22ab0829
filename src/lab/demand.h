/* What a recipe demands of a device's memory; private to src/lab. */
#ifndef UT_DEMAND_H
#define UT_DEMAND_H

#include "lab/session.h"

/*
 * Rows that a forward pass without gradients takes at a time: a student's batch,
 * or more where images are small.
 */
size_t ut_demand_rows(const struct ut_session *session);

/*
 * Replicas that suit the session's device side by side, or as many as the recipe
 * wants. A GPU gets as many as fit into half its memory; a processor as few as
 * keep it busy, so that they stay in its caches.
 */
unsigned ut_demand_group(const struct ut_session *session);

/*
 * UT_MEMORY when the device's memory is less than that takes: for beyond it, on
 * a processor, the kernel would kill the program in the end.
 */
enum ut_status ut_demand_check(const struct ut_session *session,
			       struct ut_error *error);

#endif
