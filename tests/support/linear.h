/* Problems of linear layers, and the operations that solve them on a device. */
#ifndef UT_TEST_LINEAR_H
#define UT_TEST_LINEAR_H

#include <undertone/ops.h>

#include "operands.h"
#include "reference.h"

/* One problem: x w + b = y, its gradients, and a gate as ReLU leaves it. */
struct linear_problem {
	unsigned R;
	struct reference_shape shape;
	bool relu, bias, gated;
	float scale;
	struct test_operand x, w, b, dy, gate, y, dx, dw, db;
};

/* Odd shapes, multiples of 16, batches across the chunk, and slivers. */
struct reference_shape linear_draw_shape(struct test_random *random,
					 unsigned number);

/* Random operands, and whether there are a bias, ReLU and a gate. */
struct linear_problem linear_problem_new(struct test_random *random, unsigned R,
					 struct reference_shape s);
void linear_problem_free(struct linear_problem *p);
void linear_describe(char *text, size_t size, const char *what,
		     const struct linear_problem *p);

/* Of type test_run; arguments is a problem. Outputs: y; dx; dw and db. */
void linear_run_forward(struct ut_device *device, const void *arguments,
			struct test_output *output);
void linear_run_data(struct ut_device *device, const void *arguments,
		     struct test_output *output);
void linear_run_weights(struct ut_device *device, const void *arguments,
			struct test_output *output);

#endif
