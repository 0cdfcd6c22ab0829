/* Open devices with too little memory, or that fail at a step. */
#ifndef UT_TEST_TROUBLE_H
#define UT_TEST_TROUBLE_H

#include "device/backend.h"

enum { TEST_TROUBLES = 2, TEST_NEVER = 0 };

/* What is wrong with an open device: its table is a copy with other slots. */
struct test_trouble {
	struct ut_device *device;
	const struct ut_backend *inner;
	struct ut_backend table;
	size_t bytes;          /* the most that it has; 0: enough */
	unsigned steps;        /* until one fails; TEST_NEVER: none does */
	enum ut_status status; /* how that fails */
	unsigned side_by_side; /* of it, more replicas alone fail; 0: any */
	bool once;             /* and then no more */
	bool waits;            /* for the other to be struck */
};

/* Of the devices given to test_trouble_wrap, in their order. */
extern struct test_trouble test_troubles[TEST_TROUBLES];

/*
 * Puts devices between themselves and their backend, with no trouble so far;
 * nothing is to be undone.
 */
void test_trouble_wrap(struct ut_device *const *devices, size_t count);

#endif
