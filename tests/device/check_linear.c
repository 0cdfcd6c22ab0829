/* Linear layers: against the oracle, the contract, and every other device. */
#include <stdio.h>
#include <stdlib.h>

#include "support/contract.h"
#include "support/testing.h"

/* One problem: x w + b = y, its gradients, and a gate as ReLU leaves it. */
struct problem {
	unsigned R;
	struct reference_shape shape;
	bool relu, bias, gated;
	float scale;
	struct test_operand x, w, b, dy, gate, y, dx, dw, db;
};

static size_t odd(struct test_random *random, size_t high)
{
	return test_between(random, 0, (high - 1) / 2) * 2 + 1;
}

/* Odd shapes, multiples of 16, batches across the chunk, and slivers. */
static struct reference_shape draw_shape(struct test_random *random,
					 unsigned number)
{
	switch (number % 4) {
	case 0:
		return (struct reference_shape){
			odd(random, 70), odd(random, 70), odd(random, 70)};
	case 1:
		return (struct reference_shape){
			16 * test_between(random, 1, 4),
			16 * test_between(random, 1, 4),
			16 * test_between(random, 1, 4)};
	case 2:
		return (struct reference_shape){
			test_between(random, 255, 530), odd(random, 20),
			test_between(random, 1, 18)};
	default:
		return (struct reference_shape){
			test_between(random, 1, 9), test_between(random, 1, 3),
			test_between(random, 1, 35)};
	}
}

static struct problem problem_new(struct test_random *random, unsigned R,
				  struct reference_shape s)
{
	struct problem p = {
		.R = R,
		.shape = s,
		.relu = test_word(random) & 1,
		.bias = test_word(random) & 3,
		.gated = test_word(random) & 1,
		.scale = 1.25f,
		.x = test_operand_f32(random, R, s.B * s.D,
				      test_word(random) & 1),
		.w = test_operand_f32(random, R, s.D * s.O, false),
		.b = test_operand_f32(random, R, s.O, false),
		.dy = test_operand_f32(random, R, s.B * s.O, false),
		.gate = test_operand_f32(random, R, s.B * s.D, false),
		.y = test_operand_f32(random, R, s.B * s.O, false),
		.dx = test_operand_f32(random, R, s.B * s.D, false),
		.dw = test_operand_f32(random, R, s.D * s.O, false),
		.db = test_operand_f32(random, R, s.O, false),
	};
	float *gate = p.gate.data;
	size_t i;

	for (i = 0; i < p.gate.total; ++i)
		gate[i] = gate[i] > 0 ? gate[i] : 0;
	return p;
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->w);
	test_operand_free(&p->b);
	test_operand_free(&p->dy);
	test_operand_free(&p->gate);
	test_operand_free(&p->y);
	test_operand_free(&p->dx);
	test_operand_free(&p->dw);
	test_operand_free(&p->db);
}

static void run_forward(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_linear op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.x = test_upload(device, &p->x),
		.w = test_upload(device, &p->w),
		.relu = p->relu,
		.y = test_upload(device, &p->y),
	};

	if (p->bias)
		op.b = test_upload(device, &p->b);
	ut_linear_forward(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.x);
	test_drop(op.w);
	test_drop(op.b);
}

static void run_data(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_linear_data op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.dy = test_upload(device, &p->dy),
		.w = test_upload(device, &p->w),
		.scale = p->scale,
		.dx = test_upload(device, &p->dx),
	};

	if (p->gated)
		op.gate = test_upload(device, &p->gate);
	ut_linear_backward_data(device, &op);
	test_take(output, "dx", op.dx);
	test_drop(op.dy);
	test_drop(op.w);
	test_drop(op.gate);
}

