/* Launching kernels: check, set arguments, round up, run. */
#include "ocl.h"

#include <assert.h>
#include <stdio.h>

/*
 * A queue of unfinished work is handed to the device every FLUSH launches. Every
 * MARK launches the host waits until the mark before the last is reached: the
 * device always has work, and the driver's queue stays short.
 */
enum { FLUSH = 4, MARK = 64 };

/* More work-items than this walk their elements in strides. */
enum { MAX_ITEMS = 1 << 22 };

static const char *const kernel_names[] = {
#define OCL_NAME(word, name) #name,
	OCL_KERNELS(OCL_NAME)
#undef OCL_NAME
};

static enum ut_status kernel_init(struct ut_ocl *ocl,
				  struct ut_ocl_kernel *kernel,
				  struct ut_error *error)
{
	size_t most = 0, items;
	char what[64];
	cl_int code;

	kernel->kernel = clCreateKernel(ocl->program, kernel->name, &code);
	if (!code)
		code = clGetKernelWorkGroupInfo(
			kernel->kernel, ocl->id,
			CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
			sizeof(kernel->group), kernel->group, NULL);
	if (!code)
		code = clGetKernelWorkGroupInfo(kernel->kernel, ocl->id,
						CL_KERNEL_WORK_GROUP_SIZE,
						sizeof(most), &most, NULL);
	items = kernel->group[0] * kernel->group[1] * kernel->group[2];
	if (!code && (!items || items > most))
		code = CL_INVALID_WORK_GROUP_SIZE;
	if (!code)
		return UT_OK;
	snprintf(what, sizeof(what), "prepare kernel %s", kernel->name);
	return ut_ocl_error_set(error, code, what);
}

static bool kernel_is_there(const struct ut_ocl *ocl, size_t id)
{
	if (id == OCL_CONV_PACK || id == OCL_CONV_TURN || id == OCL_CONV_NARROW)
		return !ocl->tunables.gpu_shape;
	if (id == OCL_CONV_TOTAL)
		return ocl->tunables.gpu_shape;
	if (id == OCL_FINISH_FORWARD || id == OCL_FINISH_DATA ||
	    id == OCL_BIAS_GRADIENT)
		return ocl->tuned;
	return true;
}

enum ut_status ut_ocl_kernels_init(struct ut_ocl *ocl, struct ut_error *error)
{
	size_t i;

	for (i = 0; i < OCL_KERNEL_COUNT; ++i) {
		enum ut_status status;

		ocl->kernels[i].name = kernel_names[i];
		if (!kernel_is_there(ocl, i))
			continue;
		status = kernel_init(ocl, &ocl->kernels[i], error);
		if (status)
			return status;
	}
	return UT_OK;
}

void ut_ocl_kernels_release(struct ut_ocl *ocl)
{
	size_t i;

	for (i = 0; i < OCL_KERNEL_COUNT; ++i) {
		if (ocl->kernels[i].kernel)
			clReleaseKernel(ocl->kernels[i].kernel);
		ocl->kernels[i].kernel = NULL;
	}
}

struct ut_ocl_launch ut_ocl_begin(struct ut_device *device,
				  enum ut_ocl_kernel_id id)
{
	return (struct ut_ocl_launch){
		.device = device,
		.kernel = &ut_ocl_of(device)->kernels[id],
	};
}

static void pass(struct ut_ocl_launch *launch, size_t bytes, const void *value)
{
	cl_int code = clSetKernelArg(launch->kernel->kernel, launch->next++,
				     bytes, value);

	if (!launch->code)
		launch->code = code;
}

void ut_ocl_pass_slice(struct ut_ocl_launch *launch, struct ut_slice slice)
{
	cl_mem memory = ut_slice_none(slice)
				? ut_ocl_of(launch->device)->nothing
				: slice.buffer->handle;

	pass(launch, sizeof(memory), &memory);
	ut_ocl_pass_ulong(launch, slice.offset);
	ut_ocl_pass_ulong(launch, slice.stride);
}

void ut_ocl_pass_uint(struct ut_ocl_launch *launch, size_t value)
{
	cl_uint narrow = (cl_uint)value;

	assert(value == narrow);
	pass(launch, sizeof(narrow), &narrow);
}

void ut_ocl_pass_ulong(struct ut_ocl_launch *launch, size_t value)
{
	cl_ulong wide = value;

	pass(launch, sizeof(wide), &wide);
}

void ut_ocl_pass_float(struct ut_ocl_launch *launch, float value)
{
	cl_float number = value;

	pass(launch, sizeof(number), &number);
}

void ut_ocl_pass_affine(struct ut_ocl_launch *launch,
			const struct ut_affine *affine)
{
	unsigned i;

	ut_ocl_pass_uint(launch, affine->channels);
	for (i = 0; i < UT_CHANNELS_MAX; ++i)
		ut_ocl_pass_float(launch, affine->scale[i]);
	for (i = 0; i < UT_CHANNELS_MAX; ++i)
		ut_ocl_pass_float(launch, affine->shift[i]);
}

/* Keeps the device busy and the queue short; see FLUSH and MARK. */
static cl_int pace(struct ut_ocl *ocl)
{
	cl_event *mark;
	cl_int code;

	++ocl->launches;
	if (ocl->launches % FLUSH)
		return CL_SUCCESS;
	if (ocl->launches % MARK)
		return clFlush(ocl->queue);
	mark = &ocl->marks[ocl->launches / MARK % OCL_MARKS];
	if (*mark) {
		code = ut_ocl_await(ocl, *mark);
		if (code)
			return code;
		clReleaseEvent(*mark);
		*mark = NULL;
	}
	code = clEnqueueMarkerWithWaitList(ocl->queue, 0, NULL, mark);
	return code ? code : clFlush(ocl->queue);
}

void ut_ocl_run(struct ut_ocl_launch *launch, size_t x, size_t y, unsigned R)
{
	struct ut_ocl *ocl = ut_ocl_of(launch->device);
	const size_t *group = launch->kernel->group;
	size_t items[3] = {x, y, R};
	int i;

	for (i = 0; i < 3; ++i)
		items[i] = ut_ocl_divide_up(items[i], group[i]) * group[i];
	ocl->last = launch->kernel->name;
	if (!launch->code)
		launch->code =
			clEnqueueNDRangeKernel(ocl->queue,
					       launch->kernel->kernel, 3, NULL,
					       items, group, 0, NULL, NULL);
	if (!launch->code)
		launch->code = pace(ocl);
	if (launch->code)
		ut_ocl_latch(launch->device, launch->code,
			     launch->kernel->name);
}

static size_t items(const struct ut_device *device, size_t n, unsigned span)
{
	if (!ut_ocl_of(device)->tunables.gpu_shape)
		return ut_ocl_divide_up(n, span);
	return n < MAX_ITEMS ? n : MAX_ITEMS;
}

size_t ut_ocl_items(const struct ut_device *device, size_t n)
{
	return items(device, n, ut_ocl_of(device)->tunables.span);
}

size_t ut_ocl_row_items(const struct ut_device *device, size_t n)
{
	return items(device, n, ut_ocl_of(device)->tunables.row_span);
}
