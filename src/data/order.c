/* Orders in which images are visited. Integers only. */
#include "data/order.h"

#include <assert.h>

#include "philox.h"

uint32_t ut_draw_word(struct ut_draw *draw)
{
	uint32_t k = draw->next++;

	if (k % 4 == 0) {
		struct ut_words block =
			ut_philox(k / 4, draw->row, draw->rng.replica,
				  draw->rng.stream, draw->rng.seed,
				  draw->rng.purpose);

		memcpy(draw->words, block.w, sizeof(draw->words));
	}
	return draw->words[k % 4];
}

uint32_t ut_draw_below(struct ut_draw *draw, uint32_t bound)
{
	uint64_t product;

	assert(bound);
	product = (uint64_t)ut_draw_word(draw) * bound;
	/* 2^32 mod bound is below bound: most words need no division */
	if ((uint32_t)product < bound) {
		uint32_t biased = (UINT32_MAX - bound + 1) % bound;

		while ((uint32_t)product < biased)
			product = (uint64_t)ut_draw_word(draw) * bound;
	}
	return (uint32_t)(product >> 32);
}

void ut_order_sequential(uint32_t *ids, size_t n)
{
	size_t i;

	assert(n <= UINT32_MAX);
	for (i = 0; i < n; ++i)
		ids[i] = (uint32_t)i;
}

void ut_order_shuffle(uint32_t *ids, size_t n, struct ut_rng rng,
		      uint32_t epoch)
{
	struct ut_draw draw = ut_draw_from(rng, epoch);
	size_t i;

	ut_order_sequential(ids, n);
	for (i = n; i-- > 1;) {
		uint32_t j = ut_draw_below(&draw, (uint32_t)i + 1);
		uint32_t id = ids[i];

		ids[i] = ids[j];
		ids[j] = id;
	}
}
