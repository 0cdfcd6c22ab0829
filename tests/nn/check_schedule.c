/* Learning rates, and the constants of an optimiser's successive steps. */
#include <math.h>

#include "nn/optimiser.h"
#include "support/testing.h"

START_TEST(a_constant_rate_is_constant)
{
	struct ut_optimiser_plan plan = {.schedule = UT_CONSTANT,
					 .rate = 3e-4,
					 .steps = 10};

	ck_assert(ut_optimiser_rate(&plan, 1) == 3e-4);
	ck_assert(ut_optimiser_rate(&plan, 10) == 3e-4);
}
END_TEST

START_TEST(a_cosine_rate_is_half_a_cosine)
{
	const double pi = 3.14159265358979323846;
	uint64_t steps, k;

	for (steps = 1; steps < 2000; steps = steps * 3 + 1) {
		struct ut_optimiser_plan plan = {.schedule = UT_COSINE,
						 .rate = 0.5,
						 .steps = steps};

		ck_assert(ut_optimiser_rate(&plan, 1) == 0.5);
		for (k = 1; k <= steps; ++k) {
			double turn = pi * (double)(k - 1) / (double)steps;
			double exact = 0.25 * (1 + cos(turn));
			double got = ut_optimiser_rate(&plan, k);

			if (!(fabs(got - exact) <= 2e-16))
				ck_abort_msg("step %lu of %lu: %.17g, "
					     "expected %.17g",
					     (unsigned long)k,
					     (unsigned long)steps, got, exact);
		}
	}
}
END_TEST

/* Two steps of the state are two of ut_optimise with pow's corrections. */
START_TEST(successive_steps_have_their_corrections)
{
	enum { N = 5 };
	static const float start[N] = {1, -2, 0.5f, 3, 0};
	static const float slope[N] = {0.1f, -0.2f, 4, 1e-5f, 0};
	struct ut_device *device = test_device(0)->device;
	struct ut_optimiser_plan plan = {.kind = UT_ADAM,
					 .rate = 1e-3,
					 .beta1 = 0.9,
					 .beta2 = 0.999,
					 .epsilon = 1e-8,
					 .steps = 9};
	struct ut_slice w = test_upload_f32(device, start, 1, N);
	struct ut_slice by_hand = test_upload_f32(device, start, 1, N);
	struct ut_slice g = test_upload_f32(device, slope, 1, N);
	struct ut_slice m = ut_slice_of(ut_buffer_new(device, UT_F32, N), N);
	struct ut_slice v = ut_slice_of(ut_buffer_new(device, UT_F32, N), N);
	struct ut_optimiser_state state;
	struct test_output got = {0};
	unsigned k;

	ut_optimiser_init(&state, &plan, device, 1, N);
	for (k = 1; k <= 7; ++k) {
		struct ut_update update =
			ut_update_at(UT_ADAM, 1e-3, 0.9, 0.999, pow(0.9, k),
				     pow(0.999, k), 1e-8, 0);

		ut_optimiser_step(&state, device, w, g);
		ut_optimise(device, 1, &update, by_hand, g, m, v);
	}
	ck_assert_uint_eq(state.step, 7);
	test_take(&got, "state", w);
	test_take(&got, "by hand", by_hand);
	test_same_bits("weights", "by hand", UT_F32,
		       test_output_f32(&got, 1, 0), test_output_f32(&got, 0, 0),
		       N);
	test_output_free(&got);
	ut_optimiser_release(&state);
	test_drop(g);
	test_drop(m);
	test_drop(v);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("schedule");

	tcase_add_test(tests, a_constant_rate_is_constant);
	tcase_add_test(tests, a_cosine_rate_is_half_a_cosine);
	tcase_add_test(tests, successive_steps_have_their_corrections);
	return test_main_host("schedule", tests);
}
