/* The memory that the self-test's operations work on. */
#include "device/selftest_lane.h"

#include <assert.h>
#include <string.h>

static const size_t arenas[SELFTEST_TYPES] = {
	[UT_F32] = 1 << 16,
	[UT_U32] = 1 << 12,
	[UT_U8] = 1 << 14,
};

size_t ut_selftest_arena(enum ut_type type)
{
	return arenas[type];
}

/* Splitmix64 (Steele, Lea, Flood 2014): no code that is tested here. */
static uint32_t next_word(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/*
 * One number in sixteen is 0; of the others each binade below 4 has half as many as
 * the one above it, and one in 64 is near the least that is clean, 2^-40.
 */
static uint32_t float_bits(uint64_t *state)
{
	uint32_t word = next_word(state), more = next_word(state);
	uint32_t exponent = 128;

	if (more % 16 == 0)
		return 0;
	if (more % 64 == 1)
		exponent = 87 + (more >> 8) % 3;
	else
		for (more >>= 6; more % 2 && exponent > 100; more >>= 1)
			--exponent;
	return (word & 0x807fffffu) | exponent << 23;
}

void ut_selftest_fill(enum ut_type type, void *data, size_t count)
{
	uint64_t state = 1 + (uint64_t)type;
	uint8_t *bytes = data;
	uint32_t word;
	size_t i;

	for (i = 0; i < count; ++i) {
		switch (type) {
		case UT_U8:
			bytes[i] = (uint8_t)next_word(&state);
			continue;
		case UT_U32:
			word = next_word(&state) % 7;
			break;
		default:
			word = float_bits(&state);
		}
		memcpy(bytes + 4 * i, &word, sizeof(word));
	}
}

struct ut_slice ut_selftest_take(struct selftest_lane *lane, enum ut_type type,
				 unsigned R, size_t count)
{
	size_t gap = 1 + count % 5;
	struct ut_slice s = {
		.buffer = lane->arena[type],
		.offset = lane->used[type] + gap,
		.count = count,
		.stride = count + gap,
	};

	lane->used[type] = s.offset + R * s.stride;
	assert(lane->used[type] <= arenas[type] && "a case needs more");
	return s;
}
