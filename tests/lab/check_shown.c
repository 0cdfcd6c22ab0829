/* Real images for students: which, when, how they are mixed, their labels. */
#include <stdlib.h>
#include <string.h>

#include "data/glyphs.h"
#include "lab/supplies.h"
#include "lab/trainer.h"
#include "support/groups.h"
#include "support/testing.h"

enum { IMAGES = 60 };

static struct ut_error error;

static struct ut_device *host(void)
{
	return test_device(0)->device;
}

/* Choosing ----------------------------------------------------------------- */

/* What goes with names first ... first + images - 1 of a set of IMAGES. */
static uint32_t *chosen(size_t images, uint32_t replica, bool shuffled,
			uint64_t first)
{
	const struct ut_dataset data = {.train = {.count = IMAGES}};
	const struct ut_session session = {.data = &data};
	struct ut_rng rng = {.seed = 1, .purpose = 2, .replica = replica};
	uint32_t *ids = test_alloc(images, sizeof(*ids));
	struct ut_shown shown;
	size_t i;

	ck_assert(ut_shown_init(&shown, &session, images));
	for (i = 0; i < images; ++i)
		ids[i] = (uint32_t)(first + i);
	ut_shown_choose(&shown, rng, shuffled, first, ids);
	ut_shown_release(&shown);
	return ids;
}

static void expect_pass(const uint32_t *ids)
{
	unsigned seen[IMAGES] = {0};
	size_t i;

	for (i = 0; i < IMAGES; ++i) {
		ck_assert_uint_lt(ids[i], IMAGES);
		++seen[ids[i]];
	}
	for (i = 0; i < IMAGES; ++i)
		ck_assert_uint_eq(seen[i], 1);
}

START_TEST(every_pass_shows_every_image_once_in_an_order_of_its_own)
{
	uint32_t *ids = chosen(3 * IMAGES, 0, true, 0);
	uint32_t *other = chosen(IMAGES, 1, true, 0);

	expect_pass(ids);
	expect_pass(ids + IMAGES);
	expect_pass(ids + 2 * IMAGES);
	expect_pass(other);
	ck_assert(memcmp(ids, ids + IMAGES, IMAGES * sizeof(*ids)));
	ck_assert(memcmp(ids, other, IMAGES * sizeof(*ids)));
	free(ids);
	free(other);
}
END_TEST

START_TEST(epochs_of_any_length_go_on_where_the_last_one_ended)
{
	uint32_t *all = chosen(4 * IMAGES, 3, true, 0), *part;
	size_t length, first;

	for (length = 1; length <= 2 * IMAGES; length += 23)
		for (first = 0; first + length <= 4 * IMAGES; first += length) {
			part = chosen(length, 3, true, first);
			ck_assert(!memcmp(part, all + first,
					  length * sizeof(*part)));
			free(part);
		}
	free(all);
}
END_TEST

START_TEST(names_past_32_bits_have_images_too)
{
	uint64_t first = ((uint64_t)1 << 32) / IMAGES * IMAGES;
	uint32_t *ids = chosen(2 * IMAGES, 0, true, first);

	expect_pass(ids);
	expect_pass(ids + IMAGES);
	free(ids);
}
END_TEST

START_TEST(unshuffled_images_come_in_their_order)
{
	uint32_t *ids = chosen(100, 0, false, 70);
	size_t i;

	for (i = 0; i < 100; ++i)
		ck_assert_uint_eq(ids[i], (70 + i) % IMAGES);
	free(ids);
}
END_TEST

/* Feeding ------------------------------------------------------------------ */

/* A student's batches of an epoch, before any training. */
struct epoch {
	size_t images, width, R;
	float *x;         /* (R, images, width) */
	uint32_t *labels; /* (R, images), of the last batch or all */
	uint32_t *shown;  /* (R, images) */
};

static void take_batch(struct epoch *e, struct ut_trainer *t, size_t step)
{
	size_t b = t->batch, r;
	float *x = test_alloc(e->R * b * e->width, sizeof(*x));
	uint32_t *labels = test_alloc(e->R * b, sizeof(*labels));

	ut_trainer_feed(t, step);
	ck_assert(!ut_buffer_read(t->x, 0, e->R * b * e->width, x, &error));
	ck_assert(!ut_buffer_read(t->labels, 0, e->R * b, labels, &error));
	for (r = 0; r < e->R; ++r) {
		memcpy(e->x + (r * e->images + step * b) * e->width,
		       x + r * b * e->width, b * e->width * sizeof(*x));
		memcpy(e->labels + r * e->images + step * b, labels + r * b,
		       b * sizeof(*labels));
	}
	free(x);
	free(labels);
}

