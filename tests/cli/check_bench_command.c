/* undertone bench as users call it. No test asserts a time. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/plot.h"
#include "support/edit.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

#define BENCH "bench update --quick --device host "

START_TEST(wrong_calls_are_errors)
{
	test_program_fails(USAGE, "bench gemm mlp", "one suite");
	test_program_fails(USAGE, "bench nothing", "no benchmark 'nothing'");
	test_program_fails(USAGE, "bench exactness --out a.svg", "no --out");
	test_program_fails(USAGE, "bench exactness --compare a", "no --out");
	test_program_fails(USAGE, "bench update --force", "for --compare");
	test_program_fails(FAILED, BENCH "--out a.gif", ".svg or .png");
	test_program_fails(FAILED, BENCH "--compare /nonexistent", "cannot");
	test_program_fails(FAILED, "bench --device nonesuch", "no device");
}
END_TEST

static json_t *printed(void)
{
	json_error_t problem;
	json_t *json =
		json_loads(test_output, JSON_REJECT_DUPLICATES, &problem);

	ck_assert_msg(json, "line %d: %s", problem.line, problem.text);
	return json;
}

static bool has_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text;
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	ck_assert_msg(json_is_number(value), "no %s", key);
	return json_number_value(value);
}

START_TEST(json_holds_device_versions_and_every_row)
{
	static const char *const names[] = {"fma chains",
					    "memory, y = a x + b y",
					    "memory, copy",
					    "sgd",
					    "adam",
					    "adamw"};
	const json_t *device, *measures;
	json_t *json;
	size_t i;

	ck_assert_int_eq(test_program(BENCH "--json"), DONE);
	ck_assert_str_eq(test_complaint, "");
	json = printed();
	device = json_object_get(json, "device");
	ck_assert(has_text(device, "name") && has_text(device, "platform") &&
		  has_text(device, "driver") && has_text(device, "level") &&
		  has_text(device, "kind") && has_text(json, "undertone"));
	ck_assert(json_is_true(json_object_get(device, "bit_exact")));
	ck_assert(json_is_true(json_object_get(json, "quick")));
	ck_assert(number(json, "contract") > 0);
	measures = json_object_get(json, "measures");
	ck_assert_uint_eq(json_array_size(measures), 6);
	for (i = 0; i < 6; ++i) {
		const json_t *m = json_array_get(measures, i);

		ck_assert_str_eq(json_string_value(json_object_get(m, "suite")),
				 i < 3 ? "peak" : "update");
		ck_assert_str_eq(json_string_value(json_object_get(m, "name")),
				 names[i]);
		ck_assert(number(m, "seconds") > 0);
		ck_assert(number(m, "share_of_roof") > 0);
		ck_assert(number(m, "peak_flop_per_second") > 0);
		ck_assert(number(m, "peak_bytes_per_second") > 0);
		ck_assert(number(m, "flop") > 0 || number(m, "bytes") > 0);
	}
	json_decref(json);
}
END_TEST

/* What the program printed in this process's first such test. */
static json_t *measured(void)
{
	static char text[TEST_OUTPUT];

	if (!*text) {
		ck_assert_int_eq(test_program(BENCH "--json"), DONE);
		strcpy(text, test_output);
	}
	strcpy(test_output, text);
	return printed();
}

/* Leaves baseline.json, in which adam took so many of its seconds. */
static const char *baseline(double times)
{
	const char *path = test_scratch("baseline.json");
	json_t *json = measured(), *adam;

	adam = json_array_get(json_object_get(json, "measures"), 4);
	json_object_set_new(adam, "seconds",
			    json_real(times * number(adam, "seconds")));
	ck_assert(!json_dump_file(json, path, 0));
	json_decref(json);
	return path;
}

START_TEST(a_row_that_became_slower_comes_first)
{
	const char *path = baseline(1e-6);
	json_t *comparison, *ratio, *json;
	const char *worst;
	double sum = 0;
	size_t i;

	ck_assert_int_eq(test_program(BENCH "--compare %s", path), DONE);
	worst = strstr(test_output, "the slowest first:\n");
	ck_assert_ptr_nonnull(worst);
	worst = strchr(worst, '\n') + 1;
	ck_assert_msg(strstr(worst, "adam ") < strchr(worst, '\n'), "%s",
		      worst);
	ck_assert_ptr_nonnull(strstr(worst, "6 measurements: "));
	ck_assert_ptr_null(strstr(worst, "partner"));
	ck_assert_int_eq(test_program(BENCH "--json --compare %s", path), DONE);
	json = printed();
	comparison = json_object_get(json, "comparison");
	ratio = json_array_get(json_object_get(comparison, "ratios"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(ratio, "name")),
			 "adam");
	json_array_foreach(json_object_get(comparison, "ratios"), i, ratio)
		sum += log(number(ratio, "speed"));
	ck_assert(fabs(exp(sum / 6) / number(comparison, "speed") - 1) < 1e-9);
	json_decref(json);
}
END_TEST

