/* Launchers of conv_cpu.cl and conv_gpu.cl. */
#include "ocl.h"

#include <assert.h>

#include "scalar.h"

/* As in tile_cpu.h and conv_cpu.cl: the register block, the tables. */
enum { ROWS = 6, LANES = 16, STEPS = 1024, PIXELS = 512 };

/* Panels of dy that a work-item of the weight gradient takes at a time. */
enum { PANELS = 2 };

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

/* Forward and data gradient of the CPU shape ------------------------------- */

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
			    const struct ut_conv_shape *s, struct ut_slice w,
			    bool turned)
{
	size_t taps = (size_t)s->kernel * s->kernel;
	size_t inner = turned ? s->O : s->C, outer = turned ? s->C : s->O;
	size_t panels = ut_ocl_divide_up(outer, LANES);
	size_t parts = w.stride ? R : 1;
	struct ut_slice packed =
		ut_ocl_scratch(device, parts, panels * taps * inner * LANES);
	struct ut_ocl_launch launch;

	if (ut_slice_none(packed))
		return packed;
	launch = ut_ocl_begin(device, OCL_CONV_PACK);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, packed);
	ut_ocl_pass_uint(&launch, s->C);
	ut_ocl_pass_uint(&launch, s->O);
	ut_ocl_pass_uint(&launch, s->kernel);
	ut_ocl_pass_uint(&launch, turned);
	ut_ocl_run(&launch, panels, taps, (unsigned)parts);
	if (parts == 1)
		packed.stride = 0;
	return packed;
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
		is_gpu(device) ? op->w : pack(device, op->R, s, op->w, false);
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

void ut_ocl_conv_data(struct ut_device *device, const struct ut_conv_data *op)
{
	const struct ut_conv_shape *s = &op->shape;
	const struct correlation f = {
		.R = op->R,
		.B = s->B,
		.rows = s->H,
		.columns = s->W,
		.panels = ut_ocl_divide_up(s->C, LANES),
		.inner = s->O,
		.kernel = s->kernel,
		.stride = 1,
		.step = 1,
	};
	struct ut_slice w =
		is_gpu(device) ? op->w : pack(device, op->R, s, op->w, true);
	struct ut_ocl_launch launch;

	if (ut_slice_none(w))
		return;
	launch = ut_ocl_begin(device, OCL_CONV_DATA);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->index);
	ut_ocl_pass_slice(&launch, w);
	ut_ocl_pass_slice(&launch, op->gate);
	ut_ocl_pass_slice(&launch, op->dx);
	pass_shape(&launch, s, sides_of(s, false));
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ut_ocl_pass_float(&launch, op->scale);
	if (is_gpu(device))
		run_gpu(&launch, op->R, s->B * s->H * s->W, s->C);
	else
		run_cut(&launch, &f);
}

/* Weight gradient ----------------------------------------------------------- */

static size_t chunk_rows(struct sides n)
{
	return most(1, UT_CHUNK / n.OW);
}

/* What a work-item of the CPU shape has of dw, and of the pixels at a time. */
struct share {
	size_t rows, columns, panels, kh, c;
};

static bool share_fits(const struct ut_ocl *ocl, const struct ut_conv_shape *s,
		       struct sides n, const struct share *share)
{
	size_t M = round_up(share->kh * s->kernel * share->c, ROWS);
	size_t pixels = share->rows * share->columns;
	size_t images = least(share->rows, (share->rows + n.OH - 2) / n.OH + 1);
	size_t more = share->kh > s->stride ? share->kh - s->stride : 0;
	size_t tall = share->rows * s->stride + images * more;
	size_t pitch = (share->columns - 1) * s->stride + s->kernel;

	return M <= STEPS && pixels <= UT_CHUNK &&
	       share->panels * (M + 1 + pixels) * LANES +
			       tall * pitch * share->c <=
		       ocl->tunables.panel;
}

static size_t shares_of(const struct ut_conv_shape *s,
			const struct share *share)
{
	return ut_ocl_divide_up(s->kernel, share->kh) *
	       ut_ocl_divide_up(s->C, share->c);
}

static struct share share_of(const struct ut_ocl *ocl, unsigned R,
			     const struct ut_conv_shape *s, struct sides n)
{
	size_t panels = ut_ocl_divide_up(s->O, LANES);
	struct share share = {
		.rows = least(chunk_rows(n), s->B * n.OH),
		.columns = part(n.OW, UT_CHUNK, 1),
		.panels = least(panels, PANELS),
		.kh = s->kernel,
		.c = s->C,
	};

	while (!share_fits(ocl, s, n, &share)) {
		if (share.c > LANES)
			share.c = ut_ocl_divide_up(share.c, 2);
		else if (share.panels > 1)
			share.panels = 1;
		else if (share.rows > 1)
			share.rows = ut_ocl_divide_up(share.rows, 2);
		else if (share.columns > ROWS)
			share.columns = ut_ocl_divide_up(share.columns, 2);
		else if (share.c > 1)
			share.c = ut_ocl_divide_up(share.c, 2);
		else if (share.kh > 1)
			share.kh = ut_ocl_divide_up(share.kh, 2);
		else if (share.columns > 1)
			share.columns = ut_ocl_divide_up(share.columns, 2);
		else
			break;
	}
	while (R * shares_of(s, &share) *
		       ut_ocl_divide_up(panels, share.panels) <
	       wanted(ocl)) {
		if (share.panels > 1)
			share.panels = 1;
		else if (share.c > LANES)
			share.c = ut_ocl_divide_up(share.c, 2);
		else
			break;
	}
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
	ut_ocl_pass_uint(&launch, share.panels);
	ut_ocl_pass_uint(&launch, share.kh);
	ut_ocl_pass_uint(&launch, share.c);
	ut_ocl_run(&launch, shares_of(s, &share),
		   ut_ocl_divide_up(ut_ocl_divide_up(s->O, LANES),
				    share.panels),
		   op->R);
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
