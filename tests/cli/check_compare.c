/* compare: every seeded defect is found, by its operation and its step. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "support/defects.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* What compare is to say of a defect. */
struct defect {
	const char *recipe, *fault;
	const char *phase;
	int epoch;
	const char *stage;
	int step;
	const char *op, *layer, *tensor;
	int replica;
};

/*
 * A step of the teacher of mlp: gather_images, 3 linear_forward with a dropout
 * after each but the last, cross_entropy, linear_weights and linear_data of fc3
 * and fc2, linear_weights of fc1, optimise, mean. Of a student: random, the
 * teacher's 3 linear_forward, then the same with distil.
 */
static const struct defect defects[] = {
	{"mlp", "wrong:linear_forward:8", "teacher", 1, "step", 3,
	 "linear_forward", "fc2", "y", 1},
	{"mlp", "wrong:linear_data:8", "teacher", 1, "step", 4, "linear_data",
	 "fc2", "dx", 1},
	{"mlp", "wrong:linear_weights:15", "teacher", 2, "step", 1,
	 "linear_weights", "fc1", "dw", 1},
	{"mlp", "wrong:cross_entropy:7", "teacher", 2, "step", 3,
	 "cross_entropy", "", "gradient", 1},
	{"mlp", "ulp:optimise:2", "teacher", 1, "step", 2, "optimise", "", "w",
	 1},
	{"mlp", "skip:optimise:6", "teacher", 2, "step", 2, "optimise", "", "w",
	 0},
	{"mlp", "wrong:dropout:5", "teacher", 1, "step", 3, "dropout", "fc1",
	 "x", 1},
	{"mlp", "wrong:gather_images:6", "teacher", 2, "step", 2,
	 "gather_images", "", "x", 1},
	{"mlp", "ulp:mean:3", "teacher", 1, "step", 3, "mean", "", "y", 1},
	{"mlp", "wrong:random:2", "teacher", 0, "prepare", 0, "random", "fc2",
	 "x", 1},
	{"mlp", "wrong:random:5", "aux", 1, "step", 2, "random", "", "x", 1},
	{"mlp", "wrong:distil:4", "aux", 2, "step", 1, "distil", "", "gradient",
	 1},
	{"mlp", "skip:argmax:1", "teacher", 2, "measure", 0, "argmax", "", "to",
	 0},
	{"cnn", "wrong:conv_forward:6", "teacher", 1, "step", 3, "conv_forward",
	 "conv2", "y", 1},
	{"cnn", "wrong:conv_weights:7", "teacher", 1, "step", 4, "conv_weights",
	 "conv2", "dw", 1},
	{"cnn", "wrong:conv_data:2", "teacher", 1, "step", 2, "conv_data",
	 "conv2", "dx", 1},
	{"cnn", "wrong:pool_data:5", "teacher", 2, "step", 1, "pool_data", "",
	 "dx", 1},
	{"cnn", "wrong:augment:3", "teacher", 1, "step", 3, "augment", "", "to",
	 1},
	{"mlp", "nan:linear_data:3", "teacher", 1, "step", 2, "linear_data",
	 "fc3", "dx", 1},
};

/* The JSON that compare printed; release it. */
static json_t *printed(void)
{
	json_t *object = json_loads(test_output, 0, NULL);

	ck_assert_msg(object != NULL, "no JSON: %s%s", test_output,
		      test_complaint);
	return object;
}

static const json_t *row_of(const json_t *object, size_t i)
{
	return json_array_get(json_object_get(object, "devices"), i);
}

static const char *word_of(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));

	return word ? word : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/*
 * After 1, 2, 4, ... updates and the last of its training, which has so many an
 * epoch; what was measured alone has none.
 */
