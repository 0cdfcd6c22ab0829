/* Exports: what a run is made of, in the files, in order, and no other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/jpeg.h"
#include "lab/export.h"
#include "lab/run.h"
#include "report/safetensors.h"
#include "support/photos.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_error error;
static struct ut_export options;
static const char *const nowhere[] = {NULL};

static void read_recipe(const char *path)
{
	ck_assert_msg(!ut_recipe_load(&recipe, path, &error), "%s", error.text);
}

static void begin(void)
{
	test_scratch_open();
	error = (struct ut_error){0};
	read_recipe("data/recipes/tiny.ini");
	options = (struct ut_export){.recipe = &recipe,
				     .device = "host",
				     .data_roots = nowhere,
				     .condition = UT_CONDITIONS,
				     .force = true};
}

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

/* Exports and reads back. */
static struct ut_tensors take(enum ut_export_what what)
{
	const char *path = test_scratch("file.safetensors");
	struct ut_tensors file;
	uint64_t bytes;
	size_t length;
	char *data;

	options.what = what;
	options.out = path;
	ck_assert_msg(!ut_export_write(&options, &bytes, &error), "%s",
		      error.text);
	ck_assert_msg(!ut_tensors_read(&file, path, &error), "%s", error.text);
	ck_assert(!ut_file_read(path, 1 << 28, &data, &length, &error));
	ck_assert_uint_eq(bytes, length);
	free(data);
	return file;
}

/* The tensor of this name, which is there and of this type. */
static struct ut_tensor_view view(const struct ut_tensors *file,
				  const char *name, enum ut_tensor_type type)
{
	size_t i;

	for (i = 0; i < file->count; ++i) {
		struct ut_tensor_view found = ut_tensors_at(file, i);

		if (strcmp(found.name, name) != 0)
			continue;
		ck_assert_int_eq(found.type, type);
		return found;
	}
	ck_abort_msg("no tensor %s", name);
}

static bool has(const struct ut_tensors *file, const char *name)
{
	size_t i;

	for (i = 0; i < file->count; ++i)
		if (!strcmp(ut_tensors_at(file, i).name, name))
			return true;
	return false;
}

static bool equal(struct ut_tensor_view a, struct ut_tensor_view b)
{
	return a.type == b.type &&
	       !memcmp(&a.shape, &b.shape, sizeof(a.shape)) &&
	       !memcmp(a.numbers, b.numbers,
		       ut_shape_elements(&a.shape) * ut_tensor_bytes(a.type));
}

static const char *run(const char *name)
{
	const char *out = test_scratch("%s", name);
	struct ut_results results;

	ck_assert_msg(!ut_run(&recipe,
			      &(struct ut_run_options){.device = "host",
						       .out = out,
						       .plain = true,
						       .data_roots = nowhere},
			      &results, &error),
		      "%s", error.text);
	ut_results_release(&results);
	return out;
}

START_TEST(initial_weights_are_those_of_the_run)
{
	const char *folder = run("run");
	struct ut_tensors init, kept;
	size_t i;

	options.folder = folder;
	init = take(UT_EXPORT_INIT);
	ck_assert(!ut_tensors_read(&kept, test_scratch("run/init.safetensors"),
				   &error));
	ck_assert_uint_eq(kept.count, 2 * 6);
	/* the reference and four students */
	ck_assert_uint_eq(init.count, 5 * kept.count);
	for (i = 0; i < kept.count; ++i) {
		struct ut_tensor_view one = ut_tensors_at(&kept, i);
		char name[128];

		snprintf(name, sizeof(name), "reference.%s", one.name);
		ck_assert(equal(view(&init, name, UT_TENSOR_F32), one));
		snprintf(name, sizeof(name), "all.%s", one.name);
		ck_assert(equal(view(&init, name, UT_TENSOR_F32), one));
		snprintf(name, sizeof(name), "cross-aux.%s", one.name);
		ck_assert(strstr(name, "bias") ||
			  !equal(view(&init, name, UT_TENSOR_F32), one));
	}
	ut_tensors_release(&init);
	ut_tensors_release(&kept);
}
END_TEST

