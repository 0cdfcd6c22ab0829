/* Which OpenCL devices there are. */
#include "ocl.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* cl_khr_icd: no platform is installed. */
#ifndef CL_PLATFORM_NOT_FOUND_KHR
#define CL_PLATFORM_NOT_FOUND_KHR -1001
#endif

enum { MOST = 64 };

static void device_text(cl_device_id id, cl_device_info what,
			char text[UT_DEVICE_TEXT])
{
	char full[1024] = "";
	char *start = full;
	size_t length;

	clGetDeviceInfo(id, what, sizeof(full) - 1, full, NULL);
	start = ut_text_trim(full);
	length = strlen(start);
	if (length >= UT_DEVICE_TEXT)
		length = UT_DEVICE_TEXT - 1;
	memcpy(text, start, length);
	text[length] = '\0';
}

static cl_uint device_uint(cl_device_id id, cl_device_info what)
{
	cl_uint value = 0;

	clGetDeviceInfo(id, what, sizeof(value), &value, NULL);
	return value;
}

static enum ut_device_kind kind_of(cl_device_id id)
{
	cl_device_type type = 0;

	clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof(type), &type, NULL);
	if (type & CL_DEVICE_TYPE_GPU)
		return device_uint(id, CL_DEVICE_HOST_UNIFIED_MEMORY)
			       ? UT_KIND_INTEGRATED
			       : UT_KIND_GPU;
	if (type & CL_DEVICE_TYPE_CPU)
		return UT_KIND_CPU;
	return UT_KIND_ACCELERATOR;
}

/* Why the device cannot be used; NULL when it can. */
static const char *reason_of(cl_device_id id)
{
	char version[UT_DEVICE_TEXT], profile[UT_DEVICE_TEXT];

	device_text(id, CL_DEVICE_VERSION, version);
	device_text(id, CL_DEVICE_PROFILE, profile);
	if (!device_uint(id, CL_DEVICE_AVAILABLE))
		return "the driver says it is not available";
	if (!device_uint(id, CL_DEVICE_COMPILER_AVAILABLE))
		return "the driver has no compiler";
	if (!device_uint(id, CL_DEVICE_ENDIAN_LITTLE))
		return "it is big endian";
	if (!strncmp(version, "OpenCL 1.0", 10) ||
	    !strncmp(version, "OpenCL 1.1", 10))
		return "it is older than OpenCL 1.2";
	if (strcmp(profile, "FULL_PROFILE"))
		return "it has the embedded profile only";
	return NULL;
}

static struct ut_device_info info_of(cl_device_id id,
				     const char platform[UT_DEVICE_TEXT])
{
	struct ut_device_info info = {.kind = kind_of(id)};
	const char *reason = reason_of(id);
	cl_ulong memory = 0;

	device_text(id, CL_DEVICE_NAME, info.name);
	device_text(id, CL_DRIVER_VERSION, info.driver);
	memcpy(info.platform, platform, sizeof(info.platform));
	clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(memory), &memory,
			NULL);
	info.memory_bytes = memory;
	info.compute_units = device_uint(id, CL_DEVICE_MAX_COMPUTE_UNITS);
	info.usable = !reason;
	if (reason)
		snprintf(info.reason, sizeof(info.reason), "%s", reason);
	return info;
}

/* The level that the device would be opened with, as far as it shows. */
static void tell_tuning(cl_platform_id platform, cl_device_id id,
			struct ut_device_info *info)
{
	struct ut_ocl ocl = {.platform = platform, .id = id};
	struct ut_error error;

	if (info->usable && !ut_ocl_tuning_choose(&ocl, &error))
		ut_ocl_tuning_level(&ocl, info->level);
}

static bool append(struct ut_device_list *list, struct ut_device_info info)
{
	struct ut_device_info *devices =
		realloc(list->devices, (list->count + 1) * sizeof(*devices));

	if (!devices)
		return false;
	info.index = (int)list->count;
	devices[list->count++] = info;
	list->devices = devices;
	return true;
}

/* Appends a platform's devices; false when memory runs out. */
static bool list_platform(struct ut_device_list *list, struct ut_text *notes,
			  cl_platform_id platform, unsigned number)
{
	char name[UT_DEVICE_TEXT] = "";
	cl_device_id ids[MOST];
	cl_uint count = 0, i;
	cl_int code;

	if (clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name) - 1,
			      name, NULL))
		strcpy(name, "unnamed");
	code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MOST, ids, &count);
	if (code == CL_DEVICE_NOT_FOUND)
		return true;
	if (code) {
		ut_text_append(notes,
			       "platform %s is broken: it lists no "
			       "devices (error %d)\n",
			       name, (int)code);
		return true;
	}
	for (i = 0; i < count && i < MOST; ++i) {
		struct ut_device_info info = info_of(ids[i], name);

		tell_tuning(platform, ids[i], &info);
		info.platform_number = number;
		info.device_number = i;
		if (!append(list, info))
			return false;
	}
	return true;
}

/* What "no devices" needs to be understood. */
static void note_drivers(struct ut_text *notes)
{
	const char *other = getenv("OCL_ICD_VENDORS");
	const char *path = other && *other ? other : "/etc/OpenCL/vendors";
	DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t found = 0;

	while (folder && (entry = readdir(folder))) {
		size_t length = strlen(entry->d_name);

		if (length < 4 || strcmp(entry->d_name + length - 4, ".icd"))
			continue;
		ut_text_append(notes, "%s%s",
			       found++ ? ", "
				       : "no OpenCL device was found, though "
					 "drivers are "
					 "registered: ",
			       entry->d_name);
	}
	if (folder)
		closedir(folder);
	if (found)
		ut_text_append(notes, " (in %s)\n", path);
	else
		ut_text_append(notes,
			       "no OpenCL driver is registered in %s; "
			       "install your GPU's, or pocl-opencl-icd for the "
			       "processor\n",
			       path);
}

/* Moves the notes into the list, after those it has. */
static bool give_notes(struct ut_device_list *list, struct ut_text *notes)
{
	struct ut_text all = {0};

	ut_text_append(&all, "%s%s", list->notes ? list->notes : "",
		       ut_text_string(notes));
	if (all.failed || notes->failed) {
		ut_text_release(&all);
		return false;
	}
	free(list->notes);
	list->notes = all.data;
	return true;
}

enum ut_status ut_opencl_list(struct ut_device_list *list,
			      struct ut_error *error)
{
	cl_platform_id platforms[MOST];
	size_t before = list->count;
	struct ut_text notes = {0};
	cl_uint count = 0, i;
	bool fits = true;
	cl_int code;

	code = clGetPlatformIDs(MOST, platforms, &count);
	if (code && code != CL_PLATFORM_NOT_FOUND_KHR)
		return ut_ocl_error_set(error, code, "list OpenCL platforms");
	for (i = 0; i < count && i < MOST && fits; ++i)
		fits = list_platform(list, &notes, platforms[i], i);
	if (list->count == before)
		note_drivers(&notes);
	fits = fits && give_notes(list, &notes);
	ut_text_release(&notes);
	if (!fits)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	return UT_OK;
}
