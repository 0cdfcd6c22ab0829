/* Launchers of the kernels of convolutions, both shapes. */
#include "ocl_conv.h"

#include "scalar.h"

/* Bytes of the partial sums that the GPU shape keeps at a time. */
static const size_t partial_bytes = (size_t)64 << 20;

static void pass_shape(struct ut_ocl_launch *launch,
		       const struct ut_conv_shape *s, struct ut_ocl_sides n)
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

static void latch_too_large(struct ut_device *device,
			    const struct ut_conv_shape *s)
{
	ut_device_latch(device, UT_DEVICE,
			"convolution: a kernel of side %u does not fit "
			"the local memory of %s",
			s->kernel, device->info.name);
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

static void run_cut(struct ut_ocl_launch *launch,
		    const struct ut_ocl_correlation *f,
		    const struct ut_ocl_cut *cut)
{
	ut_ocl_pass_uint(launch, cut->rows);
	ut_ocl_pass_uint(launch, cut->columns);
	ut_ocl_pass_uint(launch, cut->panels);
	ut_ocl_pass_uint(launch, cut->kh);
	ut_ocl_pass_uint(launch, cut->kw);
	ut_ocl_pass_uint(launch, cut->c);
	ut_ocl_run(launch, ut_ocl_cut_parts(f, cut) / f->R,
		   ut_ocl_divide_up(f->panels, cut->panels), (unsigned)f->R);
}

/* w in panels, in the device's scratch; none after an error. */
static struct ut_slice pack(struct ut_device *device, size_t R,
			    const struct ut_conv_shape *s, struct ut_slice w)
{
	size_t taps = (size_t)s->kernel * s->kernel;
	size_t panels = ut_ocl_divide_up(s->O, OCL_LANES);
	struct ut_slice to =
		ut_ocl_scratch(device, R, panels * taps * s->C * OCL_LANES);
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
	struct ut_ocl_sides n = ut_ocl_conv_sides(s, true);
	const struct ut_ocl_correlation f = {
		.R = op->R,
		.B = s->B,
		.rows = n.OH,
		.columns = n.OW,
		.panels = ut_ocl_divide_up(s->O, OCL_LANES),
		.inner = s->C,
		.kernel = s->kernel,
		.stride = s->stride,
		.step = s->pool ? 2 : 1,
	};
	struct ut_slice w = op->w;
	struct ut_ocl_launch launch;
	struct ut_ocl_cut cut = {0};

	if (!is_gpu(device)) {
		cut = ut_ocl_cut(ut_ocl_of(device), &f);
		if (!cut.rows) {
			latch_too_large(device, s);
			return;
		}
		w = pack(device, op->R, s, op->w);
	}
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
		run_cut(&launch, &f, &cut);
}

/* Data gradient -------------------------------------------------------------- */

/* w as conv_data reads it, in the device's scratch; none after an error. */
static struct ut_slice turn(struct ut_device *device, unsigned R,
			    const struct ut_conv_shape *s, struct ut_slice w,
			    const struct ut_ocl_lists *l)
{
	enum { SPAN = 16 }; /* UT_TURN_SPAN */
	size_t floats = l->group * OCL_VECTOR;
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
		      const struct ut_conv_shape *s,
		      const struct ut_ocl_lists *l)
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
	struct ut_ocl_sides n = ut_ocl_conv_sides(s, false);
	struct ut_slice w = op->w;
	struct ut_ocl_launch launch;
	struct ut_ocl_lists l = {0};

	if (!is_gpu(device)) {
		l = ut_ocl_lists(ut_ocl_of(device), op->R, s, n);
		if (!l.rows) {
			latch_too_large(device, s);
			return;
		}
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

static void weights_cpu(struct ut_device *device,
			const struct ut_conv_weights *op, struct ut_ocl_sides n)
{
	const struct ut_conv_shape *s = &op->shape;
	struct ut_ocl_share share =
		ut_ocl_share(ut_ocl_of(device), op->R, s, n);
	struct ut_ocl_launch launch;

	if (!share.rows) {
		latch_too_large(device, s);
		return;
	}
	launch = ut_ocl_begin(device, share.narrow ? OCL_CONV_NARROW
						   : OCL_CONV_WEIGHTS);
	ut_ocl_pass_slice(&launch, op->x);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->index);
	ut_ocl_pass_slice(&launch, op->dw);
	ut_ocl_pass_slice(&launch, op->db);
	pass_shape(&launch, s, n);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->db));
	ut_ocl_pass_uint(&launch, ut_chunk_rows((uint)n.OW));
	ut_ocl_pass_uint(&launch, share.rows);
	ut_ocl_pass_uint(&launch, share.columns);
	if (share.narrow) {
		ut_ocl_run(&launch, s->O / OCL_VECTOR, 1, op->R);
		return;
	}
	ut_ocl_pass_uint(&launch, share.kh);
	ut_ocl_pass_uint(&launch, share.c);
	ut_ocl_pass_uint(&launch, share.o);
	ut_ocl_pass_uint(&launch, share.list_stride);
	ut_ocl_run(&launch, ut_ocl_shares(s, &share),
		   ut_ocl_divide_up(s->O, share.o), op->R);
}

/* The chunks' sums side by side, then their totals in order. */
static void weights_gpu(struct ut_device *device,
			const struct ut_conv_weights *op, struct ut_ocl_sides n)
{
	const struct ut_conv_shape *s = &op->shape;
	size_t M = (size_t)s->kernel * s->kernel * s->C;
	size_t size = (M + 1) * s->O;
	size_t chunks =
		ut_ocl_divide_up(s->B * n.OH, ut_chunk_rows((uint)n.OW));
	size_t most = partial_bytes / sizeof(float) / op->R / size;
	size_t at_once = most < 1 ? 1 : most < chunks ? most : chunks;
	struct ut_slice partial = ut_ocl_scratch(device, op->R, at_once * size);
	size_t first;

	for (first = 0; first < chunks && !ut_slice_none(partial);
	     first += at_once) {
		size_t left = chunks - first;
		size_t count = left < at_once ? left : at_once;
		struct ut_ocl_launch launch =
			ut_ocl_begin(device, OCL_CONV_WEIGHTS);

		ut_ocl_pass_slice(&launch, op->x);
		ut_ocl_pass_slice(&launch, op->dy);
		ut_ocl_pass_slice(&launch, op->index);
		ut_ocl_pass_slice(&launch, partial);
		pass_shape(&launch, s, n);
		ut_ocl_pass_uint(&launch, first);
		ut_ocl_pass_uint(&launch, count);
		ut_ocl_pass_uint(&launch, ut_chunk_rows((uint)n.OW));
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
	struct ut_ocl_sides n = ut_ocl_conv_sides(&op->shape, false);

	if (is_gpu(device))
		weights_gpu(device, op, n);
	else
		weights_cpu(device, op, n);
}
