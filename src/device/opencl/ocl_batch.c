/* Launchers of batch.cl. */
#include "ocl.h"

void ocl_gather_images(struct ut_device *device, const struct ut_gather *op)
{
	struct ocl_launch launch = ocl_begin(device, OCL_GATHER_IMAGES);

	ocl_pass_slice(&launch, op->images);
	ocl_pass_slice(&launch, op->ids);
	ocl_pass_slice(&launch, op->x);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->N);
	ocl_pass_uint(&launch, op->D);
	ocl_pass_uint(&launch, op->width);
	ocl_pass_float(&launch, op->scale);
	ocl_pass_float(&launch, op->shift);
	ocl_run(&launch, ocl_items(device, op->width), op->B, op->R);
}

void ocl_gather_labels(struct ut_device *device, unsigned R, size_t B,
		       size_t N, struct ut_slice labels, struct ut_slice ids,
		       struct ut_slice to)
{
	struct ocl_launch launch = ocl_begin(device, OCL_GATHER_LABELS);

	ocl_pass_slice(&launch, labels);
	ocl_pass_slice(&launch, ids);
	ocl_pass_slice(&launch, to);
	ocl_pass_uint(&launch, B);
	ocl_pass_uint(&launch, N);
	ocl_run(&launch, ocl_items(device, B), 1, R);
}
