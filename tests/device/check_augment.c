/* Augmentation: its words, its whole numbers, exact copies, every device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "philox.h"
#include "support/testing.h"

struct problem {
	struct ut_augment op; /* without slices */
	struct test_operand images, ids, to;
};

static void run_augment(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_augment op = p->op;

	op.images = test_upload(device, &p->images);
	op.ids = test_upload(device, &p->ids);
	op.to = test_upload(device, &p->to);
	ut_augment_images(device, &op);
	test_take(output, "to", op.to);
	test_drop(op.images);
	test_drop(op.ids);
}

static const uint8_t *output_u8(const struct test_output *output, unsigned r)
{
	const struct test_part *part = &output->part[0];

	return (const uint8_t *)part->data + part->offset + r * part->stride;
}

static struct problem problem_new(struct test_random *random, size_t B,
				  size_t H, size_t W, size_t C)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t N = test_between(random, 1, 8), bytes = H * W * C;
	struct problem p = {
		.op =
			{
				.R = R,
				.B = B,
				.N = N,
				.H = H,
				.W = W,
				.C = C,
				.rng = test_rng(random),
				.first_row = test_word(random),
			},
		.images = test_operand_int(random, UT_U8, R, N * bytes,
					   test_word(random) & 1, 256),
		.ids = test_operand_int(random, UT_U32, R, B,
					test_word(random) & 1, (uint32_t)N + 1),
		.to = test_operand_int(random, UT_U8, R, B * bytes, false, 99),
	};

	return p;
}

/* Turns some of the options on, at random. */
static void choose_options(struct test_random *random, struct ut_augment *op)
{
	uint32_t options = test_word(random);

	op->turn = options & 1 ? test_word(random) >> 1 : 0;
	op->shift = options & 2 ? (unsigned)test_between(random, 1, 9) : 0;
	op->flip = options & 4;
	op->brightness =
		options & 8 ? (unsigned)test_between(random, 1, 255) : 0;
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->images);
	test_operand_free(&p->ids);
	test_operand_free(&p->to);
}

/* The choices of a row, from their words. */
struct choices {
	uint32_t angle;
	long down, across;
	bool flip;
	unsigned light;
};

static long between(uint32_t word, uint32_t most)
{
	uint64_t n = 2 * (uint64_t)most + 1;

	return (long)(word * n >> 32) - (long)most;
}

static struct choices choices_of(const struct ut_augment *op, unsigned r,
				 size_t b)
{
	uint32_t row = op->first_row + (uint32_t)b;
	const struct ut_rng *rng = &op->rng;
	struct ut_words first = ut_philox(0, row, rng->replica + r, rng->stream,
					  rng->seed, rng->purpose);
	struct ut_words second =
		ut_philox(1, row, rng->replica + r, rng->stream, rng->seed,
			  rng->purpose);

	return (struct choices){
		.angle = (uint32_t)between(first.w[0], op->turn),
		.down = between(first.w[1], op->shift),
		.across = between(first.w[2], op->shift),
		.flip = op->flip && first.w[3] >> 31,
		.light = (unsigned)(256 + between(second.w[0], op->brightness)),
	};
}

struct image {
	const struct ut_augment *op;
	const uint8_t *pixels;
};

static int64_t pixel(struct image image, int64_t h, int64_t w, size_t c)
{
	const struct ut_augment *op = image.op;

	if (h < 0 || h >= (int64_t)op->H || w < 0 || w >= (int64_t)op->W)
		return 0;
	return image.pixels[((size_t)h * op->W + (size_t)w) * op->C + c];
}

/* As the contract has it, in 64 bits throughout. */
static unsigned expected(struct image image, const struct choices *k, size_t h,
			 size_t w, size_t c)
{
	int64_t H = (int64_t)image.op->H, W = (int64_t)image.op->W;
	int64_t column = k->flip ? W - 1 - (int64_t)w : (int64_t)w;
	int64_t y = 2 * ((int64_t)h - k->down) - (H - 1);
	int64_t x = 2 * (column - k->across) - (W - 1);
	int64_t cosine = llround(65536 * (double)ut_sine_of_turn(k->angle, 1));
	int64_t sine = llround(65536 * (double)ut_sine_of_turn(k->angle, 0));
	int64_t up = cosine * y - sine * x + (H - 1) * 65536;
	int64_t along = cosine * x + sine * y + (W - 1) * 65536;
	int64_t row, f, g, value;

	up = (up + 256) >> 9;
	along = (along + 256) >> 9;
	row = up >> 8;
	column = along >> 8;
	f = up & 255;
	g = along & 255;
	value = (256 - f) * ((256 - g) * pixel(image, row, column, c) +
			     g * pixel(image, row, column + 1, c)) +
		f * ((256 - g) * pixel(image, row + 1, column, c) +
		     g * pixel(image, row + 1, column + 1, c));
	value = (value + 32768) / 65536;
	value = (value * k->light + 128) / 256;
	return (unsigned)(value > 255 ? 255 : value);
}

