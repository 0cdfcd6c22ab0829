/*
 * The matrix product: panels of a and b are packed into memory of the thread's
 * own, and a kernel keeps a tile of MR x NR sums in registers while it runs along
 * K (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication,
 * 2008). Tiles, blocks and threads never change a sum's order.
 */
#include "host_gemm.h"

#include <omp.h>

#include "vec.h"

/* The tile fills the level's vector registers: MR x NV sums. */
#if defined(__AVX512F__)
enum { MR = 12, NV = 2 };
#elif defined(__AVX2__) && defined(__FMA__)
enum { MR = 6, NV = 2 };
#elif defined(__aarch64__)
enum { MR = 6, NV = 4 };
#else
enum { MR = 4, NV = 2 };
#endif

enum {
	NR = NV * VEC_WIDTH,
	KC = 400,	/* a panel of b stays in the first-level cache */
	MC = 144,	/* a block of a stays in the second-level cache */
	NC = 512,
	AHEAD = 40,
	SMALL = 240,	/* rows or columns of a part, if there is the choice */
	PARTS = 16,	/* parts for each thread, likewise */
};

const size_t UT_HOST(scratch_floats) = (size_t)(MC + NC) * KC;

/* Where a kernel's tile goes, and what is done to it on the way. */
struct tile {
	float *c;
	size_t row;		/* of c and of gate */
	bool resume;		/* sums start from c, else from +0 */
	bool add;		/* c is added to the sums at the end */
	bool last;		/* the sums are complete: finish them */
	const float *bias, *gate;
	float scale;
	bool relu;
};

/* What a thread does at once: rows [m, m_end) x columns [n, n_end) of c. */
struct part {
	unsigned r;
	size_t m, m_end, n, n_end;
};

/*
 * A piece of a matrix on its way into the second-level cache while kernels run:
 * `rows` rows of `floats` floats, `quota` cache lines before each kernel.
 */
struct fetch {
	const float *row;
	size_t stride, floats, rows, at, quota;
};

/* Rows of K's piece [k, k + length) of a part. */
struct block {
	const struct gemm *g;
	unsigned r;
	size_t m, m_end, n, n_end, k, length;
	bool pack_b;		/* b's panels are not packed yet */
	bool sum_b;		/* and their columns are to be summed */
	float *a, *b;		/* the packed panels */
	struct fetch fetch_a;	/* what the next block will pack */
};

enum { LINE = 16 };	/* floats of a cache line */

/* Rows [i, i + n) x columns [j, j + m) of a matrix, in `kernels` portions. */
static struct fetch fetch_of(const struct gemm_matrix *x, size_t r, size_t i,
			     size_t n, size_t j, size_t m, size_t kernels)
{
	bool by_row = x->column == 1;
	struct fetch f = {
		.row = x->data + r * x->replica + i * x->row + j * x->column,
		.stride = by_row ? x->row : x->column,
		.floats = by_row ? m : n,
		.rows = by_row ? n : m,
	};

	f.quota = ut_host_pieces(f.rows * ut_host_pieces(f.floats, LINE),
				 kernels);
	return f;
}

static void fetch_some(struct fetch *f)
{
	size_t i;

	for (i = 0; i < f->quota && f->rows; ++i) {
		__builtin_prefetch(f->row + f->at, 0, 2);
		f->at += LINE;
		if (f->at >= f->floats) {
			f->at = 0;
			f->row += f->stride;
			--f->rows;
		}
	}
}

/*
 * Packs `lanes` rows of length K into a panel, panel[k * width + l], rows from
 * `lanes` on as 0. width is a constant for the compiler.
 */
static inline __attribute__((always_inline))
void pack(const float *from, size_t lane, size_t step, size_t lanes, size_t K,
	  size_t width, float *panel)
{
	size_t k = 0, l;

	if (lanes == width && lane == 1) {
		for (; k < K; ++k)
			memcpy(panel + k * width, from + k * step,
			       width * sizeof(*panel));
	} else if (lanes == width && step == 1) {
		for (; k + 4 <= K; k += 4) {
			for (l = 0; l + 4 <= width; l += 4)
				quad_transpose(from + l * lane + k, lane,
					       panel + k * width + l, width);
			if (l < width)
				quad_transpose_two(from + l * lane + k, lane,
						   panel + k * width + l,
						   width);
		}
	}
	for (; k < K; ++k)
		for (l = 0; l < width; ++l)
			panel[k * width + l] = l < lanes ?
				from[l * lane + k * step] : 0;
}

static void pack_a(const struct block *p, size_t m, float *panel)
{
	const struct gemm_matrix *a = &p->g->a;

	pack(a->data + p->r * a->replica + m * a->row + p->k * a->column,
	     a->row, a->column, ut_host_min(p->m_end - m, MR), p->length, MR,
	     panel);
}

static void pack_b(const struct block *p, size_t n, float *panel)
{
	const struct gemm_matrix *b = &p->g->b;

	pack(b->data + p->r * b->replica + p->k * b->row + n * b->column,
	     b->column, b->row, ut_host_min(p->n_end - n, NR), p->length, NR,
	     panel);
}

