/* The contract's losses written out plainly. */
#include "contract_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "scalar.h"

static float clean(float s)
{
	return fabsf(s) < 0x1p-40f ? 0 : s;
}

/* Probabilities and their logarithms of z (n), at the temperature 1 / c. */
struct softmax {
	float *p, *log_p, log_sum, max;
};

static struct softmax softmax_of(const float *z, size_t n, float c)
{
	struct softmax s = {.p = test_alloc(n, sizeof(float)),
			    .log_p = test_alloc(n, sizeof(float)),
			    .max = z[0]};
	float sum = 0;
	size_t i;

	for (i = 1; i < n; ++i)
		if (s.max < z[i])
			s.max = z[i];
	for (i = 0; i < n; ++i) {
		float d = z[i] - s.max;
		float x = d * c;

		s.p[i] = ut_exp(x);
		sum = sum + s.p[i];
	}
	s.log_sum = ut_log(sum);
	for (i = 0; i < n; ++i) {
		float d = z[i] - s.max;

		s.p[i] = s.p[i] / sum;
		s.log_p[i] = fmaf(d, c, -s.log_sum);
	}
	return s;
}

static void drop(struct softmax *s)
{
	free(s->p);
	free(s->log_p);
}

static float kl(const struct softmax *t, const struct softmax *q, size_t n)
{
	float l = 0;
	size_t i;

	for (i = 0; i < n; ++i) {
		float r = t->log_p[i] - q->log_p[i];

		if (t->p[i] > 0)
			l = fmaf(t->p[i], r, l);
	}
	return l;
}

/* The constants, as the page has them. */
struct constants {
	double B, T, alpha;
};

static float kl_row(const struct softmax *t, const struct softmax *q, size_t n,
		    struct constants c, float *g)
{
	float slope = (float)(1 / (c.T * c.B));
	size_t i;

	for (i = 0; i < n; ++i) {
		float d = q->p[i] - t->p[i];

		g[i] = clean(d * slope);
	}
	return kl(t, q, n);
}

static float reverse_kl_row(const struct softmax *t, const struct softmax *q,
			    size_t n, struct constants c, float *g)
{
	float slope = (float)(1 / (c.T * c.B)), l = kl(q, t, n);
	size_t i;

	for (i = 0; i < n; ++i) {
		float r = q->log_p[i] - t->log_p[i];
		float d = r - l;

		d = q->p[i] * d;
		g[i] = q->p[i] > 0 ? clean(d * slope) : 0;
	}
	return l;
}

/* log(p / m), m the middle of p and q. */
static float log_ratio(float p, float q)
{
	float m = p + q;

	m = m / 2;
	return p > 0 ? ut_log(p / m) : 0;
}

static float js_row(const struct softmax *t, const struct softmax *q, size_t n,
		    struct constants c, float *g)
{
	float slope = (float)(1 / (2 * c.T * c.B)), J = 0, K = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		J = fmaf(t->p[i], log_ratio(t->p[i], q->p[i]), J);
	for (i = 0; i < n; ++i)
		K = fmaf(q->p[i], log_ratio(q->p[i], t->p[i]), K);
	for (i = 0; i < n; ++i) {
		float d = log_ratio(q->p[i], t->p[i]) - K;

		d = q->p[i] * d;
		g[i] = clean(d * slope);
	}
	J = J + K;
	return J / 2;
}

/* Cross-entropy with a label: slopes, and the loss. */
static float label_row(const float *z, size_t n, uint32_t label, float *d)
{
	struct softmax p = softmax_of(z, n, 1);
	float target = z[label] - p.max;
	size_t i;

	for (i = 0; i < n; ++i)
		d[i] = i == label ? p.p[i] - 1 : p.p[i];
	drop(&p);
	return p.log_sum - target;
}

/* label: NULL if there are none. */
static float kd_row(const struct softmax *t, const struct softmax *q,
		    const float *z, size_t n, const uint32_t *label,
		    struct constants c, float *g)
{
	float slope = (float)((1 - c.alpha) * c.T / c.B);
	float weight = (float)((1 - c.alpha) * c.T * c.T), l = 0;
	size_t i;

