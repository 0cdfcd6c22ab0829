/*
 * Losses over the columns [first, first + count) of logits (B, C), with their
 * gradients (B, C), +0 outside; and the statistics that go with them.
 *
 * Launch: (B, 1, R), a work-item a row, unless said.
 * Host twin: src/device/host/host_loss.c.
 */
#include "shape.h"

/* Largest of z (count); NaN is never larger. */
static inline float row_max(__global const float *z, uint count)
{
	float m = z[0];
	uint i;

	for (i = 1; i < count; ++i)
		m = m < z[i] ? z[i] : m;
	return m;
}

/* The softmax of a row of logits z: p_i = exp((z_i - max) cool) / sum. */
struct softmax {
	float max, cool, sum, log_sum;
};

static inline struct softmax softmax_of(__global const float *z, uint count,
					float cool)
{
	struct softmax s;
	float sum = 0.0f;
	uint i;

	s.max = row_max(z, count);
	s.cool = cool;
	UT_IN_ORDER
	for (i = 0; i < count; ++i) {
		float shifted = z[i] - s.max;

		sum = sum + ut_exp(shifted * cool);
	}
	s.sum = sum;
	s.log_sum = ut_log(sum);
	return s;
}

/* The probability of a logit, and its logarithm. */
static inline float probability(struct softmax s, float z)
{
	float shifted = z - s.max;

	return ut_div(ut_exp(shifted * s.cool), s.sum);
}

static inline float log_probability(struct softmax s, float z)
{
	return ut_fma(z - s.max, s.cool, -s.log_sum);
}

/* A column's part of KL(p || q), added to l. */
static inline float add_kl(float l, float p, float log_p, float log_q)
{
	float logs = log_p - log_q;

	return p > 0.0f ? ut_fma(p, logs, l) : l;
}

/* +0 in the columns of a gradient's row (C) that the loss does not see. */
static inline void clear_outside(__global float *g, uint C, uint first,
				 uint count)
{
	uint i;

	for (i = 0; i < first; ++i)
		g[i] = 0.0f;
	for (i = first + count; i < C; ++i)
		g[i] = 0.0f;
}

/* loss = -log softmax[label]; labels u32 (B), below count; loss (B) */
UT_KERNEL void cross_entropy(UT_IN(float, logits), UT_IN(uint, labels),
			     UT_OUT(float, gradient), UT_OUT(float, loss),
			     uint B, uint C, uint first, uint count,
			     float inverse)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		uint label = min(UT_PART(labels, r)[b], count - 1);
		float m = row_max(z, count);
		float s = 0.0f;
		uint i;

		for (i = 0; i < count; ++i)
			g[i] = ut_exp(z[i] - m);
		UT_IN_ORDER
		for (i = 0; i < count; ++i)
			s = s + g[i];
		for (i = 0; i < count; ++i) {
			float p = ut_div(g[i], s);

			p = p - (i == label ? 1.0f : 0.0f);
			g[i] = ut_clean(p * inverse);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = ut_log(s) - (z[label] - m);
	}
}

/*
 * The distances from a teacher (B, C). Their constants are struct ut_distil_scale
 * of src/device/backend.h; a distance does not use all.
 */
#define SCALE                                                         \
	float cool, float slope, float weight, float label_slope,     \
		float label_weight

/* loss = KL(softmax teacher || softmax logits) */
UT_KERNEL void distil_kl(UT_IN(float, logits), UT_IN(float, teacher),
			 UT_OUT(float, gradient), UT_OUT(float, loss),
			 uint B, uint C, uint first, uint count, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		struct softmax t = softmax_of(y, count, cool);
		struct softmax q = softmax_of(z, count, cool);
		float l = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float p = probability(t, y[i]);
			float d = probability(q, z[i]);

			l = add_kl(l, p, log_probability(t, y[i]),
				   log_probability(q, z[i]));
			d = d - p;
			g[i] = ut_clean(d * slope);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = l;
	}
}

