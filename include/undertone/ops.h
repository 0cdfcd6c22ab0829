/*
 * The operations: every one works on R replicas side by side, on any device, and
 * gives the same bits on all of them (docs/ARITHMETIC.md).
 *
 * Operations enqueue and return. The first that fails latches in the device and
 * is reported by ut_device_finish and ut_buffer_read. Shapes are the caller's
 * promise and are asserted: a slice's count is the element count of one replica.
 *
 * Dimensions: R replicas, B batch, D inputs, O outputs, C columns of a matrix of
 * logits, N images. Matrices are row-major and contiguous. Any size from 1 up
 * works; widths that are multiples of 16 floats are fastest. Where operations
 * read and write slices, the two do not overlap unless said. An input slice may
 * have stride 0 (shared by all replicas); an output may not unless R is 1.
 */
#ifndef UNDERTONE_OPS_H
#define UNDERTONE_OPS_H

#include <undertone/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory ------------------------------------------------------------------- */

/* to = from, element by element; the types are equal. (n) each */
void ut_copy(struct ut_device *device, unsigned R, struct ut_slice from,
	     struct ut_slice to);

/* Every element of x (n) becomes value. F32 and U32 buffers. */
void ut_fill_f32(struct ut_device *device, unsigned R, struct ut_slice x,
		 float value);
void ut_fill_u32(struct ut_device *device, unsigned R, struct ut_slice x,
		 uint32_t value);

/* Linear layers ------------------------------------------------------------ */

/* y = x w + b, then max(y, 0) if relu. Clean (clause 4). */
struct ut_linear {
	unsigned R;
	size_t B, D, O;
	struct ut_slice x; /* (B, D) */
	struct ut_slice w; /* (D, O) */
	struct ut_slice b; /* (O), or none: no bias */
	bool relu;
	struct ut_slice y; /* (B, O) */
};
void ut_linear_forward(struct ut_device *device, const struct ut_linear *op);

/*
 * dx = dy w^T, the gradient with respect to the layer's input. With gate, the
 * layer's input x as it was stored after ReLU and dropout: dx is scaled by
 * scale (1 / (1 - p) of the dropout, else 1) where gate > 0, and 0 elsewhere.
 */
struct ut_linear_data {
	unsigned R;
	size_t B, D, O;
	struct ut_slice dy;   /* (B, O) */
	struct ut_slice w;    /* (D, O) */
	struct ut_slice gate; /* (B, D), or none */
	float scale;          /* used with gate only */
	struct ut_slice dx;   /* (B, D) */
};
void ut_linear_backward_data(struct ut_device *device,
			     const struct ut_linear_data *op);

/* dw = x^T dy and db = column sums of dy, sums over the batch (no 1/B). */
struct ut_linear_weights {
	unsigned R;
	size_t B, D, O;
	struct ut_slice x;  /* (B, D) */
	struct ut_slice dy; /* (B, O) */
	struct ut_slice dw; /* (D, O) */
	struct ut_slice db; /* (O), or none */
};
void ut_linear_backward_weights(struct ut_device *device,
				const struct ut_linear_weights *op);

/*
 * A number z to a number, by channel: element number e of a row becomes
 * fma(z, scale[c], shift[c]), c = e mod channels.
 */
enum { UT_CHANNELS_MAX = 4 };
struct ut_affine {
	unsigned channels; /* 1 to UT_CHANNELS_MAX */
	float scale[UT_CHANNELS_MAX], shift[UT_CHANNELS_MAX];
};

/* The same for every channel. */
static inline struct ut_affine ut_affine_of(float scale, float shift)
{
	struct ut_affine affine = {1, {scale}, {shift}};

	return affine;
}

/* Convolutions ------------------------------------------------------------- */

/*
 * Images (B, H, W, C) to (B, OH, OW, O): correlations with kernels of an odd
 * side, over images with `pad` (below kernel) rows and columns of +0 on every
 * side, in steps of `stride`, 1 or 2. With pool, of every 2 x 2 outputs the
 * largest: (B, OH / 2, OW / 2, O), an odd last row or column dropped. An element
 * of padding, or of a window other than its largest, adds nothing: there is no
 * difference between skipping it and multiplying by its +0.
 */
struct ut_conv_shape {
	size_t B, H, W, C, O;
	unsigned kernel, pad, stride;
	bool pool;
};

/* OH and OW of a side of H or W; 0 where the kernel does not fit. */
size_t ut_conv_side(const struct ut_conv_shape *shape, size_t side);

/* Elements of an image's output as it is stored: after pooling, if any. */
size_t ut_conv_outputs(const struct ut_conv_shape *shape);