	memset(g, 0, n * sizeof(*g));
	if (label) {
		l = label_row(z, n, *label, g) * (float)c.alpha;
		l = clean(l);
	}
	for (i = 0; i < n; ++i) {
		float h = clean(g[i] * (float)(c.alpha / c.B));

		g[i] = clean(fmaf(q->p[i] - t->p[i], slope, h));
	}
	return clean(fmaf(kl(t, q, n), weight, l));
}

static float length(const float *x, size_t n)
{
	float s = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		s = fmaf(x[i], x[i], s);
	return sqrtf(s);
}

static float cosine_row(const float *z, const float *y, size_t n,
			struct constants c, float *g)
{
	float nz = length(z, n), ny = length(y, n), l = 0;
	size_t i;

	memset(g, 0, n * sizeof(*g));
	if (nz <= 0 || ny <= 0)
		return 1;
	for (i = 0; i < n; ++i) {
		float a = z[i] / nz, b = y[i] / ny, d = clean(a - b);

		l = fmaf(d, d, l);
	}
	l = l / 2;
	for (i = 0; i < n; ++i) {
		float a = z[i] / nz, b = y[i] / ny, d = clean(a - b);

		d = fmaf(-l, a, d);
		d = d / nz;
		g[i] = clean(d * (float)(1 / c.B));
	}
	return l;
}

/* sigma is NULL where differences are not divided. */
static float squares_row(const float *z, const float *y, size_t n,
			 const float *sigma, struct constants c, float *g)
{
	float slope = (float)(2 / (c.B * (double)n)), l = 0;
	size_t i;

	for (i = 0; i < n; ++i) {
		float d = z[i] - y[i], by = sigma ? sigma[i] : 1;

		d = by > 0 ? d / by : 0;
		l = fmaf(d, d, l);
		d = by > 0 ? d / by : 0;
		g[i] = clean(d * slope);
	}
	return l * (float)(1 / (double)n);
}

static float softmax_row(enum ut_distillation kind, const float *z,
			 const float *y, size_t n, const uint32_t *label,
			 struct constants c, float *g)
{
	float cool = (float)(1 / c.T), loss;
	struct softmax t = softmax_of(y, n, cool), q = softmax_of(z, n, cool);

	if (kind == UT_REVERSE_KL)
		loss = reverse_kl_row(&t, &q, n, c, g);
	else if (kind == UT_JS)
		loss = js_row(&t, &q, n, c, g);
	else if (kind == UT_KD)
		loss = kd_row(&t, &q, z, n, label, c, g);
	else
		loss = kl_row(&t, &q, n, c, g);
	drop(&t);
	drop(&q);
	return loss;
}

void contract_cross_entropy(struct reference_columns c, const float *logits,
			    const uint32_t *labels, float *loss,
			    float *gradient)
{
	size_t b, i;

	memset(gradient, 0, c.B * c.C * sizeof(*gradient));
	for (b = 0; b < c.B; ++b) {
		size_t at = b * c.C + c.first;

		loss[b] = label_row(logits + at, c.count, labels[b],
				    gradient + at);
		for (i = at; i < at + c.count; ++i)
			gradient[i] =
				clean(gradient[i] * (float)(1 / (double)c.B));
	}
}

void contract_distil(struct reference_columns c, struct reference_distance by,
		     const float *student, const float *teacher,
		     const float *moments, const uint32_t *labels, float *loss,
		     float *gradient)
{
	struct constants constants = {(double)c.B, by.temperature, by.alpha};
	const float *sigma = moments ? moments + c.count : NULL;
	size_t b;

	memset(gradient, 0, c.B * c.C * sizeof(*gradient));
	for (b = 0; b < c.B; ++b) {
		size_t at = b * c.C + c.first;
		const float *z = student + at, *y = teacher + at;
		float *g = gradient + at;

		if (by.kind == UT_COSINE_DISTANCE)
			loss[b] = cosine_row(z, y, c.count, constants, g);
		else if (by.kind == UT_MSE || by.kind == UT_MSE_NORM)
			loss[b] =
				squares_row(z, y, c.count, sigma, constants, g);
		else
			loss[b] = softmax_row(by.kind, z, y, c.count,
					      labels ? labels + b : NULL,
					      constants, g);
	}
}
