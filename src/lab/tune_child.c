/* A process that rehearses recipes on a device with one tuning. */
#include "lab/tune_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "base/descriptor.h"

/* What it is asked to time, and what it answers. */
struct order {
	unsigned recipe, kind, steps;
};

struct answer {
	enum ut_status status;
	double seconds;
	char text[UT_ERROR_TEXT];
};

/* The child ----------------------------------------------------------------- */

static bool put(int line, const void *data, size_t bytes)
{
	const char *at = data;
	ssize_t n;

	while (bytes) {
		n = send(line, at, bytes, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* The least of some. */
static enum ut_status time_step(struct ut_rehearsal *rehearsal, unsigned kind,
				double *seconds, struct ut_error *error)
{
	enum { SOME = 3 };
	enum ut_status status = UT_OK;
	double now;
	int i;

	for (i = 0; i < SOME && !status; ++i) {
		status = ut_rehearsal_time(rehearsal, kind, 1, &now, error);
		if (!i || now < *seconds)
			*seconds = now;
	}
	return status;
}

/* The first steps of a recipe, and how long others take. */
static enum ut_status prepare(struct ut_rehearsal **rehearsal,
			      const struct ut_tune_plan *plan, size_t i,
			      struct ut_device *device,
			      struct ut_tune_hello *hello,
			      struct ut_error *error)
{
	enum ut_status status;
	unsigned kind;

	status = ut_rehearsal_new(rehearsal, &plan->recipes[i],
				  plan->replicas[i], device, error);
	if (status)
		return status;
	hello->replicas[i] = ut_rehearsal_replicas(*rehearsal);
	status = ut_rehearsal_prove(*rehearsal, &hello->prints[i], error);
	for (kind = 0; kind < UT_REHEARSED && !status; ++kind)
		status = time_step(*rehearsal, kind, &hello->seconds[i][kind],
				   error);
	return status;
}

static void obey(struct ut_rehearsal *const *rehearsals, int line)
{
	struct ut_error error = {0};
	struct answer answer;
	struct order order;

	while (ut_read_all(line, &order, sizeof(order))) {
		memset(&answer, 0, sizeof(answer));
		answer.status =
			ut_rehearsal_time(rehearsals[order.recipe], order.kind,
					  order.steps, &answer.seconds, &error);
		memcpy(answer.text, error.text, sizeof(answer.text));
		if (!put(line, &answer, sizeof(answer)))
			return;
	}
}

/* Its life; drivers may write to standard output, which is not theirs. */
static void live(const struct ut_tune_plan *plan, const char *selector,
		 const char *tuning, int line)
{
	struct ut_rehearsal *rehearsals[UT_TUNE_RECIPES] = {NULL};
	int nowhere = open("/dev/null", O_WRONLY);
	struct ut_device *device = NULL;
	struct ut_tune_hello hello;
	struct ut_error error = {0};
	size_t i;

	memset(&hello, 0, sizeof(hello));
	if (nowhere >= 0)
		dup2(nowhere, STDOUT_FILENO);
	setenv("UNDERTONE_TUNING", tuning, 1);
	if (!plan->usual)
		setenv("UNDERTONE_SELFTEST", "off", 1);
	hello.status = ut_device_open(&device, selector, &error);
	if (!hello.status && plan->usual && !*ut_device_about(device)->tuning)
		hello.status = ut_error_set(
			&error, UT_INVALID,
			"%s (%s) has nothing to tune: its kernels are as the "
			"compiler made them",
			ut_device_about(device)->name,
			ut_device_about(device)->platform);
	for (i = 0; i < plan->count && !hello.status; ++i)
		hello.status = prepare(&rehearsals[i], plan, i, device, &hello,
				       &error);
	if (device)
		hello.info = *ut_device_about(device);
	memcpy(hello.text, error.text, sizeof(hello.text));
	if (put(line, &hello, sizeof(hello)) && !hello.status)
		obey(rehearsals, line);
}

/* The parent ---------------------------------------------------------------- */

static enum ut_status cannot(struct ut_error *error, const char *what)
{
	return ut_error_set(error, UT_DEVICE, "cannot start a process: %s: %s",
			    what, strerror(errno));
}

enum ut_status ut_tune_child_start(struct ut_tune_child *child,
				   const struct ut_tune_plan *plan,
				   const char *selector, const char *tuning,
				   struct ut_error *error)
{
	int line[2];

	*child = (struct ut_tune_child){0};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, line))
		return cannot(error, "socketpair");
	child->pid = fork();
	if (!child->pid) {
		close(line[0]);
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		live(plan, selector, tuning, line[1]);
		/* drivers' threads may linger at a proper exit */
		_exit(0);
	}
	close(line[1]);
	child->line = line[0];
	if (child->pid > 0)
		return UT_OK;
	close(child->line);
	child->pid = 0;
	return cannot(error, "fork");
}

/* Waits for it up to some seconds; false when it is still there. */
static bool collect(struct ut_tune_child *child, int *state)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	double until = ut_clock_now() + 5;
	pid_t got;

	for (;;) {
		got = waitpid(child->pid, state, WNOHANG);
		if (got > 0 || (got < 0 && errno != EINTR))
			return true;
		if (ut_clock_now() > until)
			return false;
		nanosleep(&moment, NULL);
	}
}

