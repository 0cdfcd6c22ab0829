/* The self-test's trainings: docs/ARITHMETIC.md, "The self-test's problem". */
#include <stdlib.h>

#include "device/selftest_lane.h"

enum {
	R = 2,
	SEED = 1,
	PURPOSE = 0x73656c66, /* "self" */
	CLASSES = 10
};

static struct ut_slice f32(struct selftest_lane *lane, size_t count)
{
	return ut_selftest_take(lane, UT_F32, R, count);
}

/* (rows, columns) of the generator's numbers. */
static void draw(struct selftest_lane *lane, struct ut_slice x, size_t columns,
		 enum ut_distribution distribution, float scale,
		 uint32_t stream, size_t first_row)
{
	struct ut_random op = {
		.R = R,
		.B = x.count / columns,
		.columns = columns,
		.width = columns,
		.distribution = distribution,
		.affine = ut_affine_of(scale, 0),
		.rng = {SEED, PURPOSE, stream, 0},
		.first_row = (uint32_t)first_row,
		.x = x,
	};

	ut_random(lane->device, &op);
}

/* The parameters of all layers, their gradients and moments. */
struct arena {
	struct ut_slice w, g, m, v;
	size_t used;
};

static struct arena arena_of(struct selftest_lane *lane, size_t count)
{
	struct arena a = {f32(lane, count), f32(lane, count), f32(lane, count),
			  f32(lane, count), 0};

	ut_fill_f32(lane->device, R, a.m, 0);
	ut_fill_f32(lane->device, R, a.v, 0);
	return a;
}

/* A layer's part of the arena, drawn: (D, O) and (O), and their gradients. */
struct layer {
	struct ut_slice w, b, dw, db;
};

static struct layer layer_of(struct selftest_lane *lane, struct arena *a,
			     size_t D, size_t O, uint32_t stream)
{
	struct layer l = {
		ut_slice_part(a->w, a->used, D * O),
		ut_slice_part(a->w, a->used + D * O, O),
		ut_slice_part(a->g, a->used, D * O),
		ut_slice_part(a->g, a->used + D * O, O),
	};

	a->used += (D + 1) * O;
	draw(lane, l.w, O, UT_UNIFORM, 0.25f, stream, 0);
	draw(lane, l.b, O, UT_UNIFORM, 0.25f, stream + 1, 0);
	return l;
}

static void step(struct selftest_lane *lane, const struct arena *a,
		 enum ut_optimiser kind, double rate, double powers[2])
{
	struct ut_update update;

	powers[0] *= 0.9;
	powers[1] *= 0.999;
	update = ut_update_at(kind, rate, 0.9, 0.999, powers[0], powers[1],
			      1e-8, 0.1);
	ut_optimise(lane->device, R, &update, a->w, a->g, a->m, a->v);
}

/* The fingerprint of all replicas' parameters. */
static enum ut_status fingerprint(const struct arena *a,
				  struct ut_fingerprint *print,
				  struct ut_error *error)
{
	float *data = malloc(a->w.count * sizeof(*data));
	struct ut_fingerprinter in;
	enum ut_status status = UT_OK;
	unsigned r;

	if (!data)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	ut_fingerprint_init(&in);
	for (r = 0; r < R && !status; ++r) {
		status = ut_buffer_read(a->w.buffer,
					a->w.offset + r * a->w.stride,
					a->w.count, data, error);
		if (!status)
			ut_fingerprint_update_print(
				&in, ut_fingerprint_of_f32(data, a->w.count));
	}
	*print = ut_fingerprint_finish(&in);
	free(data);
	return status;
}

/* MLP ----------------------------------------------------------------------- */

enum {
	MLP_B = 24,
	MLP_D = 37,
	MLP_H = 19,
	MLP_O = 13,
	MLP_STEPS = 4,
	MLP_HARD = 2, /* steps with labels; the others have a teacher */
};

struct mlp {
	struct arena arena;
	struct layer hidden, head;
	struct ut_slice x, h, z, dz, dh, loss, labels, teacher;
};

