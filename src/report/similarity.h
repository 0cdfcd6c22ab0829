/* How alike two networks are: their weights, activations and answers. */
#ifndef UT_SIMILARITY_H
#define UT_SIMILARITY_H

#include <stddef.h>

/* The cosine of two vectors (count); NaN where one of them is 0. */
double ut_cosine(const float *u, const float *v, size_t count);

/* How far weights went, and whether that was another network's way. */
struct ut_displacement {
	double drift;    /* |now - start| / |start| */
	double cosine;   /* of now - start and goal - origin; NaN: one is 0 */
	double progress; /* the first's projection over the second's length */
};

/*
 * Of weights (count) that began at start and are now, beside a network's that
 * began at origin and ended at goal. What would divide by 0 is NaN.
 */
struct ut_displacement ut_displacement_of(const float *start, const float *now,
					  const float *origin,
					  const float *goal, size_t count);

/* product (columns, columns) = a^T a of a (rows, columns). */
void ut_self_product(const double *a, size_t rows, size_t columns,
		     double *product);

/*
 * The products (n, n) of n images' activations, of which `features` (d, n) are
 * given feature by feature, centred over the images in place.
 */
void ut_gram(double *features, size_t d, size_t n, double *gram);

/*
 * Linear CKA (Kornblith et al. 2019) of two networks' activations for the same n
 * images, from their products (ut_gram): |Y^T X|^2 / (|X^T X| |Y^T Y|), 1 where
 * they are equal but for a rotation and a scale. NaN where one is constant.
 */
double ut_linear_cka(const double *gram_x, const double *gram_y, size_t n);

/* KL(softmax p || softmax q), nats, of two rows of logits. */
double ut_kl(const double *p, const double *q, size_t count);

#endif
