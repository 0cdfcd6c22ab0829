/*
 * Asking drivers for their devices in a child process: one that crashes, ends
 * the program or hangs costs the child.
 */
#include "ocl_list.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/text.h"

enum kind { PLATFORM, DEVICE, NOTE, END };

enum { NOTE_BYTES = 1024, MOST_DEVICES = 4096 };

/* What goes down the pipe. */
struct message {
	enum kind kind;
	union {
		char platform[UT_DEVICE_TEXT];
		struct ut_device_info device;
		char note[NOTE_BYTES];
	};
};

/* The child's side --------------------------------------------------------- */

static bool tell(int file, const struct message *message)
{
	return !ut_write_all(file, message, sizeof(*message));
}

bool ut_ocl_tell_platform(int file, const char *name)
{
	struct message message = {.kind = PLATFORM};

	snprintf(message.platform, sizeof(message.platform), "%s", name);
	return tell(file, &message);
}

bool ut_ocl_tell_device(int file, const struct ut_device_info *device)
{
	return tell(file, &(struct message){.kind = DEVICE, .device = *device});
}

bool ut_ocl_tell_note(int file, const char *format, ...)
{
	struct message message = {.kind = NOTE};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message.note, sizeof(message.note), format, arguments);
	va_end(arguments);
	return tell(file, &message);
}

/* Never returns, and leaves no clean-up to drivers. */
static void be_child(int file, struct ut_ocl_view *view,
		     const struct ut_ocl_drivers *drivers, ut_ocl_set hidden,
		     bool alone)
{
	const struct rlimit none = {0, 0};
	int nowhere = alone ? open("/dev/null", O_WRONLY) : -1;
	bool good;

	setrlimit(RLIMIT_CORE, &none);
	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	/* ocl-icd asks all devices before it tells of a platform, to sort */
	if (alone)
		setenv("OCL_ICD_PLATFORM_SORT", "none", 1);
	ut_ocl_view_enter(view);
	good = ut_ocl_survey(file, drivers, hidden) &&
	       tell(file, &(struct message){.kind = END});
	_exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* The parent's side -------------------------------------------------------- */

enum ut_status ut_ocl_ask_begin(struct ut_ocl_question *question,
				const struct ut_ocl_drivers *drivers,
				ut_ocl_set hidden, bool alone,
				struct ut_error *error)
{
	enum ut_status status;
	int ends[2];

	*question = (struct ut_ocl_question){.child = -1};
	status = ut_ocl_view_open(&question->view, drivers, hidden, error);
	if (status) {
		ut_ocl_view_close(&question->view);
		return status;
	}
	if (!pipe(ends)) {
		question->child = fork();
		if (!question->child) {
			close(ends[0]);
			be_child(ends[1], &question->view, drivers, hidden,
				 alone);
		}
		close(ends[1]);
		question->file = ends[0];
		if (question->child > 0)
			return UT_OK;
		close(ends[0]);
	}
	ut_error_set(error, UT_DEVICE, "cannot list devices: %s",
		     strerror(errno));
	ut_ocl_view_close(&question->view);
	return UT_DEVICE;
}

/* One message; false at the end of the pipe, or at the moment (*late). */
static bool hear(int file, struct message *message, double moment, bool *late)
{
	enum ut_reading got = ut_read_until(file, message, sizeof(*message),
					    moment, NULL, NULL);

	*late = got == UT_READ_LATE;
	return got == UT_READ_WHOLE;
}

static bool add_device(struct ut_device_list *list,
		       const struct ut_device_info *device)
{
	struct ut_device_info *devices;

	if (list->count == MOST_DEVICES)
		return false;
	devices = realloc(list->devices, (list->count + 1) * sizeof(*devices));
	if (!devices)
		return false;
	devices[list->count++] = *device;
	list->devices = devices;
	return true;
}

/* Takes all that comes, until the last message. */
static void listen_to(int file, double moment, struct ut_ocl_answer *answer)
{
	struct ut_text notes = {0};
	struct message message;
	bool good = true;

	while (good && !answer->whole &&
	       hear(file, &message, moment, &answer->late)) {
		if (message.kind == PLATFORM)
			memcpy(answer->platform, message.platform,
			       sizeof(answer->platform));
		else if (message.kind == DEVICE)
			good = add_device(&answer->list, &message.device);
		else if (message.kind == NOTE)
			ut_text_append(&notes, "%s\n", message.note);
		else
			answer->whole = true;
	}
	answer->whole = answer->whole && !notes.failed;
	answer->list.notes = notes.data;
}

/*
 * Ends the child and takes its state. One that the system cannot end, with a
 * driver in the kernel that hangs, is left behind.
 */
static int reap(pid_t child, bool finished)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int state = 0, tries;

	/* one that broke off ends by itself, and its state says how */
	for (tries = 0; tries < 100; ++tries) {
		if (finished || tries == 50)
			kill(child, SIGKILL);
		if (waitpid(child, &state, WNOHANG))
			return state;
		nanosleep(&pause, NULL);
	}
	return state;
}

void ut_ocl_ask_end(struct ut_ocl_question *question, double moment,
		    struct ut_ocl_answer *answer)
{
	*answer = (struct ut_ocl_answer){0};
	listen_to(question->file, moment, answer);
	close(question->file);
	answer->state = reap(question->child, answer->whole || answer->late);
	ut_ocl_view_close(&question->view);
}

void ut_ocl_answer_release(struct ut_ocl_answer *answer)
{
	ut_device_list_release(&answer->list);
	*answer = (struct ut_ocl_answer){0};
}
