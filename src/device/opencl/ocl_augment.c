/* Launchers of augment.cl. */
#include "ocl.h"

void ut_ocl_augment(struct ut_device *device, const struct ut_augment *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_AUGMENT);

	ut_ocl_pass_slice(&launch, op->images);
	ut_ocl_pass_slice(&launch, op->ids);
	ut_ocl_pass_slice(&launch, op->to);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->N);
	ut_ocl_pass_uint(&launch, op->H);
	ut_ocl_pass_uint(&launch, op->W);
	ut_ocl_pass_uint(&launch, op->C);
	ut_ocl_pass_uint(&launch, op->turn);
	ut_ocl_pass_uint(&launch, op->shift);
	ut_ocl_pass_uint(&launch, op->flip);
	ut_ocl_pass_uint(&launch, op->brightness);
	ut_ocl_pass_uint(&launch, op->first_row);
	ut_ocl_pass_uint(&launch, op->rng.replica);
	ut_ocl_pass_uint(&launch, op->rng.stream);
	ut_ocl_pass_uint(&launch, op->rng.seed);
	ut_ocl_pass_uint(&launch, op->rng.purpose);
	ut_ocl_run(&launch, ut_ocl_items(device, op->H * op->W), op->B, op->R);
}
