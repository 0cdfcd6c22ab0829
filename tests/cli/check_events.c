/* Progress: events for programs, a live line for people, lines for logs. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { EVENTS = 400 };

static json_t *events[EVENTS];
static size_t count;

static void forget(void)
{
	while (count)
		json_decref(events[--count]);
	test_scratch_close();
}

/* Takes standard output apart: an object a line, and nothing else. */
static void take_events(void)
{
	char *line;

	for (line = strtok(test_output, "\n"); line;
	     line = strtok(NULL, "\n")) {
		ck_assert_uint_lt(count, EVENTS);
		events[count] = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_msg(json_is_object(events[count]), "%s", line);
		++count;
	}
	ck_assert_uint_gt(count, 0);
}

static const char *word(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	ck_assert_msg(text, "no %s", key);
	return text;
}

static bool is(const json_t *event, const char *kind)
{
	return !strcmp(word(event, "event"), kind);
}

static size_t count_kind(const char *kind)
{
	size_t n = 0, i;

	for (i = 0; i < count; ++i)
		n += is(events[i], kind);
	return n;
}

START_TEST(a_run_tells_programs_what_it_does_and_what_came_out)
{
	const json_t *done, *prints, *accuracy, *receipt, *conditions;
	const char *folder = test_scratch("run"), *name;
	double share = 0;
	json_t *print;
	size_t i;

	ck_assert_int_eq(test_program("run tiny --device host --json --out %s",
				      folder),
			 DONE);
	ck_assert_str_eq(test_complaint, "");
	take_events();
	ck_assert(is(events[0], "begun"));
	ck_assert_str_eq(word(json_object_get(events[0], "device"), "platform"),
			 "host");
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_object_get(events[0], "data"),
				 "training")),
			 500);
	/* five trainings of two epochs; two more conditions are measured */
	ck_assert_uint_eq(count_kind("epoch"), 5 * 2);
	ck_assert_uint_eq(count_kind("condition"), 7);
	for (i = 1; i + 1 < count; ++i) {
		double now =
			json_real_value(json_object_get(events[i], "share"));

		ck_assert(now >= share && now <= 1);
		share = now;
	}
	ck_assert(share == 1);
	done = events[count - 1];
	ck_assert(is(done, "done"));
	ck_assert_str_eq(word(done, "folder"), folder);
	accuracy = json_object_get(done, "accuracy");
	receipt = json_load_file(test_scratch("run/receipt.json"), 0, NULL);
	conditions = json_object_get(receipt, "conditions");
	ck_assert_uint_eq(json_object_size(accuracy), 7);
	json_object_foreach((json_t *)conditions, name, print)
		ck_assert(json_equal(json_object_get(accuracy, name),
				     json_object_get(print, "accuracy")));
	json_decref((json_t *)receipt);
	prints = json_object_get(done, "fingerprints");
	ck_assert_uint_eq(json_object_size(prints), 5);
	ck_assert_int_eq(test_program("fingerprint %s", folder), DONE);
	json_object_foreach((json_t *)prints, name, print)
	{
		char line[128];

		snprintf(line, sizeof(line), "%s 2 %s\n", name,
			 json_string_value(print));
		ck_assert_msg(strstr(test_output, line), "no %s", line);
	}
}
END_TEST

START_TEST(quiet_events_are_those_that_matter)
{
	ck_assert_int_eq(test_program("run tiny --device host --json --quiet "
				      "--out %s",
				      test_scratch("run")),
			 DONE);
	take_events();
	ck_assert_uint_eq(count, 1 + 7 + 1);
	ck_assert_uint_eq(count_kind("condition"), 7);
}
END_TEST

