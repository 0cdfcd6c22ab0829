/* From kernel files to a program: sources, options, the cache, build logs. */
#include "ocl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/fingerprint.h"
#include "base/text.h"
#include "kernels.h"

/* Part of every key: counts up when what the cache holds changes its meaning. */
static const char format_version[] = "undertone program 1";

enum { LOG_LINES = 40, SOURCE_BYTES = 1 << 20 };

/* The length of a cached program's name, its end included. */
enum { NAME_BYTES = UT_FINGERPRINT_TEXT + sizeof(".bin") };

static void append_embedded(struct ut_text *source, const char *name)
{
	const struct ut_kernel_file *file = ut_kernel_files;
	const char *const *line;

	while (file->name && strcmp(file->name, name))
		++file;
	assert(file->name && "every kernel file is embedded");
	for (line = file->lines; *line; ++line)
		ut_text_append(source, "%s", *line);
}

/* For those who work on kernels: UNDERTONE_KERNELS names the folder cl/. */
static enum ut_status append_from_disk(struct ut_text *source,
				       const char *folder, const char *name,
				       struct ut_error *error)
{
	struct ut_text path = {0};
	enum ut_status status;
	char *text = NULL;
	size_t bytes;

	ut_text_append(&path, "%s/%s.cl", folder, name);
	status = ut_file_read(ut_text_string(&path), SOURCE_BYTES, &text,
			      &bytes, error);
	if (!status)
		ut_text_append(source, "%s\n", text);
	free(text);
	ut_text_release(&path);
	return status;
}

const char *ut_ocl_kernels_folder(void)
{
	const char *folder = getenv("UNDERTONE_KERNELS");

	return folder && *folder ? folder : NULL;
}

static enum ut_status read_source(struct ut_text *source,
				  const char *const *names,
				  struct ut_error *error)
{
	const char *folder = ut_ocl_kernels_folder();
	enum ut_status status = UT_OK;

	for (; *names && !status; ++names)
		if (folder)
			status =
				append_from_disk(source, folder, *names, error);
		else
			append_embedded(source, *names);
	if (!status && source->failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	return status;
}

static void append_options(struct ut_text *options, const struct ut_ocl *ocl)
{
	const struct ut_ocl_tunables *t = &ocl->tunables;
	const char *folder = ut_ocl_kernels_folder();
	cl_device_fp_config precision = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(precision),
			&precision, NULL);
	if (ocl->relaxed)
		ut_text_append(options, " -cl-fast-relaxed-math");
	else if (precision & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
		ut_text_append(options,
			       " -cl-fp32-correctly-rounded-divide-sqrt");
	if (folder)
		ut_text_append(options, " -I %s", folder);
	if (t->gpu_shape)
		ut_text_append(options,
			       " -DUT_SHAPE_GPU -DUT_GROUP=%u"
			       " -DUT_SIDE=%u -DUT_BLOCK=%u"
			       " -DUT_DEPTH=%u -DUT_PAD=%u",
			       t->group, t->side, t->block, t->depth, t->pad);
	else
		ut_text_append(options,
			       " -DUT_SPAN=%u -DUT_ROW_SPAN=%u"
			       " -DUT_PANEL=%u -DUT_WIDTH=%u",
			       t->span, t->row_span, t->panel,
			       ut_ocl_width(ocl));
	if (ocl->repairs & UT_REPAIR_DIVIDE)
		ut_text_append(options, " -DUT_SOFT_DIVIDE");
	if (ocl->repairs & UT_REPAIR_FMA)
		ut_text_append(options, " -DUT_SOFT_FMA");
	if (ocl->repairs & UT_REPAIR_GUARD)
		ut_text_append(options, " -DUT_GUARD");
}

/* A text of the device or platform, on the heap; NULL when there is none. */
static char *info_text(const struct ut_ocl *ocl, cl_uint what, bool platform)
{
	char *text = NULL;
	size_t bytes = 0;

	if (platform)
		clGetPlatformInfo(ocl->platform, what, 0, NULL, &bytes);
	else
		clGetDeviceInfo(ocl->id, what, 0, NULL, &bytes);
	text = calloc(1, bytes + 1);
	if (text && platform)
		clGetPlatformInfo(ocl->platform, what, bytes, text, NULL);
	else if (text)
		clGetDeviceInfo(ocl->id, what, bytes, text, NULL);
	return text;
}

/* Takes in the names and versions of device, driver and platform. */
static void take_device(const struct ut_ocl *ocl, struct ut_fingerprinter *in)
{
	char *parts[] = {
		info_text(ocl, CL_DEVICE_NAME, false),
		info_text(ocl, CL_DEVICE_VERSION, false),
		info_text(ocl, CL_DRIVER_VERSION, false),
		info_text(ocl, CL_PLATFORM_NAME, true),
		info_text(ocl, CL_PLATFORM_VERSION, true),
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); ++i) {
		if (parts[i])
			ut_fingerprint_update(in, parts[i],
					      strlen(parts[i]) + 1);
		free(parts[i]);
	}
}

/* The cache's name for this source with these options on this device. */
static void make_key(const struct ut_ocl *ocl, const char *source,
		     const char *options, char key[NAME_BYTES])
{
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, format_version, sizeof(format_version));
	ut_fingerprint_update(&in, source, strlen(source) + 1);
	ut_fingerprint_update(&in, options, strlen(options) + 1);
	take_device(ocl, &in);
	ut_fingerprint_text(ut_fingerprint_finish(&in), key);
	strcat(key, ".bin");
}

