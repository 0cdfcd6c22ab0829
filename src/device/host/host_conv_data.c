/*
 * The data gradient of a convolution. The gradient's numbers that are not zero
 * are listed pixel by pixel, and each adds its multiple of a row of kernel to
 * the pixels that this row has read, which lie beside each other. An element of
 * dx meets kernel rows from the last to the first and, in each, output pixels
 * from left to right: the contract's order.
 */
#include <omp.h>

#include "host_conv.h"

/* Lists are a cache line more apart, or a few of its sets would hold all. */
enum { ASIDE = 8 };

struct data {
	const struct ut_conv_data *op;
	struct conv_sides n;
	struct conv_blocks k;
	size_t rows;          /* of dx, of all images, that are done at once */
	size_t sums_floats;   /* of one block of them */
	size_t slots;         /* rows of lists */
	size_t stride;        /* entries of a pixel */
	const float *weights; /* (R, blocks, kernel, O, floats) */
};

/* A thread's own memory. */
struct own {
	struct conv_entry *lists; /* (slots, OW, stride) */
	uint32_t *lengths;        /* (slots, OW) */
	float *sums;              /* (blocks, rows, wide, width) */
};

/* Those of a replica, a block and a row of kernel: a run for each output. */
static float *weights_of(const struct data *d, size_t r, size_t block,
			 size_t kh)
{
	const struct ut_conv_shape *s = &d->op->shape;

	return (float *)d->weights +
	       ((r * d->k.count + block) * s->kernel + kh) * s->O * d->k.floats;
}

static void turn_weights(const struct data *d, size_t r, size_t block,
			 size_t kh)
{
	const struct ut_conv_shape *s = &d->op->shape;
	size_t c = block * d->k.width, kw;
	size_t channels = ut_host_min(d->k.width, s->C - c);
	float *to = weights_of(d, r, block, kh);

	memset(to, 0, s->O * d->k.floats * sizeof(*to));
	for (kw = 0; kw < s->kernel; ++kw)
		conv_transpose(ut_host_f32(d->op->w, r) +
				       ((kh * s->kernel + kw) * s->C + c) *
					       s->O,
			       s->O, channels, s->O, to + kw * d->k.width,
			       d->k.floats);
}

/* Output rows [first, end) that the segment's rows of input were read by. */
static void readers(const struct data *d, const struct conv_segment *in,
		    size_t *first, size_t *end)
{
	const struct ut_conv_shape *s = &d->op->shape;
	size_t low = in->first + s->pad, high = in->end - 1 + s->pad;

	*first =
		low < s->kernel ? 0 : (low - s->kernel + s->stride) / s->stride;
	*end = ut_host_min(high / s->stride + 1, d->n.PH * d->n.side);
	/* whole windows */
	*first = *first / d->n.side * d->n.side;
	*end = ut_host_pieces(*end, d->n.side) * d->n.side;
	if (*first > *end)
		*first = *end;
}

/* Lists what is not zero of a pixel's O gradients. */
static NOINLINE uint32_t list_pixel(const float *dy, size_t O, uint32_t floats,
				    struct conv_entry *list)
{
	uint32_t length = 0, o;

	for (o = 0; o < O; ++o) {
		list[length].offset = o * floats;
		list[length].value = dy[o];
		length += conv_counts(dy[o]);
	}
	return length;
}

/* The same of a window's, to the lists of its four places. */
static NOINLINE void list_window(const float *dy, const uint8_t *index,
				 size_t O, uint32_t floats,
				 struct conv_entry *lists[4],
				 uint32_t lengths[4])
{
	enum { PIECE = 1 << 15, BITS = 16 };
	size_t start, o;
	unsigned p;

	for (start = 0; start < O; start += PIECE) {
		/* four counts in a register */
		uint64_t counts = 0;

		for (o = start; o < O && o < start + PIECE; ++o) {
			unsigned place = index[o] & 3, shift = place * BITS;
			struct conv_entry *e =
				lists[place] + (counts >> shift & 0xffff);

			e->offset = (uint32_t)o * floats;
			e->value = dy[o];
			counts += (uint64_t)conv_counts(dy[o]) << shift;
		}
		for (p = 0; p < 4; ++p) {
			lists[p] += counts >> p * BITS & 0xffff;
			lengths[p] += counts >> p * BITS & 0xffff;
		}
	}
}

