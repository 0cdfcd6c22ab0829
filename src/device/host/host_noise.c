/* Noise fields: filters and octaves. */
#include "level.h"

void UT_HOST(filter)(struct ut_device *device, const struct ut_filter *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "filter is not written yet");
}

void UT_HOST(octaves)(struct ut_device *device, const struct ut_octaves *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "octaves is not written yet");
}
