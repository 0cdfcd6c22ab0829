/* Launchers of random.cl. */
#include "ocl.h"

static void pass_rng(struct ocl_launch *launch, const struct ut_rng *rng)
{
	ocl_pass_uint(launch, rng->replica);
	ocl_pass_uint(launch, rng->stream);
	ocl_pass_uint(launch, rng->seed);
	ocl_pass_uint(launch, rng->purpose);
}

/* Work-items of a row: for whole blocks of four columns, then for those left. */
static size_t row_items(const struct ut_device *device, size_t columns,
			size_t width)
{
	size_t whole = columns / 4, left = width - 4 * whole;

	return ocl_items(device, whole > left ? whole : left);
}

void ocl_random(struct ut_device *device, const struct ut_random *op)
{
	bool normal = op->distribution == UT_NORMAL;
	struct ocl_launch launch =
		ocl_begin(device, normal ? OCL_RANDOM_NORMAL
					 : OCL_RANDOM_UNIFORM);

	ocl_pass_slice(&launch, op->x);
	ocl_pass_slice(&launch, op->rows);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->columns);
	ocl_pass_uint(&launch, op->width);
	ocl_pass_float(&launch, op->scale);
	ocl_pass_float(&launch, op->shift);
	ocl_pass_uint(&launch, !ut_slice_none(op->rows));
	ocl_pass_uint(&launch, op->first_row);
	pass_rng(&launch, &op->rng);
	ocl_run(&launch, row_items(device, op->columns, op->width), op->B,
		op->R);
}

void ocl_dropout(struct ut_device *device, const struct ut_dropout *op)
{
	struct ocl_launch launch = ocl_begin(device, OCL_DROPOUT);

	ocl_pass_slice(&launch, op->x);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->D);
	ocl_pass_uint(&launch, op->threshold);
	ocl_pass_float(&launch, op->scale);
	ocl_pass_uint(&launch, op->first_row);
	pass_rng(&launch, &op->rng);
	ocl_run(&launch, row_items(device, op->D, op->D), op->B, op->R);
}
