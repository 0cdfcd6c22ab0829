/*
 * The dull oracle: every operation of ops.h for one replica, in double, from
 * the textbook's formula and not from the contract's. It knows no order of
 * sums, no cleaning and no chunks: results are compared within a tolerance.
 *
 * Dimensions as in ops.h. Arrays are row-major; results go where the last
 * arguments point.
 */
#ifndef UT_REFERENCE_H
#define UT_REFERENCE_H

#include <undertone/ops.h>

struct reference_shape {
	size_t B, D, O;
};

/* y (B, O) = x (B, D) w (D, O) + b (O); b may be NULL; then ReLU. */
void reference_linear_forward(struct reference_shape shape, const double *x,
			      const double *w, const double *b, bool relu,
			      double *y);

/*
 * dx (B, D), the gradient of sum(dy * y) with respect to x; with gate, with
 * respect to z, x = scale z where the gate is open.
 */
void reference_linear_data(struct reference_shape shape, const double *dy,
			   const double *w, const double *gate, double scale,
			   double *dx);

/* dw (D, O), db (O): the gradient with respect to w and b. */
void reference_linear_weights(struct reference_shape shape, const double *x,
			      const double *dy, double *dw, double *db);

/* Columns [first, first + count) of (B, C). */
struct reference_columns {
	size_t B, C, first, count;
};

/* loss (B) and the gradient (B, C) of its mean. */
void reference_cross_entropy(struct reference_columns c, const double *logits,
			     const uint32_t *labels, double *loss,
			     double *gradient);

/* Which distance, as struct ut_distil has it. */
struct reference_distance {
	enum ut_distillation kind;
	double temperature, alpha;
};

/* The same; the teacher's moments are computed here. labels: KD, or NULL. */
void reference_distil(struct reference_columns c, struct reference_distance by,
		      const double *student, const double *teacher,
		      const uint32_t *labels, double *loss, double *gradient);

/* mean (count), then the population deviation (count). */
void reference_moments(struct reference_columns c, const double *x,
		       double *moments);

double reference_mean(const double *x, size_t n);

struct reference_optimiser {
	enum ut_optimiser kind;
	double rate, beta1, beta2, epsilon, decay;
	unsigned step; /* from 1 */
};

void reference_optimise(const struct reference_optimiser *o, size_t n,
			double *w, const double *g, double *m, double *v);

/* The first largest of the columns of each row, counted from first; to (B). */
void reference_argmax(struct reference_columns c, const double *x,
		      uint32_t *to);

/* A number of [-1, 1) from a word, and a pair of normal ones from two. */
double reference_uniform(uint32_t word);
void reference_normals(uint32_t first, uint32_t second, double z[2]);

#endif
