/* Losses and their gradients, a row of logits at a time. */
#include <string.h>

#include "level.h"
#include "scalar.h"

/*
 * Columns are taken in blocks of this length, filled up where a row ends: a
 * loop over a whole block becomes vectors without a remainder.
 */
enum { BLOCK = 16 };

/* The softmax of a row of logits z: p_i = exp((z_i - max) cool) / sum. */
struct softmax {
	const float *z;
	float max, cool, sum, log_sum;
};

static void load(const float *from, size_t n, float fill, float to[BLOCK])
{
	size_t i;

	for (i = 0; i < BLOCK; ++i)
		to[i] = fill;
	memcpy(to, from, n * sizeof(*to));
}

static struct softmax softmax_of(const float *z, size_t count, float cool)
{
	struct softmax s = {.z = z, .max = z[0], .cool = cool};
	size_t i, j;

	for (i = 1; i < count; ++i)
		s.max = s.max < z[i] ? z[i] : s.max;
	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float e[BLOCK];

		load(z + i, n, s.max, e);
		for (j = 0; j < BLOCK; ++j) {
			e[j] = e[j] - s.max;
			e[j] = ut_exp(e[j] * cool);
		}
		for (j = 0; j < n; ++j)
			s.sum = s.sum + e[j];
	}
	s.log_sum = ut_log(s.sum);
	return s;
}

/* The probabilities of n columns from i on, and their logarithms. */
static void block_softmax(const struct softmax *s, size_t i, size_t n,
			  float p[BLOCK], float log_p[BLOCK])
{
	size_t j;

	load(s->z + i, n, s->max, log_p);
	for (j = 0; j < BLOCK; ++j) {
		float shifted = log_p[j] - s->max;

		p[j] = ut_div(ut_exp(shifted * s->cool), s->sum);
		log_p[j] = ut_fma(shifted, s->cool, -s->log_sum);
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

/* The loss of a label under the softmax s, which is not cooled. */
static float label_loss(const struct softmax *s, uint32_t label)
{
	return s->log_sum - (s->z[label] - s->max);
}

/* Its slopes for n columns from i on. */
static void block_label(const struct softmax *s, size_t i, size_t n,
			uint32_t label, float d[BLOCK])
{
	float log_p[BLOCK];

	block_softmax(s, i, n, d, log_p);
	if (label >= i && label < i + n)
		d[label - i] = d[label - i] - 1.0f;
}

static float cross_entropy(const float *z, size_t count, uint32_t label,
			   float inverse, float *gradient)
{
	struct softmax s = softmax_of(z, count, 1);
	size_t i;

	for (i = 0; i < count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, count - i);
		float d[BLOCK];

		block_label(&s, i, n, label, d);
		store_gradient(d, inverse, n, gradient + i);
	}
	return label_loss(&s, label);
}

/* Where a row of all replicas' rows lies, and what is wanted of it. */
struct row {
	size_t r, b, count;
	const float *logits; /* of the first column of the range */
	float *gradient;     /* likewise; the other columns are 0 already */
	float *loss;
	/* of distances: */
	const float *teacher, *sigma; /* sigma: MSE_NORM, else NULL */
	const uint32_t *label;        /* KD, or NULL */
	const struct ut_distil_scale *scale;
};

/* Adds n columns from i on to KL(t || s); d is the slope of its logits. */
static float block_kl(const struct softmax *t, const struct softmax *s,
		      size_t i, size_t n, float loss, float d[BLOCK])
{
	float p[BLOCK], log_p[BLOCK], log_q[BLOCK];
	size_t j;

	block_softmax(t, i, n, p, log_p);
	block_softmax(s, i, n, d, log_q);
	for (j = 0; j < BLOCK; ++j) {
		log_p[j] = log_p[j] - log_q[j];
		d[j] = d[j] - p[j];
	}
	for (j = 0; j < n; ++j)
		if (p[j] > 0)
			loss = ut_fma(p[j], log_p[j], loss);
	return loss;
}

static float kl(const struct row *row)
{
	const struct ut_distil_scale *scale = row->scale;
	struct softmax t = softmax_of(row->teacher, row->count, scale->cool);
	struct softmax s = softmax_of(row->logits, row->count, scale->cool);
	float loss = 0, d[BLOCK];
	size_t i;

	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);

		loss = block_kl(&t, &s, i, n, loss, d);
		store_gradient(d, scale->slope, n, row->gradient + i);
	}
	return loss;
}

