/* Problems of losses, and what solves and checks them. */
#include "loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract_loss.h"
#include "testing.h"

static struct reference_distance distance_of(const struct loss_problem *p)
{
	return (struct reference_distance){
		(enum ut_distillation)p->kind,
		p->temperature,
		p->alpha,
	};
}

static bool has_labels(const struct loss_problem *p)
{
	return p->kind == UT_KD && p->alpha > 0;
}

void loss_run(struct ut_device *device, const void *arguments,
	      struct test_output *output)
{
	const struct loss_problem *p = arguments;
	struct ut_loss loss = {
		.R = p->R,
		.B = p->c.B,
		.C = p->c.C,
		.first = p->c.first,
		.count = p->c.count,
		.logits = test_upload(device, &p->student),
		.gradient = test_upload(device, &p->gradient),
		.loss = test_upload(device, &p->loss),
	};
	struct ut_slice teacher = test_upload(device, &p->teacher);
	struct ut_slice labels = test_upload(device, &p->labels);
	struct ut_slice moments = test_upload(device, &p->moments);
	struct ut_distil op = {
		.loss = loss,
		.kind = (enum ut_distillation)p->kind,
		.teacher = teacher,
		.temperature = p->temperature,
		.alpha = p->alpha,
	};

	if (p->kind == UT_MSE_NORM)
		op.moments = moments;
	if (has_labels(p))
		op.labels = labels;
	if (p->kind == LOSS_CROSS_ENTROPY)
		ut_cross_entropy(device, &loss, labels);
	else
		ut_distil(device, &op);
	test_take(output, "gradient", loss.gradient);
	test_take(output, "loss", loss.loss);
	test_drop(loss.logits);
	test_drop(teacher);
	test_drop(labels);
	test_drop(moments);
}

void loss_run_moments(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct loss_problem *p = arguments;
	struct ut_slice x = test_upload(device, &p->teacher);
	struct ut_slice moments = test_upload(device, &p->moments);

	ut_moments(device, p->R, p->c.B, p->c.C, p->c.first, p->c.count, x,
		   moments);
	test_take(output, "moments", moments);
	test_drop(x);
}

/* Logits are stretched so that softmax sees both flat and one-sided rows. */
void loss_stretch(struct test_operand *x, float by)
{
	float *data = x->data;
	size_t i;

	for (i = 0; i < x->total; ++i)
		data[i] *= by;
}

struct loss_problem loss_problem_new(struct test_random *random, int kind,
				     size_t B)
{
	static const float stretches[] = {0.125f, 1, 8, 60};
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t C = test_between(random, 1, 40);
	size_t first = test_between(random, 0, C - 1);
	size_t count = test_between(random, 1, C - first);
	struct loss_problem p = {
		.kind = kind,
		.temperature = 1,
		.R = R,
		.c = {B, C, first, count},
		.student = test_operand_f32(random, R, B * C, false),
		.teacher = test_operand_f32(random, R, B * C,
					    test_word(random) & 1),
		.labels = test_operand_int(random, UT_U32, R, B,
					   test_word(random) & 1,
					   (uint32_t)count),
		.gradient = test_operand_f32(random, R, B * C, false),
		.loss = test_operand_f32(random, R, B, false),
		.moments = test_operand_f32(random, R, 2 * count, false),
	};

	loss_stretch(&p.student, stretches[test_word(random) % 4]);
	loss_stretch(&p.teacher, stretches[test_word(random) % 4]);
	return p;
}

void loss_problem_free(struct loss_problem *p)
{
	test_operand_free(&p->student);
	test_operand_free(&p->teacher);
	test_operand_free(&p->labels);
	test_operand_free(&p->gradient);
	test_operand_free(&p->loss);
	test_operand_free(&p->moments);
}

void loss_describe(char *text, size_t size, const char *what,
		   const struct loss_problem *p)
{
	snprintf(text, size,
		 "%s R=%u B=%zu C=%zu first=%zu count=%zu T=%g alpha=%g", what,
		 p->R, p->c.B, p->c.C, p->c.first, p->c.count, p->temperature,
		 p->alpha);
}

/*
 * Gives the moments of the teacher to the problem, as the host computes them.
 */
