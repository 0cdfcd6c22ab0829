/* What the operations of a lane wrote, in order; and comparing two such lists. */
#include "device/selftest_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/trace.h>

#include "device/backend.h"

void ut_selftest_log_clear(struct selftest_log *log)
{
	log->count = 0;
	log->bytes.length = 0;
}

void ut_selftest_log_release(struct selftest_log *log)
{
	free(log->entries);
	ut_text_release(&log->bytes);
	*log = (struct selftest_log){0};
}

static struct selftest_entry *append(struct selftest_log *log)
{
	if (log->count == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 64;
		struct selftest_entry *entries =
			realloc(log->entries, capacity * sizeof(*entries));

		if (!entries)
			return NULL;
		log->entries = entries;
		log->capacity = capacity;
	}
	return &log->entries[log->count++];
}

/* Reads one replica's part of an output. Errors stay in the device. */
static void take(struct selftest_log *log, const char *op,
		 const struct ut_trace_output *output, unsigned replica)
{
	const struct ut_slice *s = &output->slice;
	enum ut_type type = ut_buffer_type(s->buffer);
	size_t bytes = s->count * ut_type_bytes(type);
	struct selftest_entry *entry = append(log);
	char *data = malloc(bytes);

	if (!entry || !data) {
		log->failed = true;
	} else {
		*entry = (struct selftest_entry){
			.op = op,
			.output = output->name,
			.type = type,
			.replica = replica,
			.count = s->count,
			.at = log->bytes.length,
		};
		memset(data, 0, bytes);
		ut_buffer_read(s->buffer, s->offset + replica * s->stride,
			       s->count, data, NULL);
		ut_text_append_bytes(&log->bytes, data, bytes);
		log->failed |= log->bytes.failed;
	}
	free(data);
}

static void told(void *user, const struct ut_trace_event *event)
{
	struct selftest_log *log = user;
	size_t i;
	unsigned r;

	if (!strcmp(event->op, "write") || !strcmp(event->op, "alloc"))
		return;
	for (i = 0; i < event->count; ++i)
		for (r = 0; r < event->R; ++r)
			take(log, event->op, &event->outputs[i], r);
	for (i = 0; log->memory && i < log->memories; ++i) {
		size_t count = ut_buffer_count(log->memory[i]);
		const struct ut_trace_output beside = {
			"memory beside its outputs: element",
			ut_slice_of(log->memory[i], count)};

		take(log, event->op, &beside, 0);
	}
}

enum ut_status ut_selftest_watch(struct ut_device *device,
				 struct selftest_log *log,
				 struct ut_error *error)
{
	return ut_device_trace(device, told, log, error);
}

size_t ut_selftest_differs(enum ut_type type, size_t count, const void *a,
			   const void *b)
{
	size_t bytes = ut_type_bytes(type), i;

	if (!memcmp(a, b, count * bytes))
		return count;
	for (i = 0; i < count; ++i)
		if (memcmp((const char *)a + i * bytes,
			   (const char *)b + i * bytes, bytes))
			break;
	return i;
}

void ut_selftest_describe(enum ut_type type, const void *data, size_t i,
			  char *text, size_t size)
{
	uint32_t word;
	float x;

	if (type == UT_U8) {
		snprintf(text, size, "%u", ((const uint8_t *)data)[i]);
		return;
	}
	memcpy(&word, (const char *)data + 4 * i, sizeof(word));
	memcpy(&x, &word, sizeof(x));
	if (type == UT_U32)
		snprintf(text, size, "%lu", (unsigned long)word);
	else
		snprintf(text, size, "%08lx (%.9g)", (unsigned long)word,
			 (double)x);
}

void ut_selftest_compare(const struct selftest_log *host,
			 const struct selftest_log *device, const char **op,
			 char *found, size_t size)
{
	size_t i;

	*op = NULL;
	for (i = 0; i < host->count && i < device->count; ++i) {
		const struct selftest_entry *e = &host->entries[i];
		const void *good = host->bytes.data + e->at;
		const void *bad = device->bytes.data + e->at;
		size_t at = ut_selftest_differs(e->type, e->count, good, bad);
		char came[40], expected[40];

		if (at == e->count)
			continue;
		ut_selftest_describe(e->type, bad, at, came, sizeof(came));
		ut_selftest_describe(e->type, good, at, expected,
				     sizeof(expected));
		snprintf(found, size, "%s[%zu] of replica %u is %s, not %s",
			 e->output, at, e->replica, came, expected);
		*op = e->op;
		return;
	}
}
