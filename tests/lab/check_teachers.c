/* Teachers of another run: the same bits as training them, or refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "support/edit.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_supplies supplies;
static struct ut_error error;

static void read_recipe(const char *path)
{
	ck_assert_msg(!ut_recipe_load(&recipe, path, &error), "%s", error.text);
}

static void begin(void)
{
	test_scratch_open();
	error = (struct ut_error){0};
	read_recipe("data/recipes/tiny.ini");
}

static void end(void)
{
	ut_supplies_release(&supplies);
	supplies = (struct ut_supplies){0};
	test_scratch_close();
}

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

static enum ut_status run_to(const char *out, const char *teacher,
			     struct ut_supplies *with)
{
	static const char *const nowhere[] = {NULL};
	struct ut_results results;
	enum ut_status status;

	status = ut_run(&recipe,
			&(struct ut_run_options){
				.device = "host",
				.out = out,
				.teacher = teacher,
				.plain = true,
				.data_roots = nowhere,
				.supplies = with,
			},
			&results, &error);
	if (!status)
		ut_results_release(&results);
	return status;
}

/* Leaves the teachers of the recipe; what they are used for comes back after. */
static const char *teach(const char *name)
{
	struct ut_recipe whole = recipe;
	const char *out = test_scratch("%s", name);

	recipe.conditions = 1u << UT_TEACHER | 1u << UT_REFERENCE;
	ck_assert_msg(!run_to(out, NULL, NULL), "%s", error.text);
	recipe = whole;
	return out;
}

/* A file of a folder; free *text. */
static void read_file(const char *folder, const char *name, char **text)
{
	char *path = ut_path_join(folder, name);
	size_t bytes;

	ck_assert_msg(!ut_file_read(path, 1 << 24, text, &bytes, &error), "%s",
		      error.text);
	free(path);
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
	char *one, *two;

	read_file(a, name, &one);
	read_file(b, name, &two);
	ck_assert_msg(!strcmp(one, two), "%s differs", name);
	free(one);
	free(two);
}

/* The scores and the fingerprints are the same; devices and times need not. */
static void assert_same_receipt(const char *a, const char *b)
{
	static const char *const parts[] = {"conditions", "fingerprints",
					    "data"};
	json_t *one, *two;
	size_t i;

	ck_assert(!ut_receipt_read(&one, a, &error));
	ck_assert(!ut_receipt_read(&two, b, &error));
	for (i = 0; i < sizeof(parts) / sizeof(*parts); ++i)
		ck_assert_msg(json_equal(json_object_get(one, parts[i]),
					 json_object_get(two, parts[i])),
			      "%s differ", parts[i]);
	json_decref(one);
	json_decref(two);
}

START_TEST(students_of_kept_teachers_are_the_same)
{
	static const struct {
		const char *recipe, *word;
	} cases[] = {
		{"data/recipes/tiny.ini", "evaluate=end"},
		{"data/recipes/tiny.ini", "evaluate=epoch"},
		{"data/recipes/tiny.ini", "group=1"},
		{"data/recipes/tiny.ini", "teacher.epochs=0"},
		{"data/recipes/tiny-cnn.ini", "evaluate=epoch"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		const char *whole = test_scratch("whole%zu", i);
		const char *out = test_scratch("out%zu", i), *teacher;
		char name[32];

		read_recipe(cases[i].recipe);
		set(cases[i].word);
		snprintf(name, sizeof(name), "teacher%zu", i);
		teacher = teach(name);
		ck_assert_msg(!run_to(whole, NULL, NULL), "%s", error.text);
		ck_assert_msg(!run_to(out, teacher, NULL), "%s", error.text);
		assert_same_file(whole, out, "metrics.csv");
		assert_same_file(whole, out, "samples.csv");
		assert_same_file(whole, out, "recipe.ini");
		assert_same_receipt(whole, out);
	}
}
END_TEST

START_TEST(students_of_inexact_teachers_are_not_exact)
{
	const char *teacher = teach("teacher"), *out = test_scratch("out");
	const char *flaw;
	json_t *receipt;

	test_edit(teacher, "receipt.json", "\"bit_exact\": true",
		  "\"bit_exact\": false, \"flaw\": \"made so\"");
	ck_assert_msg(!run_to(out, teacher, NULL), "%s", error.text);
	ck_assert(!ut_receipt_read(&receipt, out, &error));
	ck_assert(json_is_false(json_object_get(receipt, "bit_exact")));
	flaw = json_string_value(json_object_get(receipt, "flaw"));
	ck_assert_str_eq(flaw, "teachers: made so");
	json_decref(receipt);
}
END_TEST

START_TEST(one_set_of_teachers_serves_fewer_replicas_and_other_students)
{
	const char *teacher = teach("teacher");

	set("replicas=1");
	set("distill.loss=mse");
	ck_assert_msg(!run_to(test_scratch("whole"), NULL, NULL), "%s",
		      error.text);
	ck_assert_msg(!run_to(test_scratch("out"), teacher, NULL), "%s",
		      error.text);
	assert_same_file(test_scratch("whole"), test_scratch("out"),
			 "metrics.csv");
	/* students of a run that had the teachers from elsewhere */
	ck_assert_msg(!run_to(test_scratch("again"), test_scratch("out"), NULL),
		      "%s", error.text);
	assert_same_receipt(test_scratch("whole"), test_scratch("again"));
}
END_TEST

START_TEST(other_teachers_are_refused_by_the_key_that_differs)
{
	static const struct {
		const char *word, *part;
	} cases[] = {
		{"teacher.lr=1e-3",
		 "teacher.lr = 0.003 there, teacher.lr = 0.001 here"},
		{"seed=2", "seed = 1 there, seed = 2 here"},
		{"distill.aux=4", "distill.aux = 5 there"},
		{"replicas=3", "kept the teachers of 2 replicas, and 3"},
	};
	const char *teacher = teach("teacher"), *out = test_scratch("out");
	struct ut_recipe whole = recipe;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		recipe = whole;
		set(cases[i].word);
		ck_assert_int_eq(run_to(out, teacher, NULL), UT_INVALID);
		ck_assert_msg(strstr(error.text, cases[i].part), "%s",
			      error.text);
	}
	recipe = whole;
	set("save=first");
	teach("first");
	ck_assert_int_eq(run_to(out, test_scratch("first"), NULL), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "of 1 replicas, and 2"));
	ck_assert_int_eq(run_to(out, test_scratch("none"), NULL), UT_MISSING);
	ck_assert(!ut_file_exists(out));
}
END_TEST

