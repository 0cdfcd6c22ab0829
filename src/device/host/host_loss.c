/* Losses and their gradients, a row of logits at a time. */
#include <string.h>

#include "level.h"
#include "scalar.h"

/*
 * Columns are taken in blocks of this length, filled up where a row ends: a
 * loop over a whole block becomes vectors without a remainder.
 */
enum { BLOCK = 16 };

/* What the columns' probabilities are made of: p_i = exp(z_i - max) / sum. */
struct softmax {
	float max, sum, log_sum;
};

static void load(const float *from, size_t n, float fill, float to[BLOCK])
{
	size_t i;

	for (i = 0; i < BLOCK; ++i)
		to[i] = fill;
	memcpy(to, from, n * sizeof(*to));
}

/* e_i = exp(z_i - max) of n columns */
static void block_exp(const float *z, size_t n, float max, float e[BLOCK])
{
	int i;

	load(z, n, max, e);
	for (i = 0; i < BLOCK; ++i)
		e[i] = ut_exp(e[i] - max);
}

static struct softmax softmax_of(const float *z, size_t count)
{
	struct softmax s = {.max = z[0]};
	size_t i, j;

	for (i = 1; i < count; ++i)
		s.max = s.max < z[i] ? z[i] : s.max;
	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float e[BLOCK];

		block_exp(z + i, n, s.max, e);
		for (j = 0; j < n; ++j)
			s.sum = s.sum + e[j];
	}
	s.log_sum = ut_log(s.sum);
	return s;
}

/* The probabilities of n columns, and their logarithms. */
static void block_softmax(const struct softmax *s, const float *z, size_t n,
			  float p[BLOCK], float log_p[BLOCK])
{
	int i;

	load(z, n, s->max, log_p);
	for (i = 0; i < BLOCK; ++i) {
		float shifted = log_p[i] - s->max;

		p[i] = ut_div(ut_exp(shifted), s->sum);
		log_p[i] = shifted - s->log_sum;
	}
}

/* Stores n columns of a gradient: clean(d * factor). */
static void store_gradient(const float d[BLOCK], float factor, size_t n,
			   float *gradient)
{
	float g[BLOCK];
	int i;

	for (i = 0; i < BLOCK; ++i)
		g[i] = ut_clean(d[i] * factor);
	memcpy(gradient, g, n * sizeof(*g));
}

static float cross_entropy(const float *z, size_t count, uint32_t label,
			   float inverse, float *gradient)
{
	struct softmax s = softmax_of(z, count);
	float target = z[label] - s.max;
	size_t i;

	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float p[BLOCK], log_p[BLOCK];

		block_softmax(&s, z + i, n, p, log_p);
		if (label >= i && label < i + n)
			p[label - i] = p[label - i] - 1.0f;
		store_gradient(p, inverse, n, gradient + i);
	}
	return s.log_sum - target;
}

static float kl(const float *teacher, const float *student, size_t count,
		float inverse, float *gradient)
{
	struct softmax st = softmax_of(teacher, count);
	struct softmax sq = softmax_of(student, count);
	float loss = 0;
	size_t i, j;

	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float t[BLOCK], log_t[BLOCK], q[BLOCK], log_q[BLOCK];

		block_softmax(&st, teacher + i, n, t, log_t);
		block_softmax(&sq, student + i, n, q, log_q);
		for (j = 0; j < BLOCK; ++j) {
			log_t[j] = log_t[j] - log_q[j];
			q[j] = q[j] - t[j];
		}
		for (j = 0; j < n; ++j)
			if (t[j] > 0)
				loss = ut_fma(t[j], log_t[j], loss);
		store_gradient(q, inverse, n, gradient + i);
	}
	return loss;
}

/* sigma is NULL where the difference is not divided by a deviation. */
static float mse(const float *teacher, const float *student, size_t count,
		 const float *sigma, float inverse, float twice,
		 float *gradient)
{
	float loss = 0;
	size_t i, j;

	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float d[BLOCK], t[BLOCK], deviation[BLOCK];

		load(student + i, n, 0, d);
		load(teacher + i, n, 0, t);
		for (j = 0; j < BLOCK; ++j)
			d[j] = d[j] - t[j];
		if (sigma) {
			load(sigma + i, n, 0, deviation);
			for (j = 0; j < BLOCK; ++j)
				d[j] = deviation[j] > 0
					       ? ut_div(d[j], deviation[j])
					       : 0.0f;
		}
		for (j = 0; j < n; ++j)
			loss = ut_fma(d[j], d[j], loss);
		if (sigma)
			for (j = 0; j < BLOCK; ++j)
				d[j] = deviation[j] > 0
					       ? ut_div(d[j], deviation[j])
					       : 0.0f;
		store_gradient(d, twice, n, gradient + i);
	}
	return loss * inverse;
}

/* Where row i of all replicas' rows lies. */
struct row {
	size_t r, b;
	const float *logits; /* of the first column of the range */
	float *gradient;     /* likewise; the other columns are 0 already */
	float *loss;
};

static struct row row_at(const struct ut_loss *loss, size_t i)
{
	size_t r = i / loss->B, b = i % loss->B;
	size_t first = b * loss->C + loss->first;
	float *gradient = ut_host_f32(loss->gradient, r) + b * loss->C;

	memset(gradient, 0, loss->C * sizeof(*gradient));
	return (struct row){
		.r = r,
		.b = b,
		.logits = ut_host_f32(loss->logits, r) + first,
		.gradient = gradient + loss->first,
		.loss = ut_host_f32(loss->loss, r) + b,
	};
}

/* Rows a thread takes at once, and the fewest that are worth two threads. */
enum { ROWS = 32 };

void UT_HOST(cross_entropy)(struct ut_device *device,
			    const struct ut_loss *loss, struct ut_slice labels,
			    float inverse)
{
	size_t rows = loss->R * loss->B, i;

#pragma omp parallel for schedule(dynamic, ROWS) \
	num_threads(ut_host_of(device)->threads) if (rows > ROWS)
	for (i = 0; i < rows; ++i) {
		struct row p = row_at(loss, i);

		*p.loss = cross_entropy(p.logits, loss->count,
					ut_host_u32(labels, p.r)[p.b], inverse,
					p.gradient);
	}
}

void UT_HOST(distil)(struct ut_device *device, const struct ut_loss *loss,
		     enum ut_distillation kind, struct ut_slice teacher,
		     struct ut_slice moments, float inverse, float twice)
{
	size_t rows = loss->R * loss->B, i;

#pragma omp parallel for schedule(dynamic, ROWS) \
	num_threads(ut_host_of(device)->threads) if (rows > ROWS)
	for (i = 0; i < rows; ++i) {
		struct row p = row_at(loss, i);
		const float *t =
			ut_host_f32(teacher, p.r) + p.b * loss->C + loss->first;
		const float *sigma = NULL;

		if (kind == UT_MSE_NORM)
			sigma = ut_host_f32(moments, p.r) + loss->count;
		if (kind == UT_KL)
			*p.loss = kl(t, p.logits, loss->count, inverse,
				     p.gradient);
		else
			*p.loss = mse(t, p.logits, loss->count, sigma, inverse,
				      twice, p.gradient);
	}
}
