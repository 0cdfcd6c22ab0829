/*
 * The weight gradient of a convolution of few channels, an image's first: a
 * dense product of matrices. Rows are weights, which for every output pixel
 * take one number of the padded input each; columns are output channels. One
 * row more, of ones, sums up the biases.
 */
#include <omp.h>

#include "host_conv.h"

struct narrow {
	const struct ut_conv_weights *op;
	struct conv_sides n;
	size_t chunk;    /* rows of output pixels */
	size_t taps;     /* weights of an output channel */
	size_t tiles;    /* of rows, of a part */
	size_t x_floats; /* of the input that a chunk reads */
};

/* A thread's own memory. */
struct own {
	float *x, *ones; /* (x_floats) each, one after the other */
	float *panel;    /* (chunk, OW, NR): gradients */
	float *totals;   /* (tiles, MR, NR) */
};

/* Gradients before the pool of a row of windows, O from one to the next. */
static NOINLINE void spread(const float *dy, const uint8_t *index, size_t count,
			    size_t O, unsigned high, float *panel)
{
	const int left = 2 * (int)high, right = left + 1;
	size_t w, k;

	for (w = 0; w < count; ++w, dy += O, index += O, panel += 2 * NR)
		UNROLLED (k, NV) {
			size_t at = k * VEC_WIDTH;
			vec value = vec_load(dy + at);
			vec_bits place = vec_load_bytes(index + at);

			vec_store(panel + at, vec_keep(value, place == left));
			vec_store(panel + NR + at,
				  vec_keep(value, place == right));
		}
}

/* The same of less than NR channels. */
static NOINLINE void spread_some(const float *dy, const uint8_t *index,
				 size_t count, size_t O, size_t width,
				 unsigned high, float *panel)
{
	size_t w, k;

	for (w = 0; w < count; ++w, dy += O, index += O, panel += 2 * NR)
		for (k = 0; k < width; ++k)
			if (index[k] >> 1 == high)
				panel[(index[k] & 1) * NR + k] = dy[k];
}

/* Row oh of image b, channels [o, o + NR), to the panel. */
static void fill_row(const struct narrow *g, size_t r, size_t b, size_t oh,
		     size_t o, float *panel)
{
	size_t O = g->op->shape.O, width = ut_host_min(O - o, NR), w;
	size_t ph = oh / g->n.side, all = g->n.OW * NR;
	size_t from = (b * g->n.PH + ph) * g->n.PW * O + o;
	const float *dy = ut_host_f32(g->op->dy, r) + from;
	const uint8_t *index;

	if (ph >= g->n.PH || width < NR || g->n.PW * g->n.side < g->n.OW)
		memset(panel, 0, all * sizeof(*panel));
	if (ph >= g->n.PH)
		return;
	if (g->n.side == 1) {
		for (w = 0; w < g->n.PW; ++w)
			memcpy(panel + w * NR, dy + w * O,
			       width * sizeof(*panel));
		return;
	}
	index = ut_host_u8(g->op->index, r) + from;
	if (width == NR)
		spread(dy, index, g->n.PW, O, oh & 1, panel);
	else
		spread_some(dy, index, g->n.PW, O, width, oh & 1, panel);
}

/* The chunk of rows [row, end) of all images: tiles from `tile` on. */
static void run_chunk(const struct narrow *g, size_t r, size_t row, size_t end,
		      size_t o, const uint32_t *taps, const struct own *own)
{
	const struct ut_conv_shape *s = &g->op->shape;
	size_t line = g->n.wide * s->C, at, i, t, start;
	struct conv_walk walk = {0, g->n.OW, s->stride * s->C,
				 s->stride * line};
	struct conv_segment in;

	for (at = row, start = 0; at < end; at += walk.pieces) {
		in = conv_segment_at(at, end, g->n.OH);
		walk.pieces = in.end - in.first;
		conv_pad(s,
			 ut_host_f32(g->op->x, r) + in.b * s->H * s->W * s->C,
			 in.first, in.end, 1, s->C, own->x + start, 0);
		start += conv_rows_read(s, walk.pieces) * line;
		for (i = 0; i < walk.pieces; ++i)
			fill_row(g, r, in.b, in.first + i, o,
				 own->panel + (at - row + i) * g->n.OW * NR);
	}
	for (t = 0; t < g->tiles; ++t) {
		float sums[MR * NR], *total = own->totals + t * MR * NR;

		for (at = row, start = 0; at < end; at += walk.pieces) {
			in = conv_segment_at(at, end, g->n.OH);
			walk.pieces = in.end - in.first;
			conv_tile(&walk, own->x + start, taps + t * MR,
				  own->panel + (at - row) * g->n.OW * NR, sums,
				  at > row);
			start += conv_rows_read(s, walk.pieces) * line;
		}
		for (i = 0; i < MR * NR; ++i)
			total[i] = total[i] + sums[i];
	}
}

