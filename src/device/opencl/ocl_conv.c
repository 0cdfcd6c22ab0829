/* Launchers of conv_cpu.cl, conv_lists.cl and conv_gpu.cl. */
#include "ocl.h"

#include <assert.h>

#include "scalar.h"

/* As in tile_cpu.h and conv_cpu.h: the register block, vectors, the tables. */
enum { ROWS = 6, LANES = 16, VECTOR = 8, STEPS = 1024, PIXELS = 512 };

/* Bytes of the partial sums that the GPU shape keeps at a time. */
static const size_t partial_bytes = (size_t)64 << 20;

static size_t round_up(size_t n, size_t to)
{
	return ut_ocl_divide_up(n, to) * to;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* n cut in parts as equal as can be, of at most `most`, multiples of step. */
static size_t part(size_t n, size_t at_most, size_t step)
{
	size_t parts = ut_ocl_divide_up(n, most(at_most, step));

	return round_up(ut_ocl_divide_up(n, parts), step);
}

/* OH and OW of the outputs that are made: even if they are pooled. */
struct sides {
	size_t OH, OW;
};

static struct sides sides_of(const struct ut_conv_shape *s, bool even)
{
	struct sides n = {ut_conv_side(s, s->H), ut_conv_side(s, s->W)};

	if (even && s->pool) {
		n.OH = n.OH / 2 * 2;
		n.OW = n.OW / 2 * 2;
	}
	return n;
}

static void pass_shape(struct ut_ocl_launch *launch,
		       const struct ut_conv_shape *s, struct sides n)
{
	ut_ocl_pass_uint(launch, s->B);
	ut_ocl_pass_uint(launch, s->H);
	ut_ocl_pass_uint(launch, s->W);
	ut_ocl_pass_uint(launch, s->C);
	ut_ocl_pass_uint(launch, s->O);
	ut_ocl_pass_uint(launch, s->kernel);
	ut_ocl_pass_uint(launch, s->pad);
	ut_ocl_pass_uint(launch, s->stride);
	ut_ocl_pass_uint(launch, n.OH);
	ut_ocl_pass_uint(launch, n.OW);
	ut_ocl_pass_uint(launch, s->pool);
}

static bool is_gpu(const struct ut_device *device)
{
	return ut_ocl_of(device)->tunables.gpu_shape;
}

/* Work-items that keep the compute units of a processor evenly busy. */
static size_t wanted(const struct ut_ocl *ocl)
{
	return 4 * (size_t)ocl->compute_units;
}

/* The GPU shape's tiles of a product (M, N). */
static void run_gpu(struct ut_ocl_launch *launch, size_t depth, size_t M,
		    size_t N)
{
	const struct ut_ocl_tunables *t = &ut_ocl_of(launch->device)->tunables;
	size_t tile = (size_t)t->side * t->block;

	ut_ocl_run(launch, ut_ocl_divide_up(N, tile) * t->side,
		   ut_ocl_divide_up(M, tile) * t->side, (unsigned)depth);
}

/* Forward, CPU shape -------------------------------------------------------- */

/* A correlation: output of rows x columns, in steps of `step` of them. */
struct correlation {
	size_t R, B, rows, columns, panels, inner, kernel, stride, step;
};

/* What a work-item takes of it, and how it cuts the sum: see UT_CUT. */
struct cut {
	size_t rows, columns, panels, kh, kw, c;
};

static bool cut_fits(const struct ut_ocl *ocl, const struct correlation *f,
		     const struct cut *cut)
{
	size_t pixels = cut->rows * cut->columns;
	size_t tall = (cut->rows - 1) * f->stride + cut->kh;
	size_t pitch = (cut->columns - 1) * f->stride + cut->kw;

	return pixels <= PIXELS &&
	       round_up(pixels, ROWS) * LANES + tall * pitch * cut->c <=
		       ocl->tunables.panel;
}

/* The widest part of one step's height that fits; false if it is a sliver. */
static bool cut_columns(const struct ut_ocl *ocl, const struct correlation *f,
			struct cut *cut)
{
	cut->rows = f->step;
	cut->columns = f->columns;
	while (!cut_fits(ocl, f, cut) && cut->columns > f->step)
		cut->columns = part(f->columns, cut->columns / 2, f->step);
	return cut_fits(ocl, f, cut) && cut->columns >= least(f->columns, ROWS);
}

static size_t parts_of(const struct correlation *f, const struct cut *cut)
{
	return f->R * f->B * ut_ocl_divide_up(f->rows, cut->rows) *
	       ut_ocl_divide_up(f->columns, cut->columns);
}

static struct cut cut_of(const struct ut_ocl *ocl, const struct correlation *f)
{
	struct cut cut = {.panels = f->panels,
			  .kh = f->kernel,
			  .kw = f->kernel,
			  .c = f->inner};
	struct cut taller;

	if (!cut_columns(ocl, f, &cut)) {
		cut.kh = 1;
		if (!cut_columns(ocl, f, &cut))
			cut.kw = 1;
		while (!cut_columns(ocl, f, &cut) && cut.c > 1)
			cut.c = ut_ocl_divide_up(cut.c, 2);
	}
	taller = cut;
	while (cut.rows < f->rows) {
		taller.rows = cut.rows + f->step;
		if (!cut_fits(ocl, f, &taller) ||
		    parts_of(f, &taller) < wanted(ocl))
			break;
		cut = taller;
	}
	cut.rows = part(f->rows, cut.rows, f->step);
	if (parts_of(f, &cut) < wanted(ocl))
		cut.panels =
			part(f->panels,
			     f->panels * parts_of(f, &cut) / wanted(ocl), 1);
	return cut;
}

static void run_cut(struct ut_ocl_launch *launch, const struct correlation *f)
{
	struct cut cut = cut_of(ut_ocl_of(launch->device), f);

	ut_ocl_pass_uint(launch, cut.rows);
	ut_ocl_pass_uint(launch, cut.columns);
	ut_ocl_pass_uint(launch, cut.panels);
	ut_ocl_pass_uint(launch, cut.kh);
	ut_ocl_pass_uint(launch, cut.kw);
	ut_ocl_pass_uint(launch, cut.c);
	ut_ocl_run(launch, parts_of(f, &cut) / f->R,
		   ut_ocl_divide_up(f->panels, cut.panels), (unsigned)f->R);
}

/* w in panels, in the device's scratch; none after an error. */
static struct ut_slice pack(struct ut_device *device, size_t R,
			    const struct ut_conv_shape *s, struct ut_slice w)
{
	size_t taps = (size_t)s->kernel * s->kernel;
	size_t panels = ut_ocl_divide_up(s->O, LANES);
	struct ut_slice to =
		ut_ocl_scratch(device, R, panels * taps * s->C * LANES);
	struct ut_ocl_launch launch;

	if (ut_slice_none(to))
		return to;
	launch = ut_ocl_begin(device, OCL_CONV_PACK);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, to);
	ut_ocl_pass_uint(&launch, s->C);
	ut_ocl_pass_uint(&launch, s->O);
	ut_ocl_pass_uint(&launch, s->kernel);
	ut_ocl_run(&launch, panels, taps, (unsigned)R);
	return to;
}

