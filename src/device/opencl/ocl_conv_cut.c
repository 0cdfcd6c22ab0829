/* How the kernels of convolutions on processors cut their work. */
#include "ocl_conv.h"

#include "scalar.h"

/* Rows of the register block: fewer pixels than that are a sliver. */
enum { ROWS = 6 };

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Half of n, a multiple of step, or step. */
static size_t half(size_t n, size_t step)
{
	return ut_ocl_round_up(ut_ocl_divide_up(n, 2), step);
}

struct ut_ocl_sides ut_ocl_conv_sides(const struct ut_conv_shape *s, bool even)
{
	struct ut_ocl_sides n = {ut_conv_side(s, s->H), ut_conv_side(s, s->W)};

	if (even && s->pool) {
		n.OH = n.OH / 2 * 2;
		n.OW = n.OW / 2 * 2;
	}
	return n;
}

/* Forward ------------------------------------------------------------------- */

static bool cut_fits(const struct ut_ocl *ocl,
		     const struct ut_ocl_correlation *f,
		     const struct ut_ocl_cut *cut)
{
	size_t pixels = cut->rows * cut->columns;
	size_t tall = (cut->rows - 1) * f->stride + cut->kh;
	size_t pitch = (cut->columns - 1) * f->stride + cut->kw;

	return pixels <= OCL_PLACES &&
	       ut_ocl_round_up(pixels, ROWS) * OCL_LANES +
			       tall * pitch * cut->c <=
		       ocl->tunables.panel;
}

/* The widest part of one step's height that fits; false if it is a sliver. */
static bool cut_columns(const struct ut_ocl *ocl,
			const struct ut_ocl_correlation *f,
			struct ut_ocl_cut *cut)
{
	cut->rows = f->step;
	cut->columns = f->columns;
	while (!cut_fits(ocl, f, cut) && cut->columns > f->step)
		cut->columns =
			ut_ocl_part(f->columns, cut->columns / 2, f->step);
	return cut_fits(ocl, f, cut) &&
	       cut->columns >= ut_ocl_least(f->columns, ROWS);
}

size_t ut_ocl_cut_parts(const struct ut_ocl_correlation *f,
			const struct ut_ocl_cut *cut)
{
	return f->R * f->B * ut_ocl_divide_up(f->rows, cut->rows) *
	       ut_ocl_divide_up(f->columns, cut->columns);
}

struct ut_ocl_cut ut_ocl_cut(const struct ut_ocl *ocl,
			     const struct ut_ocl_correlation *f)
{
	struct ut_ocl_cut cut = {.panels = f->panels,
				 .kh = f->kernel,
				 .kw = f->kernel,
				 .c = f->inner};
	struct ut_ocl_cut taller;

	if (!cut_columns(ocl, f, &cut)) {
		cut.kh = 1;
		if (!cut_columns(ocl, f, &cut))
			cut.kw = 1;
		while (!cut_columns(ocl, f, &cut) && cut.c > 1)
			cut.c = ut_ocl_divide_up(cut.c, 2);
		if (!cut_fits(ocl, f, &cut))
			return (struct ut_ocl_cut){0};
	}
	taller = cut;
	while (cut.rows < f->rows) {
		taller.rows = cut.rows + f->step;
		if (!cut_fits(ocl, f, &taller) ||
		    ut_ocl_cut_parts(f, &taller) < ut_ocl_wanted(ocl))
			break;
		cut = taller;
	}
	cut.rows = ut_ocl_part(f->rows, cut.rows, f->step);
	if (ut_ocl_cut_parts(f, &cut) < ut_ocl_wanted(ocl))
		cut.panels = ut_ocl_part(f->panels,
					 f->panels * ut_ocl_cut_parts(f, &cut) /
						 ut_ocl_wanted(ocl),
					 1);
	return cut;
}

/* Data gradient -------------------------------------------------------------- */

/* Vectors of a sum that stay in registers, and their weights in a first cache. */
enum { MOST_VECTORS = 12, FIRST_CACHE = 32768 };

static struct ut_ocl_lists lists_of(const struct ut_conv_shape *s)
{
	struct ut_ocl_lists l = {
		.width = MOST_VECTORS * OCL_VECTOR / s->kernel / OCL_VECTOR *
			 OCL_VECTOR,
		.rows = s->H,
		.columns = s->W,
		.lead = s->pool && s->stride == 1 ? (s->pad + s->kernel - 1) % 2
						  : 0,
		.list_channels = ut_ocl_least(s->O, UINT16_MAX),
	};
	size_t vectors;

