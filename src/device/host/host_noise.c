/* Noise fields: filters and octaves. */
#include <string.h>

#include "affine.h"
#include "level.h"
#include "octaves.h"
#include "vec.h"

/* Filters ------------------------------------------------------------------ */

/* Vectors of a row that are summed side by side. */
enum { VECTORS = 4, BLOCK = VECTORS * VEC_WIDTH };

/*
 * y[0 ... VECTORS): sums over the taps of vectors of x. They are multiples of
 * 2^-126, as products of clean numbers are: never subnormal.
 */
static inline void sum_taps(const float *x, size_t S, const float *weights,
			    size_t taps, int vectors, float *y)
{
	vec sum[VECTORS];
	size_t i;
	int j;

	for (j = 0; j < vectors; ++j)
		sum[j] = vec_set(0);
	for (i = 0; i < taps; ++i) {
		vec weight = vec_set(weights[i]);

		for (j = 0; j < vectors; ++j)
			sum[j] = vec_fma(vec_load(x + i * S + j * VEC_WIDTH),
					 weight, sum[j]);
	}
	for (j = 0; j < vectors; ++j)
		vec_store(y + j * VEC_WIDTH, sum[j]);
}

/* The same for fewer elements than a vector has. */
static void sum_few(const float *x, size_t S, const float *weights, size_t taps,
		    size_t count, float *y)
{
	size_t i, j;

	for (j = 0; j < count; ++j) {
		float sum = 0;

		for (i = 0; i < taps; ++i)
			sum = ut_fma(x[i * S + j], weights[i], sum);
		y[j] = sum;
	}
}

/* A row: N S neighbours, of which tap i reads those i S further on. */
static void filter_row(const struct ut_filter *op,
		       const struct ut_host_affine *affine,
		       const float *weights, const float *x, float *y)
{
	const size_t n = op->N * op->S;
	float sums[UT_AFFINE_PIECE];
	size_t e, i;

	for (e = 0; e < n; e += UT_AFFINE_PIECE) {
		size_t piece = ut_host_min(UT_AFFINE_PIECE, n - e);

		for (i = 0; i + BLOCK <= piece; i += BLOCK)
			sum_taps(x + e + i, op->S, weights, op->taps, VECTORS,
				 sums + i);
		for (; i + VEC_WIDTH <= piece; i += VEC_WIDTH)
			sum_taps(x + e + i, op->S, weights, op->taps, 1,
				 sums + i);
		sum_few(x + e + i, op->S, weights, op->taps, piece - i,
			sums + i);
		for (i = 0; i < piece; ++i)
			y[e + i] = ut_host_affine_at(affine, i, sums[i]);
	}
	memset(y + n, 0, (op->width - n) * sizeof(*y));
}

void UT_HOST(filter)(struct ut_device *device, const struct ut_filter *op)
{
	const struct ut_host_affine affine = ut_host_affine_of(&op->affine);
	const size_t inputs = (op->N + op->taps - 1) * op->S;
	size_t rows = op->R * op->A, i;
	size_t chunk = ut_host_pieces(UT_HOST_PIECE, op->width);
	bool small = rows * op->width < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic, chunk) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->A, a = i % op->A;

		filter_row(op, &affine, ut_host_f32(op->weights, 0),
			   ut_host_f32(op->x, r) + a * inputs,
			   ut_host_f32(op->y, r) + a * op->width);
	}
}

/* Octaves ------------------------------------------------------------------ */

/* Loops of this length become vectors. */
enum { STRIP = UT_OCTAVE_STRIP };

/*
 * One grid under a strip of columns. A row of the grid is enlarged to the strip
 * once, and kept until the row after the next needs its place.
 */
struct octave {
	uint32_t H, W;
	size_t first; /* of the grid's numbers in its plane */
	uint32_t left[STRIP], right[STRIP];
	float fraction[STRIP];
	struct ut_octave_axis down; /* of the next image row */
	uint32_t held[2];           /* which rows rows[] holds */
	float rows[2][STRIP];
};

/* All grids of a plane; number 0, the finest, is read as it is. */
struct octaves {
	unsigned count;
	size_t numbers; /* of a plane */
	struct octave octaves[UT_OCTAVES_MAX];
};