/* The same in double, with the true sine and cosine. */
static double expected_exactly(struct image image, const struct choices *k,
			       size_t h, size_t w, size_t c)
{
	double angle = 2 * acos(-1) * 0x1p-32 * (double)(int32_t)k->angle;
	double middle_y = ((double)image.op->H - 1) / 2;
	double middle_x = ((double)image.op->W - 1) / 2;
	double column = k->flip ? 2 * middle_x - (double)w : (double)w;
	double y = (double)h - (double)k->down - middle_y;
	double x = column - (double)k->across - middle_x;
	double up = middle_y + cos(angle) * y - sin(angle) * x;
	double along = middle_x + cos(angle) * x + sin(angle) * y;
	int64_t row = (int64_t)floor(up), left = (int64_t)floor(along);
	double f = up - (double)row, g = along - (double)left, value;

	value = (1 - f) * ((1 - g) * (double)pixel(image, row, left, c) +
			   g * (double)pixel(image, row, left + 1, c)) +
		f * ((1 - g) * (double)pixel(image, row + 1, left, c) +
		     g * (double)pixel(image, row + 1, left + 1, c));
	return fmin(value * k->light / 256, 255);
}

static void check_row(const struct problem *p, unsigned r, size_t b,
		      const uint8_t *to)
{
	const struct ut_augment *op = &p->op;
	uint32_t id = test_u32(&p->ids, r)[b];
	size_t bytes = op->H * op->W * op->C, h, w, c;
	struct choices k = choices_of(op, r, b);
	struct image image = {op, test_u8(&p->images, r) + id * bytes};

	for (h = 0; h < op->H; ++h)
		for (w = 0; w < op->W; ++w)
			for (c = 0; c < op->C; ++c, ++to) {
				double exact;

				if (id >= op->N) {
					ck_assert_uint_eq(*to, 0);
					continue;
				}
				ck_assert_uint_eq(*to,
						  expected(image, &k, h, w, c));
				exact = expected_exactly(image, &k, h, w, c);
				/* places: 1/512 an axis; roundings: 1/2 each */
				if (!(fabs(*to - exact) <=
				      1.6 * k.light / 256 + 0.6))
					ck_abort_msg("%u, expected %g", *to,
						     exact);
			}
}

static void check_augment(struct problem *p, bool slow)
{
	const struct ut_augment *op = &p->op;
	size_t bytes = op->H * op->W * op->C, b;
	struct test_output to;
	char text[160];
	unsigned r;

	snprintf(text, sizeof(text),
		 "augment R=%u B=%zu H=%zu W=%zu C=%zu turn=%08x shift=%u "
		 "flip=%d brightness=%u",
		 op->R, op->B, op->H, op->W, op->C, (unsigned)op->turn,
		 op->shift, op->flip, op->brightness);
	to = test_everywhere(text, slow, run_augment, p);
	for (r = 0; r < op->R; ++r)
		for (b = 0; b < op->B; ++b)
			check_row(p, r, b, output_u8(&to, r) + b * bytes);
	test_output_free(&to);
	problem_free(p);
}

START_TEST(images_are_changed_as_the_contract_says_on_every_device)
{
	struct test_random random = {70};
	unsigned i;

	for (i = 0; i < 40; ++i) {
		struct problem p =
			problem_new(&random, test_between(&random, 1, 9),
				    test_between(&random, 1, 20),
				    test_between(&random, 1, 20),
				    test_between(&random, 1, 4));

		choose_options(&random, &p.op);
		check_augment(&p, i % 8 == 0);
	}
}
END_TEST

/* Shifts past the image's edge, and the largest sides a product can meet. */
START_TEST(extremes_are_the_same_everywhere)
{
	struct test_random random = {71};
	struct problem far = problem_new(&random, 4, 5, 3, 2);
	struct problem wide = problem_new(&random, 2, 1, 32767, 1);
	struct problem high = problem_new(&random, 2, 32767, 1, 1);

	far.op.shift = 32767;
	far.op.turn = (1u << 31) - 1;
	check_augment(&far, true);
	wide.op.turn = 1000;
	wide.op.flip = true;
	wide.op.shift = 32767;
	check_augment(&wide, false);
	high.op.turn = (1u << 31) - 1;
	high.op.shift = 3;
	check_augment(&high, false);
}
END_TEST