/* loss = KL(softmax logits || softmax teacher) */
UT_KERNEL void distil_revkl(UT_IN(float, logits), UT_IN(float, teacher),
			    UT_OUT(float, gradient), UT_OUT(float, loss),
			    uint B, uint C, uint first, uint count, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		struct softmax t = softmax_of(y, count, cool);
		struct softmax q = softmax_of(z, count, cool);
		float l = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i)
			l = add_kl(l, probability(q, z[i]),
				   log_probability(q, z[i]),
				   log_probability(t, y[i]));
		for (i = 0; i < count; ++i) {
			float p = probability(q, z[i]);
			float d = log_probability(q, z[i]);

			d = d - log_probability(t, y[i]);
			d = d - l;
			/* NaN goes on; 0 stays 0 beside an infinity */
			d = p <= 0.0f ? 0.0f : p * d;
			g[i] = ut_clean(d * slope);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = l;
	}
}

/* log(p / ((p + q) / 2)), +0 where p is. */
static inline float log_to_middle(float p, float q)
{
	float mid = p + q;

	mid = mid * 0.5f;
	return ut_log(p > 0.0f ? ut_div(p, mid) : 1.0f);
}

/* loss = (KL(teacher || m) + KL(logits || m)) / 2, m their softmaxes' mean */
UT_KERNEL void distil_js(UT_IN(float, logits), UT_IN(float, teacher),
			 UT_OUT(float, gradient), UT_OUT(float, loss),
			 uint B, uint C, uint first, uint count, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		struct softmax t = softmax_of(y, count, cool);
		struct softmax s = softmax_of(z, count, cool);
		float of_teacher = 0.0f, of_student = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float p = probability(t, y[i]);
			float q = probability(s, z[i]);

			of_teacher = ut_fma(p, log_to_middle(p, q), of_teacher);
			of_student = ut_fma(q, log_to_middle(q, p), of_student);
		}
		for (i = 0; i < count; ++i) {
			float p = probability(t, y[i]);
			float q = probability(s, z[i]);
			float d = log_to_middle(q, p) - of_student;

			d = q * d;
			g[i] = ut_clean(d * slope);
		}
		clear_outside(g - first, C, first, count);
		of_teacher = of_teacher + of_student;
		UT_PART(loss, r)[b] = of_teacher * 0.5f;
	}
}

/*
 * loss = alpha * cross-entropy + (1 - alpha) T^2 KL; labels u32 (B), read if
 * labelled
 */
UT_KERNEL void distil_kd(UT_IN(float, logits), UT_IN(float, teacher),
			 UT_IN(uint, labels), UT_OUT(float, gradient),
			 UT_OUT(float, loss), uint B, uint C, uint first,
			 uint count, uint labelled, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		struct softmax t = softmax_of(y, count, cool);
		struct softmax q = softmax_of(z, count, cool);
		struct softmax hard = softmax_of(z, count, 1.0f);
		float l = 0.0f, of_label = 0.0f;
		uint label = count, i;

		if (labelled) {
			label = min(UT_PART(labels, r)[b], count - 1);
			of_label = hard.log_sum - (z[label] - hard.max);
			of_label = ut_clean(of_label * label_weight);
		}
		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float p = probability(t, y[i]);
			float d = probability(q, z[i]);
			float h = probability(hard, z[i]);

			l = add_kl(l, p, log_probability(t, y[i]),
				   log_probability(q, z[i]));
			d = d - p;
			h = h - (i == label ? 1.0f : 0.0f);
			h = labelled ? ut_clean(h * label_slope) : 0.0f;
			g[i] = ut_clean(ut_fma(d, slope, h));
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = ut_clean(ut_fma(l, weight, of_label));
	}
}

/* Length of x (count). */
static inline float norm_of(__global const float *x, uint count)
{
	float squares = 0.0f;
	uint i;

	UT_IN_ORDER
	for (i = 0; i < count; ++i)
		squares = ut_fma(x[i], x[i], squares);
	return ut_sqrt(squares);
}

