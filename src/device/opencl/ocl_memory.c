/* Buffers: getting, filling, copying, and the way to and from the host. */
#include "ocl.h"

#include <stdlib.h>
#include <string.h>

/* Writes up to this size are staged, so that they need not wait. */
enum { STAGE_BYTES = 1 << 20 };

static size_t bytes_of(const struct ut_buffer *buffer, size_t count)
{
	return count * ut_type_bytes(buffer->type);
}

static void latch_alloc(struct ut_device *device, cl_int code, size_t bytes)
{
	/* Here, where no kernel runs, only memory can have run out. */
	if (ut_ocl_error_status(code) == UT_MEMORY ||
	    code == CL_OUT_OF_RESOURCES)
		ut_device_latch(device, UT_MEMORY,
				"out of memory on %s: it "
				"has no %zu bytes beside the %zu it gave; "
				"fewer replicas at a time need less",
				device->info.name, bytes, device->bytes);
	else
		ut_ocl_latch(device, code, "getting memory");
}

/*
 * Drivers take memory when it is first used: zeroing it here, and waiting, makes
 * a device that is full say so now.
 */
static cl_int get(struct ut_ocl *ocl, size_t bytes, cl_mem *memory)
{
	cl_uchar zero = 0;
	cl_int code;

	*memory = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, bytes, NULL,
				 &code);
	if (!code)
		code = clEnqueueFillBuffer(ocl->queue, *memory, &zero,
					   sizeof(zero), 0, bytes, 0, NULL,
					   NULL);
	if (!code)
		code = ut_ocl_drain(ocl);
	if (code && *memory && !ocl->lost)
		clReleaseMemObject(*memory);
	return code;
}

void ut_ocl_drop_scratch(struct ut_ocl *ocl)
{
	if (ocl->scratch.handle && !ocl->lost)
		clReleaseMemObject(ocl->scratch.handle);
	ocl->scratch = (struct ut_buffer){0};
}

bool ut_ocl_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	struct ut_ocl *ocl = ut_ocl_of(device);
	size_t bytes = bytes_of(buffer, buffer->count);
	cl_mem memory;
	cl_int code = get(ocl, bytes, &memory);

	/* once more, with all that can be spared given back */
	if (code && !ocl->lost) {
		ut_ocl_drop_scratch(ocl);
		if (!ut_ocl_drain(ocl))
			code = get(ocl, bytes, &memory);
	}
	if (code)
		latch_alloc(device, code, bytes);
	else
		buffer->handle = memory;
	return !code;
}

void ut_ocl_release(struct ut_device *device, struct ut_buffer *buffer)
{
	if (!ut_ocl_of(device)->lost)
		clReleaseMemObject(buffer->handle);
}

struct ut_slice ut_ocl_scratch(struct ut_device *device, size_t R, size_t count)
{
	struct ut_buffer *scratch = &ut_ocl_of(device)->scratch;
	struct ut_slice none = {0};

	if (scratch->count < R * count) {
		struct ut_buffer larger = {device, UT_F32, R * count, NULL};

		ut_ocl_drop_scratch(ut_ocl_of(device));
		if (!ut_ocl_alloc(device, &larger))
			return none;
		*scratch = larger;
	}
	return (struct ut_slice){scratch, 0, count, count};
}

/* A free stage of at least so many bytes, or NULL; *code is the wait's. */
static struct ut_ocl_stage *stage(struct ut_ocl *ocl, size_t bytes,
				  cl_int *code)
{
	struct ut_ocl_stage *s = &ocl->stages[ocl->next_stage];

	if (bytes > STAGE_BYTES) {
		*code = ut_ocl_drain(ocl);
		return NULL;
	}
	if (s->done) {
		*code = ut_ocl_await(ocl, s->done);
		if (*code)
			return NULL;
		clReleaseEvent(s->done);
		s->done = NULL;
	}
	if (s->bytes < bytes) {
		free(s->data);
		s->data = malloc(bytes);
		s->bytes = s->data ? bytes : 0;
	}
	if (!s->data)
		return NULL;
	ocl->next_stage = (ocl->next_stage + 1) % OCL_STAGES;
	return s;
}

/* False while the device, having failed, may still read from the stage. */
static bool stage_is_free(const struct ut_ocl_stage *s)
{
	cl_int state = CL_QUEUED;

	return !s->done ||
	       (!clGetEventInfo(s->done, CL_EVENT_COMMAND_EXECUTION_STATUS,
				sizeof(state), &state, NULL) &&
		state <= CL_COMPLETE);
}

void ut_ocl_stages_release(struct ut_ocl *ocl)
{
	int i;

	for (i = 0; i < OCL_STAGES; ++i) {
		if (stage_is_free(&ocl->stages[i]))
			free(ocl->stages[i].data);
		if (ocl->stages[i].done)
			clReleaseEvent(ocl->stages[i].done);
	}
}

void ut_ocl_write(struct ut_device *device, struct ut_buffer *buffer,
		  size_t offset, size_t count, const void *data)
{
	struct ut_ocl *ocl = ut_ocl_of(device);
	size_t bytes = bytes_of(buffer, count);
	cl_int code = CL_SUCCESS;
	struct ut_ocl_stage *s = stage(ocl, bytes, &code);

	if (s)
		memcpy(s->data, data, bytes);
	if (!code)
		code = clEnqueueWriteBuffer(ocl->queue, buffer->handle,
					    s ? CL_FALSE : CL_TRUE,
					    bytes_of(buffer, offset), bytes,
					    s ? s->data : data, 0, NULL,
					    s ? &s->done : NULL);
	if (!code)
		code = clFlush(ocl->queue);
	if (code)
		ut_ocl_latch(device, code, "a write to a buffer");
}

void ut_ocl_read(struct ut_device *device, struct ut_buffer *buffer,
		 size_t offset, size_t count, void *data)
{
	struct ut_ocl *ocl = ut_ocl_of(device);
	cl_int code = ut_ocl_drain(ocl);

	/* nothing is left to wait for: data is not written after an error */
	if (!code)
		code = clEnqueueReadBuffer(ocl->queue, buffer->handle, CL_TRUE,
					   bytes_of(buffer, offset),
					   bytes_of(buffer, count), data, 0,
					   NULL, NULL);
	if (code)
		ut_ocl_latch(device, code, "a read from a buffer");
}

void ut_ocl_copy(struct ut_device *device, unsigned R, struct ut_slice from,
		 struct ut_slice to)
{
	struct ut_ocl_launch launch =
		ut_ocl_begin(device, to.buffer->type == UT_U8 ? OCL_COPY_BYTES
							      : OCL_COPY_WORDS);

	ut_ocl_pass_slice(&launch, from);
	ut_ocl_pass_slice(&launch, to);
	ut_ocl_pass_ulong(&launch, to.count);
	ut_ocl_run(&launch, ut_ocl_items(device, to.count), 1, R);
}

void ut_ocl_fill(struct ut_device *device, unsigned R, struct ut_slice x,
		 uint32_t bits)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_FILL_WORDS);

	ut_ocl_pass_slice(&launch, x);
	ut_ocl_pass_ulong(&launch, x.count);
	ut_ocl_pass_uint(&launch, bits);
	ut_ocl_run(&launch, ut_ocl_items(device, x.count), 1, R);
}
