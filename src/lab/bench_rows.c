/* Benchmarks of the operations that memory, not arithmetic, mostly bounds. */
#include "lab/bench_room.h"

/* Memory ------------------------------------------------------------------- */

static void copy(void *context)
{
	const struct ut_room *r = context;

	ut_copy(r->device, 1, r->a, r->d);
}

static void fill(void *context)
{
	const struct ut_room *r = context;

	ut_fill_f32(r->device, 1, r->d, 1);
}

enum ut_status ut_bench_memory(struct ut_bench *bench)
{
	struct ut_room room;
	double n;

	ut_room_open(&room, bench, "memory");
	n = (double)room.n;
	ut_room_row(&room, "copy", copy, 0, 8 * n);
	ut_room_row(&room, "fill", fill, 0, 4 * n);
	return ut_room_close(&room);
}

/* Pools: 14 x 14 x 32 ------------------------------------------------------- */

enum { POOL_ROW = 14 * 14 * 32 };

static struct ut_pool pool_of(const struct ut_room *r)
{
	size_t B = r->n / POOL_ROW;

	return (struct ut_pool){
		.R = 1,
		.B = B,
		.H = 14,
		.W = 14,
		.C = 32,
		.side = 2,
		.x = ut_slice_part(r->a, 0, B * POOL_ROW),
		.y = ut_slice_part(r->b, 0, B * POOL_ROW / 4),
	};
}

static void max_pool(void *context)
{
	const struct ut_room *r = context;
	struct ut_pool op = pool_of(r);

	op.index = ut_slice_part(r->index, 0, op.y.count);
	ut_max_pool(r->device, &op);
}

static void average_pool(void *context)
{
	const struct ut_room *r = context;
	struct ut_pool op = pool_of(r);

	ut_average_pool(r->device, &op);
}

static void pool_backward(const struct ut_room *r, bool max)
{
	struct ut_pool op = pool_of(r);
	struct ut_pool_data data = {
		.R = 1,
		.B = op.B,
		.H = op.H,
		.W = op.W,
		.C = op.C,
		.side = op.side,
		.dy = op.y,
		.gate = op.x,
		.scale = 1,
		.dx = ut_slice_part(r->c, 0, op.x.count),
	};

	if (max)
		data.index = ut_slice_part(r->index, 0, op.y.count);
	ut_pool_backward(r->device, &data);
}

static void max_backward(void *context)
{
	pool_backward(context, true);
}

static void average_backward(void *context)
{
	pool_backward(context, false);
}

enum ut_status ut_bench_pool(struct ut_bench *bench)
{
	struct ut_room room;
	double x, y;

	ut_room_open(&room, bench, "pool");
	x = (double)(room.n / POOL_ROW * POOL_ROW);
	y = x / 4;
	ut_room_row(&room, "max, forward", max_pool, 0, 4 * (x + y) + y);
	ut_room_row(&room, "max, backward", max_backward, x,
		    4 * (2 * x + y) + y);
	ut_room_row(&room, "average, forward", average_pool, x + y,
		    4 * (x + y));
	ut_room_row(&room, "average, backward", average_backward, x + y,
		    4 * (2 * x + y));
	return ut_room_close(&room);
}

/* Noise -------------------------------------------------------------------- */

static void draw(const struct ut_room *r, enum ut_distribution distribution)
{
	ut_random(r->device, &(struct ut_random){
				     .R = 1,
				     .B = r->n / 1024,
				     .columns = 1024,
				     .width = 1024,
				     .distribution = distribution,
				     .affine = ut_affine_of(1, 0),
				     .x = r->d,
			     });
}

static void draw_uniform(void *context)
{
	draw(context, UT_UNIFORM);
}

static void draw_normal(void *context)
{
	draw(context, UT_NORMAL);
}

static void drop(void *context)
{
	const struct ut_room *r = context;

	ut_dropout(r->device, &(struct ut_dropout){
				      .R = 1,
				      .B = r->n / 1024,
				      .D = 1024,
				      .threshold = 1u << 30,
				      .scale = 1,
				      .x = r->d,
			      });
}

static void blend(void *context)
{
	const struct ut_room *r = context;

	ut_blend(r->device, &(struct ut_blend){1, 0.5f, 0.5f, r->a, r->d});
}

/* Photographs of 224 x 224 x 3, blurred along their columns by 7 weights. */
enum { SIDE = 224, PHOTO = SIDE * SIDE * 3, TAPS = 7 };

static size_t photos(const struct ut_room *r, size_t numbers)
{
	size_t count = r->n / numbers;

	return count ? count : 1;
}

/* Too little room for one (a quick look): a smaller one. */
static size_t photo_side(const struct ut_room *r)
{
	return r->n >= 2 * PHOTO ? SIDE : 32;
}