START_TEST(students_begin_where_the_recipe_says)
{
	struct ut_tensors init;

	set("distill.share=body");
	set("distill.control=derangement");
	init = take(UT_EXPORT_INIT);
	ck_assert(equal(view(&init, "aux.0.fc1.weight", UT_TENSOR_F32),
			view(&init, "reference.0.fc1.weight", UT_TENSOR_F32)));
	ck_assert(!equal(view(&init, "aux.0.fc3.weight", UT_TENSOR_F32),
			 view(&init, "reference.0.fc3.weight", UT_TENSOR_F32)));
	ck_assert(equal(view(&init, "cross-all.0.fc1.weight", UT_TENSOR_F32),
			view(&init, "reference.1.fc1.weight", UT_TENSOR_F32)));
	ck_assert(equal(view(&init, "cross-all.1.fc1.weight", UT_TENSOR_F32),
			view(&init, "reference.0.fc1.weight", UT_TENSOR_F32)));
	ut_tensors_release(&init);
}
END_TEST

START_TEST(batches_name_every_image_once_an_epoch_and_its_label)
{
	struct ut_tensors data = take(UT_EXPORT_DATA), batches;
	struct ut_tensor_view labels =
		view(&data, "train.labels", UT_TENSOR_I64);
	unsigned epoch, step, i, differ = 0;

	options.epochs[0] = 1;
	options.epochs[1] = 2;
	options.replica = 1;
	batches = take(UT_EXPORT_BATCHES);
	ck_assert(!has(&batches, "pixels.1.1"));
	for (epoch = 1; epoch <= 2; ++epoch) {
		unsigned char seen[500] = {0};

		for (step = 1; step <= 10; ++step) {
			const struct ut_shape fifty = {1, {50}};
			char name[64];
			const int64_t *ids, *given;

			snprintf(name, sizeof(name), "ids.%u.%u", epoch, step);
			ids = ut_tensors_find_of(&batches, name, UT_TENSOR_I64,
						 fifty);
			snprintf(name, sizeof(name), "labels.%u.%u", epoch,
				 step);
			given = ut_tensors_find_of(&batches, name,
						   UT_TENSOR_I64, fifty);
			ck_assert(ids && given);
			for (i = 0; i < 50; ++i) {
				ck_assert(ids[i] >= 0 && ids[i] < 500);
				ck_assert(!seen[ids[i]]++);
				ck_assert_int_eq(given[i],
						 ((const int64_t *)labels
							  .numbers)[ids[i]]);
			}
		}
	}
	differ = !equal(view(&batches, "ids.1.1", UT_TENSOR_I64),
			view(&batches, "ids.2.1", UT_TENSOR_I64));
	ck_assert(differ);
	ut_tensors_release(&batches);
	ut_tensors_release(&data);
}
END_TEST

START_TEST(augmented_batches_have_the_pixels_that_were_shown)
{
	const struct ut_shape shape = {4, {25, 1, 28, 28}};
	struct ut_tensors batches, again;

	read_recipe("data/recipes/tiny-cnn.ini");
	options.steps[0] = options.steps[1] = 2;
	batches = take(UT_EXPORT_BATCHES);
	ck_assert_uint_eq(batches.count, 3);
	ck_assert_ptr_nonnull(ut_tensors_find_of(&batches, "pixels.1.2",
						 UT_TENSOR_U8, shape));
	options.replica = 1;
	again = take(UT_EXPORT_BATCHES);
	ck_assert(!equal(view(&batches, "pixels.1.2", UT_TENSOR_U8),
			 view(&again, "pixels.1.2", UT_TENSOR_U8)));
	ut_tensors_release(&batches);
	ut_tensors_release(&again);
}
END_TEST

