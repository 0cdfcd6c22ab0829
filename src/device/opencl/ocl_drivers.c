/*
 * The drivers that are registered for OpenCL's loader, and how it is kept from
 * some of them: it reads the environment when it is first called.
 */
#include "ocl_list.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* As the loaders have it: Khronos', and ocl-icd, which has an older name too. */
static const char vendors[] = "OCL_ICD_VENDORS";
static const char old_vendors[] = "OPENCL_VENDOR_PATH";
static const char libraries[] = "OCL_ICD_FILENAMES";
static const char usual_place[] = "/etc/OpenCL/vendors";

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *find_place(void)
{
	const char *place = variable(vendors);

	if (!place)
		place = variable(old_vendors);
	return place ? place : usual_place;
}

static bool is_icd(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, ".icd");
}

/* Takes the path, which is on the heap; more than fit are not counted. */
static bool add(struct ut_ocl_drivers *drivers, char *path)
{
	char **paths;

	if (!path || drivers->count == OCL_DRIVERS) {
		free(path);
		return path;
	}
	paths = realloc(drivers->paths, (drivers->count + 1) * sizeof(*paths));
	if (!paths) {
		free(path);
		return false;
	}
	paths[drivers->count++] = path;
	drivers->paths = paths;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_folder(struct ut_ocl_drivers *drivers, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool fits = true;

	while (folder && fits && (entry = readdir(folder)))
		if (is_icd(entry->d_name))
			fits = add(drivers, ut_path_join(path, entry->d_name));
	if (folder)
		closedir(folder);
	if (drivers->count)
		qsort(drivers->paths, drivers->count, sizeof(*drivers->paths),
		      by_name);
	return fits;
}

/* Khronos' loader takes libraries beside the registered ones. */
static bool add_libraries(struct ut_ocl_drivers *drivers)
{
	const char *list = variable(libraries);
	size_t before = drivers->count;
	bool fits = true;

	while (list && *list && fits) {
		size_t length = strcspn(list, ":");

		if (length)
			fits = add(drivers, strndup(list, length));
		list += length + (list[length] == ':');
	}
	drivers->libraries += drivers->count - before;
	return fits;
}

bool ut_ocl_drivers_init(struct ut_ocl_drivers *drivers)
{
	struct stat about;
	bool fits;

	*drivers = (struct ut_ocl_drivers){.place = find_place()};
	if (!stat(drivers->place, &about) && S_ISDIR(about.st_mode)) {
		fits = add_folder(drivers, drivers->place);
	} else {
		/* ocl-icd takes a file, or a library, in a folder's place */
		fits = !variable(vendors) ||
		       add(drivers, strdup(drivers->place));
		drivers->libraries = drivers->count && !is_icd(drivers->place);
	}
	return fits && add_libraries(drivers);
}

void ut_ocl_drivers_release(struct ut_ocl_drivers *drivers)
{
	size_t i;

	for (i = 0; i < drivers->count; ++i)
		free(drivers->paths[i]);
	free(drivers->paths);
	*drivers = (struct ut_ocl_drivers){0};
}

static bool is_library(const struct ut_ocl_drivers *drivers, size_t i)
{
	return i >= drivers->count - drivers->libraries;
}

void ut_ocl_driver_library(const struct ut_ocl_drivers *drivers, size_t i,
			   struct ut_text *to)
{
	char *text = NULL;
	size_t bytes;

	if (is_library(drivers, i)) {
		ut_text_append(to, "%s", drivers->paths[i]);
		return;
	}
	if (ut_file_read(drivers->paths[i], 4096, &text, &bytes, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	ut_text_append(to, "%s", ut_text_trim(text));
	free(text);
}

void ut_ocl_driver_name(const struct ut_ocl_drivers *drivers, size_t i,
			struct ut_text *to)
{
	struct ut_text library = {0};

	ut_text_append(to, "%s", drivers->paths[i]);
	if (!is_library(drivers, i))
		ut_ocl_driver_library(drivers, i, &library);
	if (library.length)
		ut_text_append(to, " (%s)", library.data);
	ut_text_release(&library);
}

/* One more file in the view's folder, that names the driver's library. */
static enum ut_status show(const struct ut_ocl_view *view,
			   const struct ut_ocl_drivers *drivers, size_t i,
			   struct ut_error *error)
{
	struct ut_text name = {0}, library = {0};
	enum ut_status status = UT_OK;

	/* in the order of the drivers' names */
	ut_text_append(&name, "%s/%02zu.icd", view->folder, i);
	ut_ocl_driver_library(drivers, i, &library);
	if (name.failed || library.failed)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	else if (library.length)
		status = ut_file_write(name.data, library.data, library.length,
				       error);
	ut_text_release(&library);
	ut_text_release(&name);
	return status;
}

enum ut_status ut_ocl_view_open(struct ut_ocl_view *view,
				const struct ut_ocl_drivers *drivers,
				ut_ocl_set hidden, struct ut_error *error)
{
	const char *place = variable("TMPDIR");
	enum ut_status status = UT_OK;
	size_t i;

	*view = (struct ut_ocl_view){0};
	if (!hidden)
		return UT_OK;
	view->folder = ut_path_join(place ? place : "/tmp",
				    "undertone-drivers-XXXXXX");
	if (!view->folder || !mkdtemp(view->folder)) {
		free(view->folder);
		view->folder = NULL;
		return ut_error_set(error, UT_IO, "cannot make a folder in %s",
				    place ? place : "/tmp");
	}
	for (i = 0; i < drivers->count && !status; ++i)
		if (!(hidden & ut_ocl_set_of(i)))
			status = show(view, drivers, i, error);
	return status;
}

static char *take_variable(const char *name)
{
	const char *value = getenv(name);

	return value ? strdup(value) : NULL;
}

static void give_variable(const char *name, char **value)
{
	if (*value)
		setenv(name, *value, 1);
	else
		unsetenv(name);
	free(*value);
	*value = NULL;
}

void ut_ocl_view_enter(struct ut_ocl_view *view)
{
	if (!view->folder)
		return;
	view->before = take_variable(vendors);
	view->libraries_before = take_variable(libraries);
	setenv(vendors, view->folder, 1);
	unsetenv(libraries);
	view->entered = true;
}

void ut_ocl_view_close(struct ut_ocl_view *view)
{
	if (view->entered) {
		give_variable(vendors, &view->before);
		give_variable(libraries, &view->libraries_before);
	}
	if (view->folder)
		ut_folder_remove(view->folder, NULL);
	free(view->folder);
	*view = (struct ut_ocl_view){0};
}

enum ut_status ut_ocl_load(const struct ut_device_info *info,
			   struct ut_error *error)
{
	struct ut_ocl_drivers drivers = {0};
	struct ut_ocl_view view = {0};
	enum ut_status status = UT_OK;
	cl_uint count;

	if (!info->hidden)
		return UT_OK;
	if (!ut_ocl_drivers_init(&drivers))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_ocl_view_open(&view, &drivers, info->hidden, error);
	if (!status) {
		ut_ocl_view_enter(&view);
		clGetPlatformIDs(0, NULL, &count);
	}
	ut_ocl_view_close(&view);
	ut_ocl_drivers_release(&drivers);
	return status;
}
