/* Folders that are built aside, then appear at once. */
#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"

/* Makes one folder; one that is there already is fine. Returns an errno. */
static int make_one(const char *path)
{
	struct stat info;
	int code;

	if (!mkdir(path, 0777))
		return 0;
	code = errno;
	if (!stat(path, &info))
		return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
	return code;
}

/* Makes every folder above the last name of path, and that one if whole. */
static int make_all(const char *path, bool whole)
{
	char *copy = malloc(strlen(path) + 1), *c;
	int code = 0;

	if (!copy)
		return ENOMEM;
	strcpy(copy, path);
	for (c = copy + 1; *copy && *c && !code; ++c)
		if (*c == '/' && c[-1] != '/') {
			*c = '\0';
			code = make_one(copy);
			*c = '/';
		}
	if (!code && whole)
		code = make_one(copy);
	free(copy);
	return code;
}

enum ut_status ut_folder_make(const char *path, struct ut_error *error)
{
	int code = make_all(path, true);

	if (code)
		return ut_file_error(error, code, "cannot make folder %s",
				     path);
	return UT_OK;
}

/*
 * A tree is walked with a visit to each entry: after its content, if a folder.
 */
typedef int (*visit)(int folder, const char *name, bool is_folder);

/* Walks the tree below the open folder; closes it. Returns an errno. */
static int walk(int folder, visit each)
{
	DIR *stream = fdopendir(folder);
	struct dirent *entry;
	int code = 0;

	if (!stream) {
		code = errno;
		close(folder);
		return code;
	}
	while (!code && (errno = 0, entry = readdir(stream))) {
		const char *name = entry->d_name;
		struct stat info;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW)) {
			code = errno;
			break;
		}
		if (S_ISDIR(info.st_mode)) {
			int below = openat(folder, name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
						   O_CLOEXEC);

			code = below < 0 ? errno : walk(below, each);
		}
		if (!code)
			code = each(folder, name, S_ISDIR(info.st_mode));
	}
	if (!code)
		code = errno;
	closedir(stream);
	return code;
}

static int walk_path(const char *path, visit each)
{
	int folder =
		open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder < 0 ? errno : walk(folder, each);
}

static int remove_entry(int folder, const char *name, bool is_folder)
{
	return unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0) ? errno : 0;
}

