/* The OpenCL backend: opening and closing a device, and the table of slots. */
#include "ocl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

/* Finds the device again that the list, made in another process, named. */
static enum ut_status find(struct ut_ocl *ocl,
			   const struct ut_device_info *info,
			   struct ut_error *error)
{
	cl_platform_id platforms[MOST];
	cl_device_id ids[MOST];
	cl_uint count = 0;
	char name[UT_DEVICE_TEXT] = "", platform[UT_DEVICE_TEXT] = "";
	enum ut_status status = ut_ocl_load(info, error);
	cl_int code;

	if (status)
		return status;
	code = clGetPlatformIDs(MOST, platforms, &count);
	if (code)
		return ut_ocl_error_set(error, code, "list OpenCL platforms");
	if (info->platform_number < count && info->platform_number < MOST) {
		ocl->platform = platforms[info->platform_number];
		code = clGetDeviceIDs(ocl->platform, CL_DEVICE_TYPE_ALL, MOST,
				      ids, &count);
		if (code)
			return ut_ocl_error_set(error, code,
						"list the platform's devices");
		if (info->device_number < count && info->device_number < MOST) {
			ocl->id = ids[info->device_number];
			ut_ocl_device_text(ocl->id, CL_DEVICE_NAME, name);
			ut_ocl_platform_name(ocl->platform, platform);
		}
	}
	if (strcmp(name, info->name) || strcmp(platform, info->platform))
		return ut_error_set(error, UT_MISSING,
				    "device %s is not where "
				    "it was a moment ago",
				    info->name);
	return UT_OK;
}

/* Compiles all kernels with the tunables as they are. */
static enum ut_status build(struct ut_ocl *ocl, struct ut_error *error)
{
	const bool gpu = ocl->tunables.gpu_shape;
	const char *tuned = ocl->tuned ? "tuned" : NULL;
	const char *names[] = {
		gpu ? "linear_gpu" : "linear_cpu",
		gpu ? "conv_gpu" : "conv_cpu",
		"pool",
		"random",
		"noise",
		"blend",
		"augment",
		"batch",
		"loss",
		"optimiser",
		"evaluate",
		"memory",
		"peak",
		gpu ? tuned : "conv_data_cpu",
		gpu ? NULL : "conv_weights_cpu",
		tuned,
		NULL,
	};
	enum ut_status status;

	if (ocl->program)
		clReleaseProgram(ocl->program);
	status = ut_ocl_program_build(ocl, names, &ocl->program, error);
	if (!status)
		status = ut_ocl_kernels_init(ocl, error);
	if (status)
		ut_ocl_kernels_release(ocl);
	return status;
}

/*
 * A kernel's own limit shows after building. Numbers that were asked for are left
 * at that; else the defaults are tried, in smaller and smaller groups.
 */
static enum ut_status build_that_fits(struct ut_ocl *ocl,
				      struct ut_error *error)
{
	struct ut_ocl_tunables *t = &ocl->tunables;
	enum ut_status status = build(ocl, error);

	if (status && ut_ocl_is_tuned(ocl)) {
		if (t->asked)
			return ut_error_prefix(error, "UNDERTONE_TUNING");
		ut_ocl_tuning_reset(ocl);
		status = build(ocl, error);
	}
	while (status && ocl->program && t->gpu_shape && t->side > 4) {
		t->side /= 2;
		if (t->group > t->side * t->side)
			t->group /= 2;
		status = build(ocl, error);
	}
	return status;
}

/*
 * What the driver of a lost device has in hand stays with it: to release it could
 * take for ever.
 */
static void release(struct ut_ocl *ocl)
{
	int i;

	if (ocl->lost)
		return;
	ut_ocl_tuned_close(ocl->tuned);
	ut_ocl_stages_release(ocl);
	ut_ocl_kernels_release(ocl);
	for (i = 0; i < OCL_MARKS; ++i)
		if (ocl->marks[i])
			clReleaseEvent(ocl->marks[i]);
	if (ocl->scratch.handle)
		clReleaseMemObject(ocl->scratch.handle);
	if (ocl->nothing)
		clReleaseMemObject(ocl->nothing);
	if (ocl->program)
		clReleaseProgram(ocl->program);
	if (ocl->queue)
		clReleaseCommandQueue(ocl->queue);
	if (ocl->context)
		clReleaseContext(ocl->context);
	free(ocl);
}

static enum ut_status start(struct ut_ocl *ocl, struct ut_error *error)
{
	enum ut_status status = ut_ocl_patience(&ocl->patience, error);
	cl_uint units = 1;
	cl_int code;