void ut_ocl_conv_forward(struct ut_device *device, const struct ut_conv *op)
{
	const struct ut_conv_shape *s = &op->shape;
	struct sides n = sides_of(s, true);
	const struct correlation f = {
		.R = op->R,
		.B = s->B,
		.rows = n.OH,
		.columns = n.OW,
		.panels = ut_ocl_divide_up(s->O, LANES),
		.inner = s->C,
		.kernel = s->kernel,
		.stride = s->stride,
		.step = s->pool ? 2 : 1,
	};
	struct ut_slice w =
		is_gpu(device) ? op->w : pack(device, op->R, s, op->w);
	struct ut_ocl_launch launch;

	if (ut_slice_none(w))
		return;
	launch = ut_ocl_begin(device, OCL_CONV_FORWARD);
	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, op->b);
	ut_ocl_pass_slice(&launch, op->y);
	ut_ocl_pass_slice(&launch, op->index);
	pass_shape(&launch, s, n);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->b));
	ut_ocl_pass_uint(&launch, op->relu);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->index));
	if (is_gpu(device))
		run_gpu(&launch, op->R, s->B * n.OH * n.OW, s->O);
	else
		run_cut(&launch, &f);
}

/* Data gradient -------------------------------------------------------------- */

/* How conv_data of the CPU shape cuts its work: see there. */
struct lists {
	size_t width, group; /* channels of a block, vectors of a group */
	size_t blocks;       /* of all channels */
	size_t rows, columns, part_blocks, lead;
	size_t list_rows, list_columns, list_channels;
};

/* Vectors of a sum that stay in registers, and their weights in a first cache. */
enum { MOST_VECTORS = 12, FIRST_CACHE = 32768 };

