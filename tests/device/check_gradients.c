/*
 * Every gradient is the slope of what it claims to be the gradient of: central
 * differences of the double-precision oracle against the host's operations.
 */
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "support/testing.h"

typedef double objective(const void *context);

/* The slopes of f along the elements of `along`, which f reads. */
static double *slopes(objective *f, const void *context, double *along,
		      size_t count)
{
	const double h = 0x1p-14;
	double *slope = test_alloc(count, sizeof(*slope));
	size_t i;

	for (i = 0; i < count; ++i) {
		double at = along[i], up;

		along[i] = at + h;
		up = f(context);
		along[i] = at - h;
		slope[i] = (up - f(context)) / (2 * h);
		along[i] = at;
	}
	return slope;
}

static void expect_slopes(const char *what, objective *f, const void *context,
			  double *along, size_t count, const float *gradient,
			  double tolerance)
{
	double *slope = slopes(f, context, along, count);

	test_close(what, gradient, slope, count, tolerance);
	free(slope);
}

static void fill(struct test_random *random, float *narrow, double *wide,
		 size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i) {
		narrow[i] = test_value(random);
		wide[i] = narrow[i];
	}
}

/* Linear layers ------------------------------------------------------------ */

enum { B = 5, D = 7, O = 6 };

struct layer {
	double z[B * D], w[D * O], b[O], dy[B * O];
	double scale; /* x = scale ReLU(z); 0: x = z */
};

/* sum(dy * y) */
static double layer_objective(const void *context)
{
	const struct layer *layer = context;
	double x[B * D], y[B * O], sum = 0;
	int i;

	for (i = 0; i < B * D; ++i) {
		x[i] = layer->z[i];
		if (layer->scale != 0)
			x[i] = x[i] > 0 ? x[i] * layer->scale : 0;
	}
	reference_linear_forward((struct reference_shape){B, D, O}, x, layer->w,
				 layer->b, false, y);
	for (i = 0; i < B * O; ++i)
		sum += layer->dy[i] * y[i];
	return sum;
}

static void check_layer(uint64_t seed, float scale)
{
	struct ut_device *device = test_device(0)->device;
	struct test_random random = {seed};
	struct layer layer = {.scale = (double)scale};
	float z[B * D], w[D * O], b[O], dy[B * O], none[D * O] = {0};
	struct ut_slice gate = {0};
	struct test_output got = {0};
	int i;

	fill(&random, z, layer.z, B * D);
	fill(&random, w, layer.w, D * O);
	fill(&random, b, layer.b, O);
	fill(&random, dy, layer.dy, B * O);
	for (i = 0; i < B * D; ++i) /* clear of the kink at 0 */
		layer.z[i] = z[i] += z[i] < 0 ? -0.01f : 0.01f;
	if (scale != 0)
		gate = test_upload_f32(device, z, 1, B * D);
	struct ut_linear_data data = {
		1,
		B,
		D,
		O,
		test_upload_f32(device, dy, 1, B * O),
		test_upload_f32(device, w, 1, D * O),
		gate,
		scale,
		test_upload_f32(device, none, 1, B * D),
	};

	ut_linear_backward_data(device, &data);
	test_take(&got, "dx", data.dx);
	expect_slopes("dx", layer_objective, &layer, layer.z, B * D,
		      test_output_f32(&got, 0, 0), 1e-5);
	test_output_free(&got);
	test_drop(data.dy);
	test_drop(data.w);
	test_drop(gate);
	if (scale != 0)
		return;

	struct ut_linear_weights weights = {
		1,
		B,
		D,
		O,
		test_upload_f32(device, z, 1, B * D),
		test_upload_f32(device, dy, 1, B * O),
		test_upload_f32(device, none, 1, D * O),
		test_upload_f32(device, none, 1, O),
	};

	ut_linear_backward_weights(device, &weights);
	test_take(&got, "dw", weights.dw);
	test_take(&got, "db", weights.db);
	expect_slopes("dw", layer_objective, &layer, layer.w, D * O,
		      test_output_f32(&got, 0, 0), 1e-5);
	expect_slopes("db", layer_objective, &layer, layer.b, O,
		      test_output_f32(&got, 1, 0), 1e-5);
	test_output_free(&got);
	test_drop(weights.x);
	test_drop(weights.dy);
}

START_TEST(linear_gradients_are_slopes)
{
	check_layer(1, 0);
}
END_TEST

START_TEST(the_gated_gradient_is_the_slope_through_relu_and_dropout)
{
	check_layer(2, 1.0f);
	check_layer(3, 1.25f);
}
END_TEST

/* Losses ------------------------------------------------------------------- */

enum { ROWS = 6, COLUMNS = 9, FIRST = 2, COUNT = 5, CROSS_ENTROPY = -1 };

struct distance {
	int kind; /* enum ut_distillation or CROSS_ENTROPY */
	double temperature, alpha;
	double student[ROWS * COLUMNS], teacher[ROWS * COLUMNS];
	uint32_t labels[ROWS];
};

static const struct reference_columns columns = {ROWS, COLUMNS, FIRST, COUNT};

