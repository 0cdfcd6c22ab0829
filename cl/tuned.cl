/*
 * What is left to do where a library makes a linear layer's products: bias, ReLU,
 * the gate, cleaning, the bias gradient. Built when one is asked for. Launches:
 * (columns, rows, R); bias_gradient (columns, 1, R).
 */
#include "shape.h"

/* y (rows, O) = clean(relu(y + bias)) */
UT_KERNEL void finish_forward(UT_OUT(float, y), UT_IN(float, bias), uint O,
			      uint has_bias, uint relu)
{
	uint r = get_global_id(2);

	y = UT_PART(y, r) + (ulong)get_global_id(1) * O;
	bias = UT_PART(bias, r);
	UT_FOR(i, O)
	{
		float z = y[i];

		if (has_bias)
			z = z + bias[i];
		if (relu)
			z = ut_relu(z);
		y[i] = ut_clean(z);
	}
}

/* dx (rows, D) = clean(gate > 0 ? dx scale : 0), or clean(dx) */
UT_KERNEL void finish_data(UT_OUT(float, dx), UT_IN(float, gate), uint D,
			   uint has_gate, float scale)
{
	ulong row = (ulong)get_global_id(1) * D;
	uint r = get_global_id(2);

	dx = UT_PART(dx, r) + row;
	gate = UT_PART(gate, r) + (has_gate ? row : 0);
	UT_FOR(i, D)
	{
		float z = dx[i];

		if (has_gate)
			z = gate[i] > 0.0f ? z * scale : 0.0f;
		dx[i] = ut_clean(z);
	}
}

/* db (O) = column sums of dy (B, O), in the contract's order. */
UT_KERNEL void bias_gradient(UT_IN(float, dy), UT_OUT(float, db), uint B,
			     uint O)
{
	uint r = get_global_id(2), k0, k;

	dy = UT_PART(dy, r);
	db = UT_PART(db, r);
	UT_FOR_ROWS(i, O)
	{
		float total = 0.0f;

		for (k0 = 0; k0 < B; k0 += UT_CHUNK) {
			uint end = min(B, k0 + UT_CHUNK);
			float sum = 0.0f;

			UT_IN_ORDER
			for (k = k0; k < end; ++k)
				sum = sum + dy[(ulong)k * O + i];
			total = total + sum;
		}
		db[i] = ut_clean(total);
	}
}
