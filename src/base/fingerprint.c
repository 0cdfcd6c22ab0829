/* Fingerprints: XXH3-128 of bytes. */
#include "base/fingerprint.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/*
 * Compiled in, so that the state's layout is the one this file was built with.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(sizeof(XXH3_state_t) <= sizeof(struct ut_fingerprinter),
	      "the state fits");

static bool is_little_endian(void)
{
	const uint16_t one = 1;
	unsigned char first;

	memcpy(&first, &one, 1);
	return first == 1;
}

void ut_fingerprint_init(struct ut_fingerprinter *in)
{
	XXH3_128bits_reset((XXH3_state_t *)(void *)in->state);
}

void ut_fingerprint_update(struct ut_fingerprinter *in, const void *data,
			   size_t bytes)
{
	if (bytes)
		XXH3_128bits_update((XXH3_state_t *)(void *)in->state, data,
				    bytes);
}

void ut_fingerprint_update_f32(struct ut_fingerprinter *in,
			       const float *numbers, size_t count)
{
	size_t i;

	static_assert(sizeof(float) == 4, "fp32");
	if (is_little_endian()) {
		ut_fingerprint_update(in, numbers, 4 * count);
		return;
	}
	for (i = 0; i < count; ++i) {
		unsigned char bytes[4];
		uint32_t bits;

		memcpy(&bits, &numbers[i], 4);
		bytes[0] = (unsigned char)(bits & 255);
		bytes[1] = (unsigned char)(bits >> 8 & 255);
		bytes[2] = (unsigned char)(bits >> 16 & 255);
		bytes[3] = (unsigned char)(bits >> 24);
		ut_fingerprint_update(in, bytes, 4);
	}
}

void ut_fingerprint_update_print(struct ut_fingerprinter *in,
				 struct ut_fingerprint print)
{
	unsigned char bytes[16];
	int i;

	for (i = 0; i < 8; ++i) {
		bytes[i] = (unsigned char)(print.high >> (56 - 8 * i));
		bytes[8 + i] = (unsigned char)(print.low >> (56 - 8 * i));
	}
	ut_fingerprint_update(in, bytes, sizeof(bytes));
}

struct ut_fingerprint ut_fingerprint_finish(const struct ut_fingerprinter *in)
{
	XXH128_hash_t hash = XXH3_128bits_digest(
		(const XXH3_state_t *)(const void *)in->state);

	return (struct ut_fingerprint){hash.high64, hash.low64};
}

struct ut_fingerprint ut_fingerprint_of_f32(const float *numbers, size_t count)
{
	struct ut_fingerprinter all;

	ut_fingerprint_init(&all);
	ut_fingerprint_update_f32(&all, numbers, count);
	return ut_fingerprint_finish(&all);
}

void ut_fingerprint_text(struct ut_fingerprint fingerprint,
			 char text[UT_FINGERPRINT_TEXT])
{
	snprintf(text, UT_FINGERPRINT_TEXT, "%016llx%016llx",
		 (unsigned long long)fingerprint.high,
		 (unsigned long long)fingerprint.low);
}

bool ut_fingerprint_parse(const char *text, struct ut_fingerprint *fingerprint)
{
	uint64_t halves[2] = {0, 0};
	size_t i;

	for (i = 0; i < 32; ++i) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		halves[i / 16] =
			halves[i / 16] << 4 | (uint64_t)(digit - digits);
	}
	if (text[32])
		return false;
	fingerprint->high = halves[0];
	fingerprint->low = halves[1];
	return true;
}
