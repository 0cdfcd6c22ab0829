/* Launcher of peak.cl. */
#include "ocl.h"

/* Elements of a work-item in either shape of peak.cl: see UT_FLIGHT. */
enum { CPU_ITEM = 96, GPU_ITEM = 16 };

void ut_ocl_fma_chain(struct ut_device *device, struct ut_slice x, float a,
		      float b, uint32_t rounds)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_FMA_CHAIN);
	size_t item =
		ut_ocl_of(device)->tunables.gpu_shape ? GPU_ITEM : CPU_ITEM;

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_ulong(&launch, x.count);
	ut_ocl_pass_float(&launch, a);
	ut_ocl_pass_float(&launch, b);
	ut_ocl_pass_uint(&launch, rounds);
	ut_ocl_run(&launch, ut_ocl_divide_up(x.count, item), 1, 1);
}
