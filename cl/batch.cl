/*
 * Batches out of a data set that lives on the device.
 * Host twin: src/device/host/host_batch.c.
 */
#include "affine.h"

/*
 * x = clean(fma(pixel, scale, shift)) of the named images; +0 from column D on
 * and for an id past N. Launch: (width, B, R).
 * images u8 (N, D), ids u32 (B), x (B, width)
 */
UT_KERNEL void gather_images(UT_IN(uchar, images), UT_IN(uint, ids),
			     UT_OUT(float, x), uint B, uint N, uint D,
			     uint width, UT_AFFINE)
{
	uint b = get_global_id(1), r = get_global_id(2);
	uint id, columns;

	if (b >= B)
		return;
	id = UT_PART(ids, r)[b];
	columns = id < N ? D : 0;
	images = UT_PART(images, r) + (ulong)(id < N ? id : 0) * D;
	x = UT_PART(x, r) + (ulong)b * width;
	if (channels == 1)
		UT_FOR(i, columns)
			x[i] = ut_affine((float)images[i], 0, UT_AFFINE_OF(1));
	else
		UT_FOR(i, columns)
			x[i] = ut_affine((float)images[i], (uint)i,
					 UT_AFFINE_OF(channels));
	UT_FOR(left, width - columns)
		x[columns + left] = 0.0f;
}

/* to[b] = labels[ids[b]], 0 for an id past N. Launch: (B, 1, R). */
UT_KERNEL void gather_labels(UT_IN(uchar, labels), UT_IN(uint, ids),
			     UT_OUT(uint, to), uint B, uint N)
{
	uint r = get_global_id(2);

	labels = UT_PART(labels, r);
	ids = UT_PART(ids, r);
	to = UT_PART(to, r);
	UT_FOR(b, B)
		to[b] = ids[b] < N ? labels[ids[b]] : 0;
}
