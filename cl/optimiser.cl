/*
 * One step of an optimiser over the parameters w (n), along the gradient g (n).
 * Launch: (n, 1, R). Host twin: src/device/host/host_optimiser.c.
 */
#include "shape.h"

/* Adam; decays (AdamW): w shrinks by keep first. m, v (n) */
UT_KERNEL void adam(UT_OUT(float, w), UT_IN(float, g), UT_OUT(float, m),
		    UT_OUT(float, v), ulong n, float rate, float beta1,
		    float rest1, float beta2, float rest2, float correction1,
		    float correction2, float epsilon, uint decays, float keep)
{
	uint r = get_global_id(2);

	w = UT_PART(w, r);
	g = UT_PART(g, r);
	m = UT_PART(m, r);
	v = UT_PART(v, r);
	UT_FOR(i, n) {
		float slope = g[i];
		float first = slope * rest1;
		float second = slope * slope;
		float weight = decays ? w[i] * keep : w[i];
		float size, step;

		first = ut_clean_moment(ut_fma(m[i], beta1, first));
		second = second * rest2;
		second = ut_clean_moment(ut_fma(v[i], beta2, second));
		m[i] = first;
		v[i] = second;
		size = ut_sqrt(second * correction2);
		size = size + epsilon;
		step = first * correction1;
		step = ut_div(step, size);
		w[i] = ut_clean(ut_fma(-rate, step, weight));
	}
}

/* Gradient descent with momentum. m (n) */
UT_KERNEL void sgd(UT_OUT(float, w), UT_IN(float, g), UT_OUT(float, m), ulong n,
		   float rate, float beta1)
{
	uint r = get_global_id(2);

	w = UT_PART(w, r);
	g = UT_PART(g, r);
	m = UT_PART(m, r);
	UT_FOR(i, n) {
		float first = ut_clean_moment(ut_fma(m[i], beta1, g[i]));

		m[i] = first;
		w[i] = ut_clean(ut_fma(-rate, first, w[i]));
	}
}
