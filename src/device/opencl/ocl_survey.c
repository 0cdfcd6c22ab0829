/*
 * What a child process is told by the drivers: platforms, devices, and what
 * about each a user must know.
 */
#include "ocl_list.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* cl_khr_icd: no platform is installed. */
#ifndef CL_PLATFORM_NOT_FOUND_KHR
#define CL_PLATFORM_NOT_FOUND_KHR -1001
#endif

enum { MOST = 64, EXTENSIONS = 1 << 16 };

/* Where a device sits: cl_khr_pci_bus_info, and what vendors had before it. */
enum {
	PCI_BUS_INFO_KHR = 0x410f,
	TOPOLOGY_AMD = 0x4037,
	PCI_BUS_ID_NV = 0x4008,
	PCI_SLOT_ID_NV = 0x4009,
	PCI_DOMAIN_ID_NV = 0x400a,
};

/*
 * Drivers that pass for usable and are known not to be: `auto` passes them by.
 * A part of the device's version or its platform's name, whatever the case.
 */
static const struct {
	const char *part, *why;
} known[] = {
	/*
	 * darktable, src/common/opencl_drivers_blacklist.h, has it; hashcat
	 * refuses it as likely to fail to compile kernels.
	 */
	{"beignet",
	 "Beignet is known to fail to compile kernels; Intel's driver is "
	 "intel-opencl-icd"},
	/* github.com/jrprice/Oclgrind, README: "an OpenCL device simulator" */
	{"oclgrind", "it is a simulator, for finding errors in kernels"},
};

/* Takes the full text, trimmed and cut. */
static void take(char *full, char text[UT_DEVICE_TEXT])
{
	const char *start = ut_text_trim(full);
	size_t length = strlen(start);

	if (length >= UT_DEVICE_TEXT)
		length = UT_DEVICE_TEXT - 1;
	memcpy(text, start, length);
	text[length] = '\0';
}

void ut_ocl_device_text(cl_device_id id, cl_device_info what,
			char text[UT_DEVICE_TEXT])
{
	char full[1024] = "";

	clGetDeviceInfo(id, what, sizeof(full) - 1, full, NULL);
	take(full, text);
}

void ut_ocl_platform_name(cl_platform_id id, char text[UT_DEVICE_TEXT])
{
	char full[1024] = "";

	if (clGetPlatformInfo(id, CL_PLATFORM_NAME, sizeof(full) - 1, full,
			      NULL))
		strcpy(full, "unnamed");
	take(full, text);
}

static bool holds(const char *text, const char *part)
{
	size_t length = strlen(part);

	while (*text && strncasecmp(text, part, length))
		++text;
	return *text;
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

	ut_ocl_device_text(id, CL_DEVICE_VERSION, version);
	ut_ocl_device_text(id, CL_DEVICE_PROFILE, profile);
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

static const char *fault_of(cl_device_id id, const char *platform)
{
	char version[UT_DEVICE_TEXT];
	size_t i;

	ut_ocl_device_text(id, CL_DEVICE_VERSION, version);
	for (i = 0; i < sizeof(known) / sizeof(*known); ++i)
		if (holds(version, known[i].part) ||
		    holds(platform, known[i].part))
			return known[i].why;
	return NULL;
}

static void write_address(char to[UT_DEVICE_ADDRESS], cl_uint domain,
			  cl_uint bus, cl_uint device, cl_uint function)
{
	snprintf(to, UT_DEVICE_ADDRESS, "%04x:%02x:%02x.%x", domain & 0xffffffu,
		 bus & 0xffu, device & 0x1fu, function & 7u);
}

static bool has(cl_device_id id, const char *extension)
{
	char *all = calloc(1, EXTENSIONS + 1);
	bool found;

	found = all &&
		!clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, EXTENSIONS, all,
				 NULL) &&
		strstr(all, extension);
	free(all);
	return found;
}