/* y = x * w + b, then max(y, 0) if relu, then the pool. Clean (clause 4). */
struct ut_conv {
	unsigned R;
	struct ut_conv_shape shape;
	struct ut_slice x; /* (B, H, W, C) */
	struct ut_slice w; /* (kernel, kernel, C, O) */
	struct ut_slice b; /* (O), or none: no bias */
	bool relu;
	struct ut_slice y;     /* (B, outputs) */
	struct ut_slice index; /* with pool: u8 of y, 2 i + j, or none */
};
void ut_conv_forward(struct ut_device *device, const struct ut_conv *op);

/* dx, the gradient with respect to the input; gate and scale as for linear. */
struct ut_conv_data {
	unsigned R;
	struct ut_conv_shape shape;
	struct ut_slice dy;    /* (B, outputs) */
	struct ut_slice index; /* with pool: as forward stored it, else none */
	struct ut_slice w;     /* (kernel, kernel, C, O) */
	struct ut_slice gate;  /* (B, H, W, C), or none */
	float scale;           /* used with gate only */
	struct ut_slice dx;    /* (B, H, W, C) */
};
void ut_conv_backward_data(struct ut_device *device,
			   const struct ut_conv_data *op);

/* dw and db, sums over the batch and its pixels (no 1/B). */
struct ut_conv_weights {
	unsigned R;
	struct ut_conv_shape shape;
	struct ut_slice x;     /* (B, H, W, C) */
	struct ut_slice dy;    /* (B, outputs) */
	struct ut_slice index; /* with pool: as forward stored it, else none */
	struct ut_slice dw;    /* (kernel, kernel, C, O) */
	struct ut_slice db;    /* (O), or none */
};
void ut_conv_backward_weights(struct ut_device *device,
			      const struct ut_conv_weights *op);

/* Pooling ------------------------------------------------------------------ */

/*
 * Windows of side x side (2 to 16) pixels beside each other; rows and columns
 * that are left over are dropped. y (B, H / side, W / side, C).
 */
struct ut_pool {
	unsigned R;
	size_t B, H, W, C;
	unsigned side;
	struct ut_slice x;     /* (B, H, W, C) */
	struct ut_slice y;     /* (B, H / side, W / side, C) */
	struct ut_slice index; /* max: u8 of y, side i + j, or none */
};
void ut_max_pool(struct ut_device *device, const struct ut_pool *op);
void ut_average_pool(struct ut_device *device, const struct ut_pool *op);

/* dx of max-pooling if there is an index, else of average pooling. */
struct ut_pool_data {
	unsigned R;
	size_t B, H, W, C;
	unsigned side;
	struct ut_slice dy;    /* (B, H / side, W / side, C) */
	struct ut_slice index; /* u8 of dy, as ut_max_pool stored it, or none */
	struct ut_slice gate;  /* (B, H, W, C), or none, as for linear */
	float scale;           /* used with gate only */
	struct ut_slice dx;    /* (B, H, W, C) */
};
void ut_pool_backward(struct ut_device *device, const struct ut_pool_data *op);

/* Randomness --------------------------------------------------------------- */

/* Which numbers of the counter-based generator: docs/ARITHMETIC.md, clause 5. */
struct ut_rng {
	uint32_t seed, purpose, stream;
	uint32_t replica; /* number of the first replica */
};

enum ut_distribution {
	UT_UNIFORM, /* z in [-1, 1) */
	UT_NORMAL,  /* z of mean 0, variance 1 */
};

/*
 * Fills x with clean(affine(z)). Row i of the matrix is row rows[i]
 * of the generator, or first_row + i where rows is none; so a row's numbers
 * depend on its name alone. Columns from `columns` on are +0: padding.
 */
struct ut_random {
	unsigned R;
	size_t B, columns, width; /* columns <= width */
	enum ut_distribution distribution;
	struct ut_affine affine;
	struct ut_rng rng;
	struct ut_slice rows; /* u32 (B), or none */
	uint32_t first_row;
	struct ut_slice x; /* (B, width) */
};
void ut_random(struct ut_device *device, const struct ut_random *op);

/*
 * Dropout in place: x is scaled by scale where the generator's word is at least
 * threshold, else +0. threshold = p 2^32, scale = 1 / (1 - p). Row i of x is row
 * first_row + i of the generator.
 */
struct ut_dropout {
	unsigned R;
	size_t B, D;
	uint32_t threshold;
	float scale;
	struct ut_rng rng;
	uint32_t first_row;
	struct ut_slice x; /* (B, D) */
};
void ut_dropout(struct ut_device *device, const struct ut_dropout *op);

/* Noise fields ------------------------------------------------------------- */

/*
 * A correlation along the middle axis: y[a][n][s] = clean(affine(sum over i of
 * x[a][n + i][s] weights[i])). Rows of y have `width` elements, those from N S
 * on +0. Twice, along the rows and then the columns of an image of normal
 * numbers, it makes blurred noise.
 */
