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

bool ut_tuning_kept(const struct ut_device_info *info,
		    char tuning[UT_DEVICE_TUNING])
{
	char name[UT_TUNING_NAME];
	size_t bytes = 0;
	char *kept;
	bool good;

	snprintf(name, sizeof(name), UT_TUNING_FILE, info->tuning_key);
	kept = ut_cache_load(name, &bytes);
	good = kept && bytes < UT_DEVICE_TUNING && *kept != '\n';
	if (good) {
		memcpy(tuning, kept, bytes);
		tuning[bytes] = '\0';
	}
	free(kept);
	return good;
}

bool ut_tuning_keep(const struct ut_device_info *info, const char *tuning)
{
	char name[UT_TUNING_NAME], kept[UT_DEVICE_TUNING];

	assert(*info->tuning_key);
	snprintf(name, sizeof(name), UT_TUNING_FILE, info->tuning_key);
	/* a file of nothing would be none, and leave the old one */
	if (!*tuning) {
		ut_cache_store(name, "\n", 1);
		return !ut_tuning_kept(info, kept);
	}
	ut_cache_store(name, tuning, strlen(tuning));
	return ut_tuning_kept(info, kept) && !strcmp(kept, tuning);
}
