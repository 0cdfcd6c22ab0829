/* Likeness of networks against PyTorch's numbers, and what must hold anyway. */
#include <math.h>
#include <stdlib.h>

#include "report/probe.h"
#include "report/similarity.h"
#include "support/tensors.h"
#include "support/testing.h"

static struct test_tensors *file;

static void open_file(void)
{
	file = test_tensors_read("tests/golden/metrics.safetensors");
}

static void close_file(void)
{
	test_tensors_free(file);
}

static double *golden(const char *name, size_t expected)
{
	size_t count;
	double *tensor = test_tensor(file, name, &count);

	ck_assert_ptr_nonnull(tensor);
	ck_assert_uint_eq(count, expected);
	return tensor;
}

/* The same as floats, which the file's inputs are exactly. */
static float *golden_floats(const char *name, size_t expected)
{
	double *tensor = golden(name, expected);
	float *floats = test_alloc(expected, sizeof(*floats));
	size_t i;

	for (i = 0; i < expected; ++i)
		floats[i] = (float)tensor[i];
	free(tensor);
	return floats;
}

static void near(double value, double expected, double tolerance)
{
	double distance = fabs(value - expected);

	ck_assert_msg(!!(distance <= tolerance * fabs(expected)),
		      "%.17g is not %.17g", value, expected);
}

START_TEST(the_cosine_is_pytorchs)
{
	float *u = golden_floats("cosine.u", 1000);
	float *v = golden_floats("cosine.v", 1000);
	double *value = golden("cosine.value", 1);
	const float nothing[3] = {0}, something[3] = {1, 2, 3};

	near(ut_cosine(u, v, 1000), *value, 1e-12);
	near(ut_cosine(u, u, 1000), 1, 1e-15);
	ck_assert(isnan(ut_cosine(nothing, something, 3)));
	free(u);
	free(v);
	free(value);
}
END_TEST

START_TEST(the_divergence_is_pytorchs)
{
	double *p = golden("kl.p_logits", 160), *q = golden("kl.q_logits", 160);
	double *rows = golden("kl.rows", 16), *mean = golden("kl.mean", 1);
	double sum = 0;
	size_t i;

	for (i = 0; i < 16; ++i) {
		double value = ut_kl(p + 10 * i, q + 10 * i, 10);

		near(value, rows[i], 1e-12);
		sum += value;
	}
	near(sum / 16, *mean, 1e-12);
	ck_assert(ut_kl(p, p, 10) == 0);
	free(p);
	free(q);
	free(rows);
	free(mean);
}
END_TEST

/* The products of activations (n, d), which stay as they are. */
static double *gram_of(const double *x, size_t n, size_t d)
{
	double *features = test_alloc(n * d, sizeof(double));
	double *gram = test_alloc(n * n, sizeof(double));
	size_t i, f;

	for (i = 0; i < n; ++i)
		for (f = 0; f < d; ++f)
			features[f * n + i] = x[i * d + f];
	ut_gram(features, d, n, gram);
	free(features);
	return gram;
}

START_TEST(linear_cka_is_pytorchs)
{
	double *x = golden("cka.x", 64 * 20), *y = golden("cka.y", 64 * 33);
	double *value = golden("cka.linear", 1);
	double *gram_x = gram_of(x, 64, 20), *gram_y = gram_of(y, 64, 33);

	near(ut_linear_cka(gram_x, gram_y, 64), *value, 1e-12);
	near(ut_linear_cka(gram_x, gram_x, 64), 1, 1e-14);
	free(x);
	free(y);
	free(value);
	free(gram_x);
	free(gram_y);
}
END_TEST

START_TEST(linear_cka_sees_neither_rotation_nor_scale_nor_shift)
{
	enum { N = 13, D = 2 };
	struct test_random random = {5};
	double x[N * D], y[N * D], other[N * D];
	double *gram_x, *gram_y, *gram_other;
	size_t i;

	for (i = 0; i < N; ++i) {
		double a = test_value(&random), b = test_value(&random);

		x[2 * i] = a;
		x[2 * i + 1] = b;
		y[2 * i] = 7 * (0.6 * a - 0.8 * b) + 3;
		y[2 * i + 1] = 7 * (0.8 * a + 0.6 * b) - 5;
		other[2 * i] = a * a;
		other[2 * i + 1] = 0;
	}
	gram_x = gram_of(x, N, D);
	gram_y = gram_of(y, N, D);
	gram_other = gram_of(other, N, D);
	near(ut_linear_cka(gram_x, gram_y, N), 1, 1e-12);
	ck_assert(ut_linear_cka(gram_x, gram_other, N) < 0.9);
	free(gram_other);
	for (i = 0; i < N * D; ++i)
		other[i] = 4;
	gram_other = gram_of(other, N, D);
	ck_assert(isnan(ut_linear_cka(gram_x, gram_other, N)));
	free(gram_x);
	free(gram_y);
	free(gram_other);
}
END_TEST

