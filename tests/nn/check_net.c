/* Networks: descriptions, arenas, padding, initial weights, passes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net.h"
#include "support/contract.h"
#include "support/testing.h"

static struct ut_net net_on(struct ut_volume image, const char *description,
			    size_t classes, size_t aux)
{
	struct ut_error error = {0};
	struct ut_net net;

	if (ut_net_init(&net, description, image, classes, aux, &error))
		ck_abort_msg("%s: %s", description, error.text);
	return net;
}

/* On one row of numbers. */
static struct ut_net net_of(const char *description, size_t inputs,
			    size_t classes, size_t aux)
{
	return net_on((struct ut_volume){1, 1, inputs}, description, classes,
		      aux);
}

START_TEST(a_description_becomes_layers)
{
	struct ut_net net = net_of("fc 61, fc 37", 784, 10, 3);

	ck_assert_uint_eq(net.layer_count, 3);
	ck_assert_str_eq(net.layers[0].name, "fc1");
	ck_assert_str_eq(net.layers[2].name, "fc3");
	ck_assert_uint_eq(net.layers[0].D, 784);
	ck_assert_uint_eq(net.layers[1].D, 61);
	ck_assert_uint_eq(net.layers[1].wide_D, 64);
	ck_assert_uint_eq(net.layers[1].wide_O, 48);
	ck_assert_uint_eq(net.layers[2].O, 13);
	ck_assert_uint_eq(ut_net_columns(&net), 16);
	ck_assert_uint_eq(net.parameters,
			  784 * 64 + 64 + 64 * 48 + 48 + 48 * 16 + 16);
	ck_assert(ut_net_forward_flop(&net) ==
		  2.0 * (784 * 61 + 61 * 37 + 37 * 13));
	ck_assert(ut_net_training_flop(&net) ==
		  2.0 * (2 * 784 * 61 + 3 * 61 * 37 + 3 * 37 * 13));
	net = net_of("", 20, 2, 0);
	ck_assert_uint_eq(net.layer_count, 1);
	ck_assert_uint_eq(net.layers[0].D, 20);
}
END_TEST

/* The parameters of cnn3 on MNIST as the seed report counts them. */
START_TEST(convolutions_become_layers)
{
	struct ut_net net =
		net_on((struct ut_volume){28, 28, 1}, "cnn3", 10, 3);
	double conv1 = 28 * 28 * 9 * 32, conv2 = 14 * 14 * 9 * 32 * 64;
	double conv3 = 7 * 7 * 9 * 64 * 128, fc = 1152 * 128 + 128 * 13;

	ck_assert_uint_eq(net.layer_count, 5);
	ck_assert_uint_eq(ut_net_weight_count(&net), 241933);
	ck_assert_str_eq(net.layers[2].name, "conv3");
	ck_assert_str_eq(net.layers[4].name, "fc2");
	ck_assert_uint_eq(net.layers[2].out.H, 3);
	ck_assert(net.layers[2].pool);
	ck_assert_uint_eq(net.layers[3].D, 1152);
	ck_assert_uint_eq(ut_net_input_width(&net), 784);
	ck_assert(ut_net_forward_flop(&net) ==
		  2 * (conv1 + conv2 + conv3 + fc));
	ck_assert(ut_net_training_flop(&net) ==
		  2 * (2 * conv1 + 3 * (conv2 + conv3 + fc)));
	net = net_on((struct ut_volume){17, 16, 3},
		     "conv 5 k5 s2, pool, pool, avgpool 2, fc 7", 2, 1);
	ck_assert_uint_eq(net.layers[0].out.H, 4);
	ck_assert_uint_eq(net.layers[0].wide_out, 16);
	ck_assert_uint_eq(net.layers[0].wide_in, 3);
	ck_assert_uint_eq(net.layers[1].kind, UT_LAYER_MAX_POOL);
}
END_TEST

