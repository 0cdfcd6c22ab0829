/* The contract's convolution, in its order and in no other. */
#include <math.h>

#include "conv.h"

enum { CHUNK = 256 };

static float clean(float s)
{
	return fabsf(s) < 0x1p-40f ? 0 : s;
}

/* The place that tap k of output i reads on an axis, and whether it is one. */
static bool place(const struct ut_conv_shape *s, size_t i, size_t k,
		  size_t side, size_t *at)
{
	long long n = (long long)(i * s->stride + k) - (long long)s->pad;

	*at = (size_t)n;
	return n >= 0 && n < (long long)side;
}

static float output(const struct ut_conv_shape *s, const float *x,
		    const float *w, size_t b, size_t oh, size_t ow, size_t o)
{
	float sum = 0;
	size_t kh, kw, c, h, v;

	for (kh = 0; kh < s->kernel; ++kh)
		for (kw = 0; kw < s->kernel; ++kw)
			for (c = 0; c < s->C; ++c)
				if (place(s, oh, kh, s->H, &h) &&
				    place(s, ow, kw, s->W, &v))
					sum = fmaf(x[((b * s->H + h) * s->W +
						      v) * s->C +
						     c],
						   w[((kh * s->kernel + kw) *
							      s->C +
						      c) * s->O +
						     o],
						   sum);
	return sum;
}

void contract_conv_forward(const struct ut_conv_shape *s, const float *x,
			   const float *w, const float *b, bool relu, float *y,
			   uint8_t *taken)
{
	size_t side = s->pool ? 2 : 1, p;
	size_t PH = ut_conv_side(s, s->H) / side;
	size_t PW = ut_conv_side(s, s->W) / side, i;

	for (i = 0; i < s->B * PH * PW * s->O; ++i) {
		size_t o = i % s->O, pw = i / s->O % PW;
		size_t ph = i / s->O / PW % PH, image = i / s->O / PW / PH;

		for (p = 0; p < side * side; ++p) {
			float v = output(s, x, w, image, side * ph + p / 2,
					 side * pw + p % 2, o);

			if (b)
				v = v + b[o];
			if (relu)
				v = v > 0 ? v : 0;
			v = clean(v);
			if (p > 0 && !(y[i] < v))
				continue;
			y[i] = v;
			if (taken)
				taken[i] = (uint8_t)p;
		}
	}
}

/* dy of an output pixel before the pool. */
static float gradient(const struct ut_conv_shape *s, const float *dy,
		      const uint8_t *index, size_t b, size_t oh, size_t ow,
		      size_t o)
{
	size_t side = s->pool ? 2 : 1;
	size_t PH = ut_conv_side(s, s->H) / side;
	size_t PW = ut_conv_side(s, s->W) / side, at;

	if (oh / side >= PH || ow / side >= PW)
		return 0;
	at = ((b * PH + oh / side) * PW + ow / side) * s->O + o;
	return !s->pool || index[at] == 2 * (oh % 2) + ow % 2 ? dy[at] : 0;
}

void contract_conv_data(const struct ut_conv_shape *s, const float *dy,
			const uint8_t *index, const float *w, const float *gate,
			float scale, float *dx)
{
	size_t OH = ut_conv_side(s, s->H), OW = ut_conv_side(s, s->W), i;

	for (i = 0; i < s->B * s->H * s->W * s->C; ++i) {
		size_t c = i % s->C, v = i / s->C % s->W;
		size_t h = i / s->C / s->W % s->H, b = i / s->C / s->W / s->H;
		size_t oh, ow, o;
		float sum = 0;

		for (oh = 0; oh < OH; ++oh) {
			size_t kh = h + s->pad - s->stride * oh;

			if (kh >= s->kernel)
				continue;
			for (ow = 0; ow < OW; ++ow) {
				size_t kw = v + s->pad - s->stride * ow;

				if (kw >= s->kernel)
					continue;
				for (o = 0; o < s->O; ++o)
					sum = fmaf(gradient(s, dy, index, b, oh,
							    ow, o),
						   w[((kh * s->kernel + kw) *
							      s->C +
						      c) * s->O +
						     o],
						   sum);
			}
		}
		if (gate)
			sum = gate[i] > 0 ? sum * scale : 0;
		dx[i] = clean(sum);
	}
}

/* The chunked sum for weight (kh, kw, c, o); without x, for bias o. */
static float batch_sum(const struct ut_conv_shape *s, const float *x,
		       const float *dy, const uint8_t *index, size_t weight,
		       size_t o)
{
	size_t OH = ut_conv_side(s, s->H), OW = ut_conv_side(s, s->W);
	size_t rows = OW > CHUNK ? 1 : CHUNK / OW, first, row, ow, h, v;
	size_t c = weight % s->C, kw = weight / s->C % s->kernel;
	size_t kh = weight / s->C / s->kernel;
	float total = 0;

	for (first = 0; first < s->B * OH; first += rows) {
		float p = 0;

		for (row = first; row < s->B * OH && row < first + rows; ++row)
			for (ow = 0; ow < OW; ++ow) {
				size_t b = row / OH, oh = row % OH;
				float d = gradient(s, dy, index, b, oh, ow, o);

				if (!x)
					p = p + d;
				else if (place(s, oh, kh, s->H, &h) &&
					 place(s, ow, kw, s->W, &v))
					p = fmaf(x[((b * s->H + h) * s->W + v) *
							   s->C +
						   c],
						 d, p);
			}
		total = total + p;
	}
	return clean(total);
}

void contract_conv_weights(const struct ut_conv_shape *s, const float *x,
			   const float *dy, const uint8_t *index, float *dw,
			   float *db)
{
	size_t weights = (size_t)s->kernel * s->kernel * s->C, i, o;

	for (o = 0; o < s->O; ++o) {
		for (i = 0; i < weights; ++i)
			dw[i * s->O + o] = batch_sum(s, x, dy, index, i, o);
		if (db)
			db[o] = batch_sum(s, NULL, dy, index, 0, o);
	}
}
