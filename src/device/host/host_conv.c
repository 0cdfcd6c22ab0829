/* Convolutions. */
#include "level.h"

void UT_HOST(conv_forward)(struct ut_device *device, const struct ut_conv *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_forward is not written yet");
}

void UT_HOST(conv_data)(struct ut_device *device, const struct ut_conv_data *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_data is not written yet");
}

void UT_HOST(conv_weights)(struct ut_device *device,
			   const struct ut_conv_weights *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_weights is not written yet");
}
