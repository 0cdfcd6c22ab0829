/* Launcher of peak.cl. */
#include "ocl.h"

/* Vectors of a work-item in either shape of peak.cl: see UT_FLIGHT. */
enum { CPU_FLIGHT = 12, GPU_FLIGHT = 2 };

unsigned ut_ocl_width(const struct ut_ocl *ocl)
{
	cl_uint width = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
			sizeof(width), &width, NULL);
	return width >= 16 && !ocl->tunables.gpu_shape &&
			       !(ocl->repairs & UT_REPAIR_FMA)
		       ? 16
		       : 8;
}

void ut_ocl_fma_chain(struct ut_device *device, struct ut_slice x, float a,
		      float b, uint32_t rounds)
{
	const struct ut_ocl *ocl = ut_ocl_of(device);
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_FMA_CHAIN);
	size_t flight = ocl->tunables.gpu_shape ? GPU_FLIGHT : CPU_FLIGHT;
	size_t item = flight * ut_ocl_width(ocl);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_ulong(&launch, x.count);
	ut_ocl_pass_float(&launch, a);
	ut_ocl_pass_float(&launch, b);
	ut_ocl_pass_uint(&launch, rounds);
	ut_ocl_run(&launch, ut_ocl_divide_up(x.count, item), 1, 1);
}