static struct epoch epoch_of(struct test_group *t, enum ut_condition c,
			     uint64_t number)
{
	struct ut_trainer trainer;
	struct epoch e;
	size_t step;

	ck_assert(!ut_trainer_init(&trainer, &t->group, c, &error));
	e = (struct epoch){
		.images = trainer.images,
		.width = ut_net_input_width(&t->session.net),
		.R = t->group.R,
	};
	ck_assert_uint_eq(e.images % trainer.batch, 0);
	e.x = test_alloc(e.R * e.images * e.width, sizeof(*e.x));
	e.labels = test_alloc(e.R * e.images, sizeof(*e.labels));
	e.shown = test_alloc(e.R * e.images, sizeof(*e.shown));
	ut_trainer_begin_epoch(&trainer, number);
	for (step = 0; step < trainer.steps; ++step)
		take_batch(&e, &trainer, step);
	if (trainer.shown)
		ck_assert(!ut_buffer_read(trainer.shown, 0, e.R * e.images,
					  e.shown, &error));
	ut_trainer_release(&trainer);
	return e;
}

static void epoch_free(struct epoch *e)
{
	free(e->x);
	free(e->labels);
	free(e->shown);
}

/* An epoch of a recipe's students on generated digits. */
static struct epoch epoch_with(const char *const *words, enum ut_condition c,
			       uint64_t number, struct test_group *t)
{
	test_group_open(t, host(), IMAGES, words);
	return epoch_of(t, c, number);
}

/* Row i of replica r is image `shown` of the set, as data.scale has it. */
static void expect_image(const struct test_group *t, const struct epoch *e,
			 size_t r, size_t i)
{
	const float *x = e->x + (r * e->images + i) * e->width;
	const uint8_t *image = t->data.train.images +
			       (size_t)e->shown[r * e->images + i] * 784;
	size_t p;

	for (p = 0; p < 784; ++p) {
		double exact = (double)image[p] / 127.5 - 1;

		test_close("image", &x[p], &exact, 1, 1e-6);
	}
}

START_TEST(images_are_shown_as_data_scale_says_with_their_labels)
{
	static const char *const words[] = {"distill.noise=images",
					    "distill.loss=kd",
					    "distill.alpha=0.5",
					    "conditions=all", NULL};
	struct test_group t;
	struct epoch e = epoch_with(words, UT_ALL, 1, &t);
	size_t r, i;

	for (r = 0; r < e.R; ++r) {
		expect_pass(e.shown + r * IMAGES);
		for (i = 0; i < IMAGES; ++i) {
			size_t at = r * IMAGES + i;

			expect_image(&t, &e, r, i);
			ck_assert_uint_eq(e.labels[at],
					  t.data.train.labels[e.shown[at]]);
		}
	}
	epoch_free(&e);
	test_group_close(&t);
}
END_TEST

/* How many ids of a are in b. */
static size_t common(const uint32_t *a, const uint32_t *b, size_t n)
{
	size_t count = 0, i, j;

	for (i = 0; i < n; ++i)
		for (j = 0; j < n; ++j)
			count += a[i] == b[j];
	return count;
}

static void compare_epochs(const char *redraw, size_t in_common)
{
	const char *words[] = {"distill.noise=images", "distill.images=20",
			       redraw, NULL};
	struct test_group t;
	struct epoch first = epoch_with(words, UT_AUX, 1, &t);
	struct epoch second = epoch_of(&t, UT_AUX, 2);

	ck_assert_uint_eq(common(first.shown, first.shown, 20), 20);
	ck_assert_uint_eq(common(first.shown, second.shown, 20), in_common);
	ck_assert(memcmp(first.shown, second.shown, 20 * sizeof(uint32_t)));
	epoch_free(&first);
	epoch_free(&second);
	test_group_close(&t);
}

