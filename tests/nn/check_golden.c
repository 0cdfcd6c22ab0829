/*
 * Training runs against PyTorch's in float64 (tests/golden), on every device.
 *
 * Each run trains two replicas of the same network side by side and keeps a
 * record of every step on the device; the host's record is compared with
 * PyTorch's, the others' with the host's, bit for bit. Slow devices run one of
 * the larger cases.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/golden.h"
#include "support/testing.h"

enum { R = 2 };

/* Tolerances of tests/golden/README.md: of the largest entry, of n lr. */
static const double logits_tolerance = 1e-5, gradient_tolerance = 1e-4,
		    weights_tolerance = 1e-3;

/* Where a step's record holds what, in floats. */
struct record {
	size_t logits, gradient, loss, gradients, weights, size;
};

static struct record record_of(const struct golden *g)
{
	struct record r = {.gradient = g->B * g->wide};

	r.loss = 2 * r.gradient;
	r.gradients = r.loss + 1;
	r.weights = r.gradients + g->net.parameters;
	r.size = r.weights + g->net.parameters;
	return r;
}

/* Running ------------------------------------------------------------------ */

/* Everything of one run that lives on the device. */
struct run {
	const struct golden *g;
	struct ut_device *device;
	struct ut_slice arena, gradients, teacher, losses, moments, record;
	struct ut_activations student, taught;
	struct ut_optimiser_state optimiser;
};

static struct ut_slice zeros(struct ut_device *device, size_t count)
{
	return ut_slice_of(ut_buffer_new(device, UT_F32, R * count), count);
}

static void run_open(struct run *run, struct ut_device *device,
		     const struct golden *g)
{
	size_t P = g->net.parameters;

	*run = (struct run){
		.g = g,
		.device = device,
		.arena = golden_arena(device, g, R, "init"),
		.gradients = zeros(device, P),
		.losses = zeros(device, g->B),
		.moments = zeros(device, 2 * g->C),
		.record = zeros(device, g->plan.steps * record_of(g).size),
	};
	ut_activations_init(&run->student, &g->net, device, R, g->B, true);
	ut_optimiser_init(&run->optimiser, &g->plan, device, R, P);
	if (!strcmp(g->loss, "ce"))
		return;
	run->teacher = golden_arena(device, g, R, "teacher");
	ut_activations_init(&run->taught, &g->net, device, R, g->B, false);
}

static void run_close(struct run *run)
{
	ut_activations_release(&run->student);
	ut_activations_release(&run->taught);
	ut_optimiser_release(&run->optimiser);
	test_drop(run->arena);
	test_drop(run->gradients);
	test_drop(run->losses);
	test_drop(run->moments);
	test_drop(run->teacher);
}

/* Multiplies a hidden layer by its given mask and 1 / (1 - p). */
static void apply_mask(const struct run *run, unsigned k, size_t layer)
{
	const struct golden *g = run->g;
	struct ut_buffer *h = run->student.outputs[layer];
	size_t O = g->net.layers[layer].O, wide = g->net.layers[layer].wide_O;
	size_t total = R * g->B * wide, count, i, o;
	double *mask = golden_tensor(g, &count, "step%u.mask%zu", k, layer + 1);
	float *data = test_alloc(total, sizeof(*data));
	struct ut_error error = {0};

	ck_assert_uint_eq(count, g->B * O);
	if (ut_buffer_read(h, 0, total, data, &error))
		ck_abort_msg("%s", error.text);
	for (i = 0; i < R * g->B; ++i)
		for (o = 0; o < O; ++o)
			data[i * wide + o] *= (float)mask[i % g->B * O + o] *
					      (float)(1 / (1 - g->dropout));
	ut_buffer_write(h, 0, total, data);
	free(data);
	free(mask);
}