	if (status)
		return status;
	ocl->context = clCreateContext(NULL, 1, &ocl->id, NULL, NULL, &code);
	if (!ocl->context)
		return ut_ocl_error_set(error, code, "create a context");
	ocl->queue = clCreateCommandQueue(ocl->context, ocl->id, 0, &code);
	if (!ocl->queue)
		return ut_ocl_error_set(error, code, "create a queue");
	ocl->nothing = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, 64, NULL,
				      &code);
	if (!ocl->nothing)
		return ut_ocl_error_set(error, code, "create a buffer");
	clGetDeviceInfo(ocl->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(units),
			&units, NULL);
	ocl->compute_units = units;
	return UT_OK;
}

/* What exactness costs can be measured: without all of it. */
static void relax(struct ut_ocl *ocl, struct ut_device_info *info)
{
	ocl->relaxed = true;
	ocl->repairs = 0;
	info->bit_exact = false;
	snprintf(info->flaw, sizeof(info->flaw), "fast-math was asked for");
}

static void describe(const struct ut_ocl *ocl, struct ut_device_info *info)
{
	struct ut_text tuning = {0};

	ut_ocl_tuning_level(ocl, info->level);
	ut_ocl_tuning_write(&ocl->tunables, &tuning);
	snprintf(info->tuning, sizeof(info->tuning), "%s",
		 ut_text_string(&tuning));
	snprintf(info->tuning_key, sizeof(info->tuning_key), "%s",
		 ocl->tuning_key);
	ut_text_release(&tuning);
}

static enum ut_status ocl_open(struct ut_device *device, struct ut_error *error)
{
	struct ut_ocl *ocl = calloc(1, sizeof(*ocl));
	enum ut_status status;

	if (!ocl)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = find(ocl, &device->info, error);
	if (!status)
		status = ut_ocl_tuning_choose(ocl, error);
	if (!status)
		status = start(ocl, error);
	if (!status)
		status = ut_ocl_prove(device, ocl, error);
	if (!status && ocl->tunables.fast_math)
		relax(ocl, &device->info);
	if (!status && *device->info.library)
		status = ut_ocl_tuned_open(device, ocl, error);
	if (!status)
		status = build_that_fits(ocl, error);
	if (status) {
		release(ocl);
		return ut_error_prefix(error, "cannot open %s",
				       device->info.name);
	}
	describe(ocl, &device->info);
	device->state = ocl;
	return UT_OK;
}

static void ocl_close(struct ut_device *device)
{
	/* After a failure the driver may never come back from this. */
	if (!device->latched.status)
		ut_ocl_drain(ut_ocl_of(device));
	release(ut_ocl_of(device));
	device->state = NULL;
}

static void ocl_finish(struct ut_device *device)
{
	cl_int code = ut_ocl_drain(ut_ocl_of(device));

	if (code)
		ut_ocl_latch(device, code, "waiting for the device");
}

static void ocl_trim(struct ut_device *device)
{
	ut_ocl_drop_scratch(ut_ocl_of(device));
}

const struct ut_backend ut_opencl_backend = {
	.name = "opencl",
	.library = &ut_ocl_library,
	.open = ocl_open,
	.tuning_neighbour = ut_ocl_tuning_neighbour,
	.close = ocl_close,
	.finish = ocl_finish,
	.trim = ocl_trim,
	.alloc = ut_ocl_alloc,
	.release = ut_ocl_release,
	.write = ut_ocl_write,
	.read = ut_ocl_read,
	.copy = ut_ocl_copy,
	.fill = ut_ocl_fill,
	.linear_forward = ut_ocl_linear_forward,
	.linear_data = ut_ocl_linear_data,
	.linear_weights = ut_ocl_linear_weights,
	.conv_forward = ut_ocl_conv_forward,
	.conv_data = ut_ocl_conv_data,
	.conv_weights = ut_ocl_conv_weights,
	.max_pool = ut_ocl_max_pool,
	.average_pool = ut_ocl_average_pool,
	.pool_data = ut_ocl_pool_data,
	.filter = ut_ocl_filter,
	.octaves = ut_ocl_octaves,
	.blend = ut_ocl_blend,
	.augment = ut_ocl_augment,
	.random = ut_ocl_random,
	.dropout = ut_ocl_dropout,
	.gather_images = ut_ocl_gather_images,
	.gather_labels = ut_ocl_gather_labels,
	.cross_entropy = ut_ocl_cross_entropy,
	.distil = ut_ocl_distil,
	.moments = ut_ocl_moments,
	.mean = ut_ocl_mean,
	.optimise = ut_ocl_optimise,
	.argmax = ut_ocl_argmax,
	.count_equal = ut_ocl_count_equal,
	.tuned_forward = ut_ocl_tuned_forward,
	.fma_chain = ut_ocl_fma_chain,
	.check_finite = ut_ocl_check_finite,
};