void ut_ocl_key(const struct ut_ocl *ocl, const char *what,
		char key[UT_FINGERPRINT_TEXT])
{
	const struct ut_kernel_file *file;
	struct ut_text source = {0};
	struct ut_fingerprinter in;

	ut_fingerprint_init(&in);
	ut_fingerprint_update(&in, what, strlen(what) + 1);
	for (file = ut_kernel_files; file->name; ++file)
		read_source(&source, (const char *[]){file->name, NULL}, NULL);
	ut_fingerprint_update(&in, ut_text_string(&source), source.length);
	take_device(ocl, &in);
	ut_fingerprint_text(ut_fingerprint_finish(&in), key);
	ut_text_release(&source);
}

/* PoCL keeps its own cache of what it compiles late, which a binary loses. */
static bool caches_itself(const struct ut_ocl *ocl)
{
	char *name = info_text(ocl, CL_PLATFORM_NAME, true);
	bool pocl = name && !strcmp(name, "Portable Computing Language");

	free(name);
	return pocl;
}

static cl_program from_cache(const struct ut_ocl *ocl, const char *key,
			     const char *options)
{
	size_t bytes;
	char *binary = ut_cache_load(key, &bytes);
	const unsigned char *start = (const unsigned char *)binary;
	cl_program program;
	cl_int state, code;

	if (!binary)
		return NULL;
	program = clCreateProgramWithBinary(ocl->context, 1, &ocl->id, &bytes,
					    &start, &state, &code);
	free(binary);
	if (!program)
		return NULL;
	if (!code && !state &&
	    !clBuildProgram(program, 1, &ocl->id, options, NULL, NULL))
		return program;
	clReleaseProgram(program);
	return NULL;
}

static void to_cache(const char *key, cl_program program)
{
	unsigned char *binary;
	size_t bytes = 0;

	if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(bytes),
			     &bytes, NULL) ||
	    !bytes)
		return;
	binary = malloc(bytes);
	if (binary && !clGetProgramInfo(program, CL_PROGRAM_BINARIES,
					sizeof(binary), &binary, NULL))
		ut_cache_store(key, binary, bytes);
	free(binary);
}

/* The whole log in a file of its own; false when that cannot be written. */
static bool save_log(const char *log, struct ut_text *path)
{
	const char *folder = getenv("TMPDIR");
	int file, code;

	ut_text_append(path, "%s/undertone-build-XXXXXX",
		       folder && *folder ? folder : "/tmp");
	file = path->failed ? -1 : mkstemp(path->data);
	if (file < 0)
		return false;
	code = ut_write_all(file, log, strlen(log));
	return !close(file) && !code;
}

static size_t length_of_lines(const char *text, int lines)
{
	const char *end = text;

	for (; lines && *end; ++end)
		lines -= *end == '\n';
	return (size_t)(end - text);
}

static enum ut_status report_log(const struct ut_ocl *ocl, cl_program program,
				 const char *options, cl_int code,
				 struct ut_error *error)
{
	char *device = info_text(ocl, CL_DEVICE_NAME, false);
	struct ut_text path = {0};
	size_t bytes = 0;
	char *log;
	bool saved;

	clGetProgramBuildInfo(program, ocl->id, CL_PROGRAM_BUILD_LOG, 0, NULL,
			      &bytes);
	log = calloc(1, bytes + 1);
	if (log)
		clGetProgramBuildInfo(program, ocl->id, CL_PROGRAM_BUILD_LOG,
				      bytes, log, NULL);
	saved = log && save_log(log, &path);
	ut_error_set(error, UT_DEVICE,
		     "cannot compile the kernels for %s, "
		     "options \"%s\" (error %d)%s%s; the log begins:\n%.*s",
		     device ? device : "the device", options + 1, (int)code,
		     saved ? "; the whole log is in " : "",
		     saved ? path.data : "",
		     log ? (int)length_of_lines(log, LOG_LINES) : 0,
		     log ? log : "");
	ut_text_release(&path);
	free(log);
	free(device);
	return UT_DEVICE;
}

/* Builds with the standard named; drivers that refuse that get none named. */
static enum ut_status from_source(const struct ut_ocl *ocl, const char *source,
				  const char *options, cl_program *program,
				  struct ut_error *error)
{
	struct ut_text named = {0};
	enum ut_status status = UT_OK;
	cl_int code;

	*program = clCreateProgramWithSource(ocl->context, 1, &source, NULL,
					     &code);
	if (!*program)
		return ut_ocl_error_set(error, code, "create a program");
	ut_text_append(&named, "-cl-std=CL1.2%s", options);
	code = named.failed ? CL_OUT_OF_HOST_MEMORY
			    : clBuildProgram(*program, 1, &ocl->id, named.data,
					     NULL, NULL);
	if (code)
		code = clBuildProgram(*program, 1, &ocl->id, options, NULL,
				      NULL);
	if (code) {
		status = report_log(ocl, *program, options, code, error);
		clReleaseProgram(*program);
		*program = NULL;
	}
	ut_text_release(&named);
	return status;
}

enum ut_status ut_ocl_program_build(struct ut_ocl *ocl,
				    const char *const *names,
				    cl_program *program, struct ut_error *error)
{
	struct ut_text source = {0}, options = {0};
	/* of the files that a kernel on disk includes nothing is known */
	bool cached = !caches_itself(ocl) && !ut_ocl_kernels_folder();
	char key[NAME_BYTES];
	enum ut_status status;

	*program = NULL;
	append_options(&options, ocl);
	status = read_source(&source, names, error);
	if (!status && options.failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status && cached) {
		make_key(ocl, source.data, options.data, key);
		*program = from_cache(ocl, key, options.data);
	}
	if (!status && !*program) {
		status = from_source(ocl, source.data, options.data, program,
				     error);
		if (!status && cached)
			to_cache(key, *program);
	}
	ut_text_release(&source);
	ut_text_release(&options);
	return status;
}
