/* Launchers of conv_cpu.cl and conv_gpu.cl. */
#include "ocl.h"

void ut_ocl_conv_forward(struct ut_device *device, const struct ut_conv *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_forward is not written yet");
}

void ut_ocl_conv_data(struct ut_device *device, const struct ut_conv_data *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_data is not written yet");
}

void ut_ocl_conv_weights(struct ut_device *device,
			 const struct ut_conv_weights *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "conv_weights is not written yet");
}
