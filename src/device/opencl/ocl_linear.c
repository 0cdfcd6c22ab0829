/* Launchers of linear_cpu.cl and linear_gpu.cl. */
#include "ocl.h"

#include "scalar.h"

/* The register block of the CPU shape: rows, columns. */
enum { ROWS = 6, LANES = 16 };

/*
 * The CPU shape's cut of the product c (M, N) = a b, as arguments: b is packed in
 * blocks of k_block rows and n_block columns. That is paid once a work-item, so a
 * work-item takes all M rows unless that leaves compute units without work.
 */
static void run_cpu(struct ut_ocl_launch *launch, unsigned R, size_t M,
		    size_t N, size_t k_block, bool pass_k_block)
{
	const struct ut_ocl *ocl = ut_ocl_of(launch->device);
	size_t wanted = ut_ocl_wanted(ocl);
	size_t most = ocl->tunables.panel / k_block / LANES * LANES;
	size_t columns = ut_ocl_least(ocl->tunables.columns, most);
	size_t n_block = ut_ocl_part(N, columns, LANES);
	size_t blocks = R * ut_ocl_divide_up(N, n_block);
	size_t tile = M;

	if (blocks < wanted)
		tile = ut_ocl_divide_up(M, ut_ocl_divide_up(wanted, blocks));
	tile = ut_ocl_round_up(tile, ROWS);
	ut_ocl_pass_uint(launch, tile);
	ut_ocl_pass_uint(launch, n_block);
	if (pass_k_block)
		ut_ocl_pass_uint(launch, k_block);
	ut_ocl_run(launch, ut_ocl_divide_up(M, tile),
		   ut_ocl_divide_up(N, n_block), R);
}

static void run_gpu(struct ut_ocl_launch *launch, unsigned R, size_t M,
		    size_t N)
{
	const struct ut_ocl_tunables *t = &ut_ocl_of(launch->device)->tunables;
	size_t tile = (size_t)t->side * t->block;

	ut_ocl_run(launch, ut_ocl_divide_up(N, tile) * t->side,
		   ut_ocl_divide_up(M, tile) * t->side, R);
}

/* A product whose chains are K long. */
static void run(struct ut_ocl_launch *launch, unsigned R, size_t M, size_t N,
		size_t K)
{
	const struct ut_ocl_tunables *t = &ut_ocl_of(launch->device)->tunables;

	if (t->gpu_shape)
		run_gpu(launch, R, M, N);
	else
		run_cpu(launch, R, M, N, ut_ocl_part(K, UT_CHUNK, 1), true);
}

void ut_ocl_linear_forward(struct ut_device *device, const struct ut_linear *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_LINEAR_FORWARD);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->w);
	ut_ocl_pass_slice(&launch, op->b);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, op->O);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->b));
	ut_ocl_pass_uint(&launch, op->relu);
	run(&launch, op->R, op->B, op->O, op->D);
}

void ut_ocl_linear_data(struct ut_device *device,
			const struct ut_linear_data *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_LINEAR_DATA);

	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->w);
	ut_ocl_pass_slice(&launch, op->gate);
	ut_ocl_pass_slice(&launch, op->dx);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, op->O);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ut_ocl_pass_float(&launch, op->scale);
	run(&launch, op->R, op->B, op->D, op->O);
}

void ut_ocl_linear_weights(struct ut_device *device,
			   const struct ut_linear_weights *op)
{
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_LINEAR_WEIGHTS);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->dw);
	ut_ocl_pass_slice(&launch, op->db);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, op->O);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->db));
	if (ut_ocl_of(device)->tunables.gpu_shape)
		run_gpu(&launch, op->R, op->D, op->O);
	else
		run_cpu(&launch, op->R, op->D, op->O, UT_CHUNK, false);
}
