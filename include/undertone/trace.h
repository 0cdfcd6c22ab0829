/* Watching a device at work: what each operation wrote, as soon as it has. */
#ifndef UNDERTONE_TRACE_H
#define UNDERTONE_TRACE_H

#include <undertone/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an operation wrote, by the name ops.h gives it: "dw". */
struct ut_trace_output {
	const char *name;
	struct ut_slice slice;
};

enum { UT_TRACE_OUTPUTS = 3 };

struct ut_trace_event {
	const char *op;    /* "linear_weights" */
	const char *label; /* whose: "fc2", or "" where nobody said */
	unsigned R;        /* replicas of the slices */
	size_t count;      /* of outputs */
	struct ut_trace_output outputs[UT_TRACE_OUTPUTS];
};

/* May read buffers of the device, and do nothing else with it. */
typedef void (*ut_trace_told)(void *user, const struct ut_trace_event *event);

/*
 * From here on every operation of the device, writing to a buffer included, is
 * told; told NULL ends that. A device that is not traced pays nothing. UT_MEMORY
 * leaves all as it was.
 */
enum ut_status ut_device_trace(struct ut_device *device, ut_trace_told told,
			       void *user, struct ut_error *error);

/*
 * What operations are labelled with until the next call; NULL is nothing. The
 * text stays the caller's and must live as long.
 */
void ut_device_label(struct ut_device *device, const char *label);

#ifdef __cplusplus
}
#endif

#endif
