/* The self-test's cases of everything but layers. */
#include <math.h>

#include "device/selftest_lane.h"
#include "philox.h"

static struct ut_slice f32(struct selftest_lane *lane, unsigned R, size_t count)
{
	return ut_selftest_take(lane, UT_F32, R, count);
}

static struct ut_slice u32(struct selftest_lane *lane, unsigned R, size_t count)
{
	return ut_selftest_take(lane, UT_U32, R, count);
}

static struct ut_slice u8(struct selftest_lane *lane, unsigned R, size_t count)
{
	return ut_selftest_take(lane, UT_U8, R, count);
}

/* Numbers other than those that a slice has at first. */
static void put(struct ut_slice s, unsigned replica, size_t at, float value)
{
	ut_buffer_write(s.buffer, s.offset + replica * s.stride + at, 1,
			&value);
}

static void memory(struct selftest_lane *lane)
{
	enum { R = 2, N = 1037, BYTES = 71 };
	struct ut_device *device = lane->device;
	struct ut_slice numbers = f32(lane, R, N), bytes = u8(lane, R, BYTES);
	struct ut_slice words = u32(lane, 1, 3);

	ut_copy(device, R, numbers, f32(lane, R, N));
	ut_copy(device, R, bytes, u8(lane, R, BYTES));
	ut_copy(device, 1, words, u32(lane, 1, 3));
	ut_fill_f32(device, R, f32(lane, R, N), -0.75f);
	ut_fill_u32(device, 1, u32(lane, 1, 1), 0xdeadbeefu);
}

/* Randomness ---------------------------------------------------------------- */

static const struct ut_rng rng = {
	.seed = 0x01234567u,
	.purpose = 0x73656c66u,
	.stream = 3,
	.replica = 5,
};

static const struct ut_affine rgb = {3, {0.5f, 1.5f, -2}, {0.25f, 0, -1}};

static void random_numbers(struct selftest_lane *lane)
{
	enum { R = 2, B = 3, WIDTH = 60, LONG = 4150 };
	struct ut_random op = {
		.R = R,
		.B = B,
		.columns = 53,
		.width = WIDTH,
		.distribution = UT_UNIFORM,
		.affine = rgb,
		.rng = rng,
		.first_row = 0xfffffffeu,
	};

	op.x = f32(lane, R, B * WIDTH);
	ut_random(lane->device, &op);
	op.distribution = UT_NORMAL;
	op.affine = ut_affine_of(0.5f, 1);
	op.rows = u32(lane, R, B);
	op.x = f32(lane, R, B * WIDTH);
	ut_random(lane->device, &op);
	op.R = op.B = 1;
	op.rows = (struct ut_slice){0};
	op.columns = op.width = LONG;
	op.affine = (struct ut_affine){2, {1, 2}, {0, -1}};
	op.x = f32(lane, 1, LONG);
	ut_random(lane->device, &op);
}

static void dropout(struct selftest_lane *lane)
{
	enum { R = 2, B = 3, D = 45 };
	struct ut_dropout op = {
		.R = R,
		.B = B,
		.D = D,
		.threshold = 1u << 30,
		.scale = (float)(1 / 0.75),
		.rng = rng,
		.first_row = 7,
	};
	struct ut_words words = ut_philox(0, op.first_row, rng.replica,
					  rng.stream, rng.seed, rng.purpose);

	op.x = f32(lane, R, B * D);
	ut_dropout(lane->device, &op);
	/* the least word that is kept, and the largest that is not */
	op.R = op.B = op.D = 1;
	op.threshold = words.w[0];
	op.x = f32(lane, 1, 1);
	put(op.x, 0, 0, 1);
	ut_dropout(lane->device, &op);
	++op.threshold;
	op.x = f32(lane, 1, 1);
	put(op.x, 0, 0, 1);
	ut_dropout(lane->device, &op);
}

/* Noise fields, batches ----------------------------------------------------- */

