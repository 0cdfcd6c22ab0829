/*
 * An OpenCL driver that computes nothing and misbehaves. How is in its own file
 * name, words with dots between, the platform's name first: "Some.gpu.pci2.so" is
 * a platform called Some with one GPU at 0000:02:00.0. A test copies the library,
 * since the system loads a file once only, whatever its names.
 *
 *   gpu unified acc         what kind of device it has; else a processor
 *   two none                how many
 *   pci2 nv2 amd2           its address on the bus, as three vendors tell it
 *   old embedded big nocompiler gone beignet
 *                           what it says of itself
 *   abort hang exit         what it does while it is loaded
 *   pair                    abort if another one of these is loaded
 *   crashids hangids exitids error
 *                           what it does when it is asked for devices
 */
#define _GNU_SOURCE
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_icd.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct _cl_platform_id {
	const cl_icd_dispatch *dispatch;
};

struct _cl_device_id {
	const cl_icd_dispatch *dispatch;
};

static cl_icd_dispatch dispatch;
static struct _cl_platform_id platform = {&dispatch};
static struct _cl_device_id devices[2] = {{&dispatch}, {&dispatch}};
static char name[64], words[128];

static bool is(const char *word)
{
	char dotted[32];

	snprintf(dotted, sizeof(dotted), ".%s.", word);
	return strstr(words, dotted);
}

static cl_int give(const void *value, size_t bytes, size_t size, void *to,
		   size_t *actual)
{
	if (actual)
		*actual = bytes;
	if (to && size < bytes)
		return CL_INVALID_VALUE;
	if (to)
		memcpy(to, value, bytes);
	return CL_SUCCESS;
}

static cl_int give_text(const char *text, size_t size, void *to, size_t *actual)
{
	return give(text, strlen(text) + 1, size, to, actual);
}

static cl_int give_uint(cl_uint value, size_t size, void *to, size_t *actual)
{
	return give(&value, sizeof(value), size, to, actual);
}

static cl_int give_ulong(cl_ulong value, size_t size, void *to, size_t *actual)
{
	return give(&value, sizeof(value), size, to, actual);
}

static cl_int CL_API_CALL platform_info(cl_platform_id id,
					cl_platform_info what, size_t size,
					void *to, size_t *actual)
{
	(void)id;
	switch (what) {
	case CL_PLATFORM_NAME:
		return give_text(name, size, to, actual);
	case CL_PLATFORM_ICD_SUFFIX_KHR:
		return give_text("FAKE", size, to, actual);
	case CL_PLATFORM_EXTENSIONS:
		return give_text("cl_khr_icd", size, to, actual);
	case CL_PLATFORM_PROFILE:
		return give_text("FULL_PROFILE", size, to, actual);
	case CL_PLATFORM_VERSION:
		return give_text("OpenCL 1.2 fake", size, to, actual);
	case CL_PLATFORM_VENDOR:
		return give_text("nobody", size, to, actual);
	default:
		return CL_INVALID_VALUE;
	}
}