START_TEST(the_last_step_of_an_epoch_may_be_smaller)
{
	const struct ut_shape last = {2, {20, 784}};
	struct ut_tensors noise = take(UT_EXPORT_NOISE);

	ck_assert_uint_eq(noise.count, 9);
	ck_assert_ptr_nonnull(ut_tensors_find(&noise, "noise.1.9", last));
	ut_tensors_release(&noise);
}
END_TEST

/* How often the image is among the rows of an epoch's noise. */
static unsigned count_image(const struct ut_tensors *noise, unsigned epoch,
			    const float *image)
{
	unsigned found = 0, step;
	size_t i;

	for (step = 1; step <= 9; ++step) {
		struct ut_tensor_view one;
		char name[64];

		snprintf(name, sizeof(name), "noise.%u.%u", epoch, step);
		one = view(noise, name, UT_TENSOR_F32);
		for (i = 0; i < one.shape.sizes[0]; ++i)
			found += !memcmp((const float *)one.numbers + i * 784,
					 image, 784 * sizeof(*image));
	}
	return found;
}

START_TEST(noise_is_reused_or_redrawn_as_the_recipe_says)
{
	int redrawn;

	options.epochs[0] = 1;
	options.epochs[1] = 2;
	for (redrawn = 0; redrawn < 2; ++redrawn) {
		struct ut_tensors noise;
		const float *first;

		if (redrawn)
			set("distill.redraw=epoch");
		noise = take(UT_EXPORT_NOISE);
		first = view(&noise, "noise.1.1", UT_TENSOR_F32).numbers;
		ck_assert_uint_eq(count_image(&noise, 1, first), 1);
		ck_assert_uint_eq(count_image(&noise, 2, first), !redrawn);
		ut_tensors_release(&noise);
	}
}
END_TEST

START_TEST(labels_come_with_noise_where_the_loss_asks_for_them)
{
	struct ut_tensors noise, data;

	set("distill.noise=images");
	set("distill.loss=kd");
	set("distill.alpha=0.5");
	set("conditions=all");
	set("data.scale=unit");
	noise = take(UT_EXPORT_NOISE);
	data = take(UT_EXPORT_DATA);
	ck_assert_uint_eq(noise.count, 18);
	{
		const int64_t *labels =
			view(&noise, "labels.1.1", UT_TENSOR_I64).numbers;
		const float *x =
			view(&noise, "noise.1.1", UT_TENSOR_F32).numbers;
		const uint8_t *images =
			view(&data, "train.images", UT_TENSOR_U8).numbers;
		const int64_t *known =
			view(&data, "train.labels", UT_TENSOR_I64).numbers;
		size_t i, j, found = 0;

		/* the shown image is one of the set, and has its label */
		for (i = 0; i < 500; ++i) {
			bool same = true;

			for (j = 0; j < 784 && same; ++j)
				same = (uint8_t)(x[j] * 255 + 0.5f) ==
				       images[i * 784 + j];
			found += same && known[i] == labels[0];
		}
		ck_assert_uint_eq(found, 1);
	}
	ut_tensors_release(&noise);
	ut_tensors_release(&data);
}
END_TEST

START_TEST(logits_are_those_that_the_run_wrote_down)
{
	char *text, *line;
	struct ut_tensors file;
	const float *logits;
	size_t bytes, rows = 0;

	options.folder = run("run");
	options.replica = 1;
	file = take(UT_EXPORT_LOGITS);
	logits = ut_tensors_find(&file, "test.logits",
				 (struct ut_shape){2, {2000, 15}});
	ck_assert_ptr_nonnull(logits);
	ck_assert_ptr_nonnull(ut_tensors_find(&file, "noise.logits.1.9",
					      (struct ut_shape){2, {20, 15}}));
	ck_assert(!ut_file_read(test_scratch("run/samples.csv"), 1 << 20, &text,
				&bytes, &error));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned sample, label, i;
		int length;

		if (sscanf(line, "teacher,1,%u,%u%n", &sample, &label,
			   &length) != 2)
			continue;
		for (i = 0; i < 15; ++i) {
			char *end;
			float value = strtof(line + length + 1, &end);

			ck_assert(value == logits[sample * 15 + i]);
			length = (int)(end - line);
		}
		++rows;
	}
	ck_assert_uint_eq(rows, 8);
	free(text);
	ut_tensors_release(&file);
}
END_TEST

