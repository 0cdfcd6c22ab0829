/* Launchers of pool.cl. */
#include "ocl.h"

/* A work-item walks elements on a GPU, pixels on a processor. */
static size_t items(const struct ut_device *device, size_t pixels, size_t C)
{
	return ut_ocl_of(device)->tunables.gpu_shape
		       ? ut_ocl_items(device, pixels * C)
		       : ut_ocl_row_items(device, pixels);
}

static void pass_sizes(struct ut_ocl_launch *launch, size_t B, size_t H,
		       size_t W, size_t C, unsigned side)
{
	ut_ocl_pass_uint(launch, B);
	ut_ocl_pass_uint(launch, H);
	ut_ocl_pass_uint(launch, W);
	ut_ocl_pass_uint(launch, C);
	ut_ocl_pass_uint(launch, side);
}

static size_t pooled(const struct ut_pool *op)
{
	return op->B * (op->H / op->side) * (op->W / op->side);
}

void ut_ocl_max_pool(struct ut_device *device, const struct ut_pool *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_MAX_POOL);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_slice(&launch, op->index);
	pass_sizes(&launch, op->B, op->H, op->W, op->C, op->side);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->index));
	ut_ocl_run(&launch, items(device, pooled(op), op->C), 1, op->R);
}

void ut_ocl_average_pool(struct ut_device *device, const struct ut_pool *op,
			 float inverse)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_AVERAGE_POOL);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->y);
	pass_sizes(&launch, op->B, op->H, op->W, op->C, op->side);
	ut_ocl_pass_float(&launch, inverse);
	ut_ocl_run(&launch, items(device, pooled(op), op->C), 1, op->R);
}

void ut_ocl_pool_data(struct ut_device *device, const struct ut_pool_data *op,
		      float inverse)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_POOL_DATA);

	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->index);
	ut_ocl_pass_slice(&launch, op->gate);
	ut_ocl_pass_slice(&launch, op->dx);
	pass_sizes(&launch, op->B, op->H, op->W, op->C, op->side);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->index));
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ut_ocl_pass_float(&launch, op->scale);
	ut_ocl_pass_float(&launch, inverse);
	ut_ocl_run(&launch, items(device, op->B * op->H * op->W, op->C), 1,
		   op->R);
}
