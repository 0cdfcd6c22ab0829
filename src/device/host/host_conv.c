/*
 * The forward pass of a convolution: a product of matrices whose rows, what an
 * output pixel reads, are never written out. They lie in a few padded rows of
 * input, a contiguous piece for each row of kernel; so a tile's pixels may be
 * anywhere, and their sums stay in registers along all of it. The sums of a few
 * rows stay in the cache until they have been pooled.
 */
#include <omp.h>

#include "host_conv.h"

struct forward {
	const struct ut_conv *op;
	struct conv_sides n;
	size_t units; /* rows of y, of all images, that are done at once */
	size_t K, x_floats, pixels;
};

/* A thread's own memory. */
struct own {
	float *x;     /* padded rows */
	float *panel; /* (K, NR) weights */
	float *sums;  /* (pixels, NR) */
	uint32_t *at; /* (pixels): where in x a pixel's first piece is */
};

/* Columns [n, n + NR) of the weights, +0 where there are none. */
static void pack(const struct forward *f, size_t r, size_t n, float *panel)
{
	size_t O = f->op->shape.O, width = ut_host_min(O - n, NR), k;
	const float *w = ut_host_f32(f->op->w, r) + n;

	if (width < NR)
		memset(panel, 0, f->K * NR * sizeof(*panel));
	if (width == NR)
		for (k = 0; k < f->K; ++k)
			memcpy(panel + k * NR, w + k * O, NR * sizeof(*panel));
	else
		for (k = 0; k < f->K; ++k)
			memcpy(panel + k * NR, w + k * O,
			       width * sizeof(*panel));
}

/*
 * Pads what the rows [unit, end) of y read, and notes where their pixels begin,
 * window by window. Returns how many there are.
 */
static size_t read_rows(const struct forward *f, size_t r, size_t unit,
			size_t end, const struct own *own)
{
	const struct ut_conv_shape *s = &f->op->shape;
	size_t line = f->n.wide * s->C, start = 0, at, i, w, p;
	size_t side = f->n.side, right = s->stride * s->C;
	size_t down = s->stride * line;
	const size_t places[4] = {0, right, down, down + right};
	uint32_t *pixel = own->at;
	struct conv_segment in;

	for (at = unit; at < end; at += in.end - in.first) {
		in = conv_segment_at(at, end, f->n.PH);
		conv_pad(s,
			 ut_host_f32(f->op->x, r) + in.b * s->H * s->W * s->C,
			 in.first * side, in.end * side, 1, s->C,
			 own->x + start, 0);
		for (i = 0; i < in.end - in.first; ++i)
			for (w = 0; w < f->n.PW; ++w) {
				size_t corner =
					start + side * (i * down + w * right);

				for (p = 0; p < side * side; ++p)
					*pixel++ =
						(uint32_t)(corner + places[p]);
			}
		start += conv_rows_read(s, (in.end - in.first) * side) * line;
	}
	return (size_t)(pixel - own->at);
}

/* Bias, ReLU and ut_clean; a sum is never -0, so adding +0 for none is safe. */
INLINE vec finished(const float *sum, vec bias, bool relu)
{
	vec s = vec_load(sum) + bias;

	/* both at once: what is clean and above 0 */
	if (relu)
		return vec_keep(s, (vec_bits)(s >= 0x1p-40f));
	return vec_clean(s);
}

/* A vector of y, and where in its window each number comes from. */
INLINE vec largest(const float *sums, vec bias, bool relu, vec_bits *index)
{
	vec best = finished(sums, bias, relu);
	vec_bits place = {0};
	int p;

	UNROLLED (p, 3) {
		vec next = finished(sums + (p + 1) * NR, bias, relu);
		vec_bits larger = (vec_bits)(best < next);

		best = (vec)(((vec_bits)next & larger) |
			     ((vec_bits)best & ~larger));
		place = (place & ~larger) | ((p + 1) & larger);
	}
	*index = place;
	return best;
}

/* The outputs of `count` windows or pixels, columns [n, n + NR) of y. */
struct store {
	const float *sums;
	size_t count, width, O;
	const float *bias; /* (NR) */
	float *y;
	uint8_t *index; /* or NULL */
};

