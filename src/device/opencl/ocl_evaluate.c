/* Launchers of evaluate.cl. */
#include "ocl.h"

void ocl_argmax(struct ut_device *device, unsigned R, size_t B, size_t C,
		size_t first, size_t count, struct ut_slice x,
		struct ut_slice to)
{
	struct ocl_launch launch = ocl_begin(device, OCL_ARGMAX);

	ocl_pass_slice(&launch, x);
	ocl_pass_slice(&launch, to);
	ocl_pass_uint(&launch, B);
	ocl_pass_uint(&launch, C);
	ocl_pass_uint(&launch, first);
	ocl_pass_uint(&launch, count);
	ocl_run(&launch, ocl_row_items(device, B), 1, R);
}

void ocl_count_equal(struct ut_device *device, unsigned R, struct ut_slice a,
		     struct ut_slice b, struct ut_slice total)
{
	struct ocl_launch launch = ocl_begin(device, OCL_COUNT_EQUAL);

	ocl_pass_slice(&launch, a);
	ocl_pass_slice(&launch, b);
	ocl_pass_slice(&launch, total);
	ocl_pass_ulong(&launch, a.count);
	ocl_run(&launch, ocl_items(device, a.count), 1, R);
}

void ocl_check_finite(struct ut_device *device, unsigned R, struct ut_slice x,
		      struct ut_slice where)
{
	struct ocl_launch launch = ocl_begin(device, OCL_CHECK_FINITE);

	ocl_pass_slice(&launch, x);
	ocl_pass_slice(&launch, where);
	ocl_pass_ulong(&launch, x.count);
	ocl_run(&launch, ocl_items(device, x.count), 1, R);
}
