/*
 * Problems of convolutions and of pooling, the operations that solve them on a
 * device, and what must come out: by the contract, bit for bit, and by the dull
 * oracle in double.
 */
#ifndef UT_TEST_CONV_H
#define UT_TEST_CONV_H

#include <undertone/ops.h>

#include "operands.h"

/* One problem: x * w + b = y, pooled or not, its gradients, and a gate. */
struct conv_problem {
	unsigned R;
	struct ut_conv_shape shape;
	bool relu, bias, gated, indexed; /* indexed: forward stores the index */
	float scale;
	struct test_operand x, w, b, dy, index, gate, y, taken, dx, dw, db;
};

/* Odd shapes of every kind; the tiny ones for devices without an fma. */
struct ut_conv_shape conv_draw_shape(struct test_random *random, bool tiny);

/*
 * Random operands, and whether there are a bias, ReLU, a gate and an index. The
 * gradient dy is dense, half zero, mostly zero or nothing but zeros.
 */
struct conv_problem conv_problem_new(struct test_random *random, unsigned R,
				     const struct ut_conv_shape *shape);
void conv_problem_free(struct conv_problem *p);
void conv_describe(char *text, size_t size, const char *what,
		   const struct conv_problem *p);

/* Of type test_run; arguments is a problem. Outputs: y, index; dx; dw, db. */
void conv_run_forward(struct ut_device *device, const void *arguments,
		      struct test_output *output);
void conv_run_data(struct ut_device *device, const void *arguments,
		   struct test_output *output);
void conv_run_weights(struct ut_device *device, const void *arguments,
		      struct test_output *output);

/* The contract, for one replica: fmaf in its order. b, gate, db, taken may be
 * NULL, and so may index without pooling. */
void contract_conv_forward(const struct ut_conv_shape *shape, const float *x,
			   const float *w, const float *b, bool relu, float *y,
			   uint8_t *taken);
void contract_conv_data(const struct ut_conv_shape *shape, const float *dy,
			const uint8_t *index, const float *w, const float *gate,
			float scale, float *dx);
void contract_conv_weights(const struct ut_conv_shape *shape, const float *x,
			   const float *dy, const uint8_t *index, float *dw,
			   float *db);

/*
 * The oracle. full (B, OH, OW, O) is the output before the pool; dfull is the
 * gradient with respect to it.
 */
void reference_conv_forward(const struct ut_conv_shape *shape, const double *x,
			    const double *w, const double *b, bool relu,
			    double *full);
void reference_conv_backward(const struct ut_conv_shape *shape, const double *x,
			     const double *w, const double *dfull, double *dx,
			     double *dw, double *db);

/* y, and dy spread over the places before the pool, where there is one. */
void reference_conv_pool(const struct ut_conv_shape *shape, const double *full,
			 double *y);
void reference_conv_spread(const struct ut_conv_shape *shape, const double *dy,
			   const uint8_t *index, double *dfull);
size_t conv_full_count(const struct ut_conv_shape *shape);

/* Pooling beside each other: every operation of one shape. */
struct pool_problem {
	unsigned R;
	size_t B, H, W, C;
	unsigned side;
	bool indexed, gated;
	float scale;
	struct test_operand x, dy, index, gate, y, taken, dx;
};
struct pool_problem pool_problem_new(struct test_random *random, unsigned R,
				     bool tiny);
void pool_problem_free(struct pool_problem *p);
void pool_describe(char *text, size_t size, const char *what,
		   const struct pool_problem *p);

/* Outputs: y, index; y; dx of max-pooling if indexed, else of averages. */
void pool_run_max(struct ut_device *device, const void *arguments,
		  struct test_output *output);
void pool_run_average(struct ut_device *device, const void *arguments,
		      struct test_output *output);
void pool_run_backward(struct ut_device *device, const void *arguments,
		       struct test_output *output);

#endif
