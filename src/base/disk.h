/* What those share who write files and folders whole. */
#ifndef UT_DISK_H
#define UT_DISK_H

/* How many temporary names are tried before giving up. */
enum { UT_DISK_TRIES = 100 };

/* "folder/.name.word-PID-try" for path "folder/name", on the heap, or NULL. */
char *ut_disk_beside(const char *path, const char *word, unsigned try);

/* Puts a folder's entries on the disk. Returns an errno, 0 if all is well. */
int ut_disk_sync_folder(const char *path);

/* The same for the folder that path is in. */
int ut_disk_sync_above(const char *path);

#endif