static float reverse_kl(const struct row *row)
{
	const struct ut_distil_scale *scale = row->scale;
	struct softmax t = softmax_of(row->teacher, row->count, scale->cool);
	struct softmax s = softmax_of(row->logits, row->count, scale->cool);
	float loss = 0, p[BLOCK], log_p[BLOCK], d[BLOCK], log_q[BLOCK];
	size_t i, j;

	for (i = 0; i < row->count; i += BLOCK)
		loss = block_kl(&s, &t, i, ut_host_min(BLOCK, row->count - i),
				loss, d);
	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);

		block_softmax(&t, i, n, p, log_p);
		block_softmax(&s, i, n, d, log_q);
		for (j = 0; j < BLOCK; ++j) {
			float slope = log_q[j] - log_p[j];

			slope = slope - loss;
			/* NaN goes on; 0 stays 0 beside an infinity */
			d[j] = d[j] <= 0 ? 0.0f : d[j] * slope;
		}
		store_gradient(d, scale->slope, n, row->gradient + i);
	}
	return loss;
}

/* log(p / mid), +0 where p is. */
static void block_ratio(const float p[BLOCK], const float mid[BLOCK],
			float log_ratio[BLOCK])
{
	int j;

	for (j = 0; j < BLOCK; ++j) {
		float ratio = p[j] > 0 ? ut_div(p[j], mid[j]) : 1.0f;

		log_ratio[j] = ut_log(ratio);
	}
}

/* Probabilities of teacher and student, and how they stand to their middle. */
struct middle {
	float p[BLOCK], log_p[BLOCK], q[BLOCK], log_q[BLOCK];
};

static void block_middle(const struct softmax *t, const struct softmax *s,
			 size_t i, size_t n, struct middle *m)
{
	float mid[BLOCK];
	int j;

	block_softmax(t, i, n, m->p, m->log_p);
	block_softmax(s, i, n, m->q, m->log_q);
	for (j = 0; j < BLOCK; ++j) {
		mid[j] = m->p[j] + m->q[j];
		mid[j] = mid[j] * 0.5f;
	}
	block_ratio(m->p, mid, m->log_p);
	block_ratio(m->q, mid, m->log_q);
}

static float js(const struct row *row)
{
	const struct ut_distil_scale *scale = row->scale;
	struct softmax t = softmax_of(row->teacher, row->count, scale->cool);
	struct softmax s = softmax_of(row->logits, row->count, scale->cool);
	float of_teacher = 0, of_student = 0;
	struct middle m;
	size_t i, j;

	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);

		block_middle(&t, &s, i, n, &m);
		for (j = 0; j < n; ++j) {
			of_teacher = ut_fma(m.p[j], m.log_p[j], of_teacher);
			of_student = ut_fma(m.q[j], m.log_q[j], of_student);
		}
	}
	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);
		float d[BLOCK];

		block_middle(&t, &s, i, n, &m);
		for (j = 0; j < BLOCK; ++j) {
			d[j] = m.log_q[j] - of_student;
			d[j] = m.q[j] * d[j];
		}
		store_gradient(d, scale->slope, n, row->gradient + i);
	}
	of_teacher = of_teacher + of_student;
	return of_teacher * 0.5f;
}

static float kd(const struct row *row)
{
	const struct ut_distil_scale *scale = row->scale;
	struct softmax t = softmax_of(row->teacher, row->count, scale->cool);
	struct softmax s = softmax_of(row->logits, row->count, scale->cool);
	struct softmax hard = {0};
	float loss = 0, of_label = 0;
	size_t i, j;

	if (row->label) {
		hard = softmax_of(row->logits, row->count, 1);
		of_label = label_loss(&hard, *row->label) * scale->label_weight;
		of_label = ut_clean(of_label);
	}
	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);
		float d[BLOCK], g[BLOCK] = {0};

		loss = block_kl(&t, &s, i, n, loss, d);
		if (row->label)
			block_label(&hard, i, n, *row->label, g);
		for (j = 0; j < BLOCK; ++j) {
			g[j] = ut_clean(g[j] * scale->label_slope);
			g[j] = ut_clean(ut_fma(d[j], scale->slope, g[j]));
		}
		memcpy(row->gradient + i, g, n * sizeof(*g));
	}
	return ut_clean(ut_fma(loss, scale->weight, of_label));
}

/*
 * n columns from i on of the student's logits over their length, and how far they
 * are from the teacher's over theirs.
 */