static struct lists lists_of(const struct ut_conv_shape *s)
{
	struct lists l = {
		.width = MOST_VECTORS * VECTOR / s->kernel / VECTOR * VECTOR,
		.rows = s->H,
		.columns = s->W,
		.lead = s->pool && s->stride == 1 ? (s->pad + s->kernel - 1) % 2
						  : 0,
		.list_channels = least(s->O, UINT16_MAX),
	};
	size_t vectors;

	l.width = most(l.width, VECTOR);
	l.width = s->C <= l.width ? s->C : part(s->C, l.width, VECTOR);
	l.blocks = ut_ocl_divide_up(s->C, l.width);
	l.part_blocks = l.blocks;
	vectors = ut_ocl_divide_up(s->kernel * l.width, VECTOR);
	if (vectors <= 3)
		l.group = 3;
	else if (vectors <= 6 ||
		 s->O * MOST_VECTORS * VECTOR * sizeof(float) > FIRST_CACHE)
		l.group = 6;
	else
		l.group = 12;
	return l;
}

/* Floats of a work-item's sums, and of its lists. */
static size_t sums_floats(const struct ut_conv_shape *s, const struct lists *l)
{
	return l->part_blocks * l->rows *
		       (l->columns + 2 * (size_t)(s->kernel - 1)) * l->width +
	       MOST_VECTORS * VECTOR;
}

static size_t list_floats(const struct ut_conv_shape *s, const struct lists *l)
{
	bool aligned = s->stride == 1 && l->list_rows % 2 == 0 &&
		       (l->rows % 2 == 0 || l->rows == s->H);
	size_t windows = (aligned ? l->list_rows / 2 : l->list_rows / 2 + 1) *
			 (l->list_columns / 2 + 1);

	if (!s->pool)
		return 2 * l->list_rows * l->list_columns * l->list_channels;
	return 2 * (windows + 4) * l->list_channels + 32 + VECTOR;
}

/*
 * The sums get half of the room, in as many rows as fit and leave the compute
 * units busy, and the lists the rest.
 */
static struct lists cut_lists(const struct ut_ocl *ocl, unsigned R,
			      const struct ut_conv_shape *s, struct sides n)
{
	struct lists l = lists_of(s);
	size_t room = ocl->tunables.panel, parts;

	while (sums_floats(s, &l) > room * 5 / 8 ||
	       R * s->B * ut_ocl_divide_up(s->H, l.rows) < wanted(ocl)) {
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
			break;
	}
	if (l.rows == s->H || l.rows <= l.lead)
		l.lead = 0;
	parts = R * s->B * ut_ocl_divide_up(s->H, l.rows);
	if (parts < wanted(ocl))
		l.part_blocks = most(1, l.part_blocks * parts / wanted(ocl));
	room -= sums_floats(s, &l);
	l.list_rows = least(n.OH, l.rows + s->kernel);
	l.list_columns = least(n.OW, l.columns + s->kernel);
	while (list_floats(s, &l) > room ||
	       l.list_rows * l.list_columns > PIXELS) {
		if (l.list_rows > 2)
			l.list_rows = (l.list_rows - 1) / 2 * 2;
		else if (l.list_rows > 1)
			l.list_rows = 1;
		else if (l.list_columns > 1)
			l.list_columns = ut_ocl_divide_up(l.list_columns, 2);
		else
			l.list_channels = ut_ocl_divide_up(l.list_channels, 2);
	}
	return l;
}

/* w as conv_data reads it, in the device's scratch; none after an error. */
static struct ut_slice turn(struct ut_device *device, unsigned R,
			    const struct ut_conv_shape *s, struct ut_slice w,
			    const struct lists *l)
{
	enum { SPAN = 16 }; /* UT_TURN_SPAN */
	size_t floats = l->group * VECTOR;
	size_t groups = ut_ocl_divide_up(s->kernel * l->width, floats);
	size_t runs = l->blocks * s->kernel * groups;
	struct ut_slice to = ut_ocl_scratch(device, R, runs * s->O * floats);
	struct ut_ocl_launch launch;

	if (ut_slice_none(to))
		return to;
	launch = ut_ocl_begin(device, OCL_CONV_TURN);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, to);
	ut_ocl_pass_uint(&launch, s->C);
	ut_ocl_pass_uint(&launch, s->O);
	ut_ocl_pass_uint(&launch, s->kernel);
	ut_ocl_pass_uint(&launch, l->width);
	ut_ocl_pass_uint(&launch, l->group);
	ut_ocl_run(&launch, runs, ut_ocl_divide_up(s->O, SPAN), R);
	return to;
}

