/*
 * The weight and bias gradients of a convolution. For every output channel the
 * gradient's numbers that are not zero are listed, chunk by chunk in the order
 * of their pixels; each adds its multiple of what its pixel has read, a row of
 * kernel at a time. A thread owns some output channels, so chunks add up in
 * order.
 */
#include <omp.h>

#include "host_conv.h"

struct weights {
	const struct ut_conv_weights *op;
	struct conv_sides n;
	struct conv_blocks k;
	size_t chunk;       /* rows of output pixels */
	size_t part;        /* output channels of a part */
	size_t rows;        /* whose input is padded at once: whole chunks */
	size_t x_floats;    /* of a block of that input */
	size_t list_stride; /* entries of a chunk and channel */
	size_t total;       /* floats of a channel: (blocks, kernel, floats) */
};

/* A thread's own memory. */
struct own {
	struct conv_entry *lists; /* (part, list_stride) */
	uint32_t *lengths;        /* (part) */
	float *x;                 /* (blocks, rows, wide, width) */
	float *totals;            /* (part, total) */
	float *biases;            /* (part) and a vector more */
};

/* A row of output pixels. */
struct row {
	size_t from;     /* its first gradient */
	size_t count;    /* its gradients of a channel: PW, or none */
	uint32_t offset; /* in x, of what its first pixel reads */
	unsigned high;   /* 1: the lower row of its windows */
};

enum {
	ROWS = 256,
	/* so few vectors of sums would wait for each other */
	NARROW = 2,
};

/* Pads what rows [row, end) of all images read, and notes where it is. */
static void read_rows(const struct weights *g, size_t r, size_t row, size_t end,
		      const struct own *own, struct row *rows)
{
	const struct ut_conv_shape *s = &g->op->shape;
	size_t line = g->n.wide * g->k.width, start = 0, at, i;
	struct conv_segment in;

	for (at = row; at < end; at += in.end - in.first) {
		in = conv_segment_at(at, end, g->n.OH);
		conv_pad(s,
			 ut_host_f32(g->op->x, r) + in.b * s->H * s->W * s->C,
			 in.first, in.end, g->k.count, g->k.width,
			 own->x + start * line, g->x_floats);
		for (i = in.first; i < in.end; ++i) {
			size_t ph = i / g->n.side;

			rows[at - row + i - in.first] = (struct row){
				.from = (in.b * g->n.PH + ph) * g->n.PW * s->O,
				.count = ph < g->n.PH ? g->n.PW : 0,
				.offset =
					(uint32_t)((start + (i - in.first) *
								    s->stride) *
						   line),
				.high = i % g->n.side,
			};
		}
		start += conv_rows_read(s, in.end - in.first);
	}
}

/*
 * Lists a pixel's or a window's gradients of some channels, a window's only
 * where its place is in row `high` of it. List i is i * stride entries on and
 * lengths[i] long.
 */
static NOINLINE void list_pixel(const float *dy, size_t count, uint32_t offset,
				struct conv_entry *list, size_t stride,
				uint32_t *lengths)
{
	size_t i;

	for (i = 0; i < count; ++i, list += stride) {
		uint32_t length = lengths[i];

		list[length] = (struct conv_entry){offset, dy[i]};
		lengths[i] = length + conv_counts(dy[i]);
	}
}

static NOINLINE void list_window(const float *dy, const uint8_t *index,
				 size_t count, const uint32_t offsets[2],
				 unsigned high, struct conv_entry *list,
				 size_t stride, uint32_t *lengths)
{
	size_t i;

	for (i = 0; i < count; ++i, list += stride) {
		uint32_t length = lengths[i];
		unsigned place = index[i];

		list[length] = (struct conv_entry){offsets[place & 1], dy[i]};
		lengths[i] =
			length + (conv_counts(dy[i]) & (place >> 1 == high));
	}
}

