/*
 * What is asked of results: the winner of a row, how many agree, what is not
 * finite. Integers only leave these kernels, so atomics do no harm.
 * Host twin: src/device/host/host_evaluate.c.
 */
#include "shape.h"

/*
 * to u32 (B) = the first largest of count columns of x (B, C); NaN never wins.
 * Launch: (B, 1, R).
 */
UT_KERNEL void argmax(UT_IN(float, x), UT_OUT(uint, to), uint B, uint C,
		      uint first, uint count)
{
	uint r = get_global_id(2);

	UT_FOR_ROWS(b, B) {
		__global const float *row = UT_PART(x, r) + b * C + first;
		float largest = row[0];
		uint best = 0, i;

		if (largest != largest)
			largest = -INFINITY;
		for (i = 1; i < count; ++i)
			if (largest < row[i]) {
				largest = row[i];
				best = i;
			}
		UT_PART(to, r)[b] = best;
	}
}

/* total u32 (1) += how often a[i] == b[i]; u32 (n). Launch: (n, 1, R). */
UT_KERNEL void count_equal(UT_IN(uint, a), UT_IN(uint, b),
			   UT_OUT(uint, total), ulong n)
{
	uint r = get_global_id(2);
	uint found = 0;

	a = UT_PART(a, r);
	b = UT_PART(b, r);
	UT_FOR(i, n)
		found += a[i] == b[i];
	if (found)
		atomic_add(UT_PART(total, r), found);
}

/*
 * where u32 (1) = min(where, index of the first NaN or infinity of x (n)).
 * Launch: (n, 1, R).
 */
UT_KERNEL void check_finite(UT_IN(float, x), UT_OUT(uint, where), ulong n)
{
	uint r = get_global_id(2);
	uint first = 0xffffffffu;

	x = UT_PART(x, r);
	UT_FOR(i, n)
		first = min(first, ut_is_nonfinite(x[i]) ? (uint)i
							 : 0xffffffffu);
	if (first != 0xffffffffu)
		atomic_min(UT_PART(where, r), first);
}
