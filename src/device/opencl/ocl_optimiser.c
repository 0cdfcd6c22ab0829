/* Launchers of optimiser.cl. */
#include "ocl.h"

static void sgd(struct ut_device *device, unsigned R,
		const struct ut_update *update, struct ut_slice w,
		struct ut_slice g, struct ut_slice m)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_SGD);

	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, g);
	ut_ocl_pass_slice(&launch, m);
	ut_ocl_pass_ulong(&launch, w.count);
	ut_ocl_pass_float(&launch, update->rate);
	ut_ocl_pass_float(&launch, update->beta1);
	ut_ocl_run(&launch, ut_ocl_items(device, w.count), 1, R);
}

void ut_ocl_optimise(struct ut_device *device, unsigned R,
		     const struct ut_update *update, struct ut_slice w,
		     struct ut_slice g, struct ut_slice m, struct ut_slice v)
{
	struct ut_ocl_launch launch;

	if (update->kind == UT_SGD) {
		sgd(device, R, update, w, g, m);
		return;
	}
	launch = ut_ocl_begin(device, OCL_ADAM);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, g);
	ut_ocl_pass_slice(&launch, m);
	ut_ocl_pass_slice(&launch, v);
	ut_ocl_pass_ulong(&launch, w.count);
	ut_ocl_pass_float(&launch, update->rate);
	ut_ocl_pass_float(&launch, update->beta1);
	ut_ocl_pass_float(&launch, update->rest1);
	ut_ocl_pass_float(&launch, update->beta2);
	ut_ocl_pass_float(&launch, update->rest2);
	ut_ocl_pass_float(&launch, update->correction1);
	ut_ocl_pass_float(&launch, update->correction2);
	ut_ocl_pass_float(&launch, update->epsilon);
	ut_ocl_pass_uint(&launch, update->kind == UT_ADAMW);
	ut_ocl_pass_float(&launch, update->keep);
	ut_ocl_run(&launch, ut_ocl_items(device, w.count), 1, R);
}
