/*
 * Several devices in one run, devices that fail, and memory that runs out:
 * whoever does what, the same bits.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "lab/report.h"
#include "lab/run.h"
#include "support/edit.h"
#include "support/same_run.h"
#include "support/scratch.h"
#include "support/testing.h"
#include "support/trouble.h"

static struct ut_recipe recipe;
static struct ut_supplies supplies;
static struct ut_error error;
static char noted[8192];

/* Closes the devices; the data stay, since making them takes longest. */
static void drop(void)
{
	while (supplies.device_count)
		ut_device_close(supplies.devices[--supplies.device_count]);
	free(supplies.devices);
	free(supplies.selector);
	supplies.devices = NULL;
	supplies.selector = NULL;
}

static void begin(void)
{
	test_scratch_open();
	error = (struct ut_error){0};
	*noted = '\0';
	ck_assert_msg(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error),
		      "%s", error.text);
}

static void end(void)
{
	drop();
	test_scratch_close();
}

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

static void set_small(void)
{
	set("replicas=5");
	set("conditions=aux, ceiling");
	set("data.limit=100");
	set("distill.images=120");
}

/* The host once or twice, which selectors could not say. */
static void open_hosts(size_t count)
{
	size_t i;

	supplies.devices = calloc(count, sizeof(*supplies.devices));
	supplies.selector = strdup("hosts");
	supplies.listed = true;
	for (i = 0; i < count; ++i)
		ck_assert_msg(!ut_device_open(&supplies.devices[i], "host",
					      &error),
			      "%s", error.text);
	supplies.device_count = count;
	test_trouble_wrap(supplies.devices, supplies.device_count);
}

static void keep_note(void *user, const char *text)
{
	size_t length = strlen(noted);

	(void)user;
	snprintf(noted + length, sizeof(noted) - length, "%s\n", text);
}

/* How often a run is asked whether to stop until it is to; 0: never. */
static unsigned patience;

static bool out_of_patience(void *user)
{
	(void)user;
	return patience && !--patience;
}

static struct ut_run_options options_for(const char *out)
{
	static const char *const nowhere[] = {NULL};

	return (struct ut_run_options){
		.device = "host",
		.devices = supplies.device_count ? supplies.selector : NULL,
		.out = out,
		.plain = true,
		.data_roots = nowhere,
		.supplies = &supplies,
		.observer = {.stop = out_of_patience},
		.note = keep_note,
	};
}

static enum ut_status run(const char *out)
{
	struct ut_run_options options = options_for(out);
	struct ut_results results;
	enum ut_status status = ut_run(&recipe, &options, &results, &error);

	if (!status)
		ut_results_release(&results);
	return status;
}

static enum ut_status resume(const char *out)
{
	struct ut_run_options options = options_for(out);
	struct ut_recipe read;
	struct ut_results results;
	enum ut_status status =
		ut_run_resume(&read, &options, &results, &error);

	if (!status)
		ut_results_release(&results);
	return status;
}

static void run_well(const char *out)
{
	ck_assert_msg(!run(out), "%s", error.text);
}

/* The run that all others must be like: one device, nothing wrong. */
static const char *plain_run(void)
{
	const char *out = test_scratch("plain");

	ck_assert_uint_eq(supplies.device_count, 0);
	run_well(out);
	drop();
	return out;
}

/* A member of a device in the receipt's list. */
static json_t *member_of_device(json_t *receipt, size_t i, const char *name)
{
	json_t *list = json_object_get(receipt, "devices");

	return json_object_get(json_array_get(list, i), name);
}

static json_t *read_receipt(const char *folder)
{
	json_t *receipt;

	ck_assert_msg(!ut_receipt_read(&receipt, folder, &error), "%s",
		      error.text);
	return receipt;
}

/* The page of a run says what each of its devices did. */
static void expect_page(const char *folder)
{
	char *page;
	size_t bytes;

	ck_assert_msg(!ut_report_run(folder, NULL, &error), "%s", error.text);
	page = test_edit_read(folder, "report.html", &bytes);
	ck_assert_ptr_nonnull(strstr(page, " (host): replicas "));
	free(page);
}

