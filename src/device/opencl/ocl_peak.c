/* Launcher of peak.cl. */
#include "ocl.h"

/* Elements of a work-item in either shape of peak.cl: see UT_FLIGHT. */
enum { CPU_ITEM = 96, GPU_ITEM = 16 };

void ocl_fma_chain(struct ut_device *device, struct ut_slice x, float a,
		   float b, uint32_t rounds)
{
	struct ocl_launch launch = ocl_begin(device, OCL_FMA_CHAIN);
	size_t item = ocl_of(device)->tunables.gpu_shape ? GPU_ITEM : CPU_ITEM;

	ocl_pass_slice(&launch, x);
	ocl_pass_ulong(&launch, x.count);
	ocl_pass_float(&launch, a);
	ocl_pass_float(&launch, b);
	ocl_pass_uint(&launch, rounds);
	ocl_run(&launch, ocl_divide_up(x.count, item), 1, 1);
}
