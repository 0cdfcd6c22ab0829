/* Tunings: what is the same for every backend. */
#include <undertone/tuning.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "device/backend.h"

bool ut_tuning_neighbour(const struct ut_device_info *info, const char *tuning,
			 size_t i, char neighbour[UT_DEVICE_TUNING])
{
	const struct ut_backend *backend = ut_backends[info->backend].backend;

	return backend->tuning_neighbour(tuning, i, neighbour);
}

bool ut_tuning_keep(const struct ut_device_info *info, const char *tuning)
{
	char name[UT_TUNING_NAME];
	size_t length = strlen(tuning), bytes = 0;
	char *kept;
	bool same;

	assert(*info->tuning_key);
	snprintf(name, sizeof(name), UT_TUNING_FILE, info->tuning_key);
	/* a line's end makes nothing something */
	ut_cache_store(name, length ? tuning : "\n", length ? length : 1);
	kept = ut_cache_load(name, &bytes);
	same = kept &&
	       (length ? bytes == length && !memcmp(kept, tuning, length)
		       : bytes == 1);
	free(kept);
	return same;
}
