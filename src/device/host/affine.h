/* A struct ut_affine laid out along a row, so that loops over it are vectors. */
#ifndef UT_HOST_AFFINE_H
#define UT_HOST_AFFINE_H

#include <undertone/ops.h>

#include "scalar.h"

/*
 * Elements that are taken at once: a multiple of every number of channels, so
 * every piece of a row begins with channel 0.
 */
enum { UT_AFFINE_PIECE = 192 };

/* scale[i] and shift[i]: those of element i of a row. */
struct ut_host_affine {
	float scale[UT_AFFINE_PIECE], shift[UT_AFFINE_PIECE];
};

static inline struct ut_host_affine ut_host_affine_of(
	const struct ut_affine *affine)
{
	struct ut_host_affine row;
	unsigned i;

	for (i = 0; i < UT_AFFINE_PIECE; ++i) {
		row.scale[i] = affine->scale[i % affine->channels];
		row.shift[i] = affine->shift[i % affine->channels];
	}
	return row;
}

/* x of element i, counted from the start of a piece. */
static inline float ut_host_affine_at(const struct ut_host_affine *row,
				      size_t i, float z)
{
	return ut_clean(ut_fma(z, row->scale[i], row->shift[i]));
}

#endif
