/* Ten training steps of a small convolutional net, on every device. */
#include <stdlib.h>

#include "nn/optimiser.h"
#include "support/networks.h"
#include "support/testing.h"

enum { R = 2, B = 4, STEPS = 10 };

/* Odd channels and sides, both kinds of pool, steps of two. */
static const char description[] = "conv 3, pool, conv 5 k5 s2, avgpool, fc 7";
static const struct ut_volume image = {11, 9, 3};

/* One step towards given logits, with dropout. */
static void take_step(struct ut_device *device, const struct ut_net *net,
		      const struct ut_activations *acts,
		      struct ut_optimiser_state *optimiser, uint32_t step,
		      const struct ut_slice *x, const struct ut_loss *loss,
		      struct ut_slice target, struct ut_slice arena,
		      struct ut_slice gradient)
{
	struct ut_dropping dropping = {
		.rate = 0.1,
		.fc_rate = 0.2,
		.rng = {.seed = 4, .purpose = 5},
		.first_row = step * B,
	};
	struct ut_distil distil = {
		.loss = *loss,
		.kind = UT_MSE,
		.teacher = target,
	};

	ut_net_forward(net, device, acts, B, *x, arena, &dropping);
	ut_distil(device, &distil);
	ut_net_backward(net, device, acts, B, *x, arena, gradient, &dropping);
	ut_optimiser_step(optimiser, device, arena, gradient);
}

static struct ut_slice part(struct ut_device *device, size_t count)
{
	return ut_slice_of(ut_buffer_new(device, UT_F32, R * count), count);
}

static void run_steps(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct ut_net *net = arguments;
	size_t P = net->parameters, C = ut_net_columns(net);
	size_t width = ut_net_input_width(net);
	struct ut_optimiser_plan plan = {
		.kind = UT_ADAM,
		.rate = 1e-2,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.epsilon = 1e-8,
		.steps = STEPS,
	};
	struct ut_rng rng = {.seed = 2, .purpose = 3};
	struct ut_slice arena = part(device, P), gradient = part(device, P);
	struct ut_slice x = part(device, B * width);
	struct ut_slice target = part(device, B * C);
	struct ut_slice losses = part(device, B);
	struct ut_optimiser_state optimiser;
	struct ut_activations acts;
	struct ut_loss loss;
	uint32_t k;

	ut_net_draw(net, device, R, UT_INIT_PYTORCH, rng, arena);
	ut_random(device, &(struct ut_random){
				  .R = R,
				  .B = B,
				  .columns = width,
				  .width = width,
				  .distribution = UT_NORMAL,
				  .affine = ut_affine_of(1, 0),
				  .rng = rng,
				  .x = x,
			  });
	ut_fill_f32(device, R, target, 0.75f);
	ut_activations_init(&acts, net, device, R, B, true);
	ut_optimiser_init(&optimiser, &plan, device, R, P);
	loss = (struct ut_loss){
		.R = R,
		.B = B,
		.C = C,
		.count = net->classes + net->aux,
		.logits = ut_net_logits(net, &acts, B),
		.gradient = ut_net_logits_gradient(net, &acts, B),
		.loss = losses,
	};
	for (k = 0; k < STEPS; ++k)
		take_step(device, net, &acts, &optimiser, k, &x, &loss, target,
			  arena, gradient);
	test_take(output, "weights", arena);
	test_take(output, "gradient", gradient);
	test_take(output, "losses", losses);
	ut_activations_release(&acts);
	ut_optimiser_release(&optimiser);
	test_drop(x);
	test_drop(target);
}

START_TEST(ten_steps_end_in_the_same_bits_everywhere)
{
	struct ut_net net = test_net(image, description, 3, 2);
	struct test_output got;
	double before = 0, after = 0;
	size_t i;

	got = test_everywhere("ten steps", true, run_steps, &net);
	/* it did train: the targets are 0.75 away from logits near 0 */
	for (i = 0; i < B; ++i) {
		before += 0.75 * 0.75;
		after += (double)test_output_f32(&got, 2, 0)[i];
	}
	ck_assert_msg(after < 0.8 * before, "loss %g of %g", after, before);
	test_output_free(&got);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("steps");

	tcase_add_test(tests, ten_steps_end_in_the_same_bits_everywhere);
	return test_main("steps", tests);
}