void ut_tune_child_end(struct ut_tune_child *child)
{
	int state;

	if (!child->pid)
		return;
	kill(child->pid, SIGKILL);
	/* one that a driver holds in the kernel is left behind */
	collect(child, &state);
	close(child->line);
	*child = (struct ut_tune_child){0};
}

static enum ut_tune_answer died(struct ut_tune_child *child,
				char text[UT_ERROR_TEXT])
{
	int state = 0;

	if (!collect(child, &state))
		snprintf(text, UT_ERROR_TEXT, "its process went silent");
	else if (WIFSIGNALED(state))
		snprintf(text, UT_ERROR_TEXT, "its process died of signal %d",
			 WTERMSIG(state));
	else
		snprintf(text, UT_ERROR_TEXT,
			 "its process ended with status %d",
			 WEXITSTATUS(state));
	close(child->line);
	*child = (struct ut_tune_child){0};
	return UT_TUNE_DIED;
}

/* Reads a whole answer; the patience is for all of it. */
static enum ut_tune_answer receive(struct ut_tune_child *child, void *data,
				   size_t bytes,
				   const struct ut_tune_patience *patience,
				   char text[UT_ERROR_TEXT])
{
	enum ut_reading got = ut_read_until(child->line, data, bytes,
					    ut_clock_now() + patience->seconds,
					    patience->stop, patience->user);

	if (got == UT_READ_STOPPED)
		return UT_TUNE_STOPPED;
	if (got == UT_READ_ENDED)
		return died(child, text);
	if (got == UT_READ_WHOLE)
		return UT_TUNE_ANSWERED;
	snprintf(text, UT_ERROR_TEXT, "no answer within %.1f s",
		 patience->seconds);
	ut_tune_child_end(child);
	return UT_TUNE_HUNG;
}

enum ut_tune_answer ut_tune_child_greet(struct ut_tune_child *child,
					const struct ut_tune_patience *patience,
					char text[UT_ERROR_TEXT])
{
	enum ut_tune_answer answer =
		receive(child, &child->hello, sizeof(child->hello), patience,
			text);

	if (answer == UT_TUNE_ANSWERED)
		memcpy(text, child->hello.text, UT_ERROR_TEXT);
	return answer;
}

enum ut_tune_answer ut_tune_child_time(struct ut_tune_child *child,
				       unsigned recipe, unsigned kind,
				       unsigned steps,
				       const struct ut_tune_patience *patience,
				       double *seconds,
				       char text[UT_ERROR_TEXT])
{
	const struct order order = {recipe, kind, steps};
	enum ut_tune_answer got;
	struct answer answer;

	if (!put(child->line, &order, sizeof(order)))
		return died(child, text);
	got = receive(child, &answer, sizeof(answer), patience, text);
	if (got)
		return got;
	*seconds = answer.seconds;
	if (!answer.status)
		return UT_TUNE_ANSWERED;
	memcpy(text, answer.text, sizeof(answer.text));
	ut_tune_child_end(child);
	return UT_TUNE_DIED;
}
