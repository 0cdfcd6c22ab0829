/*
 * The matrix product: panels of a and b are packed into memory of the thread's
 * own, and a kernel keeps a tile of MR x NR sums in registers while it runs
 * along K (Goto and van de Geijn, Anatomy of High-Performance Matrix
 * Multiplication, 2008). Tiles, blocks and threads never change a sum's order.
 */
#include "host_gemm.h"

#include <omp.h>

#include "host_tile.h"

enum {
	/* a panel of b stays in the first-level cache */
	KC = NR > 16 ? UT_CHUNK : 400,
	/* a block of a, and the panels of b beside it, in the second */
	MC = 72,
	NC = 512,
	/* how far along K a packed panel of a is fetched early */
	AHEAD = 40,
};

const size_t UT_HOST(scratch_floats) = (size_t)(MC + NC) * KC;

/* Where a kernel's tile goes, and what is done to it on the way. */
struct tile {
	float *c;
	size_t row;  /* of c and of gate */
	bool resume; /* sums start from c, else from +0 */
	bool add;    /* c is added to the sums at the end */
	bool last;   /* the sums are complete: finish them */
	const float *bias, *gate;
	float scale;
	bool relu;
};

/* What a thread does at once: rows [m, m_end) x columns [n, n_end) of c. */
struct part {
	unsigned r;
	size_t m, m_end, n, n_end;
};

/* MR rows of a: row l, element k is at[l * lane + k * step]. */
struct panel {
	const float *at;
	size_t lane, step;
};

/* The piece [k, k + length) of K, of rows and columns of c. */
struct block {
	const struct gemm *g;
	unsigned r;
	size_t m, m_end, n, n_end, k, length;
	bool first;   /* of its rows: b is not packed yet */
	bool last;    /* of its rows: b is not needed again */
	float *a, *b; /* for packed panels */
};

/* A panel of `width` lanes, each contiguous along K: from[l * lane + k]. */
INLINE void transpose(const float *from, size_t lane, size_t K, size_t width,
		      float *panel)
{
	size_t k, l;

	for (k = 0; k + 4 <= K; k += 4) {
		float *to = panel + k * width;

		for (l = 0; l + 4 <= width; l += 4)
			quad_transpose(from + l * lane + k, lane, to + l,
				       width);
		if (l < width)
			quad_transpose_two(from + l * lane + k, lane, to + l,
					   width);
	}
	for (; k < K; ++k)
		for (l = 0; l < width; ++l)
			panel[k * width + l] = from[l * lane + k];
}

/*
 * Packs lanes of length K into panels of `width` lanes, a constant for the
 * compiler: lane l, element k goes to [l / width][k][l % width]. The last panel
 * is filled up with 0. lane or step is 1.
 */
INLINE void pack(const float *from, size_t lane, size_t step, size_t lanes,
		 size_t K, size_t width, float *panels)
{
	size_t whole = lanes / width * width, k, l;

	if (lane == 1) {
		for (k = 0; k < K; ++k)
			for (l = 0; l < whole; l += width)
				memcpy(panels + l * K + k * width,
				       from + k * step + l,
				       width * sizeof(*from));
	} else {
		for (l = 0; l < whole; l += width)
			transpose(from + l * lane, lane, K, width,
				  panels + l * K);
	}
	if (whole == lanes)
		return;
	for (k = 0; k < K; ++k)
		for (l = 0; l < width; ++l)
			panels[whole * K + k * width + l] =
				whole + l < lanes
					? from[(whole + l) * lane + k * step]
					: 0;
}

/*
 * MR rows of a from m on. Where K is contiguous in memory they are read where
 * they are; else, and where a ends, they are packed, if `fresh`.
 */
static struct panel panel_of_a(const struct block *p, size_t m, bool fresh)
{
	const struct gemm_matrix *a = &p->g->a;
	const float *from =
		a->data + p->r * a->replica + m * a->row + p->k * a->column;
	size_t rows = ut_host_min(p->m_end - m, MR);
	float *panel = p->a + (m - p->m) * p->length;

	if (a->column == 1 && rows == MR)
		return (struct panel){from, a->row, 1};
	if (fresh)
		pack(from, a->row, a->column, rows, p->length, MR, panel);
	return (struct panel){panel, 1, MR};
}

