/* Networks: descriptions, arenas, padding, initial weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net.h"
#include "support/networks.h"
#include "support/testing.h"

/* On one row of numbers. */
static struct ut_net net_of(const char *description, size_t inputs,
			    size_t classes, size_t aux)
{
	return test_net((struct ut_volume){1, 1, inputs}, description, classes,
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
		test_net((struct ut_volume){28, 28, 1}, "cnn3", 10, 3);
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
	net = test_net((struct ut_volume){17, 16, 3},
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
		{"conv 4 k3 k5", "'conv 4 k3 k5': an option stands there"},
		{"conv 4 p0 s1 p0", "stands there twice"},
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
	struct ut_net net = test_net((struct ut_volume){6, 6, 3},
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
	test_net_padding(&d.net, arena);
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

int main(void)
{
	TCase *tests = tcase_create("net");

	tcase_add_test(tests, a_description_becomes_layers);
	tcase_add_test(tests, convolutions_become_layers);
	tcase_add_test(tests, a_description_that_leaves_nothing_is_named);
	tcase_add_test(tests, weights_lie_where_pytorch_has_them);
	tcase_add_test(tests, a_description_that_makes_no_sense_is_named);
	tcase_add_test(tests, initial_weights_have_their_variance);
	tcase_add_test(tests, a_replica_draws_the_same_alone);
	return test_main("net", tests);
}
