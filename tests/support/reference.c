/* The dull oracle: every operation in double, from the textbook's formula. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>

#include "numbers.h"

void reference_linear_forward(struct reference_shape shape, const double *x,
			      const double *w, const double *b, bool relu,
			      double *y)
{
	size_t i, d, o;

	for (i = 0; i < shape.B; ++i)
		for (o = 0; o < shape.O; ++o) {
			double sum = b ? b[o] : 0;

			for (d = 0; d < shape.D; ++d)
				sum += x[i * shape.D + d] * w[d * shape.O + o];
			y[i * shape.O + o] = relu && !(sum > 0) ? 0 : sum;
		}
}

void reference_linear_data(struct reference_shape shape, const double *dy,
			   const double *w, const double *gate, double scale,
			   double *dx)
{
	size_t i, d, o;

	for (i = 0; i < shape.B; ++i)
		for (d = 0; d < shape.D; ++d) {
			size_t at = i * shape.D + d;
			double sum = 0;

			for (o = 0; o < shape.O; ++o)
				sum += dy[i * shape.O + o] * w[d * shape.O + o];
			if (gate)
				sum = gate[at] > 0 ? sum * scale : 0;
			dx[at] = sum;
		}
}

void reference_linear_weights(struct reference_shape shape, const double *x,
			      const double *dy, double *dw, double *db)
{
	size_t i, d, o;

	for (o = 0; o < shape.O; ++o) {
		for (d = 0; d < shape.D; ++d) {
			double sum = 0;

			for (i = 0; i < shape.B; ++i)
				sum += x[i * shape.D + d] * dy[i * shape.O + o];
			dw[d * shape.O + o] = sum;
		}
		db[o] = 0;
		for (i = 0; i < shape.B; ++i)
			db[o] += dy[i * shape.O + o];
	}
}

/* log softmax of n numbers. */
static void log_softmax(const double *z, size_t n, double *log_p)
{
	double largest = z[0], sum = 0;
	size_t i;

	for (i = 1; i < n; ++i)
		largest = fmax(largest, z[i]);
	for (i = 0; i < n; ++i)
		sum += exp(z[i] - largest);
	for (i = 0; i < n; ++i) /* z may be log_p */
		log_p[i] = z[i] - largest - log(sum);
}

void reference_cross_entropy(struct reference_columns c, const double *logits,
			     const uint32_t *labels, double *loss,
			     double *gradient)
{
	double *log_p = test_alloc(c.count, sizeof(*log_p));
	size_t i, k;

	for (i = 0; i < c.B * c.C; ++i)
		gradient[i] = 0;
	for (i = 0; i < c.B; ++i) {
		double *g = gradient + i * c.C + c.first;

		log_softmax(logits + i * c.C + c.first, c.count, log_p);
		loss[i] = -log_p[labels[i]];
		for (k = 0; k < c.count; ++k)
			g[k] = (exp(log_p[k]) - (k == labels[i])) / (double)c.B;
	}
	free(log_p);
}

/* log softmax of n numbers over T, for the student and the teacher. */
struct logs {
	size_t n;
	double *student, *teacher;
};

static double *cooled(const double *z, size_t n, double T)
{
	double *log_p = test_alloc(n, sizeof(*log_p));
	size_t k;

	for (k = 0; k < n; ++k)
		log_p[k] = z[k] / T;
	log_softmax(log_p, n, log_p);
	return log_p;
}

static double kl_of(const double *log_p, const double *log_q, size_t n)
{
	double sum = 0;
	size_t k;

	for (k = 0; k < n; ++k)
		sum += exp(log_p[k]) * (log_p[k] - log_q[k]);
	return sum;
}

/* The logarithm of the mean of two probabilities. */
static double log_middle(double log_p, double log_q)
{
	double more = fmax(log_p, log_q);

	return more + log((exp(log_p - more) + exp(log_q - more)) / 2);
}

/* Half of KL(p || m), m the middle of p and q. */
static double half_js(const double *log_p, const double *log_q, size_t n)
{
	double sum = 0;
	size_t k;

	for (k = 0; k < n; ++k)
		sum += exp(log_p[k]) *
		       (log_p[k] - log_middle(log_p[k], log_q[k])) / 2;
	return sum;
}

/* A distance of probabilities, and its slopes g by the logits over T. */
static double softmax_distance(enum ut_distillation kind, struct logs z,
			       double *g)
{
	const double *s = z.student, *t = z.teacher;
	double kl = kl_of(s, t, z.n), js = half_js(s, t, z.n);
	size_t k;

	for (k = 0; k < z.n; ++k) {
		double q = exp(s[k]), middle = log_middle(s[k], t[k]);

		if (kind == UT_REVERSE_KL)
			g[k] = q * (s[k] - t[k] - kl);
		else if (kind == UT_JS)
			g[k] = q * ((s[k] - middle) / 2 - js);
		else
			g[k] = q - exp(t[k]);
	}
	if (kind == UT_REVERSE_KL)
		return kl;
	return kind == UT_JS ? js + half_js(t, s, z.n) : kl_of(t, s, z.n);
}

static void softmax_row(struct reference_distance by, const double *s,
			const double *t, size_t n, double *loss, double *g)
{
	double T = by.temperature, square = by.kind == UT_KD ? T * T : 1;
	struct logs z = {n, cooled(s, n, T), cooled(t, n, T)};
	size_t k;

	*loss = softmax_distance(by.kind, z, g) * square;
	for (k = 0; k < n; ++k)
		g[k] *= square / T;
	free(z.student);
	free(z.teacher);
}

