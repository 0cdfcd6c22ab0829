/* The product as a tuned library gives it: CLBlast, where the build has it. */
#include "config.h"
#include "ocl.h"

#if UT_HAVE_CLBLAST
#include <clblast_c.h>

static cl_mem handle(struct ut_slice s)
{
	return s.buffer->handle;
}

bool ut_ocl_tuned_forward(struct ut_device *device, const struct ut_linear *op)
{
	CLBlastStatusCode code = CLBlastSgemmStridedBatched(
		CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo,
		op->B, op->O, op->D, 1.0f, handle(op->x), op->x.offset, op->D,
		op->x.stride, handle(op->w), op->w.offset, op->O, op->w.stride,
		0.0f, handle(op->y), op->y.offset, op->O, op->y.stride, op->R,
		&ut_ocl_of(device)->queue, NULL);

	if (code != CLBlastSuccess)
		ut_device_latch(device, UT_DEVICE,
				"CLBlast failed on %s: status %d",
				device->info.name, (int)code);
	return true;
}
#else
bool ut_ocl_tuned_forward(struct ut_device *device, const struct ut_linear *op)
{
	(void)device;
	(void)op;
	return false;
}
#endif