static struct mlp mlp_of(struct selftest_lane *lane)
{
	struct mlp n = {
		.arena = arena_of(lane,
				  (MLP_D + 1) * MLP_H + (MLP_H + 1) * MLP_O),
		.x = f32(lane, MLP_B * MLP_D),
		.h = f32(lane, MLP_B * MLP_H),
		.z = f32(lane, MLP_B * MLP_O),
		.dz = f32(lane, MLP_B * MLP_O),
		.dh = f32(lane, MLP_B * MLP_H),
		.loss = f32(lane, MLP_B),
		.labels = ut_selftest_take(lane, UT_U32, R, MLP_B),
		.teacher = f32(lane, MLP_B * MLP_O),
	};

	n.hidden = layer_of(lane, &n.arena, MLP_D, MLP_H, 0);
	n.head = layer_of(lane, &n.arena, MLP_H, MLP_O, 2);
	return n;
}

static void mlp_forward(struct selftest_lane *lane, const struct mlp *n,
			size_t first_row)
{
	struct ut_linear op = {R,           MLP_B,       MLP_D, MLP_H, n->x,
			       n->hidden.w, n->hidden.b, true,  n->h};
	struct ut_dropout dropout = {
		.R = R,
		.B = MLP_B,
		.D = MLP_H,
		.threshold = 1u << 30,
		.scale = (float)(1 / 0.75),
		.rng = {SEED, PURPOSE, 5, 0},
		.first_row = (uint32_t)first_row,
		.x = n->h,
	};

	draw(lane, n->x, MLP_D, UT_NORMAL, 1, 4, first_row);
	ut_linear_forward(lane->device, &op);
	ut_dropout(lane->device, &dropout);
	op = (struct ut_linear){R,         MLP_B,     MLP_H, MLP_O, n->h,
				n->head.w, n->head.b, false, n->z};
	ut_linear_forward(lane->device, &op);
}

static void mlp_loss(struct selftest_lane *lane, const struct mlp *n,
		     unsigned k)
{
	struct ut_distil op = {
		.loss = {R, MLP_B, MLP_O, 0, CLASSES, n->z, n->dz, n->loss},
		.kind = UT_KL,
		.teacher = n->teacher,
		.temperature = 2,
	};
	uint32_t labels[MLP_B];
	unsigned r, b;

	if (k > MLP_HARD) {
		op.loss.first = CLASSES;
		op.loss.count = MLP_O - CLASSES;
		draw(lane, n->teacher, MLP_O, UT_NORMAL, 1, 6,
		     (size_t)(k - 1) * MLP_B);
		ut_distil(lane->device, &op);
		return;
	}
	for (r = 0; r < R; ++r) {
		for (b = 0; b < MLP_B; ++b)
			labels[b] = (7 * b + 3 * k + r) % CLASSES;
		ut_buffer_write(n->labels.buffer,
				n->labels.offset + r * n->labels.stride, MLP_B,
				labels);
	}
	ut_cross_entropy(lane->device, &op.loss, n->labels);
}

static void mlp_backward(struct selftest_lane *lane, const struct mlp *n)
{
	struct ut_linear_weights weights = {R,          MLP_B,     MLP_H,
					    MLP_O,      n->h,      n->dz,
					    n->head.dw, n->head.db};
	const struct ut_linear_data data = {R,     MLP_B,
					    MLP_H, MLP_O,
					    n->dz, n->head.w,
					    n->h,  (float)(1 / 0.75),
					    n->dh};

	ut_linear_backward_weights(lane->device, &weights);
	ut_linear_backward_data(lane->device, &data);
	weights = (struct ut_linear_weights){
		R,    MLP_B, MLP_D,        MLP_H,
		n->x, n->dh, n->hidden.dw, n->hidden.db};
	ut_linear_backward_weights(lane->device, &weights);
}

