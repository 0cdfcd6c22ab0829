/* Linear probes: what a linear classifier reads out of features. */
#ifndef UT_PROBE_H
#define UT_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

/* Features of some images, and what they are. */
struct ut_probe_set {
	size_t count;          /* at least 1 */
	double *features;      /* (count, width); changed in place */
	const uint8_t *labels; /* (count), below the number of classes */
};

/*
 * The share of the test images that a probe labels rightly: ridge regression in
 * closed form (Hoerl and Kennard 1970) of the training images' centred features
 * on the classes' indicators, penalty 1e-3 of their mean variance, the largest
 * output wins. NaN where features are not finite. UT_MEMORY.
 */
enum ut_status ut_probe(struct ut_probe_set train, struct ut_probe_set test,
			size_t width, size_t classes, double *accuracy,
			struct ut_error *error);

/*
 * Solves a x = b for a symmetric, positive definite a (n, n) and `columns`
 * right-hand sides b (n, columns), which become x; a becomes its Cholesky
 * factor. False where a is not positive definite.
 */
bool ut_cholesky_solve(double *a, double *b, size_t n, size_t columns);

#endif