static void block_units(const struct row *row, size_t i, size_t n, float norm,
			float teacher_norm, float unit[BLOCK], float d[BLOCK])
{
	float t[BLOCK];
	int j;

	load(row->logits + i, n, 0, unit);
	load(row->teacher + i, n, 0, t);
	for (j = 0; j < BLOCK; ++j) {
		unit[j] = ut_div(unit[j], norm);
		t[j] = ut_div(t[j], teacher_norm);
		d[j] = ut_clean(unit[j] - t[j]);
	}
}

static float norm_of(const float *x, size_t count)
{
	float squares = 0;
	size_t i;

	for (i = 0; i < count; ++i)
		squares = ut_fma(x[i], x[i], squares);
	return ut_sqrt(squares);
}

static float cosine(const struct row *row)
{
	float norm = norm_of(row->logits, row->count);
	float teacher_norm = norm_of(row->teacher, row->count);
	float loss = 0, unit[BLOCK], d[BLOCK];
	size_t i, j;

	if (norm <= 0 || teacher_norm <= 0)
		return 1;
	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);

		block_units(row, i, n, norm, teacher_norm, unit, d);
		for (j = 0; j < n; ++j)
			loss = ut_fma(d[j], d[j], loss);
	}
	loss = loss * 0.5f;
	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);

		block_units(row, i, n, norm, teacher_norm, unit, d);
		for (j = 0; j < BLOCK; ++j) {
			d[j] = ut_fma(-loss, unit[j], d[j]);
			d[j] = ut_div(d[j], norm);
		}
		store_gradient(d, row->scale->slope, n, row->gradient + i);
	}
	return loss;
}

static float mse(const struct row *row)
{
	float loss = 0;
	size_t i, j;

	for (i = 0; i < row->count; i += BLOCK) {
		size_t n = ut_host_min(BLOCK, row->count - i);
		float d[BLOCK], t[BLOCK], deviation[BLOCK];

		load(row->logits + i, n, 0, d);
		load(row->teacher + i, n, 0, t);
		for (j = 0; j < BLOCK; ++j)
			d[j] = d[j] - t[j];
		if (row->sigma) {
			load(row->sigma + i, n, 0, deviation);
			for (j = 0; j < BLOCK; ++j)
				d[j] = deviation[j] > 0
					       ? ut_div(d[j], deviation[j])
					       : 0.0f;
		}
		for (j = 0; j < n; ++j)
			loss = ut_fma(d[j], d[j], loss);
		if (row->sigma)
			for (j = 0; j < BLOCK; ++j)
				d[j] = deviation[j] > 0
					       ? ut_div(d[j], deviation[j])
					       : 0.0f;
		store_gradient(d, row->scale->slope, n, row->gradient + i);
	}
	return loss * row->scale->weight;
}

static struct row row_at(const struct ut_loss *loss, size_t i)
{
	size_t r = i / loss->B, b = i % loss->B;
	size_t first = b * loss->C + loss->first;
	float *gradient = ut_host_f32(loss->gradient, r) + b * loss->C;

	memset(gradient, 0, loss->C * sizeof(*gradient));
	return (struct row){
		.r = r,
		.b = b,
		.count = loss->count,
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

static float distance(enum ut_distillation kind, const struct row *row)
{
	switch (kind) {
	case UT_KL:
		return kl(row);
	case UT_REVERSE_KL:
		return reverse_kl(row);
	case UT_JS:
		return js(row);
	case UT_KD:
		return kd(row);
	case UT_COSINE_DISTANCE:
		return cosine(row);
	case UT_MSE:
	case UT_MSE_NORM:
		break;
	}
	return mse(row);
}

void UT_HOST(distil)(struct ut_device *device, const struct ut_distil *op,
		     const struct ut_distil_scale *scale)
{
	const struct ut_loss *loss = &op->loss;
	bool labelled = op->kind == UT_KD && op->alpha > 0;
	size_t rows = loss->R * loss->B, i;

#pragma omp parallel for schedule(dynamic, ROWS) \
	num_threads(ut_host_of(device)->threads) if (rows > ROWS)
	for (i = 0; i < rows; ++i) {
		struct row row = row_at(loss, i);

		row.teacher = ut_host_f32(op->teacher, row.r) +
			      row.b * loss->C + loss->first;
		row.scale = scale;
		if (op->kind == UT_MSE_NORM)
			row.sigma =
				ut_host_f32(op->moments, row.r) + loss->count;
		if (labelled)
			row.label = ut_host_u32(op->labels, row.r) + row.b;
		*row.loss = distance(op->kind, &row);
	}
}