START_TEST(two_devices_make_the_run_that_one_makes)
{
	static const struct {
		const char *file;
		const char *words[4];
	} cases[] = {
		{"tiny",
		 {"save=all", "diagnostics=yes", "conditions=aux, cross-all"}},
		{"tiny-cnn", {"save=none", "robustness=yes", "samples=3"}},
		{"tiny",
		 {"conditions=aux, ceiling, shuffled-teacher, shuffled-aux",
		  "group=2"}},
		{"tiny", {"replicas=1"}},
	};
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		const char *both = test_scratch("both-%zu", i);
		char path[64];
		json_t *receipt;

		snprintf(path, sizeof(path), "data/recipes/%s.ini",
			 cases[i].file);
		ck_assert(!ut_recipe_load(&recipe, path, &error));
		set_small();
		set("replicas=3");
		for (j = 0; j < 4 && cases[i].words[j]; ++j)
			set(cases[i].words[j]);
		ck_assert(!ut_folder_remove(test_scratch("plain"), NULL) || !i);
		plain_run();
		open_hosts(2);
		run_well(both);
		test_same_run(test_scratch("plain"), both);
		receipt = read_receipt(both);
		ck_assert_int_eq(json_integer_value(
					 member_of_device(receipt, 0,
							  "replicas")) +
					 json_integer_value(
						 member_of_device(receipt, 1,
								  "replicas")),
				 (json_int_t)recipe.replicas);
		ck_assert_ptr_null(json_object_get(receipt, "device"));
		json_decref(receipt);
		if (!i)
			expect_page(both);
		drop();
	}
}
END_TEST

START_TEST(devices_are_named_in_a_list)
{
	static const char *const wrong[] = {"host,0", "host,", ",host",
					    "host,no-such-device"};
	const char *listed = getenv("UNDERTONE_TEST_DEVICES");
	struct ut_device *device;
	const char *plain;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i)
		ck_assert(ut_supplies_devices(&supplies, wrong[i], &error));
	ck_assert(ut_supplies_devices(&supplies, "host,0", &error) ==
		  UT_INVALID);
	ck_assert_msg(strstr(error.text, "'0' is device 0 once more"), "%s",
		      error.text);
	if ((listed && !strstr(listed, "pocl")) ||
	    ut_device_open(&device, "pocl", &error)) {
		test_skip("a run on the host and another device", "pocl");
		return;
	}
	ut_device_close(device);
	set_small();
	plain = plain_run();
	ck_assert_msg(!ut_supplies_devices(&supplies, "host,pocl", &error),
		      "%s", error.text);
	test_trouble_wrap(supplies.devices, supplies.device_count);
	run_well(test_scratch("both"));
	test_same_run(plain, test_scratch("both"));
}
END_TEST

START_TEST(a_device_that_fails_leaves_its_replicas_to_the_others)
{
	const char *plain;
	size_t bad;

	set_small();
	plain = plain_run();
	for (bad = 0; bad < TEST_TROUBLES; ++bad) {
		const char *out = test_scratch("bad-%zu", bad);
		json_t *receipt;

		*noted = '\0';
		open_hosts(2);
		test_troubles[bad].steps = 6;
		test_troubles[bad].status = UT_DEVICE;
		test_troubles[1 - bad].waits = true;
		run_well(out);
		test_same_run(plain, out);
		ck_assert_msg(strstr(noted, "does no more: the test's trouble"),
			      "%s", noted);
		receipt = read_receipt(out);
		ck_assert_str_eq(json_string_value(member_of_device(receipt,
								    bad,
								    "lost")),
				 "the test's trouble");
		ck_assert_ptr_null(member_of_device(receipt, 1 - bad, "lost"));
		json_decref(receipt);
		/* what has failed is not used again */
		ck_assert_uint_eq(supplies.device_count, 0);
	}
}
END_TEST

START_TEST(when_all_devices_fail_the_run_does)
{
	const char *out = test_scratch("out");
	size_t i;

	set_small();
	open_hosts(2);
	for (i = 0; i < TEST_TROUBLES; ++i) {
		test_troubles[i].steps = 3 + 2 * (unsigned)i;
		test_troubles[i].status = UT_DEVICE;
	}
	ck_assert_int_eq(run(out), UT_DEVICE);
	ck_assert_str_eq(error.text, "the test's trouble");
	ck_assert(!ut_file_exists(out));
	ck_assert(!ut_run_interrupted(out));
}
END_TEST

START_TEST(what_is_no_devices_fault_ends_the_run)
{
	set_small();
	set("teacher.optimiser=sgd");
	set("distill.loss=mse");
	set("distill.optimiser=sgd");
	set("distill.lr=100");
	set("distill.epochs=10");
	open_hosts(2);
	ck_assert_int_eq(run(test_scratch("out")), UT_NONFINITE);
	ck_assert_str_eq(noted, "");
}
END_TEST

