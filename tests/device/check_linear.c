/* Linear layers: against the oracle, the contract, and every other device. */
#include <stdio.h>
#include <stdlib.h>

#include "support/contract.h"
#include "support/linear.h"
#include "support/testing.h"

/*
 * What the contract says of the whole buffer: replicas in their places, all
 * between them as it was.
 */
static void expect_bits(const char *what, const struct test_operand *expected,
			const struct test_output *output, unsigned part)
{
	test_same_bits(what, "host against the contract", UT_F32,
		       expected->data, output->part[part].data,
		       expected->total);
}

static void check_forward(const char *what, const struct linear_problem *p,
			  bool slow)
{
	struct test_output y =
		test_everywhere(what, slow, linear_run_forward, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_linear_forward(p->shape, test_f32(&p->x, r),
					test_f32(&p->w, r),
					p->bias ? test_f32(&p->b, r) : NULL,
					p->relu, test_f32(&p->y, r));
	expect_bits(what, &p->y, &y, 0);
	test_output_free(&y);
}

static void check_data(const char *what, const struct linear_problem *p,
		       bool slow)
{
	struct test_output dx = test_everywhere(what, slow, linear_run_data, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_linear_data(p->shape, test_f32(&p->dy, r),
				     test_f32(&p->w, r),
				     p->gated ? test_f32(&p->gate, r) : NULL,
				     p->scale, test_f32(&p->dx, r));
	expect_bits(what, &p->dx, &dx, 0);
	test_output_free(&dx);
}

static void check_weights(const char *what, const struct linear_problem *p,
			  bool slow)
{
	struct test_output d =
		test_everywhere(what, slow, linear_run_weights, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_linear_weights(p->shape, test_f32(&p->x, r),
					test_f32(&p->dy, r),
					test_f32(&p->dw, r),
					p->bias ? test_f32(&p->db, r) : NULL);
	expect_bits(what, &p->dw, &d, 0);
	if (p->bias)
		expect_bits(what, &p->db, &d, 1);
	test_output_free(&d);
}

typedef void problem_check(const char *what, const struct linear_problem *p,
			   bool slow);

static void over_shapes(const char *what, uint64_t seed, problem_check *check)
{
	enum { CASES = 40, SLOW_EVERY = 5 };
	struct test_random random = {seed};
	unsigned i;

	for (i = 0; i < CASES; ++i) {
		struct linear_problem p =
			linear_problem_new(&random,
					   (unsigned)test_between(&random, 1,
								  3),
					   linear_draw_shape(&random, i));
		char text[128];

		linear_describe(text, sizeof(text), what, &p);
		check(text, &p, i % SLOW_EVERY == 0);
		linear_problem_free(&p);
	}
}

START_TEST(forward_has_the_contracts_bits_everywhere)
{
	over_shapes("forward", 1, check_forward);
}
END_TEST

START_TEST(data_gradient_has_the_contracts_bits_everywhere)
{
	over_shapes("data gradient", 2, check_data);
}
END_TEST

START_TEST(weight_gradient_has_the_contracts_bits_everywhere)
{
	over_shapes("weight gradient", 3, check_weights);
}
END_TEST

/*
 * Shapes of several blocks, panels or tiles along each dimension in turn, and
 * enough rows for every thread.
 */
START_TEST(larger_layers_have_the_contracts_bits)
{
	static const struct reference_shape shapes[] = {
		{300, 215, 131},
		{37, 1301, 275},
		{37, 275, 1301},
		{1030, 67, 531},
	};
	struct test_random random = {4};
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); ++i) {
		struct linear_problem p =
			linear_problem_new(&random, 2, shapes[i]);
		char text[128];

		linear_describe(text, sizeof(text), "large", &p);
		check_forward(text, &p, false);
		check_data(text, &p, false);
		check_weights(text, &p, false);
		linear_problem_free(&p);
	}
}
END_TEST

/*
 * A chain of n fused multiply-adds errs by at most about n 2^-24 of the sum of
 * the magnitudes (Higham 2002, section 3.1); cleaning adds 2^-40.
 */
static double *bounds(double *magnitudes, size_t count, size_t n)
{
	size_t i;

	for (i = 0; i < count; ++i)
		magnitudes[i] =
			(double)(n + 2) * 0x1p-24 * magnitudes[i] + 0x1p-40;
	return magnitudes;
}

struct wide {
	double *x, *w, *b, *dy, *gate;
	double *abs_x, *abs_w, *abs_b, *abs_dy;
};

static struct wide widened(const struct linear_problem *p)
{
	struct reference_shape s = p->shape;
	struct wide v = {
		.x = test_widen(test_f32(&p->x, 0), s.B * s.D),
		.w = test_widen(test_f32(&p->w, 0), s.D * s.O),
		.b = test_widen(test_f32(&p->b, 0), s.O),
		.dy = test_widen(test_f32(&p->dy, 0), s.B * s.O),
		.gate = test_widen(test_f32(&p->gate, 0), s.B * s.D),
	};

	v.abs_x = test_magnitudes(v.x, s.B * s.D);
	v.abs_w = test_magnitudes(v.w, s.D * s.O);
	v.abs_b = test_magnitudes(v.b, s.O);
	v.abs_dy = test_magnitudes(v.dy, s.B * s.O);
	return v;
}

static void wide_free(struct wide *v)
{
	free(v->x);
	free(v->w);
	free(v->b);
	free(v->dy);
	free(v->gate);
	free(v->abs_x);
	free(v->abs_w);
	free(v->abs_b);
	free(v->abs_dy);
}

static void compare_forward(const struct linear_problem *p,
			    const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *y = test_alloc(2 * s.B * s.O, sizeof(*y));
	double *bound = y + s.B * s.O;
	struct test_output got = {0};

	linear_run_forward(test_device(0)->device, p, &got);
	reference_linear_forward(s, v->x, v->w, p->bias ? v->b : NULL, p->relu,
				 y);
	reference_linear_forward(s, v->abs_x, v->abs_w, v->abs_b, false, bound);
	test_close_each("y", test_output_f32(&got, 0, 0), y, s.B * s.O,
			bounds(bound, s.B * s.O, s.D));
	test_output_free(&got);
	free(y);
}

static void compare_data(const struct linear_problem *p, const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *dx = test_alloc(2 * s.B * s.D, sizeof(*dx));
	double *bound = dx + s.B * s.D;
	struct test_output got = {0};

	linear_run_data(test_device(0)->device, p, &got);
	reference_linear_data(s, v->dy, v->w, p->gated ? v->gate : NULL,
			      p->scale, dx);
	reference_linear_data(s, v->abs_dy, v->abs_w, p->gated ? v->gate : NULL,
			      p->scale, bound);
	test_close_each("dx", test_output_f32(&got, 0, 0), dx, s.B * s.D,
			bounds(bound, s.B * s.D, s.O));
	test_output_free(&got);
	free(dx);
}

static void compare_weights(struct linear_problem *p, const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *dw = test_alloc(2 * (s.D + 1) * s.O, sizeof(*dw));
	double *db = dw + s.D * s.O;
	double *bound = db + s.O, *bias_bound = bound + s.D * s.O;
	struct test_output got = {0};

	p->bias = true;
	linear_run_weights(test_device(0)->device, p, &got);
	reference_linear_weights(s, v->x, v->dy, dw, db);
	reference_linear_weights(s, v->abs_x, v->abs_dy, bound, bias_bound);
	test_close_each("dw", test_output_f32(&got, 0, 0), dw, s.D * s.O,
			bounds(bound, s.D * s.O, s.B));
	test_close_each("db", test_output_f32(&got, 1, 0), db, s.O,
			bounds(bias_bound, s.O, s.B));
	test_output_free(&got);
	free(dw);
}

START_TEST(results_are_close_to_double_precision)
{
	struct test_random random = {5};
	unsigned i;

	for (i = 0; i < 20; ++i) {
		struct linear_problem p =
			linear_problem_new(&random, 1,
					   linear_draw_shape(&random, i));
		struct wide v = widened(&p);

		compare_forward(&p, &v);
		compare_data(&p, &v);
		compare_weights(&p, &v);
		wide_free(&v);
		linear_problem_free(&p);
	}
}
END_TEST

/* Replica r of p alone. */
static struct linear_problem alone(const struct linear_problem *p, unsigned r)
{
	struct linear_problem one = *p;
	struct test_operand *operands[] = {
		&one.x, &one.w,  &one.b,  &one.dy, &one.gate,
		&one.y, &one.dx, &one.dw, &one.db,
	};
	size_t i;

	one.R = 1;
	for (i = 0; i < sizeof(operands) / sizeof(*operands); ++i)
		operands[i]->offset += r * operands[i]->stride;
	return one;
}

static void compare_alone(test_run *run, const struct linear_problem *p,
			  size_t count, struct ut_device *device)
{
	struct test_output together = {0};
	unsigned r;

	run(device, p, &together);
	for (r = 0; r < p->R; ++r) {
		struct linear_problem one = alone(p, r);
		struct test_output single = {0};

		run(device, &one, &single);
		test_same_bits("one replica alone", "against three", UT_F32,
			       test_output_f32(&together, 0, r),
			       test_output_f32(&single, 0, 0), count);
		test_output_free(&single);
	}
	test_output_free(&together);
}

START_TEST(a_replica_does_not_depend_on_its_neighbours)
{
	struct test_random random = {7};
	struct reference_shape s = {33, 18, 21};
	struct linear_problem p = linear_problem_new(&random, 3, s);
	size_t i;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_device *device = test_device(i)->device;

		compare_alone(linear_run_forward, &p, s.B * s.O, device);
		compare_alone(linear_run_data, &p, s.B * s.D, device);
		compare_alone(linear_run_weights, &p, s.D * s.O, device);
	}
	linear_problem_free(&p);
}
END_TEST

