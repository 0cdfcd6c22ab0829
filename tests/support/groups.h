/* A group of replicas on a device, before anything was done with it. */
#ifndef UT_TEST_GROUPS_H
#define UT_TEST_GROUPS_H

#include "lab/session.h"

struct test_group {
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_observer observer;
	struct ut_results results;
	struct ut_session session;
	struct ut_group group;
};

/*
 * The recipe tiny, changed by words ("key=value", NULL-terminated), on `images`
 * generated digits: all its replicas, with the initialisation drawn, and as
 * student and teacher. The test fails where that cannot be.
 */
void test_group_open(struct test_group *t, struct ut_device *device,
		     size_t images, const char *const *words);
void test_group_close(struct test_group *t);

/* A copy of the arenas (R, P) of a buffer; free it. */
float *test_group_arenas(const struct test_group *t, struct ut_buffer *buffer);

#endif