START_TEST(what_was_done_before_the_last_device_failed_is_kept)
{
	const char *out = test_scratch("out"), *plain;

	set_small();
	set("group=1");
	plain = plain_run();
	/* in the third replica */
	open_hosts(1);
	test_troubles[0].steps = 18;
	test_troubles[0].status = UT_DEVICE;
	ck_assert_int_eq(run(out), UT_DEVICE);
	ck_assert_msg(strstr(error.text, "the test's trouble; go on with"),
		      "%s", error.text);
	open_hosts(1);
	/* the rest alone */
	test_troubles[0].steps = 3 * 8 + 1;
	test_troubles[0].status = UT_DEVICE;
	ck_assert_msg(!resume(out), "%s", error.text);
	test_same_run(plain, out);
}
END_TEST

/* The most that a run in groups of this size has on a device. */
static size_t bytes_of(const char *group)
{
	size_t bytes;

	set(group);
	open_hosts(1);
	run_well(test_scratch("measured-%s", group));
	bytes = ut_device_bytes_peak(supplies.devices[0]);
	drop();
	return bytes;
}

static size_t occurrences(const char *text)
{
	const char *at = noted;
	size_t count = 0;

	for (; (at = strstr(at, text)); ++at)
		++count;
	return count;
}

START_TEST(a_group_beyond_the_memory_is_halved)
{
	const char *plain;
	size_t two, count;

	set_small();
	two = bytes_of("group=2");
	set("group=5");
	plain = plain_run();
	for (count = 1; count <= TEST_TROUBLES; ++count) {
		const char *to = test_scratch("out-%zu", count);
		size_t i;

		*noted = '\0';
		open_hosts(count);
		for (i = 0; i < count; ++i)
			test_troubles[i].bytes = two;
		run_well(to);
		test_same_run(plain, to);
		/* with two devices groups may be small enough at once */
		if (count == 1) {
			ck_assert_uint_eq(
				occurrences("has no memory for 5 replicas at a "
					    "time; going on with 2\n"),
				1);
			ck_assert_uint_eq(occurrences("going on"), 1);
			ck_assert_uint_le(ut_device_bytes_peak(
						  supplies.devices[0]),
					  two);
		}
		ck_assert_uint_eq(supplies.device_count, count);
		drop();
	}
}
END_TEST

START_TEST(a_replica_that_does_not_fit_is_the_end)
{
	const char *out = test_scratch("out");
	size_t one;

	set_small();
	one = bytes_of("group=1");
	set("group=5");
	open_hosts(1);
	test_troubles[0].bytes = one - 1;
	ck_assert_int_eq(run(out), UT_MEMORY);
	ck_assert_str_eq(error.text, "the test's memory is full");
	ck_assert_uint_eq(occurrences("going on with 2\n"), 1);
	ck_assert_uint_eq(occurrences("going on with 1\n"), 1);
	ck_assert(!ut_file_exists(out));
	drop();
	/* but where there is a device that has room */
	*noted = '\0';
	set("group=1");
	open_hosts(2);
	test_troubles[0].waits = true;
	test_troubles[1].bytes = one - 1;
	run_well(out);
	ck_assert_uint_eq(occurrences("its replicas go to the others"), 1);
	test_same_run(test_scratch("measured-group=1"), out);
}
END_TEST

START_TEST(memory_may_run_out_while_work_is_under_way)
{
	const char *plain, *out;

	set_small();
	set("group=4");
	plain = plain_run();
	/* once, as when another program had it for a moment */
	open_hosts(1);
	test_troubles[0].steps = 7;
	test_troubles[0].status = UT_MEMORY;
	test_troubles[0].once = true;
	out = test_scratch("once");
	run_well(out);
	test_same_run(plain, out);
	ck_assert_str_eq(noted, "");
	/* and whenever more than two are side by side */
	test_troubles[0].steps = 5;
	test_troubles[0].side_by_side = 2;
	test_troubles[0].once = false;
	out = test_scratch("always");
	run_well(out);
	test_same_run(plain, out);
	ck_assert_uint_eq(occurrences("for 4 replicas at a time; going on with "
				      "2\n"),
			  1);
}
END_TEST

START_TEST(only_a_lack_of_memory_is_recovered_from)
{
	struct ut_buffer *buffer;
	struct ut_device *device;

	open_hosts(1);
	device = supplies.devices[0];
	ck_assert(!ut_device_recover(device));
	ut_device_latch(device, UT_MEMORY, "full");
	ck_assert_ptr_null(ut_buffer_new(device, UT_F32, 8));
	ck_assert(ut_device_recover(device));
	ck_assert(!ut_device_finish(device, &error));
	buffer = ut_buffer_new(device, UT_F32, 8);
	ck_assert_ptr_nonnull(buffer);
	ut_buffer_free(buffer);
	ut_device_latch(device, UT_DEVICE, "lost");
	ck_assert(!ut_device_recover(device));
	ck_assert_int_eq(ut_device_finish(device, &error), UT_DEVICE);
	ck_assert_str_eq(error.text, "lost");
}
END_TEST

