/*
 * Tunings: how a device's kernels are built and their work is cut, as a line of
 * text. They change how long work takes, and no bit of what comes out.
 */
#ifndef UNDERTONE_TUNING_H
#define UNDERTONE_TUNING_H

#include <undertone/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The i-th of the tunings next to one, which info.tuning of the opened device
 * was: mostly with one number halved or doubled. False past the end, and where
 * there is nothing to tune. Whether it fits the device shows when it is opened
 * with UNDERTONE_TUNING set to it.
 */
bool ut_tuning_neighbour(const struct ut_device_info *info, const char *tuning,
			 size_t i, char neighbour[UT_DEVICE_TUNING]);

/* The one that is kept for the device, unless there is none. */
bool ut_tuning_kept(const struct ut_device_info *info,
		    char tuning[UT_DEVICE_TUNING]);

/*
 * From now on the device that info is of is opened with this tuning, by whoever
 * has the same cache and does not set UNDERTONE_TUNING; "" is the usual one. It
 * holds as long as device, driver and kernels stay what they are. False when
 * there is no cache to keep it in.
 */
bool ut_tuning_keep(const struct ut_device_info *info, const char *tuning);

#ifdef __cplusplus
}
#endif

#endif
