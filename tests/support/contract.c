/* The contract's linear layer written out plainly. */
#include "contract.h"

#include <math.h>

enum { CHUNK = 256 };

static float clean(float s)
{
	return fabsf(s) < 0x1p-40f ? 0 : s;
}

void contract_linear_forward(struct reference_shape shape, const float *x,
			     const float *w, const float *b, bool relu,
			     float *y)
{
	size_t i, d, o;

	for (i = 0; i < shape.B; ++i)
		for (o = 0; o < shape.O; ++o) {
			float s = 0;

			for (d = 0; d < shape.D; ++d)
				s = fmaf(x[i * shape.D + d], w[d * shape.O + o],
					 s);
			if (b)
				s = s + b[o];
			if (relu)
				s = s > 0 ? s : 0;
			y[i * shape.O + o] = clean(s);
		}
}

void contract_linear_data(struct reference_shape shape, const float *dy,
			  const float *w, const float *gate, float scale,
			  float *dx)
{
	size_t i, d, o;

	for (i = 0; i < shape.B; ++i)
		for (d = 0; d < shape.D; ++d) {
			size_t at = i * shape.D + d;
			float s = 0;

			for (o = 0; o < shape.O; ++o)
				s = fmaf(dy[i * shape.O + o],
					 w[d * shape.O + o], s);
			if (gate)
				s = gate[at] > 0 ? s * scale : 0;
			dx[at] = clean(s);
		}
}

/* The chunked sum over the batch of x[b, d] dy[b, o], or of dy[b, o]. */
static float batch_sum(struct reference_shape shape, const float *x,
		       const float *dy, size_t d, size_t o)
{
	float total = 0;
	size_t first, i;

	for (first = 0; first < shape.B; first += CHUNK) {
		float p = 0;

		for (i = first; i < shape.B && i < first + CHUNK; ++i) {
			float g = dy[i * shape.O + o];

			p = x ? fmaf(x[i * shape.D + d], g, p) : p + g;
		}
		total = total + p;
	}
	return clean(total);
}

void contract_linear_weights(struct reference_shape shape, const float *x,
			     const float *dy, float *dw, float *db)
{
	size_t d, o;

	for (o = 0; o < shape.O; ++o) {
		for (d = 0; d < shape.D; ++d)
			dw[d * shape.O + o] = batch_sum(shape, x, dy, d, o);
		if (db)
			db[o] = batch_sum(shape, NULL, dy, 0, o);
	}
}