struct ut_filter {
	unsigned R;
	size_t A, N, S, taps, width; /* N S <= width */
	struct ut_affine affine;
	struct ut_slice weights; /* (taps); shared by all replicas */
	struct ut_slice x;       /* (A, N + taps - 1, S) */
	struct ut_slice y;       /* (A, width) */
};
void ut_filter(struct ut_device *device, const struct ut_filter *op);

/*
 * Octave noise: normal numbers on grids of H x W, half of it, a quarter, and so
 * on to 1 x 1 (sides rounded up), each enlarged to H x W bilinearly and added up,
 * the first with weight 1/2, the others with 1: a spectrum like that of
 * photographs. With shared not 0, every pixel of channel c is shared s + own n_c,
 * s one field for all channels and n_c one of its own; else n_c own.
 * y[b][h][w][c] = clean(affine(...)); docs/ARITHMETIC.md has the order.
 */
struct ut_octaves {
	unsigned R;
	size_t B, H, W, C, width; /* H W C <= width */
	float shared, own;
	struct ut_affine affine;
	struct ut_slice x; /* (B, ut_octave_numbers): the grids' numbers */
	struct ut_slice y; /* (B, width) */
};
void ut_octaves(struct ut_device *device, const struct ut_octaves *op);

/* Normal numbers that an image of octave noise takes: (planes, all grids). */
size_t ut_octave_numbers(size_t H, size_t W, size_t C, bool shared);

/*
 * The deviation over an image of one plane of octave noise as it is before
 * affine, expected over draws: its inverse makes noise of unit variance.
 */
double ut_octave_deviation(size_t H, size_t W);

/*
 * y = clean(fma(y, own, other x)), element by element: the product with other is
 * rounded first. own and other are clean. x and y do not overlap.
 */
struct ut_blend {
	unsigned R;
	float own, other;
	struct ut_slice x; /* (n) */
	struct ut_slice y; /* (n) */
};
void ut_blend(struct ut_device *device, const struct ut_blend *op);

/* Batches ------------------------------------------------------------------ */

/*
 * Copies of the images named in ids, changed at random, all in whole numbers:
 * turned about the centre by up to `turn` either way, moved by up to `shift`
 * pixels along each axis with 0 coming in (pad and random crop), flipped left to
 * right half of the time, brightness times 1 -+ up to brightness / 256. Row i's
 * choices are those of row first_row + i of the generator, so they depend on
 * its name alone. An id of N or more gives a row of 0.
 */
struct ut_augment {
	unsigned R;
	size_t B, N, H, W, C;
	uint32_t turn;  /* in 2^-32 of a full turn, below 2^31; 0: none */
	unsigned shift; /* pixels; 0: none */
	bool flip;
	unsigned brightness; /* 0 to 255; 0: none */
	struct ut_rng rng;
	uint32_t first_row;
	struct ut_slice images; /* u8 (N, H, W, C) */
	struct ut_slice ids;    /* u32 (B) */
	struct ut_slice to;     /* u8 (B, H, W, C) */
};
void ut_augment_images(struct ut_device *device, const struct ut_augment *op);

/*
 * x = clean(affine(pixel)) of the images named in ids. Columns from D
 * on are +0. An id of N or more gives a row of +0.
 */
struct ut_gather {
	unsigned R;
	size_t B, N, D, width;  /* D <= width */
	struct ut_slice images; /* u8 (N, D) */
	struct ut_slice ids;    /* u32 (B) */
	struct ut_affine affine;
	struct ut_slice x; /* (B, width) */
};
void ut_gather_images(struct ut_device *device, const struct ut_gather *op);

/* to[i] = labels[ids[i]]; labels u8 (N), ids u32 (B), to u32 (B). */
void ut_gather_labels(struct ut_device *device, unsigned R, size_t B, size_t N,
		      struct ut_slice labels, struct ut_slice ids,
		      struct ut_slice to);

/* Losses ------------------------------------------------------------------- */

/*
 * A loss over the columns [first, first + count) of a matrix of logits, and its
 * gradient with respect to all C columns: +0 outside the range. The loss of the
 * batch is the mean of loss (ut_mean); its 1/B is in the gradient already.
 */
struct ut_loss {
	unsigned R;
	size_t B, C, first, count; /* first + count <= C */
	struct ut_slice logits;    /* (B, C), the student's */
	struct ut_slice gradient;  /* (B, C) */
	struct ut_slice loss;      /* (B), nats or squared logits */
};

/* Mean of -log softmax(logits)[label]; labels u32 (B), below count. */
void ut_cross_entropy(struct ut_device *device, const struct ut_loss *loss,
		      struct ut_slice labels);

