/* The images that students see: noise of the recipe's family, real ones, both. */
#ifndef UT_NOISE_H
#define UT_NOISE_H

#include "lab/session.h"

/* What making images for a group's replicas and up to B of each takes. */
struct ut_noise {
	const struct ut_group *group;
	size_t B;
	size_t numbers;            /* random ones an image */
	size_t radius;             /* of the blur */
	size_t rank;               /* directions of lowrank, 1 of constant */
	struct ut_affine affine;   /* z to the network's input */
	struct ut_buffer *raw;     /* (R, B, numbers), or NULL */
	struct ut_buffer *half;    /* (R, B, blurred along rows), or NULL */
	struct ut_buffer *weights; /* (2 radius + 1), or NULL */
	struct ut_buffer *basis;   /* (R, rank, input width), or NULL */
	struct ut_buffer *shift;   /* (input width): added to its images */
	struct ut_buffer *real;    /* (R, B, input width): to be mixed in */
};

/*
 * Allocates, and draws what an image of the family has in common with others;
 * failures latch in the device. Release it either way.
 */
void ut_noise_init(struct ut_noise *noise, const struct ut_group *group,
		   size_t B);
void ut_noise_release(struct ut_noise *noise);

/* Bytes that it takes on the device for one replica. */
double ut_noise_bytes(const struct ut_session *session, size_t B);

/*
 * x (b, input width) = the images named in rows (b): noise by its number. Where
 * the recipe shows real images, shown (b) names them (lab/shown.h), else none.
 */
void ut_noise_make(const struct ut_noise *noise, struct ut_slice rows,
		   struct ut_slice shown, size_t b, struct ut_slice x);

#endif
