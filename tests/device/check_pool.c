/* Pooling: against the textbook, the contract, and every other device. */
#include <math.h>
#include <stdio.h>

#include "support/conv.h"
#include "support/testing.h"

static float clean(float s)
{
	return fabsf(s) < 0x1p-40f ? 0 : s;
}

static float inverse_of(const struct pool_problem *p)
{
	return (float)(1.0 / (p->side * p->side));
}

/* The element of x that is place k of output i's window. */
static size_t input_at(const struct pool_problem *p, size_t i, unsigned k)
{
	size_t PH = p->H / p->side, PW = p->W / p->side, c = i % p->C;
	size_t w = i / p->C % PW * p->side + k % p->side;
	size_t h = i / p->C / PW % PH * p->side + k / p->side;
	size_t b = i / p->C / PW / PH;

	return ((b * p->H + h) * p->W + w) * p->C + c;
}

static void contract_max(const struct pool_problem *p, unsigned r)
{
	const float *x = test_f32(&p->x, r);
	float *y = test_f32(&p->y, r);
	uint8_t *taken = test_u8(&p->taken, r);
	unsigned k, best;
	size_t i;

	for (i = 0; i < p->y.count; ++i) {
		for (k = 1, best = 0; k < p->side * p->side; ++k)
			if (x[input_at(p, i, best)] < x[input_at(p, i, k)])
				best = k;
		y[i] = x[input_at(p, i, best)];
		if (p->indexed)
			taken[i] = (uint8_t)best;
	}
}

static void contract_average(const struct pool_problem *p, unsigned r)
{
	const float *x = test_f32(&p->x, r);
	float *y = test_f32(&p->y, r);
	unsigned k;
	size_t i;

	for (i = 0; i < p->y.count; ++i) {
		float s = 0;

		for (k = 0; k < p->side * p->side; ++k)
			s = s + x[input_at(p, i, k)];
		y[i] = clean(s * inverse_of(p));
	}
}

static void contract_backward(const struct pool_problem *p, unsigned r)
{
	const float *dy = test_f32(&p->dy, r), *gate = test_f32(&p->gate, r);
	const uint8_t *index = test_u8(&p->index, r);
	float *dx = test_f32(&p->dx, r);
	unsigned k;
	size_t i;

	for (i = 0; i < p->dx.count; ++i)
		dx[i] = 0;
	for (i = 0; i < p->dy.count; ++i)
		for (k = 0; k < p->side * p->side; ++k)
			if (!p->indexed)
				dx[input_at(p, i, k)] = dy[i] * inverse_of(p);
			else if (index[i] == k)
				dx[input_at(p, i, k)] = dy[i];
	for (i = 0; i < p->dx.count; ++i) {
		if (p->gated)
			dx[i] = gate[i] > 0 ? dx[i] * p->scale : 0;
		dx[i] = clean(dx[i]);
	}
}

typedef void contract(const struct pool_problem *p, unsigned r);

static void check(const char *what, const struct pool_problem *p, bool slow,
		  test_run *run, contract *expect,
		  const struct test_operand *result)
{
	struct test_output got = test_everywhere(what, slow, run, p);
	unsigned r;

	for (r = 0; r < p->R; ++r)
		expect(p, r);
	test_same_bits(what, "host against the contract", UT_F32, result->data,
		       got.part[0].data, result->total);
	if (got.parts == 2)
		test_same_bits(what, "host against the contract", UT_U8,
			       p->taken.data, got.part[1].data, p->taken.total);
	test_output_free(&got);
}

static void check_max(const char *what, const struct pool_problem *p, bool slow)
{
	check(what, p, slow, pool_run_max, contract_max, &p->y);
}

static void check_average(const char *what, const struct pool_problem *p,
			  bool slow)
{
	check(what, p, slow, pool_run_average, contract_average, &p->y);
}

static void check_backward(const char *what, const struct pool_problem *p,
			   bool slow)
{
	check(what, p, slow, pool_run_backward, contract_backward, &p->dx);
}

typedef void problem_check(const char *what, const struct pool_problem *p,
			   bool slow);

static void over_shapes(const char *what, uint64_t seed, problem_check *check)
{
	enum { CASES = 60, SLOW_EVERY = 6 };
	struct test_random random = {seed};
	unsigned i;

	for (i = 0; i < CASES; ++i) {
		bool slow = i % SLOW_EVERY == 0;
		unsigned R = (unsigned)test_between(&random, 1, 3);
		struct pool_problem p = pool_problem_new(&random, R, slow);
		char text[128];

		pool_describe(text, sizeof(text), what, &p);
		check(text, &p, slow);
		pool_problem_free(&p);
	}
}

START_TEST(max_pool_has_the_contracts_bits_everywhere)
{
	over_shapes("max", 1, check_max);
}
END_TEST

START_TEST(average_pool_has_the_contracts_bits_everywhere)
{
	over_shapes("average", 2, check_average);
}
END_TEST

START_TEST(backward_has_the_contracts_bits_everywhere)
{
	over_shapes("backward", 3, check_backward);
}
END_TEST

/* sum(dx * x) = sum(dy * y): pooling is linear where its choices are fixed. */
START_TEST(backward_is_the_transpose_of_forward)
{
	struct test_random random = {4};
	struct ut_device *device = test_device(0)->device;
	unsigned i;

	for (i = 0; i < 20; ++i) {
		struct pool_problem p = pool_problem_new(&random, 1, i & 1);
		struct test_output y = {0}, dx = {0};
		double forward = 0, backward = 0, size = 0;
		size_t k;

		p.gated = false;
		if (p.indexed) {
			pool_run_max(device, &p, &y);
			for (k = 0; k < p.index.count; ++k)
				test_u8(&p.index, 0)[k] =
					((uint8_t *)y.part[1]
						 .data)[y.part[1].offset + k];
		} else {
			pool_run_average(device, &p, &y);
		}
		pool_run_backward(device, &p, &dx);
		for (k = 0; k < p.y.count; ++k) {
			forward += (double)test_f32(&p.dy, 0)[k] *
				   (double)test_output_f32(&y, 0, 0)[k];
			size += fabs((double)test_f32(&p.dy, 0)[k] *
				     (double)test_output_f32(&y, 0, 0)[k]);
		}
		for (k = 0; k < p.x.count; ++k)
			backward += (double)test_f32(&p.x, 0)[k] *
				    (double)test_output_f32(&dx, 0, 0)[k];
		ck_assert(fabs(forward - backward) <= 1e-4 * size + 1e-10);
		test_output_free(&y);
		test_output_free(&dx);
		pool_problem_free(&p);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("pool");

	tcase_add_test(tests, max_pool_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, average_pool_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, backward_has_the_contracts_bits_everywhere);
	tcase_add_test(tests, backward_is_the_transpose_of_forward);
	return test_main("pool", tests);
}
