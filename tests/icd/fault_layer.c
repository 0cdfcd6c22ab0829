/*
 * A layer of OpenCL's loader (OPENCL_LAYERS) over whichever driver computes. FAULT
 * says what goes wrong, as "word" or "word=N", N counting launches of kernels:
 *
 *   hidden     no platform has a device: tells whether layers work at all
 *   silent=N   from the N-th launch on nothing is ever done with
 *   lost=N     from the N-th launch on every call fails
 *   full=N     from the N-th buffer on there is no memory, which shows when it
 *              is first used; full=N/M: for M buffers
 *   build      kernels do not compile
 *
 * Once the device is silent or lost, to wait for it or to release anything takes
 * for ever.
 */
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <CL/cl_layer.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cl_icd_dispatch *next;
static cl_icd_dispatch table;
static long launches, buffers;
static cl_context context;

/* A new FAULT counts anew. */
static const char *fault(void)
{
	static char last[64];
	const char *text = getenv("FAULT");

	text = text ? text : "";
	if (strcmp(text, last)) {
		snprintf(last, sizeof(last), "%s", text);
		launches = buffers = 0;
	}
	return text;
}

/* Whether FAULT is the word; *from and *count are its numbers. */
static bool is(const char *word, long *from, long *count)
{
	const char *text = fault();
	size_t length = strlen(word);
	char *end = "";

	if (strncmp(text, word, length) ||
	    (text[length] && text[length] != '='))
		return false;
	*from = text[length] ? strtol(text + length + 1, &end, 10) : 0;
	*count = *end == '/' ? strtol(end + 1, NULL, 10) : 1 << 30;
	return true;
}

static bool now(const char *word, long counter)
{
	long from, count;

	return is(word, &from, &count) && counter >= from &&
	       counter < from + count;
}

static bool gone(void)
{
	return now("silent", launches) || now("lost", launches);
}

static void never(void)
{
	for (;;)
		pause();
}

static cl_int CL_API_CALL device_ids(cl_platform_id platform,
				     cl_device_type type, cl_uint size,
				     cl_device_id *ids, cl_uint *actual)
{
	if (now("hidden", 0))
		return CL_DEVICE_NOT_FOUND;
	return next->clGetDeviceIDs(platform, type, size, ids, actual);
}

static cl_context CL_API_CALL create_context(
	const cl_context_properties *properties, cl_uint count,
	const cl_device_id *ids,
	void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
	void *user, cl_int *code)
{
	context = next->clCreateContext(properties, count, ids, notify, user,
					code);
	return context;
}

static cl_int CL_API_CALL run(cl_command_queue queue, cl_kernel kernel,
			      cl_uint dimensions, const size_t *first,
			      const size_t *all, const size_t *group,
			      cl_uint waits, const cl_event *list,
			      cl_event *event)
{
	fault();
	++launches;
	if (now("lost", launches))
		return CL_OUT_OF_RESOURCES;
	return next->clEnqueueNDRangeKernel(queue, kernel, dimensions, first,
					    all, group, waits, list, event);
}

/* An event that nobody will ever complete. */
static cl_int CL_API_CALL marker(cl_command_queue queue, cl_uint waits,
				 const cl_event *list, cl_event *event)
{
	cl_int code = CL_SUCCESS;

	if (now("lost", launches))
		return CL_INVALID_COMMAND_QUEUE;
	if (!now("silent", launches))
		return next->clEnqueueMarkerWithWaitList(queue, waits, list,
							 event);
	*event = next->clCreateUserEvent(context, &code);
	return code;
}

static cl_int CL_API_CALL finish(cl_command_queue queue)
{
	if (gone())
		never();
	return next->clFinish(queue);
}

static cl_int CL_API_CALL flush(cl_command_queue queue)
{
	return now("lost", launches) ? CL_INVALID_COMMAND_QUEUE
				     : next->clFlush(queue);
}

static cl_int CL_API_CALL wait_for(cl_uint count, const cl_event *events)
{
	if (gone())
		never();
	return next->clWaitForEvents(count, events);
}