/* Lists the channels [o, o_end) of some rows. */
static void list_rows(const struct weights *g, size_t r, size_t o, size_t o_end,
		      const struct row *rows, size_t count,
		      const struct own *own)
{
	size_t O = g->op->shape.O, i, w;
	uint32_t step = (uint32_t)(g->op->shape.stride * g->k.width);

	memset(own->lengths, 0, (o_end - o) * sizeof(*own->lengths));
	for (i = 0; i < count; ++i)
		for (w = 0; w < rows[i].count; ++w) {
			size_t at = rows[i].from + w * O + o;
			const float *dy = ut_host_f32(g->op->dy, r) + at;
			uint32_t left = rows[i].offset +
					(uint32_t)(w * g->n.side) * step;
			uint32_t offsets[2] = {left, left + step};

			if (g->n.side == 1)
				list_pixel(dy, o_end - o, left, own->lists,
					   g->list_stride, own->lengths);
			else
				list_window(dy,
					    ut_host_u8(g->op->index, r) + at,
					    o_end - o, offsets, rows[i].high,
					    own->lists, g->list_stride,
					    own->lengths);
		}
}

/* Adds a chunk's sums of the channels [o, o_end) to the biases. */
static void add_biases(const struct weights *g, size_t r, size_t o,
		       size_t o_end, const struct row *rows, size_t count,
		       float *biases)
{
	size_t O = g->op->shape.O, i, w, k;

	for (; o < o_end; o += NR, biases += NR) {
		size_t width = ut_host_min(o_end - o, NR);
		float sums[NR] = {0};

		for (i = 0; i < count; ++i) {
			size_t from = rows[i].from + o;
			const float *dy = ut_host_f32(g->op->dy, r) + from;
			const uint8_t *index;

			if (g->n.side == 1) {
				for (w = 0; w < rows[i].count; ++w)
					for (k = 0; k < width; ++k)
						sums[k] =
							sums[k] + dy[w * O + k];
				continue;
			}
			index = ut_host_u8(g->op->index, r) + from;
			for (w = 0; w < rows[i].count; ++w)
				for (k = 0; k < width; ++k)
					sums[k] = sums[k] +
						  (index[w * O + k] >> 1 ==
								   rows[i].high
							   ? dy[w * O + k]
							   : 0);
		}
		for (k = 0; k < width; ++k)
			biases[k] = biases[k] + sums[k];
	}
}

static void run_lists(const struct weights *g, size_t count,
		      const struct own *own)
{
	const struct ut_conv_shape *s = &g->op->shape;
	size_t block, kh;

	for (block = 0; block < g->k.count; ++block)
		for (kh = 0; kh < s->kernel; ++kh)
			conv_run(
				&(struct conv_runs){
					.count = count,
					.lists = own->lists,
					.stride = g->list_stride,
					.lengths = own->lengths,
					.from = own->x + block * g->x_floats +
						kh * g->n.wide * g->k.width,
					.to = own->totals + (block * s->kernel +
							     kh) * g->k.floats,
					.step = g->total,
				},
				g->k.vectors, true);
}

/* The finished totals of the channels [o, o_end), to their places. */
static void write(const struct weights *g, size_t r, size_t o, size_t o_end,
		  const struct own *own)
{
	const struct ut_conv_shape *s = &g->op->shape;
	size_t block, tap, i;
	float *dw = ut_host_f32(g->op->dw, r) + o;

	for (i = 0; i < (o_end - o) * g->total; ++i)
		own->totals[i] = ut_clean(own->totals[i]);
	for (block = 0; block < g->k.count; ++block)
		for (tap = 0; tap < s->kernel * s->kernel; ++tap) {
			size_t c = block * g->k.width, kh = tap / s->kernel;

			conv_transpose(own->totals +
					       (block * s->kernel + kh) *
						       g->k.floats +
					       tap % s->kernel * g->k.width,
				       g->total, o_end - o,
				       ut_host_min(g->k.width, s->C - c),
				       dw + (tap * s->C + c) * s->O, s->O);
		}
	if (!ut_slice_none(g->op->db))
		for (i = 0; i < o_end - o; ++i)
			ut_host_f32(g->op->db, r)[o + i] =
				ut_clean(own->biases[i]);
}

