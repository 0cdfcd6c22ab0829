/* Convolutions, plainly: every sum in the contract's order. */
#include "level.h"
#include "scalar.h"

struct sides {
	size_t OH, OW, PH, PW;
};

static struct sides sides_of(const struct ut_conv_shape *s)
{
	struct sides of = {ut_conv_side(s, s->H), ut_conv_side(s, s->W), 0, 0};

	of.PH = s->pool ? of.OH / 2 : of.OH;
	of.PW = s->pool ? of.OW / 2 : of.OW;
	return of;
}

/* The tap of an output pixel that reads input i, if 0 <= it < kernel. */
static bool reads(const struct ut_conv_shape *s, size_t out, size_t in,
		  size_t *tap)
{
	*tap = in + s->pad - s->stride * out;
	return *tap < s->kernel;
}

/* What an output's sum is, of one output pixel. */
static float sum_at(const struct ut_conv_shape *s, const float *x,
		    const float *w, size_t oh, size_t ow, size_t o)
{
	float sum = 0;
	size_t kh, kw, c;

	for (kh = 0; kh < s->kernel; ++kh) {
		for (kw = 0; kw < s->kernel; ++kw) {
			size_t h = s->stride * oh + kh - s->pad;
			size_t v = s->stride * ow + kw - s->pad;
			const float *tap =
				w + (kh * s->kernel + kw) * s->C * s->O + o;

			if (h >= s->H || v >= s->W)
				continue;
			for (c = 0; c < s->C; ++c)
				sum = ut_fma(x[(h * s->W + v) * s->C + c],
					     tap[c * s->O], sum);
		}
	}
	return sum;
}

static void forward_image(const struct ut_conv *op, size_t r, size_t b)
{
	const struct ut_conv_shape *s = &op->shape;
	struct sides n = sides_of(s);
	const float *x = ut_host_f32(op->x, r) + b * s->H * s->W * s->C;
	size_t outputs = n.PH * n.PW * s->O, side = s->pool ? 2 : 1, i, p;
	float *y = ut_host_f32(op->y, r) + b * outputs;

	for (i = 0; i < outputs; ++i) {
		size_t o = i % s->O, pw = i / s->O % n.PW, ph = i / s->O / n.PW;
		float best = 0;
		uint8_t index = 0;

		for (p = 0; p < side * side; ++p) {
			float sum =
				sum_at(s, x, ut_host_f32(op->w, r),
				       ph * side + p / 2, pw * side + p % 2, o);

			if (!ut_slice_none(op->b))
				sum = sum + ut_host_f32(op->b, r)[o];
			if (op->relu)
				sum = ut_relu(sum);
			sum = ut_clean(sum);
			if (p == 0 || best < sum) {
				best = sum;
				index = (uint8_t)p;
			}
		}
		y[i] = best;
		if (!ut_slice_none(op->index))
			ut_host_u8(op->index, r)[b * outputs + i] = index;
	}
}

void UT_HOST(conv_forward)(struct ut_device *device, const struct ut_conv *op)
{
	size_t i;

#pragma omp parallel for schedule(dynamic) \
	num_threads(ut_host_of(device)->threads)
	for (i = 0; i < op->R * op->shape.B; ++i)
		forward_image(op, i / op->shape.B, i % op->shape.B);
}

/* The gradient of an output pixel, before pooling. */
struct gradient {
	const struct ut_conv_shape *s;
	struct sides n;
	const float *dy;
	const uint8_t *index;
};

static float gradient_at(const struct gradient *g, size_t b, size_t oh,
			 size_t ow, size_t o)
{
	size_t at;

	if (!g->s->pool)
		return g->dy[((b * g->n.OH + oh) * g->n.OW + ow) * g->s->O + o];
	if (oh / 2 >= g->n.PH || ow / 2 >= g->n.PW)
		return 0;
	at = ((b * g->n.PH + oh / 2) * g->n.PW + ow / 2) * g->s->O + o;
	return g->index[at] == 2 * (oh % 2) + ow % 2 ? g->dy[at] : 0;
}