START_TEST(accuracies_of_groups_are_the_groups_own)
{
	const json_t *all;
	size_t i, seen = 0;

	ck_assert_int_eq(test_program("run tiny --device host --json --quiet "
				      "replicas=3 group=2 conditions=aux "
				      "--out %s",
				      test_scratch("run")),
			 DONE);
	take_events();
	all = json_object_get(json_object_get(events[count - 1], "accuracy"),
			      "aux");
	ck_assert_uint_eq(json_array_size(all), 3);
	for (i = 0; i < count; ++i) {
		const json_t *part = json_object_get(events[i], "accuracy");
		size_t first, j;

		if (!is(events[i], "condition") ||
		    strcmp(word(events[i], "condition"), "aux") != 0)
			continue;
		first = (size_t)json_integer_value(
			json_object_get(events[i], "first"));
		for (j = 0; j < json_array_size(part); ++j, ++seen)
			ck_assert(json_equal(json_array_get(part, j),
					     json_array_get(all, first + j)));
	}
	ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(what_fails_is_the_last_event)
{
	ck_assert_int_eq(test_program("run tiny --device host --json "
				      "data.set=mnist --data-dir %s --out %s",
				      test_scratch("none"),
				      test_scratch("run")),
			 FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "undertone: "));
	take_events();
	ck_assert_uint_eq(count, 1);
	ck_assert(is(events[0], "error"));
	ck_assert(json_is_false(json_object_get(events[0], "interrupted")));
	ck_assert_ptr_nonnull(
		strstr(test_complaint, word(events[0], "message")));
}
END_TEST

START_TEST(what_is_interrupted_says_so)
{
	/* epochs that take so long that a second's fit into test_output */
	ck_assert_int_eq(test_command("timeout -s INT 1 $U run tiny "
				      "teacher.epochs=100000 replicas=16 "
				      "net='fc 256, fc 256' --device host "
				      "--json --out %s",
				      test_scratch("run")),
			 124);
	take_events();
	ck_assert(is(events[count - 1], "error"));
	ck_assert(json_is_true(
		json_object_get(events[count - 1], "interrupted")));
}
END_TEST

START_TEST(a_name_that_is_no_utf8_is_still_an_event)
{
	ck_assert_int_eq(test_program("run tiny --device host --json --quiet "
				      "--out %s",
				      test_scratch("r\xff")),
			 DONE);
	take_events();
	ck_assert(is(events[count - 1], "done"));
	ck_assert_ptr_nonnull(strstr(word(events[count - 1], "folder"), "/r?"));
}
END_TEST

START_TEST(a_log_gets_a_line_a_condition)
{
	const char *at;
	int lines = 0;

	ck_assert_int_eq(test_program("run tiny --device host --out %s",
				      test_scratch("run")),
			 DONE);
	for (at = test_complaint; (at = strstr(at, " measured, ")); ++at)
		++lines;
	ck_assert_int_eq(lines, 7);
	ck_assert_ptr_null(strchr(test_complaint, '\r'));
	ck_assert_ptr_nonnull(strstr(test_complaint, "aux measured, replicas "
						     "0-1 of 2, "));
	ck_assert_ptr_nonnull(
		strstr(test_complaint, ", ETA 0:00, accuracy 0."));
}
END_TEST

START_TEST(a_terminal_gets_one_live_line_that_goes)
{
	const char *at, *table;

	if (test_command("script --version")) {
		test_skip("a live line", "no script here");
		return;
	}
	ck_assert_int_eq(test_command("script -qec \"stty cols 60; $U run tiny "
				      "--device host --out %s\" /dev/null",
				      test_scratch("run")),
			 DONE);
	table = strstr(test_output, "  accuracy ");
	at = strrchr(test_output, '\r');
	ck_assert(table && at);
	ck_assert_ptr_nonnull(strstr(test_output, "\rteacher"));
	/* spaces took the line's place before the table came */
	for (at = strstr(test_output, "\rceiling"); at && at < table; ++at)
		if (!strncmp(at, "\r   ", 4))
			break;
	ck_assert(at && at < table);
	/* and no line was longer than the terminal is wide */
	for (at = strstr(test_output, "\rteacher"); at && at < table;
	     at = strchr(at + 1, '\r'))
		ck_assert_uint_lt(strcspn(at + 1, "\r\n"), 60);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("events");

	tcase_add_checked_fixture(tests, test_scratch_open, forget);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests,
		       a_run_tells_programs_what_it_does_and_what_came_out);
	tcase_add_test(tests, quiet_events_are_those_that_matter);
	tcase_add_test(tests, accuracies_of_groups_are_the_groups_own);
	tcase_add_test(tests, what_fails_is_the_last_event);
	tcase_add_test(tests, what_is_interrupted_says_so);
	tcase_add_test(tests, a_name_that_is_no_utf8_is_still_an_event);
	tcase_add_test(tests, a_log_gets_a_line_a_condition);
	tcase_add_test(tests, a_terminal_gets_one_live_line_that_goes);
	return test_main_alone("events", tests);
}
