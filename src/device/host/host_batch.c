/* Batches: images and labels by their numbers. */
#include <string.h>

#include "affine.h"
#include "level.h"

static void gather_row(const struct ut_gather *op,
		       const struct ut_host_affine *affine,
		       const uint8_t *images, uint32_t id, float *x)
{
	const uint8_t *image = images + (size_t)id * op->D;
	size_t d, i;

	if (id >= op->N) {
		memset(x, 0, op->width * sizeof(*x));
		return;
	}
	for (d = 0; d < op->D; d += UT_AFFINE_PIECE) {
		size_t piece = ut_host_min(UT_AFFINE_PIECE, op->D - d);

		for (i = 0; i < piece; ++i)
			x[d + i] = ut_host_affine_at(affine, i,
						     (float)image[d + i]);
	}
	memset(x + op->D, 0, (op->width - op->D) * sizeof(*x));
}

void UT_HOST(gather_images)(struct ut_device *device,
			    const struct ut_gather *op)
{
	const struct ut_host_affine affine = ut_host_affine_of(&op->affine);
	size_t rows = op->R * op->B, i;
	bool small = rows * op->width < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic, 16) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B;

		gather_row(op, &affine, ut_host_u8(op->images, r),
			   ut_host_u32(op->ids, r)[b],
			   ut_host_f32(op->x, r) + b * op->width);
	}
}

void UT_HOST(gather_labels)(struct ut_device *device, unsigned R, size_t B,
			    size_t N, struct ut_slice labels,
			    struct ut_slice ids, struct ut_slice to)
{
	size_t r, i;

	(void)device;
	for (r = 0; r < R; ++r) {
		const uint8_t *from = ut_host_u8(labels, r);
		const uint32_t *id = ut_host_u32(ids, r);
		uint32_t *label = ut_host_u32(to, r);

		for (i = 0; i < B; ++i)
			label[i] = id[i] < N ? from[id[i]] : 0;
	}
}
