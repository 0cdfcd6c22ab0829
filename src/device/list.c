/* The list of devices; drivers are asked in a child process. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device/backend.h"

enum { CHILD_SECONDS = 20 };

static bool write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* Reads up to bytes until the deadline; false when less came. */
static bool read_all(int fd, void *data, size_t bytes, time_t deadline)
{
	char *at = data;

	while (bytes) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		time_t left = deadline - time(NULL);
		ssize_t n;
		int got;

		if (left <= 0)
			return false;
		got = poll(&ready, 1, (int)left * 1000);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n = read(fd, at, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* The child: lists, sends what it found, and ends without any clean-up. */
static void child(const struct ut_backend_entry *entry, int fd)
{
	struct ut_device_list list = {0};
	struct ut_error error = {0};
	size_t note_bytes;

	if (entry->list(&list, &error))
		list.notes = strdup(error.text);
	note_bytes = list.notes ? strlen(list.notes) : 0;
	if (write_all(fd, &list.count, sizeof(list.count)) &&
	    write_all(fd, list.devices, list.count * sizeof(*list.devices)) &&
	    write_all(fd, &note_bytes, sizeof(note_bytes)) &&
	    write_all(fd, list.notes, note_bytes))
		_exit(0);
	_exit(1);
}

static bool append(struct ut_device_list *list, struct ut_device_info *found,
		   size_t count)
{
	size_t total = list->count + count;
	struct ut_device_info *devices =
		realloc(list->devices, total * sizeof(*devices));

	if (!devices)
		return false;
	memcpy(devices + list->count, found, count * sizeof(*found));
	list->devices = devices;
	list->count = total;
	return true;
}

/* Receives what a child sent; false when it broke off. */
static bool receive(struct ut_device_list *list, int fd)
{
	time_t deadline = time(NULL) + CHILD_SECONDS;
	struct ut_device_info *found = NULL;
	size_t count, note_bytes;
	bool whole = false;

	if (!read_all(fd, &count, sizeof(count), deadline) || count > 4096)
		return false;
	found = calloc(count + 1, sizeof(*found));
	if (found && read_all(fd, found, count * sizeof(*found), deadline) &&
	    read_all(fd, &note_bytes, sizeof(note_bytes), deadline) &&
	    note_bytes < 1 << 20) {
		free(list->notes);
		list->notes = calloc(note_bytes + 1, 1);
		whole = list->notes &&
			read_all(fd, list->notes, note_bytes, deadline) &&
			(!count || append(list, found, count));
	}
	free(found);
	return whole;
}

static void note_broken(struct ut_device_list *list, int state)
{
	static const char *const texts[] = {
		"an OpenCL driver did not answer in time",
		"an OpenCL driver crashed while it was asked for devices",
	};

	free(list->notes);
	list->notes =
		strdup(texts[WIFSIGNALED(state) && WTERMSIG(state) != SIGKILL]);
}

static enum ut_status list_in_child(struct ut_device_list *list,
				    const struct ut_backend_entry *entry,
				    struct ut_error *error)
{
	int ends[2], state = 0;
	bool whole;
	pid_t pid;

	if (pipe(ends))
		return ut_error_set(error, UT_DEVICE,
				    "cannot list devices: "
				    "pipe: %s",
				    strerror(errno));
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return ut_error_set(error, UT_DEVICE,
				    "cannot list devices: "
				    "fork: %s",
				    strerror(errno));
	}
	if (!pid) {
		close(ends[0]);
		child(entry, ends[1]);
	}
	close(ends[1]);
	whole = receive(list, ends[0]);
	close(ends[0]);
	/* Driver threads may linger at exit; what was sent is all we need. */
	if (whole)
		kill(pid, SIGKILL);
	else if (waitpid(pid, &state, WNOHANG) == 0)
		kill(pid, SIGKILL);
	else
		pid = 0;
	while (pid && waitpid(pid, &state, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		note_broken(list, state);
	return UT_OK;
}

enum ut_status ut_device_list_init(struct ut_device_list *list,
				   struct ut_error *error)
{
	const struct ut_backend_entry *entry;
	enum ut_status status = UT_OK;
	size_t i = 0;

	*list = (struct ut_device_list){0};
	for (entry = ut_backends; entry->backend && !status; ++entry) {
		status = entry->host ? entry->list(list, error)
				     : list_in_child(list, entry, error);
		for (; i < list->count; ++i) {
			list->devices[i].index = (int)i;
			list->devices[i].backend =
				(unsigned)(entry - ut_backends);
		}
	}
	if (!status && !list->notes)
		list->notes = strdup("");
	if (!status && !list->notes)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (status)
		ut_device_list_release(list);
	return status;
}

void ut_device_list_release(struct ut_device_list *list)
{
	free(list->devices);
	free(list->notes);
	*list = (struct ut_device_list){0};
}
