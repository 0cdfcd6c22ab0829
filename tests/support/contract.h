/*
 * The contract's linear layer written out plainly (docs/ARITHMETIC.md): fmaf in
 * the order of the page and nothing else, so that the fast backends are pinned
 * by something that shares no code with them.
 */
#ifndef UT_TEST_CONTRACT_H
#define UT_TEST_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "reference.h"

void contract_linear_forward(struct reference_shape shape, const float *x,
			     const float *w, const float *b, bool relu,
			     float *y);
void contract_linear_data(struct reference_shape shape, const float *dy,
			  const float *w, const float *gate, float scale,
			  float *dx);
/* db may be NULL. */
void contract_linear_weights(struct reference_shape shape, const float *x,
			     const float *dy, float *dw, float *db);

#endif
