/* The images that students see: noise of the recipe's family, real ones, both. */
#include "lab/noise.h"

#include <math.h>
#include <stdlib.h>

#include "lab/shown.h"
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
	noise->weights = ut_buffer_new(noise->group->session->device, UT_F32,
				       2 * radius + 1);
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
static double shared_weight(const struct ut_session *session)
{
	return session->net.image.C == 1
		       ? 0
		       : session->recipe->distill.noise_correlation;
}

/* Numbers of a replica's images on their way to what the network sees. */
struct plan {
	size_t radius, rank, numbers;
	size_t raw, half, real; /* an image's */
	size_t basis;           /* a replica's */
};

static struct plan plan_of(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	struct ut_volume v = session->net.image;
	size_t width = ut_net_input_width(&session->net), tall;
	struct plan plan = {.numbers = v.H * v.W * v.C};

	switch (recipe->distill.noise) {
	case UT_NOISE_BLURRED:
		plan.radius = (size_t)ceil(3 * recipe->distill.noise_sigma);
		tall = v.H + 2 * plan.radius;
		plan.numbers = tall * (v.W + 2 * plan.radius) * v.C;
		plan.raw = plan.numbers;
		plan.half = tall * v.W * v.C;
		break;
	case UT_NOISE_OCTAVES:
		plan.numbers = ut_octave_numbers(v.H, v.W, v.C,
						 shared_weight(session) > 0);
		plan.raw = plan.numbers;
		break;
	case UT_NOISE_LOWRANK:
	case UT_NOISE_CONSTANT:
		plan.rank = recipe->distill.noise == UT_NOISE_LOWRANK
				    ? recipe->distill.noise_rank
				    : 1;
		plan.numbers = plan.raw = plan.rank;
		plan.basis = plan.rank * width;
		break;
	default:
		break;
	}
	if (recipe->distill.noise_mix > 0)
		plan.real = width;
	return plan;
}

double ut_noise_bytes(const struct ut_session *session, size_t B)
{
	struct plan plan = plan_of(session);
	double image = (double)plan.raw + (double)plan.half + (double)plan.real;

	return 4 * ((double)B * image + (double)plan.basis);
}

/* A row of the input's width: a value by channel, +0 beyond the image. */
static void fill_row(const struct ut_noise *noise,
		     const float values[UT_CHANNELS_MAX], struct ut_buffer *to)
{
	const struct ut_session *session = noise->group->session;
	struct ut_volume v = session->net.image;
	size_t width = ut_net_input_width(&session->net), c;
	struct ut_random op = {
		.R = 1,
		.B = 1,
		.columns = v.H * v.W * v.C,
		.width = width,
		.affine = noise->affine,
		.x = {to, 0, width, width},
	};

	for (c = 0; c < UT_CHANNELS_MAX; ++c) {
		op.affine.scale[c] = 0;
		op.affine.shift[c] = values[c];
	}
	ut_random(session->device, &op);
}

/*
 * The directions that images are sums of, scaled as an image is: a replica's
 * own normal ones, or the one in which all pixels are equal.
 */
static void draw_basis(struct ut_noise *noise)
{
	const struct ut_group *group = noise->group;
	const struct ut_session *session = group->session;
	size_t width = ut_net_input_width(&session->net), c;
	size_t count = noise->rank * width;
	bool constant = session->recipe->distill.noise == UT_NOISE_CONSTANT;
	struct ut_volume v = session->net.image;
	struct ut_random op = {
		.R = group->R,
		.B = noise->rank,
		.columns = v.H * v.W * v.C,
		.width = width,
		.distribution = UT_NORMAL,
		.affine = noise->affine,
		.rng = ut_group_rng(group, UT_PURPOSE_BASIS, 0),
	};

	noise->shift = ut_buffer_new(session->device, UT_F32, width);
	noise->basis = ut_buffer_new(session->device, UT_F32,
				     (constant ? 1 : group->R) * count);
	fill_row(noise, noise->affine.shift, noise->shift);
	if (constant) {
		fill_row(noise, noise->affine.scale, noise->basis);
		return;
	}
	for (c = 0; c < UT_CHANNELS_MAX; ++c)
		op.affine.shift[c] = 0;
	op.x = (struct ut_slice){noise->basis, 0, count, count};
	ut_random(session->device, &op);
}

/* What makes the deviation of z one where it is not by itself. */
static double unit_of(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	struct ut_volume v = session->net.image;

	switch (recipe->distill.noise) {
	case UT_NOISE_OCTAVES:
		return 1 / ut_octave_deviation(v.H, v.W);
	case UT_NOISE_LOWRANK:
		return 1 / sqrt((double)recipe->distill.noise_rank);
	case UT_NOISE_ZEROS:
		return 0;
	default:
		return 1;
	}
}

/* R parts for B images each, or none. */
static struct ut_buffer *room(const struct ut_noise *noise, size_t each)
{
	const struct ut_group *group = noise->group;

	return each ? ut_buffer_new(group->session->device, UT_F32,
				    group->R * noise->B * each)
		    : NULL;
}

void ut_noise_init(struct ut_noise *noise, const struct ut_group *group,
		   size_t B)
{
	const struct ut_session *session = group->session;
	struct plan plan = plan_of(session);

	*noise = (struct ut_noise){
		.group = group,
		.B = B,
		.numbers = plan.numbers,
		.radius = plan.radius,
		.rank = plan.rank,
		.affine = affine_of(session, unit_of(session)),
	};
	noise->raw = room(noise, plan.raw);
	noise->half = room(noise, plan.half);
	noise->real = room(noise, plan.real);
	if (plan.radius)
		draw_weights(noise, session->recipe->distill.noise_sigma);
	if (plan.rank)
		draw_basis(noise);
}