START_TEST(products_of_any_size_are_the_plain_sum)
{
	struct test_random random = {9};
	size_t sizes[][2] = {{1, 1},  {3, 5},    {65, 8},
			     {70, 9}, {130, 31}, {64, 33}};
	size_t s, i, j, k;

	for (s = 0; s < sizeof(sizes) / sizeof(*sizes); ++s) {
		size_t rows = sizes[s][0], columns = sizes[s][1];
		double *a = test_alloc(rows * columns, sizeof(double));
		double *p = test_alloc(columns * columns, sizeof(double));

		for (i = 0; i < rows * columns; ++i)
			a[i] = test_value(&random);
		ut_self_product(a, rows, columns, p);
		for (i = 0; i < columns; ++i)
			for (j = 0; j < columns; ++j) {
				double sum = 0, size = 0;

				for (k = 0; k < rows; ++k) {
					double both = a[k * columns + i] *
						      a[k * columns + j];

					sum += both;
					size += fabs(both);
				}
				ck_assert(!!(fabs(p[i * columns + j] - sum) <=
					     1e-14 * size));
			}
		free(a);
		free(p);
	}
}
END_TEST

START_TEST(a_displacement_is_measured_along_anothers)
{
	const float start[] = {3, 4, 0}, now[] = {3, 4, 2};
	const float origin[] = {1, 1, 1}, goal[] = {1, 4, 5};
	struct ut_displacement d =
		ut_displacement_of(start, now, origin, goal, 3);

	/* (0, 0, 2) beside (0, 3, 4) */
	near(d.drift, 2.0 / 5, 1e-15);
	near(d.cosine, 8.0 / 10, 1e-15);
	near(d.progress, 8.0 / 25, 1e-15);
	d = ut_displacement_of(origin, goal, origin, goal, 3);
	near(d.cosine, 1, 1e-15);
	near(d.progress, 1, 1e-15);
	d = ut_displacement_of(start, start, origin, goal, 3);
	ck_assert(d.drift == 0 && d.progress == 0 && isnan(d.cosine));
	d = ut_displacement_of(start, now, origin, origin, 3);
	ck_assert(isnan(d.progress) && isnan(d.cosine));
}
END_TEST

START_TEST(a_system_is_solved)
{
	double a[] = {4, 2, 0.6, 2, 5, 1, 0.6, 1, 3};
	double b[] = {4 + 4 + 1.8, -0.6, 2 + 10 + 3, -1, 0.6 + 2 + 9, -3};
	const double x[] = {1, 0, 2, 0, 3, -1};
	double flat[] = {1, 1, 1, 1}, any[] = {1, 1};
	size_t i;

	ck_assert(ut_cholesky_solve(a, b, 3, 2));
	for (i = 0; i < 6; ++i)
		ck_assert(!!(fabs(b[i] - x[i]) <= 1e-14));
	ck_assert(!ut_cholesky_solve(flat, any, 2, 1));
}
END_TEST

/* A number in [-1, 1). */
static double draw(struct test_random *random)
{
	return test_word(random) / 2147483648.0 - 1;
}

/* Points of three classes around three corners, `spread` wide. */
static struct ut_probe_set draw_set(struct test_random *random, size_t count,
				    double spread)
{
	static const double corners[3][4] = {{5, 0, 1, 0},
					     {0, 5, 1, 0},
					     {-4, -4, 1, 0}};
	uint8_t *labels = test_alloc(count, 1);
	struct ut_probe_set set = {count, test_alloc(4 * count, sizeof(double)),
				   labels};
	size_t i, f;

	for (i = 0; i < count; ++i) {
		labels[i] = (uint8_t)(i % 3);
		for (f = 0; f < 2; ++f)
			set.features[4 * i + f] =
				corners[i % 3][f] + spread * draw(random);
		/* a feature that is constant, and one that is dead */
		set.features[4 * i + 2] = 1;
	}
	return set;
}

static double probe(double spread, bool deaf)
{
	struct test_random random = {3};
	struct ut_probe_set train = draw_set(&random, 300, spread);
	struct ut_probe_set test = draw_set(&random, 90, spread);
	struct ut_error error;
	double accuracy;
	size_t i;

	for (i = 0; deaf && i < 4 * train.count; ++i)
		train.features[i] = 0;
	ck_assert(!ut_probe(train, test, 4, 3, &accuracy, &error));
	free(train.features);
	free((void *)train.labels);
	free(test.features);
	free((void *)test.labels);
	return accuracy;
}

START_TEST(a_probe_reads_what_is_there)
{
	ck_assert(probe(1, false) == 1);
	ck_assert(probe(40, false) < 0.6);
	/* features that say nothing: the commonest class, the first of equal */
	near(probe(1, true), 1.0 / 3, 1e-15);
	ck_assert(isnan(probe(NAN, false)));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("similarity");

	tcase_add_checked_fixture(tests, open_file, close_file);
	tcase_add_test(tests, the_cosine_is_pytorchs);
	tcase_add_test(tests, the_divergence_is_pytorchs);
	tcase_add_test(tests, linear_cka_is_pytorchs);
	tcase_add_test(tests,
		       linear_cka_sees_neither_rotation_nor_scale_nor_shift);
	tcase_add_test(tests, products_of_any_size_are_the_plain_sum);
	tcase_add_test(tests, a_displacement_is_measured_along_anothers);
	tcase_add_test(tests, a_system_is_solved);
	tcase_add_test(tests, a_probe_reads_what_is_there);
	return test_main_alone("similarity", tests);
}