/* The forward pass with given masks instead of counted ones. */
static void masked_forward(const struct run *run, unsigned k, struct ut_slice x)
{
	const struct ut_net *net = &run->g->net;
	size_t i, B = run->g->B;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		struct ut_linear op = {
			.R = R,
			.B = B,
			.D = layer->wide_D,
			.O = layer->wide_O,
			.x = x,
			.w = ut_slice_part(run->arena, layer->weight,
					   layer->wide_D * layer->wide_O),
			.b = ut_slice_part(run->arena, layer->bias,
					   layer->wide_O),
			.relu = i + 1 < net->layer_count,
			.y = ut_rows(run->student.outputs[i], B, B,
				     layer->wide_O),
		};

		ut_linear_forward(run->device, &op);
		if (op.relu)
			apply_mask(run, k, i);
		x = op.y;
	}
}

static enum ut_distillation kind_of(const struct golden *g)
{
	static const char *const names[] = {"kl", "mse",    "mse_norm", "revkl",
					    "js", "cosine", "kd"};
	int kind;

	for (kind = UT_KL; strcmp(g->loss, names[kind]) != 0; ++kind)
		ck_assert_int_lt(kind, UT_KD);
	return (enum ut_distillation)kind;
}

static void distil(const struct run *run, unsigned k, struct ut_loss loss,
		   struct ut_slice x)
{
	const struct golden *g = run->g;
	struct ut_distil op = {
		.loss = loss,
		.kind = kind_of(g),
		.teacher = ut_net_logits(&g->net, &run->taught, g->B),
		.temperature = g->temperature,
		.alpha = g->alpha,
	};

	ut_net_forward(&g->net, run->device, &run->taught, g->B, x,
		       run->teacher, NULL);
	if (op.kind == UT_KD) {
		op.labels = golden_labels(run->device, g, k);
	} else {
		op.loss.first = g->net.classes;
		op.loss.count = g->net.aux;
	}
	if (op.kind == UT_MSE_NORM) {
		op.moments = ut_slice_part(run->moments, 0, 2 * g->net.aux);
		ut_moments(run->device, R, g->B, g->wide, op.loss.first,
			   op.loss.count, op.teacher, op.moments);
	}
	ut_distil(run->device, &op);
	test_drop(op.labels);
}

static void keep(const struct run *run, struct ut_slice what, unsigned k,
		 size_t at)
{
	size_t first = (k - 1) * record_of(run->g).size + at;

	ut_copy(run->device, R, what,
		ut_slice_part(run->record, first, what.count));
}

static void take_step(struct run *run, unsigned k)
{
	const struct golden *g = run->g;
	struct record r = record_of(g);
	struct ut_slice x = golden_input(run->device, g, k);
	struct ut_loss loss = {
		.R = R,
		.B = g->B,
		.C = g->wide,
		.count = g->net.classes,
		.logits = ut_net_logits(&g->net, &run->student, g->B),
		.gradient =
			ut_net_logits_gradient(&g->net, &run->student, g->B),
		.loss = run->losses,
	};

	if (g->dropout > 0)
		masked_forward(run, k, x);
	else
		ut_net_forward(&g->net, run->device, &run->student, g->B, x,
			       run->arena, NULL);
	if (!strcmp(g->loss, "ce")) {
		struct ut_slice labels = golden_labels(run->device, g, k);

		ut_cross_entropy(run->device, &loss, labels);
		test_drop(labels);
	} else {
		distil(run, k, loss, x);
	}
	ut_net_backward(&g->net, run->device, &run->student, g->B, x,
			run->arena, run->gradients,
			&(struct ut_dropping){.rate = g->dropout,
					      .fc_rate = g->dropout});
	keep(run, loss.logits, k, r.logits);
	keep(run, loss.gradient, k, r.gradient);
	ut_mean(run->device, R, run->losses,
		ut_slice_part(run->record, (k - 1) * r.size + r.loss, 1));
	keep(run, run->gradients, k, r.gradients);
	ut_optimiser_step(&run->optimiser, run->device, run->arena,
			  run->gradients);
	keep(run, run->arena, k, r.weights);
	test_drop(x);
}