enum ut_distillation {
	UT_KL,         /* KL(softmax teacher || softmax student), nats */
	UT_MSE,        /* mean squared difference */
	UT_MSE_NORM,   /* the same after dividing by the teacher's deviation */
	UT_REVERSE_KL, /* KL(softmax student || softmax teacher), nats */
	UT_JS,         /* Jensen-Shannon divergence of the two, nats */
	/* 1 - the cosine of the two rows; 1 and no gradient if one is zero */
	UT_COSINE_DISTANCE,
	/* alpha cross-entropy + (1 - alpha) T^2 KL (Hinton et al. 2015) */
	UT_KD,
};

/*
 * A student's distance from its teacher. Where softmax is spoken of above, it is
 * of logits / temperature; KD's cross-entropy is of the logits themselves.
 */
struct ut_distil {
	struct ut_loss loss;
	enum ut_distillation kind;
	struct ut_slice teacher; /* (B, C), of the same columns */
	struct ut_slice moments; /* MSE_NORM: (2, count) of the teacher */
	struct ut_slice labels;  /* KD, alpha > 0: u32 (B), below count */
	double temperature;      /* kinds with softmax: 0.01 to 1000 */
	double alpha;            /* KD: 0 to 1 */
};
void ut_distil(struct ut_device *device, const struct ut_distil *op);

/*
 * moments (2, count): of the columns [first, first + count) of x (B, C) the
 * mean, then the population deviation (divided by B).
 */
void ut_moments(struct ut_device *device, unsigned R, size_t B, size_t C,
		size_t first, size_t count, struct ut_slice x,
		struct ut_slice moments);

/* y (1) = the mean of x (n). */
void ut_mean(struct ut_device *device, unsigned R, struct ut_slice x,
	     struct ut_slice y);

/* Optimisers --------------------------------------------------------------- */

enum ut_optimiser {
	UT_SGD,   /* with momentum; v is none */
	UT_ADAM,  /* Kingma and Ba 2015 */
	UT_ADAMW, /* Loshchilov and Hutter 2019: decoupled weight decay */
};

/* One step's constants, as the kernels use them: see ut_update_at. */
struct ut_update {
	enum ut_optimiser kind;
	float rate;         /* learning rate */
	float beta1, rest1; /* momentum, and 1 - beta1 */
	float beta2, rest2;
	float correction1; /* 1 / (1 - beta1^k) */
	float correction2; /* 1 / (1 - beta2^k) */
	float epsilon;
	float keep; /* 1 - rate * weight decay (ADAMW) */
};

/*
 * The constants of step k: k counts from 1, power1 = beta1^k and power2 = beta2^k
 * are the caller's running double products.
 */
struct ut_update ut_update_at(enum ut_optimiser kind, double rate, double beta1,
			      double beta2, double power1, double power2,
			      double epsilon, double decay);

/* Moves the weights w (n) by one step along the gradient g (n); m, v (n). */
void ut_optimise(struct ut_device *device, unsigned R,
		 const struct ut_update *update, struct ut_slice w,
		 struct ut_slice g, struct ut_slice m, struct ut_slice v);

/* Evaluation --------------------------------------------------------------- */

/*
 * to u32 (B): the first largest of columns [first, first + count) of x (B, C),
 * counted from first, as labels are.
 */
void ut_argmax(struct ut_device *device, unsigned R, size_t B, size_t C,
	       size_t first, size_t count, struct ut_slice x,
	       struct ut_slice to);

/* total u32 (1) += how many of the elements of a and b, u32 (n), are equal. */
void ut_count_equal(struct ut_device *device, unsigned R, struct ut_slice a,
		    struct ut_slice b, struct ut_slice total);

/*
 * where u32 (1) = the smaller of itself and the index of the first NaN or
 * infinity of x (n). Fill it with UT_ALL_FINITE before.
 */
#define UT_ALL_FINITE 0xffffffffu
void ut_check_finite(struct ut_device *device, unsigned R, struct ut_slice x,
		     struct ut_slice where);

/* Measuring ---------------------------------------------------------------- */

/*
 * y = x w as a tuned library computes it (CLBlast, on OpenCL devices), to see how
 * fast that is: without bias and ReLU, and not bit-exact. False, and nothing is
 * done, where the build has no such library for the device.
 */
bool ut_linear_forward_tuned(struct ut_device *device,
			     const struct ut_linear *op);

/*
 * x (n) = fma(x, a, b), `rounds` times over: 2 n rounds floating-point operations
 * with next to no memory, to measure a device's peak. Results are not cleaned.
 */
void ut_fma_chain(struct ut_device *device, struct ut_slice x, float a, float b,
		  uint32_t rounds);

#ifdef __cplusplus
}
#endif

#endif