static void filter(struct selftest_lane *lane)
{
	enum { R = 2, A = 3, N = 13, S = 3, TAPS = 5, WIDTH = 44 };
	struct ut_filter op = {
		.R = R,
		.A = A,
		.N = N,
		.S = S,
		.taps = TAPS,
		.width = WIDTH,
		.affine = rgb,
	};

	op.weights = f32(lane, 1, TAPS);
	op.x = f32(lane, R, A * (N + TAPS - 1) * S);
	op.y = f32(lane, R, A * WIDTH);
	op.weights.stride = 0;
	ut_filter(lane->device, &op);
}

static void octaves(struct selftest_lane *lane, size_t C, float shared)
{
	enum { R = 2, B = 2, H = 7, W = 37 };
	size_t numbers = ut_octave_numbers(H, W, C, shared > 0);
	struct ut_octaves op = {
		.R = R,
		.B = B,
		.H = H,
		.W = W,
		.C = C,
		.width = H * W * C + 5,
		.shared = shared,
		.own = 0.75f,
		.affine = C == 3 ? rgb : ut_affine_of(2, 0.5f),
	};

	op.x = f32(lane, R, B * numbers);
	op.y = f32(lane, R, B * (H * W * C + 5));
	ut_octaves(lane->device, &op);
}

static void octave_noise(struct selftest_lane *lane)
{
	octaves(lane, 3, 0.5f);
	octaves(lane, 1, 0);
}

static void blend(struct selftest_lane *lane)
{
	enum { R = 2, N = 1030 };
	struct ut_blend op = {
		.R = R,
		.own = 0.8f,
		.other = 0.6f,
	};

	op.x = f32(lane, R, N);
	op.y = f32(lane, R, N);
	ut_blend(lane->device, &op);
}

static void augment(struct selftest_lane *lane)
{
	enum { R = 2, B = 6, N = 6, H = 9, W = 8, C = 3 };
	struct ut_augment op = {
		.R = R,
		.B = B,
		.N = N,
		.H = H,
		.W = W,
		.C = C,
		.turn = 0x10000000u,
		.shift = 2,
		.flip = true,
		.brightness = 100,
		.rng = rng,
		.first_row = 11,
	};

	op.images = u8(lane, R, N * H * W * C);
	op.ids = u32(lane, R, B);
	op.to = u8(lane, R, B * H * W * C);
	ut_augment_images(lane->device, &op);
	op.turn = op.shift = op.brightness = 0;
	ut_augment_images(lane->device, &op);
}

static void gather(struct selftest_lane *lane)
{
	enum { R = 2, B = 9, N = 6, D = 33, WIDTH = 48 };
	struct ut_gather op = {
		.R = R,
		.B = B,
		.N = N,
		.D = D,
		.width = WIDTH,
		.affine = {3,
			   {(float)(1 / 58.395), (float)(1 / 57.12),
			    (float)(1 / 57.375)},
			   {-2.117904f, -2.035714f, -1.804444f}},
	};

	op.images = u8(lane, R, N * D);
	op.ids = u32(lane, R, B);
	op.x = f32(lane, R, B * WIDTH);
	ut_gather_images(lane->device, &op);
	ut_gather_labels(lane->device, R, B, 7, u8(lane, R, 7), op.ids,
			 u32(lane, R, B));
}

/* Losses -------------------------------------------------------------------- */

static struct ut_loss loss(struct selftest_lane *lane)
{
	enum { R = 2, B = 37, C = 13 };
	struct ut_loss l = {.R = R, .B = B, .C = C, .first = 2, .count = 10};

	l.logits = f32(lane, R, B * C);
	l.gradient = f32(lane, R, B * C);
	l.loss = f32(lane, R, B);
	return l;
}

static void cross_entropy(struct selftest_lane *lane)
{
	struct ut_loss l = loss(lane);

	ut_cross_entropy(lane->device, &l, u32(lane, l.R, l.B));
}

static void distil(struct selftest_lane *lane)
{
	enum ut_distillation kind;

	for (kind = UT_KL; kind <= UT_KD; ++kind) {
		struct ut_loss l = loss(lane);
		struct ut_distil op = {
			.loss = l,
			.kind = kind,
			.temperature = 3,
			.alpha = 0.3,
		};

		op.teacher = f32(lane, l.R, l.B * l.C);
		op.moments = f32(lane, l.R, 2 * l.count);
		op.labels = u32(lane, l.R, l.B);
		if (kind == UT_MSE_NORM)
			ut_moments(lane->device, l.R, l.B, l.C, l.first,
				   l.count, op.teacher, op.moments);
		ut_distil(lane->device, &op);
		op.temperature = 1;
		op.alpha = 0;
		if (kind != UT_MSE && kind != UT_MSE_NORM &&
		    kind != UT_COSINE_DISTANCE)
			ut_distil(lane->device, &op);
	}
}

