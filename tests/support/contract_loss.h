/*
 * The contract's losses written out plainly (docs/ARITHMETIC.md): one row and one
 * column after the other, in the order of the page. Of the project it shares
 * ut_exp and ut_log alone, which check_scalar checks by themselves.
 */
#ifndef UT_TEST_CONTRACT_LOSS_H
#define UT_TEST_CONTRACT_LOSS_H

#include "reference.h"

void contract_cross_entropy(struct reference_columns c, const float *logits,
			    const uint32_t *labels, float *loss,
			    float *gradient);

/* moments: MSE_NORM, as ut_moments makes them; labels: KD, or NULL. */
void contract_distil(struct reference_columns c, struct reference_distance by,
		     const float *student, const float *teacher,
		     const float *moments, const uint32_t *labels, float *loss,
		     float *gradient);

#endif