START_TEST(a_description_that_leaves_nothing_is_named)
{
	static const struct {
		const char *description, *says;
	} wrong[] = {
		{"pool, pool, pool", "'pool': nothing is left"},
		{"conv 4 k7 p0", "'conv 4 k7 p0': a kernel of 7 x 7"},
		{"avgpool 5", "'avgpool 5': nothing is left"},
		{"conv 4 k4", "a kernel's side is odd"},
		{"conv 4 k3 p3", "padding is less"},
		{"fc 3, pool", "after 'fc'"},
	};
	const struct ut_volume image = {5, 4, 2};
	struct ut_net net;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i) {
		struct ut_error error = {0};

		ck_assert_int_eq(ut_net_init(&net, wrong[i].description, image,
					     2, 1, &error),
				 UT_INVALID);
		ck_assert_msg(strstr(error.text, wrong[i].says) != NULL, "%s",
			      error.text);
	}
}
END_TEST

/* Element (o, c, y, x) of PyTorch is where the arena has (y, x, c, o). */
START_TEST(weights_lie_where_pytorch_has_them)
{
	struct ut_net net = net_on((struct ut_volume){6, 6, 3},
				   "conv 20, pool, fc 5", 2, 1);
	const struct ut_layer *conv = &net.layers[0], *fc = &net.layers[1];

	ck_assert_uint_eq(ut_layer_fan_in(conv), 27);
	ck_assert_uint_eq(ut_layer_weight_at(conv, 4, 2 * 9 + 1 * 3 + 2),
			  conv->weight + ((1 * 3 + 2) * 3 + 2) * 32 + 4);
	ck_assert_uint_eq(ut_layer_fan_in(fc), 3 * 3 * 20);
	ck_assert_uint_eq(ut_layer_weight_at(fc, 4, 11 * 9 + 5),
			  fc->weight + (5 * 32 + 11) * 16 + 4);
}
END_TEST

START_TEST(a_description_that_makes_no_sense_is_named)
{
	static const char *const wrong[] = {
		"fc",
		"fc 0",
		"fc -1",
		"fc 1e3",
		"fc 99999999999999999999",
		"fc 65537",
		"conv 32 k2",
		"conv 32 q1",
		"conv 32 p3",
		"conv 32 s3",
		"conv 32 k5 p1",
		"conv",
		"pool",
		"fc 8, conv 4",
		"mlp, fc 3",
		"fc256",
		"32",
		"fc 16 16",
	};
	const struct ut_volume four = {1, 1, 4};
	struct ut_error error;
	struct ut_net net;
	char many[256] = "fc 2";
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i) {
		error = (struct ut_error){0};
		ck_assert_int_eq(ut_net_init(&net, wrong[i], four, 2, 1,
					     &error),
				 UT_INVALID);
		ck_assert_ptr_nonnull(strstr(error.text, "net"));
	}
	for (i = 0; i < UT_LAYERS_MAX; ++i)
		strcat(many, ", fc 2");
	ck_assert_int_eq(ut_net_init(&net, many, four, 2, 1, &error),
			 UT_INVALID);
}
END_TEST

/* Initial weights ---------------------------------------------------------- */

enum { R = 2 };

struct drawing {
	struct ut_net net;
	enum ut_init init;
	unsigned R, replica;
};

static void run_draw(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct drawing *d = arguments;
	size_t P = d->net.parameters;
	struct ut_slice arena =
		ut_slice_of(ut_buffer_new(device, UT_F32, d->R * P), P);

	ut_net_draw(&d->net, device, d->R, d->init,
		    (struct ut_rng){.seed = 5,
				    .purpose = 1,
				    .replica = d->replica},
		    arena);
	test_take(output, "arena", arena);
}

/* Fails unless everything added by rounding widths up is +0. */
static void expect_padding(const struct ut_net *net, const float *arena)
{
	size_t i, d, o;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];

		if (!ut_layer_has_weights(layer))
			continue;
		/* the row after the last is biases */
		for (d = 0; d <= layer->wide_rows; ++d)
			for (o = 0; o < layer->wide_out; ++o) {
				bool real = o < layer->out.C &&
					    (d == layer->wide_rows ||
					     d % layer->wide_in < layer->in.C);
				size_t at =
					layer->weight + d * layer->wide_out + o;

				if (!real)
					ck_assert_uint_eq(test_bits(arena[at]),
							  0);
			}
	}
}

