/* Files, written so that they are whole or absent. */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/disk.h"

enum ut_status ut_file_error(struct ut_error *error, int code,
			     const char *format, ...)
{
	char text[UT_ERROR_TEXT], why[256];
	enum ut_status status = UT_IO;
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	if (strerror_r(code, why, sizeof(why)))
		snprintf(why, sizeof(why), "error %d", code);
	if (code == ENOENT || code == ENOTDIR)
		status = UT_MISSING;
	else if (code == EEXIST || code == ENOTEMPTY)
		status = UT_EXISTS;
	else if (code == ENOMEM)
		status = UT_MEMORY;
	return ut_error_set(error, status, "%s: %s", text, why);
}

char *ut_path_join(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	size_t bytes = length + strlen(name) + 2;
	char *path = malloc(bytes);

	if (!path)
		return NULL;
	snprintf(path, bytes, "%s%s%s", folder,
		 length && folder[length - 1] == '/' ? "" : "/", name);
	return path;
}

bool ut_file_exists(const char *path)
{
	struct stat info;

	return !stat(path, &info);
}

char *ut_disk_beside(const char *path, const char *word, unsigned try)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	size_t bytes = strlen(path) + strlen(word) + 64;
	char *beside = malloc(bytes);

	if (beside)
		snprintf(beside, bytes, "%.*s.%s.%s-%ld-%u", folder, path,
			 path + folder, word, (long)getpid(), try);
	return beside;
}

int ut_disk_sync_folder(const char *path)
{
	int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = 0;

	if (file < 0)
		return errno;
	/* some file systems cannot sync a folder */
	if (fsync(file) && errno != EINVAL && errno != ENOSYS)
		code = errno;
	close(file);
	return code;
}

int ut_disk_sync_above(const char *path)
{
	char *slash, *folder = malloc(strlen(path) + 2);
	int code;

	if (!folder)
		return ENOMEM;
	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	code = ut_disk_sync_folder(folder);
	free(folder);
	return code;
}

/* Opens a new file beside path, its name in *name (heap). Returns an errno. */
static int open_beside(const char *path, char **name, int *file)
{
	unsigned try;

	for (try = 0; try < UT_DISK_TRIES; ++try) {
		*name = ut_disk_beside(path, "part", try);
		if (!*name)
			return ENOMEM;
		*file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			     0666);
		if (*file >= 0)
			return 0;
		free(*name);
		*name = NULL;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

enum ut_status ut_draft_begin(struct ut_draft *draft, const char *path,
			      struct ut_error *error)
{
	int code = ENOMEM;

	*draft = (struct ut_draft){.path = strdup(path)};
	if (draft->path)
		code = open_beside(path, &draft->work, &draft->file);
	if (!code)
		return UT_OK;
	free(draft->path);
	*draft = (struct ut_draft){0};
	return ut_file_error(error, code, "cannot write %s", path);
}

void ut_draft_append(struct ut_draft *draft, const void *data, size_t bytes)
{
	if (!draft->code)
		draft->code = ut_write_all(draft->file, data, bytes);
}

static void draft_release(struct ut_draft *draft)
{
	free(draft->path);
	free(draft->work);
	*draft = (struct ut_draft){0};
}

enum ut_status ut_draft_commit(struct ut_draft *draft, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int code = draft->code;

	if (!code && fsync(draft->file))
		code = errno;
	if (close(draft->file) && !code)
		code = errno;
	if (!code && rename(draft->work, draft->path))
		code = errno;
	if (code)
		unlink(draft->work);
	else
		code = ut_disk_sync_above(draft->path);
	if (code)
		status = ut_file_error(error, code, "cannot write %s",
				       draft->path);
	draft_release(draft);
	return status;
}

void ut_draft_abort(struct ut_draft *draft)
{
	if (draft->work) {
		close(draft->file);
		unlink(draft->work);
	}
	draft_release(draft);
}

enum ut_status ut_file_write(const char *path, const void *data, size_t bytes,
			     struct ut_error *error)
{
	struct ut_draft draft;
	enum ut_status status = ut_draft_begin(&draft, path, error);

	if (status)
		return status;
	ut_draft_append(&draft, data, bytes);
	return ut_draft_commit(&draft, error);
}

/* Reads to the end, at most limit + 1 bytes. Returns an errno. */
static int read_all(int file, size_t limit, char **data, size_t *bytes)
{
	size_t capacity = 0;

	*data = NULL;
	*bytes = 0;
	for (;;) {
		ssize_t got;

		if (*bytes == capacity) {
			char *more;

			capacity = capacity ? 2 * capacity : 4096;
			if (capacity > limit + 1)
				capacity = limit + 1;
			more = realloc(*data, capacity + 1);
			if (!more)
				return ENOMEM;
			*data = more;
		}
		got = read(file, *data + *bytes, capacity - *bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		*bytes += (size_t)got;
		if (!got || *bytes > limit)
			return 0;
	}
}

enum ut_status ut_file_read(const char *path, size_t limit, char **data,
			    size_t *bytes, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	char *content;
	size_t length;
	int file, code;

	assert(limit < SIZE_MAX / 2);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return ut_file_error(error, errno, "cannot read %s", path);
	code = read_all(file, limit, &content, &length);
	close(file);
	if (code)
		status = ut_file_error(error, code, "cannot read %s", path);
	else if (length > limit)
		status = ut_error_set(error, UT_CORRUPT,
				      "cannot read %s: longer than %zu bytes",
				      path, limit);
	if (status) {
		free(content);
		return status;
	}
	content[length] = '\0';
	*data = content;
	*bytes = length;
	return UT_OK;
}
