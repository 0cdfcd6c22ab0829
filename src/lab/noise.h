/* The images that students see: noise of the recipe's family. */
#ifndef UT_NOISE_H
#define UT_NOISE_H

#include "lab/session.h"

/* What making noise for R replicas and up to B images takes. */
struct ut_noise {
	const struct ut_session *session;
	unsigned R;
	size_t B;
	size_t numbers;            /* random ones an image */
	size_t radius;             /* of the blur */
	struct ut_affine affine;   /* z to the network's input */
	struct ut_buffer *raw;     /* (R, B, numbers), or NULL */
	struct ut_buffer *half;    /* (R, B, blurred along rows), or NULL */
	struct ut_buffer *weights; /* (2 radius + 1), or NULL */
};

/* Allocates; failures latch in the device. Release it either way. */
void ut_noise_init(struct ut_noise *noise, const struct ut_session *session,
		   unsigned R, size_t B);
void ut_noise_release(struct ut_noise *noise);

/* x (b, input width) = the noise images named in rows (b). */
void ut_noise_make(const struct ut_noise *noise, struct ut_rng rng,
		   struct ut_slice rows, size_t b, struct ut_slice x);

#endif