static cl_int CL_API_CALL read_buffer(cl_command_queue queue, cl_mem buffer,
				      cl_bool blocking, size_t offset,
				      size_t bytes, void *to, cl_uint waits,
				      const cl_event *list, cl_event *event)
{
	if (gone())
		never();
	return next->clEnqueueReadBuffer(queue, buffer, blocking, offset, bytes,
					 to, waits, list, event);
}

static cl_int CL_API_CALL fill(cl_command_queue queue, cl_mem buffer,
			       const void *pattern, size_t pattern_bytes,
			       size_t offset, size_t bytes, cl_uint waits,
			       const cl_event *list, cl_event *event)
{
	fault();
	++buffers;
	if (now("full", buffers))
		return CL_MEM_OBJECT_ALLOCATION_FAILURE;
	return next->clEnqueueFillBuffer(queue, buffer, pattern, pattern_bytes,
					 offset, bytes, waits, list, event);
}

static cl_int CL_API_CALL build(cl_program program, cl_uint count,
				const cl_device_id *ids, const char *options,
				void(CL_CALLBACK *notify)(cl_program, void *),
				void *user)
{
	if (now("build", 0))
		return CL_BUILD_PROGRAM_FAILURE;
	return next->clBuildProgram(program, count, ids, options, notify, user);
}

static cl_int CL_API_CALL build_info(cl_program program, cl_device_id id,
				     cl_program_build_info what, size_t size,
				     void *to, size_t *actual)
{
	char log[4096] = "";
	int line;

	if (!now("build", 0) || what != CL_PROGRAM_BUILD_LOG)
		return next->clGetProgramBuildInfo(program, id, what, size, to,
						   actual);
	for (line = 1; line <= 100; ++line)
		sprintf(log + strlen(log), "line %d of the log\n", line);
	if (actual)
		*actual = strlen(log) + 1;
	if (to)
		snprintf(to, size, "%s", log);
	return CL_SUCCESS;
}

#define RELEASE(what, type)                              \
	static cl_int CL_API_CALL release_##what(type x) \
	{                                                \
		if (gone())                              \
			never();                         \
		return next->clRelease##what(x);         \
	}

RELEASE(Context, cl_context)
RELEASE(CommandQueue, cl_command_queue)
RELEASE(Program, cl_program)
RELEASE(Kernel, cl_kernel)
RELEASE(MemObject, cl_mem)

cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *to,
				  size_t *actual)
{
	const cl_layer_api_version version = CL_LAYER_API_VERSION_100;

	if (what != CL_LAYER_API_VERSION || (to && size < sizeof(version)))
		return CL_INVALID_VALUE;
	if (to)
		memcpy(to, &version, sizeof(version));
	if (actual)
		*actual = sizeof(version);
	return CL_SUCCESS;
}

cl_int CL_API_CALL clInitLayer(cl_uint entries, const cl_icd_dispatch *target,
			       cl_uint *mine, const cl_icd_dispatch **layer)
{
	if (entries * sizeof(void *) < sizeof(table))
		return CL_INVALID_VALUE;
	next = target;
	table = *target;
	table.clGetDeviceIDs = device_ids;
	table.clCreateContext = create_context;
	table.clEnqueueNDRangeKernel = run;
	table.clEnqueueMarkerWithWaitList = marker;
	table.clFinish = finish;
	table.clFlush = flush;
	table.clWaitForEvents = wait_for;
	table.clEnqueueReadBuffer = read_buffer;
	table.clEnqueueFillBuffer = fill;
	table.clBuildProgram = build;
	table.clGetProgramBuildInfo = build_info;
	table.clReleaseContext = release_Context;
	table.clReleaseCommandQueue = release_CommandQueue;
	table.clReleaseProgram = release_Program;
	table.clReleaseKernel = release_Kernel;
	table.clReleaseMemObject = release_MemObject;
	*mine = sizeof(table) / sizeof(void *);
	*layer = &table;
	return CL_SUCCESS;
}