static float data_at(const struct gradient *g, const float *w, size_t b,
		     size_t h, size_t v, size_t c)
{
	const struct ut_conv_shape *s = g->s;
	size_t oh, ow, o, kh, kw;
	float sum = 0;

	for (oh = 0; oh < g->n.OH; ++oh) {
		if (!reads(s, oh, h, &kh))
			continue;
		for (ow = 0; ow < g->n.OW; ++ow) {
			const float *tap;

			if (!reads(s, ow, v, &kw))
				continue;
			tap = w + ((kh * s->kernel + kw) * s->C + c) * s->O;
			for (o = 0; o < s->O; ++o)
				sum = ut_fma(gradient_at(g, b, oh, ow, o),
					     tap[o], sum);
		}
	}
	return sum;
}

static void data_image(const struct ut_conv_data *op, size_t r, size_t b)
{
	const struct ut_conv_shape *s = &op->shape;
	struct gradient g = {s, sides_of(s), ut_host_f32(op->dy, r), NULL};
	size_t inputs = s->H * s->W * s->C, i;
	float *dx = ut_host_f32(op->dx, r) + b * inputs;

	if (s->pool)
		g.index = ut_host_u8(op->index, r);
	for (i = 0; i < inputs; ++i) {
		float sum = data_at(&g, ut_host_f32(op->w, r), b,
				    i / s->C / s->W, i / s->C % s->W, i % s->C);

		if (!ut_slice_none(op->gate))
			sum = ut_host_f32(op->gate, r)[b * inputs + i] > 0
				      ? sum * op->scale
				      : 0;
		dx[i] = ut_clean(sum);
	}
}

void UT_HOST(conv_data)(struct ut_device *device, const struct ut_conv_data *op)
{
	size_t i;

#pragma omp parallel for schedule(dynamic) \
	num_threads(ut_host_of(device)->threads)
	for (i = 0; i < op->R * op->shape.B; ++i)
		data_image(op, i / op->shape.B, i % op->shape.B);
}

/* The chunked sum for one weight; without x for a bias. */
static float weight_at(const struct gradient *g, const float *x, size_t kh,
		       size_t kw, size_t c, size_t o)
{
	const struct ut_conv_shape *s = g->s;
	size_t rows = g->n.OW < UT_CHUNK ? UT_CHUNK / g->n.OW : 1, row, ow;
	float total = 0, p = 0;

	for (row = 0; row < s->B * g->n.OH; ++row) {
		size_t b = row / g->n.OH, oh = row % g->n.OH;
		size_t h = s->stride * oh + kh - s->pad;

		if (row % rows == 0) {
			total = total + p;
			p = 0;
		}
		for (ow = 0; ow < g->n.OW; ++ow) {
			size_t v = s->stride * ow + kw - s->pad;
			float dy = gradient_at(g, b, oh, ow, o);

			if (!x)
				p = p + dy;
			else if (h < s->H && v < s->W)
				p = ut_fma(
					x[((b * s->H + h) * s->W + v) * s->C +
					  c],
					dy, p);
		}
	}
	total = total + p;
	return ut_clean(total);
}

void UT_HOST(conv_weights)(struct ut_device *device,
			   const struct ut_conv_weights *op)
{
	const struct ut_conv_shape *s = &op->shape;
	size_t taps = (size_t)s->kernel * s->kernel * s->C, i;

#pragma omp parallel for schedule(dynamic) \
	num_threads(ut_host_of(device)->threads)
	for (i = 0; i < op->R * (taps + 1) * s->O; ++i) {
		size_t o = i % s->O, tap = i / s->O % (taps + 1);
		size_t r = i / s->O / (taps + 1);
		struct gradient g = {s, sides_of(s), ut_host_f32(op->dy, r),
				     NULL};

		if (s->pool)
			g.index = ut_host_u8(op->index, r);
		if (tap < taps)
			ut_host_f32(op->dw, r)[tap * s->O + o] =
				weight_at(&g, ut_host_f32(op->x, r),
					  tap / s->C / s->kernel,
					  tap / s->C % s->kernel, tap % s->C,
					  o);
		else if (!ut_slice_none(op->db))
			ut_host_f32(op->db, r)[o] =
				weight_at(&g, NULL, 0, 0, 0, o);
	}
}