	l.width = most(l.width, OCL_VECTOR);
	l.width =
		s->C <= l.width ? s->C : ut_ocl_part(s->C, l.width, OCL_VECTOR);
	l.blocks = ut_ocl_divide_up(s->C, l.width);
	l.part_blocks = l.blocks;
	vectors = ut_ocl_divide_up(s->kernel * l.width, OCL_VECTOR);
	if (vectors <= 3)
		l.group = 3;
	else if (vectors <= 6 ||
		 s->O * MOST_VECTORS * OCL_VECTOR * sizeof(float) > FIRST_CACHE)
		l.group = 6;
	else
		l.group = 12;
	return l;
}

/* Floats of a work-item's sums, and of its lists. */
static size_t sums_floats(const struct ut_conv_shape *s,
			  const struct ut_ocl_lists *l)
{
	return l->part_blocks * l->rows *
		       (l->columns + 2 * (size_t)(s->kernel - 1)) * l->width +
	       MOST_VECTORS * OCL_VECTOR;
}

static size_t list_floats(const struct ut_conv_shape *s,
			  const struct ut_ocl_lists *l)
{
	bool aligned = s->stride == 1 && l->list_rows % 2 == 0 &&
		       (l->rows % 2 == 0 || l->rows == s->H);
	size_t windows = (aligned ? l->list_rows / 2 : l->list_rows / 2 + 1) *
			 (l->list_columns / 2 + 1);

	if (!s->pool)
		return 2 * l->list_rows * l->list_columns * l->list_channels;
	return 2 * (windows + 4) * l->list_channels + 32 + OCL_VECTOR;
}

/*
 * The sums get half of the room, in as many rows as fit and leave the compute
 * units busy, and the lists the rest.
 */
struct ut_ocl_lists ut_ocl_lists(const struct ut_ocl *ocl, unsigned R,
				 const struct ut_conv_shape *s,
				 struct ut_ocl_sides n)
{
	struct ut_ocl_lists l = lists_of(s);
	size_t room = ocl->tunables.panel, parts;

	while (sums_floats(s, &l) > room * 5 / 8 ||
	       R * s->B * ut_ocl_divide_up(s->H, l.rows) < ut_ocl_wanted(ocl)) {
		if (l.rows > 4)
			l.rows = l.rows > 8 ? l.rows / 2 / 2 * 2 : l.rows - 2;
		else if (sums_floats(s, &l) <= room * 5 / 8)
			break;
		else if (l.columns > 2 * ROWS)
			l.columns = ut_ocl_divide_up(l.columns, 2);
		else if (l.part_blocks > 1)
			l.part_blocks = ut_ocl_divide_up(l.part_blocks, 2);
		else if (l.rows > 1)
			l.rows = 1;
		else if (l.columns > 1)
			l.columns = ut_ocl_divide_up(l.columns, 2);
		else
			return (struct ut_ocl_lists){0};
	}
	if (l.rows == s->H || l.rows <= l.lead)
		l.lead = 0;
	parts = R * s->B * ut_ocl_divide_up(s->H, l.rows);
	if (parts < ut_ocl_wanted(ocl))
		l.part_blocks =
			most(1, l.part_blocks * parts / ut_ocl_wanted(ocl));
	room -= sums_floats(s, &l);
	l.list_rows = ut_ocl_least(n.OH, l.rows + s->kernel);
	l.list_columns = ut_ocl_least(n.OW, l.columns + s->kernel);
	while (list_floats(s, &l) > room ||
	       l.list_rows * l.list_columns > OCL_PLACES) {
		if (l.list_rows > 2)
			l.list_rows = (l.list_rows - 1) / 2 * 2;
		else if (l.list_rows > 1)
			l.list_rows = 1;
		else if (l.list_columns > 1)
			l.list_columns = ut_ocl_divide_up(l.list_columns, 2);
		else if (l.list_channels > 1)
			l.list_channels = ut_ocl_divide_up(l.list_channels, 2);
		else
			return (struct ut_ocl_lists){0};
	}
	return l;
}

/* Weight gradient ----------------------------------------------------------- */

/* Vectors, or taps, that lie beside each other, and as many as are run at once. */
enum { TRIPLE = 3, NINE = 9 };

static size_t list_stride(const struct ut_conv_shape *s,
			  const struct ut_ocl_share *share)
{
	return share->rows *
		       (s->pool ? share->columns / 2 + 1 : share->columns) +
	       1;
}

