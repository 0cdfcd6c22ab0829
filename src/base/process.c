/* Other programs, run as child processes and watched. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/file.h"

enum { LINE = 4096, NOT_RUN = 127 };

/* Lines as they come; of one too long, the end is lost. */
struct reader {
	char text[LINE];
	size_t length;
};

static void take(const struct ut_process *process, struct reader *reader,
		 const char *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i) {
		if (bytes[i] != '\n') {
			if (reader->length < LINE - 1)
				reader->text[reader->length++] = bytes[i];
			continue;
		}
		reader->text[reader->length] = '\0';
		reader->length = 0;
		if (process->line)
			process->line(process->user, reader->text);
	}
}

/* The child: a group of its own, so that all of it can be ended. */
static void become(const struct ut_process *process, int out, int complaint)
{
	int nothing = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
#ifdef __linux__
	/* one that hangs must not outlive the program */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	signal(SIGPIPE, SIG_DFL);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(complaint, STDERR_FILENO) < 0)
		_exit(NOT_RUN);
	if (nothing > STDERR_FILENO)
		close(nothing);
	close(out);
	close(complaint);
	/* what execv takes is not const, and not written to either */
	execv(process->program, (char *const *)process->words);
	_exit(NOT_RUN);
}

static enum ut_status start(const struct ut_process *process, pid_t *pid,
			    int *out, struct ut_error *error)
{
	int ends[2], complaint;

	complaint = open(process->complaint,
			 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (complaint < 0)
		return ut_file_error(error, errno, "cannot write %s",
				     process->complaint);
	if (pipe(ends)) {
		close(complaint);
		return ut_file_error(error, errno, "cannot run %s: pipe",
				     process->program);
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	*pid = fork();
	if (!*pid)
		become(process, ends[1], complaint);
	close(complaint);
	close(ends[1]);
	*out = ends[0];
	if (*pid > 0) {
		/* whichever of the two comes first */
		setpgid(*pid, *pid);
		return UT_OK;
	}
	close(ends[0]);
	return ut_file_error(error, errno, "cannot run %s: fork",
			     process->program);
}

/* Takes what there is within so many milliseconds; false when no more comes. */
static bool hear(const struct ut_process *process, struct reader *reader,
		 struct pollfd *ready, int milliseconds, double *heard)
{
	char bytes[LINE];
	ssize_t n;

	if (poll(ready, 1, milliseconds) <= 0)
		return false;
	n = read(ready->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		ready->fd = -1; /* which poll passes over */
		return false;
	}
	*heard = ut_clock_now();
	take(process, reader, bytes, (size_t)n);
	return true;
}

/* Until the child has ended; false when it is to be killed. */
static bool watch(const struct ut_process *process, pid_t pid, int out,
		  int *how, bool *stopped)
{
	struct pollfd ready = {.fd = out, .events = POLLIN};
	struct reader reader = {.length = 0};
	double heard = ut_clock_now();

	while (waitpid(pid, how, WNOHANG) != pid) {
		*stopped = process->stop && process->stop(process->user);
		if (*stopped || ut_clock_now() - heard > process->silence)
			return false;
		hear(process, &reader, &ready, ready.fd < 0 ? 5 : 100, &heard);
	}
	while (hear(process, &reader, &ready, 0, &heard))
		;
	return true;
}

enum ut_status ut_process_run(const struct ut_process *process,
			      struct ut_process_outcome *outcome,
			      struct ut_error *error)
{
	enum ut_status status;
	bool stopped = false, ended;
	pid_t pid = 0;
	int out = -1, how = 0;

	status = start(process, &pid, &out, error);
	if (status)
		return status;
	ended = watch(process, pid, out, &how, &stopped);
	close(out);
	kill(-pid, SIGKILL);
	while (!ended && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (stopped)
		return ut_error_set(error, UT_INTERRUPTED, "interrupted");
	if (!ended)
		*outcome = (struct ut_process_outcome){UT_PROCESS_SILENT, 0};
	else if (WIFSIGNALED(how))
		*outcome = (struct ut_process_outcome){UT_PROCESS_DIED,
						       WTERMSIG(how)};
	else
		*outcome = (struct ut_process_outcome){UT_PROCESS_EXITED,
						       WEXITSTATUS(how)};
	return UT_OK;
}