/* Mean square of a layer's weights (D, O); its largest, too. */
static double mean_square(const struct ut_layer *layer, const float *arena,
			  double *largest)
{
	double sum = 0;
	size_t d, o;

	*largest = 0;
	for (d = 0; d < layer->D; ++d)
		for (o = 0; o < layer->O; ++o) {
			double w = (double)
				arena[layer->weight + d * layer->wide_O + o];

			sum += w * w;
			*largest = fmax(*largest, fabs(w));
		}
	return sum / (double)(layer->D * layer->O);
}

static void check_draw(enum ut_init init, double gain)
{
	struct drawing d = {net_of("fc 301, fc 77", 125, 10, 3), init, R, 4};
	struct test_output got = test_everywhere("draw", true, run_draw, &d);
	const float *arena = test_output_f32(&got, 0, 1);
	size_t i, o;

	for (i = 0; i < d.net.layer_count; ++i) {
		const struct ut_layer *layer = &d.net.layers[i];
		double n = (double)(layer->D * layer->O), largest;
		double variance = gain / (double)layer->D;
		double square = mean_square(layer, arena, &largest);
		bool uniform = init == UT_INIT_PYTORCH;

		/* four standard errors */
		ck_assert(fabs(square / variance - 1) <=
			  4 * sqrt((uniform ? 0.8 : 2) / n));
		for (o = 0; o < layer->O; ++o)
			ck_assert((arena[layer->bias + o] != 0) == uniform);
		if (uniform)
			ck_assert(largest <= 1 / sqrt((double)layer->D));
	}
	expect_padding(&d.net, arena);
	test_output_free(&got);
}

START_TEST(initial_weights_have_their_variance)
{
	check_draw(UT_INIT_FAN_IN, 1);
	check_draw(UT_INIT_HE, 2);
	check_draw(UT_INIT_PYTORCH, 1.0 / 3);
}
END_TEST

START_TEST(a_replica_draws_the_same_alone)
{
	struct drawing both = {net_of("fc 9", 11, 2, 1), UT_INIT_PYTORCH, R, 4};
	struct drawing one = both;
	struct test_output together = {0}, single = {0};

	one.R = 1;
	one.replica = 5;
	run_draw(test_device(0)->device, &both, &together);
	run_draw(test_device(0)->device, &one, &single);
	test_same_bits("arena", "alone", UT_F32,
		       test_output_f32(&together, 0, 1),
		       test_output_f32(&single, 0, 0), both.net.parameters);
	test_output_free(&together);
	test_output_free(&single);
}
END_TEST

/* Passes ------------------------------------------------------------------- */

/* One forward and backward pass of a net over b of B images. */
struct pass {
	struct ut_net net;
	size_t B, b;
	double dropout;
	struct test_operand x, arena, slope; /* slope: of the logits */
};

static void run_pass(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct pass *p = arguments;
	struct ut_slice x = test_upload(device, &p->x);
	struct ut_slice arena = test_upload(device, &p->arena);
	struct ut_slice slope = test_upload(device, &p->slope);
	size_t P = p->net.parameters, last = p->net.layer_count - 1;
	struct ut_slice gradient =
		ut_slice_of(ut_buffer_new(device, UT_F32, R * P), P);
	struct ut_dropping dropping = {
		.rate = p->dropout,
		.fc_rate = p->dropout,
		.rng = {.seed = 3, .purpose = 2},
		.first_row = 100,
	};
	struct ut_activations acts;

	ut_activations_init(&acts, &p->net, device, R, p->B, true);
	ut_net_forward(&p->net, device, &acts, p->b, x, arena, &dropping);
	ut_copy(device, R, slope, ut_net_logits_gradient(&p->net, &acts, p->b));
	ut_net_backward(&p->net, device, &acts, p->b, x, arena, gradient,
			&dropping);
	test_take(output, "logits",
		  ut_slice_of(acts.outputs[last],
			      p->B * ut_net_columns(&p->net)));
	test_take(output, "gradient", gradient);
	test_take(output, "hidden",
		  ut_slice_of(acts.outputs[0], p->B * p->net.layers[0].wide_O));
	acts.outputs[last] = acts.outputs[0] = NULL;
	ut_activations_release(&acts);
	test_drop(x);
	test_drop(arena);
	test_drop(slope);
}

