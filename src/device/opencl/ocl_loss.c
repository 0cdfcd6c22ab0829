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

static enum ut_ocl_kernel_id kernel_of(enum ut_distillation kind)
{
	switch (kind) {
	case UT_KL:
		return OCL_DISTIL_KL;
	case UT_REVERSE_KL:
		return OCL_DISTIL_REVKL;
	case UT_JS:
		return OCL_DISTIL_JS;
	case UT_KD:
		return OCL_DISTIL_KD;
	case UT_COSINE_DISTANCE:
		return OCL_DISTIL_COSINE;
	case UT_MSE:
	case UT_MSE_NORM:
		break;
	}
	return OCL_DISTIL_MSE;
}

/* SCALE of loss.cl */
static void pass_scale(struct ut_ocl_launch *launch,
		       const struct ut_distil_scale *scale)
{
	ut_ocl_pass_float(launch, scale->cool);
	ut_ocl_pass_float(launch, scale->slope);
	ut_ocl_pass_float(launch, scale->weight);
	ut_ocl_pass_float(launch, scale->label_slope);
	ut_ocl_pass_float(launch, scale->label_weight);
}

void ut_ocl_distil(struct ut_device *device, const struct ut_distil *op,
		   const struct ut_distil_scale *scale)
{
	const struct ut_loss *loss = &op->loss;
	struct ut_ocl_launch launch = ut_ocl_begin(device, kernel_of(op->kind));
	bool squares = op->kind == UT_MSE || op->kind == UT_MSE_NORM;

	ut_ocl_pass_slice(&launch, loss->logits);
	ut_ocl_pass_slice(&launch, op->teacher);
	if (squares)
		ut_ocl_pass_slice(&launch, op->moments);
	if (op->kind == UT_KD)
		ut_ocl_pass_slice(&launch, op->labels);
	pass_outputs(&launch, loss);
	if (squares)
		ut_ocl_pass_uint(&launch, op->kind == UT_MSE_NORM);
	if (op->kind == UT_KD)
		ut_ocl_pass_uint(&launch, op->alpha > 0);
	pass_scale(&launch, scale);
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
