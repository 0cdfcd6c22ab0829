/* What single operations are measured on. */
#include "lab/bench_room.h"

#include <stdio.h>
#include <stdlib.h>

void ut_room_row(struct ut_room *room, const char *name,
		 void (*once)(void *context), double flop, double bytes)
{
	struct ut_measure result = {
		.suite = room->suite,
		.flop = flop,
		.bytes = bytes,
	};

	if (room->status)
		return;
	snprintf(result.name, sizeof(result.name), "%s", name);
	room->status =
		ut_bench_measure(room->bench,
				 &(struct ut_work){room->device, once, room},
				 &result);
}

static void fill_words(struct ut_room *room, size_t count)
{
	uint32_t *words = malloc(count * sizeof(*words));
	size_t i;

	if (!words) {
		room->status = ut_error_set(room->bench->error, UT_MEMORY,
					    "out of memory");
		return;
	}
	for (i = 0; i < count; ++i)
		words[i] = (uint32_t)(i * 2654435761u >> 8) & 0xfffu;
	ut_buffer_write(room->words.buffer, 0, count, words);
	free(words);
}

void ut_room_open(struct ut_room *room, struct ut_bench *bench,
		  const char *suite)
{
	size_t n = bench->stream_count / 2;
	struct ut_device *device = bench->device;

	*room = (struct ut_room){.bench = bench, .device = device, .n = n};
	room->suite = suite;
	room->a = ut_bench_random(device, n / 1024, 1024);
	room->b = ut_bench_random(device, n / 1024, 1024);
	room->c = ut_bench_random(device, n / 1024, 1024);
	room->d = ut_bench_zeros(device, UT_F32, n);
	room->words = ut_bench_zeros(device, UT_U32, n / 16);
	room->pixels = ut_bench_zeros(device, UT_U8, n);
	room->index = ut_bench_zeros(device, UT_U8, n);
	room->status = ut_device_finish(device, bench->error);
	if (!room->status)
		fill_words(room, n / 16);
}

enum ut_status ut_room_close(struct ut_room *room)
{
	ut_buffer_free(room->a.buffer);
	ut_buffer_free(room->b.buffer);
	ut_buffer_free(room->c.buffer);
	ut_buffer_free(room->d.buffer);
	ut_buffer_free(room->words.buffer);
	ut_buffer_free(room->pixels.buffer);
	ut_buffer_free(room->index.buffer);
	return room->status;
}
