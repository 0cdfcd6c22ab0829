/* The list of devices: those of all backends, numbered, none twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "device/backend.h"

static bool is_candidate(const struct ut_device_info *info)
{
	return info->usable && !*info->left_out;
}

/*
 * The same hardware under two platforms. One platform may show an address
 * several times: those are parts of a device, each of its own.
 */
static bool is_double(const struct ut_device_info *a,
		      const struct ut_device_info *b)
{
	return *a->address && !strcmp(a->address, b->address) &&
	       (a->backend != b->backend ||
		a->platform_number != b->platform_number);
}

/* Keeps the first of doubles for `auto`; false when memory runs out. */
static bool leave_out_doubles(struct ut_device_list *list)
{
	struct ut_text notes = {0};
	size_t i, j;

	ut_text_append(&notes, "%s", list->notes ? list->notes : "");
	for (i = 0; i < list->count; ++i) {
		const struct ut_device_info *kept = &list->devices[i];

		if (!is_candidate(kept))
			continue;
		for (j = 0; j < list->count; ++j) {
			struct ut_device_info *other = &list->devices[j];

			if (!is_candidate(other) || !is_double(kept, other))
				continue;
			snprintf(other->left_out, sizeof(other->left_out),
				 "it is device %d again", kept->index);
			ut_text_append(&notes,
				       "device %d, of platform %s, is device "
				       "%d again, at %s: ask for it as %u:%u\n",
				       other->index, other->platform,
				       kept->index, other->address,
				       other->platform_number,
				       other->device_number);
		}
	}
	free(list->notes);
	list->notes = notes.data;
	return !notes.failed;
}

enum ut_status ut_device_list_init(struct ut_device_list *list,
				   struct ut_error *error)
{
	const struct ut_backend_entry *entry;
	enum ut_status status = UT_OK;
	size_t i = 0;

	*list = (struct ut_device_list){0};
	for (entry = ut_backends; entry->backend && !status; ++entry) {
		status = entry->list(list, error);
		for (; i < list->count; ++i) {
			list->devices[i].index = (int)i;
			list->devices[i].backend =
				(unsigned)(entry - ut_backends);
		}
	}
	if (!status && !leave_out_doubles(list))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (status)
		ut_device_list_release(list);
	else if (*list->notes)
		list->notes[strlen(list->notes) - 1] = '\0';
	return status;
}

void ut_device_list_release(struct ut_device_list *list)
{
	free(list->devices);
	free(list->notes);
	*list = (struct ut_device_list){0};
}
