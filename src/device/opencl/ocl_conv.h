/*
 * How the kernels of conv_cpu.cl, conv_data_cpu.cl and conv_weights_cpu.cl cut
 * their work: numbers that fit the local memory and keep the compute units busy.
 * They change no bit of a result. Without rows: nothing fits, the kernel's side is
 * too large.
 */
#ifndef UT_OCL_CONV_H
#define UT_OCL_CONV_H

#include "ocl.h"

/*
 * As in tile_cpu.h and conv_cpu.h: columns of a panel, floats of a vector, entries
 * of the tables.
 */
enum {
	OCL_LANES = 16,
	OCL_VECTOR = 8,
	OCL_STEPS = 1024,
	OCL_PLACES = 512,
};

/* OH and OW. */
struct ut_ocl_sides {
	size_t OH, OW;
};

/* With even, those of the outputs that are made: even if they are pooled. */
struct ut_ocl_sides ut_ocl_conv_sides(const struct ut_conv_shape *s, bool even);

/* A correlation: output of rows x columns, in steps of `step` of them. */
struct ut_ocl_correlation {
	size_t R, B, rows, columns, panels, inner, kernel, stride, step;
};

/* What a work-item takes of it, and how it cuts the sum: see UT_CUT of conv_cpu.cl. */
struct ut_ocl_cut {
	size_t rows, columns, panels, kh, kw, c;
};

struct ut_ocl_cut ut_ocl_cut(const struct ut_ocl *ocl,
			     const struct ut_ocl_correlation *f);
/* Parts of all outputs of all replicas. */
size_t ut_ocl_cut_parts(const struct ut_ocl_correlation *f,
			const struct ut_ocl_cut *cut);

/* How conv_data cuts its work: see conv_data_cpu.cl. */
struct ut_ocl_lists {
	size_t width, group; /* channels of a block, vectors of a group */
	size_t blocks;       /* of all channels */
	size_t rows, columns, part_blocks, lead;
	size_t list_rows, list_columns, list_channels;
};

struct ut_ocl_lists ut_ocl_lists(const struct ut_ocl *ocl, unsigned R,
				 const struct ut_conv_shape *s,
				 struct ut_ocl_sides n);

/*
 * What a work-item of the weight gradient has of dw, and of the pixels at a time;
 * narrow: of conv_narrow, where only rows and columns count.
 */
struct ut_ocl_share {
	size_t rows, columns, kh, c, o;
	size_t list_stride;
	bool narrow;
};

struct ut_ocl_share ut_ocl_share(const struct ut_ocl *ocl, unsigned R,
				 const struct ut_conv_shape *s,
				 struct ut_ocl_sides n);
size_t ut_ocl_shares(const struct ut_conv_shape *s,
		     const struct ut_ocl_share *share);

#endif
