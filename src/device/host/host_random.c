/* Counted randomness: noise, initial weights, dropout. */
#include "affine.h"
#include "level.h"
#include "philox.h"
#include "vec.h"

/* Blocks of four words made at once: loops of this length become vectors. */
enum { LANES = 32 };

/* What is made at once: word j of block i is words[j][i], element 4 i + j. */
typedef uint32_t words_of_lanes[4][LANES];

/* The generator's keys, round by round. */
struct keys {
	uint32_t stream;
	uint64_t seed[10], purpose[10];
};

static struct keys keys_of(const struct ut_rng *rng)
{
	struct keys keys = {.stream = rng->stream};
	uint32_t i;

	for (i = 0; i < 10; ++i) {
		keys.seed[i] = rng->seed + i * 0x9e3779b9u;
		keys.purpose[i] = rng->purpose + i * 0xbb67ae85u;
	}
	return keys;
}

/* One round of ut_philox on a block in each lane; only low halves count. */
static inline void philox_round(vec_long x[4], vec_long seed, vec_long purpose)
{
	vec_long product0 = vec_multiply(x[0], 0xd2511f53u);
	vec_long product1 = vec_multiply(x[2], 0xcd9e8d57u);

	x[0] = (product1 >> 32) ^ x[1] ^ seed;
	x[1] = product1;
	x[2] = (product0 >> 32) ^ x[3] ^ purpose;
	x[3] = product0;
}

/* The words of a row's blocks from `first` on. */
static void make_words(const struct keys *keys, uint32_t first, uint32_t row,
		       uint32_t replica, words_of_lanes words)
{
	const vec_long zero = {0};
	vec_long twice = zero;
	int i, j;

	for (i = 0; i < VEC_WIDTH / 2; ++i)
		twice[i] = 2 * (uint64_t)i;
	for (i = 0; i < LANES; i += VEC_WIDTH) {
		vec_long block = twice + (uint64_t)(first + (uint32_t)i);
		vec_long even[4] = {block, zero + (uint64_t)row,
				    zero + (uint64_t)replica,
				    zero + (uint64_t)keys->stream};
		vec_long odd[4] = {block + (uint64_t)1, even[1], even[2],
				   even[3]};

		for (j = 0; j < 10; ++j) {
			vec_long seed = zero + keys->seed[j];
			vec_long purpose = zero + keys->purpose[j];

			philox_round(even, seed, purpose);
			philox_round(odd, seed, purpose);
		}
		for (j = 0; j < 4; ++j) {
			vec_long both = (even[j] & (uint64_t)0xffffffffu) |
					odd[j] << 32;

			memcpy(&words[j][i], &both, sizeof(both));
		}
	}
}

static void interleave(words_of_lanes words, uint32_t flat[4 * LANES])
{
	int i;

	for (i = 0; i < LANES; ++i) {
		flat[4 * i] = words[0][i];
		flat[4 * i + 1] = words[1][i];
		flat[4 * i + 2] = words[2][i];
		flat[4 * i + 3] = words[3][i];
	}
}

/* The bits of normal numbers in the place of words: ut_normals_of_words. */
static void make_normals(words_of_lanes words)
{
	float radius[LANES];
	int i, j;

	for (j = 0; j < 4; j += 2) {
		for (i = 0; i < LANES; ++i)
			radius[i] = ut_normal_radius(words[j][i]);
		for (i = 0; i < LANES; ++i) {
			uint32_t turn = words[j + 1][i];
			float even = radius[i] * ut_sine_of_turn(turn, 1u);
			float odd = radius[i] * ut_sine_of_turn(turn, 0u);

			words[j][i] = as_uint(even);
			words[j + 1][i] = as_uint(odd);
		}
	}
}

/* The numbers of 4 LANES columns from column 4 block on, scaled and clean. */
static void make_numbers(const struct ut_random *op, const struct keys *keys,
			 const struct ut_host_affine *affine, uint32_t block,
			 uint32_t row, uint32_t replica, float *x)
{
	/* the channel of the first column; never past the end: 3 + 4 LANES */
	const size_t channel = 4 * (size_t)block % op->affine.channels;
	bool normal = op->distribution == UT_NORMAL;
	words_of_lanes words;
	uint32_t flat[4 * LANES];
	int i;

	make_words(keys, block, row, replica, words);
	if (normal)
		make_normals(words);
	interleave(words, flat);
	for (i = 0; i < 4 * LANES; ++i) {
		float z = normal ? as_float(flat[i])
				 : ut_uniform_of_word(flat[i]);

		x[i] = ut_host_affine_at(affine, channel + (size_t)i, z);
	}
}

static void fill_row(const struct ut_random *op, const struct keys *keys,
		     const struct ut_host_affine *affine, uint32_t row,
		     uint32_t replica, float *x)
{
	float last[4 * LANES];
	size_t i;

	for (i = 0; i + 4 * LANES <= op->columns; i += 4 * LANES)
		make_numbers(op, keys, affine, (uint32_t)(i / 4), row, replica,
			     x + i);
	if (i < op->columns) {
		make_numbers(op, keys, affine, (uint32_t)(i / 4), row, replica,
			     last);
		memcpy(x + i, last, (op->columns - i) * sizeof(*x));
	}
	memset(x + op->columns, 0, (op->width - op->columns) * sizeof(*x));
}

void UT_HOST(random)(struct ut_device *device, const struct ut_random *op)
{
	size_t rows = op->R * op->B, i;
	const struct keys keys = keys_of(&op->rng);
	const struct ut_host_affine affine = ut_host_affine_of(&op->affine);
	bool small = rows * op->width < UT_HOST_PIECE / 4;

#pragma omp parallel for schedule(dynamic, 8) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B;
		uint32_t row = op->first_row + (uint32_t)b;

		if (!ut_slice_none(op->rows))
			row = ut_host_u32(op->rows, r)[b];
		fill_row(op, &keys, &affine, row, op->rng.replica + (uint32_t)r,
			 ut_host_f32(op->x, r) + b * op->width);
	}
}

/* Drops from x, `count` elements of a row from column 4 block on. */
static void drop(const struct ut_dropout *op, const struct keys *keys,
		 uint32_t block, uint32_t row, uint32_t replica, size_t count,
		 float *x)
{
	const uint32_t threshold = op->threshold;
	const float scale = op->scale;
	words_of_lanes words;
	uint32_t flat[4 * LANES];
	size_t i;

	make_words(keys, block, row, replica, words);
	interleave(words, flat);
	for (i = 0; i < count; ++i) {
		float kept = ut_clean(x[i] * scale);

		x[i] = flat[i] >= threshold ? kept : 0.0f;
	}
}

void UT_HOST(dropout)(struct ut_device *device, const struct ut_dropout *op)
{
	size_t rows = op->R * op->B, i;
	const struct keys keys = keys_of(&op->rng);
	bool small = rows * op->D < UT_HOST_PIECE / 4;

#pragma omp parallel for schedule(dynamic, 8) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B, d;
		float *x = ut_host_f32(op->x, r) + b * op->D;

		for (d = 0; d < op->D; d += 4 * LANES)
			drop(op, &keys, (uint32_t)(d / 4),
			     op->first_row + (uint32_t)b,
			     op->rng.replica + (uint32_t)r,
			     ut_host_min(4 * LANES, op->D - d), x + d);
	}
}
