/* Linear layers: each is one product of matrices, seen through its strides. */
#include "host_gemm.h"

void UT_HOST(linear_forward)(struct ut_device *device,
			     const struct ut_linear *op)
{
	struct gemm g = {
		.R = op->R,
		.M = op->B,
		.N = op->O,
		.K = op->D,
		.a = {ut_host_f32(op->x, 0), op->x.stride, op->D, 1},
		.b = {ut_host_f32(op->w, 0), op->w.stride, op->O, 1},
		.relu = op->relu,
		.c = ut_host_f32(op->y, 0),
		.c_replica = op->y.stride,
	};

	if (!ut_slice_none(op->b)) {
		g.bias = ut_host_f32(op->b, 0);
		g.bias_replica = op->b.stride;
	}
	UT_HOST(gemm)(ut_host_of(device), &g);
}

void UT_HOST(linear_data)(struct ut_device *device,
			  const struct ut_linear_data *op)
{
	struct gemm g = {
		.R = op->R,
		.M = op->B,
		.N = op->D,
		.K = op->O,
		.a = {ut_host_f32(op->dy, 0), op->dy.stride, op->O, 1},
		.b = {ut_host_f32(op->w, 0), op->w.stride, 1, op->O},
		.scale = op->scale,
		.c = ut_host_f32(op->dx, 0),
		.c_replica = op->dx.stride,
	};

	if (!ut_slice_none(op->gate)) {
		g.gate = ut_host_f32(op->gate, 0);
		g.gate_replica = op->gate.stride;
	}
	UT_HOST(gemm)(ut_host_of(device), &g);
}

void UT_HOST(linear_weights)(struct ut_device *device,
			     const struct ut_linear_weights *op)
{
	struct gemm g = {
		.R = op->R,
		.M = op->D,
		.N = op->O,
		.K = op->B,
		.a = {ut_host_f32(op->x, 0), op->x.stride, 1, op->D},
		.b = {ut_host_f32(op->dy, 0), op->dy.stride, op->O, 1},
		.chunked = true,
		.c = ut_host_f32(op->dw, 0),
		.c_replica = op->dw.stride,
	};

	if (!ut_slice_none(op->db)) {
		g.sums = ut_host_f32(op->db, 0);
		g.sums_replica = op->db.stride;
	}
	UT_HOST(gemm)(ut_host_of(device), &g);
}