/* Adds a packed chunk of b to the sums of its columns. */
static void sum_b(const struct block *p, size_t n, const float *panel)
{
	float *sums = p->g->sums + p->r * p->g->sums_replica + n;
	size_t count = ut_host_min(p->n_end - n, NR), k, j;
	bool last = p->k + p->length == p->g->K;
	vec s[NV];
	float chunk[NR];

	for (j = 0; j < NV; ++j)
		s[j] = vec_set(0);
	for (k = 0; k < p->length; ++k)
		for (j = 0; j < NV; ++j)
			s[j] = s[j] + vec_load(panel + k * NR + j * VEC_WIDTH);
	for (j = 0; j < NV; ++j)
		vec_store(chunk + j * VEC_WIDTH, s[j]);
	for (j = 0; j < count; ++j) {
		float total = (p->k ? sums[j] : 0) + chunk[j];

		sums[j] = last ? ut_clean(total) : total;
	}
}

static inline __attribute__((always_inline))
vec finish(vec s, const struct tile *t, size_t i, size_t j)
{
	if (t->bias)
		s = s + vec_load(t->bias + j);
	if (t->relu)
		s = vec_gate(s, s);
	if (t->gate)
		s = vec_gate(s * t->scale, vec_load(t->gate + i * t->row + j));
	return vec_clean(s);
}

/* The sums over K of a tile from panels a (K, MR) and b (K, NR). */
static void kernel(size_t K, const float *a, const float *b,
		   const struct tile *t)
{
	vec s[MR][NV], v[NV];
	size_t i, j, k;

	for (i = 0; i < MR; ++i)
		for (j = 0; j < NV; ++j)
			s[i][j] = t->resume ? vec_load(t->c + i * t->row
						       + j * VEC_WIDTH)
					    : vec_set(0);
	for (k = 0; k < K; ++k) {
#pragma GCC unroll 16
		for (j = 0; j < NV; ++j)
			v[j] = vec_load(b + k * NR + j * VEC_WIDTH);
		__builtin_prefetch(a + (k + AHEAD) * MR);
#pragma GCC unroll 16
		for (i = 0; i < MR; ++i) {
			vec x = vec_set(a[k * MR + i]);

#pragma GCC unroll 16
			for (j = 0; j < NV; ++j)
				s[i][j] = vec_fma(x, v[j], s[i][j]);
		}
	}
	for (i = 0; i < MR; ++i) {
		for (j = 0; j < NV; ++j) {
			float *c = t->c + i * t->row + j * VEC_WIDTH;

			if (t->add)
				s[i][j] = vec_load(c) + s[i][j];
			if (t->last)
				s[i][j] = finish(s[i][j], t, i, j * VEC_WIDTH);
			vec_store(c, s[i][j]);
		}
	}
}

/* rows x columns of a matrix of this row length, to one of another */
static void copy_tile(const float *from, size_t from_row, float *to,
		      size_t to_row, size_t rows, size_t columns)
{
	size_t i;

	for (i = 0; i < rows; ++i)
		memcpy(to + i * to_row, from + i * from_row,
		       columns * sizeof(*to));
}

/* A tile that c cuts off goes through memory of full size. */
static void edge_kernel(size_t K, const float *a, const float *b,
			const struct tile *t, size_t rows, size_t columns)
{
	float c[MR * NR] = { 0 }, gate[MR * NR] = { 0 }, bias[NR] = { 0 };
	struct tile whole = *t;

	whole.c = c;
	whole.row = NR;
	if (t->resume || t->add)
		copy_tile(t->c, t->row, c, NR, rows, columns);
	if (t->last && t->gate) {
		copy_tile(t->gate, t->row, gate, NR, rows, columns);
		whole.gate = gate;
	}
	if (t->last && t->bias) {
		memcpy(bias, t->bias, columns * sizeof(*bias));
		whole.bias = bias;
	}
	kernel(K, a, b, &whole);
	copy_tile(c, NR, t->c, t->row, rows, columns);
}

static void run_tile(const struct block *p, size_t m, size_t n, const float *a,
		     const float *b)
{
	const struct gemm *g = p->g;
	size_t rows = p->m_end - m, columns = p->n_end - n;
	struct tile t = {
		.c = g->c + p->r * g->c_replica + m * g->N + n,
		.row = g->N,
		.resume = !g->chunked && p->k,
		.add = g->chunked && p->k,
		.last = p->k + p->length == g->K,
		.scale = g->scale,
		.relu = g->relu,
	};

	if (g->bias)
		t.bias = g->bias + p->r * g->bias_replica + n;
	if (g->gate)
		t.gate = g->gate + p->r * g->gate_replica + m * g->N + n;
	if (rows >= MR && columns >= NR)
		kernel(p->length, a, b, &t);
	else
		edge_kernel(p->length, a, b, &t, ut_host_min(rows, MR),
			    ut_host_min(columns, NR));
}

