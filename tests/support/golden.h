/* A golden file as a case: its network, its plan, its inputs on a device. */
#ifndef UT_TEST_GOLDEN_H
#define UT_TEST_GOLDEN_H

#include "nn/net.h"
#include "nn/optimiser.h"
#include "tensors.h"

struct golden {
	struct test_tensors *tensors;
	const char *loss;
	struct ut_net net;
	struct ut_optimiser_plan plan;
	size_t B, C, wide; /* C: columns of the logits, stored in wide */
	double dropout;
	double temperature, alpha; /* of the losses that have them */
};

/* Reads tests/golden/NAME.safetensors; release its tensors. */
struct golden golden_open(const char *name);

/* A tensor by its printf-formatted name; NULL when the file has none. */
double *golden_tensor(const struct golden *g, size_t *count, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

/* The parameters of "init" or "teacher", for R replicas. */
struct ut_slice golden_arena(struct ut_device *device, const struct golden *g,
			     unsigned R, const char *role);

/* Step k's input, NHWC, and labels (B), shared by all replicas. */
struct ut_slice golden_input(struct ut_device *device, const struct golden *g,
			     unsigned k);
struct ut_slice golden_labels(struct ut_device *device, const struct golden *g,
			      unsigned k);

#endif