/* Packs the columns [n, n_end) of b. */
static void pack_b(const struct block *p, size_t n, size_t n_end, float *panels)
{
	const struct gemm_matrix *b = &p->g->b;

	pack(b->data + p->r * b->replica + p->k * b->row + n * b->column,
	     b->column, b->row, n_end - n, p->length, NR, panels);
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

/* Bias, ReLU or gate, and ut_clean, on finished sums. */
INLINE void finish(vec s[MR][NV], const struct tile *t)
{
	size_t i, j;

	if (t->bias)
		TILE (i, j)
			s[i][j] = s[i][j] + vec_load(t->bias + j * VEC_WIDTH);
	if (t->relu)
		TILE (i, j)
			s[i][j] = vec_gate(s[i][j], s[i][j]);
	if (t->gate) {
		TILE (i, j)
			s[i][j] = vec_gate(s[i][j] * t->scale,
					   vec_load(t->gate + i * t->row +
						    j * VEC_WIDTH));
	}
	TILE (i, j)
		s[i][j] = vec_clean(s[i][j]);
}

/* The sums over K of a tile; lane and step are constants where they can be. */
INLINE void sum_tile(size_t K, const float *a, size_t lane, size_t step,
		     const float *b, const struct tile *t)
{
	vec s[MR][NV], v[NV];
	size_t i, j, k;

	TILE (i, j)
		s[i][j] = vec_set(0);
	if (t->resume)
		TILE (i, j)
			s[i][j] = vec_load(t->c + i * t->row + j * VEC_WIDTH);
	for (k = 0; k < K; ++k) {
		UNROLLED (j, NV)
			v[j] = vec_load(b + k * NR + j * VEC_WIDTH);
		if (step == MR)
			__builtin_prefetch(a + (k + AHEAD) * MR);
		UNROLLED (i, MR) {
			vec x = vec_set(a[k * step + i * lane]);

			UNROLLED (j, NV)
				s[i][j] = vec_fma(x, v[j], s[i][j]);
		}
	}
	if (t->add)
		TILE (i, j)
			s[i][j] = vec_load(t->c + i * t->row + j * VEC_WIDTH) +
				  s[i][j];
	if (t->last)
		finish(s, t);
	TILE (i, j)
		vec_store(t->c + i * t->row + j * VEC_WIDTH, s[i][j]);
}

/* Kept apart, or the compiler makes one loop of the two, and a slower one. */
static __attribute__((noinline)) void sum_packed(size_t K, const float *a,
						 const float *b,
						 const struct tile *t)
{
	sum_tile(K, a, 1, MR, b, t);
}

static __attribute__((noinline)) void sum_in_place(size_t K, const float *a,
						   size_t lane, const float *b,
						   const struct tile *t)
{
	sum_tile(K, a, lane, 1, b, t);
}

static void kernel(size_t K, const struct panel *a, const float *b,
		   const struct tile *t)
{
	if (a->step == MR)
		sum_packed(K, a->at, b, t);
	else
		sum_in_place(K, a->at, a->lane, b, t);
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
static void edge_kernel(size_t K, const struct panel *a, const float *b,
			const struct tile *t, size_t rows, size_t columns)
{
	float c[MR * NR] = {0}, gate[MR * NR] = {0}, bias[NR] = {0};
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

static void run_tile(const struct block *p, size_t m, size_t n,
		     const struct panel *a, const float *b)
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

/*
 * b is packed for the first rows: a panel at a time, in the same place, where
 * no other rows will need it, for that place is in the cache.
 */
static void run_block(const struct block *p)
{
	bool once = p->first && p->last;
	size_t m, n;

	if (p->first && !once)
		pack_b(p, p->n, p->n_end, p->b);
	for (n = p->n; n < p->n_end; n += NR) {
		float *b = p->b + (once ? 0 : (n - p->n) * p->length);

		if (once)
			pack_b(p, n, ut_host_min(n + NR, p->n_end), b);
		if (p->g->sums && p->m == 0)
			sum_b(p, n, b);
		for (m = p->m; m < p->m_end; m += MR) {
			struct panel a = panel_of_a(p, m, n == p->n);

			run_tile(p, m, n, &a, b);
		}
	}
}

static void run_part(const struct gemm *g, const struct part *part,
		     float *scratch)
{
	size_t length =
		g->chunked ? UT_CHUNK
			   : ut_host_pieces(g->K, ut_host_pieces(g->K, KC));
	size_t m, n, k;

	for (n = part->n; n < part->n_end; n += NC) {
		for (k = 0; k < g->K; k += length) {
			for (m = part->m; m < part->m_end; m += MC) {
				struct block p = {
					.g = g,
					.r = part->r,
					.m = m,
					.n = n,
					.m_end = ut_host_min(m + MC,
							     part->m_end),
					.n_end = ut_host_min(n + NC,
							     part->n_end),
					.k = k,
					.length = ut_host_min(length, g->K - k),
					.first = m == part->m,
					.last = m + MC >= part->m_end,
					.a = scratch,
					.b = scratch + (size_t)MC * KC,
				};

				run_block(&p);
			}
		}
	}
}

/*
 * Into how many rows and columns of parts a replica's product is cut, so that
 * no thread idles and little is packed twice. Packing a number costs about as
 * much as PACKING sums.
 */
static void choose_parts(const struct gemm *g, size_t threads, size_t *down,
			 size_t *across)
{
	enum { PACKING = 12 };
	size_t tall = ut_host_pieces(g->M, MR), wide = ut_host_pieces(g->N, NR);
	size_t most = ut_host_pieces(2 * threads, g->R) + 1, i, j;
	double least = 0;

	for (i = 1; i <= ut_host_min(tall, most); ++i) {
		for (j = 1; j <= ut_host_min(wide, most / i); ++j) {
			size_t parts = g->R * i * j;
			size_t slots = ut_host_pieces(parts, threads) * threads;
			double packing = PACKING * ((double)i / (double)g->M +
						    (double)j / (double)g->N);
			double cost =
				(1 + packing) * (double)slots / (double)parts;

			if (least > 0 && cost >= least)
				continue;
			least = cost;
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
		float *scratch = host->scratch + (size_t)omp_get_thread_num() *
							 host->scratch_floats;

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
