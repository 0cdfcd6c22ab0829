/* Problems of losses, and what solves and checks them. */
#ifndef UT_TEST_LOSS_H
#define UT_TEST_LOSS_H

#include "operands.h"
#include "reference.h"

enum { LOSS_CROSS_ENTROPY = -1 };

/* Labels are below count; the temperature is 1 and alpha 0 at first. */
struct loss_problem {
	int kind; /* enum ut_distillation or LOSS_CROSS_ENTROPY */
	double temperature, alpha;
	unsigned R;
	struct reference_columns c;
	struct test_operand student, teacher, labels, gradient, loss, moments;
};

/* R, columns, and logits from flat to one-sided, at random. */
struct loss_problem loss_problem_new(struct test_random *random, int kind,
				     size_t B);
void loss_problem_free(struct loss_problem *p);
void loss_describe(char *text, size_t size, const char *what,
		   const struct loss_problem *p);

/* Multiplies the whole array. */
void loss_stretch(struct test_operand *x, float by);

/* Gives the teacher's moments to the problem, as the host computes them. */
void loss_fill_moments(struct loss_problem *p);

/* Of type test_run; arguments is a problem. Outputs: gradient, loss; moments. */
void loss_run(struct ut_device *device, const void *arguments,
	      struct test_output *output);
void loss_run_moments(struct ut_device *device, const void *arguments,
		      struct test_output *output);

/* Fails unless replica r's result is close to the oracle's, and clean. */
void loss_compare(const char *what, const struct loss_problem *p, unsigned r,
		  const struct test_output *got);

/* Fails unless it has the bits of the page written out plainly. */
void loss_compare_contract(const char *what, const struct loss_problem *p,
			   unsigned r, const struct test_output *got);

#endif
