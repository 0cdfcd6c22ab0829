/* Orders, and unbiased whole random numbers. */
#include <stdlib.h>
#include <string.h>

#include "data/order.h"
#include "support/testing.h"

START_TEST(words_are_those_of_philox_in_order)
{
	/* zero key and counter: Random123's known answer */
	static const uint32_t first[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
					 0x9b00dbd8};
	/* row 1, replica 2, stream 3, seed 4, purpose 5; two blocks */
	static const uint32_t other[] = {
		3290935133, 3881757242, 1203941666, 1610286023,
		2705336058, 3418793392, 4111021318, 3843063347,
	};
	struct ut_rng rng = {.seed = 4,
			     .purpose = 5,
			     .stream = 3,
			     .replica = 2};
	struct ut_draw draw = ut_draw_from((struct ut_rng){0}, 0);
	size_t i;

	for (i = 0; i < 4; ++i)
		ck_assert_uint_eq(ut_draw_word(&draw), first[i]);
	draw = ut_draw_from(rng, 1);
	for (i = 0; i < 8; ++i)
		ck_assert_uint_eq(ut_draw_word(&draw), other[i]);
}
END_TEST

START_TEST(words_that_would_be_unfair_are_drawn_again)
{
	/* an independent program's numbers; every fourth word is refused */
	static const uint32_t expected[] = {
		2468201350, 2911317932, 902956249,
		1207714517, 2564095044, 3083265989,
	};
	struct ut_rng rng = {.seed = 4,
			     .purpose = 5,
			     .stream = 3,
			     .replica = 2};
	struct ut_draw draw = ut_draw_from(rng, 1);
	size_t i;

	for (i = 0; i < 6; ++i)
		ck_assert_uint_eq(ut_draw_below(&draw, 0xc0000001),
				  expected[i]);
	ck_assert_uint_gt(draw.next, 6);
	for (i = 0; i < 1000; ++i)
		ck_assert_uint_lt(ut_draw_below(&draw, 3), 3);
	ck_assert_uint_eq(ut_draw_below(&draw, 1), 0);
}
END_TEST

START_TEST(a_shuffle_has_the_order_that_its_definition_gives)
{
	/* computed by an independent program */
	static const uint32_t expected[] = {3, 4, 0,  5, 10, 1,
					    2, 8, 11, 6, 7,  9};
	struct ut_rng rng = {.seed = 7,
			     .purpose = 9,
			     .stream = 2,
			     .replica = 5};
	uint32_t ids[1000];
	uint64_t sum = 0;
	size_t i;

	ut_order_shuffle(ids, 12, rng, 3);
	ck_assert_mem_eq(ids, expected, sizeof(expected));
	ut_order_shuffle(ids, 1000, rng, 3);
	for (i = 0; i < 1000; ++i)
		sum += (i + 1) * ids[i];
	ck_assert_uint_eq(sum, 245224892);
}
END_TEST

START_TEST(a_shuffle_has_every_id_once)
{
	static const size_t sizes[] = {0, 1, 2, 3, 100, 60001};
	size_t s, i;

	for (s = 0; s < 6; ++s) {
		size_t n = sizes[s];
		uint32_t *ids = calloc(n + 1, sizeof(*ids));
		uint8_t *seen = calloc(n + 1, 1);

		ids[n] = 4711;
		ut_order_shuffle(ids, n, (struct ut_rng){.seed = 1}, 0);
		for (i = 0; i < n; ++i) {
			ck_assert_uint_lt(ids[i], n);
			++seen[ids[i]];
		}
		for (i = 0; i < n; ++i)
			ck_assert_uint_eq(seen[i], 1);
		ck_assert_uint_eq(ids[n], 4711);
		free(ids);
		free(seen);
	}
}
END_TEST

START_TEST(epochs_and_replicas_have_orders_of_their_own)
{
	struct ut_rng rng = {.seed = 1, .purpose = 2};
	uint32_t a[100], b[100];

	ut_order_shuffle(a, 100, rng, 1);
	ut_order_shuffle(b, 100, rng, 2);
	ck_assert_mem_ne(a, b, sizeof(a));
	rng.replica = 1;
	ut_order_shuffle(b, 100, rng, 1);
	ck_assert_mem_ne(a, b, sizeof(a));
	rng.replica = 0;
	ut_order_shuffle(b, 100, rng, 1);
	ck_assert_mem_eq(a, b, sizeof(a));
}
END_TEST

START_TEST(all_orders_are_equally_likely)
{
	enum { EPOCHS = 24000, ORDERS = 24 };
	unsigned counts[256] = {0};
	double excess = 0;
	uint32_t epoch, seen = 0;
	size_t i;

	for (epoch = 0; epoch < EPOCHS; ++epoch) {
		uint32_t ids[4];

		ut_order_shuffle(ids, 4, (struct ut_rng){.seed = 3}, epoch);
		++counts[ids[0] | ids[1] << 2 | ids[2] << 4 | ids[3] << 6];
	}
	for (i = 0; i < 256; ++i) {
		double more = counts[i] - (double)EPOCHS / ORDERS;

		if (!counts[i])
			continue;
		++seen;
		excess += more * more / ((double)EPOCHS / ORDERS);
	}
	ck_assert_uint_eq(seen, ORDERS);
	/* chi-squared, 23 degrees of freedom: 1 in 10,000 is above 56 */
	ck_assert(excess < 56);
}
END_TEST

START_TEST(sequential_is_sequential)
{
	static const uint32_t expected[] = {0, 1, 2, 3};
	uint32_t ids[4];

	ut_order_sequential(ids, 4);
	ck_assert_mem_eq(ids, expected, sizeof(ids));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("order");

	tcase_add_test(tests, words_are_those_of_philox_in_order);
	tcase_add_test(tests, words_that_would_be_unfair_are_drawn_again);
	tcase_add_test(tests,
		       a_shuffle_has_the_order_that_its_definition_gives);
	tcase_add_test(tests, a_shuffle_has_every_id_once);
	tcase_add_test(tests, epochs_and_replicas_have_orders_of_their_own);
	tcase_add_test(tests, all_orders_are_equally_likely);
	tcase_add_test(tests, sequential_is_sequential);
	return test_main_alone("order", tests);
}
