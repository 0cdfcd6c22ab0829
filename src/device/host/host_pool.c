/* Pooling without a convolution before it: rows of windows, one at a time. */
#include "level.h"
#include "scalar.h"

/* One window's row of C outputs, from H x W images of C channels. */
struct window {
	const float *x; /* its first pixel */
	size_t row, C;  /* floats of an image's row */
	unsigned side;
};

static void max_window(const struct window *w, float *y, uint8_t *index)
{
	size_t c;

	for (c = 0; c < w->C; ++c) {
		float best = w->x[c];
		unsigned at = 0, k;

		for (k = 1; k < w->side * w->side; ++k) {
			float x = w->x[k / w->side * w->row +
				       k % w->side * w->C + c];

			at = best < x ? k : at;
			best = best < x ? x : best;
		}
		y[c] = best;
		if (index)
			index[c] = (uint8_t)at;
	}
}

static void average_window(const struct window *w, float inverse, float *y)
{
	size_t c;
	unsigned i, j;

	for (c = 0; c < w->C; ++c)
		y[c] = 0;
	for (i = 0; i < w->side; ++i)
		for (j = 0; j < w->side; ++j)
			for (c = 0; c < w->C; ++c)
				y[c] = y[c] + w->x[i * w->row + j * w->C + c];
	for (c = 0; c < w->C; ++c)
		y[c] = ut_clean(y[c] * inverse);
}

/* A row of an image's windows; inverse is 0 for the largest. */
static void pool_row(const struct ut_pool *op, size_t r, size_t row,
		     float inverse)
{
	size_t PH = op->H / op->side, PW = op->W / op->side, j;
	size_t b = row / PH, h = row % PH * op->side, at = row * PW * op->C;
	const float *x =
		ut_host_f32(op->x, r) + (b * op->H + h) * op->W * op->C;

	for (j = 0; j < PW; ++j, at += op->C) {
		struct window w = {x + j * op->side * op->C, op->W * op->C,
				   op->C, op->side};
		float *y = ut_host_f32(op->y, r) + at;

		if (inverse > 0)
			average_window(&w, inverse, y);
		else
			max_window(&w, y,
				   ut_slice_none(op->index)
					   ? NULL
					   : ut_host_u8(op->index, r) + at);
	}
}

static void pool(struct ut_device *device, const struct ut_pool *op,
		 float inverse)
{
	size_t rows = op->B * (op->H / op->side), i;
	bool small = op->R * op->x.count < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic, 4) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < op->R * rows; ++i)
		pool_row(op, i / rows, i % rows, inverse);
}

void UT_HOST(max_pool)(struct ut_device *device, const struct ut_pool *op)
{
	pool(device, op, 0);
}

void UT_HOST(average_pool)(struct ut_device *device, const struct ut_pool *op,
			   float inverse)
{
	pool(device, op, inverse);
}

/* The gradient at a pixel: of C outputs of its window, or all +0. */
static void spread(const struct ut_pool_data *op, size_t r, size_t at,
		   unsigned place, float inverse, float *dx)
{
	const float *dy = ut_host_f32(op->dy, r) + at;
	size_t c;

	if (ut_slice_none(op->index)) {
		for (c = 0; c < op->C; ++c)
			dx[c] = dy[c] * inverse;
	} else {
		const uint8_t *index = ut_host_u8(op->index, r) + at;

		for (c = 0; c < op->C; ++c)
			dx[c] = index[c] == place ? dy[c] : 0;
	}
}

/* A row of an image's pixels. */
static void data_row(const struct ut_pool_data *op, size_t r, size_t row,
		     float inverse)
{
	size_t PH = op->H / op->side, PW = op->W / op->side, w, c;
	size_t b = row / op->H, h = row % op->H, from = row * op->W * op->C;
	size_t windows = (b * PH + h / op->side) * PW;
	float *dx = ut_host_f32(op->dx, r) + from;

	for (w = 0; w < op->W; ++w) {
		unsigned place =
			(unsigned)(h % op->side * op->side + w % op->side);

		if (h / op->side < PH && w / op->side < PW)
			spread(op, r, (windows + w / op->side) * op->C, place,
			       inverse, dx + w * op->C);
		else
			for (c = 0; c < op->C; ++c)
				dx[w * op->C + c] = 0;
	}
	if (!ut_slice_none(op->gate)) {
		const float *gate = ut_host_f32(op->gate, r) + from;

		for (c = 0; c < op->W * op->C; ++c)
			dx[c] = gate[c] > 0 ? dx[c] * op->scale : 0;
	}
	for (c = 0; c < op->W * op->C; ++c)
		dx[c] = ut_clean(dx[c]);
}

void UT_HOST(pool_data)(struct ut_device *device, const struct ut_pool_data *op,
			float inverse)
{
	size_t rows = op->B * op->H, i;
	bool small = op->R * op->dx.count < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic, 4) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < op->R * rows; ++i)
		data_row(op, i / rows, i % rows, inverse);
}