/* Stops a run at every k-th step, going on each time as `next` says. */
static unsigned stop_again_and_again(const char *out, unsigned k,
				     void (*next)(unsigned stops))
{
	enum ut_status status;
	unsigned stops = 0;

	patience = k;
	next(0);
	for (status = run(out); status == UT_INTERRUPTED; ++stops) {
		drop();
		ck_assert(!ut_file_exists(out));
		ck_assert_msg(strstr(error.text, "go on with"), "%s",
			      error.text);
		patience = k;
		next(stops + 1);
		status = resume(out);
	}
	ck_assert_msg(!status, "%s", error.text);
	ck_assert(!ut_run_interrupted(out));
	patience = 0;
	drop();
	return stops;
}

/* Both, then one, then both again. */
static void change_devices(unsigned stops)
{
	open_hosts(stops % 3 == 1 ? 1 : 2);
}

START_TEST(a_run_on_several_devices_goes_on_where_it_was)
{
	static const unsigned steps[] = {7, 13};
	size_t i;

	set_small();
	set("diagnostics=yes");
	set("group=3");
	plain_run();
	for (i = 0; i < sizeof(steps) / sizeof(*steps); ++i) {
		const char *out = test_scratch("out-%zu", i);

		ck_assert_uint_gt(stop_again_and_again(out, steps[i],
						       change_devices),
				  0);
		test_same_run(test_scratch("plain"), out);
	}
}
END_TEST

static size_t tight_bytes;

/* Room enough, then room for two, which cuts the group that was kept. */
static void lose_memory(unsigned stops)
{
	open_hosts(1);
	if (stops)
		test_troubles[0].bytes = tight_bytes;
}

START_TEST(a_group_that_was_kept_is_halved_as_it_is)
{
	const char *out = test_scratch("out");

	set_small();
	tight_bytes = bytes_of("group=2");
	set("group=4");
	plain_run();
	*noted = '\0';
	ck_assert_uint_gt(stop_again_and_again(out, 7, lose_memory), 1);
	ck_assert_uint_ge(occurrences("for 4 replicas at a time; going on "
				      "with 2\n"),
			  1);
	test_same_run(test_scratch("plain"), out);
}
END_TEST

START_TEST(checkpoints_of_several_devices_are_gone_on_from)
{
	const char *out = test_scratch("out");
	struct ut_run_options options;
	struct ut_results results;

	set_small();
	plain_run();
	/* a device's trouble is no interruption: the last checkpoint is left */
	open_hosts(2);
	test_troubles[0].steps = test_troubles[1].steps = 5;
	test_troubles[0].status = test_troubles[1].status = UT_DEVICE;
	options = options_for(out);
	options.checkpoint = 1;
	ck_assert_int_eq(ut_run(&recipe, &options, &results, &error),
			 UT_DEVICE);
	ck_assert_msg(strstr(error.text, "go on with"), "%s", error.text);
	open_hosts(2);
	ck_assert_msg(!resume(out), "%s", error.text);
	test_same_run(test_scratch("plain"), out);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("devices");
	int status;

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, two_devices_make_the_run_that_one_makes);
	tcase_add_test(tests, devices_are_named_in_a_list);
	tcase_add_test(tests,
		       a_device_that_fails_leaves_its_replicas_to_the_others);
	tcase_add_test(tests, when_all_devices_fail_the_run_does);
	tcase_add_test(tests, what_is_no_devices_fault_ends_the_run);
	tcase_add_test(tests,
		       what_was_done_before_the_last_device_failed_is_kept);
	tcase_add_test(tests, a_group_beyond_the_memory_is_halved);
	tcase_add_test(tests, a_replica_that_does_not_fit_is_the_end);
	tcase_add_test(tests, memory_may_run_out_while_work_is_under_way);
	tcase_add_test(tests, only_a_lack_of_memory_is_recovered_from);
	tcase_add_test(tests, a_run_on_several_devices_goes_on_where_it_was);
	tcase_add_test(tests, a_group_that_was_kept_is_halved_as_it_is);
	tcase_add_test(tests, checkpoints_of_several_devices_are_gone_on_from);
	status = test_main_alone("devices", tests);
	ut_supplies_release(&supplies);
	return status;
}
