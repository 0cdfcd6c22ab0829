/* Which device a selector names. */
#ifndef UT_SELECT_H
#define UT_SELECT_H

#include <undertone/device.h>

/*
 * Finds the one device that selector names (grammar: ut_device_open) and copies
 * it into info. NULL stands for UNDERTONE_DEVICE, or else "auto".
 */
enum ut_status ut_device_select(struct ut_device_info *info,
				const char *selector, struct ut_error *error);

#endif
