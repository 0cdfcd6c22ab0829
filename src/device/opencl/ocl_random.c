/* Launchers of random.cl. */
#include "ocl.h"

static void pass_rng(struct ut_ocl_launch *launch, const struct ut_rng *rng)
{
	ut_ocl_pass_uint(launch, rng->replica);
	ut_ocl_pass_uint(launch, rng->stream);
	ut_ocl_pass_uint(launch, rng->seed);
	ut_ocl_pass_uint(launch, rng->purpose);
}

/* Work-items of a row: for whole blocks of four columns, then for those left. */
static size_t row_items(const struct ut_device *device, size_t columns,
			size_t width)
{
	size_t whole = columns / 4, left = width - 4 * whole;

	return ut_ocl_items(device, whole > left ? whole : left);
}

void ut_ocl_random(struct ut_device *device, const struct ut_random *op)
{
	bool normal = op->distribution == UT_NORMAL;
	struct ut_ocl_launch launch =
		ut_ocl_begin(device,
			     normal ? OCL_RANDOM_NORMAL : OCL_RANDOM_UNIFORM);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->rows);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->columns);
	ut_ocl_pass_uint(&launch, op->width);
	ut_ocl_pass_affine(&launch, &op->affine);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->rows));
	ut_ocl_pass_uint(&launch, op->first_row);
	pass_rng(&launch, &op->rng);
	ut_ocl_run(&launch, row_items(device, op->columns, op->width), op->B,
		   op->R);
}

void ut_ocl_dropout(struct ut_device *device, const struct ut_dropout *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_DROPOUT);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, op->threshold);
	ut_ocl_pass_float(&launch, op->scale);
	ut_ocl_pass_uint(&launch, op->first_row);
	pass_rng(&launch, &op->rng);
	ut_ocl_run(&launch, row_items(device, op->D, op->D), op->B, op->R);
}
