/* Devices and buffers: what is the same for every backend. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/backend.h"
#include "device/select.h"
#include "device/selftest.h"

size_t ut_type_bytes(enum ut_type type)
{
	return type == UT_U8 ? 1 : 4;
}

const char *ut_device_kind_name(enum ut_device_kind kind)
{
	static const char *const names[] = {
		[UT_KIND_HOST] = "host",
		[UT_KIND_GPU] = "gpu",
		[UT_KIND_INTEGRATED] = "integrated gpu",
		[UT_KIND_ACCELERATOR] = "accelerator",
		[UT_KIND_CPU] = "cpu",
	};

	return names[kind];
}

void ut_device_latch(struct ut_device *device, enum ut_status status,
		     const char *format, ...)
{
	va_list arguments;

	if (device->latched.status)
		return;
	device->latched.status = status;
	va_start(arguments, format);
	vsnprintf(device->latched.text, sizeof(device->latched.text), format,
		  arguments);
	va_end(arguments);
}

const struct ut_library *ut_device_library(const struct ut_device *device)
{
	const struct ut_library *library = device->backend->library;

	return library && library->name ? library : NULL;
}

/* The backend of the device, and the library if one is asked for, are there. */
static enum ut_status choose_backend(struct ut_device *device,
				     struct ut_error *error)
{
	struct ut_device_info *info = &device->info;
	const struct ut_library *library;

	device->backend = ut_backends[info->backend].backend;
	library = ut_device_library(device);
	if (!*info->library ||
	    (library && !strcmp(info->library, library->name)))
		return UT_OK;
	return ut_error_set(error, UT_MISSING,
			    "no library '%s' of matrix products for %s; "
			    "there is %s",
			    info->library, info->name,
			    library ? library->name : "none");
}

enum ut_status ut_device_open_anew(struct ut_device **device,
				   const char *selector, bool anew,
				   ut_selftest_told told, void *user,
				   struct ut_error *error)
{
	struct ut_device *opened = calloc(1, sizeof(*opened));
	enum ut_status status;

	if (!opened)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_device_select(&opened->info, selector, error);
	if (!status)
		status = choose_backend(opened, error);
	if (!status) {
		opened->info.bit_exact = true;
		opened->proof.anew = anew;
		status = opened->backend->open(opened, error);
	}
	if (!status)
		status = ut_prove(opened, told, user, error);
	if (status) {
		if (opened->state)
			opened->backend->close(opened);
		free(opened);
		return status;
	}
	*device = opened;
	return UT_OK;
}

enum ut_status ut_device_open(struct ut_device **device, const char *selector,
			      struct ut_error *error)
{
	return ut_device_open_anew(device, selector, false, NULL, NULL, error);
}

void ut_device_close(struct ut_device *device)
{
	if (!device)
		return;
	assert(!device->bytes && "buffers outlive their device");
	device->backend->close(device);
	free(device);
}

const struct ut_device_info *ut_device_about(const struct ut_device *device)
{
	return &device->info;
}

static enum ut_status latched(const struct ut_device *device,
			      struct ut_error *error)
{
	if (device->latched.status && error)
		*error = device->latched;
	return device->latched.status;
}

enum ut_status ut_device_finish(struct ut_device *device,
				struct ut_error *error)
{
	if (!device->latched.status)
		device->backend->finish(device);
	return latched(device, error);
}

bool ut_device_recover(struct ut_device *device)
{
	int tries;

	if (device->latched.status != UT_MEMORY)
		return false;
	device->backend->trim(device);
	/* the same lack may be reported once more, by what was enqueued */
	for (tries = 0; tries < 2 && device->latched.status == UT_MEMORY;
	     ++tries) {
		device->latched = (struct ut_error){0};
		device->backend->finish(device);
	}
	return !device->latched.status;
}

size_t ut_device_bytes(const struct ut_device *device)
{
	return device->bytes;
}

size_t ut_device_bytes_peak(const struct ut_device *device)
{
	return device->bytes_peak;
}

void ut_device_restart_peak(struct ut_device *device)
{
	device->bytes_peak = device->bytes;
}

static size_t buffer_bytes(const struct ut_buffer *buffer)
{
	return buffer->count * ut_type_bytes(buffer->type);
}

struct ut_buffer *ut_buffer_new(struct ut_device *device, enum ut_type type,
				size_t count)
{
	struct ut_buffer *buffer;

	assert(count > 0);
	if (device->latched.status)
		return NULL;
	buffer = malloc(sizeof(*buffer));
	if (!buffer || count > SIZE_MAX / 8) {
		ut_device_latch(device, UT_MEMORY,
				"out of memory: a buffer of "
				"%zu elements",
				count);
		free(buffer);
		return NULL;
	}
	*buffer = (struct ut_buffer){device, type, count, NULL};
	if (!device->backend->alloc(device, buffer)) {
		free(buffer);
		return NULL;
	}
	device->bytes += buffer_bytes(buffer);
	if (device->bytes > device->bytes_peak)
		device->bytes_peak = device->bytes;
	return buffer;
}

void ut_buffer_free(struct ut_buffer *buffer)
{
	if (!buffer)
		return;
	buffer->device->backend->release(buffer->device, buffer);
	buffer->device->bytes -= buffer_bytes(buffer);
	free(buffer);
}

size_t ut_buffer_count(const struct ut_buffer *buffer)
{
	return buffer->count;
}

enum ut_type ut_buffer_type(const struct ut_buffer *buffer)
{
	return buffer->type;
}

struct ut_device *ut_buffer_device(const struct ut_buffer *buffer)
{
	return buffer->device;
}

struct ut_slice ut_slice_of(struct ut_buffer *buffer, size_t count)
{
	return (struct ut_slice){buffer, 0, count, count};
}

struct ut_slice ut_slice_part(struct ut_slice s, size_t first, size_t count)
{
	assert(first <= s.count && count <= s.count - first);
	s.offset += first;
	s.count = count;
	return s;
}

struct ut_slice ut_slice_from(struct ut_slice s, size_t replica)
{
	s.offset += replica * s.stride;
	return s;
}

void ut_buffer_write(struct ut_buffer *buffer, size_t offset, size_t count,
		     const void *data)
{
	struct ut_device *device = buffer->device;

	assert(offset <= buffer->count && count <= buffer->count - offset);
	if (count && !device->latched.status)
		device->backend->write(device, buffer, offset, count, data);
}

enum ut_status ut_buffer_read(struct ut_buffer *buffer, size_t offset,
			      size_t count, void *data, struct ut_error *error)
{
	struct ut_device *device = buffer->device;

	assert(offset <= buffer->count && count <= buffer->count - offset);
	if (count && !device->latched.status)
		device->backend->read(device, buffer, offset, count, data);
	return latched(device, error);
}
