/* Augmentation. */
#include "level.h"

void UT_HOST(augment)(struct ut_device *device, const struct ut_augment *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "augment is not written yet");
}
