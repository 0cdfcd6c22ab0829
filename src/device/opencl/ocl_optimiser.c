/* Launchers of optimiser.cl. */
#include "ocl.h"

static void sgd(struct ut_device *device, unsigned R,
		const struct ut_update *update, struct ut_slice w,
		struct ut_slice g, struct ut_slice m)
{
	struct ocl_launch launch = ocl_begin(device, OCL_SGD);

	ocl_pass_slice(&launch, w);
	ocl_pass_slice(&launch, g);
	ocl_pass_slice(&launch, m);
	ocl_pass_ulong(&launch, w.count);
	ocl_pass_float(&launch, update->rate);
	ocl_pass_float(&launch, update->beta1);
	ocl_run(&launch, ocl_items(device, w.count), 1, R);
}

void ocl_optimise(struct ut_device *device, unsigned R,
		  const struct ut_update *update, struct ut_slice w,
		  struct ut_slice g, struct ut_slice m, struct ut_slice v)
{
	struct ocl_launch launch;

	if (update->kind == UT_SGD) {
		sgd(device, R, update, w, g, m);
		return;
	}
	launch = ocl_begin(device, OCL_ADAM);
	ocl_pass_slice(&launch, w);
	ocl_pass_slice(&launch, g);
	ocl_pass_slice(&launch, m);
	ocl_pass_slice(&launch, v);
	ocl_pass_ulong(&launch, w.count);
	ocl_pass_float(&launch, update->rate);
	ocl_pass_float(&launch, update->beta1);
	ocl_pass_float(&launch, update->rest1);
	ocl_pass_float(&launch, update->beta2);
	ocl_pass_float(&launch, update->rest2);
	ocl_pass_float(&launch, update->correction1);
	ocl_pass_float(&launch, update->correction2);
	ocl_pass_float(&launch, update->epsilon);
	ocl_pass_uint(&launch, update->kind == UT_ADAMW);
	ocl_pass_float(&launch, update->keep);
	ocl_run(&launch, ocl_items(device, w.count), 1, R);
}
