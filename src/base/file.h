/* Files and folders, written so that they are whole or absent. */
#ifndef UT_FILE_H
#define UT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <undertone/status.h>

/*
 * Sets error to "text: what code means", code being an errno, and returns the
 * status that fits: UT_MISSING, UT_EXISTS, UT_MEMORY, else UT_IO.
 */
enum ut_status ut_file_error(struct ut_error *error, int code,
			     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "folder/name" on the heap, or NULL when memory runs out. */
char *ut_path_join(const char *folder, const char *name);

bool ut_file_exists(const char *path);

/*
 * Writes a whole file: under a temporary name in the same folder, to the disk,
 * then renamed. After a failure path is what it was before.
 */
enum ut_status ut_file_write(const char *path, const void *data, size_t bytes,
			     struct ut_error *error);

/* A file in the making, written piece by piece. All zero: none. */
struct ut_draft {
	char *path; /* where it will stand */
	char *work; /* its name until then */
	int file;
	int code; /* of the first write that failed: latched, an errno */
};

/*
 * Begins a file that stands at path when it is committed, and not before. Append
 * latches what fails; commit says it, and leaves path what it was. End with
 * commit or abort; abort of one that is all zero is fine.
 */
enum ut_status ut_draft_begin(struct ut_draft *draft, const char *path,
			      struct ut_error *error);
void ut_draft_append(struct ut_draft *draft, const void *data, size_t bytes);
enum ut_status ut_draft_commit(struct ut_draft *draft, struct ut_error *error);
void ut_draft_abort(struct ut_draft *draft);

/*
 * Reads a whole file of at most limit bytes; *data, on the heap, gets a NUL
 * after its *bytes bytes. UT_CORRUPT if the file is longer.
 */
enum ut_status ut_file_read(const char *path, size_t limit, char **data,
			    size_t *bytes, struct ut_error *error);

/* Makes the folder and those above it that are missing. */
enum ut_status ut_folder_make(const char *path, struct ut_error *error);

/* Removes the folder and all that is in it; one that is not there is fine. */
enum ut_status ut_folder_remove(const char *path, struct ut_error *error);

/* The file that makes a folder a run's folder. */
#define UT_RECEIPT_FILE "receipt.json"

/* A folder in the making. */
struct ut_folder {
	char *path; /* where it will stand */
	char *work; /* where it is built: write here */
	bool force;
};

/*
 * Begins a folder: makes folder->work, empty, beside path; and the folders
 * above. UT_EXISTS when there is something at path, unless force: then that
 * must be a run's folder (it has a receipt), which commit replaces. UT_INVALID
 * for a path that names no new folder: empty, "/", ends in "." or "..".
 * End with commit or abort.
 */
enum ut_status ut_folder_begin(struct ut_folder *folder, const char *path,
			       bool force, struct ut_error *error);

/*
 * Puts all files of folder->work on the disk and renames it to folder->path. On
 * failure work is removed and an older run at path stays; either way folder is
 * released.
 */
enum ut_status ut_folder_commit(struct ut_folder *folder,
				struct ut_error *error);

/* Removes folder->work and releases folder. One that is all zero is fine. */
void ut_folder_abort(struct ut_folder *folder);

#endif
