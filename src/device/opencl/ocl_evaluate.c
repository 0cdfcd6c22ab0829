/* Launchers of evaluate.cl. */
#include "ocl.h"

void ut_ocl_argmax(struct ut_device *device, unsigned R, size_t B, size_t C,
		   size_t first, size_t count, struct ut_slice x,
		   struct ut_slice to)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_ARGMAX);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_slice(&launch, to);
	ut_ocl_pass_uint(&launch, B);
	ut_ocl_pass_uint(&launch, C);
	ut_ocl_pass_uint(&launch, first);
	ut_ocl_pass_uint(&launch, count);
	ut_ocl_run(&launch, ut_ocl_row_items(device, B), 1, R);
}

void ut_ocl_count_equal(struct ut_device *device, unsigned R, struct ut_slice a,
			struct ut_slice b, struct ut_slice total)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_COUNT_EQUAL);

	ut_ocl_pass_slice(&launch, a);
	ut_ocl_pass_slice(&launch, b);
	ut_ocl_pass_slice(&launch, total);
	ut_ocl_pass_ulong(&launch, a.count);
	ut_ocl_run(&launch, ut_ocl_items(device, a.count), 1, R);
}

void ut_ocl_check_finite(struct ut_device *device, unsigned R,
			 struct ut_slice x, struct ut_slice where)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_CHECK_FINITE);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_slice(&launch, where);
	ut_ocl_pass_ulong(&launch, x.count);
	ut_ocl_run(&launch, ut_ocl_items(device, x.count), 1, R);
}
