/* Launchers of linear_cpu.cl and linear_gpu.cl. */
#include "ocl.h"

#include "scalar.h"

/* The register block of the CPU shape: rows, columns. */
enum { ROWS = 6, LANES = 16 };

/* Columns of b that a work-item of the CPU shape packs, if they are there. */
enum { COLUMNS = 128 };

/* How the product c (M, N) += a (M, K) b (K, N) is cut for the CPU shape. */
struct cut {
	size_t tile, n_block, k_block;
};

static size_t round_up(size_t n, size_t to)
{
	return ocl_divide_up(n, to) * to;
}

/*
 * Packing b is paid once a work-item, so a work-item takes all M rows unless
 * that leaves compute units without work. k_block rows of b fill the panel;
 * most of them at most, in blocks of equal length.
 */
static struct cut cut(const struct ocl *ocl, unsigned R, size_t M, size_t N,
		      size_t K, size_t most)
{
	size_t columns = ocl->tunables.panel / UT_CHUNK;
	size_t wanted = 4 * (size_t)ocl->compute_units;
	size_t blocks, longest;
	struct cut c;

	if (columns > COLUMNS)
		columns = COLUMNS;
	c.n_block = round_up(N, LANES);
	if (c.n_block > columns)
		c.n_block = columns;
	longest = ocl->tunables.panel / c.n_block;
	if (longest > most)
		longest = most;
	c.k_block = ocl_divide_up(K, ocl_divide_up(K, longest));
	blocks = R * ocl_divide_up(N, c.n_block);
	c.tile = M;
	if (blocks < wanted)
		c.tile = ocl_divide_up(M, ocl_divide_up(wanted, blocks));
	c.tile = round_up(c.tile, ROWS);
	return c;
}

/* Runs a product in either shape; the CPU's takes its cut as arguments. */
static void run(struct ocl_launch *launch, unsigned R, size_t M, size_t N,
		size_t K, bool chunks)
{
	const struct ocl *ocl = ocl_of(launch->device);
	const struct ocl_tunables *t = &ocl->tunables;
	size_t tile = (size_t)t->side * t->block;
	struct cut c;

	if (t->gpu_shape) {
		ocl_run(launch, ocl_divide_up(N, tile) * t->side,
			ocl_divide_up(M, tile) * t->side, R);
		return;
	}
	c = cut(ocl, R, M, N, K, chunks ? UT_CHUNK : K);
	ocl_pass_uint(launch, c.tile);
	ocl_pass_uint(launch, c.n_block);
	if (!chunks)
		ocl_pass_uint(launch, c.k_block);
	ocl_run(launch, ocl_divide_up(M, c.tile), ocl_divide_up(N, c.n_block),
		R);
}

void ocl_linear_forward(struct ut_device *device, const struct ut_linear *op)
{
	struct ocl_launch launch = ocl_begin(device, OCL_LINEAR_FORWARD);

	ocl_pass_slice(&launch, op->x);
	ocl_pass_slice(&launch, op->w);
	ocl_pass_slice(&launch, op->b);
	ocl_pass_slice(&launch, op->y);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->D);
	ocl_pass_uint(&launch, op->O);
	ocl_pass_uint(&launch, !ut_slice_none(op->b));
	ocl_pass_uint(&launch, op->relu);
	run(&launch, op->R, op->B, op->O, op->D, false);
}

void ocl_linear_data(struct ut_device *device, const struct ut_linear_data *op)
{
	struct ocl_launch launch = ocl_begin(device, OCL_LINEAR_DATA);

	ocl_pass_slice(&launch, op->dy);
	ocl_pass_slice(&launch, op->w);
	ocl_pass_slice(&launch, op->gate);
	ocl_pass_slice(&launch, op->dx);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->D);
	ocl_pass_uint(&launch, op->O);
	ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ocl_pass_float(&launch, op->scale);
	run(&launch, op->R, op->B, op->D, op->O, false);
}

void ocl_linear_weights(struct ut_device *device,
			const struct ut_linear_weights *op)
{
	struct ocl_launch launch = ocl_begin(device, OCL_LINEAR_WEIGHTS);

	ocl_pass_slice(&launch, op->x);
	ocl_pass_slice(&launch, op->dy);
	ocl_pass_slice(&launch, op->dw);
	ocl_pass_slice(&launch, op->db);
	ocl_pass_uint(&launch, op->B);
	ocl_pass_uint(&launch, op->D);
	ocl_pass_uint(&launch, op->O);
	ocl_pass_uint(&launch, !ut_slice_none(op->db));
	run(&launch, op->R, op->D, op->O, op->B, true);
}