/* Zeroes the columns of (rows, wide) matrices from `columns` on. */
static void clear_columns(float *x, size_t rows, size_t columns, size_t wide)
{
	size_t i, k;

	for (i = 0; i < rows; ++i)
		for (k = columns; k < wide; ++k)
			x[i * wide + k] = 0;
}

static struct pass pass_new(struct test_random *random, const char *text)
{
	struct pass p = {.net = net_of(text, 21, 7, 3), .B = 300, .b = 270};
	size_t columns = ut_net_columns(&p.net), i;
	unsigned r;

	p.x = test_operand_f32(random, R, p.b * 32, true);
	clear_columns(test_f32(&p.x, 0), p.b, 21, 32);
	p.slope = test_operand_f32(random, R, p.b * columns, false);
	p.arena = test_operand_f32(random, R, p.net.parameters, false);
	for (r = 0; r < R; ++r) {
		float *arena = test_f32(&p.arena, r);

		clear_columns(test_f32(&p.slope, r), p.b, 10, columns);
		for (i = 0; i < p.net.layer_count; ++i) {
			const struct ut_layer *layer = &p.net.layers[i];
			size_t d;

			clear_columns(arena + layer->weight, layer->wide_D + 1,
				      layer->O, layer->wide_O);
			for (d = layer->D; d < layer->wide_D; ++d)
				clear_columns(arena + layer->weight +
						      d * layer->wide_O,
					      1, 0, layer->wide_O);
		}
	}
	return p;
}

static void pass_free(struct pass *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->slope);
	test_operand_free(&p->arena);
}

/* (rows, columns) out of (rows, wide). */
static float *narrow(const float *wide_x, size_t rows, size_t columns,
		     size_t wide)
{
	float *x = test_alloc(rows * columns, sizeof(*x));
	size_t i;

	for (i = 0; i < rows; ++i)
		memcpy(x + i * columns, wide_x + i * wide,
		       columns * sizeof(*x));
	return x;
}

/* A two-layer net without padding, by the contract's plain loops. */
static void check_unpadded(const struct pass *p, unsigned r,
			   const struct test_output *got)
{
	const struct ut_layer *one = &p->net.layers[0];
	const struct ut_layer *two = &p->net.layers[1];
	struct reference_shape s1 = {p->b, one->D, one->O};
	struct reference_shape s2 = {p->b, two->D, two->O};
	const float *arena = test_f32(&p->arena, r);
	float *x = narrow(test_f32(&p->x, r), p->b, one->D, one->wide_D);
	float *w1 = narrow(arena + one->weight, one->D, one->O, one->wide_O);
	float *w2 = narrow(arena + two->weight, two->D, two->O, two->wide_O);
	float *dy = narrow(test_f32(&p->slope, r), p->b, two->O, two->wide_O);
	float *h = test_alloc(p->b * one->O, sizeof(*h));
	float *dh = test_alloc(p->b * one->O, sizeof(*dh));
	float *y = test_alloc(p->b * two->O, sizeof(*y));
	float *dw = test_alloc(one->D * one->O, sizeof(*dw));
	float *db = test_alloc(one->O, sizeof(*db));
	float *got_y =
		narrow(test_output_f32(got, 0, r), p->b, two->O, two->wide_O);
	float *got_dw = narrow(test_output_f32(got, 1, r) + one->weight, one->D,
			       one->O, one->wide_O);

	contract_linear_forward(s1, x, w1, arena + one->bias, true, h);
	contract_linear_forward(s2, h, w2, arena + two->bias, false, y);
	test_same_bits("logits", "unpadded", UT_F32, y, got_y, p->b * two->O);
	contract_linear_data(s2, dy, w2, h, 1, dh);
	contract_linear_weights(s1, x, dh, dw, db);
	test_same_bits("dw", "unpadded", UT_F32, dw, got_dw, one->D * one->O);
	test_same_bits("db", "unpadded", UT_F32, db,
		       test_output_f32(got, 1, r) + one->bias, one->O);
	free(x);
	free(w1);
	free(w2);
	free(dy);
	free(h);
	free(dh);
	free(y);
	free(dw);
	free(db);
	free(got_y);
	free(got_dw);
}

