/* Optimisers and learning-rate schedules over the arena. */
#include "nn/optimiser.h"

static const double pi = 3.14159265358979323846;

/* sin(x) and cos(x) for |x| <= pi / 4 by their Taylor series. */
static double small_sine(double x)
{
	double square = x * x, sum = 1;
	int k;

	for (k = 16; k >= 2; k -= 2) {
		double term = square * sum;

		sum = 1 - term / (k * (k + 1));
	}
	return x * sum;
}

static double small_cosine(double x)
{
	double square = x * x, sum = 1;
	int k;

	for (k = 18; k >= 2; k -= 2) {
		double term = square * sum;

		sum = 1 - term / (k * (k - 1));
	}
	return sum;
}

/*
 * cos(pi x) for x in [0, 1], from IEEE operations alone: a library's cosine
 * differs from machine to machine, and with it the learning rate.
 */
static double cosine_of_half_turns(double x)
{
	double y = x > 0.5 ? 1 - x : x;
	double value =
		y > 0.25 ? small_sine(pi * (0.5 - y)) : small_cosine(pi * y);

	return x > 0.5 ? -value : value;
}

double ut_optimiser_rate(const struct ut_optimiser_plan *plan, uint64_t k)
{
	double done;

	if (plan->schedule == UT_CONSTANT)
		return plan->rate;
	done = (double)(k - 1) / (double)plan->steps;
	return plan->rate * (1 + cosine_of_half_turns(done)) / 2;
}

void ut_optimiser_init(struct ut_optimiser_state *state,
		       const struct ut_optimiser_plan *plan,
		       struct ut_device *device, unsigned R, size_t count)
{
	*state = (struct ut_optimiser_state){
		.plan = *plan,
		.power1 = 1,
		.power2 = 1,
		.R = R,
		.count = count,
		.m = ut_buffer_new(device, UT_F32, R * count),
	};
	if (plan->kind != UT_SGD)
		state->v = ut_buffer_new(device, UT_F32, R * count);
}

void ut_optimiser_release(struct ut_optimiser_state *state)
{
	ut_buffer_free(state->m);
	ut_buffer_free(state->v);
	state->m = state->v = NULL;
}

void ut_optimiser_step(struct ut_optimiser_state *state,
		       struct ut_device *device, struct ut_slice weights,
		       struct ut_slice gradient)
{
	const struct ut_optimiser_plan *plan = &state->plan;
	struct ut_update update;

	++state->step;
	state->power1 *= plan->beta1;
	state->power2 *= plan->beta2;
	update = ut_update_at(plan->kind, ut_optimiser_rate(plan, state->step),
			      plan->beta1, plan->beta2, state->power1,
			      state->power2, plan->epsilon, plan->decay);
	ut_optimise(device, state->R, &update, weights, gradient,
		    ut_slice_of(state->m, state->count),
		    state->v ? ut_slice_of(state->v, state->count)
			     : (struct ut_slice){0});
}
