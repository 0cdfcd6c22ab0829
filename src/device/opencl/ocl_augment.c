/* Launchers of augment.cl. */
#include "ocl.h"

void ut_ocl_augment(struct ut_device *device, const struct ut_augment *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "augment is not written yet");
}