static void run_trajectory(struct ut_device *device, const void *arguments,
			   struct test_output *output)
{
	const struct golden *g = arguments;
	struct run run;
	unsigned k;

	run_open(&run, device, g);
	for (k = 1; k <= g->plan.steps; ++k)
		take_step(&run, k);
	test_take(output, "record", run.record);
	run_close(&run);
}

/* Comparing ---------------------------------------------------------------- */

/* Rows of `columns` numbers, `wide` apart; what PyTorch has as 0 is +0. */
static void compare_matrix(const char *what, const float *got,
			   const double *expected, size_t rows, size_t columns,
			   size_t wide, double tolerance)
{
	size_t i, k;

	for (i = 0; i < rows; ++i)
		test_close(what, got + i * wide, expected + i * columns,
			   columns, tolerance);
	for (i = 0; i < rows; ++i)
		for (k = columns; k < wide; ++k)
			ck_assert_uint_eq(test_bits(got[i * wide + k]), 0);
}

static void compare_logits(const struct golden *g, unsigned k,
			   const float *step)
{
	struct record r = record_of(g);
	size_t count, i, c;
	double *logits = golden_tensor(g, &count, "step%u.logits", k);
	double *gradient = golden_tensor(g, &count, "step%u.grad_logits", k);
	double *loss = golden_tensor(g, &count, "step%u.loss", k);
	double *rate = golden_tensor(g, &count, "step%u.lr", k);

	count = g->B * g->C;
	compare_matrix("logits", step + r.logits, logits, g->B, g->C, g->wide,
		       logits_tolerance * test_largest(logits, count));
	compare_matrix("gradient of logits", step + r.gradient, gradient, g->B,
		       g->C, g->wide,
		       gradient_tolerance * test_largest(gradient, count));
	for (i = 0; i < g->B; ++i)
		for (c = 0; c < g->C; ++c)
			if (gradient[i * g->C + c] == 0)
				ck_assert_uint_eq(
					test_bits(step[r.gradient +
						       i * g->wide + c]),
					0);
	test_close("loss", step + r.loss, loss, 1, logits_tolerance * *loss);
	ck_assert(fabs(ut_optimiser_rate(&g->plan, k) - *rate) <=
		  1e-14 * *rate);
	free(logits);
	free(gradient);
	free(loss);
	free(rate);
}

/*
 * A layer's weights or biases in an arena. Entries that PyTorch has as exactly
 * 0 are exactly 0.
 */
static void compare_layer(const char *what, const struct ut_layer *layer,
			  bool biases, const float *arena,
			  const double *expected, double tolerance)
{
	size_t inputs = biases ? 1 : ut_layer_fan_in(layer), o, i;

	for (o = 0; o < layer->out.C; ++o)
		for (i = 0; i < inputs; ++i) {
			const double *exact = &expected[o * inputs + i];
			size_t at = biases ? layer->bias + o
					   : ut_layer_weight_at(layer, o, i);

			test_close(what, &arena[at], exact, 1,
				   *exact == 0 ? 0 : tolerance);
		}
}

/* Gradients (role "grad") or weights ("param") of a step, where stored. */
static void compare_arena(const struct golden *g, unsigned k, const char *role,
			  const float *arena)
{
	bool weights = !strcmp(role, "param");
	size_t i, count, part;

	for (i = 0; i < g->net.layer_count; ++i)
		for (part = 0; part < 2; ++part) {
			const struct ut_layer *layer = &g->net.layers[i];
			const char *name = part ? "bias" : "weight";
			double *exact =
				golden_tensor(g, &count, "step%u.%s.%s.%s", k,
					      role, layer->name, name);
			char what[64];

			if (!exact)
				continue;
			snprintf(what, sizeof(what), "step %u: %s of %s.%s", k,
				 role, layer->name, name);
			compare_layer(what, layer, part, arena, exact,
				      weights ? k * g->plan.rate *
							weights_tolerance
					      : gradient_tolerance *
							test_largest(exact,
								     count));
			free(exact);
		}
}