static void cosine_row(const double *s, const double *t, size_t n, double *loss,
		       double *g)
{
	double ss = 0, tt = 0, st = 0;
	size_t k;

	for (k = 0; k < n; ++k) {
		ss += s[k] * s[k];
		tt += t[k] * t[k];
		st += s[k] * t[k];
	}
	*loss = 1;
	if (!(ss > 0) || !(tt > 0))
		return;
	*loss = 1 - st / sqrt(ss) / sqrt(tt);
	for (k = 0; k < n; ++k)
		g[k] = (st * s[k] / ss - t[k]) / sqrt(ss) / sqrt(tt);
}

/* With moments NULL, mu = 0 and sigma = 1. */
static void squares_row(const double *s, const double *t, size_t n,
			const double *moments, double *loss, double *g)
{
	size_t k;

	*loss = 0;
	for (k = 0; k < n; ++k) {
		double mu = moments ? moments[k] : 0;
		double sigma = moments ? moments[n + k] : 1;
		double difference = (s[k] - mu) / sigma - (t[k] - mu) / sigma;

		if (!(sigma > 0)) {
			g[k] = 0;
			continue;
		}
		*loss += difference * difference / (double)n;
		g[k] = 2 * difference / sigma / (double)n;
	}
}

/* Mixes the labels' cross-entropy in. */
static void add_labels(struct reference_columns c, double alpha,
		       const double *student, const uint32_t *labels,
		       double *loss, double *gradient)
{
	double *loss_of_labels = test_alloc(c.B, sizeof(*loss));
	double *slopes = test_alloc(c.B * c.C, sizeof(*slopes));
	size_t i;

	reference_cross_entropy(c, student, labels, loss_of_labels, slopes);
	for (i = 0; i < c.B; ++i)
		loss[i] = alpha * loss_of_labels[i] + (1 - alpha) * loss[i];
	for (i = 0; i < c.B * c.C; ++i)
		gradient[i] = alpha * slopes[i] + (1 - alpha) * gradient[i];
	free(loss_of_labels);
	free(slopes);
}

void reference_distil(struct reference_columns c, struct reference_distance by,
		      const double *student, const double *teacher,
		      const uint32_t *labels, double *loss, double *gradient)
{
	double *moments = test_alloc(2 * c.count, sizeof(*moments));
	size_t i, k;

	reference_moments(c, teacher, moments);
	for (i = 0; i < c.B * c.C; ++i)
		gradient[i] = 0;
	for (i = 0; i < c.B; ++i) {
		size_t at = i * c.C + c.first;
		const double *s = student + at, *t = teacher + at;
		double *g = gradient + at;

		if (by.kind == UT_COSINE_DISTANCE)
			cosine_row(s, t, c.count, &loss[i], g);
		else if (by.kind == UT_MSE || by.kind == UT_MSE_NORM)
			squares_row(s, t, c.count,
				    by.kind == UT_MSE_NORM ? moments : NULL,
				    &loss[i], g);
		else
			softmax_row(by, s, t, c.count, &loss[i], g);
		for (k = 0; k < c.count; ++k)
			g[k] /= (double)c.B;
	}
	if (by.kind == UT_KD && labels)
		add_labels(c, by.alpha, student, labels, loss, gradient);
	free(moments);
}

void reference_moments(struct reference_columns c, const double *x,
		       double *moments)
{
	size_t i, k;

	for (k = 0; k < c.count; ++k) {
		double mean = 0, square = 0;

		for (i = 0; i < c.B; ++i)
			mean += x[i * c.C + c.first + k] / (double)c.B;
		for (i = 0; i < c.B; ++i) {
			double d = x[i * c.C + c.first + k] - mean;

			square += d * d / (double)c.B;
		}
		moments[k] = mean;
		moments[c.count + k] = sqrt(square);
	}
}

double reference_mean(const double *x, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		sum += x[i];
	return sum / (double)n;
}

void reference_optimise(const struct reference_optimiser *o, size_t n,
			double *w, const double *g, double *m, double *v)
{
	double unbias1 = 1 - pow(o->beta1, o->step);
	double unbias2 = 1 - pow(o->beta2, o->step);
	size_t i;

	for (i = 0; i < n; ++i) {
		if (o->kind == UT_SGD) {
			m[i] = o->beta1 * m[i] + g[i];
			w[i] -= o->rate * m[i];
			continue;
		}
		if (o->kind == UT_ADAMW)
			w[i] *= 1 - o->rate * o->decay;
		m[i] = o->beta1 * m[i] + (1 - o->beta1) * g[i];
		v[i] = o->beta2 * v[i] + (1 - o->beta2) * g[i] * g[i];
		w[i] -= o->rate * (m[i] / unbias1) /
			(sqrt(v[i] / unbias2) + o->epsilon);
	}
}

void reference_argmax(struct reference_columns c, const double *x, uint32_t *to)
{
	size_t i, k;

	for (i = 0; i < c.B; ++i) {
		const double *row = x + i * c.C + c.first;
		size_t best = 0;

		for (k = 1; k < c.count; ++k)
			if (row[k] > row[best])
				best = k;
		to[i] = (uint32_t)best;
	}
}

double reference_uniform(uint32_t word)
{
	return (double)(word >> 8) / (1 << 23) - 1;
}

void reference_normals(uint32_t first, uint32_t second, double z[2])
{
	const double turn = 6.283185307179586476925;
	double u = (double)(first >> 8 | 1) / (1 << 24);
	double radius = sqrt(-2 * log(u));

	z[0] = radius * cos(turn * second / 4294967296.0);
	z[1] = radius * sin(turn * second / 4294967296.0);
}
