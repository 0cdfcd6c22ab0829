/* A sweep under mpirun: who does the work, in a child process. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/descriptor.h"
#include "base/lock.h"
#include "cli/crew.h"
#include "cli/crew_message.h"
#include "cli/signals.h"

/* The process that computes; pid is 0 while there is none. */
struct child {
	pid_t pid;
	int line;  /* to it and back */
	bool told; /* that a signal came */
};

/* Reads or writes a whole message; false at the end of the line. */
static bool get(int line, struct mpi_message *message)
{
	return ut_read_all(line, message, sizeof(*message));
}

static bool put(int line, const struct mpi_message *message)
{
	return !ut_write_all(line, message, sizeof(*message));
}

/* Another sweep may be at the same cell: then this waits for it. */
static enum ut_status make_cell(struct ut_sweep *sweep, size_t cell,
				struct ut_error *error)
{
	const struct ut_cell_status *now = &sweep->statuses[cell];
	enum ut_status status;
	bool busy = true;

	for (;;) {
		status = ut_sweep_cell(sweep, cell, &busy, error);
		if (status || !busy)
			break;
		if (signals_came(NULL))
			return ut_error_set(error, UT_INTERRUPTED,
					    "interrupted");
		ut_lock_pause();
	}
	if (!status && now->state == UT_CELL_FAILED)
		status = ut_error_set(error, UT_NONFINITE, "%s",
				      now->reason ? now->reason : "");
	return status;
}

/* The child's life: never returns. */
static void compute(struct ut_sweep *sweep, int line)
{
	struct mpi_message message;
	struct ut_error error;

	while (get(line, &message)) {
		error = (struct ut_error){0};
		message.status =
			message.task == CREW_TEACH
				? (int)ut_sweep_teach(sweep,
						      (size_t)message.item,
						      &error)
				: (int)make_cell(sweep, (size_t)message.item,
						 &error);
		message.kind = CREW_ENDED;
		snprintf(message.text, sizeof(message.text), "%.*s",
			 MPI_TEXT - 1, error.text);
		if (!put(line, &message))
			break;
	}
	_exit(0);
}

/* Without MPI's own descriptors: only this line matters to the child. */
static bool begin_child(struct child *child, struct ut_sweep *sweep)
{
	pid_t above = getpid();
	int line[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, line))
		return false;
	fflush(stdout);
	fflush(stderr);
	child->pid = fork();
	if (!child->pid) {
		close(line[0]);
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		if (getppid() == above)
			compute(sweep, line[1]);
		_exit(1);
	}
	close(line[1]);
	child->line = line[0];
	child->told = false;
	if (child->pid > 0)
		return true;
	close(child->line);
	child->pid = 0;
	return false;
}

/* How it ended, into text. */
static void end_child(struct child *child, char text[MPI_TEXT])
{
	int how = 0;

	close(child->line);
	while (waitpid(child->pid, &how, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(how))
		snprintf(text, MPI_TEXT, "its process died of signal %d",
			 WTERMSIG(how));
	else
		snprintf(text, MPI_TEXT, "its process ended with status %d",
			 WEXITSTATUS(how));
	child->pid = 0;
}

/* Waits for the child's answer; a signal is handed on to it, once. */
static bool await(struct child *child, struct mpi_message *message)
{
	struct pollfd wait = {.fd = child->line, .events = POLLIN};
	int ready;

	do {
		ready = poll(&wait, 1, 200);
		if (signals_came(NULL) && !child->told) {
			kill(child->pid, SIGTERM);
			child->told = true;
		}
	} while (ready <= 0);
	return get(child->line, message);
}

/* Has the child do what the message says, and answers it in the message. */
static void work(struct child *child, struct ut_sweep *sweep,
		 struct mpi_message *message)
{
	struct mpi_message task = *message;

	if (!child->pid && !begin_child(child, sweep)) {
		message->kind = CREW_ENDED;
		message->status = UT_IO;
		snprintf(message->text, MPI_TEXT, "cannot begin a process: %s",
			 strerror(errno));
	} else if (!put(child->line, message) || !await(child, message)) {
		*message = task;
		message->kind = CREW_DIED;
		end_child(child, message->text);
	}
}

void crew_work(struct ut_sweep *sweep)
{
	struct mpi_message message = {.kind = CREW_READY};
	struct child child = {0};
	char text[MPI_TEXT];
	int rank;

	crew_print(sweep->plan, message.text);
	for (;;) {
		mpi_send(0, &message);
		while (!mpi_receive(&rank, &message))
			crew_rest();
		if (message.kind == CREW_END)
			break;
		work(&child, sweep, &message);
	}
	if (child.pid)
		end_child(&child, text);
}

void crew_leave(const struct ut_error *error)
{
	struct mpi_message message = {
		.kind = CREW_GONE,
		.status = (int)error->status,
	};

	snprintf(message.text, sizeof(message.text), "%.*s", MPI_TEXT - 1,
		 error->text);
	mpi_send(0, &message);
}