/* loss = 1 - the rows' cosine, as half their unit vectors' squared distance */
UT_KERNEL void distil_cosine(UT_IN(float, logits), UT_IN(float, teacher),
			     UT_OUT(float, gradient), UT_OUT(float, loss),
			     uint B, uint C, uint first, uint count, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		float nz = norm_of(z, count), ny = norm_of(y, count);
		bool zero = nz <= 0.0f || ny <= 0.0f;
		float l = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float d = ut_div(z[i], nz) - ut_div(y[i], ny);

			d = ut_clean(d);
			l = ut_fma(d, d, l);
		}
		l = l * 0.5f;
		for (i = 0; i < count; ++i) {
			float unit = ut_div(z[i], nz);
			float d = ut_clean(unit - ut_div(y[i], ny));

			d = ut_fma(-l, unit, d);
			d = ut_div(d, nz);
			g[i] = zero ? 0.0f : ut_clean(d * slope);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = zero ? 1.0f : l;
	}
}

/*
 * loss = mean of (logits - teacher)^2, or, normalised, of the difference over
 * sigma = moments[count + i], 0 where sigma is not above 0. moments (2, count)
 */
UT_KERNEL void distil_mse(UT_IN(float, logits), UT_IN(float, teacher),
			  UT_IN(float, moments), UT_OUT(float, gradient),
			  UT_OUT(float, loss), uint B, uint C, uint first,
			  uint count, uint normalised, SCALE)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global const float *sigma = UT_PART(moments, r) + count;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		float l = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float d = z[i] - y[i], moved = d;

			if (normalised) {
				bool moves = sigma[i] > 0.0f;

				d = moves ? ut_div(d, sigma[i]) : 0.0f;
				moved = moves ? ut_div(d, sigma[i]) : 0.0f;
			}
			l = ut_fma(d, d, l);
			g[i] = ut_clean(moved * slope);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = l * weight;
	}
}

/*
 * moments (2, count): mean and population deviation of the columns of x (B, C),
 * sums in chunks of UT_CHUNK rows. Launch: (count, 1, R), a work-item a column.
 */
UT_KERNEL void moments(UT_IN(float, x), UT_OUT(float, to), uint B, uint C,
		       uint first, uint count, float inverse)
{
	uint i = get_global_id(0), r = get_global_id(2);
	float total = 0.0f, mean;
	uint b, b0;

	if (i >= count)
		return;
	x = UT_PART(x, r) + first + i;
	to = UT_PART(to, r);
	for (b0 = 0; b0 < B; b0 += UT_CHUNK) {
		float p = 0.0f;

		UT_IN_ORDER
		for (b = b0; b < min(B, b0 + UT_CHUNK); ++b)
			p = p + x[(ulong)b * C];
		total = total + p;
	}
	mean = ut_mul(total, inverse);
	total = 0.0f;
	for (b0 = 0; b0 < B; b0 += UT_CHUNK) {
		float p = 0.0f;

		UT_IN_ORDER
		for (b = b0; b < min(B, b0 + UT_CHUNK); ++b) {
			float d = x[(ulong)b * C] - mean;

			p = ut_fma(d, d, p);
		}
		total = total + p;
	}
	total = total * inverse;
	to[i] = mean;
	to[count + i] = ut_sqrt(total);
}

/*
 * y (1) = mean of x (n): each work-item of a group adds a chunk, the first adds
 * the chunks. Launch: (one group, 1, R). Local memory: a float a work-item.
 */
UT_KERNEL void mean(UT_IN(float, x), UT_OUT(float, y), ulong n, float inverse)
{
	__local float sums[UT_ITEMS];
	uint item = get_local_id(0), r = get_global_id(2);
	float total = 0.0f;
	ulong i, i0;
	uint j;

	x = UT_PART(x, r);
	for (i0 = 0; i0 < n; i0 += UT_ITEMS * UT_CHUNK) {
		ulong from = i0 + item * UT_CHUNK;
		float p = 0.0f;

		UT_IN_ORDER
		for (i = from; i < min(n, from + UT_CHUNK); ++i)
			p = p + x[i];
		sums[item] = p;
		barrier(CLK_LOCAL_MEM_FENCE);
		UT_IN_ORDER
		for (j = 0; item == 0 && j < UT_ITEMS; ++j)
			if (i0 + j * UT_CHUNK < n)
				total = total + sums[j];
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	if (get_global_id(0) == 0)
		UT_PART(y, r)[0] = total * inverse;
}
