/* The dull oracle's convolution: one walk over all products, in double. */
#include <string.h>

#include "conv.h"

/* Calls `each` for every product of a convolution: elements of x, w, y. */
typedef void product(void *context, size_t x, size_t w, size_t y);

static void walk(const struct ut_conv_shape *s, product *each, void *context)
{
	size_t OH = ut_conv_side(s, s->H), OW = ut_conv_side(s, s->W);
	size_t pixels = s->B * s->H * s->W, i, kh, kw, c, o;

	for (i = 0; i < pixels; ++i)
		for (kh = 0; kh < s->kernel; ++kh)
			for (kw = 0; kw < s->kernel; ++kw) {
				size_t w = i % s->W + s->pad - kw;
				size_t h = i / s->W % s->H + s->pad - kh;
				size_t b = i / s->W / s->H;

				if (h % s->stride || h / s->stride >= OH ||
				    w % s->stride || w / s->stride >= OW)
					continue;
				h /= s->stride;
				w /= s->stride;
				for (c = 0; c < s->C; ++c)
					for (o = 0; o < s->O; ++o)
						each(context, i * s->C + c,
						     ((kh * s->kernel + kw) *
							      s->C +
						      c) * s->O +
							     o,
						     ((b * OH + h) * OW + w) *
								     s->O +
							     o);
			}
}

struct arrays {
	const double *x, *w, *dfull;
	double *full, *dx, *dw;
};

static void add_forward(void *context, size_t x, size_t w, size_t y)
{
	struct arrays *a = context;

	a->full[y] += a->x[x] * a->w[w];
}

static void add_backward(void *context, size_t x, size_t w, size_t y)
{
	struct arrays *a = context;

	a->dx[x] += a->w[w] * a->dfull[y];
	a->dw[w] += a->x[x] * a->dfull[y];
}

size_t conv_full_count(const struct ut_conv_shape *s)
{
	return s->B * ut_conv_side(s, s->H) * ut_conv_side(s, s->W) * s->O;
}

void reference_conv_forward(const struct ut_conv_shape *s, const double *x,
			    const double *w, const double *b, bool relu,
			    double *full)
{
	struct arrays a = {.x = x, .w = w, .full = full};
	size_t count = conv_full_count(s), i;

	for (i = 0; i < count; ++i)
		full[i] = b ? b[i % s->O] : 0;
	walk(s, add_forward, &a);
	for (i = 0; i < count; ++i)
		if (relu && !(full[i] > 0))
			full[i] = 0;
}

void reference_conv_backward(const struct ut_conv_shape *s, const double *x,
			     const double *w, const double *dfull, double *dx,
			     double *dw, double *db)
{
	struct arrays a = {.x = x, .w = w, .dfull = dfull, .dx = dx, .dw = dw};
	size_t count = conv_full_count(s), i;

	memset(dx, 0, s->B * s->H * s->W * s->C * sizeof(*dx));
	memset(dw, 0, s->kernel * s->kernel * s->C * s->O * sizeof(*dw));
	memset(db, 0, s->O * sizeof(*db));
	walk(s, add_backward, &a);
	for (i = 0; i < count; ++i)
		db[i % s->O] += dfull[i];
}

/* The element before the pool that is place p of output i's window. */
static size_t before_pool(const struct ut_conv_shape *s, size_t i, size_t p)
{
	size_t OH = ut_conv_side(s, s->H), OW = ut_conv_side(s, s->W);
	size_t PH = OH / 2, PW = OW / 2, o = i % s->O, w = i / s->O % PW;
	size_t h = i / s->O / PW % PH, b = i / s->O / PW / PH;

	return ((b * OH + 2 * h + p / 2) * OW + 2 * w + p % 2) * s->O + o;
}

void reference_conv_pool(const struct ut_conv_shape *s, const double *full,
			 double *y)
{
	size_t count = s->B * ut_conv_outputs(s), i, p;

	if (!s->pool) {
		memcpy(y, full, count * sizeof(*y));
		return;
	}
	for (i = 0; i < count; ++i)
		for (p = 0; p < 4; ++p) {
			double v = full[before_pool(s, i, p)];

			if (p == 0 || y[i] < v)
				y[i] = v;
		}
}

void reference_conv_spread(const struct ut_conv_shape *s, const double *dy,
			   const uint8_t *index, double *dfull)
{
	size_t count = s->B * ut_conv_outputs(s), i;

	memset(dfull, 0, conv_full_count(s) * sizeof(*dfull));
	for (i = 0; i < count; ++i)
		dfull[s->pool ? before_pool(s, i, index[i]) : i] = dy[i];
}