/* The address on the bus, of a device that has one and a driver that says it. */
static void find_address(cl_device_id id, char to[UT_DEVICE_ADDRESS])
{
	/* of AMD: the kind of bus, 17 bytes of nothing, and three numbers */
	unsigned char amd[24];
	cl_uint khr[4], kind, slot;

	if (has(id, "cl_khr_pci_bus_info") &&
	    !clGetDeviceInfo(id, PCI_BUS_INFO_KHR, sizeof(khr), khr, NULL)) {
		write_address(to, khr[0], khr[1], khr[2], khr[3]);
	} else if (has(id, "cl_nv_device_attribute_query") &&
		   !clGetDeviceInfo(id, PCI_SLOT_ID_NV, sizeof(slot), &slot,
				    NULL)) {
		write_address(to, device_uint(id, PCI_DOMAIN_ID_NV),
			      device_uint(id, PCI_BUS_ID_NV), slot >> 3, slot);
	} else if (has(id, "cl_amd_device_attribute_query") &&
		   !clGetDeviceInfo(id, TOPOLOGY_AMD, sizeof(amd), amd, NULL)) {
		memcpy(&kind, amd, sizeof(kind));
		if (kind == 1)
			write_address(to, 0, amd[21], amd[22], amd[23]);
	}
}

static struct ut_device_info info_of(cl_device_id id,
				     const char platform[UT_DEVICE_TEXT])
{
	struct ut_device_info info = {.kind = kind_of(id)};
	const char *reason = reason_of(id), *fault = fault_of(id, platform);
	cl_ulong memory = 0;

	ut_ocl_device_text(id, CL_DEVICE_NAME, info.name);
	ut_ocl_device_text(id, CL_DRIVER_VERSION, info.driver);
	memcpy(info.platform, platform, sizeof(info.platform));
	clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(memory), &memory,
			NULL);
	info.memory_bytes = memory;
	info.compute_units = device_uint(id, CL_DEVICE_MAX_COMPUTE_UNITS);
	info.usable = !reason;
	if (reason)
		snprintf(info.reason, sizeof(info.reason), "%s", reason);
	if (fault)
		snprintf(info.left_out, sizeof(info.left_out), "%s", fault);
	find_address(id, info.address);
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

/* What was found so far, and where to tell of it. */
struct survey {
	int file;
	size_t gpus;
	bool good; /* nobody has stopped listening */
};

static void tell_platform(struct survey *survey, cl_platform_id platform,
			  unsigned number)
{
	char name[UT_DEVICE_TEXT];
	cl_device_id ids[MOST];
	cl_uint count = 0, i;
	cl_int code;

	ut_ocl_platform_name(platform, name);
	survey->good = ut_ocl_tell_platform(survey->file, name);
	code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MOST, ids, &count);
	if (code && code != CL_DEVICE_NOT_FOUND)
		survey->good = survey->good &&
			       ut_ocl_tell_note(survey->file,
						"platform %s is broken: it "
						"lists no devices (%s)",
						name, ut_ocl_error_name(code));
	for (i = 0; !code && i < count && i < MOST && survey->good; ++i) {
		struct ut_device_info info = info_of(ids[i], name);

		tell_tuning(platform, ids[i], &info);
		info.platform_number = number;
		info.device_number = i;
		survey->good = ut_ocl_tell_device(survey->file, &info);
		survey->gpus += info.kind == UT_KIND_GPU ||
				info.kind == UT_KIND_INTEGRATED;
	}
}

/* Where a GPU is missing: its driver may not load, or may want to be asked. */
static void tell_missing(struct survey *survey,
			 const struct ut_ocl_drivers *drivers,
			 ut_ocl_set hidden)
{
	size_t i;

	for (i = 0; i < drivers->count && survey->good; ++i) {
		struct ut_text name = {0}, library = {0};

		ut_ocl_driver_name(drivers, i, &name);
		ut_ocl_driver_library(drivers, i, &library);
		if (!(hidden & ut_ocl_set_of(i)) && library.length &&
		    !name.failed && !dlopen(library.data, RTLD_LAZY))
			survey->good = ut_ocl_tell_note(
				survey->file, "driver %s cannot be loaded: %s",
				name.data, dlerror());
		ut_text_release(&library);
		ut_text_release(&name);
	}
}

bool ut_ocl_survey(int file, const struct ut_ocl_drivers *drivers,
		   ut_ocl_set hidden)
{
	struct survey survey = {.file = file, .good = true};
	cl_platform_id platforms[MOST];
	cl_uint count = 0, i;
	cl_int code;

	code = clGetPlatformIDs(MOST, platforms, &count);
	if (code && code != CL_PLATFORM_NOT_FOUND_KHR)
		survey.good = ut_ocl_tell_note(file,
					       "the loader of OpenCL lists no "
					       "platforms (%s)",
					       ut_ocl_error_name(code));
	for (i = 0; !code && i < count && i < MOST && survey.good; ++i)
		tell_platform(&survey, platforms[i], i);
	if (survey.good && !survey.gpus)
		tell_missing(&survey, drivers, hidden);
	return survey.good;
}
