/* Optimisers and learning-rate schedules over the arena. */
#ifndef UT_OPTIMISER_H
#define UT_OPTIMISER_H

#include <undertone/ops.h>

enum ut_schedule {
	UT_CONSTANT,
	UT_COSINE, /* rate (1 + cos(pi (k - 1) / steps)) / 2 in step k */
};

struct ut_optimiser_plan {
	enum ut_optimiser kind;
	enum ut_schedule schedule;
	double rate;
	double beta1, beta2; /* SGD: beta1 is the momentum */
	double epsilon, decay;
	uint64_t steps; /* of the whole training, for the schedule */
};

/* The plan, where it stands, and the moments of R arenas. */
struct ut_optimiser_state {
	struct ut_optimiser_plan plan;
	uint64_t step;         /* taken so far */
	double power1, power2; /* beta^step */
	unsigned R;
	size_t count;            /* parameters of a replica */
	struct ut_buffer *m, *v; /* (R, count); v is NULL for SGD */
};

/* Allocates zeroed moments; failures latch in the device. */
void ut_optimiser_init(struct ut_optimiser_state *state,
		       const struct ut_optimiser_plan *plan,
		       struct ut_device *device, unsigned R, size_t count);
void ut_optimiser_release(struct ut_optimiser_state *state);

/* The learning rate of step k (from 1). */
double ut_optimiser_rate(const struct ut_optimiser_plan *plan, uint64_t k);

/* One step of the weights along the gradient, arenas of R replicas. */
void ut_optimiser_step(struct ut_optimiser_state *state,
		       struct ut_device *device, struct ut_slice weights,
		       struct ut_slice gradient);

#endif