static cl_int CL_API_CALL device_ids(cl_platform_id id, cl_device_type type,
				     cl_uint size, cl_device_id *to,
				     cl_uint *actual)
{
	cl_uint count = is("none") ? 0 : is("two") ? 2 : 1, i;

	(void)id;
	(void)type;
	if (is("crashids"))
		abort();
	if (is("exitids"))
		_exit(0);
	while (is("hangids"))
		pause();
	if (is("error"))
		return CL_OUT_OF_HOST_MEMORY;
	for (i = 0; to && i < count && i < size; ++i)
		to[i] = &devices[i];
	if (actual)
		*actual = count;
	return count ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

static const char *extensions(void)
{
	if (is("pci2"))
		return "cl_khr_pci_bus_info";
	if (is("nv2"))
		return "cl_nv_device_attribute_query";
	return is("amd2") ? "cl_amd_device_attribute_query" : "";
}

/* 0000:02:00.0, in three ways. */
static cl_int address(cl_device_info what, size_t size, void *to,
		      size_t *actual)
{
	static const cl_uint khr[4] = {0, 2, 0, 0};
	unsigned char amd[24] = {[21] = 2};
	const cl_uint kind = 1;

	memcpy(amd, &kind, sizeof(kind));
	if (what == 0x410f && is("pci2"))
		return give(khr, sizeof(khr), size, to, actual);
	if (what == 0x4037 && is("amd2"))
		return give(amd, sizeof(amd), size, to, actual);
	if (what >= 0x4008 && what <= 0x400a && is("nv2"))
		return give_uint(what == 0x4008 ? 2 : 0, size, to, actual);
	return CL_INVALID_VALUE;
}

static cl_int device_text(cl_device_id id, cl_device_info what, size_t size,
			  void *to, size_t *actual)
{
	char text[128];

	switch (what) {
	case CL_DEVICE_NAME:
		snprintf(text, sizeof(text), "  %s device %d ", name,
			 (int)(id - devices));
		return give_text(text, size, to, actual);
	case CL_DEVICE_VERSION:
		snprintf(text, sizeof(text), "OpenCL 1.%d%s", is("old") ? 1 : 2,
			 is("beignet") ? " beignet 1.3" : "");
		return give_text(text, size, to, actual);
	case CL_DEVICE_PROFILE:
		return give_text(is("embedded") ? "EMBEDDED_PROFILE"
						: "FULL_PROFILE",
				 size, to, actual);
	case CL_DEVICE_EXTENSIONS:
		return give_text(extensions(), size, to, actual);
	case CL_DRIVER_VERSION:
		return give_text("1.0 fake", size, to, actual);
	default:
		return address(what, size, to, actual);
	}
}

static cl_device_type type(void)
{
	if (is("gpu") || is("unified"))
		return CL_DEVICE_TYPE_GPU;
	return is("acc") ? CL_DEVICE_TYPE_ACCELERATOR : CL_DEVICE_TYPE_CPU;
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what,
				      size_t size, void *to, size_t *actual)
{
	switch (what) {
	case CL_DEVICE_TYPE:
		return give_ulong(type(), size, to, actual);
	case CL_DEVICE_GLOBAL_MEM_SIZE:
		return give_ulong(1 << 30, size, to, actual);
	case CL_DEVICE_HOST_UNIFIED_MEMORY:
		return give_uint(is("unified"), size, to, actual);
	case CL_DEVICE_AVAILABLE:
		return give_uint(!is("gone"), size, to, actual);
	case CL_DEVICE_COMPILER_AVAILABLE:
		return give_uint(!is("nocompiler"), size, to, actual);
	case CL_DEVICE_ENDIAN_LITTLE:
		return give_uint(!is("big"), size, to, actual);
	case CL_DEVICE_MAX_COMPUTE_UNITS:
		return give_uint(1, size, to, actual);
	case CL_DEVICE_PLATFORM:
		return give(&(cl_platform_id){&platform},
			    sizeof(cl_platform_id), size, to, actual);
	default:
		return device_text(id, what, size, to, actual);
	}
}

static cl_context CL_API_CALL create_context(
	const cl_context_properties *properties, cl_uint count,
	const cl_device_id *ids,
	void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
	void *user, cl_int *code)
{
	(void)properties;
	(void)count;
	(void)ids;
	(void)notify;
	(void)user;
	if (code)
		*code = CL_DEVICE_NOT_AVAILABLE;
	return NULL;
}

static cl_int CL_API_CALL platform_ids(cl_uint size, cl_platform_id *to,
				       cl_uint *actual)
{
	if (to && size)
		*to = &platform;
	if (actual)
		*actual = 1;
	return CL_SUCCESS;
}

static void *CL_API_CALL extension(const char *function)
{
	if (!strcmp(function, "clIcdGetPlatformIDsKHR"))
		return (void *)platform_ids;
	return NULL;
}

void *CL_API_CALL clGetExtensionFunctionAddress(const char *function)
{
	return extension(function);
}

/* As ocl-icd looks for it. */
cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id id, cl_platform_info what,
				     size_t size, void *to, size_t *actual)
{
	return platform_info(id, what, size, to, actual);
}

/* How many files with this word in their names this process has loaded. */
static int loaded(const char *word)
{
	char line[1024], last[1024] = "";
	FILE *maps = fopen("/proc/self/maps", "r");
	int count = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		const char *path = strchr(line, '/');

		if (!path || !strstr(path, word) || !strcmp(path, last))
			continue;
		snprintf(last, sizeof(last), "%s", path);
		++count;
	}
	if (maps)
		fclose(maps);
	return count;
}

__attribute__((constructor)) static void load(void)
{
	const char *base;
	size_t length;
	Dl_info about;

	if (!dladdr((void *)load, &about))
		abort();
	base = strrchr(about.dli_fname, '/');
	base = base ? base + 1 : about.dli_fname;
	length = strcspn(base, ".");
	snprintf(name, sizeof(name), "%.*s", (int)length, base);
	snprintf(words, sizeof(words), "%s", base + length);
	dispatch.clGetPlatformIDs = platform_ids;
	dispatch.clGetPlatformInfo = platform_info;
	dispatch.clGetDeviceIDs = device_ids;
	dispatch.clGetDeviceInfo = device_info;
	dispatch.clCreateContext = create_context;
	dispatch.clGetExtensionFunctionAddress = extension;
	if (is("abort") || (is("pair") && loaded(".pair.") > 1))
		abort();
	if (is("exit"))
		exit(0);
	while (is("hang"))
		pause();
}
