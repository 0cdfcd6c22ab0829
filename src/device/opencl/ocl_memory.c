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
	if (ocl_error_status(code) == UT_MEMORY || code == CL_OUT_OF_RESOURCES)
		ut_device_latch(device, UT_MEMORY, "out of memory on %s: it "
				"has no %zu bytes beside the %zu it gave; "
				"fewer replicas at a time need less",
				device->info.name, bytes, device->bytes);
	else
		ocl_latch(device, code, "getting memory");
}

/*
 * Drivers take memory when it is first used: zeroing it here, and waiting, makes
 * a device that is full say so now.
 */
bool ocl_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	struct ocl *ocl = ocl_of(device);
	size_t bytes = bytes_of(buffer, buffer->count);
	cl_uchar zero = 0;
	cl_int code;
	cl_mem memory = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, bytes,
				       NULL, &code);

	if (!code)
		code = clEnqueueFillBuffer(ocl->queue, memory, &zero,
					   sizeof(zero), 0, bytes, 0, NULL,
					   NULL);
	if (!code)
		code = clFinish(ocl->queue);
	if (code) {
		if (memory)
			clReleaseMemObject(memory);
		latch_alloc(device, code, bytes);
		return false;
	}
	buffer->handle = memory;
	return true;
}

void ocl_release(struct ut_device *device, struct ut_buffer *buffer)
{
	(void)device;
	clReleaseMemObject(buffer->handle);
}

/* A free stage of at least so many bytes, or NULL. */
static struct ocl_stage *stage(struct ocl *ocl, size_t bytes)
{
	struct ocl_stage *s = &ocl->stages[ocl->next_stage];

	if (bytes > STAGE_BYTES)
		return NULL;
	if (s->done) {
		clWaitForEvents(1, &s->done);
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

void ocl_stages_release(struct ocl *ocl)
{
	int i;

	for (i = 0; i < OCL_STAGES; ++i) {
		if (ocl->stages[i].done)
			clReleaseEvent(ocl->stages[i].done);
		free(ocl->stages[i].data);
	}
}

void ocl_write(struct ut_device *device, struct ut_buffer *buffer,
	       size_t offset, size_t count, const void *data)
{
	struct ocl *ocl = ocl_of(device);
	size_t bytes = bytes_of(buffer, count);
	struct ocl_stage *s = stage(ocl, bytes);
	cl_int code;

	if (s)
		memcpy(s->data, data, bytes);
	code = clEnqueueWriteBuffer(ocl->queue, buffer->handle,
				    s ? CL_FALSE : CL_TRUE,
				    bytes_of(buffer, offset), bytes,
				    s ? s->data : data, 0, NULL,
				    s ? &s->done : NULL);
	if (!code)
		code = clFlush(ocl->queue);
	if (code)
		ocl_latch(device, code, "a write to a buffer");
}

void ocl_read(struct ut_device *device, struct ut_buffer *buffer,
	      size_t offset, size_t count, void *data)
{
	cl_int code = clEnqueueReadBuffer(ocl_of(device)->queue, buffer->handle,
					  CL_TRUE, bytes_of(buffer, offset),
					  bytes_of(buffer, count), data, 0,
					  NULL, NULL);

	if (code)
		ocl_latch(device, code, "a read from a buffer");
}

void ocl_copy(struct ut_device *device, unsigned R, struct ut_slice from,
	      struct ut_slice to)
{
	struct ocl_launch launch =
		ocl_begin(device, to.buffer->type == UT_U8 ? OCL_COPY_BYTES
							   : OCL_COPY_WORDS);

	ocl_pass_slice(&launch, from);
	ocl_pass_slice(&launch, to);
	ocl_pass_ulong(&launch, to.count);
	ocl_run(&launch, ocl_items(device, to.count), 1, R);
}

void ocl_fill(struct ut_device *device, unsigned R, struct ut_slice x,
	      uint32_t bits)
{
	struct ocl_launch launch = ocl_begin(device, OCL_FILL_WORDS);

	ocl_pass_slice(&launch, x);
	ocl_pass_ulong(&launch, x.count);
	ocl_pass_uint(&launch, bits);
	ocl_run(&launch, ocl_items(device, x.count), 1, R);
}