static void run_lists(struct ut_ocl_launch *launch, unsigned R,
		      const struct ut_conv_shape *s, const struct lists *l)
{
	ut_ocl_pass_uint(launch, l->width);
	ut_ocl_pass_uint(launch, l->group);
	ut_ocl_pass_uint(launch, l->rows);
	ut_ocl_pass_uint(launch, l->columns);
	ut_ocl_pass_uint(launch, l->part_blocks);
	ut_ocl_pass_uint(launch, l->lead);
	ut_ocl_pass_uint(launch, l->list_rows);
	ut_ocl_pass_uint(launch, l->list_columns);
	ut_ocl_pass_uint(launch, l->list_channels);
	ut_ocl_run(launch,
		   s->B * ut_ocl_divide_up(s->H + l->lead, l->rows) *
			   ut_ocl_divide_up(s->W, l->columns),
		   ut_ocl_divide_up(l->blocks, l->part_blocks), R);
}

void ut_ocl_conv_data(struct ut_device *device, const struct ut_conv_data *op)
{
	const struct ut_conv_shape *s = &op->shape;
	struct sides n = sides_of(s, false);
	struct ut_slice w = op->w;
	struct ut_ocl_launch launch;
	struct lists l = {0};

	if (!is_gpu(device)) {
		l = cut_lists(ut_ocl_of(device), op->R, s, n);
		w = turn(device, op->R, s, op->w, &l);
	}
	if (ut_slice_none(w))
		return;
	launch = ut_ocl_begin(device, OCL_CONV_DATA);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->index);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, op->gate);
	ut_ocl_pass_slice(&launch, op->dx);
	pass_shape(&launch, s, n);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ut_ocl_pass_float(&launch, op->scale);
	if (is_gpu(device))
		run_gpu(&launch, op->R, s->B * s->H * s->W, s->C);
	else
		run_lists(&launch, op->R, s, &l);
}

/* Weight gradient ----------------------------------------------------------- */

static size_t chunk_rows(struct sides n)
{
	return most(1, UT_CHUNK / n.OW);
}

/* What a work-item of the CPU shape has of dw, and of the pixels at a time. */
struct share {
	size_t rows, columns, kh, c, o;
	size_t list_stride;
};

/* The outputs that a work-item takes, if it is not short of work. */
enum { OUTPUTS = 32 };

static size_t list_stride(const struct ut_conv_shape *s,
			  const struct share *share)
{
	return share->rows *
		       (s->pool ? share->columns / 2 + 1 : share->columns) +
	       1;
}

static bool share_fits(const struct ut_ocl *ocl, const struct ut_conv_shape *s,
		       struct sides n, const struct share *share)
{
	size_t width = least(s->C, VECTOR);
	size_t run = ut_ocl_divide_up(s->kernel * width, VECTOR);
	size_t vectors = round_up(share->kh * run, 3);
	size_t total = ut_ocl_divide_up(share->c, width) * vectors * VECTOR;
	size_t images = least(share->rows, (share->rows + n.OH - 2) / n.OH + 1);
	size_t more = share->kh > s->stride ? share->kh - s->stride : 0;
	size_t tall = share->rows * s->stride + images * more;
	size_t pitch = ((share->columns - 1) * s->stride + s->kernel) * width;
	bool pieces = share->rows < chunk_rows(n) || share->columns < n.OW;

	return vectors <= STEPS && share->o * (total * (pieces ? 2 : 1) + 2 +
					       2 * list_stride(s, share)) +
						   tall * pitch + 4 * VECTOR <=
					   ocl->tunables.panel;
}

static size_t shares_of(const struct ut_conv_shape *s,
			const struct share *share)
{
	return ut_ocl_divide_up(s->kernel, share->kh) *
	       ut_ocl_divide_up(s->C, share->c);
}

static size_t half(size_t n, size_t step)
{
	return round_up(ut_ocl_divide_up(n, 2), step);
}