START_TEST(padding_changes_no_bit_and_stays_zero)
{
	struct test_random random = {100};
	struct pass p = pass_new(&random, "fc 37");
	struct test_output got = test_everywhere("pass", true, run_pass, &p);
	size_t C = ut_net_columns(&p.net), k;
	unsigned r;

	for (r = 0; r < R; ++r) {
		const float *logits = test_output_f32(&got, 0, r);

		check_unpadded(&p, r, &got);
		expect_padding(&p.net, test_output_f32(&got, 1, r));
		/* rows past the batch were never touched */
		for (k = p.b * C; k < p.B * C; ++k)
			ck_assert_uint_eq(test_bits(logits[k]), 0);
	}
	test_output_free(&got);
	pass_free(&p);
}
END_TEST

START_TEST(deep_passes_with_dropout_are_the_same_everywhere)
{
	struct test_random random = {101};
	struct pass p = pass_new(&random, "fc 37, fc 20, fc 5");
	struct test_output got;
	size_t wide = p.net.layers[0].wide_O, zeros = 0, plain = 0, i;
	const float *hidden;

	got = test_everywhere("deep pass", false, run_pass, &p);
	hidden = test_output_f32(&got, 2, 0);
	for (i = 0; i < p.b * wide; ++i)
		plain += hidden[i] == 0;
	test_output_free(&got);
	p.dropout = 0.25;
	got = test_everywhere("dropout pass", false, run_pass, &p);
	hidden = test_output_f32(&got, 2, 0);
	for (i = 0; i < p.b * wide; ++i)
		zeros += hidden[i] == 0;
	ck_assert_msg(fabs((double)(zeros - plain) /
				   (double)(p.b * wide - plain) -
			   0.25) < 0.03,
		      "%zu of %zu dropped", zeros - plain, p.b * wide - plain);
	expect_padding(&p.net, test_output_f32(&got, 1, 0));
	test_output_free(&got);
	pass_free(&p);
}
END_TEST

/* Everything the grammar has, odd sizes, both kinds of dropout. */
START_TEST(a_mixed_net_passes_the_same_everywhere)
{
	struct test_random random = {102};
	struct ut_volume image = {13, 11, 3};
	struct pass p = {
		.net = net_on(image,
			      "conv 5 k5 s2, conv 7 p2, pool, avgpool, conv 3 "
			      "k1, pool, fc 9",
			      7, 3),
		.B = 6,
		.b = 5,
		.dropout = 0.25,
	};
	size_t columns = ut_net_columns(&p.net);
	size_t width = ut_net_input_width(&p.net);
	struct drawing d = {p.net, UT_INIT_PYTORCH, R, 0};
	struct test_output arena = {0}, got;
	unsigned r;

	run_draw(test_device(0)->device, &d, &arena);
	p.arena = test_operand_f32(&random, R, p.net.parameters, false);
	for (r = 0; r < R; ++r)
		memcpy(test_f32(&p.arena, r), test_output_f32(&arena, 0, r),
		       p.net.parameters * sizeof(float));
	p.x = test_operand_f32(&random, R, p.b * width, true);
	p.slope = test_operand_f32(&random, R, p.b * columns, false);
	for (r = 0; r < R; ++r)
		clear_columns(test_f32(&p.slope, r), p.b, 10, columns);
	got = test_everywhere("mixed net", true, run_pass, &p);
	expect_padding(&p.net, test_output_f32(&got, 1, 1));
	test_output_free(&got);
	test_output_free(&arena);
	pass_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("net");

	tcase_add_test(tests, a_description_becomes_layers);
	tcase_add_test(tests, convolutions_become_layers);
	tcase_add_test(tests, a_description_that_leaves_nothing_is_named);
	tcase_add_test(tests, weights_lie_where_pytorch_has_them);
	tcase_add_test(tests, a_description_that_makes_no_sense_is_named);
	tcase_add_test(tests, a_mixed_net_passes_the_same_everywhere);
	tcase_add_test(tests, initial_weights_have_their_variance);
	tcase_add_test(tests, a_replica_draws_the_same_alone);
	tcase_add_test(tests, padding_changes_no_bit_and_stays_zero);
	tcase_add_test(tests, deep_passes_with_dropout_are_the_same_everywhere);
	return test_main("net", tests);
}
