/* Orders in which images are visited, and unbiased whole random numbers. */
#ifndef UT_ORDER_H
#define UT_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include <undertone/ops.h>

/*
 * The generator's words of one row, one after the other: word k is element k of
 * the row (docs/ARITHMETIC.md, clause 5).
 */
struct ut_draw {
	struct ut_rng rng;
	uint32_t row;
	uint32_t next;     /* k of the next word */
	uint32_t words[4]; /* the block that k - 1 is in */
};

static inline struct ut_draw ut_draw_from(struct ut_rng rng, uint32_t row)
{
	return (struct ut_draw){.rng = rng, .row = row};
}

uint32_t ut_draw_word(struct ut_draw *draw);

/*
 * A whole number below bound (above 0), each as likely as another: of the
 * product word * bound the high 32 bits, unless the low ones are below 2^32 mod
 * bound; then the next word is tried (Lemire: Fast Random Integer Generation in
 * an Interval; ACM TOMACS 29, 2019).
 */
uint32_t ut_draw_below(struct ut_draw *draw, uint32_t bound);

/*
 * Fills ids (n) with 0 .. n - 1 shuffled: Fisher and Yates from the end, i from
 * n - 1 down to 1 swapped with draw_below(i + 1), the words from row `epoch`.
 * An epoch's order depends on rng and epoch alone, not on the epoch before.
 */
void ut_order_shuffle(uint32_t *ids, size_t n, struct ut_rng rng,
		      uint32_t epoch);

/* Fills ids (n) with 0 .. n - 1 in order. */
void ut_order_sequential(uint32_t *ids, size_t n);

#endif