static struct share share_of(const struct ut_ocl *ocl, unsigned R,
			     const struct ut_conv_shape *s, struct sides n)
{
	enum { FEW = 4 };
	struct share share = {
		.rows = chunk_rows(n),
		.columns = n.OW,
		.kh = s->kernel,
		.c = s->C,
		.o = part(s->O, OUTPUTS, 1),
	};

	while (!share_fits(ocl, s, n, &share)) {
		if (share.c > 4 * VECTOR)
			share.c = half(share.c, VECTOR);
		else if (share.o > FEW)
			share.o = half(share.o, 1);
		else if (share.c > VECTOR)
			share.c = half(share.c, VECTOR);
		else if (share.rows > 1)
			share.rows = half(share.rows, 1);
		else if (share.columns > 2 * VECTOR)
			share.columns = half(share.columns, 2);
		else if (share.o > 1)
			share.o = half(share.o, 1);
		else if (share.kh > 1)
			share.kh = half(share.kh, 1);
		else if (share.columns > 2)
			share.columns = half(share.columns, 2);
		else
			break;
	}
	while (R * shares_of(s, &share) * ut_ocl_divide_up(s->O, share.o) <
	       ocl->compute_units) {
		if (share.o > FEW)
			share.o = half(share.o, 1);
		else if (share.c > VECTOR)
			share.c = half(share.c, VECTOR);
		else
			break;
	}
	share.list_stride = list_stride(s, &share);
	return share;
}

static void weights_cpu(struct ut_device *device,
			const struct ut_conv_weights *op, struct sides n)
{
	const struct ut_conv_shape *s = &op->shape;
	struct ut_ocl_launch launch = ut_ocl_begin(device, OCL_CONV_WEIGHTS);
	struct share share = share_of(ut_ocl_of(device), op->R, s, n);

	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->index);
	ut_ocl_pass_slice(&launch, op->dw);
	ut_ocl_pass_slice(&launch, op->db);
	pass_shape(&launch, s, n);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->db));
	ut_ocl_pass_uint(&launch, chunk_rows(n));
	ut_ocl_pass_uint(&launch, share.rows);
	ut_ocl_pass_uint(&launch, share.columns);
	ut_ocl_pass_uint(&launch, share.kh);
	ut_ocl_pass_uint(&launch, share.c);
	ut_ocl_pass_uint(&launch, share.o);
	ut_ocl_pass_uint(&launch, share.list_stride);
	ut_ocl_run(&launch, shares_of(s, &share),
		   ut_ocl_divide_up(s->O, share.o), op->R);
}

/* The chunks' sums side by side, then their totals in order. */
static void weights_gpu(struct ut_device *device,
			const struct ut_conv_weights *op, struct sides n)
{
	const struct ut_conv_shape *s = &op->shape;
	size_t M = (size_t)s->kernel * s->kernel * s->C;
	size_t size = (M + 1) * s->O;
	size_t chunks = ut_ocl_divide_up(s->B * n.OH, chunk_rows(n));
	size_t at_once = least(chunks, most(1, partial_bytes / sizeof(float) /
						       op->R / size));
	struct ut_slice partial = ut_ocl_scratch(device, op->R, at_once * size);
	size_t first;

	for (first = 0; first < chunks && !ut_slice_none(partial);
	     first += at_once) {
		size_t count = least(at_once, chunks - first);
		struct ut_ocl_launch launch =
			ut_ocl_begin(device, OCL_CONV_WEIGHTS);

		ut_ocl_pass_slice(&launch, op->x);
		ut_ocl_pass_slice(&launch, op->dy);
		ut_ocl_pass_slice(&launch, op->index);
		ut_ocl_pass_slice(&launch, partial);
		pass_shape(&launch, s, n);
		ut_ocl_pass_uint(&launch, first);
		ut_ocl_pass_uint(&launch, count);
		ut_ocl_pass_uint(&launch, chunk_rows(n));
		run_gpu(&launch, op->R * count, M + 1, s->O);

		launch = ut_ocl_begin(device, OCL_CONV_TOTAL);
		ut_ocl_pass_slice(&launch, partial);
		ut_ocl_pass_slice(&launch, op->dw);
		ut_ocl_pass_slice(&launch, op->db);
		ut_ocl_pass_uint(&launch, M);
		ut_ocl_pass_uint(&launch, s->O);
		ut_ocl_pass_uint(&launch, !ut_slice_none(op->db));
		ut_ocl_pass_uint(&launch, count);
		ut_ocl_pass_uint(&launch, first == 0);
		ut_ocl_pass_uint(&launch, first + count == chunks);
		ut_ocl_run(&launch, ut_ocl_items(device, size), 1, op->R);
	}
}

void ut_ocl_conv_weights(struct ut_device *device,
			 const struct ut_conv_weights *op)
{
	struct sides n = sides_of(&op->shape, false);

	if (is_gpu(device))
		weights_gpu(device, op, n);
	else
		weights_cpu(device, op, n);
}