/* Columns of an image that are made at once. */
struct strip {
	uint32_t H, W;           /* the image's */
	uint32_t first, columns; /* columns <= STRIP */
	/* of the columns' elements; phase: the channel of the first one */
	float scale[UT_CHANNELS_MAX][STRIP], shift[UT_CHANNELS_MAX][STRIP];
};

/* What is past the strip's columns is made too, from the last one's place. */
static void place_columns(struct octave *octave, const struct strip *strip)
{
	struct ut_octave_axis across =
		ut_octave_axis_at(strip->first, octave->W, strip->W);
	uint32_t j;

	for (j = 0; j < STRIP; ++j) {
		uint32_t place = ut_octave_axis_place(across);
		uint32_t left = place >> 16;

		octave->left[j] = left;
		octave->right[j] = left + 1 < octave->W ? left + 1 : left;
		octave->fraction[j] = ut_octave_fraction(place);
		if (j + 1 < strip->columns)
			across = ut_octave_axis_next(across);
	}
}

static void place_octaves(struct octaves *all, const struct strip *strip)
{
	uint32_t h = strip->H, w = strip->W;

	all->count = 0;
	all->numbers = 0;
	for (;;) {
		struct octave *octave = &all->octaves[all->count++];

		octave->H = h;
		octave->W = w;
		octave->first = all->numbers;
		if (all->count > 1)
			place_columns(octave, strip);
		all->numbers += (size_t)h * w;
		if (h == 1 && w == 1)
			return;
		h = ut_octave_half(h);
		w = ut_octave_half(w);
	}
}

static const float *enlarged_row(struct octave *octave, const float *grid,
				 uint32_t row)
{
	float *to = octave->rows[row & 1];
	int j;

	if (octave->held[row & 1] == row)
		return to;
	octave->held[row & 1] = row;
	grid += (size_t)row * octave->W;
	for (j = 0; j < STRIP; ++j)
		to[j] = ut_lerp(grid[octave->left[j]], grid[octave->right[j]],
				octave->fraction[j]);
	return to;
}

/*
 * sums += the octave at the next row of the image. Subnormals cannot arise:
 * clean numbers of the grids are multiples of 2^-63, fractions of 2^-16, so what
 * is between two rows and two columns is a multiple of 2^-95.
 */
static void add_octave(struct octave *octave, const float *plane,
		       float sums[STRIP])
{
	uint32_t place = ut_octave_axis_place(octave->down);
	uint32_t row = place >> 16;
	vec fraction = vec_set(ut_octave_fraction(place));
	const float *grid = plane + octave->first;
	const float *upper = enlarged_row(octave, grid, row);
	const float *lower =
		enlarged_row(octave, grid, row + 1 < octave->H ? row + 1 : row);
	int j;

	octave->down = ut_octave_axis_next(octave->down);
	for (j = 0; j < STRIP; j += VEC_WIDTH) {
		vec from = vec_load(upper + j);
		vec way = vec_load(lower + j) - from;
		vec between = vec_fma(way, fraction, from);

		vec_store(sums + j, vec_load(sums + j) + between);
	}
}

/* The clean field of a plane in a strip of image row h. */
static void make_field(struct octaves *all, const struct strip *strip,
		       const float *plane, uint32_t h, float field[STRIP])
{
	float sums[STRIP];
	unsigned i;
	int j;

	memset(sums + strip->columns, 0,
	       (STRIP - strip->columns) * sizeof(*sums));
	memcpy(sums, plane + (size_t)h * strip->W + strip->first,
	       strip->columns * sizeof(*sums));
	for (j = 0; j < STRIP; ++j)
		sums[j] = ut_fma(0.5f, sums[j], 0.0f);
	for (i = 1; i < all->count; ++i)
		add_octave(&all->octaves[i], plane, sums);
	for (j = 0; j < STRIP; ++j)
		field[j] = ut_clean(sums[j]);
}

/*
 * y holds what all channels share, and gets the channel's own field added, and
 * is scaled. Clean times clean, the sum is a multiple of 2^-126.
 */
