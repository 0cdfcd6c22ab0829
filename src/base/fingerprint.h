/*
 * Fingerprints: XXH3-128 (https://xxhash.com) of bytes, with which two states,
 * or two data sets, are found equal. Not a defence against forgery.
 */
#ifndef UT_FINGERPRINT_H
#define UT_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/machine.h"

struct ut_fingerprint {
	uint64_t high, low;
};

/* Storage of a fingerprint in the making; the caller holds it. */
struct ut_fingerprinter {
	_Alignas(64) unsigned char state[640];
};

void ut_fingerprint_init(struct ut_fingerprinter *in);

/* Takes in bytes; in how many pieces they come changes nothing. */
void ut_fingerprint_update(struct ut_fingerprinter *in, const void *data,
			   size_t bytes);

/* Takes in count numbers as fp32, little endian. */
void ut_fingerprint_update_f32(struct ut_fingerprinter *in,
			       const float *numbers, size_t count);

/* Takes in a fingerprint: 16 bytes, most significant first. */
void ut_fingerprint_update_print(struct ut_fingerprinter *in,
				 struct ut_fingerprint print);

/* The fingerprint of count numbers alone, so taken in. */
struct ut_fingerprint ut_fingerprint_of_f32(const float *numbers, size_t count);

/* The fingerprint of all that was taken in; more may be taken in after. */
struct ut_fingerprint ut_fingerprint_finish(const struct ut_fingerprinter *in);

static inline bool ut_fingerprint_equal(struct ut_fingerprint a,
					struct ut_fingerprint b)
{
	return a.high == b.high && a.low == b.low;
}

enum { UT_FINGERPRINT_TEXT = 33 };

/* 32 hex digits and a NUL, as xxh128sum prints them. */
void ut_fingerprint_text(struct ut_fingerprint fingerprint,
			 char text[UT_FINGERPRINT_TEXT]);

/* Reads them back; false, *fingerprint untouched, if text is anything else. */
bool ut_fingerprint_parse(const char *text, struct ut_fingerprint *fingerprint);

#endif
