/* Launchers of pool.cl. */
#include "ocl.h"

void ut_ocl_max_pool(struct ut_device *device, const struct ut_pool *op)
{
	(void)op;
	ut_device_latch(device, UT_DEVICE, "max_pool is not written yet");
}

void ut_ocl_average_pool(struct ut_device *device, const struct ut_pool *op,
			 float inverse)
{
	(void)op;
	(void)inverse;
	ut_device_latch(device, UT_DEVICE, "average_pool is not written yet");
}

void ut_ocl_pool_data(struct ut_device *device, const struct ut_pool_data *op,
		      float inverse)
{
	(void)op;
	(void)inverse;
	ut_device_latch(device, UT_DEVICE, "pool_data is not written yet");
}
