/* Harder copies of test images, to see how robust a network is. */
#ifndef UT_ROBUST_H
#define UT_ROBUST_H

#include <stddef.h>
#include <stdint.h>

enum ut_robust {
	UT_ROBUST_ROTATED,   /* by 30 degrees about the centre, 0 around it */
	UT_ROBUST_CROPPED,   /* the middle three quarters, enlarged back */
	UT_ROBUST_LOW_LIGHT, /* a quarter of the brightness */
	/*
	 * A pattern of blocks behind it: the larger of pixel and pattern where
	 * images are grey, whose background is 0; else three parts image to one
	 * part pattern.
	 */
	UT_ROBUST_BUSY,
	UT_ROBUST_KINDS,
};

/* "rotated", "cropped", "low-light", "busy-background"; NULL-terminated. */
extern const char *const ut_robust_names[];

/*
 * Copies count images (H, W, C), sides below 32768, from `from` to `to`, changed
 * as kind says. Whole numbers throughout: the same bytes everywhere. Image i's
 * pattern depends on seed and i alone; the other kinds ask for no chance.
 */
void ut_robust_copy(enum ut_robust kind, size_t count, size_t H, size_t W,
		    size_t C, const uint8_t *from, uint8_t *to, uint32_t seed);

#endif