/* Panels are packed when they are first used: they are in the cache then. */
static void run_block(struct block *p)
{
	const struct gemm *g = p->g;
	size_t kernels = ut_host_pieces(p->m_end - p->m, MR);
	size_t m, n;

	for (n = p->n; n < p->n_end; n += NR) {
		float *b = p->b + (n - p->n) * p->length;
		struct fetch fetch_b = { 0 };

		if (p->pack_b) {
			pack_b(p, n, b);
			if (n + NR < p->n_end)
				fetch_b = fetch_of(&g->b, p->r, p->k, p->length, n + NR, ut_host_min(NR, p->n_end - n - NR), kernels);
		}
		if (p->sum_b)
			sum_b(p, n, b);
		for (m = p->m; m < p->m_end; m += MR) {
			float *a = p->a + (m - p->m) * p->length;

			if (n == p->n)
				pack_a(p, m, a);
			fetch_some(&fetch_b);
			fetch_some(&p->fetch_a);
			run_tile(p, m, n, a, b);
		}
	}
}

/* What follows block p in its part: the next rows, or K's next piece. */
static struct fetch fetch_next(const struct block *p, const struct part *part)
{
	size_t m = p->m_end, k = p->k, length = p->length;
	size_t kernels = ut_host_pieces(p->m_end - p->m, MR)
		* ut_host_pieces(p->n_end - p->n, NR);

	if (m == part->m_end) {
		m = part->m;
		k = k + length;
		if (k >= p->g->K)
			return (struct fetch){ 0 };
		length = ut_host_min(length, p->g->K - k);
	}
	return fetch_of(&p->g->a, p->r, m, ut_host_min(part->m_end - m, MC), k, length, kernels);
}

static void run_part(const struct gemm *g, const struct part *part,
		     float *scratch)
{
	size_t length = g->chunked ? UT_CHUNK :
		ut_host_pieces(g->K, ut_host_pieces(g->K, KC));
	size_t m, n, k;

	for (n = part->n; n < part->n_end; n += NC) {
		for (k = 0; k < g->K; k += length) {
			for (m = part->m; m < part->m_end; m += MC) {
				struct block p = {
					.g = g, .r = part->r, .m = m, .n = n,
					.m_end = ut_host_min(m + MC,
							     part->m_end),
					.n_end = ut_host_min(n + NC,
							     part->n_end),
					.k = k,
					.length = ut_host_min(length,
							      g->K - k),
					.pack_b = m == part->m,
					.sum_b = g->sums && m == 0,
					.a = scratch,
					.b = scratch + (size_t)MC * KC,
				};

				p.fetch_a = fetch_next(&p, part);
				run_block(&p);
			}
		}
	}
}

/*
 * Into how many rows and columns of parts a replica's product is cut: enough to
 * keep the threads busy, with as little packed twice as can be.
 */
static void choose_parts(const struct gemm *g, size_t threads, size_t *down,
			 size_t *across)
{
	size_t tall = ut_host_pieces(g->M, MR), wide = ut_host_pieces(g->N, NR);
	size_t most = ut_host_pieces(g->M, SMALL) * ut_host_pieces(g->N, SMALL);
	size_t wanted = ut_host_min(ut_host_pieces(PARTS * threads, g->R), most);
	size_t i, best = SIZE_MAX;

	if (wanted * g->R < threads)
		wanted = ut_host_pieces(threads, g->R);
	if (threads == 1)
		wanted = 1;
	*down = *across = 1;
	for (i = 1; i <= ut_host_min(wanted, tall); ++i) {
		size_t j = ut_host_min(ut_host_pieces(wanted, i), wide);
		size_t cost = g->N * i + g->M * j;

		/* fewer parts than wanted cost more than any packing */
		if (i * j < wanted)
			cost += (wanted - i * j) * (g->M + g->N) * wanted;
		if (cost < best) {
			best = cost;
			*down = i;
			*across = j;
		}
	}
}

/* The first row of part i of `parts`, when n rows go by `size`. */
static size_t part_start(size_t n, size_t size, size_t i, size_t parts)
{
	return ut_host_min(ut_host_pieces(n, size) * i / parts * size, n);
}

void UT_HOST(gemm)(const struct ut_host *host, const struct gemm *g)
{
	size_t down, across, i;
	bool small = g->M * g->N * g->K * g->R < 65536;

	choose_parts(g, small ? 1 : (size_t)host->threads, &down, &across);
#pragma omp parallel num_threads(host->threads) if (!small)
	{
		float *scratch = host->scratch
			+ (size_t)omp_get_thread_num() * host->scratch_floats;

#pragma omp for schedule(dynamic) nowait
		for (i = 0; i < g->R * down * across; ++i) {
			size_t row = i / across % down, column = i % across;
			struct part part = {
				.r = (unsigned)(i / (down * across)),
				.m = part_start(g->M, MR, row, down),
				.m_end = part_start(g->M, MR, row + 1, down),
				.n = part_start(g->N, NR, column, across),
				.n_end = part_start(g->N, NR, column + 1,
						    across),
			};

			run_part(g, &part, scratch);
		}
	}
}