/* A chunk of `count` rows of the channels [o, o_end). */
static void add_chunk(const struct weights *g, size_t r, size_t o, size_t o_end,
		      const struct row *rows, size_t count,
		      const struct own *own)
{
	list_rows(g, r, o, o_end, rows, count, own);
	run_lists(g, o_end - o, own);
	if (!ut_slice_none(g->op->db))
		add_biases(g, r, o, o_end, rows, count, own->biases);
}

/* The channels [o, o_end) of a replica. */
static void run_part(const struct weights *g, size_t r, size_t o, size_t o_end,
		     const struct own *own)
{
	size_t all = g->op->shape.B * g->n.OH, row, count, i;
	struct row rows[ROWS];

	memset(own->totals, 0, (o_end - o) * g->total * sizeof(float));
	memset(own->biases, 0, (o_end - o) * sizeof(float));
	for (row = 0; row < all; row += count) {
		count = ut_host_min(g->rows, all - row);
		read_rows(g, r, row, row + count, own, rows);
		for (i = 0; i < count; i += g->chunk)
			add_chunk(g, r, o, o_end, rows + i,
				  ut_host_min(g->chunk, count - i), own);
	}
	write(g, r, o, o_end, own);
}

/*
 * Whole chunks of about eight rows: neighbours read some input twice, and more
 * would not stay in the second-level cache.
 */
static size_t choose_rows(const struct weights *g)
{
	enum { TALL = 8, CACHE = 64 << 10 };
	const struct ut_conv_shape *s = &g->op->shape;
	size_t line = s->stride * g->n.wide * g->k.width * g->k.count;
	size_t most = ut_host_min(TALL, CACHE / line);

	return most > g->chunk ? most / g->chunk * g->chunk : g->chunk;
}

void UT_HOST(conv_weights)(struct ut_device *device,
			   const struct ut_conv_weights *op)
{
	const struct ut_conv_shape *s = &op->shape;
	const struct ut_host *host = ut_host_of(device);
	struct weights g = {
		.op = op,
		.n = conv_sides_of(s),
		.k = conv_blocks_of(s),
	};
	size_t threads = (size_t)host->threads, parts, lists, each, i;
	size_t x, lengths, totals;
	float *room;

	if (g.k.vectors <= NARROW) {
		conv_weights_narrow(device, op);
		return;
	}
	g.chunk = ut_chunk_rows((uint)g.n.OW);
	g.part = ut_host_pieces(s->O, ut_host_pieces(threads, op->R));
	g.list_stride = g.chunk * g.n.OW + 9;
	g.total = g.k.count * s->kernel * g.k.floats;
	g.rows = choose_rows(&g);
	g.x_floats = (g.rows * s->stride +
		      conv_segments(g.rows, g.n.OH) * s->kernel) *
			     g.n.wide * g.k.width +
		     VEC_WIDTH;
	lists = 2 * g.part * g.list_stride;
	lengths = g.part;
	x = g.k.count * g.x_floats;
	totals = g.part * g.total;
	each = ut_host_pieces(lists + lengths + x + totals + g.part, 16) * 16;
	room = ut_host_room(device, threads * each);
	if (!room)
		return;
	parts = ut_host_pieces(s->O, g.part);
#pragma omp parallel num_threads(host->threads) if (!conv_is_small(s, op->R))
	{
		float *at = room + (size_t)omp_get_thread_num() * each;
		struct own own = {
			.lists = (struct conv_entry *)at,
			.lengths = (uint32_t *)(at + lists),
			.x = at + lists + lengths,
			.totals = at + lists + lengths + x,
			.biases = at + lists + lengths + x + totals,
		};

#pragma omp for schedule(dynamic)
		for (i = 0; i < op->R * parts; ++i) {
			size_t o = i % parts * g.part;

			run_part(&g, i / parts, o,
				 ut_host_min(o + g.part, s->O), &own);
		}
	}
}
