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

/* Sum of exp(z - m), in order. */
static inline float row_sum(__global const float *z, uint count, float m)
{
	float s = 0.0f;
	uint i;

	UT_IN_ORDER
	for (i = 0; i < count; ++i)
		s = s + ut_exp(z[i] - m);
	return s;
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

/* loss = KL(softmax teacher || softmax logits); teacher (B, C) */
UT_KERNEL void distil_kl(UT_IN(float, logits), UT_IN(float, teacher),
			 UT_OUT(float, gradient), UT_OUT(float, loss),
			 uint B, uint C, uint first, uint count, float inverse)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *z = UT_PART(logits, r) + b * C + first;
		__global const float *y = UT_PART(teacher, r) + b * C + first;
		__global float *g = UT_PART(gradient, r) + b * C + first;
		float mz = row_max(z, count), my = row_max(y, count);
		float sz = row_sum(z, count, mz), sy = row_sum(y, count, my);
		float lz = ut_log(sz), ly = ut_log(sy);
		float l = 0.0f;
		uint i;

		UT_IN_ORDER
		for (i = 0; i < count; ++i) {
			float dy = y[i] - my, dz = z[i] - mz;
			float t = ut_div(ut_exp(dy), sy);
			float q = ut_div(ut_exp(dz), sz);
			float logs = (dy - ly) - (dz - lz);

			l = t > 0.0f ? ut_fma(t, logs, l) : l;
			q = q - t;
			g[i] = ut_clean(q * inverse);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = l;
	}
}

/*
 * loss = mean of (logits - teacher)^2, or, normalised, of the difference over
 * sigma = moments[count + i], 0 where sigma is not above 0. moments (2, count)
 */
UT_KERNEL void distil_mse(UT_IN(float, logits), UT_IN(float, teacher),
			  UT_IN(float, moments), UT_OUT(float, gradient),
			  UT_OUT(float, loss), uint B, uint C, uint first,
			  uint count, uint normalised, float inverse,
			  float twice)
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
			float d = z[i] - y[i], slope = d;

			if (normalised) {
				bool moves = sigma[i] > 0.0f;

				d = moves ? ut_div(d, sigma[i]) : 0.0f;
				slope = moves ? ut_div(d, sigma[i]) : 0.0f;
			}
			l = ut_fma(d, d, l);
			g[i] = ut_clean(slope * twice);
		}
		clear_outside(g - first, C, first, count);
		UT_PART(loss, r)[b] = l * inverse;
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
	mean = total * inverse;
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