static void assert_followed(const struct defect *defect, const json_t *growth)
{
	int steps = strcmp(defect->phase, "aux") ? 4 : 3;
	int left = defect->epoch ? steps * (3 - defect->epoch) : 2 * steps;
	size_t count = json_array_size(growth);

	if (defect->step)
		left -= defect->step - 1;
	/* this one comes after the step's update */
	left -= !strcmp(defect->op, "mean");
	/* a run ends with the epoch that has NaNs, after 3 updates here */
	if (!strncmp(defect->fault, "nan", 3))
		left = 2;
	if (!strcmp(defect->stage, "measure"))
		ck_assert_uint_eq(count, 0);
	else
		ck_assert_int_eq(number_of(json_array_get(growth, count - 1),
					   "updates"),
				 left);
	if (count)
		ck_assert_int_eq(number_of(json_array_get(growth, 0),
					   "updates"),
				 1);
}

static void assert_found(const struct defect *defect)
{
	int status = test_faulty(defect->fault,
				 "compare ./%s.ini --devices host,faulty "
				 "--json",
				 defect->recipe);
	json_t *object = printed();
	const json_t *parting = json_object_get(row_of(object, 1), "parting");

	ck_assert_int_eq(status, FAILED);
	ck_assert_msg(
		!strcmp(word_of(parting, "phase"), defect->phase) &&
			number_of(parting, "epoch") == defect->epoch &&
			!strcmp(word_of(parting, "stage"), defect->stage) &&
			number_of(parting, "step") == defect->step &&
			!strcmp(word_of(parting, "op"), defect->op) &&
			!strcmp(word_of(parting, "layer"), defect->layer) &&
			!strcmp(word_of(parting, "tensor"), defect->tensor) &&
			number_of(parting, "replica") == defect->replica,
		"%s: %s", defect->fault, test_output);
	ck_assert_int_gt(number_of(parting, "differing"), 0);
	assert_followed(defect, json_object_get(parting, "growth"));
	if (strncmp(defect->fault, "skip", 4))
		ck_assert_int_eq(number_of(parting, "differing"), 1);
	if (!strncmp(defect->fault, "ulp", 3))
		ck_assert_int_eq(number_of(parting, "ulp"), 1);
	ck_assert_int_eq(number_of(parting, "not_numbers"),
			 !strncmp(defect->fault, "nan", 3));
	json_decref(object);
}

START_TEST(every_seeded_defect_is_found_by_its_operation_and_step)
{
	size_t i;

	for (i = 0; i < sizeof(defects) / sizeof(*defects); ++i)
		assert_found(&defects[i]);
}
END_TEST

START_TEST(devices_that_agree_say_so)
{
	ck_assert_int_eq(test_faulty("", "compare ./mlp.ini teacher.epochs=3 "
					 "--devices all --quiet"),
			 DONE);
	ck_assert_msg(strstr(test_output, "the same bits"), "%s", test_output);
	ck_assert_str_eq(test_complaint, "");
	/* groups of other sizes are no difference */
	ck_assert_int_eq(test_faulty("", "compare ./mlp.ini group=1 --devices "
					 "faulty,host --json"),
			 DONE);
	ck_assert(strstr(test_output, "\"same\": true") != NULL);
}
END_TEST

START_TEST(a_device_whose_memory_runs_out_once_gives_the_same_bits)
{
	ck_assert_int_eq(test_faulty("full:alloc:9",
				     "compare ./mlp.ini --devices host,faulty "
				     "--quiet"),
			 DONE);
}
END_TEST

START_TEST(replicas_of_a_later_group_are_found_too)
{
	/* the last replica of the last of three groups of one */
	ck_assert_int_eq(test_faulty("wrong:optimise:29",
				     "compare ./mlp.ini group=1 replicas=3 "
				     "--devices host,faulty --quiet"),
			 FAILED);
	ck_assert_msg(strstr(test_output,
			     "parts at teacher, epoch 1, step 1, replica 2\n"
			     "  w of optimise, operation"),
		      "%s", test_output);
}
END_TEST

/* A device that fails: what its row says, and that the others are compared. */
static void assert_row(const char *fault, const char *words)
{
	int status = test_faulty(fault, "compare ./mlp.ini --devices "
					"faulty,host,0 --json");
	json_t *object = printed();
	const json_t *row = row_of(object, 0);

	ck_assert_int_eq(status, FAILED);
	ck_assert_str_eq(word_of(row, "verdict"), "failed");
	ck_assert_msg(strstr(word_of(row, "words"), words), "'%s' lacks '%s'",
		      word_of(row, "words"), words);
	ck_assert_ptr_null(json_object_get(row, "parting"));
	ck_assert_str_eq(word_of(row_of(object, 1), "verdict"), "reference");
	ck_assert_str_eq(word_of(row_of(object, 2), "verdict"), "same");
	json_decref(object);
}