/* Lists the gradients of a row of windows in its rows of slots. */
static void list_row(const struct data *d, size_t r, size_t row, size_t slot,
		     const struct own *own)
{
	size_t O = d->op->shape.O, OW = d->n.OW, at = row * d->n.PW * O, w, p;
	const float *dy = ut_host_f32(d->op->dy, r);
	uint32_t *lengths = own->lengths + slot * OW;
	struct conv_entry *lists = own->lists + slot * OW * d->stride;

	memset(lengths, 0, d->n.side * OW * sizeof(*lengths));
	for (w = 0; w < d->n.PW; ++w, at += O) {
		const uint8_t *index;
		struct conv_entry *places[4];
		uint32_t counts[4] = {0};

		if (d->n.side == 1) {
			lengths[w] =
				list_pixel(dy + at, O, (uint32_t)d->k.floats,
					   lists + w * d->stride);
			continue;
		}
		index = ut_host_u8(d->op->index, r) + at;
		for (p = 0; p < 4; ++p)
			places[p] = lists +
				    (p / 2 * OW + 2 * w + p % 2) * d->stride;
		list_window(dy + at, index, O, (uint32_t)d->k.floats, places,
			    counts);
		for (p = 0; p < 4; ++p)
			lengths[p / 2 * OW + 2 * w + p % 2] = counts[p];
	}
}

static size_t list_segment(const struct data *d, size_t r,
			   const struct conv_segment *in, size_t slot,
			   const struct own *own)
{
	size_t first, end, side = d->n.side, oh;

	readers(d, in, &first, &end);
	for (oh = first; oh < end; oh += side)
		list_row(d, r, in->b * d->n.PH + oh / side, slot + oh - first,
			 own);
	return slot + end - first;
}

/* What a row of kernel and a block add to the rows of a segment. */
static size_t run_segment(const struct data *d, const struct conv_segment *in,
			  size_t slot, size_t kh, const float *weights,
			  float *sums, const struct own *own)
{
	const struct ut_conv_shape *s = &d->op->shape;
	size_t first, end, h;

	readers(d, in, &first, &end);
	for (h = in->first; h < in->end; ++h) {
		size_t away = h + s->pad - kh, oh = away / s->stride;
		size_t row = slot + oh - first;

		if (h + s->pad < kh || away % s->stride || oh < first ||
		    oh >= end)
			continue;
		conv_run(
			&(struct conv_runs){
				.count = d->n.OW,
				.lists = own->lists + row * d->n.OW * d->stride,
				.stride = d->stride,
				.lengths = own->lengths + row * d->n.OW,
				.from = weights,
				.to = sums +
				      (h - in->first) * d->n.wide * d->k.width,
				.step = s->stride * d->k.width,
			},
			d->k.vectors, false);
	}
	return slot + end - first;
}

/* Gate and ut_clean, on n finished sums. */
static void finish(const float *sums, const float *gate, float scale, size_t n,
		   float *dx)
{
	size_t i;

	if (gate)
		for (i = 0; i < n; ++i)
			dx[i] = ut_clean(gate[i] > 0 ? sums[i] * scale : 0);
	else
		for (i = 0; i < n; ++i)
			dx[i] = ut_clean(sums[i]);
}

/* Row `row` of all images, which is row i of the sums. */
static void finish_row(const struct data *d, size_t r, size_t row, size_t i,
		       const float *sums)
{
	const struct ut_conv_shape *s = &d->op->shape;
	size_t width = d->k.width, at = row * s->W * s->C, block, w;
	const float *gate = ut_slice_none(d->op->gate)
				    ? NULL
				    : ut_host_f32(d->op->gate, r) + at;
	float *dx = ut_host_f32(d->op->dx, r) + at;

	sums += (i * d->n.wide + s->pad) * width;
	if (d->k.count == 1) {
		finish(sums, gate, d->op->scale, s->W * s->C, dx);
		return;
	}
	for (block = 0; block < d->k.count; ++block) {
		size_t c = block * width;

		for (w = 0; w < s->W; ++w)
			finish(sums + block * d->sums_floats + w * width,
			       gate ? gate + w * s->C + c : NULL, d->op->scale,
			       ut_host_min(width, s->C - c), dx + w * s->C + c);
	}
}