enum ut_status ut_selftest_mlp(struct selftest_lane *lane,
			       struct ut_fingerprint *print,
			       struct ut_error *error)
{
	struct mlp n = mlp_of(lane);
	double powers[2] = {1, 1};
	unsigned k;

	for (k = 1; k <= MLP_STEPS; ++k) {
		mlp_forward(lane, &n, (size_t)(k - 1) * MLP_B);
		mlp_loss(lane, &n, k);
		mlp_backward(lane, &n);
		step(lane, &n.arena, UT_ADAM, 0.01, powers);
	}
	return fingerprint(&n.arena, print, error);
}

/* CNN ----------------------------------------------------------------------- */

enum {
	CNN_IMAGES = 11,
	CNN_B = 5,
	CNN_H = 9,
	CNN_W = 7,
	CNN_C = 3,
	CNN_PIXELS = CNN_H * CNN_W * CNN_C,
	CNN_FIRST = 8,   /* channels after the first convolution */
	CNN_SECOND = 12, /* after the second */
	CNN_FLAT = 2 * 2 * CNN_SECOND,
	CNN_STEPS = 3,
};

static const struct ut_conv_shape first_shape = {CNN_B, CNN_H,     CNN_W,
						 CNN_C, CNN_FIRST, 3,
						 1,     1,         true};
static const struct ut_conv_shape second_shape = {
	CNN_B, CNN_H / 2, CNN_W / 2, CNN_FIRST, CNN_SECOND, 3, 1, 2, false};

struct cnn {
	struct arena arena;
	struct layer first, second, head;
	struct ut_slice images, image_labels, ids; /* the data */
	struct ut_slice x, labels, y1, index, y2, z;
	struct ut_slice loss, dz, dy2, dy1;
};

/* Pixel e of image i, and its label. */
static void cnn_data(const struct cnn *n)
{
	uint8_t pixels[CNN_PIXELS], label;
	unsigned i, e;

	for (i = 0; i < CNN_IMAGES; ++i) {
		for (e = 0; e < CNN_PIXELS; ++e)
			pixels[e] = (uint8_t)(97 * i + 31 * e + e * e / 3);
		label = (uint8_t)((3 * i + 1) % CLASSES);
		ut_buffer_write(n->images.buffer,
				n->images.offset + i * CNN_PIXELS, CNN_PIXELS,
				pixels);
		ut_buffer_write(n->image_labels.buffer,
				n->image_labels.offset + i, 1, &label);
	}
}

static struct ut_slice shared_u8(struct selftest_lane *lane, size_t count)
{
	struct ut_slice s = ut_selftest_take(lane, UT_U8, 1, count);

	s.stride = 0;
	return s;
}

static struct cnn cnn_of(struct selftest_lane *lane)
{
	const size_t taps = 9;
	const size_t y1 = CNN_B * ut_conv_outputs(&first_shape);
	struct cnn n = {
		.arena = arena_of(lane,
				  (taps * CNN_C + 1) * CNN_FIRST +
					  (taps * CNN_FIRST + 1) * CNN_SECOND +
					  (CNN_FLAT + 1) * CLASSES),
		.images = shared_u8(lane, CNN_IMAGES * CNN_PIXELS),
		.image_labels = shared_u8(lane, CNN_IMAGES),
		.ids = ut_selftest_take(lane, UT_U32, R, CNN_B),
		.x = f32(lane, CNN_B * CNN_PIXELS),
		.labels = ut_selftest_take(lane, UT_U32, R, CNN_B),
		.y1 = f32(lane, y1),
		.index = ut_selftest_take(lane, UT_U8, R, y1),
		.y2 = f32(lane, CNN_B * CNN_FLAT),
		.z = f32(lane, CNN_B * CLASSES),
		.loss = f32(lane, CNN_B),
		.dz = f32(lane, CNN_B * CLASSES),
		.dy2 = f32(lane, CNN_B * CNN_FLAT),
		.dy1 = f32(lane, y1),
	};