static void run_weights(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_linear_weights op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.x = test_upload(device, &p->x),
		.dy = test_upload(device, &p->dy),
		.dw = test_upload(device, &p->dw),
	};

	if (p->bias)
		op.db = test_upload(device, &p->db);
	ut_linear_backward_weights(device, &op);
	test_take(output, "dw", op.dw);
	if (p->bias)
		test_take(output, "db", op.db);
	test_drop(op.x);
	test_drop(op.dy);
}

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

static void check_forward(const char *what, const struct problem *p, bool slow)
{
	struct test_output y = test_everywhere(what, slow, run_forward, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_linear_forward(p->shape, test_f32(&p->x, r),
					test_f32(&p->w, r),
					p->bias ? test_f32(&p->b, r) : NULL,
					p->relu, test_f32(&p->y, r));
	expect_bits(what, &p->y, &y, 0);
	test_output_free(&y);
}

static void check_data(const char *what, const struct problem *p, bool slow)
{
	struct test_output dx = test_everywhere(what, slow, run_data, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		contract_linear_data(p->shape, test_f32(&p->dy, r),
				     test_f32(&p->w, r),
				     p->gated ? test_f32(&p->gate, r) : NULL,
				     p->scale, test_f32(&p->dx, r));
	expect_bits(what, &p->dx, &dx, 0);
	test_output_free(&dx);
}

static void check_weights(const char *what, const struct problem *p,
			  bool slow)
{
	struct test_output d = test_everywhere(what, slow, run_weights, p);
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

static void describe(char *text, size_t size, const char *what,
		     const struct problem *p)
{
	snprintf(text, size, "%s R=%u B=%zu D=%zu O=%zu%s%s%s", what, p->R,
		 p->shape.B, p->shape.D, p->shape.O, p->bias ? " bias" : "",
		 p->relu ? " relu" : "", p->gated ? " gate" : "");
}

typedef void problem_check(const char *what, const struct problem *p,
			   bool slow);

static void over_shapes(const char *what, uint64_t seed, problem_check *check)
{
	enum { CASES = 40, SLOW_EVERY = 5 };
	struct test_random random = {seed};
	unsigned i;

	for (i = 0; i < CASES; ++i) {
		struct problem p = problem_new(
			&random, (unsigned)test_between(&random, 1, 3),
			draw_shape(&random, i));
		char text[128];

		describe(text, sizeof(text), what, &p);
		check(text, &p, i % SLOW_EVERY == 0);
		problem_free(&p);
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

/* A shape large enough for several blocks or tiles each way, and threads. */
START_TEST(a_larger_layer_has_the_contracts_bits)
{
	struct test_random random = {4};
	struct problem p = problem_new(
		&random, 2, (struct reference_shape){300, 215, 131});

	check_forward("large forward", &p, false);
	check_data("large data gradient", &p, false);
	check_weights("large weight gradient", &p, false);
	problem_free(&p);
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
		magnitudes[i] = (double)(n + 2) * 0x1p-24 * magnitudes[i] +
				0x1p-40;
	return magnitudes;
}

struct wide {
	double *x, *w, *b, *dy, *gate;
	double *abs_x, *abs_w, *abs_b, *abs_dy;
};

static struct wide widened(const struct problem *p)
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

static void compare_forward(const struct problem *p, const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *y = test_alloc(2 * s.B * s.O, sizeof(*y));
	double *bound = y + s.B * s.O;
	struct test_output got = {0};

	run_forward(test_device(0)->device, p, &got);
	reference_linear_forward(s, v->x, v->w, p->bias ? v->b : NULL, p->relu,
				 y);
	reference_linear_forward(s, v->abs_x, v->abs_w, v->abs_b, false, bound);
	test_close_each("y", test_output_f32(&got, 0, 0), y, s.B * s.O,
			bounds(bound, s.B * s.O, s.D));
	test_output_free(&got);
	free(y);
}

static void compare_data(const struct problem *p, const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *dx = test_alloc(2 * s.B * s.D, sizeof(*dx));
	double *bound = dx + s.B * s.D;
	struct test_output got = {0};

	run_data(test_device(0)->device, p, &got);
	reference_linear_data(s, v->dy, v->w, p->gated ? v->gate : NULL,
			      p->scale, dx);
	reference_linear_data(s, v->abs_dy, v->abs_w,
			      p->gated ? v->gate : NULL, p->scale, bound);
	test_close_each("dx", test_output_f32(&got, 0, 0), dx, s.B * s.D,
			bounds(bound, s.B * s.D, s.O));
	test_output_free(&got);
	free(dx);
}

static void compare_weights(struct problem *p, const struct wide *v)
{
	struct reference_shape s = p->shape;
	double *dw = test_alloc(2 * (s.D + 1) * s.O, sizeof(*dw));
	double *db = dw + s.D * s.O;
	double *bound = db + s.O, *bias_bound = bound + s.D * s.O;
	struct test_output got = {0};

	p->bias = true;
	run_weights(test_device(0)->device, p, &got);
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
		struct problem p =
			problem_new(&random, 1, draw_shape(&random, i));
		struct wide v = widened(&p);

		compare_forward(&p, &v);
		compare_data(&p, &v);
		compare_weights(&p, &v);
		wide_free(&v);
		problem_free(&p);
	}
}
END_TEST

/* Replica r of p alone. */
static struct problem alone(const struct problem *p, unsigned r)
{
	struct problem one = *p;
	struct test_operand *operands[] = {
		&one.x, &one.w, &one.b, &one.dy, &one.gate, &one.y, &one.dx,
		&one.dw, &one.db,
	};
	size_t i;

	one.R = 1;
	for (i = 0; i < sizeof(operands) / sizeof(*operands); ++i)
		operands[i]->offset += r * operands[i]->stride;
	return one;
}

static void compare_alone(test_run *run, const struct problem *p,
			  size_t count, struct ut_device *device)
{
	struct test_output together = {0};
	unsigned r;

	run(device, p, &together);
	for (r = 0; r < p->R; ++r) {
		struct problem one = alone(p, r);
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
	struct problem p = problem_new(&random, 3, s);
	size_t i;

	for (i = 0; i < test_device_count(); ++i) {
		struct ut_device *device = test_device(i)->device;

		compare_alone(run_forward, &p, s.B * s.O, device);
		compare_alone(run_data, &p, s.B * s.D, device);
		compare_alone(run_weights, &p, s.D * s.O, device);
	}
	problem_free(&p);
}
END_TEST

/* Products of 2^-50 leave +0, whatever their sign; bias alone passes. */
START_TEST(tiny_results_become_positive_zero)
{
	float x[] = {0x1p-25f, -0x1p-25f, 0x1p-20f, -0x1p-20f, -0.0f};
	float w[] = {0x1p-25f, -0x1p-25f, 0x1p-20f};
	float room[15] = {0};
	struct problem p = {
		.R = 1,
		.shape = {5, 1, 3},
		.x = {UT_F32, 1, 0, 5, 5, 5, x},
		.w = {UT_F32, 1, 0, 3, 3, 3, w},
		.y = {UT_F32, 1, 0, 15, 15, 15, room},
	};
	struct test_output y =
		test_everywhere("tiny forward", true, run_forward, &p);
	test_clean("tiny forward", test_output_f32(&y, 0, 0), 15);
	ck_assert_uint_eq(test_bits(test_output_f32(&y, 0, 0)[0]), 0);
	ck_assert_uint_eq(test_bits(test_output_f32(&y, 0, 0)[8]),
			  test_bits(0x1p-40f));
	test_output_free(&y);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("linear");

	tcase_add_test(tests, forward_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, data_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests,
		       weight_gradient_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, a_larger_layer_has_the_contracts_bits);
	tcase_add_test(tests, results_are_close_to_double_precision);
	tcase_add_test(tests, a_replica_does_not_depend_on_its_neighbours);
	tcase_add_test(tests, tiny_results_become_positive_zero);
	return test_main("linear", tests);
}
