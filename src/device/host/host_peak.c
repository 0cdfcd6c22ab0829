/* Chains of fma: how fast the processor can multiply and add at best. */
#include "level.h"
#include "vec.h"

/* Vectors in flight: enough to hide the latency of two fma units. */
enum { FLIGHT = 12, BLOCK = FLIGHT * VEC_WIDTH };

static void chain_block(float *x, vec a, vec b, uint32_t rounds)
{
	vec v[FLIGHT];
	uint32_t k;
	int i;

	for (i = 0; i < FLIGHT; ++i)
		v[i] = vec_load(x + i * VEC_WIDTH);
	for (k = 0; k < rounds; ++k)
		for (i = 0; i < FLIGHT; ++i)
			v[i] = vec_fma(v[i], a, b);
	for (i = 0; i < FLIGHT; ++i)
		vec_store(x + i * VEC_WIDTH, v[i]);
}

void UT_HOST(fma_chain)(struct ut_device *device, struct ut_slice x, float a,
			float b, uint32_t rounds)
{
	size_t blocks = x.count / BLOCK, i;
	float *at = ut_host_f32(x, 0);

#pragma omp parallel for num_threads(ut_host_of(device)->threads)
	for (i = 0; i < blocks; ++i)
		chain_block(at + i * BLOCK, vec_set(a), vec_set(b), rounds);
	for (i = blocks * BLOCK; i < x.count; ++i) {
		uint32_t k;

		for (k = 0; k < rounds; ++k)
			at[i] = ut_fma(at[i], a, b);
	}
}