	n.first = layer_of(lane, &n.arena, taps * CNN_C, CNN_FIRST, 16);
	n.second = layer_of(lane, &n.arena, taps * CNN_FIRST, CNN_SECOND, 18);
	n.head = layer_of(lane, &n.arena, CNN_FLAT, CLASSES, 20);
	cnn_data(&n);
	return n;
}

static void cnn_batch(struct selftest_lane *lane, const struct cnn *n,
		      unsigned k)
{
	const struct ut_gather op = {
		.R = R,
		.B = CNN_B,
		.N = CNN_IMAGES,
		.D = CNN_PIXELS,
		.width = CNN_PIXELS,
		.images = n->images,
		.ids = n->ids,
		.affine = ut_affine_of((float)(1 / 127.5), -1),
		.x = n->x,
	};
	uint32_t ids[CNN_B];
	unsigned r, b;

	for (r = 0; r < R; ++r) {
		for (b = 0; b < CNN_B; ++b)
			ids[b] = (4 * k + 3 * b + r) % CNN_IMAGES;
		ut_buffer_write(n->ids.buffer,
				n->ids.offset + r * n->ids.stride, CNN_B, ids);
	}
	ut_gather_images(lane->device, &op);
	ut_gather_labels(lane->device, R, CNN_B, CNN_IMAGES, n->image_labels,
			 n->ids, n->labels);
}

static void cnn_forward(struct selftest_lane *lane, const struct cnn *n)
{
	struct ut_conv conv = {R,          first_shape, n->x,  n->first.w,
			       n->first.b, true,        n->y1, n->index};
	const struct ut_linear head = {R,         CNN_B, CNN_FLAT,
				       CLASSES,   n->y2, n->head.w,
				       n->head.b, false, n->z};
	const struct ut_loss loss = {R,       CNN_B, CLASSES, 0,
				     CLASSES, n->z,  n->dz,   n->loss};

	ut_conv_forward(lane->device, &conv);
	conv = (struct ut_conv){
		.R = R,
		.shape = second_shape,
		.x = n->y1,
		.w = n->second.w,
		.b = n->second.b,
		.relu = true,
		.y = n->y2,
	};
	ut_conv_forward(lane->device, &conv);
	ut_linear_forward(lane->device, &head);
	ut_cross_entropy(lane->device, &loss, n->labels);
}

static void cnn_backward(struct selftest_lane *lane, const struct cnn *n)
{
	const struct ut_slice none = {0};
	const struct ut_linear_weights head = {R,          CNN_B,     CNN_FLAT,
					       CLASSES,    n->y2,     n->dz,
					       n->head.dw, n->head.db};
	const struct ut_linear_data data = {R,       CNN_B, CNN_FLAT,
					    CLASSES, n->dz, n->head.w,
					    n->y2,   1,     n->dy2};
	const struct ut_conv_data conv_data = {R,    second_shape, n->dy2,
					       none, n->second.w,  n->y1,
					       1,    n->dy1};
	struct ut_conv_weights weights = {R,           second_shape,
					  n->y1,       n->dy2,
					  none,        n->second.dw,
					  n->second.db};

	ut_linear_backward_weights(lane->device, &head);
	ut_linear_backward_data(lane->device, &data);
	ut_conv_backward_weights(lane->device, &weights);
	ut_conv_backward_data(lane->device, &conv_data);
	weights = (struct ut_conv_weights){R,          first_shape, n->x,
					   n->dy1,     n->index,    n->first.dw,
					   n->first.db};
	ut_conv_backward_weights(lane->device, &weights);
}

enum ut_status ut_selftest_cnn(struct selftest_lane *lane,
			       struct ut_fingerprint *print,
			       struct ut_error *error)
{
	struct cnn n = cnn_of(lane);
	double powers[2] = {1, 1};
	unsigned k;

	for (k = 1; k <= CNN_STEPS; ++k) {
		cnn_batch(lane, &n, k);
		cnn_forward(lane, &n);
		cnn_backward(lane, &n);
		step(lane, &n.arena, UT_ADAMW, 0.02, powers);
	}
	return fingerprint(&n.arena, print, error);
}
