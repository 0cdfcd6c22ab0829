/* Optimisers: one pass over the weights, their gradients and moments. */
#include "level.h"
#include "scalar.h"

/* Weights [first, first + n) of a replica. */
struct piece {
	float *restrict w;
	const float *restrict g;
	float *restrict m, *restrict v;
	size_t n;
};

static void sgd(const struct ut_update *u, const struct piece *p)
{
	const float rate = -u->rate, beta1 = u->beta1;
	float *restrict w = p->w, *restrict m = p->m;
	const float *restrict g = p->g;
	size_t i;

	for (i = 0; i < p->n; ++i) {
		m[i] = ut_clean_moment(ut_fma(m[i], beta1, g[i]));
		w[i] = ut_clean(ut_fma(rate, m[i], w[i]));
	}
}

/* keep is 1 for plain Adam: a product with 1 changes nothing. */
static void adam(const struct ut_update *u, float keep, const struct piece *p)
{
	const float rate = -u->rate, beta1 = u->beta1, beta2 = u->beta2;
	const float rest1 = u->rest1, rest2 = u->rest2;
	const float correction1 = u->correction1;
	const float correction2 = u->correction2, epsilon = u->epsilon;
	float *restrict w = p->w, *restrict m = p->m, *restrict v = p->v;
	const float *restrict g = p->g;
	size_t i;

	for (i = 0; i < p->n; ++i) {
		float first = g[i] * rest1, second = g[i] * g[i];
		float d, n;

		first = ut_clean_moment(ut_fma(m[i], beta1, first));
		second = second * rest2;
		second = ut_clean_moment(ut_fma(v[i], beta2, second));
		d = second * correction2;
		d = ut_sqrt(d);
		d = d + epsilon;
		n = first * correction1;
		n = ut_div(n, d);
		m[i] = first;
		v[i] = second;
		w[i] = ut_clean(ut_fma(rate, n, w[i] * keep));
	}
}

void UT_HOST(optimise)(struct ut_device *device, unsigned R,
		       const struct ut_update *update, struct ut_slice w,
		       struct ut_slice g, struct ut_slice m, struct ut_slice v)
{
	size_t pieces = ut_host_pieces(w.count, UT_HOST_PIECE), i;
	float keep = update->kind == UT_ADAMW ? update->keep : 1.0f;
	bool small = w.count * R < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < R * pieces; ++i) {
		size_t r = i / pieces, first = i % pieces * UT_HOST_PIECE;
		struct piece p = {
			.w = ut_host_f32(w, r) + first,
			.g = ut_host_f32(g, r) + first,
			.m = ut_host_f32(m, r) + first,
			.n = ut_host_min(UT_HOST_PIECE, w.count - first),
		};

		if (update->kind == UT_SGD) {
			sgd(update, &p);
		} else {
			p.v = ut_host_f32(v, r) + first;
			adam(update, keep, &p);
		}
	}
}