/* No option, no difference; and a shift alone copies pixels as they are. */
START_TEST(what_is_not_turned_is_copied_exactly)
{
	struct test_random random = {72};
	unsigned shift;

	for (shift = 0; shift < 3; ++shift) {
		struct problem p = problem_new(&random, 6, 7, 9, 3);
		size_t bytes = 7 * 9 * 3, b, h, w, c;
		struct test_output to;
		unsigned r;

		p.op.shift = shift;
		to = test_everywhere("shifted", true, run_augment, &p);
		for (r = 0; r < p.op.R; ++r)
			for (b = 0; b < p.op.B; ++b) {
				struct choices k = choices_of(&p.op, r, b);
				uint32_t id = test_u32(&p.ids, r)[b];
				struct image image = {&p.op,
						      test_u8(&p.images, r) +
							      id * bytes};
				const uint8_t *row =
					output_u8(&to, r) + b * bytes;

				for (h = 0; h < 7 && id < p.op.N; ++h)
					for (w = 0; w < 9; ++w)
						for (c = 0; c < 3; ++c, ++row)
							ck_assert_uint_eq(
								*row,
								pixel(image,
								      (int64_t)h -
									      k.down,
								      (int64_t)w -
									      k.across,
								      c));
			}
		test_output_free(&to);
		problem_free(&p);
	}
}
END_TEST

/*
 * Every option has words of its own: with flip on, a row shows what it showed
 * without, or the mirror image of that, for flipping comes after the shift.
 */
START_TEST(an_option_does_not_change_the_others)
{
	enum { B = 30, SIDE = 6, BYTES = SIDE * SIDE };
	struct test_random random = {73};
	struct problem p = problem_new(&random, B, SIDE, SIDE, 1);
	struct test_output alone, flipped;
	unsigned mirrored = 0;
	size_t b, h, w;

	p.op.R = 1;
	p.op.shift = 2;
	p.op.brightness = 40;
	alone = test_everywhere("alone", true, run_augment, &p);
	p.op.flip = true;
	flipped = test_everywhere("flipped", true, run_augment, &p);
	for (b = 0; b < B; ++b) {
		const uint8_t *from = output_u8(&alone, 0) + b * BYTES;
		const uint8_t *to = output_u8(&flipped, 0) + b * BYTES;
		bool mirror = choices_of(&p.op, 0, b).flip;

		mirrored += mirror;
		for (h = 0; h < SIDE; ++h)
			for (w = 0; w < SIDE; ++w)
				ck_assert_uint_eq(
					to[h * SIDE +
					   (mirror ? SIDE - 1 - w : w)],
					from[h * SIDE + w]);
	}
	ck_assert_uint_gt(mirrored, 0);
	ck_assert_uint_lt(mirrored, B);
	test_output_free(&alone);
	test_output_free(&flipped);
	problem_free(&p);
}
END_TEST

/* Ten thousand images of one bright pixel: where it goes, and how often. */
START_TEST(choices_are_spread_evenly)
{
	enum { B = 10000, SIDE = 5, BYTES = SIDE * SIDE };
	struct ut_device *device = test_device(0)->device;
	struct ut_augment op = {
		.R = 1,
		.B = B,
		.N = 1,
		.H = SIDE,
		.W = SIDE,
		.C = 1,
		.shift = 1,
		.flip = true,
		.brightness = 50,
		.rng = {.seed = 1, .purpose = 70},
		.images = {ut_buffer_new(device, UT_U8, BYTES), 0, BYTES, 0},
		.ids = {ut_buffer_new(device, UT_U32, B), 0, B, 0},
		.to = {ut_buffer_new(device, UT_U8, B * BYTES), 0, B * BYTES,
		       0},
	};
	uint8_t image[BYTES] = {0};
	unsigned places[BYTES] = {0}, light = 0, i, place;
	struct test_output output = {0};
	const uint8_t *to;

	image[2 * SIDE + 1] = 128;
	ut_buffer_write(op.images.buffer, 0, BYTES, image);
	ut_augment_images(device, &op);
	test_take(&output, "spread", op.to);
	to = output_u8(&output, 0);
	for (i = 0; i < B * BYTES; ++i)
		if (to[i]) {
			++places[i % BYTES];
			light += to[i];
			ck_assert_uint_ge(to[i], 103);
			ck_assert_uint_le(to[i], 153);
		}
	/* columns 0 to 2 or, flipped, 2 to 4: the middle twice as often */
	for (place = 0; place < BYTES; ++place) {
		size_t h = place / SIDE, w = place % SIDE;
		double share = h >= 1 && h <= 3 ? B / 18.0 : 0;

		share *= w == 2 ? 2 : 1;
		if (!(fabs(places[place] - share) <= 5 * sqrt(share)))
			ck_abort_msg("(%zu, %zu): %u times, expected %g", h, w,
				     places[place], share);
	}
	ck_assert(fabs(light / (double)B - 128) < 1);
	test_output_free(&output);
	test_drop(op.images);
	test_drop(op.ids);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("augment");

	tcase_add_test(tests,
		       images_are_changed_as_the_contract_says_on_every_device);
	tcase_add_test(tests, extremes_are_the_same_everywhere);
	tcase_add_test(tests, what_is_not_turned_is_copied_exactly);
	tcase_add_test(tests, an_option_does_not_change_the_others);
	tcase_add_test(tests, choices_are_spread_evenly);
	return test_main("augment", tests);
}
