/* What single operations are measured on; private to src/lab. */
#ifndef UT_BENCH_ROOM_H
#define UT_BENCH_ROOM_H

#include "lab/bench_suite.h"

/*
 * What the operations work on, as large as the buffers that no cache holds. Every
 * array has n floats, or as many bytes or words as its comment says.
 */
struct ut_room {
	struct ut_bench *bench;
	struct ut_device *device;
	const char *suite;
	size_t n;
	struct ut_slice a, b, c, d;
	struct ut_slice words;  /* u32 (n / 16): numbers below 2^12 */
	struct ut_slice pixels; /* u8 (n) */
	struct ut_slice index;  /* u8 (n) */
	enum ut_status status;
	unsigned kind; /* of an operation that has several */
};

/* Close it either way; an error is in room->status. */
void ut_room_open(struct ut_room *room, struct ut_bench *bench,
		  const char *suite);
enum ut_status ut_room_close(struct ut_room *room);

/* A row of the suite: once gets the room, and is worth that much. */
void ut_room_row(struct ut_room *room, const char *name,
		 void (*once)(void *context), double flop, double bytes);

#endif