START_TEST(rows_without_a_partner_are_counted)
{
	const char *path = baseline(1);

	test_edit(test_scratch("."), "baseline.json", "\"sgd\"", "\"gone\"");
	ck_assert_int_eq(test_program(BENCH "--compare %s", path), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "5 measurements: "));
	ck_assert_ptr_nonnull(strstr(test_output, "1 here and 1 there"));
}
END_TEST

START_TEST(a_baseline_of_another_device_is_refused_unless_forced)
{
	const char *path = baseline(1);

	test_edit(test_scratch("."), "baseline.json", "\"platform\": \"host\"",
		  "\"platform\": \"elsewhere\"");
	ck_assert_int_eq(test_program(BENCH "--compare %s", path), FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "elsewhere"));
	ck_assert_ptr_nonnull(strstr(test_complaint, "--force"));
	ck_assert_int_eq(test_program(BENCH "--force --compare %s", path),
			 DONE);
}
END_TEST

/* Refused at once, with the file and the fault in the text. */
static void expect_corrupt(const char *path, const char *fault)
{
	ck_assert_int_eq(test_program(BENCH "--compare %s", path), FAILED);
	ck_assert_msg(strstr(test_complaint, "baseline.json: not a benchmark"),
		      "%s", test_complaint);
	ck_assert_msg(strstr(test_complaint, fault), "%s: %s", fault,
		      test_complaint);
	ck_assert_str_eq(test_output, "");
}

START_TEST(a_damaged_baseline_is_named)
{
	static const struct {
		const char *from, *to, *fault;
	} edits[] = {
		{"\"device\"", "\"devise\"", "names no device"},
		{"\"driver\": \"", "\"driver\": 3, \"x\": \"", "no device"},
		{"\"measures\"", "\"measurements\"", "0 measures"},
		{"\"seconds\": ", "\"seconds\": -", "measure 1 has no seconds"},
		{"\"seconds\": ", "\"seconds\": 1e99, \"s\": ", "no seconds"},
		{"\"flop\": ", "\"flop\": null, \"f\": ", "no flop"},
		{"\"suite\": \"", "\"suite\": [], \"s\": \"", "no suite"},
		{"\"name\": \"fma chains\"",
		 "\"name\": \"0123456789012345678901234567890123456789"
		 "012345678901234567890123456789\"",
		 "no suite and name"},
		{"\"peak_flop_per_second\"", "\"peak\"", "no peaks"},
	};
	const char *path = baseline(1);
	const char *folder = test_scratch(".");
	size_t bytes, i;
	char *whole = test_edit_read(folder, "baseline.json", &bytes);

	for (i = 0; i < sizeof(edits) / sizeof(*edits); ++i) {
		test_edit_write(folder, "baseline.json", whole, bytes);
		test_edit(folder, "baseline.json", edits[i].from, edits[i].to);
		expect_corrupt(path, edits[i].fault);
	}
	for (i = 0; i < 8; ++i) {
		test_edit_write(folder, "baseline.json", whole, i * bytes / 8);
		expect_corrupt(path, "line");
	}
	test_edit_write(folder, "baseline.json", "[[[[]]]]", 8);
	expect_corrupt(path, "no JSON object");
	free(whole);
}
END_TEST

START_TEST(the_roofline_is_drawn)
{
	const char *path = test_scratch("roof.svg");
	size_t bytes;
	char *svg;

	if (!ut_plot_available()) {
		test_program_fails(FAILED, BENCH "--out a.svg", "cairo");
		test_skip("the roofline", "built without cairo");
		return;
	}
	ck_assert_int_eq(test_program(BENCH "--out %s", path), DONE);
	ck_assert_ptr_nonnull(strstr(test_output, "roof.svg"));
	svg = test_edit_read(test_scratch("."), "roof.svg", &bytes);
	ck_assert(!strncmp(svg, "<svg", 4));
	free(svg);
	ck_assert_int_eq(
		test_program("bench memory --quick --device host --out a.png"),
		FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "nothing to draw"));
}
END_TEST

START_TEST(exactness_is_measured_in_the_ways_that_there_are)
{
	const json_t *contests, *own;
	json_t *json;

	ck_assert_int_eq(
		test_program("bench exactness --quick --json --device host"),
		DONE);
	json = printed();
	contests = json_object_get(json, "exactness");
	ck_assert_uint_eq(json_array_size(contests), 3);
	own = json_object_get(json_array_get(contests, 0), "own");
	ck_assert(number(own, "seconds") > 0);
	ck_assert_ptr_null(
		json_object_get(json_array_get(contests, 0), "library"));
	json_decref(json);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("bench");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, wrong_calls_are_errors);
	tcase_add_test(tests, json_holds_device_versions_and_every_row);
	tcase_add_test(tests, a_row_that_became_slower_comes_first);
	tcase_add_test(tests, rows_without_a_partner_are_counted);
	tcase_add_test(tests,
		       a_baseline_of_another_device_is_refused_unless_forced);
	tcase_add_test(tests, a_damaged_baseline_is_named);
	tcase_add_test(tests, the_roofline_is_drawn);
	tcase_add_test(tests, exactness_is_measured_in_the_ways_that_there_are);
	return test_main_alone("bench", tests);
}
