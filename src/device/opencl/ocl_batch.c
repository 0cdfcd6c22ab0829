/* Launchers of batch.cl. */
#include "ocl.h"

void ut_ocl_gather_images(struct ut_device *device, const struct ut_gather *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_GATHER_IMAGES);

	ut_ocl_pass_slice(&launch, op->images);
	ut_ocl_pass_slice(&launch, op->ids);
	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->N);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, op->width);
	ut_ocl_pass_affine(&launch, &op->affine);
	ut_ocl_run(&launch, ut_ocl_items(device, op->width), op->B, op->R);
}

void ut_ocl_gather_labels(struct ut_device *device, unsigned R, size_t B,
			  size_t N, struct ut_slice labels, struct ut_slice ids,
			  struct ut_slice to)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_GATHER_LABELS);

	ut_ocl_pass_slice(&launch, labels);
	ut_ocl_pass_slice(&launch, ids);
	ut_ocl_pass_slice(&launch, to);
	ut_ocl_pass_uint(&launch, B);
	ut_ocl_pass_uint(&launch, N);
	ut_ocl_run(&launch, ut_ocl_items(device, B), 1, R);
}
