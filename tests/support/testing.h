/*
 * What every device test needs: the devices of this machine, and a way to run
 * an operation on all of them and demand the same bits.
 */
#ifndef UT_TESTING_H
#define UT_TESTING_H

#include <check.h>

#include <undertone/ops.h>

#include "compare.h"
#include "numbers.h"
#include "operands.h"

struct test_device {
	char label[2 * UT_DEVICE_TEXT];
	struct ut_device *device;
	bool slow; /* software-emulated fma: keep problems tiny */
};

/*
 * The open devices, between the fixtures; number 0 is the host as it comes by
 * default. The others are the host's other levels and every usable OpenCL
 * device in both kernel shapes. UNDERTONE_TEST_DEVICES, a list of selectors
 * with commas between, restricts them.
 */
size_t test_device_count(void);
const struct test_device *test_device(size_t i);

/*
 * Runs the tests of a case with every device open, in this process: an OpenCL
 * context and an OpenMP team do not survive a fork. Returns an exit status.
 */
int test_main(const char *name, TCase *tests);

/* The same with the default host device only, and with none. */
int test_main_host(const char *name, TCase *tests);
int test_main_alone(const char *name, TCase *tests);

/* Says that something cannot be tested here. */
void test_skip(const char *what, const char *why);

typedef void test_run(struct ut_device *device, const void *arguments,
		      struct test_output *result);

/*
 * Runs an operation on the default host device, then on every other (the slow
 * ones only if `slow`), and fails unless all bits of all outputs are the same.
 * Returns the host's result.
 */
struct test_output test_everywhere(const char *what, bool slow, test_run *run,
				   const void *arguments);

#endif
