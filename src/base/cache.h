/*
 * What is worth keeping between starts of the program: compiled kernels, what
 * was found out about a device. UNDERTONE_CACHE names the folder, or is "off";
 * else it is undertone in XDG_CACHE_HOME or ~/.cache. Nothing in it is needed.
 */
#ifndef UT_CACHE_H
#define UT_CACHE_H

#include <stddef.h>

/*
 * What was kept under the name, on the heap; NULL when there is nothing, or it
 * is not as it was stored. name is a file's, without a slash: it holds the
 * fingerprint of all that the contents depend on.
 */
char *ut_cache_load(const char *name, size_t *bytes);

/* Keeps it; failure is silent. */
void ut_cache_store(const char *name, const void *data, size_t bytes);

#endif
