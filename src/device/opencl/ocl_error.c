/* OpenCL's error codes, in words. */
#include "ocl.h"

#include <stddef.h>

struct name {
	cl_int code;
	const char *text;
};

#define NAME(code)          \
	{                   \
		code, #code \
	}
#define EXPLAINED(code, text)         \
	{                             \
		code, #code ": " text \
	}

static const struct name names[] = {
	NAME(CL_SUCCESS),
	NAME(CL_DEVICE_NOT_FOUND),
	EXPLAINED(CL_DEVICE_NOT_AVAILABLE,
		  "another program may hold it, or it is gone"),
	EXPLAINED(CL_COMPILER_NOT_AVAILABLE, "the driver has no compiler"),
	EXPLAINED(CL_MEM_OBJECT_ALLOCATION_FAILURE,
		  "the device's memory is full; fewer replicas at a time need "
		  "less"),
	EXPLAINED(CL_OUT_OF_RESOURCES,
		  "a kernel ran longer than the driver allows, or out of "
		  "bounds, or needed more registers than there are, or the "
		  "device's memory is full; the device may stay unusable until "
		  "the program is started anew"),
	EXPLAINED(CL_OUT_OF_HOST_MEMORY, "the computer's memory is full"),
	NAME(CL_PROFILING_INFO_NOT_AVAILABLE),
	NAME(CL_MEM_COPY_OVERLAP),
	NAME(CL_BUILD_PROGRAM_FAILURE),
	NAME(CL_MAP_FAILURE),
	NAME(CL_MISALIGNED_SUB_BUFFER_OFFSET),
	NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
	NAME(CL_COMPILE_PROGRAM_FAILURE),
	NAME(CL_LINKER_NOT_AVAILABLE),
	NAME(CL_LINK_PROGRAM_FAILURE),
	NAME(CL_KERNEL_ARG_INFO_NOT_AVAILABLE),
	NAME(CL_INVALID_VALUE),
	NAME(CL_INVALID_DEVICE_TYPE),
	NAME(CL_INVALID_PLATFORM),
	NAME(CL_INVALID_DEVICE),
	NAME(CL_INVALID_CONTEXT),
	NAME(CL_INVALID_QUEUE_PROPERTIES),
	EXPLAINED(CL_INVALID_COMMAND_QUEUE,
		  "the driver gave the device up after an earlier failure"),
	NAME(CL_INVALID_MEM_OBJECT),
	NAME(CL_INVALID_BINARY),
	NAME(CL_INVALID_BUILD_OPTIONS),
	NAME(CL_INVALID_PROGRAM),
	NAME(CL_INVALID_PROGRAM_EXECUTABLE),
	NAME(CL_INVALID_KERNEL_NAME),
	NAME(CL_INVALID_KERNEL_DEFINITION),
	NAME(CL_INVALID_KERNEL),
	NAME(CL_INVALID_ARG_INDEX),
	NAME(CL_INVALID_ARG_VALUE),
	NAME(CL_INVALID_ARG_SIZE),
	NAME(CL_INVALID_KERNEL_ARGS),
	NAME(CL_INVALID_WORK_DIMENSION),
	EXPLAINED(CL_INVALID_WORK_GROUP_SIZE,
		  "the kernel's work-group is too large for the device"),
	NAME(CL_INVALID_WORK_ITEM_SIZE),
	NAME(CL_INVALID_GLOBAL_OFFSET),
	NAME(CL_INVALID_EVENT_WAIT_LIST),
	NAME(CL_INVALID_EVENT),
	NAME(CL_INVALID_OPERATION),
	EXPLAINED(CL_INVALID_BUFFER_SIZE,
		  "more than the device gives out in one piece"),
	NAME(CL_INVALID_GLOBAL_WORK_SIZE),
	NAME(CL_INVALID_PROPERTY),
};

const char *ut_ocl_error_name(cl_int code)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); ++i)
		if (names[i].code == code)
			return names[i].text;
	return "an error code OpenCL 1.2 does not know";
}

enum ut_status ut_ocl_error_status(cl_int code)
{
	switch (code) {
	case CL_MEM_OBJECT_ALLOCATION_FAILURE:
	case CL_OUT_OF_HOST_MEMORY:
	case CL_INVALID_BUFFER_SIZE:
		return UT_MEMORY;
	default:
		return UT_DEVICE;
	}
}

enum ut_status ut_ocl_error_set(struct ut_error *error, cl_int code,
				const char *what)
{
	if (code == OCL_NO_ANSWER)
		return ut_error_set(error, UT_DEVICE,
				    "cannot %s: the device gave no answer in "
				    "the time that UNDERTONE_PATIENCE allows",
				    what);
	return ut_error_set(error, ut_ocl_error_status(code),
			    "cannot %s: %s (%d)", what, ut_ocl_error_name(code),
			    (int)code);
}

bool ut_ocl_is_loss(cl_int code)
{
	return code == OCL_NO_ANSWER || code == CL_OUT_OF_RESOURCES ||
	       code == CL_INVALID_COMMAND_QUEUE ||
	       code == CL_DEVICE_NOT_AVAILABLE;
}

static void latch_silence(struct ut_device *device)
{
	const struct ut_ocl *ocl = ut_ocl_of(device);

	ut_device_latch(device, UT_DEVICE,
			"no answer from %s in %u s; the last kernel it was "
			"given is %s. A kernel may run for ever, as when it "
			"goes out of bounds, or longer than the driver allows, "
			"or need more registers or memory than there are, or "
			"the driver has lost the device. It may stay unusable "
			"until the program is started anew; one that is only "
			"slow gets more time by UNDERTONE_PATIENCE=SECONDS",
			device->info.name, ocl->patience,
			ocl->last ? ocl->last : "none of ours");
}

void ut_ocl_latch(struct ut_device *device, cl_int code, const char *what)
{
	if (ut_ocl_is_loss(code))
		ut_ocl_of(device)->lost = true;
	if (code == OCL_NO_ANSWER) {
		latch_silence(device);
		return;
	}
	ut_device_latch(device, ut_ocl_error_status(code),
			"%s failed on %s: "
			"%s (%d)",
			what, device->info.name, ut_ocl_error_name(code),
			(int)code);
}