START_TEST(masks_leave_the_share_that_dropout_does_not_take)
{
	const struct ut_shape conv = {4, {25, 5, 7, 7}}, fc = {2, {25, 12}};
	struct ut_tensors masks;
	const uint8_t *kept;
	size_t step, i, sum = 0;

	read_recipe("data/recipes/tiny-cnn.ini");
	masks = take(UT_EXPORT_MASKS);
	for (step = 1; step <= 8; ++step) {
		char name[64];

		snprintf(name, sizeof(name), "masks.1.%zu.conv1", step);
		kept = ut_tensors_find_of(&masks, name, UT_TENSOR_U8, conv);
		ck_assert_ptr_nonnull(kept);
		for (i = 0; i < 25 * 5 * 49; ++i) {
			ck_assert(kept[i] <= 1);
			sum += kept[i];
		}
		snprintf(name, sizeof(name), "masks.1.%zu.fc1", step);
		ck_assert_ptr_nonnull(
			ut_tensors_find_of(&masks, name, UT_TENSOR_U8, fc));
	}
	/* 49,000 of them, of which a tenth is dropped: 5 deviations are 332 */
	ck_assert(sum > 43768 && sum < 44432);
	ck_assert(!has(&masks, "masks.1.1.fc2"));
	ut_tensors_release(&masks);
}
END_TEST

START_TEST(images_in_colour_have_pytorchs_order)
{
	struct ut_tensors conv, flat;
	const float *planes, *rows;
	size_t b, h, w, c;

	if (!ut_jpeg_available()) {
		test_skip("colour", "this build is without JPEG");
		return;
	}
	test_photos("set", 10);
	set("data.set=images");
	set("image.size=6");
	set("data.limit=0");
	set("teacher.batch=4");
	set("net=fc 5");
	options.data_dir = test_scratch("set");
	flat = take(UT_EXPORT_NOISE);
	set("net=conv 4, fc 5");
	conv = take(UT_EXPORT_NOISE);
	rows = ut_tensors_find(&flat, "noise.1.1",
			       (struct ut_shape){2, {60, 108}});
	planes = ut_tensors_find(&conv, "noise.1.1",
				 (struct ut_shape){4, {60, 3, 6, 6}});
	ck_assert(rows && planes);
	for (b = 0; b < 60; ++b)
		for (h = 0; h < 6; ++h)
			for (w = 0; w < 6; ++w)
				for (c = 0; c < 3; ++c)
					ck_assert(planes[((b * 3 + c) * 6 + h) *
								 6 +
							 w] ==
						  rows[b * 108 +
						       (h * 6 + w) * 3 + c]);
	ut_tensors_release(&flat);
	ut_tensors_release(&conv);
}
END_TEST

static void refuses(enum ut_export_what what, enum ut_status status,
		    const char *part)
{
	options.what = what;
	options.out = test_scratch("refused.safetensors");
	ck_assert_int_eq(ut_export_write(&options, NULL, &error), status);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
	ck_assert(!ut_file_exists(options.out));
}

START_TEST(absurd_sizes_are_refused_with_their_bytes)
{
	set("distill.images=4294967295");
	set("distill.batch=65536");
	/* 4294967295 images of 784 numbers and a label, 2 x 65536 tensors */
	refuses(UT_EXPORT_NOISE, UT_INVALID, "13503391593400 bytes");
	ck_assert_ptr_nonnull(strstr(error.text, "at most 8 GiB"));
	set("distill.batch=1");
	options.steps[0] = 1;
	options.steps[1] = 1000000;
	refuses(UT_EXPORT_NOISE, UT_INVALID, "in 2000000 tensors");
	set("replicas=100000");
	refuses(UT_EXPORT_INIT, UT_INVALID, "init would take");
}
END_TEST

