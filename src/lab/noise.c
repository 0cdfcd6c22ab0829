/* The images that students see: noise of the recipe's family. */
#include "lab/noise.h"

#include <math.h>

#include "scalar.h"

enum { RADIUS_MAX = 48 };

/*
 * exp(-x), x >= 0, from additions and products alone, so that the blur's
 * weights do not depend on a mathematical library: (1 - y + y^2/2 - ...)^1024,
 * y = x / 1024.
 */
static double falling_exp(double x)
{
	double y = x / 1024, term = 1, sum = 1;
	int i;

	for (i = 1; i <= 12; ++i) {
		term = term * -y / i;
		sum = sum + term;
	}
	for (i = 0; i < 10; ++i)
		sum = sum * sum;
	return sum;
}

/* A Gaussian whose squares add up to 1: normal numbers keep their variance. */
static void draw_weights(struct ut_noise *noise, double sigma)
{
	float weights[2 * RADIUS_MAX + 1];
	double values[RADIUS_MAX + 1], squares = 0;
	size_t radius = noise->radius, i;

	for (i = 0; i <= radius; ++i) {
		values[i] = falling_exp((double)(i * i) / (2 * sigma * sigma));
		squares += (i ? 2 : 1) * values[i] * values[i];
	}
	for (i = 0; i <= radius; ++i)
		weights[radius + i] = weights[radius - i] =
			ut_clean((float)(values[i] / sqrt(squares)));
	noise->weights =
		ut_buffer_new(noise->session->device, UT_F32, 2 * radius + 1);
	if (noise->weights)
		ut_buffer_write(noise->weights, 0, 2 * radius + 1, weights);
}

/* z to the input: scaled and moved, and then as images are if it is a pixel. */
static struct ut_affine affine_of(const struct ut_session *session, double unit)
{
	const struct ut_recipe *recipe = session->recipe;
	double scale = recipe->distill.noise_scale * unit;
	double shift = recipe->distill.noise_shift;
	struct ut_affine affine = ut_affine_of((float)scale, (float)shift);
	size_t c, channels = session->net.image.C;

	if (recipe->distill.noise_space == UT_SPACE_INPUT)
		return affine;
	affine.channels = (unsigned)channels;
	for (c = 0; c < channels; ++c) {
		affine.scale[c] = (float)(scale / session->deviation[c]);
		affine.shift[c] = (float)((shift - session->mean[c]) /
					  session->deviation[c]);
	}
	return affine;
}

/* The weight of the field that all channels share; 0 where there is one. */
static double shared_weight(const struct ut_noise *noise)
{
	const struct ut_session *session = noise->session;

	return session->net.image.C == 1
		       ? 0
		       : session->recipe->distill.noise_correlation;
}

void ut_noise_init(struct ut_noise *noise, const struct ut_session *session,
		   unsigned R, size_t B)
{
	const struct ut_recipe *recipe = session->recipe;
	struct ut_volume v = session->net.image;
	double unit = 1;
	size_t tall;

	*noise = (struct ut_noise){.session = session, .R = R, .B = B};
	switch (recipe->distill.noise) {
	case UT_NOISE_BLURRED:
		noise->radius = (size_t)ceil(3 * recipe->distill.noise_sigma);
		tall = v.H + 2 * noise->radius;
		noise->numbers = tall * (v.W + 2 * noise->radius) * v.C;
		noise->half = ut_buffer_new(session->device, UT_F32,
					    R * B * tall * v.W * v.C);
		draw_weights(noise, recipe->distill.noise_sigma);
		break;
	case UT_NOISE_OCTAVES:
		noise->numbers = ut_octave_numbers(v.H, v.W, v.C,
						   shared_weight(noise) > 0);
		unit = 1 / ut_octave_deviation(v.H, v.W);
		break;
	default:
		noise->numbers = v.H * v.W * v.C;
	}
	if (recipe->distill.noise >= UT_NOISE_BLURRED)
		noise->raw = ut_buffer_new(session->device, UT_F32,
					   R * B * noise->numbers);
	noise->affine = affine_of(session, unit);
}

void ut_noise_release(struct ut_noise *noise)
{
	ut_buffer_free(noise->raw);
	ut_buffer_free(noise->half);
	ut_buffer_free(noise->weights);
	*noise = (struct ut_noise){0};
}

/* Blurs a larger image of noise along its rows, then along its columns. */
static void blur(const struct ut_noise *noise, size_t b, struct ut_slice x)
{
	struct ut_device *device = noise->session->device;
	struct ut_volume v = noise->session->net.image;
	size_t tall = v.H + 2 * noise->radius, taps = 2 * noise->radius + 1;
	size_t row = v.W * v.C;
	struct ut_filter op = {
		.R = noise->R,
		.A = b * tall,
		.N = v.W,
		.S = v.C,
		.taps = taps,
		.width = row,
		.affine = ut_affine_of(1, 0),
		.weights = {noise->weights, 0, taps, 0},
		.x = ut_rows(noise->raw, noise->B, b, noise->numbers),
		.y = ut_rows(noise->half, noise->B, b, tall * row),
	};

	ut_filter(device, &op);
	op.A = b;
	op.N = v.H;
	op.S = row;
	op.width = ut_net_input_width(&noise->session->net);
	op.affine = noise->affine;
	op.x = op.y;
	op.y = x;
	ut_filter(device, &op);
}

static void add_octaves(const struct ut_noise *noise, size_t b,
			struct ut_slice x)
{
	struct ut_volume v = noise->session->net.image;
	double shared = shared_weight(noise);

	ut_octaves(noise->session->device,
		   &(struct ut_octaves){
			   .R = noise->R,
			   .B = b,
			   .H = v.H,
			   .W = v.W,
			   .C = v.C,
			   .width = ut_net_input_width(&noise->session->net),
			   .shared = (float)shared,
			   .own = (float)sqrt(1 - shared * shared),
			   .affine = noise->affine,
			   .x = ut_rows(noise->raw, noise->B, b,
					noise->numbers),
			   .y = x,
		   });
}

void ut_noise_make(const struct ut_noise *noise, struct ut_rng rng,
		   struct ut_slice rows, size_t b, struct ut_slice x)
{
	int family = noise->session->recipe->distill.noise;
	bool raw = noise->raw != NULL;
	struct ut_random op = {
		.R = noise->R,
		.B = b,
		.columns = noise->numbers,
		.width = raw ? noise->numbers
			     : ut_net_input_width(&noise->session->net),
		.distribution =
			family == UT_NOISE_UNIFORM ? UT_UNIFORM : UT_NORMAL,
		.affine = raw ? ut_affine_of(1, 0) : noise->affine,
		.rng = rng,
		.rows = rows,
		.x = raw ? ut_rows(noise->raw, noise->B, b, noise->numbers) : x,
	};

	ut_random(noise->session->device, &op);
	if (family == UT_NOISE_BLURRED)
		blur(noise, b, x);
	else if (family == UT_NOISE_OCTAVES)
		add_octaves(noise, b, x);
}