static void shrink(struct test_operand *x, float by)
{
	float *data = x->data;
	size_t i;

	for (i = 0; i < x->total; ++i)
		data[i] *= by;
}

static void expect_clean(test_run *run, const struct linear_problem *p,
			 size_t count, size_t count_bias)
{
	struct test_output got = {0};

	run(test_device(0)->device, p, &got);
	test_clean("tiny", test_output_f32(&got, 0, 0), count);
	if (count_bias)
		test_clean("tiny db", test_output_f32(&got, 1, 0), count_bias);
	test_output_free(&got);
}

/* Results around 2^-40: +0 below, whatever their sign, untouched above. */
START_TEST(tiny_results_become_positive_zero)
{
	struct test_random random = {8};
	struct reference_shape s = {5, 3, 19};
	struct linear_problem p = linear_problem_new(&random, 1, s);

	p.bias = true;
	shrink(&p.dy, 0x1p-40f);
	check_data("tiny data gradient", &p, true);
	check_weights("tiny weight gradient", &p, true);
	expect_clean(linear_run_data, &p, s.B * s.D, 0);
	expect_clean(linear_run_weights, &p, s.D * s.O, s.O);
	p.relu = false;
	shrink(&p.x, 0x1p-20f);
	shrink(&p.w, 0x1p-20f);
	shrink(&p.b, 0x1p-40f);
	check_forward("tiny forward", &p, true);
	expect_clean(linear_run_forward, &p, s.B * s.O, 0);
	linear_problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("linear");

	tcase_add_test(tests, forward_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, data_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests,
		       weight_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, larger_layers_have_the_contracts_bits);
	tcase_add_test(tests, results_are_close_to_double_precision);
	tcase_add_test(tests, a_replica_does_not_depend_on_its_neighbours);
	tcase_add_test(tests, tiny_results_become_positive_zero);
	return test_main("linear", tests);
}
