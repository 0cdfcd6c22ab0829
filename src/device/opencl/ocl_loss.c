/* Launchers of loss.cl. */
#include "ocl.h"

/* What all losses take between their inputs and their constants. */
static void pass_outputs(struct ut_ocl_launch *launch,
			 const struct ut_loss *loss)
{
	ut_ocl_pass_slice(launch, loss->gradient);
	ut_ocl_pass_slice(launch, loss->loss);
	ut_ocl_pass_uint(launch, loss->B);
	ut_ocl_pass_uint(launch, loss->C);
	ut_ocl_pass_uint(launch, loss->first);
	ut_ocl_pass_uint(launch, loss->count);
}

void ut_ocl_cross_entropy(struct ut_device *device, const struct ut_loss *loss,
			  struct ut_slice labels, float inverse)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_CROSS_ENTROPY);

	ut_ocl_pass_slice(&launch, loss->logits);
	ut_ocl_pass_slice(&launch, labels);
	pass_outputs(&launch, loss);
	ut_ocl_pass_float(&launch, inverse);
	ut_ocl_run(&launch, ut_ocl_row_items(device, loss->B), 1, loss->R);
}

void ut_ocl_distil(struct ut_device *device, const struct ut_loss *loss,
		   enum ut_distillation kind, struct ut_slice teacher,
		   struct ut_slice moments, float inverse, float twice)
{
	struct ut_ocl_launch launch =
		ut_ocl_begin(device,
			     kind == UT_KL ? OCL_DISTIL_KL : OCL_DISTIL_MSE);

	ut_ocl_pass_slice(&launch, loss->logits);
	ut_ocl_pass_slice(&launch, teacher);
	if (kind != UT_KL)
		ut_ocl_pass_slice(&launch, moments);
	pass_outputs(&launch, loss);
	if (kind != UT_KL)
		ut_ocl_pass_uint(&launch, kind == UT_MSE_NORM);
	ut_ocl_pass_float(&launch, inverse);
	if (kind != UT_KL)
		ut_ocl_pass_float(&launch, twice);
	ut_ocl_run(&launch, ut_ocl_row_items(device, loss->B), 1, loss->R);
}

void ut_ocl_moments(struct ut_device *device, unsigned R, size_t B, size_t C,
		    size_t first, size_t count, struct ut_slice x,
		    struct ut_slice moments, float inverse)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_MOMENTS);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_slice(&launch, moments);
	ut_ocl_pass_uint(&launch, B);
	ut_ocl_pass_uint(&launch, C);
	ut_ocl_pass_uint(&launch, first);
	ut_ocl_pass_uint(&launch, count);
	ut_ocl_pass_float(&launch, inverse);
	ut_ocl_run(&launch, count, 1, R);
}

void ut_ocl_mean(struct ut_device *device, unsigned R, struct ut_slice x,
		 struct ut_slice y, float inverse)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_MEAN);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_slice(&launch, y);
	ut_ocl_pass_ulong(&launch, x.count);
	ut_ocl_pass_float(&launch, inverse);
	ut_ocl_run(&launch, 1, 1, R);
}
