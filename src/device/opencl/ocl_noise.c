/* Launchers of noise.cl. */
#include "ocl.h"
#include "octaves.h"

void ut_ocl_filter(struct ut_device *device, const struct ut_filter *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_FILTER);
	size_t items = ut_ocl_items(device, op->width), rows = 1;

	/* short rows: several to a work-item, so that it has a span to do */
	if (!ut_ocl_of(device)->tunables.gpu_shape)
		rows = ut_ocl_divide_up(ut_ocl_of(device)->tunables.span,
					op->width);
	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->weights);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_uint(&launch, op->A);
	ut_ocl_pass_uint(&launch, op->N * op->S);
	ut_ocl_pass_uint(&launch, op->S);
	ut_ocl_pass_uint(&launch, op->taps);
	ut_ocl_pass_uint(&launch, op->width);
	ut_ocl_pass_uint(&launch, rows);
	ut_ocl_pass_affine(&launch, &op->affine);
	ut_ocl_run(&launch, items, ut_ocl_divide_up(op->A, rows), op->R);
}

void ut_ocl_octaves(struct ut_device *device, const struct ut_octaves *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_OCTAVES);
	bool shared = op->shared < 0 || op->shared > 0;
	size_t pixels = op->H * op->W;

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->H);
	ut_ocl_pass_uint(&launch, op->W);
	ut_ocl_pass_uint(&launch, op->C);
	ut_ocl_pass_uint(&launch, op->width);
	ut_ocl_pass_uint(&launch, op->x.count / op->B / (op->C + shared));
	ut_ocl_pass_uint(&launch, shared);
	ut_ocl_pass_float(&launch, op->shared);
	ut_ocl_pass_float(&launch, op->own);
	ut_ocl_pass_affine(&launch, &op->affine);
	ut_ocl_run(&launch,
		   ut_ocl_of(device)->tunables.gpu_shape
			   ? ut_ocl_items(device, pixels)
			   : ut_ocl_divide_up(op->W, UT_OCTAVE_STRIP),
		   op->B, op->R);
}