static void moments(struct selftest_lane *lane)
{
	enum { R = 2, B = 300, C = 7, COUNT = 5 };
	struct ut_slice x = f32(lane, R, B * C);

	ut_moments(lane->device, R, B, C, 1, COUNT, x, f32(lane, R, 2 * COUNT));
}

static void mean(struct selftest_lane *lane)
{
	enum { MANY = 17003 };
	struct ut_slice many = f32(lane, 1, MANY), few = f32(lane, 2, 5);

	ut_mean(lane->device, 1, many, f32(lane, 1, 1));
	ut_mean(lane->device, 2, few, f32(lane, 2, 1));
}

/* Optimisers, evaluation, measuring ------------------------------------------ */

static void optimise(struct selftest_lane *lane)
{
	enum { R = 2, N = 1030, STEPS = 3 };
	enum ut_optimiser kind;

	for (kind = UT_SGD; kind <= UT_ADAMW; ++kind) {
		struct ut_slice w = f32(lane, R, N), g = f32(lane, R, N);
		struct ut_slice m = f32(lane, R, N), v = f32(lane, R, N);
		double power1 = 1, power2 = 1;
		int k;

		/* moments that are about to vanish */
		ut_fill_f32(lane->device, R, m, 0x1.1p-100f);
		ut_fill_f32(lane->device, R, v, 0x1.0008p-100f);
		for (k = 0; k < STEPS; ++k) {
			struct ut_update update;

			power1 *= 0.9;
			power2 *= 0.999;
			update = ut_update_at(kind, 0.01, 0.9, 0.999, power1,
					      power2, 1e-8, 0.1);
			ut_optimise(lane->device, R, &update, w, g, m, v);
		}
	}
}

static void argmax(struct selftest_lane *lane)
{
	enum { R = 2, B = 9, C = 13 };
	struct ut_slice x = f32(lane, R, B * C);

	/* a tie, and what is never larger */
	put(x, 0, 3, 5);
	put(x, 0, 7, 5);
	put(x, 1, C + 4, NAN);
	put(x, 1, 2 * C + 2, -INFINITY);
	ut_argmax(lane->device, R, B, C, 2, 10, x, u32(lane, R, B));
	ut_argmax(lane->device, R, B, C, 0, C, x, u32(lane, R, B));
}

static void count_equal(struct selftest_lane *lane)
{
	enum { R = 2, N = 301 };
	struct ut_slice a = u32(lane, R, N), b = u32(lane, R, N);

	ut_count_equal(lane->device, R, a, b, u32(lane, R, 1));
}

static void check_finite(struct selftest_lane *lane)
{
	enum { R = 2, N = 1030 };
	struct ut_slice x = f32(lane, R, N), where = u32(lane, R, 1);

	ut_fill_u32(lane->device, R, where, UT_ALL_FINITE);
	ut_check_finite(lane->device, R, x, where);
	put(x, 0, 700, INFINITY);
	put(x, 0, 611, NAN);
	put(x, 1, N - 1, -INFINITY);
	ut_check_finite(lane->device, R, x, where);
}

static void fma_chain(struct selftest_lane *lane)
{
	ut_fma_chain(lane->device, f32(lane, 1, 777), 0.9f, 0.1f, 5);
}

const struct selftest_case ut_selftest_others[] = {
	{"copy", memory},
	{"random", random_numbers},
	{"dropout", dropout},
	{"filter", filter},
	{"octaves", octave_noise},
	{"blend", blend},
	{"augment", augment},
	{"gather_images", gather},
	{"cross_entropy", cross_entropy},
	{"distil", distil},
	{"moments", moments},
	{"mean", mean},
	{"optimise", optimise},
	{"argmax", argmax},
	{"count_equal", count_equal},
	{"check_finite", check_finite},
	{"fma_chain", fma_chain},
	{0},
};