static void blur(void *context)
{
	const struct ut_room *r = context;
	size_t side = photo_side(r), S = side * 3;
	size_t A = photos(r, (side + TAPS - 1) * S);

	ut_filter(r->device,
		  &(struct ut_filter){
			  .R = 1,
			  .A = A,
			  .N = side,
			  .S = S,
			  .taps = TAPS,
			  .width = side * S,
			  .affine = ut_affine_of(1, 0),
			  .weights = ut_slice_part(r->b, 0, TAPS),
			  .x = ut_slice_part(r->a, 0,
					     A * (side + TAPS - 1) * S),
			  .y = ut_slice_part(r->d, 0, A * side * S),
		  });
}

static void make_octaves(void *context)
{
	const struct ut_room *r = context;
	size_t side = photo_side(r);
	size_t numbers = ut_octave_numbers(side, side, 3, true);
	size_t B = photos(r, numbers);

	ut_octaves(r->device,
		   &(struct ut_octaves){
			   .R = 1,
			   .B = B,
			   .H = side,
			   .W = side,
			   .C = 3,
			   .width = side * side * 3,
			   .shared = 0.5f,
			   .own = 0.5f,
			   .affine = ut_affine_of(1, 0),
			   .x = ut_slice_part(r->a, 0, B * numbers),
			   .y = ut_slice_part(r->d, 0, B * side * side * 3),
		   });
}

/* Per number of an octave field: three lerps and an fma a grid, of 4 planes. */
static double octave_flop(size_t side)
{
	double grids = 1;

	for (; side > 1; side = (side + 1) / 2)
		++grids;
	return 4 * grids * (3 * 3 + 2) / 3 + 5;
}

enum ut_status ut_bench_noise(struct ut_bench *bench)
{
	struct ut_room room;
	size_t side, numbers;
	double n, blurred, octaves;

	ut_room_open(&room, bench, "noise");
	n = (double)room.n;
	side = photo_side(&room);
	numbers = ut_octave_numbers(side, side, 3, true);
	blurred = (double)(photos(&room, (side + TAPS - 1) * side * 3) * side *
			   side * 3);
	octaves = (double)photos(&room, numbers);
	ut_room_row(&room, "uniform", draw_uniform, 4 * n, 4 * n);
	ut_room_row(&room, "normal", draw_normal, 7 * n, 4 * n);
	ut_room_row(&room, "dropout", drop, n, 8 * n);
	ut_room_row(&room, "blur, 7 weights", blur, (2 * TAPS + 2) * blurred,
		    8 * blurred);
	ut_room_row(&room, "octaves", make_octaves,
		    octaves * (double)(side * side * 3) * octave_flop(side),
		    4 * octaves * (double)(numbers + side * side * 3));
	ut_room_row(&room, "blend", blend, 3 * n, 12 * n);
	return ut_room_close(&room);
}

/* Batches of digits: 28 x 28 ------------------------------------------------ */

enum { DIGIT = 28 * 28 };

static size_t digits(const struct ut_room *r)
{
	size_t all = r->n / DIGIT;

	return all < r->words.count ? all : r->words.count;
}

static void gather_images(void *context)
{
	const struct ut_room *r = context;
	size_t B = digits(r);

	ut_gather_images(r->device,
			 &(struct ut_gather){
				 .R = 1,
				 .B = B,
				 .N = B,
				 .D = DIGIT,
				 .width = DIGIT,
				 .images =
					 ut_slice_part(r->pixels, 0, B * DIGIT),
				 .ids = ut_slice_part(r->words, 0, B),
				 .affine = ut_affine_of(1.0f / 255, 0),
				 .x = ut_slice_part(r->d, 0, B * DIGIT),
			 });
}

static void augment(void *context)
{
	const struct ut_room *r = context;
	size_t B = digits(r);

	ut_augment_images(r->device,
			  &(struct ut_augment){
				  .R = 1,
				  .B = B,
				  .N = B,
				  .H = 28,
				  .W = 28,
				  .C = 1,
				  .turn = 1u << 28,
				  .shift = 2,
				  .flip = true,
				  .brightness = 32,
				  .images = ut_slice_part(r->pixels, 0,
							  B * DIGIT),
				  .ids = ut_slice_part(r->words, 0, B),
				  .to = ut_slice_part(r->index, 0, B * DIGIT),
			  });
}

static void gather_labels(void *context)
{
	const struct ut_room *r = context;
	size_t B = r->words.count / 2;

	ut_gather_labels(r->device, 1, B, r->n, r->pixels,
			 ut_slice_part(r->words, 0, B),
			 ut_slice_part(r->words, B, B));
}

enum ut_status ut_bench_batch(struct ut_bench *bench)
{
	struct ut_room room;
	double pixels, labels;

	ut_room_open(&room, bench, "batch");
	pixels = (double)(digits(&room) * DIGIT);
	labels = (double)(room.words.count / 2);
	ut_room_row(&room, "images", gather_images, 2 * pixels, 5 * pixels);
	ut_room_row(&room, "augmented", augment, 0, 2 * pixels);
	ut_room_row(&room, "labels", gather_labels, 0, 9 * labels);
	return ut_room_close(&room);
}