START_TEST(a_device_that_fails_costs_its_row_alone)
{
	assert_row("fail:linear_data:5", "the faulty device: linear_data");
	assert_row("full:alloc:9+", "the faulty device: alloc");
	assert_row("crash:optimise:3",
		   "died of signal 6 (Aborted): the faulty driver is lost");
	assert_row("nonsense", "no fault: nonsense");
}
END_TEST

START_TEST(a_device_that_hangs_is_given_up)
{
	ck_assert(!setenv("UNDERTONE_PATIENCE", "4", 1));
	assert_row("hang:optimise:3", "no sign of life for 4 s");
	ck_assert(!unsetenv("UNDERTONE_PATIENCE"));
}
END_TEST

START_TEST(the_page_and_the_table_say_where_and_by_how_much)
{
	static char page[1 << 20];

	ck_assert_int_eq(test_faulty("wrong:optimise:3",
				     "compare ./mlp.ini --devices host,faulty "
				     "--html page.html --quiet"),
			 FAILED);
	ck_assert_msg(strstr(test_output,
			     "teacher, epoch 1, step 3, replica 1"),
		      "%s", test_output);
	ck_assert_msg(strstr(test_output, "by 32768 in the last place"), "%s",
		      test_output);
	ck_assert_msg(strstr(test_output, "the weights since"), "%s",
		      test_output);
	test_slurp(test_scratch("page.html"), page, sizeof(page));
	ck_assert(strstr(page, "mlp on 2 devices") != NULL);
	ck_assert(strstr(page, "32768 in the last place (ulp)") != NULL);
	ck_assert(strstr(page, "</html>") != NULL);
	ck_assert(strstr(page, "http://") == NULL ||
		  strstr(page, "http://www.w3.org") != NULL);
}
END_TEST

START_TEST(wrong_calls_are_usage)
{
	static const char *const calls[] = {
		"compare", "compare ./mlp.ini --devices host",
		"compare ./mlp.ini --devices host,,faulty",
		"compare ./mlp.ini nonsense --devices host,faulty",
		"compare @child run"};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); ++i)
		ck_assert_msg(test_faulty("", "%s", calls[i]) == USAGE,
			      "%s: %s", calls[i], test_complaint);
	ck_assert_int_eq(test_faulty("", "compare ./mlp.ini teacher.lr=x "
					 "--devices host,faulty"),
			 FAILED);
}
END_TEST

START_TEST(nothing_is_left_behind)
{
	ck_assert(!setenv("TMPDIR", test_scratch("."), 1));
	ck_assert_int_eq(test_faulty("crash:optimise:3",
				     "compare ./mlp.ini --devices host,faulty "
				     "--quiet"),
			 FAILED);
	ck_assert(!unsetenv("TMPDIR"));
	ck_assert_int_eq(test_command("ls -A %s | grep undertone",
				      test_scratch(".")),
			 1);
	ck_assert_str_eq(test_output, "");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("compare");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, test_defects_open, test_scratch_close);
	tcase_add_test(tests,
		       every_seeded_defect_is_found_by_its_operation_and_step);
	tcase_add_test(tests, devices_that_agree_say_so);
	tcase_add_test(tests,
		       a_device_whose_memory_runs_out_once_gives_the_same_bits);
	tcase_add_test(tests, replicas_of_a_later_group_are_found_too);
	tcase_add_test(tests, a_device_that_fails_costs_its_row_alone);
	tcase_add_test(tests, a_device_that_hangs_is_given_up);
	tcase_add_test(tests, the_page_and_the_table_say_where_and_by_how_much);
	tcase_add_test(tests, wrong_calls_are_usage);
	tcase_add_test(tests, nothing_is_left_behind);
	return test_main_alone("compare", tests);
}
