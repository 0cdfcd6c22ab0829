/*
 * What a convolution's passes are made of: padded rows of input, and the two
 * loops of multiplications, dense ones and those over lists.
 */
#include "host_conv.h"

/* Vectors of sums in registers: enough to hide the latency of an fma. */
enum { SUMS = 12 };

struct conv_blocks conv_blocks_of(const struct ut_conv_shape *s)
{
	size_t most = SUMS * VEC_WIDTH / s->kernel;
	struct conv_blocks b;

	b.count = ut_host_pieces(s->C, most ? most : 1);
	b.width = ut_host_pieces(s->C, b.count);
	b.run = s->kernel * b.width;
	b.vectors = ut_host_pieces(b.run, VEC_WIDTH);
	b.floats = b.vectors * VEC_WIDTH;
	return b;
}

/* A row of one block's channels; pixels are C floats apart in the image. */
static void pad_row(const struct ut_conv_shape *s, const float *from,
		    size_t channels, size_t width, float *to)
{
	size_t edge = s->pad * width, i;

	memset(to, 0, edge * sizeof(*to));
	to += edge;
	if (width == s->C) {
		memcpy(to, from, s->W * width * sizeof(*to));
	} else {
		for (i = 0; i < s->W; ++i) {
			memcpy(to + i * width, from + i * s->C,
			       channels * sizeof(*to));
			memset(to + i * width + channels, 0,
			       (width - channels) * sizeof(*to));
		}
	}
	memset(to + s->W * width, 0, edge * sizeof(*to));
}

void conv_pad(const struct ut_conv_shape *s, const float *image, size_t first,
	      size_t end, size_t blocks, size_t width, float *to, size_t stride)
{
	size_t row = (s->W + 2 * (size_t)s->pad) * width, block, i;

	for (block = 0; block < blocks; ++block) {
		size_t c = block * width;

		for (i = 0; i < conv_rows_read(s, end - first); ++i) {
			size_t h = first * s->stride + i - s->pad;
			float *at = to + block * stride + i * row;

			if (h < s->H)
				pad_row(s, image + h * s->W * s->C + c,
					ut_host_min(width, s->C - c), width,
					at);
			else
				memset(at, 0, row * sizeof(*at));
		}
	}
}

void conv_transpose(const float *from, size_t from_row, size_t lanes, size_t K,
		    float *to, size_t to_row)
{
	size_t k, l;

	for (k = 0; k < K; k += 4)
		for (l = 0; l < lanes; l += 4) {
			size_t kk, ll;

			if (k + 4 <= K && l + 4 <= lanes) {
				quad_transpose(from + l * from_row + k,
					       from_row, to + k * to_row + l,
					       to_row);
				continue;
			}
			for (kk = k; kk < K && kk < k + 4; ++kk)
				for (ll = l; ll < lanes && ll < l + 4; ++ll)
					to[kk * to_row + ll] =
						from[ll * from_row + kk];
		}
}

void conv_tile(const struct conv_walk *walk, const float *x,
	       const uint32_t at[MR], const float *panel, float *sums,
	       bool resume)
{
	size_t step = walk->step, length = walk->count * step;
	size_t end = length, k = 0, left, i, j;
	const float *row[MR];
	vec s[MR][NV], v[NV];

	UNROLLED (i, MR)
		row[i] = x + at[i];
	TILE (i, j)
		s[i][j] = vec_set(0);
	if (resume)
		TILE (i, j)
			s[i][j] = vec_load(sums + i * NR + j * VEC_WIDTH);
	for (left = walk->pieces; left; --left) {
		for (; k < end; k += step, panel += NR) {
			UNROLLED (j, NV)
				v[j] = vec_load(panel + j * VEC_WIDTH);
			UNROLLED (i, MR) {
				vec factor = vec_set(row[i][k]);

				UNROLLED (j, NV)
					s[i][j] =
						vec_fma(factor, v[j], s[i][j]);
			}
		}
		k += walk->row - length;
		end += walk->row;
	}
	TILE (i, j)
		vec_store(sums + i * NR + j * VEC_WIDTH, s[i][j]);
}

/* One list after the other, n vectors of sums in registers. */
INLINE void run_lists(const struct conv_runs *r, size_t n, bool add)
{
	size_t i, j;

	for (i = 0; i < r->count; ++i) {
		const struct conv_entry *e = r->lists + i * r->stride;
		const struct conv_entry *end = e + r->lengths[i];
		float *to = r->to + i * r->step;
		vec s[SUMS];

		if (e == end)
			continue;
		UNROLLED (j, n)
			s[j] = add ? vec_set(0) : vec_load(to + j * VEC_WIDTH);
		for (; e < end; ++e) {
			const float *from = r->from + e->offset;
			vec value = vec_set(e->value);

			UNROLLED (j, n)
				s[j] = vec_fma(value,
					       vec_load(from + j * VEC_WIDTH),
					       s[j]);
		}
		if (add)
			UNROLLED (j, n)
				s[j] = vec_load(to + j * VEC_WIDTH) + s[j];
		UNROLLED (j, n)
			vec_store(to + j * VEC_WIDTH, s[j]);
	}
}

/* Two loops; each needs the registers for itself. */
#define RUN(n)                                                            \
	static NOINLINE void run_##n(const struct conv_runs *r, bool add) \
	{                                                                 \
		if (add)                                                  \
			run_lists(r, n, true);                            \
		else                                                      \
			run_lists(r, n, false);                           \
	}

RUN(1)
RUN(2)
RUN(3)
RUN(4)
RUN(5)
RUN(6)
RUN(7)
RUN(8)
RUN(9)
RUN(10)
RUN(11)
RUN(12)

typedef void run_kernel(const struct conv_runs *r, bool add);

/* By the number of vectors. */
static run_kernel *const kernels[SUMS + 1] = {
	NULL,  run_1, run_2, run_3,  run_4,  run_5,  run_6,
	run_7, run_8, run_9, run_10, run_11, run_12,
};

/* A run of huge kernels, in parts; a list is done before the next begins. */
static void run_in_parts(const struct conv_runs *runs, size_t vectors, bool add)
{
	size_t i, j;

	for (i = 0; i < runs->count; ++i) {
		struct conv_runs one = {
			.count = 1,
			.lists = runs->lists + i * runs->stride,
			.lengths = runs->lengths + i,
		};

		for (j = 0; j < vectors; j += SUMS) {
			one.from = runs->from + j * VEC_WIDTH;
			one.to = runs->to + i * runs->step + j * VEC_WIDTH;
			kernels[ut_host_min(vectors - j, SUMS)](&one, add);
		}
	}
}

void conv_run(const struct conv_runs *runs, size_t vectors, bool add)
{
	if (vectors <= SUMS)
		kernels[vectors](runs, add);
	else
		run_in_parts(runs, vectors, add);
}
