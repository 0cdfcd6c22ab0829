/* Convolutions: against the oracle, the contract, and every other device. */
#include <stdio.h>
#include <stdlib.h>

#include "support/conv.h"
#include "support/testing.h"

static void expect_bits(const char *what, const struct test_operand *expected,
			const struct test_output *output, unsigned part)
{
	test_same_bits(what, "host against the contract", expected->type,
		       expected->data, output->part[part].data,
		       expected->total);
}

static const uint8_t *index_of(const struct conv_problem *p, unsigned r)
{
	return p->shape.pool ? test_u8(&p->index, r) : NULL;
}

static void check_forward(const char *what, const struct conv_problem *p,
			  bool slow)
{
	struct test_output y = test_everywhere(what, slow, conv_run_forward, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_conv_forward(&p->shape, test_f32(&p->x, r),
				      test_f32(&p->w, r),
				      p->bias ? test_f32(&p->b, r) : NULL,
				      p->relu, test_f32(&p->y, r),
				      p->indexed ? test_u8(&p->taken, r)
						 : NULL);
	expect_bits(what, &p->y, &y, 0);
	if (p->indexed)
		expect_bits(what, &p->taken, &y, 1);
	test_output_free(&y);
}

static void check_data(const char *what, const struct conv_problem *p,
		       bool slow)
{
	struct test_output dx = test_everywhere(what, slow, conv_run_data, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_conv_data(&p->shape, test_f32(&p->dy, r),
				   index_of(p, r), test_f32(&p->w, r),
				   p->gated ? test_f32(&p->gate, r) : NULL,
				   p->scale, test_f32(&p->dx, r));
	expect_bits(what, &p->dx, &dx, 0);
	test_output_free(&dx);
}

static void check_weights(const char *what, const struct conv_problem *p,
			  bool slow)
{
	struct test_output d = test_everywhere(what, slow, conv_run_weights, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_conv_weights(&p->shape, test_f32(&p->x, r),
				      test_f32(&p->dy, r), index_of(p, r),
				      test_f32(&p->dw, r),
				      p->bias ? test_f32(&p->db, r) : NULL);
	expect_bits(what, &p->dw, &d, 0);
	if (p->bias)
		expect_bits(what, &p->db, &d, 1);
	test_output_free(&d);
}

typedef void problem_check(const char *what, const struct conv_problem *p,
			   bool slow);

static void check_shape(const char *what, struct test_random *random,
			const struct ut_conv_shape *shape, bool slow,
			problem_check *check)
{
	unsigned R = (unsigned)test_between(random, 1, slow ? 2 : 3);
	struct conv_problem p = conv_problem_new(random, R, shape);
	char text[160];

	conv_describe(text, sizeof(text), what, &p);
	check(text, &p, slow);
	conv_problem_free(&p);
}

static void over_shapes(const char *what, uint64_t seed, problem_check *check)
{
	enum { CASES = 80, SLOW_EVERY = 8 };
	struct test_random random = {seed};
	unsigned i;

	for (i = 0; i < CASES; ++i) {
		bool slow = i % SLOW_EVERY == 0;
		struct ut_conv_shape shape = conv_draw_shape(&random, slow);

		check_shape(what, &random, &shape, slow, check);
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
 * The layers of real nets, and what is long in one direction: rows over the
 * chunk's 256 pixels, many images, channels over a block, images that are less
 * than the kernel, one pixel.
 */
START_TEST(shapes_of_nets_and_slivers_have_the_contracts_bits)
{
	static const struct ut_conv_shape shapes[] = {
		{3, 28, 28, 1, 32, 3, 1, 1, true},
		{2, 14, 14, 32, 64, 3, 1, 1, true},
		{7, 7, 7, 64, 128, 3, 1, 1, true},
		{1, 20, 60, 3, 32, 3, 1, 1, true},
		{1, 3, 515, 2, 5, 3, 1, 1, false},
		{1, 4, 270, 3, 18, 3, 1, 1, true},
		{1, 515, 3, 2, 5, 3, 1, 1, true},
		{70, 3, 3, 5, 6, 3, 0, 1, false},
		{65, 4, 5, 3, 20, 3, 1, 2, true},
		{1, 5, 5, 150, 3, 3, 1, 1, false},
		{1, 3, 4, 3, 300, 3, 1, 1, true},
		{2, 1, 1, 5, 33, 7, 6, 1, true},
		{2, 2, 3, 4, 16, 5, 3, 2, false},
		{1, 9, 9, 48, 40, 7, 3, 1, true},
		{3, 6, 5, 64, 16, 1, 0, 1, true},
		{3, 6, 5, 16, 64, 1, 0, 2, false},
		{1, 5, 5, 1, 2, 99, 47, 1, false},
		{1, 1, 1, 1, 1, 1, 0, 1, false},
	};
	struct test_random random = {4};
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); ++i) {
		check_shape("net", &random, &shapes[i], false, check_forward);
		check_shape("net", &random, &shapes[i], false, check_data);
		check_shape("net", &random, &shapes[i], false, check_weights);
	}
}
END_TEST

/* See check_linear.c: the error of a chain of n, and cleaning. */
static double *bounds(double *magnitudes, size_t count, size_t n)
{
	size_t i;

	for (i = 0; i < count; ++i)
		magnitudes[i] =
			(double)(n + 2) * 0x1p-24 * magnitudes[i] + 0x1p-40;
	return magnitudes;
}

/* The operands of replica 0, or their magnitudes, and the oracle's results. */
struct wide {
	double *x, *w, *b, *dy;
	double *full, *y, *dfull, *dx, *dw, *db;
};

static double *widened(const struct test_operand *x, bool magnitude)
{
	double *wide = test_widen(test_f32(x, 0), x->count), *size;

	if (!magnitude)
		return wide;
	size = test_magnitudes(wide, x->count);
	free(wide);
	return size;
}

static struct wide solved(const struct conv_problem *p, bool magnitude)
{
	const struct ut_conv_shape *s = &p->shape;
	struct wide v = {
		.x = widened(&p->x, magnitude),
		.w = widened(&p->w, magnitude),
		.b = widened(&p->b, magnitude),
		.dy = widened(&p->dy, magnitude),
		.full = test_alloc(conv_full_count(s), sizeof(double)),
		.y = test_alloc(p->y.count, sizeof(double)),
		.dfull = test_alloc(conv_full_count(s), sizeof(double)),
		.dx = test_alloc(p->x.count, sizeof(double)),
		.dw = test_alloc(p->w.count, sizeof(double)),
		.db = test_alloc(s->O, sizeof(double)),
	};
	const float *gate = test_f32(&p->gate, 0);
	size_t i;

	reference_conv_forward(s, v.x, v.w, p->bias ? v.b : NULL,
			       p->relu && !magnitude, v.full);
	reference_conv_pool(s, v.full, v.y);
	reference_conv_spread(s, v.dy, test_u8(&p->index, 0), v.dfull);
	reference_conv_backward(s, v.x, v.w, v.dfull, v.dx, v.dw, v.db);
	for (i = 0; p->gated && i < p->x.count; ++i)
		v.dx[i] = gate[i] > 0 ? v.dx[i] * (double)p->scale : 0;
	return v;
}

static void wide_free(struct wide *v)
{
	free(v->x);
	free(v->w);
	free(v->b);
	free(v->dy);
	free(v->full);
	free(v->y);
	free(v->dfull);
	free(v->dx);
	free(v->dw);
	free(v->db);
}

static void compare(test_run *run, const struct conv_problem *p,
		    const char *what, unsigned part, const double *exact,
		    double *size, size_t count, size_t n)
{
	struct test_output got = {0};

	run(test_device(0)->device, p, &got);
	test_close_each(what, test_output_f32(&got, part, 0), exact, count,
			bounds(size, count, n));
	test_output_free(&got);
}

START_TEST(results_are_close_to_double_precision)
{
	struct test_random random = {5};
	unsigned i;

	for (i = 0; i < 30; ++i) {
		struct ut_conv_shape s = conv_draw_shape(&random, false);
		struct conv_problem p = conv_problem_new(&random, 1, &s);
		size_t taps = (size_t)s.kernel * s.kernel;
		size_t pixels = conv_full_count(&s) / s.O;
		struct wide exact, size;

		p.bias = true;
		exact = solved(&p, false);
		size = solved(&p, true);
		compare(conv_run_forward, &p, "y", 0, exact.y, size.y,
			p.y.count, taps * s.C + 1);
		compare(conv_run_data, &p, "dx", 0, exact.dx, size.dx,
			p.x.count, taps * s.O);
		compare(conv_run_weights, &p, "dw", 0, exact.dw, size.dw,
			p.w.count, pixels);
		compare(conv_run_weights, &p, "db", 1, exact.db, size.db, s.O,
			pixels);
		wide_free(&exact);
		wide_free(&size);
		conv_problem_free(&p);
	}
}
END_TEST

/* Gradients of sum(dy * y), the oracle's y, by differences of the oracle. */
static double objective(const struct conv_problem *p, const struct wide *v)
{
	double sum = 0;
	size_t i;

	reference_conv_forward(&p->shape, v->x, v->w, v->b, false, v->full);
	reference_conv_spread(&p->shape, v->dy, test_u8(&p->index, 0),
			      v->dfull);
	for (i = 0; i < conv_full_count(&p->shape); ++i)
		sum += v->dfull[i] * v->full[i];
	return sum;
}

static void expect_slopes(const char *what, const struct conv_problem *p,
			  const struct wide *v, double *along, size_t count,
			  const float *gradient)
{
	const double step = 0x1p-8;
	double *slope = test_alloc(count, sizeof(*slope));
	size_t i;

	for (i = 0; i < count; ++i) {
		double at = along[i], up;

		along[i] = at + step;
		up = objective(p, v);
		along[i] = at - step;
		slope[i] = (up - objective(p, v)) / (2 * step);
		along[i] = at;
	}
	test_close(what, gradient, slope, count, 1e-4);
	free(slope);
}

START_TEST(gradients_are_slopes)
{
	struct test_random random = {6};
	unsigned i;

	for (i = 0; i < 12; ++i) {
		struct ut_conv_shape s = conv_draw_shape(&random, true);
		struct conv_problem p = conv_problem_new(&random, 1, &s);
		struct test_output data = {0}, weights = {0};
		struct wide v;

		p.gated = false;
		p.bias = true;
		v = solved(&p, false);
		conv_run_data(test_device(0)->device, &p, &data);
		conv_run_weights(test_device(0)->device, &p, &weights);
		expect_slopes("dx", &p, &v, v.x, p.x.count,
			      test_output_f32(&data, 0, 0));
		expect_slopes("dw", &p, &v, v.w, p.w.count,
			      test_output_f32(&weights, 0, 0));
		expect_slopes("db", &p, &v, v.b, s.O,
			      test_output_f32(&weights, 1, 0));
		test_output_free(&data);
		test_output_free(&weights);
		wide_free(&v);
		conv_problem_free(&p);
	}
}
END_TEST

/* Pooled with the index that forward took, dy goes where y came from. */
START_TEST(the_index_of_forward_names_the_largest_of_the_window)
{
	struct test_random random = {7};
	struct ut_conv_shape s = {2, 9, 7, 3, 17, 3, 1, 1, true};
	struct conv_problem p = conv_problem_new(&random, 1, &s);
	struct wide v = solved(&p, false);
	double *chosen = test_alloc(p.y.count, sizeof(*chosen));
	struct test_output got = {0};
	size_t i, j;

	p.indexed = true;
	conv_run_forward(test_device(0)->device, &p, &got);
	for (i = 0; i < p.y.count; ++i)
		v.y[i] = 1;
	reference_conv_spread(&s, v.y,
			      (const uint8_t *)got.part[1].data +
				      got.part[1].offset,
			      v.dfull);
	for (i = 0, j = 0; i < conv_full_count(&s); ++i)
		j += v.dfull[i] > 0;
	ck_assert_uint_eq(j, p.y.count);
	reference_conv_pool(&s, v.full, chosen);
	test_close("y", test_output_f32(&got, 0, 0), chosen, p.y.count, 1e-4);
	test_output_free(&got);
	free(chosen);
	wide_free(&v);
	conv_problem_free(&p);
}
END_TEST

/* Replica r of p alone. */
static struct conv_problem alone(const struct conv_problem *p, unsigned r)
{
	struct conv_problem one = *p;
	struct test_operand *operands[] = {
		&one.x, &one.w,     &one.b,  &one.dy, &one.index, &one.gate,
		&one.y, &one.taken, &one.dx, &one.dw, &one.db,
	};
	size_t i;

	one.R = 1;
	for (i = 0; i < sizeof(operands) / sizeof(*operands); ++i)
		operands[i]->offset += r * operands[i]->stride;
	return one;
}

static void compare_alone(test_run *run, const struct conv_problem *p,
			  size_t count, struct ut_device *device)
{
	struct test_output together = {0};
	unsigned r;

	run(device, p, &together);
	for (r = 0; r < p->R; ++r) {
		struct conv_problem one = alone(p, r);
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
	struct test_random random = {8};
	struct ut_conv_shape s = {3, 5, 7, 3, 6, 3, 1, 1, true};
	struct conv_problem p = conv_problem_new(&random, 3, &s);
	size_t i;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_device *device = test_device(i)->device;

		compare_alone(conv_run_forward, &p, p.y.count, device);
		compare_alone(conv_run_data, &p, p.x.count, device);
		compare_alone(conv_run_weights, &p, p.w.count, device);
	}
	conv_problem_free(&p);
}
END_TEST

static void shrink(struct test_operand *x, float by)
{
	float *data = x->data;
	size_t i;

	for (i = 0; i < x->total; ++i)
		data[i] *= by;
}

/* Results around 2^-40: +0 below, whatever their sign, untouched above. */
START_TEST(tiny_results_become_positive_zero)
{
	struct test_random random = {9};
	struct ut_conv_shape s = {2, 4, 5, 3, 5, 3, 1, 1, true};
	struct conv_problem p = conv_problem_new(&random, 1, &s);
	struct test_output got = {0};

	p.relu = false;
	p.bias = true;
	shrink(&p.dy, 0x1p-40f);
	check_data("tiny data gradient", &p, true);
	check_weights("tiny weight gradient", &p, true);
	conv_run_weights(test_device(0)->device, &p, &got);
	test_clean("tiny dw", test_output_f32(&got, 0, 0), p.w.count);
	test_clean("tiny db", test_output_f32(&got, 1, 0), s.O);
	test_output_free(&got);
	shrink(&p.x, 0x1p-20f);
	shrink(&p.w, 0x1p-20f);
	shrink(&p.b, 0x1p-40f);
	check_forward("tiny forward", &p, true);
	conv_run_forward(test_device(0)->device, &p, &got);
	test_clean("tiny y", test_output_f32(&got, 0, 0), p.y.count);
	test_output_free(&got);
	conv_problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("conv");

	tcase_add_test(tests, forward_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, data_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests,
		       weight_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests,
		       shapes_of_nets_and_slivers_have_the_contracts_bits);
	tcase_add_test(tests, results_are_close_to_double_precision);
	tcase_add_test(tests, gradients_are_slopes);
	tcase_add_test(tests,
		       the_index_of_forward_names_the_largest_of_the_window);
	tcase_add_test(tests, a_replica_does_not_depend_on_its_neighbours);
	tcase_add_test(tests, tiny_results_become_positive_zero);
	return test_main("conv", tests);
}