void loss_fill_moments(struct loss_problem *p)
{
	struct test_output moments = {0};
	float *to = p->moments.data;
	size_t i;

	loss_run_moments(test_device(0)->device, p, &moments);
	for (i = 0; i < p->moments.total; ++i)
		to[i] = ((float *)moments.part[0].data)[i];
	test_output_free(&moments);
}

/*
 * How far rounding may take a row's slopes and loss: it grows with the logits
 * over the temperature, for MSE with their square, and with 1 / length for
 * cosine.
 */
struct error_bound {
	double slope, loss;
};

static struct error_bound bound_of(const struct loss_problem *p, unsigned r,
				   const double *s, const double *t)
{
	size_t n = p->c.B * p->c.C, i, k;
	double range = 1 + test_largest(s, n) + test_largest(t, n);
	double T = p->temperature, deviation = 1, shortest = HUGE_VAL;

	switch (p->kind) {
	case UT_MSE_NORM:
		for (i = 0; i < p->c.count; ++i)
			deviation = fmin(deviation,
					 (double)test_f32(&p->moments,
							  r)[p->c.count + i]);
		range = range / deviation;
		return (struct error_bound){range * range, range * range};
	case UT_MSE:
		return (struct error_bound){range * range, range * range};
	case UT_COSINE_DISTANCE:
		for (i = 0; i < p->c.B; ++i) {
			double square = 0;

			for (k = 0; k < p->c.count; ++k)
				square +=
					pow(s[i * p->c.C + p->c.first + k], 2);
			if (square > 0)
				shortest = fmin(shortest, sqrt(square));
		}
		return (struct error_bound){10 / shortest, 10};
	case UT_KD:
		return (struct error_bound){1 + T + range,
					    (1 + range / T) * T * T + range};
	case LOSS_CROSS_ENTROPY:
		return (struct error_bound){range, range};
	default:
		return (struct error_bound){(1 + range / T) / T, 1 + range / T};
	}
}

void loss_compare(const char *what, const struct loss_problem *p, unsigned r,
		  const struct test_output *got)
{
	size_t n = p->c.B * p->c.C;
	double *s = test_widen(test_f32(&p->student, r), n);
	double *t = test_widen(test_f32(&p->teacher, r), n);
	double *gradient = test_alloc(n, sizeof(*gradient));
	double *loss = test_alloc(p->c.B, sizeof(*loss));
	const uint32_t *labels = test_u32(&p->labels, r);
	struct error_bound bound = bound_of(p, r, s, t);

	if (p->kind == LOSS_CROSS_ENTROPY)
		reference_cross_entropy(p->c, s, labels, loss, gradient);
	else
		reference_distil(p->c, distance_of(p), s, t, labels, loss,
				 gradient);
	test_close(what, test_output_f32(got, 0, r), gradient, n,
		   1e-6 * bound.slope / (double)p->c.B + 0x1p-40);
	test_close(what, test_output_f32(got, 1, r), loss, p->c.B,
		   1e-6 * bound.loss);
	test_clean(what, test_output_f32(got, 0, r), n);
	free(s);
	free(t);
	free(gradient);
	free(loss);
}

/* The same bits as the page written out plainly. */
void loss_compare_contract(const char *what, const struct loss_problem *p,
			   unsigned r, const struct test_output *got)
{
	size_t n = p->c.B * p->c.C;
	float *gradient = test_alloc(n, sizeof(*gradient));
	float *loss = test_alloc(p->c.B, sizeof(*loss));
	const float *student = test_f32(&p->student, r);
	const uint32_t *labels = test_u32(&p->labels, r);

	if (p->kind == LOSS_CROSS_ENTROPY)
		contract_cross_entropy(p->c, student, labels, loss, gradient);
	else
		contract_distil(p->c, distance_of(p), student,
				test_f32(&p->teacher, r),
				p->kind == UT_MSE_NORM
					? test_f32(&p->moments, r)
					: NULL,
				has_labels(p) ? labels : NULL, loss, gradient);
	test_same_bits(what, "contract's gradient", UT_F32, gradient,
		       test_output_f32(got, 0, r), n);
	test_same_bits(what, "contract's loss", UT_F32, loss,
		       test_output_f32(got, 1, r), p->c.B);
	free(gradient);
	free(loss);
}
