/* Launcher of blend.cl. */
#include "ocl.h"

void ut_ocl_blend(struct ut_device *device, const struct ut_blend *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_BLEND);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_ulong(&launch, op->y.count);
	ut_ocl_pass_float(&launch, op->own);
	ut_ocl_pass_float(&launch, op->other);
	ut_ocl_run(&launch, ut_ocl_items(device, op->y.count), 1, op->R);
}