static void add_own(const struct ut_octaves *op, const struct strip *strip,
		    const float field[STRIP], size_t element, float *y)
{
	const size_t phase = element % op->affine.channels;
	const float *scale = strip->scale[phase], *shift = strip->shift[phase];
	const size_t C = op->C;
	float mixed[STRIP];
	uint32_t j;

	memset(mixed + strip->columns, 0,
	       (STRIP - strip->columns) * sizeof(*mixed));
	for (j = 0; j < strip->columns; ++j)
		mixed[j] = y[j * C];
	for (j = 0; j < STRIP; ++j) {
		float sum = ut_fma(op->own, field[j], mixed[j]);

		mixed[j] = ut_clean(ut_fma(sum, scale[j], shift[j]));
	}
	for (j = 0; j < strip->columns; ++j)
		y[j * C] = mixed[j];
}

static void share(const struct ut_octaves *op, const struct strip *strip,
		  const float field[STRIP], float *y)
{
	uint32_t j;
	size_t c;

	for (j = 0; j < strip->columns; ++j)
		for (c = 0; c < op->C; ++c)
			y[j * op->C + c] = op->shared * field[j];
}

/* One plane of one image: the shared one, or that of channel c. */
static void fill_plane(const struct ut_octaves *op, const struct strip *strip,
		       struct octaves *all, const float *plane, bool shared,
		       size_t c, float *y)
{
	float field[STRIP];
	uint32_t h;
	unsigned i;

	for (i = 1; i < all->count; ++i) {
		struct octave *octave = &all->octaves[i];

		octave->held[0] = octave->held[1] = UINT32_MAX;
		octave->down = ut_octave_axis_at(0, octave->H, strip->H);
	}
	for (h = 0; h < strip->H; ++h) {
		size_t e = ((size_t)h * strip->W + strip->first) * op->C;

		make_field(all, strip, plane, h, field);
		if (shared)
			share(op, strip, field, y + e);
		else
			add_own(op, strip, field, e + c, y + e + c);
	}
}

static void fill_strip(const struct ut_octaves *op, const struct strip *strip,
		       struct octaves *all, const float *x, float *y)
{
	bool shared = op->shared < 0 || op->shared > 0;
	uint32_t h;
	size_t c;

	if (shared) {
		fill_plane(op, strip, all, x, true, 0, y);
		x += all->numbers;
	} else {
		for (h = 0; h < strip->H; ++h)
			memset(y + ((size_t)h * strip->W + strip->first) *
					       op->C,
			       0, strip->columns * op->C * sizeof(*y));
	}
	for (c = 0; c < op->C; ++c)
		fill_plane(op, strip, all, x + c * all->numbers, false, c, y);
}

static struct strip strip_of(const struct ut_octaves *op, size_t first)
{
	struct strip strip = {
		.H = (uint32_t)op->H,
		.W = (uint32_t)op->W,
		.first = (uint32_t)first,
		.columns = (uint32_t)ut_host_min(STRIP, op->W - first),
	};
	const struct ut_affine *affine = &op->affine;
	size_t phase, j;

	for (phase = 0; phase < affine->channels; ++phase)
		for (j = 0; j < STRIP; ++j) {
			size_t c = (phase + j * op->C) % affine->channels;

			strip.scale[phase][j] = affine->scale[c];
			strip.shift[phase][j] = affine->shift[c];
		}
	return strip;
}

static void fill_image(const struct ut_octaves *op, const float *x, float *y)
{
	const size_t elements = op->H * op->W * op->C;
	struct octaves all;
	size_t first;

	for (first = 0; first < op->W; first += STRIP) {
		const struct strip strip = strip_of(op, first);

		place_octaves(&all, &strip);
		fill_strip(op, &strip, &all, x, y);
	}
	memset(y + elements, 0, (op->width - elements) * sizeof(*y));
}

void UT_HOST(octaves)(struct ut_device *device, const struct ut_octaves *op)
{
	size_t images = op->R * op->B, numbers = op->x.count / op->B, i;
	bool small = images * op->width < UT_HOST_PIECE / 4;

#pragma omp parallel for schedule(dynamic, 1) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < images; ++i) {
		size_t r = i / op->B, b = i % op->B;

		fill_image(op, ut_host_f32(op->x, r) + b * numbers,
			   ut_host_f32(op->y, r) + b * op->width);
	}
}
