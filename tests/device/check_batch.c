/* Gathering batches of images and labels, on every device. */
#include <math.h>
#include <stdio.h>

#include "support/testing.h"

struct problem {
	struct ut_gather op; /* without slices */
	struct test_operand images, labels, ids, x, to;
};

static void run_images(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_gather op = p->op;

	op.images = test_upload(device, &p->images);
	op.ids = test_upload(device, &p->ids);
	op.x = test_upload(device, &p->x);
	ut_gather_images(device, &op);
	test_take(output, "x", op.x);
	test_drop(op.images);
	test_drop(op.ids);
}

static void run_labels(struct ut_device *device, const void *arguments,
		       struct test_output *output)
{
	const struct problem *p = arguments;
	struct ut_slice labels = test_upload(device, &p->labels);
	struct ut_slice ids = test_upload(device, &p->ids);
	struct ut_slice to = test_upload(device, &p->to);

	ut_gather_labels(device, p->op.R, p->op.B, p->op.N, labels, ids, to);
	test_take(output, "labels", to);
	test_drop(labels);
	test_drop(ids);
}

/* Ids are below N + past: those from N on name no image. */
static struct problem problem_new(struct test_random *random, uint32_t past)
{
	unsigned R = (unsigned)test_between(random, 1, 3);
	size_t B = test_between(random, 1, 40), N = test_between(random, 1, 50);
	size_t D = test_between(random, 1, test_word(random) & 1 ? 70 : 500);
	size_t width = D + test_between(random, 0, 20);
	bool shared = test_word(random) & 1;

	return (struct problem){
		.op =
			{
				.R = R,
				.B = B,
				.N = N,
				.D = D,
				.width = width,
				.affine = test_affine(random),
			},
		.images =
			test_operand_int(random, UT_U8, R, N * D, shared, 256),
		.labels = test_operand_int(random, UT_U8, R, N, shared, 10),
		.ids = test_operand_int(random, UT_U32, R, B,
					test_word(random) & 1,
					(uint32_t)N + past),
		.x = test_operand_f32(random, R, B * width, false),
		.to = test_operand_int(random, UT_U32, R, B, false, 99),
	};
}

static void problem_free(struct problem *p)
{
	test_operand_free(&p->images);
	test_operand_free(&p->labels);
	test_operand_free(&p->ids);
	test_operand_free(&p->x);
	test_operand_free(&p->to);
}

static float pixel_value(const struct ut_gather *op, size_t c, uint8_t pixel)
{
	size_t channel = c % op->affine.channels;
	float x = fmaf((float)pixel, op->affine.scale[channel],
		       op->affine.shift[channel]);

	return fabsf(x) < 0x1p-40f ? 0 : x;
}

static void check_images(const struct problem *p, unsigned r, const float *x)
{
	const struct ut_gather *op = &p->op;
	size_t i, c;

	for (i = 0; i < op->B; ++i) {
		uint32_t id = test_u32(&p->ids, r)[i];

		for (c = 0; c < op->width; ++c) {
			float expected = 0;

			if (id < op->N && c < op->D)
				expected =
					pixel_value(op, c,
						    test_u8(&p->images,
							    r)[id * op->D + c]);
			ck_assert_uint_eq(test_bits(x[i * op->width + c]),
					  test_bits(expected));
		}
	}
}

START_TEST(images_are_gathered_by_id_on_every_device)
{
	struct test_random random = {40};
	unsigned i, r;

	for (i = 0; i < 30; ++i) {
		struct problem p = problem_new(&random, i % 2 ? 5 : 0);
		char text[96];
		struct test_output x;

		if (i % 2)
			test_u32(&p.ids, 0)[0] = UINT32_MAX;
		snprintf(text, sizeof(text),
			 "images R=%u B=%zu N=%zu D=%zu "
			 "width=%zu channels=%u",
			 p.op.R, p.op.B, p.op.N, p.op.D, p.op.width,
			 p.op.affine.channels);
		x = test_everywhere(text, i % 3 == 0, run_images, &p);
		for (r = 0; r < p.op.R; ++r)
			check_images(&p, r, test_output_f32(&x, 0, r));
		test_output_free(&x);
		problem_free(&p);
	}
}
END_TEST

START_TEST(labels_are_gathered_by_id_on_every_device)
{
	struct test_random random = {41};
	unsigned n, r;
	size_t i;

	for (n = 0; n < 20; ++n) {
		struct problem p = problem_new(&random, 0);
		struct test_output to =
			test_everywhere("labels", n % 3 == 0, run_labels, &p);

		for (r = 0; r < p.op.R; ++r)
			for (i = 0; i < p.op.B; ++i)
				ck_assert_uint_eq(
					test_output_u32(&to, 0, r)[i],
					test_u8(&p.labels,
						r)[test_u32(&p.ids, r)[i]]);
		test_output_free(&to);
		problem_free(&p);
	}
}
END_TEST

/* A scale of 2^-50: every pixel is below the threshold, of either sign. */
START_TEST(tiny_pixels_become_positive_zero)
{
	struct test_random random = {42};
	struct problem p = problem_new(&random, 0);
	struct test_output x;

	p.op.affine = ut_affine_of(-0x1p-50f, 0);
	x = test_everywhere("tiny pixels", true, run_images, &p);
	test_clean("tiny pixels", test_output_f32(&x, 0, 0),
		   p.op.B * p.op.width);
	test_output_free(&x);
	problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("batch");

	tcase_add_test(tests, images_are_gathered_by_id_on_every_device);
	tcase_add_test(tests, labels_are_gathered_by_id_on_every_device);
	tcase_add_test(tests, tiny_pixels_become_positive_zero);
	return test_main("batch", tests);
}
