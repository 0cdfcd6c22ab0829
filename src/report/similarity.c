/* How alike two networks are: their weights, activations and answers. */
#include "report/similarity.h"

#include <math.h>
#include <string.h>

enum {
	/* of a product that is made at a time; rows of a stay in the cache */
	TILE_ROWS = 4,
	TILE_COLUMNS = 8,
	PANEL = 64,
};

static double ratio(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

double ut_cosine(const float *u, const float *v, size_t count)
{
	double uu = 0, vv = 0, uv = 0;
	size_t i;

	for (i = 0; i < count; ++i) {
		double a = u[i], b = v[i];

		uu += a * a;
		vv += b * b;
		uv += a * b;
	}
	return ratio(uv, sqrt(uu) * sqrt(vv));
}

struct ut_displacement ut_displacement_of(const float *start, const float *now,
					  const float *origin,
					  const float *goal, size_t count)
{
	double lengths = 0, own = 0, other = 0, product = 0;
	size_t i;

	for (i = 0; i < count; ++i) {
		double from = start[i];
		double a = now[i] - from, b = (double)goal[i] - origin[i];

		lengths += from * from;
		own += a * a;
		other += b * b;
		product += a * b;
	}
	return (struct ut_displacement){
		.drift = ratio(sqrt(own), sqrt(lengths)),
		.cosine = ratio(product, sqrt(own) * sqrt(other)),
		.progress = ratio(product, other),
	};
}

/*
 * A tile of the product from (i, j) on, over some rows of a: constant sizes are
 * what a compiler makes vectors of.
 */
static inline void add_tile(const double *a, size_t rows, size_t columns,
			    size_t i, size_t j, size_t high, size_t wide,
			    double *product)
{
	double sum[TILE_ROWS][TILE_COLUMNS] = {{0}};
	size_t k, m, n;

	for (k = 0; k < rows; ++k) {
		const double *row = a + k * columns;

		for (m = 0; m < high; ++m)
			for (n = 0; n < wide; ++n)
				sum[m][n] += row[i + m] * row[j + n];
	}
	for (m = 0; m < high; ++m)
		for (n = 0; n < wide; ++n)
			product[(i + m) * columns + j + n] += sum[m][n];
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The tiles on and above the diagonal. */
static void add_panel(const double *a, size_t rows, size_t columns,
		      double *product)
{
	size_t i, j;

	for (j = 0; j < columns; j += TILE_COLUMNS)
		for (i = 0; i < least(j + TILE_COLUMNS, columns);
		     i += TILE_ROWS) {
			size_t high = least(TILE_ROWS, columns - i);
			size_t wide = least(TILE_COLUMNS, columns - j);

			if (high == TILE_ROWS && wide == TILE_COLUMNS)
				add_tile(a, rows, columns, i, j, TILE_ROWS,
					 TILE_COLUMNS, product);
			else
				add_tile(a, rows, columns, i, j, high, wide,
					 product);
		}
}

void ut_self_product(const double *a, size_t rows, size_t columns,
		     double *product)
{
	size_t k, i, j;

	memset(product, 0, columns * columns * sizeof(*product));
	for (k = 0; k < rows; k += PANEL)
		add_panel(a + k * columns, least(PANEL, rows - k), columns,
			  product);
	for (i = 0; i < columns; ++i)
		for (j = 0; j < i; ++j)
			product[i * columns + j] = product[j * columns + i];
}

void ut_gram(double *features, size_t d, size_t n, double *gram)
{
	size_t f, i;

	for (f = 0; f < d; ++f) {
		double *row = features + f * n, mean = 0;

		for (i = 0; i < n; ++i)
			mean += row[i];
		mean /= (double)n;
		for (i = 0; i < n; ++i)
			row[i] -= mean;
	}
	ut_self_product(features, d, n, gram);
}

static double product_of(const double *a, const double *b, size_t count)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < count; ++i)
		sum += a[i] * b[i];
	return sum;
}

double ut_linear_cka(const double *gram_x, const double *gram_y, size_t n)
{
	/* |Y^T X|^2 = trace of X X^T Y Y^T, and |X^T X| = |X X^T| */
	double xx = sqrt(product_of(gram_x, gram_x, n * n));
	double yy = sqrt(product_of(gram_y, gram_y, n * n));

	return ratio(product_of(gram_x, gram_y, n * n), xx * yy);
}

/* log of the sum of exp. */
static double log_sum(const double *logits, size_t count)
{
	double most = logits[0], sum = 0;
	size_t i;

	for (i = 1; i < count; ++i)
		if (logits[i] > most)
			most = logits[i];
	for (i = 0; i < count; ++i)
		sum += exp(logits[i] - most);
	return most + log(sum);
}

double ut_kl(const double *p, const double *q, size_t count)
{
	double p_all = log_sum(p, count), q_all = log_sum(q, count), sum = 0;
	size_t i;

	for (i = 0; i < count; ++i) {
		double log_p = p[i] - p_all, log_q = q[i] - q_all;

		sum += exp(log_p) * (log_p - log_q);
	}
	return sum;
}
