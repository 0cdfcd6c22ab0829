/* undertone tune, as users and scripts meet it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

START_TEST(wrong_calls_say_what_would_be_right)
{
	test_program_fails(USAGE, "tune --budget 3", "from 5s to 24h");
	test_program_fails(USAGE, "tune --budget 10x", "as 90s, 5m or 1h");
	test_program_fails(USAGE, "tune --budget s", "--budget s");
	test_program_fails(USAGE, "tune --budget -20s", "--budget -20s");
	test_program_fails(USAGE, "tune --budget 25h", "--budget 25h");
	test_program_fails(USAGE, "tune a b c d e f g h i", "8 recipes");
	test_program_fails(FAILED, "tune nosuch", "no recipe 'nosuch'");
	test_program_fails(FAILED, "tune tiny --device host",
			   "has nothing to tune");
	test_program_fails(FAILED, "tune tiny --device nosuch",
			   "no device matches");
	setenv("UNDERTONE_TUNING", "shape=cpu", 1);
	test_program_fails(USAGE, "tune tiny", "UNDERTONE_TUNING is set");
	unsetenv("UNDERTONE_TUNING");
}
END_TEST

/* A device that can be tuned, quickly; NULL after saying that none is here. */
static const char *tunable(void)
{
	static const char *const names[] = {"pocl", "intel"};
	size_t i;

	for (i = 0; i < 2; ++i)
		if (!test_command("$U devices | grep -q '%s'",
				  i ? "Intel(R) OpenCL"
				    : "Portable Computing Language"))
			return names[i];
	test_skip("tune", "neither PoCL nor Intel's runtime is here");
	return NULL;
}

START_TEST(a_short_search_ends_in_its_time_and_says_what_it_did)
{
	const char *device = tunable();
	json_t *all, *trials;
	json_error_t error;

	if (!device)
		return;
	ck_assert_int_eq(test_program("tune tiny --device %s --budget 5s "
				      "--json",
				      device),
			 DONE);
	all = json_loads(test_output, 0, &error);
	ck_assert_msg(all != NULL, "%s", error.text);
	trials = json_object_get(all, "trials");
	ck_assert(json_is_array(trials));
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_object_get(all, "usual")),
		       "shape=cpu,columns="));
	ck_assert(json_is_string(json_object_get(all, "best")));
	ck_assert(json_is_boolean(json_object_get(all, "kept")));
	ck_assert_uint_eq(json_array_size(json_object_get(all, "recipes")), 1);
	json_decref(all);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tune_command");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, wrong_calls_say_what_would_be_right);
	tcase_add_test(tests,
		       a_short_search_ends_in_its_time_and_says_what_it_did);
	return test_main_alone("tune_command", tests);
}