static void compare_trajectory(const char *name, bool slow)
{
	struct golden g = golden_open(name);
	struct record r = record_of(&g);
	struct test_output got =
		test_everywhere(name, slow, run_trajectory, &g);
	unsigned k;

	for (k = 1; k <= g.plan.steps; ++k) {
		const float *step =
			test_output_f32(&got, 0, 0) + (k - 1) * r.size;

		compare_logits(&g, k, step);
		compare_arena(&g, k, "grad", step + r.gradients);
		compare_arena(&g, k, "param", step + r.weights);
	}
	test_same_bits(name, "second replica", UT_F32,
		       test_output_f32(&got, 0, 0), test_output_f32(&got, 0, 1),
		       g.plan.steps * r.size);
	test_output_free(&got);
	test_tensors_free(g.tensors);
}

START_TEST(cross_entropy_trains_as_in_pytorch)
{
	compare_trajectory("mlp_ce", false);
}
END_TEST

START_TEST(kl_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_kl", true);
}
END_TEST

START_TEST(mse_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_mse", false);
}
END_TEST

START_TEST(normalised_mse_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_mse_norm", false);
}
END_TEST

START_TEST(reverse_kl_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_revkl", false);
}
END_TEST

START_TEST(js_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_js", false);
}
END_TEST

START_TEST(cosine_distils_as_in_pytorch)
{
	compare_trajectory("mlp_distil_cosine", false);
}
END_TEST

START_TEST(classic_distillation_trains_as_in_pytorch)
{
	compare_trajectory("mlp_kd", false);
}
END_TEST

START_TEST(two_convolutions_train_as_in_pytorch)
{
	compare_trajectory("cnn2_ce", false);
}
END_TEST

START_TEST(three_convolutions_train_as_in_pytorch)
{
	compare_trajectory("cnn3_ce", false);
}
END_TEST

START_TEST(convolutions_in_colour_distil_as_in_pytorch)
{
	compare_trajectory("cnn_rgb_distil", false);
}
END_TEST

START_TEST(dropout_with_given_masks_trains_as_in_pytorch)
{
	compare_trajectory("dropout_mask", false);
}
END_TEST

START_TEST(adamw_steps_as_in_pytorch)
{
	compare_trajectory("optim_adamw", true);
}
END_TEST

START_TEST(sgd_steps_as_in_pytorch)
{
	compare_trajectory("optim_sgd", true);
}
END_TEST

START_TEST(a_cosine_schedule_steps_as_in_pytorch)
{
	compare_trajectory("optim_cosine", true);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("golden");

	tcase_add_test(tests, cross_entropy_trains_as_in_pytorch);
	tcase_add_test(tests, kl_distils_as_in_pytorch);
	tcase_add_test(tests, mse_distils_as_in_pytorch);
	tcase_add_test(tests, normalised_mse_distils_as_in_pytorch);
	tcase_add_test(tests, reverse_kl_distils_as_in_pytorch);
	tcase_add_test(tests, js_distils_as_in_pytorch);
	tcase_add_test(tests, cosine_distils_as_in_pytorch);
	tcase_add_test(tests, classic_distillation_trains_as_in_pytorch);
	tcase_add_test(tests, two_convolutions_train_as_in_pytorch);
	tcase_add_test(tests, three_convolutions_train_as_in_pytorch);
	tcase_add_test(tests, convolutions_in_colour_distil_as_in_pytorch);
	tcase_add_test(tests, dropout_with_given_masks_trains_as_in_pytorch);
	tcase_add_test(tests, adamw_steps_as_in_pytorch);
	tcase_add_test(tests, sgd_steps_as_in_pytorch);
	tcase_add_test(tests, a_cosine_schedule_steps_as_in_pytorch);
	return test_main("golden", tests);
}