/* Rows of weights from `first` on and channels [o, o + NR) of a replica. */
static void run_part(const struct narrow *g, size_t r, size_t first, size_t o,
		     uint32_t *taps, const struct own *own)
{
	const struct ut_conv_shape *s = &g->op->shape;
	size_t rows = s->B * g->n.OH, count = g->tiles * MR, row, i, k;
	size_t width = ut_host_min(s->O - o, NR);

	for (i = 0; i < count; ++i) {
		size_t tap = first + i < g->taps ? first + i : 0;
		size_t kw = tap / s->C % s->kernel, kh = tap / s->C / s->kernel;

		taps[i] = (uint32_t)((kh * g->n.wide + kw) * s->C + tap % s->C);
		if (first + i == g->taps)
			taps[i] = (uint32_t)(own->ones - own->x);
	}
	for (i = 0; i < g->x_floats; ++i)
		own->ones[i] = 1;
	memset(own->totals, 0, count * NR * sizeof(float));
	for (row = 0; row < rows; row += g->chunk)
		run_chunk(g, r, row, ut_host_min(row + g->chunk, rows), o, taps,
			  own);
	for (i = 0; i < count && first + i <= g->taps; ++i) {
		float *to;

		if (first + i < g->taps)
			to = ut_host_f32(g->op->dw, r) + (first + i) * s->O;
		else if (!ut_slice_none(g->op->db))
			to = ut_host_f32(g->op->db, r);
		else
			continue;
		for (k = 0; k < width; ++k)
			to[o + k] = ut_clean(own->totals[i * NR + k]);
	}
}

void conv_weights_narrow(struct ut_device *device,
			 const struct ut_conv_weights *op)
{
	const struct ut_conv_shape *s = &op->shape;
	size_t threads = (size_t)ut_host_of(device)->threads;
	struct narrow g = {
		.op = op,
		.n = conv_sides_of(s),
		.taps = (size_t)s->kernel * s->kernel * s->C,
	};
	size_t tall = ut_host_pieces(g.taps + 1, MR);
	size_t across = ut_host_pieces(s->O, NR), down, each, i, panel;
	float *room;

	down = ut_host_min(tall, ut_host_pieces(threads, op->R * across));
	g.tiles = ut_host_pieces(tall, down);
	down = ut_host_pieces(tall, g.tiles);
	g.chunk = ut_chunk_rows((uint)g.n.OW);
	g.x_floats = (g.chunk * s->stride +
		      conv_segments(g.chunk, g.n.OH) * s->kernel) *
		     g.n.wide * s->C;
	panel = g.chunk * g.n.OW * NR;
	each = ut_host_pieces(panel + g.tiles * MR * (NR + 1) + 2 * g.x_floats,
			      16) *
	       16;
	room = ut_host_room(device, threads * each);
	if (!room)
		return;
#pragma omp parallel num_threads( \
	ut_host_of(device)->threads) if (!conv_is_small(s, op->R))
	{
		float *at = room + (size_t)omp_get_thread_num() * each;
		struct own own = {
			.panel = at,
			.totals = at + panel,
			.x = at + panel + g.tiles * MR * NR,
		};
		uint32_t *taps;

		own.ones = own.x + g.x_floats;
		taps = (uint32_t *)(own.ones + g.x_floats);
#pragma omp for schedule(dynamic)
		for (i = 0; i < op->R * across * down; ++i)
			run_part(&g, i / down / across, i % down * g.tiles * MR,
				 i / down % across * NR, taps, &own);
	}
}
