/*
 * Defects of devices, seeded: tables of slots that are another's but for one, in
 * which something is wrong as it would be by mistake.
 */
#ifndef UT_TEST_MISTAKES_H
#define UT_TEST_MISTAKES_H

#include "device/backend.h"

struct test_mistake {
	const char *what; /* "a row of the tail is left out" */
	const char *op;   /* the operation that is wrong */
	void (*seed)(struct ut_backend *table);
};

/* Ended by one without what. */
extern const struct test_mistake test_mistakes[];

/*
 * Gives an open device the defect; undo with test_mistake_end before it is closed.
 * One device at a time.
 */
void test_mistake_begin(struct ut_device *device,
			const struct test_mistake *defect);
void test_mistake_end(struct ut_device *device);

#endif