/* The mean loss of the batch. */
static double distance_objective(const void *context)
{
	const struct distance *d = context;
	double loss[ROWS], gradient[ROWS * COLUMNS];

	if (d->kind == CROSS_ENTROPY)
		reference_cross_entropy(columns, d->student, d->labels, loss,
					gradient);
	else
		reference_distil(columns,
				 (struct reference_distance){
					 (enum ut_distillation)d->kind,
					 d->temperature, d->alpha},
				 d->student, d->teacher, d->labels, loss,
				 gradient);
	return reference_mean(loss, ROWS);
}

static void check_distance(int kind, double temperature, double alpha)
{
	struct ut_device *device = test_device(0)->device;
	struct test_random random = {10};
	struct distance d = {kind, temperature, alpha, {0}, {0}, {0}};
	float student[ROWS * COLUMNS], teacher[ROWS * COLUMNS];
	float none[ROWS * COLUMNS] = {0};
	struct test_output got = {0};
	int i;

	fill(&random, student, d.student, ROWS * COLUMNS);
	fill(&random, teacher, d.teacher, ROWS * COLUMNS);
	for (i = 0; i < ROWS; ++i)
		d.labels[i] = test_word(&random) % COUNT;

	struct ut_loss loss = {
		1,
		ROWS,
		COLUMNS,
		FIRST,
		COUNT,
		test_upload_f32(device, student, 1, ROWS * COLUMNS),
		test_upload_f32(device, none, 1, ROWS * COLUMNS),
		test_upload_f32(device, none, 1, ROWS),
	};
	struct ut_slice t = test_upload_f32(device, teacher, 1, ROWS * COLUMNS);
	struct ut_slice labels = test_upload_u32(device, d.labels, 1, ROWS);
	struct ut_slice moments = test_upload_f32(device, none, 1, 2 * COUNT);

	if (kind == CROSS_ENTROPY) {
		ut_cross_entropy(device, &loss, labels);
	} else {
		ut_moments(device, 1, ROWS, COLUMNS, FIRST, COUNT, t, moments);
		ut_distil(device, &(struct ut_distil){
					  loss,
					  (enum ut_distillation)kind,
					  t,
					  moments,
					  labels,
					  temperature,
					  alpha,
				  });
	}
	test_take(&got, "gradient", loss.gradient);
	expect_slopes("gradient", distance_objective, &d, d.student,
		      ROWS * COLUMNS, test_output_f32(&got, 0, 0), 2e-6);
	test_output_free(&got);
	test_drop(loss.logits);
	test_drop(loss.loss);
	test_drop(t);
	test_drop(labels);
	test_drop(moments);
}

START_TEST(cross_entropy_gradient_is_a_slope)
{
	check_distance(CROSS_ENTROPY, 1, 0);
}
END_TEST

START_TEST(kl_gradient_is_a_slope)
{
	check_distance(UT_KL, 1, 0);
}
END_TEST

START_TEST(mse_gradient_is_a_slope)
{
	check_distance(UT_MSE, 1, 0);
}
END_TEST

START_TEST(normalised_mse_gradient_is_a_slope)
{
	check_distance(UT_MSE_NORM, 1, 0);
}
END_TEST

START_TEST(reverse_kl_gradient_is_a_slope)
{
	check_distance(UT_REVERSE_KL, 1, 0);
}
END_TEST

START_TEST(js_gradient_is_a_slope)
{
	check_distance(UT_JS, 1, 0);
}
END_TEST

START_TEST(cosine_gradient_is_a_slope)
{
	check_distance(UT_COSINE_DISTANCE, 1, 0);
}
END_TEST

START_TEST(gradients_at_other_temperatures_are_slopes)
{
	static const int kinds[] = {UT_KL, UT_REVERSE_KL, UT_JS, UT_KD};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); ++i) {
		check_distance(kinds[i], 0.5, 0);
		check_distance(kinds[i], 4, 0);
	}
}
END_TEST

START_TEST(classic_distillation_gradient_is_a_slope)
{
	check_distance(UT_KD, 1, 0.5);
	check_distance(UT_KD, 4, 0.3);
	check_distance(UT_KD, 3, 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("gradients");

	tcase_add_test(tests, linear_gradients_are_slopes);
	tcase_add_test(
		tests,
		the_gated_gradient_is_the_slope_through_relu_and_dropout);
	tcase_add_test(tests, cross_entropy_gradient_is_a_slope);
	tcase_add_test(tests, kl_gradient_is_a_slope);
	tcase_add_test(tests, mse_gradient_is_a_slope);
	tcase_add_test(tests, normalised_mse_gradient_is_a_slope);
	tcase_add_test(tests, reverse_kl_gradient_is_a_slope);
	tcase_add_test(tests, js_gradient_is_a_slope);
	tcase_add_test(tests, cosine_gradient_is_a_slope);
	tcase_add_test(tests, gradients_at_other_temperatures_are_slopes);
	tcase_add_test(tests, classic_distillation_gradient_is_a_slope);
	return test_main_host("gradients", tests);
}