START_TEST(fewer_images_than_there_are_stay_the_same_unless_redrawn)
{
	compare_epochs("distill.redraw=never", 20);
	compare_epochs("distill.redraw=epoch", 0);
}
END_TEST

START_TEST(a_mixture_is_its_share_of_each)
{
	static const char *const mixed[] = {"distill.noise_mix=0.25", NULL};
	struct test_group t, u;
	struct epoch both = epoch_with(mixed, UT_AUX, 1, &t);
	struct epoch noise = epoch_with(NULL, UT_AUX, 1, &u);
	size_t i, p;

	for (i = 0; i < IMAGES; ++i)
		for (p = 0; p < 784; ++p) {
			size_t at = i * both.width + p;
			double image = (double)t.data.train
					       .images[both.shown[i] * 784 + p];
			double exact = 0.25 * (image / 127.5 - 1) +
				       0.75 * (double)noise.x[at];

			test_close("mixture", &both.x[at], &exact, 1, 1e-6);
		}
	epoch_free(&both);
	epoch_free(&noise);
	test_group_close(&t);
	test_group_close(&u);
}
END_TEST

START_TEST(a_mixture_of_images_alone_is_images)
{
	static const char *const mixed[] = {"distill.noise_mix=1", NULL};
	static const char *const images[] = {"distill.noise=images", NULL};
	struct test_group t, u;
	struct epoch all = epoch_with(mixed, UT_AUX, 1, &t);
	struct epoch plain = epoch_with(images, UT_AUX, 1, &u);

	test_same_bits("mixture", "of images alone", UT_F32, plain.x, all.x,
		       all.R * all.images * all.width);
	epoch_free(&all);
	epoch_free(&plain);
	test_group_close(&t);
	test_group_close(&u);
}
END_TEST

/* Loading ------------------------------------------------------------------ */

START_TEST(another_set_is_loaded_and_shown)
{
	static const char *const words[] = {"distill.noise=images",
					    "distill.noise_set=glyphs", NULL};
	static const char *const nowhere[] = {NULL};
	struct test_group t;
	struct ut_dataset data;

	test_group_open(&t, host(), IMAGES, words);
	ck_assert(!ut_glyphs_make(&data, IMAGES, 10, 7, &error));
	ck_assert(!ut_shown_load(&data, &t.recipe, nowhere, NULL, &error));
	t.session.data = &data;
	ck_assert_uint_eq(ut_shown_count(&t.session), UT_GLYPHS_TRAIN);
	ut_dataset_release(&data);
	test_group_close(&t);
}
END_TEST

START_TEST(images_of_another_size_are_refused)
{
	static const char *const nowhere[] = {NULL};
	struct ut_dataset data = {.name = "photographs",
				  .height = 32,
				  .width = 30,
				  .channels = 3};
	struct ut_recipe recipe;

	ut_recipe_init(&recipe);
	ck_assert(!ut_recipe_assign(&recipe, "distill.noise_mix=0.5", &error));
	ck_assert(
		!ut_recipe_assign(&recipe, "distill.noise_set=glyphs", &error));
	ck_assert_int_eq(ut_shown_load(&data, &recipe, nowhere, NULL, &error),
			 UT_INVALID);
	ck_assert_msg(strstr(error.text, "28 x 28 x 1") &&
			      strstr(error.text, "32 x 30 x 3"),
		      "%s", error.text);
	ck_assert(!data.shown);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("shown");

	tcase_add_test(
		tests,
		every_pass_shows_every_image_once_in_an_order_of_its_own);
	tcase_add_test(tests,
		       epochs_of_any_length_go_on_where_the_last_one_ended);
	tcase_add_test(tests, names_past_32_bits_have_images_too);
	tcase_add_test(tests, unshuffled_images_come_in_their_order);
	tcase_add_test(tests,
		       images_are_shown_as_data_scale_says_with_their_labels);
	tcase_add_test(
		tests,
		fewer_images_than_there_are_stay_the_same_unless_redrawn);
	tcase_add_test(tests, a_mixture_is_its_share_of_each);
	tcase_add_test(tests, a_mixture_of_images_alone_is_images);
	tcase_add_test(tests, another_set_is_loaded_and_shown);
	tcase_add_test(tests, images_of_another_size_are_refused);
	return test_main_host("shown", tests);
}