/* Writes the file again with the first `from` as `to`, of the same length. */
static void change(const char *folder, const char *name, const char *from,
		   const char *to)
{
	char *path = ut_path_join(folder, name), *text, *at;

	read_file(folder, name, &text);
	at = strstr(text, from);
	ck_assert_ptr_nonnull(at);
	memcpy(at, to, strlen(to));
	ck_assert(!ut_file_write(path, text, strlen(text), &error));
	free(text);
	free(path);
}

START_TEST(damaged_teachers_are_refused)
{
	const char *out = test_scratch("out"), *teacher = teach("teacher");
	char *path = ut_path_join(teacher, "teacher.safetensors"), *data;
	size_t bytes;

	change(teacher, "metrics.csv", "teacher,1,0,", "teacher,1,7,");
	ck_assert_int_eq(run_to(out, teacher, NULL), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "metrics.csv"));
	change(teacher, "metrics.csv", "teacher,1,7,", "teacher,1,0,");
	change(teacher, "receipt.json", "\"contract\": 1", "\"contract\": 9");
	ck_assert_int_eq(run_to(out, teacher, NULL), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "contract"));
	change(teacher, "receipt.json", "\"contract\": 9", "\"contract\": 1");
	ck_assert(!ut_file_read(path, 1 << 24, &data, &bytes, &error));
	data[bytes - 200] ^= 1;
	ck_assert(!ut_file_write(path, data, bytes, &error));
	ck_assert_int_eq(run_to(out, teacher, NULL), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "not those of the receipt"));
	data[bytes - 200] ^= 1;
	ck_assert(!ut_file_write(path, data, bytes, &error));
	ck_assert_msg(!run_to(out, teacher, NULL), "%s", error.text);
	free(data);
	free(path);
}
END_TEST

START_TEST(edited_curves_are_not_those_of_the_receipt)
{
	const char *teacher = teach("teacher");
	char *text, *at, hash[40] = {0}, other[40];
	size_t i;

	read_file(teacher, "metrics.csv", &text);
	at = strstr(text, "teacher,1,1,");
	for (i = 0; i < 6; ++i)
		at = strchr(at, ',') + 1;
	memcpy(hash, at, 32);
	memcpy(other, hash, sizeof(other));
	other[5] = other[5] == '0' ? '1' : '0';
	free(text);
	change(teacher, "metrics.csv", hash, other);
	ck_assert_int_eq(run_to(test_scratch("out"), teacher, NULL),
			 UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "epoch 1"));
}
END_TEST

START_TEST(other_data_are_refused)
{
	const char *teacher = teach("teacher");

	change(teacher, "receipt.json", "\"xxh3_128\": \"", "\"xxh3_128\": 0");
	ck_assert_int_eq(run_to(test_scratch("out"), teacher, NULL),
			 UT_CORRUPT);
}
END_TEST

START_TEST(runs_share_a_device_and_data)
{
	const struct ut_device *device;
	const uint8_t *images;

	ck_assert_msg(!run_to(test_scratch("alone"), NULL, NULL), "%s",
		      error.text);
	ck_assert_msg(!run_to(test_scratch("first"), NULL, &supplies), "%s",
		      error.text);
	device = supplies.devices[0];
	images = supplies.data.train.images;
	ck_assert_msg(!run_to(test_scratch("second"), NULL, &supplies), "%s",
		      error.text);
	ck_assert_ptr_eq(device, supplies.devices[0]);
	ck_assert_ptr_eq(images, supplies.data.train.images);
	assert_same_receipt(test_scratch("alone"), test_scratch("first"));
	assert_same_receipt(test_scratch("alone"), test_scratch("second"));
	set("data.limit=400");
	ck_assert_msg(!run_to(test_scratch("fewer"), NULL, &supplies), "%s",
		      error.text);
	ck_assert_uint_eq(supplies.data.train.count, 400);
	/* what preparing refuses is refused of data that are there, too */
	set("teacher.batch=401");
	ck_assert_int_eq(run_to(test_scratch("none"), NULL, &supplies),
			 UT_INVALID);
	set("teacher.batch=50");
	ck_assert_msg(!run_to(test_scratch("more"), NULL, &supplies), "%s",
		      error.text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("teachers");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, students_of_kept_teachers_are_the_same);
	tcase_add_test(tests, students_of_inexact_teachers_are_not_exact);
	tcase_add_test(
		tests,
		one_set_of_teachers_serves_fewer_replicas_and_other_students);
	tcase_add_test(tests,
		       other_teachers_are_refused_by_the_key_that_differs);
	tcase_add_test(tests, damaged_teachers_are_refused);
	tcase_add_test(tests, edited_curves_are_not_those_of_the_receipt);
	tcase_add_test(tests, other_data_are_refused);
	tcase_add_test(tests, runs_share_a_device_and_data);
	return test_main_alone("teachers", tests);
}
