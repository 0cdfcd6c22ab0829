/* undertone devices */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/device.h>

#include "cli/command.h"
#include "cli/events.h"

static void print_device(const struct ut_device_info *info)
{
	char memory[32] = "?";

	if (info->memory_bytes)
		snprintf(memory, sizeof(memory), "%.1f GiB",
			 (double)info->memory_bytes / (1 << 30));
	printf("%d  %s\n", info->index, info->name);
	printf("   platform  %s\n", info->platform);
	printf("   driver    %s\n", info->driver);
	printf("   kind      %s, %u compute unit%s, %s\n",
	       ut_device_kind_name(info->kind), info->compute_units,
	       info->compute_units == 1 ? "" : "s", memory);
	if (*info->address)
		printf("   address   %s\n", info->address);
	if (info->usable)
		printf("   usable    yes%s%s\n", info->level[0] ? ": " : "",
		       info->level);
	else
		printf("   usable    no: %s\n", info->reason);
	if (*info->left_out)
		printf("   auto      no: %s\n", info->left_out);
}

/* Every line of the notes is one. */
static void print_notes(const char *notes)
{
	while (*notes) {
		size_t length = strcspn(notes, "\n");

		printf("note: %.*s\n", (int)length, notes);
		notes += length + (notes[length] == '\n');
	}
}

static json_t *device_json(const struct ut_device_info *info)
{
	return json_pack(
		"{s:i, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:o, s:o}",
		"index", info->index, "kind", ut_device_kind_name(info->kind),
		"name", event_text(info->name), "platform",
		event_text(info->platform), "driver", event_text(info->driver),
		"level", event_text(info->level), "memory_bytes",
		(json_int_t)info->memory_bytes, "compute_units",
		(json_int_t)info->compute_units, "address",
		event_text(info->address), "usable", info->usable, "reason",
		event_text(info->reason), "left_out",
		event_text(info->left_out));
}

static int print_list_json(const struct ut_device_list *list)
{
	struct ut_error error = {0};
	json_t *devices = json_array();
	size_t i;

	for (i = 0; i < list->count; ++i)
		json_array_append_new(devices, device_json(&list->devices[i]));
	if (print_json(json_pack("{s:o, s:o}", "devices", devices, "notes",
				 event_text(list->notes)),
		       &error))
		return fail(&error);
	return DONE;
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_device_list list;
	struct options options;
	struct ut_error error = {0};
	int status = DONE;
	size_t i;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count)
		return complain(command, "takes no arguments");
	if (ut_device_list_init(&list, &error))
		return fail(&error);
	if (options.json)
		status = print_list_json(&list);
	for (i = 0; i < list.count && !options.json; ++i)
		print_device(&list.devices[i]);
	if (!options.json)
		print_notes(list.notes);
	ut_device_list_release(&list);
	return status;
}

const struct command command_devices = {
	.name = "devices",
	.arguments = "[options]",
	.about = "Lists the host and every OpenCL device, and what is usable",
	.options = "j",
	.run = run,
};