void ut_noise_release(struct ut_noise *noise)
{
	ut_buffer_free(noise->raw);
	ut_buffer_free(noise->half);
	ut_buffer_free(noise->weights);
	ut_buffer_free(noise->basis);
	ut_buffer_free(noise->shift);
	ut_buffer_free(noise->real);
	*noise = (struct ut_noise){0};
}

/* Blurs a larger image of noise along its rows, then along its columns. */
static void blur(const struct ut_noise *noise, size_t b, struct ut_slice x)
{
	struct ut_device *device = noise->group->session->device;
	struct ut_volume v = noise->group->session->net.image;
	size_t tall = v.H + 2 * noise->radius, taps = 2 * noise->radius + 1;
	size_t row = v.W * v.C;
	struct ut_filter op = {
		.R = noise->group->R,
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
	op.width = ut_net_input_width(&noise->group->session->net);
	op.affine = noise->affine;
	op.x = op.y;
	op.y = x;
	ut_filter(device, &op);
}

static void add_octaves(const struct ut_noise *noise, size_t b,
			struct ut_slice x)
{
	struct ut_volume v = noise->group->session->net.image;
	double shared = shared_weight(noise->group->session);

	ut_octaves(noise->group->session->device,
		   &(struct ut_octaves){
			   .R = noise->group->R,
			   .B = b,
			   .H = v.H,
			   .W = v.W,
			   .C = v.C,
			   .width = ut_net_input_width(
				   &noise->group->session->net),
			   .shared = (float)shared,
			   .own = (float)sqrt(1 - shared * shared),
			   .affine = noise->affine,
			   .x = ut_rows(noise->raw, noise->B, b,
					noise->numbers),
			   .y = x,
		   });
}

/* Sums of the basis, with the images' normal numbers as weights. */
static void add_directions(const struct ut_noise *noise, size_t b,
			   struct ut_slice x)
{
	const struct ut_session *session = noise->group->session;
	size_t width = ut_net_input_width(&session->net);
	size_t count = noise->rank * width;
	bool constant = session->recipe->distill.noise == UT_NOISE_CONSTANT;

	ut_linear_forward(
		session->device,
		&(struct ut_linear){
			.R = noise->group->R,
			.B = b,
			.D = noise->rank,
			.O = width,
			.x = ut_rows(noise->raw, noise->B, b, noise->numbers),
			.w = {noise->basis, 0, count, constant ? 0 : count},
			.b = {noise->shift, 0, width, 0},
			.y = x,
		});
}

/* x (b, input width) = the real images named in ids (b). */
static void show(const struct ut_noise *noise, struct ut_slice ids, size_t b,
		 struct ut_slice x)
{
	const struct ut_session *session = noise->group->session;

	ut_gather_images(session->device,
			 &(struct ut_gather){
				 .R = noise->group->R,
				 .B = b,
				 .N = ut_shown_count(session),
				 .D = ut_dataset_image_bytes(session->data),
				 .width = ut_net_input_width(&session->net),
				 .images = ut_shown_images(session),
				 .ids = ids,
				 .affine = session->pixels,
				 .x = x,
			 });
}

static void make_noise(const struct ut_noise *noise, struct ut_slice rows,
		       size_t b, struct ut_slice x)
{
	const struct ut_session *session = noise->group->session;
	int family = session->recipe->distill.noise;
	bool raw = noise->raw != NULL;
	struct ut_random op = {
		.R = noise->group->R,
		.B = b,
		.columns = noise->numbers,
		.width = raw ? noise->numbers
			     : ut_net_input_width(&session->net),
		.distribution =
			family == UT_NOISE_UNIFORM || family == UT_NOISE_ZEROS
				? UT_UNIFORM
				: UT_NORMAL,
		.affine = raw ? ut_affine_of(1, 0) : noise->affine,
		.rng = ut_group_rng(noise->group, UT_PURPOSE_NOISE, 0),
		.rows = rows,
		.x = raw ? ut_rows(noise->raw, noise->B, b, noise->numbers) : x,
	};

	ut_random(session->device, &op);
	if (family == UT_NOISE_BLURRED)
		blur(noise, b, x);
	else if (family == UT_NOISE_OCTAVES)
		add_octaves(noise, b, x);
	else if (noise->rank)
		add_directions(noise, b, x);
}

void ut_noise_make(const struct ut_noise *noise, struct ut_slice rows,
		   struct ut_slice shown, size_t b, struct ut_slice x)
{
	const struct ut_session *session = noise->group->session;
	double mix = session->recipe->distill.noise_mix;
	struct ut_blend op = {
		.R = noise->group->R,
		.own = ut_clean((float)(1 - mix)),
		.other = ut_clean((float)mix),
		.y = x,
	};

	if (session->recipe->distill.noise == UT_NOISE_IMAGES) {
		show(noise, shown, b, x);
		return;
	}
	make_noise(noise, rows, b, x);
	if (!noise->real)
		return;
	op.x = ut_rows(noise->real, noise->B, b,
		       ut_net_input_width(&session->net));
	show(noise, shown, b, op.x);
	ut_blend(session->device, &op);
}