INLINE void store_all(const struct store *t, bool pool, bool relu, bool whole)
{
	vec bias[NV];
	size_t i, j;

	UNROLLED (j, NV)
		bias[j] = vec_load(t->bias + j * VEC_WIDTH);
	for (i = 0; i < t->count; ++i) {
		float row[NR], *y = whole ? t->y + i * t->O : row;
		uint8_t places[NR];
		uint8_t *index =
			whole && t->index ? t->index + i * t->O : places;

		UNROLLED (j, NV) {
			size_t v = j * VEC_WIDTH;
			vec_bits place;

			if (pool) {
				vec_store(y + v,
					  largest(t->sums + 4 * i * NR + v,
						  bias[j], relu, &place));
				vec_store_bytes(index + v, place);
			} else {
				vec_store(y + v, finished(t->sums + i * NR + v,
							  bias[j], relu));
			}
		}
		if (whole)
			continue;
		memcpy(t->y + i * t->O, row, t->width * sizeof(*row));
		if (pool && t->index)
			memcpy(t->index + i * t->O, places, t->width);
	}
}

static void store(const struct store *t, bool pool, bool relu)
{
	bool whole = t->width == NR;

	if (pool && relu && whole)
		store_all(t, true, true, true);
	else if (pool)
		store_all(t, true, relu, whole);
	else
		store_all(t, false, relu, whole);
}

/* Rows [unit, end) of y, of all images of a replica. */
static void run_rows(const struct forward *f, size_t r, size_t unit, size_t end,
		     const struct own *own)
{
	const struct ut_conv *op = f->op;
	const struct ut_conv_shape *s = &op->shape;
	size_t pixels = read_rows(f, r, unit, end, own), n, i;
	size_t window = f->n.side * f->n.side, row = unit * f->n.PW * s->O;
	struct conv_walk walk = {s->kernel, s->kernel * s->C, 1,
				 f->n.wide * s->C};
	float bias[NR] = {0};

	for (i = pixels; i % MR; ++i)
		own->at[i] = own->at[0];
	for (n = 0; n < s->O; n += NR) {
		struct store t = {
			.sums = own->sums,
			.count = pixels / window,
			.width = ut_host_min(s->O - n, NR),
			.O = s->O,
			.bias = bias,
			.y = ut_host_f32(op->y, r) + row + n,
		};

		if (!ut_slice_none(op->index))
			t.index = ut_host_u8(op->index, r) + row + n;
		if (!ut_slice_none(op->b))
			memcpy(bias, ut_host_f32(op->b, r) + n,
			       t.width * sizeof(*bias));
		pack(f, r, n, own->panel);
		for (i = 0; i < pixels; i += MR)
			conv_tile(&walk, own->x, own->at + i, own->panel,
				  own->sums + i * NR, false);
		store(&t, s->pool, op->relu);
	}
}

/* Rows of y at once: so many that packing the weights costs little. */
static size_t choose_units(const struct forward *f, size_t threads)
{
	enum { PIXELS = 512 };
	const struct ut_conv_shape *s = &f->op->shape;
	size_t units = PIXELS / (f->n.PW * f->n.side * f->n.side);
	size_t share = s->B * f->n.PH * f->op->R / (2 * threads);

	units = units < share ? units : share;
	return units ? units : 1;
}

void UT_HOST(conv_forward)(struct ut_device *device, const struct ut_conv *op)
{
	const struct ut_conv_shape *s = &op->shape;
	const struct ut_host *host = ut_host_of(device);
	struct forward f = {
		.op = op,
		.n = conv_sides_of(s),
		.K = (size_t)s->kernel * s->kernel * s->C,
	};
	size_t rows = s->B * f.n.PH, parts, each, i;
	float *room;

	f.units = choose_units(&f, (size_t)host->threads);
	f.pixels =
		ut_host_pieces(f.units * f.n.PW * f.n.side * f.n.side, MR) * MR;
	f.x_floats = (f.units * f.n.side * s->stride +
		      conv_segments(f.units, f.n.PH) * s->kernel) *
		     f.n.wide * s->C;
	each = ut_host_pieces(f.x_floats + f.K * NR + f.pixels * (NR + 1), 16) *
	       16;
	room = ut_host_room(device, (size_t)host->threads * each);
	if (!room)
		return;
	parts = ut_host_pieces(rows, f.units);
#pragma omp parallel num_threads(host->threads) if (!conv_is_small(s, op->R))
	{
		float *at = room + (size_t)omp_get_thread_num() * each;
		struct own own = {
			.panel = at,
			.sums = at + f.K * NR,
			.x = at + f.K * NR + f.pixels * NR,
			.at = (uint32_t *)(at + f.K * NR + f.pixels * NR +
					   f.x_floats),
		};

#pragma omp for schedule(dynamic)
		for (i = 0; i < op->R * parts; ++i)
			run_rows(&f, i / parts, i % parts * f.units,
				 ut_host_min(i % parts * f.units + f.units,
					     rows),
				 &own);
	}
}
