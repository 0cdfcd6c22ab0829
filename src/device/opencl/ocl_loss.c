/* Launchers of loss.cl. */
#include "ocl.h"

/* What all losses take between their inputs and their constants. */
static void pass_outputs(struct ocl_launch *launch, const struct ut_loss *loss)
{
	ocl_pass_slice(launch, loss->gradient);
	ocl_pass_slice(launch, loss->loss);
	ocl_pass_uint(launch, loss->B);
	ocl_pass_uint(launch, loss->C);
	ocl_pass_uint(launch, loss->first);
	ocl_pass_uint(launch, loss->count);
}

void ocl_cross_entropy(struct ut_device *device, const struct ut_loss *loss,
		       struct ut_slice labels, float inverse)
{
	struct ocl_launch launch = ocl_begin(device, OCL_CROSS_ENTROPY);

	ocl_pass_slice(&launch, loss->logits);
	ocl_pass_slice(&launch, labels);
	pass_outputs(&launch, loss);
	ocl_pass_float(&launch, inverse);
	ocl_run(&launch, ocl_row_items(device, loss->B), 1, loss->R);
}

void ocl_distil(struct ut_device *device, const struct ut_loss *loss,
		enum ut_distillation kind, struct ut_slice teacher,
		struct ut_slice moments, float inverse, float twice)
{
	struct ocl_launch launch =
		ocl_begin(device, kind == UT_KL ? OCL_DISTIL_KL
						: OCL_DISTIL_MSE);

	ocl_pass_slice(&launch, loss->logits);
	ocl_pass_slice(&launch, teacher);
	if (kind != UT_KL)
		ocl_pass_slice(&launch, moments);
	pass_outputs(&launch, loss);
	if (kind != UT_KL)
		ocl_pass_uint(&launch, kind == UT_MSE_NORM);
	ocl_pass_float(&launch, inverse);
	if (kind != UT_KL)
		ocl_pass_float(&launch, twice);
	ocl_run(&launch, ocl_row_items(device, loss->B), 1, loss->R);
}

void ocl_moments(struct ut_device *device, unsigned R, size_t B, size_t C,
		 size_t first, size_t count, struct ut_slice x,
		 struct ut_slice moments, float inverse)
{
	struct ocl_launch launch = ocl_begin(device, OCL_MOMENTS);

	ocl_pass_slice(&launch, x);
	ocl_pass_slice(&launch, moments);
	ocl_pass_uint(&launch, B);
	ocl_pass_uint(&launch, C);
	ocl_pass_uint(&launch, first);
	ocl_pass_uint(&launch, count);
	ocl_pass_float(&launch, inverse);
	ocl_run(&launch, count, 1, R);
}

void ocl_mean(struct ut_device *device, unsigned R, struct ut_slice x,
	      struct ut_slice y, float inverse)
{
	struct ocl_launch launch = ocl_begin(device, OCL_MEAN);

	ocl_pass_slice(&launch, x);
	ocl_pass_slice(&launch, y);
	ocl_pass_ulong(&launch, x.count);
	ocl_pass_float(&launch, inverse);
	ocl_run(&launch, 1, 1, R);
}