/* Rows [row, end) of dx, of all images of a replica. */
static void run_rows(const struct data *d, size_t r, size_t row, size_t end,
		     const struct own *own)
{
	const struct ut_conv_shape *s = &d->op->shape;
	size_t block, kh, at, slot;
	struct conv_segment in;

	memset(own->sums, 0, d->k.count * d->sums_floats * sizeof(*own->sums));
	for (at = row, slot = 0; at < end; at += in.end - in.first) {
		in = conv_segment_at(at, end, s->H);
		slot = list_segment(d, r, &in, slot, own);
	}
	for (block = 0; block < d->k.count; ++block)
		for (kh = s->kernel; kh-- > 0;)
			for (at = row, slot = 0; at < end;
			     at += in.end - in.first) {
				in = conv_segment_at(at, end, s->H);
				slot = run_segment(
					d, &in, slot, kh,
					weights_of(d, r, block, kh),
					own->sums + block * d->sums_floats +
						(at - row) * d->n.wide *
							d->k.width,
					own);
			}
	for (at = row; at < end; ++at)
		finish_row(d, r, at, at - row, own->sums);
}

/*
 * How many rows a thread does at once: as many as leave sums and lists in the
 * second-level cache (a quarter of a pooled gradient is listed), but no fewer
 * parts than keep the threads busy.
 */
static size_t choose_rows(const struct data *d, size_t threads)
{
	enum { CACHE = 64 << 10 };
	const struct ut_conv_shape *s = &d->op->shape;
	size_t listed = d->n.OW * s->O * 2 / d->n.side / d->n.side;
	size_t rows = CACHE / (s->W * s->C + listed);
	size_t share = s->B * s->H * d->op->R / (2 * threads);

	rows = rows < share ? rows : share;
	return rows ? rows : 1;
}

void UT_HOST(conv_data)(struct ut_device *device, const struct ut_conv_data *op)
{
	const struct ut_conv_shape *s = &op->shape;
	const struct ut_host *host = ut_host_of(device);
	struct data d = {
		.op = op,
		.n = conv_sides_of(s),
		.k = conv_blocks_of(s),
	};
	size_t each, rows = s->B * s->H, parts, turned, lists, lengths, i;
	float *room;

	d.rows = choose_rows(&d, (size_t)host->threads);
	d.slots = d.rows + conv_segments(d.rows, s->H) * (s->kernel + 1);
	d.sums_floats = d.rows * d.n.wide * d.k.width + VEC_WIDTH;
	turned = op->R * d.k.count * s->kernel * s->O * d.k.floats;
	d.stride = s->O + ASIDE;
	lists = 2 * d.slots * d.n.OW * d.stride;
	lengths = d.slots * d.n.OW;
	each = ut_host_pieces(lists + lengths + d.k.count * d.sums_floats, 16) *
	       16;
	turned = ut_host_pieces(turned, 16) * 16;
	room = ut_host_room(device, turned + (size_t)host->threads * each);
	if (!room)
		return;
	d.weights = room;
	parts = ut_host_pieces(rows, d.rows);
#pragma omp parallel num_threads(host->threads) if (!conv_is_small(s, op->R))
	{
		float *at = room + turned + (size_t)omp_get_thread_num() * each;
		struct own own = {
			.lists = (struct conv_entry *)at,
			.lengths = (uint32_t *)(at + lists),
			.sums = at + lists + lengths,
		};

#pragma omp for schedule(static)
		for (i = 0; i < op->R * d.k.count * s->kernel; ++i)
			turn_weights(&d, i / s->kernel / d.k.count,
				     i / s->kernel % d.k.count, i % s->kernel);
#pragma omp for schedule(dynamic)
		for (i = 0; i < op->R * parts; ++i)
			run_rows(&d, i / parts, i % parts * d.rows,
				 ut_host_min(i % parts * d.rows + d.rows, rows),
				 &own);
	}
}