static int sync_entry(int folder, const char *name, bool is_folder)
{
	int file = openat(folder, name,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int code = 0;

	(void)is_folder;
	if (file < 0)
		return errno == ELOOP ? 0 : errno;
	/* EINVAL: nothing that can be put on a disk */
	if (fsync(file) && errno != EINVAL)
		code = errno;
	close(file);
	return code;
}

static int remove_tree(const char *path)
{
	int code = walk_path(path, remove_entry);

	if (!code && rmdir(path))
		code = errno;
	return code;
}

enum ut_status ut_folder_remove(const char *path, struct ut_error *error)
{
	int code = remove_tree(path);

	if (code && code != ENOENT)
		return ut_file_error(error, code, "cannot remove %s", path);
	return UT_OK;
}

static bool has_receipt(const char *path)
{
	char *receipt = ut_path_join(path, UT_RECEIPT_FILE);
	struct stat info;
	bool has = receipt && !lstat(receipt, &info) && S_ISREG(info.st_mode);

	free(receipt);
	return has;
}

/* Whether a folder may be put at path: nothing there, or a run and force. */
static enum ut_status check_free(const char *path, bool force,
				 struct ut_error *error)
{
	struct stat info;

	if (lstat(path, &info)) {
		if (errno == ENOENT)
			return UT_OK;
		return ut_file_error(error, errno, "cannot make folder %s",
				     path);
	}
	if (!force)
		return ut_error_set(error, UT_EXISTS,
				    "%s exists already; choose another --out, "
				    "or replace it with --force",
				    path);
	if (!S_ISDIR(info.st_mode) || !has_receipt(path))
		return ut_error_set(error, UT_EXISTS,
				    "%s exists and is not the folder of a run "
				    "(no %s in it): not replaced",
				    path, UT_RECEIPT_FILE);
	return UT_OK;
}

/* path without slashes at its end; NULL when it names no new folder. */
static char *new_name(const char *path)
{
	size_t length = strlen(path);
	const char *last;
	char *name;

	while (length && path[length - 1] == '/')
		--length;
	name = calloc(length + 1, 1);
	if (!name)
		return NULL;
	memcpy(name, path, length);
	last = strrchr(name, '/');
	last = last ? last + 1 : name;
	if (*last && strcmp(last, ".") && strcmp(last, ".."))
		return name;
	free(name);
	errno = EINVAL;
	return NULL;
}

/* Makes the folder that is built. Returns an errno. */
static int make_work(struct ut_folder *folder)
{
	unsigned try;

	for (try = 0; try < UT_DISK_TRIES; ++try) {
		folder->work = ut_disk_beside(folder->path, "part", try);
		if (!folder->work)
			return ENOMEM;
		if (!mkdir(folder->work, 0777))
			return 0;
		free(folder->work);
		folder->work = NULL;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

static void folder_release(struct ut_folder *folder)
{
	free(folder->path);
	free(folder->work);
	*folder = (struct ut_folder){0};
}

enum ut_status ut_folder_begin(struct ut_folder *folder, const char *path,
			       bool force, struct ut_error *error)
{
	enum ut_status status;
	int code;

	*folder = (struct ut_folder){.force = force, .path = new_name(path)};
	if (!folder->path && errno == EINVAL)
		return ut_error_set(error, UT_INVALID,
				    "'%s' does not name a new folder", path);
	if (!folder->path)
		return ut_file_error(error, ENOMEM, "cannot make folder %s",
				     path);
	status = check_free(folder->path, force, error);
	if (!status) {
		code = make_all(folder->path, false);
		if (!code)
			code = make_work(folder);
		if (code)
			status = ut_file_error(error, code,
					       "cannot make folder %s", path);
	}
	if (status)
		folder_release(folder);
	return status;
}

/* Moves the older run at path aside, its new name in *old (heap). */
static int move_aside(const struct ut_folder *folder, char **old)
{
	unsigned try;
	int code = 0;

	for (try = 0; try < UT_DISK_TRIES; ++try) {
		*old = ut_disk_beside(folder->path, "old", try);
		if (!*old)
			return ENOMEM;
		if (!rename(folder->path, *old))
			return 0;
		code = errno;
		free(*old);
		if (code != EEXIST && code != ENOTEMPTY)
			break;
	}
	return code;
}

/* Moves work to path, and the older run there away. */
static enum ut_status replace(const struct ut_folder *folder,
			      struct ut_error *error)
{
	enum ut_status status = UT_OK;
	char *old;
	int code = move_aside(folder, &old);

	if (code)
		return ut_file_error(error, code, "cannot replace %s",
				     folder->path);
	if (rename(folder->work, folder->path)) {
		code = errno;
		rename(old, folder->path);
		status = ut_file_error(error, code, "cannot replace %s",
				       folder->path);
	} else if ((code = remove_tree(old))) {
		status = ut_file_error(error, code,
				       "%s is written, but the run it replaced "
				       "cannot be removed: %s",
				       folder->path, old);
	}
	free(old);
	return status;
}

static enum ut_status put_in_place(const struct ut_folder *folder,
				   struct ut_error *error)
{
	struct stat info;
	int code = walk_path(folder->work, sync_entry);

	if (!code)
		code = ut_disk_sync_folder(folder->work);
	if (!code && !lstat(folder->path, &info)) {
		enum ut_status status = replace(folder, error);

		if (status)
			return status;
	} else if (!code && rename(folder->work, folder->path)) {
		code = errno;
	}
	if (!code)
		code = ut_disk_sync_above(folder->path);
	if (code)
		return ut_file_error(error, code, "cannot finish folder %s",
				     folder->path);
	return UT_OK;
}

enum ut_status ut_folder_commit(struct ut_folder *folder,
				struct ut_error *error)
{
	enum ut_status status;

	assert(folder->work);
	/* something may have come to path since the beginning */
	status = check_free(folder->path, folder->force, error);
	if (!status)
		status = put_in_place(folder, error);
	if (status)
		ut_folder_abort(folder);
	else
		folder_release(folder);
	return status;
}

void ut_folder_abort(struct ut_folder *folder)
{
	if (folder->work)
		remove_tree(folder->work);
	folder_release(folder);
}