/* Floats of the region that a share's pixels read, `width` of each input. */
static size_t region_floats(const struct ut_conv_shape *s,
			    struct ut_ocl_sides n,
			    const struct ut_ocl_share *share, size_t width)
{
	size_t images =
		ut_ocl_least(share->rows, (share->rows + n.OH - 2) / n.OH + 1);
	size_t more = share->kh > s->stride ? share->kh - s->stride : 0;
	size_t tall = share->rows * s->stride + images * more;

	return tall * ((share->columns - 1) * s->stride + s->kernel) * width;
}

static bool share_fits(const struct ut_ocl *ocl, const struct ut_conv_shape *s,
		       struct ut_ocl_sides n, const struct ut_ocl_share *share)
{
	size_t width = ut_ocl_least(s->C, OCL_VECTOR);
	size_t run = ut_ocl_divide_up(s->kernel * width, TRIPLE * OCL_VECTOR);
	size_t triples = share->kh * run;
	size_t total = ut_ocl_divide_up(share->c, width) * triples * TRIPLE *
		       OCL_VECTOR;
	bool pieces = share->rows < ut_chunk_rows((uint)n.OW) ||
		      share->columns < n.OW;

	return triples <= OCL_STEPS &&
	       share->o * (total * (pieces ? 2 : 1) + 2 +
			   2 * list_stride(s, share)) +
			       region_floats(s, n, share, width) +
			       6 * OCL_VECTOR <=
		       ocl->tunables.panel;
}

size_t ut_ocl_shares(const struct ut_conv_shape *s,
		     const struct ut_ocl_share *share)
{
	return ut_ocl_divide_up(s->kernel, share->kh) *
	       ut_ocl_divide_up(s->C, share->c);
}

/* Few channels and whole vectors of outputs: see conv_narrow. */
static struct ut_ocl_share narrow_share(const struct ut_ocl *ocl,
					const struct ut_conv_shape *s,
					struct ut_ocl_sides n)
{
	size_t run = ut_ocl_round_up(s->kernel * s->C, TRIPLE);
	size_t taps = ut_ocl_round_up(s->kernel * run, NINE);
	struct ut_ocl_share share = {
		.rows = ut_chunk_rows((uint)n.OW),
		.columns = n.OW,
		.kh = s->kernel,
		.narrow = true,
	};

	if (s->C > OCL_VECTOR / 2 || s->O % OCL_VECTOR || taps > OCL_STEPS)
		return (struct ut_ocl_share){0};
	while ((2 * taps + 3) * OCL_VECTOR + region_floats(s, n, &share, s->C) >
	       ocl->tunables.panel) {
		if (share.rows > 1)
			share.rows = half(share.rows, 1);
		else if (share.columns > 2)
			share.columns = half(share.columns, 2);
		else
			return (struct ut_ocl_share){0};
	}
	return share;
}

struct ut_ocl_share ut_ocl_share(const struct ut_ocl *ocl, unsigned R,
				 const struct ut_conv_shape *s,
				 struct ut_ocl_sides n)
{
	enum { FEW = 4 };
	struct ut_ocl_share share = narrow_share(ocl, s, n);

	if (share.rows)
		return share;
	share = (struct ut_ocl_share){
		.rows = ut_chunk_rows((uint)n.OW),
		.columns = n.OW,
		.kh = s->kernel,
		.c = s->C,
		.o = ut_ocl_part(s->O, ocl->tunables.outputs, 1),
	};
	while (!share_fits(ocl, s, n, &share)) {
		if (share.c > 4 * OCL_VECTOR)
			share.c = half(share.c, OCL_VECTOR);
		else if (share.o > FEW)
			share.o = half(share.o, 1);
		else if (share.c > OCL_VECTOR)
			share.c = half(share.c, OCL_VECTOR);
		else if (share.rows > 1)
			share.rows = half(share.rows, 1);
		else if (share.columns > 2 * OCL_VECTOR)
			share.columns = half(share.columns, 2);
		else if (share.o > 1)
			share.o = half(share.o, 1);
		else if (share.kh > 1)
			share.kh = half(share.kh, 1);
		else if (share.columns > 2)
			share.columns = half(share.columns, 2);
		else
			return (struct ut_ocl_share){0};
	}
	while (R * ut_ocl_shares(s, &share) * ut_ocl_divide_up(s->O, share.o) <
	       ocl->compute_units) {
		if (share.o > FEW)
			share.o = half(share.o, 1);
		else if (share.c > OCL_VECTOR)
			share.c = half(share.c, OCL_VECTOR);
		else
			break;
	}
	share.list_stride = list_stride(s, &share);
	return share;
}
