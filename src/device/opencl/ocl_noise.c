/* Launchers of noise.cl. */
#include "ocl.h"

void ut_ocl_filter(struct ut_device *device, const struct ut_filter *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "filter is not written yet");
}

void ut_ocl_octaves(struct ut_device *device, const struct ut_octaves *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "octaves is not written yet");
}
