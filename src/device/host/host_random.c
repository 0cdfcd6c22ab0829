/* Counted randomness: noise, initial weights, dropout. */
#include <omp.h>

#include "level.h"
#include "philox.h"

/* Blocks of four words made at once: loops of this length become vectors. */
enum { LANES = 32 };

/* words[j][i] is word j of block `first + i` of a row */
static void make_words(const struct ut_rng *rng, uint32_t first, uint32_t row,
		       uint32_t replica, uint32_t words[4][LANES])
{
	uint32_t i;

	for (i = 0; i < LANES; ++i) {
		struct ut_words x = ut_philox(first + i, row, replica,
					      rng->stream, rng->seed,
					      rng->purpose);

		words[0][i] = x.w[0];
		words[1][i] = x.w[1];
		words[2][i] = x.w[2];
		words[3][i] = x.w[3];
	}
}

/* x[4 i + j] = z[j][i] */
static void interleave(float z[4][LANES], float x[4 * LANES])
{
	int i;

	for (i = 0; i < LANES; ++i) {
		x[4 * i] = z[0][i];
		x[4 * i + 1] = z[1][i];
		x[4 * i + 2] = z[2][i];
		x[4 * i + 3] = z[3][i];
	}
}

static void uniform(uint32_t words[4][LANES], float z[4][LANES])
{
	int i, j;

	for (j = 0; j < 4; ++j)
		for (i = 0; i < LANES; ++i)
			z[j][i] = ut_uniform_of_word(words[j][i]);
}

/* As ut_normals_of_words. */
static void normal(uint32_t words[4][LANES], float z[4][LANES])
{
	float radius[LANES];
	int i, j;

	for (j = 0; j < 4; j += 2) {
		for (i = 0; i < LANES; ++i)
			radius[i] = ut_normal_radius(words[j][i]);
		for (i = 0; i < LANES; ++i) {
			uint32_t turn = words[j + 1][i];

			z[j][i] = radius[i] * ut_sine_of_turn(turn, 1u);
			z[j + 1][i] = radius[i] * ut_sine_of_turn(turn, 0u);
		}
	}
}

/* The numbers of 4 LANES columns from column 4 block on, scaled and clean. */
static void make_numbers(const struct ut_random *op, uint32_t block,
			 uint32_t row, uint32_t replica, float *x)
{
	uint32_t words[4][LANES];
	float z[4][LANES];
	int i, j;

	make_words(&op->rng, block, row, replica, words);
	if (op->distribution == UT_NORMAL)
		normal(words, z);
	else
		uniform(words, z);
	for (j = 0; j < 4; ++j)
		for (i = 0; i < LANES; ++i)
			z[j][i] = ut_clean(ut_fma(z[j][i], op->scale,
						  op->shift));
	interleave(z, x);
}

static void fill_row(const struct ut_random *op, uint32_t row,
		     uint32_t replica, float *x)
{
	float last[4 * LANES];
	size_t i;

	for (i = 0; i + 4 * LANES <= op->columns; i += 4 * LANES)
		make_numbers(op, (uint32_t)(i / 4), row, replica, x + i);
	if (i < op->columns) {
		make_numbers(op, (uint32_t)(i / 4), row, replica, last);
		memcpy(x + i, last, (op->columns - i) * sizeof(*x));
	}
	memset(x + op->columns, 0, (op->width - op->columns) * sizeof(*x));
}

void UT_HOST(random)(struct ut_device *device, const struct ut_random *op)
{
	size_t rows = op->R * op->B, i;
	bool small = rows * op->width < UT_HOST_PIECE / 4;

#pragma omp parallel for schedule(dynamic, 8) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B;
		uint32_t row = op->first_row + (uint32_t)b;

		if (!ut_slice_none(op->rows))
			row = ut_host_u32(op->rows, r)[b];
		fill_row(op, row, op->rng.replica + (uint32_t)r,
			 ut_host_f32(op->x, r) + b * op->width);
	}
}

/* Drops from x, `count` elements of a row from column 4 block on. */
static void drop(const struct ut_dropout *op, uint32_t block, uint32_t row,
		 uint32_t replica, size_t count, float *x)
{
	uint32_t words[4][LANES], flat[4 * LANES];
	size_t i;

	make_words(&op->rng, block, row, replica, words);
	for (i = 0; i < LANES; ++i) {
		flat[4 * i] = words[0][i];
		flat[4 * i + 1] = words[1][i];
		flat[4 * i + 2] = words[2][i];
		flat[4 * i + 3] = words[3][i];
	}
	for (i = 0; i < count; ++i)
		x[i] = flat[i] >= op->threshold ? ut_clean(x[i] * op->scale)
						: 0.0f;
}

void UT_HOST(dropout)(struct ut_device *device, const struct ut_dropout *op)
{
	size_t rows = op->R * op->B, i;
	bool small = rows * op->D < UT_HOST_PIECE / 4;

#pragma omp parallel for schedule(dynamic, 8) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B, d;
		float *x = ut_host_f32(op->x, r) + b * op->D;

		for (d = 0; d < op->D; d += 4 * LANES)
			drop(op, (uint32_t)(d / 4),
			     op->first_row + (uint32_t)b,
			     op->rng.replica + (uint32_t)r,
			     ut_host_min(4 * LANES, op->D - d), x + d);
	}
}
