/* undertone devices */
#include <stdio.h>

#include <undertone/device.h>

#include "cli/command.h"

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
	if (info->usable)
		printf("   usable    yes%s%s\n", info->level[0] ? ": " : "",
		       info->level);
	else
		printf("   usable    no: %s\n", info->reason);
}

static int run(const struct command *command, int count, char **words)
{
	struct ut_device_list list;
	struct options options;
	struct ut_error error = {0};
	int status;
	size_t i;

	if (!options_read(&options, command, count, words, &status))
		return status;
	if (options.count)
		return complain(command, "takes no arguments");
	if (ut_device_list_init(&list, &error))
		return fail(&error);
	for (i = 0; i < list.count; ++i)
		print_device(&list.devices[i]);
	if (list.notes[0])
		printf("note: %s\n", list.notes);
	ut_device_list_release(&list);
	return DONE;
}

const struct command command_devices = {
	.name = "devices",
	.arguments = "",
	.about = "Lists the host and every OpenCL device, and what is usable",
	.options = "",
	.run = run,
};
