/* What device.c knows of the self-test, and it of device.c. */
#ifndef UT_SELFTEST_H
#define UT_SELFTEST_H

#include <undertone/selftest.h>

/*
 * ut_device_open, which it is with anew false and told NULL. With anew, no verdict
 * that was kept is used; told is told of all that is tried.
 */
enum ut_status ut_device_open_anew(struct ut_device **device,
				   const char *selector, bool anew,
				   ut_selftest_told told, void *user,
				   struct ut_error *error);

/*
 * Proves a device that its backend has just opened, unless that need not be, and
 * keeps the verdict. Where operations go wrong though the primitives did not, the
 * device is opened again with more ways around.
 */
enum ut_status ut_prove(struct ut_device *device, ut_selftest_told told,
			void *user, struct ut_error *error);

/*
 * Proves the operations of an open device and says in its info what is wrong. With
 * told NULL it ends at the first thing found. Errors are the device's: it is of no
 * use then.
 */
enum ut_status ut_selftest_operations(struct ut_device *device,
				      ut_selftest_told told, void *user,
				      struct ut_error *error);

#endif
