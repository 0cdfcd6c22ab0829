/* Forward and backward passes: padding, dropout, every kind of layer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/contract.h"
#include "support/networks.h"
#include "support/testing.h"

enum { R = 2 };

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
	struct pass p = {
		.net = test_net((struct ut_volume){1, 1, 21}, text, 7, 3),
		.B = 300,
		.b = 270,
	};
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
		test_net_padding(&p.net, test_output_f32(&got, 1, r));
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
	test_net_padding(&p.net, test_output_f32(&got, 1, 0));
	test_output_free(&got);
	pass_free(&p);
}
END_TEST

/* Arenas as they are when training begins. */
static struct test_output draw(const struct ut_net *net)
{
	struct ut_device *device = test_device(0)->device;
	size_t P = net->parameters;
	struct ut_slice arena =
		ut_slice_of(ut_buffer_new(device, UT_F32, R * P), P);
	struct test_output output = {0};

	ut_net_draw(net, device, R, UT_INIT_PYTORCH,
		    (struct ut_rng){.seed = 5, .purpose = 1}, arena);
	test_take(&output, "arena", arena);
	return output;
}

/* Everything the grammar has, odd sizes, both kinds of dropout. */
START_TEST(a_mixed_net_passes_the_same_everywhere)
{
	struct test_random random = {102};
	struct ut_volume image = {13, 11, 3};
	struct pass p = {
		.net = test_net(
			image,
			"conv 5 k5 s2, conv 7 p2, pool, avgpool, conv 3 "
			"k1, pool, fc 9",
			7, 3),
		.B = 6,
		.b = 5,
		.dropout = 0.25,
	};
	size_t columns = ut_net_columns(&p.net);
	size_t width = ut_net_input_width(&p.net);
	struct test_output arena = draw(&p.net), got;
	unsigned r;

	p.arena = test_operand_f32(&random, R, p.net.parameters, false);
	for (r = 0; r < R; ++r)
		memcpy(test_f32(&p.arena, r), test_output_f32(&arena, 0, r),
		       p.net.parameters * sizeof(float));
	p.x = test_operand_f32(&random, R, p.b * width, true);
	p.slope = test_operand_f32(&random, R, p.b * columns, false);
	for (r = 0; r < R; ++r)
		clear_columns(test_f32(&p.slope, r), p.b, 10, columns);
	got = test_everywhere("mixed net", true, run_pass, &p);
	test_net_padding(&p.net, test_output_f32(&got, 1, 1));
	test_output_free(&got);
	test_output_free(&arena);
	pass_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("passes");

	tcase_add_test(tests, a_mixed_net_passes_the_same_everywhere);
	tcase_add_test(tests, padding_changes_no_bit_and_stays_zero);
	tcase_add_test(tests, deep_passes_with_dropout_are_the_same_everywhere);
	return test_main("passes", tests);
}
