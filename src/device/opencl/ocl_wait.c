/*
 * Waiting for the device, but not for ever: a driver that has lost its device, or
 * a kernel that does not end, would keep the program until somebody kills it.
 */
#include "ocl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

/* Seconds without an answer after which a device is given up, by default. */
enum { PATIENCE = 300, MOST_PATIENCE = 1000000 };

/* A driver that loses its callback costs this much, not the run. */
static const double look_seconds = 0.1;

/* Shared by who waits and the driver's callback: the last to leave frees it. */
struct waiter {
	pthread_mutex_t mutex;
	pthread_cond_t change;
	cl_int state; /* as the callback has it; above CL_COMPLETE before */
	int holders;
};

static struct waiter *waiter_new(void)
{
	struct waiter *waiter = malloc(sizeof(*waiter));
	pthread_condattr_t attributes;

	if (!waiter)
		return NULL;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->change, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&waiter->mutex, NULL);
	waiter->state = CL_QUEUED;
	waiter->holders = 2;
	return waiter;
}

static void waiter_leave(struct waiter *waiter)
{
	bool last;

	pthread_mutex_lock(&waiter->mutex);
	last = !--waiter->holders;
	pthread_mutex_unlock(&waiter->mutex);
	if (!last)
		return;
	pthread_cond_destroy(&waiter->change);
	pthread_mutex_destroy(&waiter->mutex);
	free(waiter);
}

static void CL_CALLBACK came(cl_event event, cl_int state, void *user)
{
	struct waiter *waiter = user;

	(void)event;
	pthread_mutex_lock(&waiter->mutex);
	waiter->state = state;
	pthread_cond_signal(&waiter->change);
	pthread_mutex_unlock(&waiter->mutex);
	waiter_leave(waiter);
}

/* Sleeps until the callback or the moment; the state of the callback. */
static cl_int sleep_until(struct waiter *waiter, double moment)
{
	struct timespec until = {
		.tv_sec = (time_t)moment,
		.tv_nsec = (long)((moment - (double)(time_t)moment) * 1e9),
	};
	cl_int state;
	int code = 0;

	pthread_mutex_lock(&waiter->mutex);
	while (waiter->state > CL_COMPLETE && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&waiter->change, &waiter->mutex,
					      &until);
	state = waiter->state;
	pthread_mutex_unlock(&waiter->mutex);
	return state;
}

/* CL_COMPLETE, an error, or above both while there is work to do. */
static cl_int state_of(cl_event event)
{
	cl_int state = CL_QUEUED;
	cl_int code = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS,
				     sizeof(state), &state, NULL);

	return code ? code : state;
}

static cl_int await_with(struct ut_ocl *ocl, struct waiter *waiter,
			 cl_event event)
{
	double now = ut_clock_now(), end = now + ocl->patience;
	cl_int state = state_of(event);

	while (state > CL_COMPLETE && now < end) {
		double look = now + look_seconds;

		state = sleep_until(waiter, look < end ? look : end);
		if (state > CL_COMPLETE)
			state = state_of(event);
		now = ut_clock_now();
	}
	if (state <= CL_COMPLETE)
		return state;
	ocl->lost = true;
	return OCL_NO_ANSWER;
}

cl_int ut_ocl_await(struct ut_ocl *ocl, cl_event event)
{
	struct waiter *waiter;
	cl_int code;

	if (ocl->lost)
		return OCL_NO_ANSWER;
	if (!ocl->patience)
		return clWaitForEvents(1, &event);
	code = clFlush(ocl->queue);
	if (code || state_of(event) <= CL_COMPLETE)
		return code ? code : state_of(event);
	waiter = waiter_new();
	if (!waiter)
		return CL_OUT_OF_HOST_MEMORY;
	code = clSetEventCallback(event, CL_COMPLETE, came, waiter);
	if (code)
		waiter_leave(waiter);
	else
		code = await_with(ocl, waiter, event);
	waiter_leave(waiter);
	return code;
}

cl_int ut_ocl_drain(struct ut_ocl *ocl)
{
	cl_event mark;
	cl_int code;

	if (ocl->lost)
		return OCL_NO_ANSWER;
	if (ocl->patience) {
		code = clEnqueueMarkerWithWaitList(ocl->queue, 0, NULL, &mark);
		if (code)
			return code;
		code = ut_ocl_await(ocl, mark);
		if (code != OCL_NO_ANSWER)
			clReleaseEvent(mark);
		if (code)
			return code;
	}
	return clFinish(ocl->queue);
}

enum ut_status ut_ocl_patience(unsigned *patience, struct ut_error *error)
{
	const char *asked = getenv("UNDERTONE_PATIENCE");
	uint64_t seconds = PATIENCE;

	if (asked && *asked && !ut_parse_u64(asked, 0, MOST_PATIENCE, &seconds))
		return ut_error_set(error, UT_INVALID,
				    "UNDERTONE_PATIENCE is \"%s\"; it can be a "
				    "whole number of seconds, or 0 to wait for "
				    "ever",
				    asked);
	*patience = (unsigned)seconds;
	return UT_OK;
}