START_TEST(what_there_is_none_of_is_refused)
{
	refuses(UT_EXPORT_LOGITS, UT_INVALID, "folder of a run");
	options.replica = 2;
	refuses(UT_EXPORT_NOISE, UT_INVALID, "replica 2");
	options.replica = 0;
	options.epochs[0] = options.epochs[1] = 3;
	refuses(UT_EXPORT_BATCHES, UT_INVALID, "epochs 3-3");
	options.epochs[0] = 0;
	options.steps[0] = 2;
	options.steps[1] = 11;
	refuses(UT_EXPORT_BATCHES, UT_INVALID, "steps 2-11");
	options.steps[0] = 0;
	options.condition = UT_AUX;
	refuses(UT_EXPORT_BATCHES, UT_INVALID, "are a teacher's");
	refuses(UT_EXPORT_MASKS, UT_INVALID, "no dropout");
	options.condition = UT_CEILING;
	refuses(UT_EXPORT_NOISE, UT_INVALID, "is a student's");
	refuses(UT_EXPORT_MASKS, UT_INVALID, "what trains");
	options.condition = UT_CONDITIONS;
	set("teacher.epochs=0");
	refuses(UT_EXPORT_BATCHES, UT_INVALID, "there are 0 of them");
}
END_TEST

START_TEST(a_run_without_weights_has_no_logits)
{
	set("save=first");
	options.folder = run("run");
	options.replica = 1;
	refuses(UT_EXPORT_LOGITS, UT_MISSING, "kept no weights of replica 1");
}
END_TEST

START_TEST(a_file_that_is_there_stays_unless_forced)
{
	const char *path = test_scratch("file.safetensors");
	char *data;
	size_t bytes;

	ck_assert(!ut_file_write(path, "mine", 4, &error));
	options.what = UT_EXPORT_DATA;
	options.out = path;
	options.force = false;
	ck_assert_int_eq(ut_export_write(&options, NULL, &error), UT_EXISTS);
	ck_assert(!ut_file_read(path, 9, &data, &bytes, &error));
	ck_assert_str_eq(data, "mine");
	free(data);
	options.force = true;
	ck_assert(!ut_export_write(&options, NULL, &error));
}
END_TEST

static bool stop(void *user)
{
	unsigned *left = user;

	return !(*left)--;
}

START_TEST(one_that_is_stopped_leaves_nothing)
{
	unsigned left = 12;

	options.stop = stop;
	options.user = &left;
	refuses(UT_EXPORT_NOISE, UT_INTERRUPTED, "interrupted");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("export");

	tcase_add_checked_fixture(tests, begin, test_scratch_close);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, initial_weights_are_those_of_the_run);
	tcase_add_test(tests, students_begin_where_the_recipe_says);
	tcase_add_test(tests,
		       batches_name_every_image_once_an_epoch_and_its_label);
	tcase_add_test(tests,
		       augmented_batches_have_the_pixels_that_were_shown);
	tcase_add_test(tests, the_last_step_of_an_epoch_may_be_smaller);
	tcase_add_test(tests, noise_is_reused_or_redrawn_as_the_recipe_says);
	tcase_add_test(tests,
		       labels_come_with_noise_where_the_loss_asks_for_them);
	tcase_add_test(tests, logits_are_those_that_the_run_wrote_down);
	tcase_add_test(tests, masks_leave_the_share_that_dropout_does_not_take);
	tcase_add_test(tests, images_in_colour_have_pytorchs_order);
	tcase_add_test(tests, absurd_sizes_are_refused_with_their_bytes);
	tcase_add_test(tests, what_there_is_none_of_is_refused);
	tcase_add_test(tests, a_run_without_weights_has_no_logits);
	tcase_add_test(tests, a_file_that_is_there_stays_unless_forced);
	tcase_add_test(tests, one_that_is_stopped_leaves_nothing);
	return test_main_alone("export", tests);
}
