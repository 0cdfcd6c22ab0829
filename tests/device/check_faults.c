/*
 * Devices that fail in the middle of their work: tests/icd/fault_layer.c over a
 * driver that computes, in this process and under the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* The platform:device that faults are tried on; empty: none. */
static char wanted[32];

static void set_fault(const char *fault)
{
	setenv("FAULT", fault, 1);
}

/* Chooses it; without layers, or a device that is quick enough, there is none. */
static void choose(void)
{
	const char *build = getenv("BUILD");
	char layer[512];
	struct ut_device_list list;
	struct ut_error error;
	size_t i;

	snprintf(layer, sizeof(layer), "%s/tests/icd/fault_layer.so",
		 build ? build : "build");
	setenv("OPENCL_LAYERS", layer, 1);
	set_fault("hidden");
	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	i = list.count;
	ut_device_list_release(&list);
	set_fault("");
	if (i > 1)
		return;
	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	for (i = 1; i < list.count && !*wanted; ++i)
		if (list.devices[i].usable && !*list.devices[i].left_out &&
		    !strstr(list.devices[i].platform, "rusticl"))
			snprintf(wanted, sizeof(wanted), "%u:%u",
				 list.devices[i].platform_number,
				 list.devices[i].device_number);
	ut_device_list_release(&list);
}

/* False, after a word about that, without one. */
static bool is_there(void)
{
	setenv("UNDERTONE_PATIENCE", "1", 1);
	if (!*wanted)
		test_skip("faults of devices",
			  "no OpenCL device, or a loader without layers");
	return *wanted;
}

/* Opens it, or is NULL without one. */
static struct ut_device *open_wanted(void)
{
	struct ut_device *device;
	struct ut_error error;

	if (!is_there())
		return NULL;
	if (ut_device_open(&device, wanted, &error))
		ck_abort_msg("%s", error.text);
	return device;
}

static void expect_part(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "no '%s' in %s", part, text);
}

/* The work that fails, and how it is reported; closing takes no time. */
static void expect_loss(struct ut_device *device, struct ut_slice x,
			const char *fault, struct ut_error *error)
{
	float data[4] = {7, 7, 7, 7};
	double began;

	set_fault(fault);
	ut_fill_f32(device, 1, x, 5);
	ck_assert_int_eq(ut_buffer_read(x.buffer, 0, 4, data, error),
			 UT_DEVICE);
	ck_assert(data[0] == 7 && data[3] == 7);
	expect_part(error->text, ut_device_about(device)->name);
	began = ut_clock_now();
	ck_assert_int_eq(ut_device_finish(device, NULL), UT_DEVICE);
	ut_buffer_free(x.buffer);
	ut_device_close(device);
	ck_assert(ut_clock_now() - began < 0.5);
	set_fault("");
}

START_TEST(a_device_that_never_answers_is_given_up)
{
	struct ut_device *device = open_wanted();
	struct ut_error error;
	double began = ut_clock_now();

	if (!device)
		return;
	expect_loss(device, ut_slice_of(ut_buffer_new(device, UT_F32, 4), 4),
		    "silent=1", &error);
	ck_assert(ut_clock_now() - began >= 1);
	expect_part(error.text, "no answer from ");
	expect_part(error.text, " in 1 s; the last kernel it was given is "
				"fill_words");
	expect_part(error.text, "out of bounds");
	expect_part(error.text, "registers");
	expect_part(error.text, "memory");
	expect_part(error.text, "UNDERTONE_PATIENCE");
}
END_TEST

START_TEST(a_device_that_is_lost_says_what_may_have_happened)
{
	struct ut_device *device = open_wanted();
	struct ut_error error;

	if (!device)
		return;
	expect_loss(device, ut_slice_of(ut_buffer_new(device, UT_F32, 4), 4),
		    "lost=1", &error);
	expect_part(error.text, "fill_words failed on ");
	expect_part(error.text, "CL_OUT_OF_RESOURCES: a kernel ran longer than "
				"the driver allows, or out of bounds, or "
				"needed more registers");
	expect_part(error.text, "until the program is started anew");
}
END_TEST

START_TEST(memory_that_runs_out_is_asked_for_twice)
{
	struct ut_device *device = open_wanted();
	struct ut_buffer *buffer;
	struct ut_error error;
	float data[4] = {7, 7, 7, 7};

	if (!device)
		return;
	set_fault("full=1/1");
	buffer = ut_buffer_new(device, UT_F32, 4);
	ck_assert_ptr_nonnull(buffer);
	ck_assert_int_eq(ut_buffer_read(buffer, 0, 4, data, &error), UT_OK);
	ck_assert(data[0] == 0 && data[3] == 0);
	set_fault("full=1");
	ck_assert_ptr_null(ut_buffer_new(device, UT_F32, 1000));
	ck_assert_int_eq(ut_device_finish(device, &error), UT_MEMORY);
	expect_part(error.text, "out of memory on ");
	expect_part(error.text, "no 4000 bytes beside the 16 it gave");
	set_fault("");
	ut_buffer_free(buffer);
	ut_device_close(device);
}
END_TEST

static void expect_no_opening(const char *fault, const char *part)
{
	struct ut_device *device;
	struct ut_error error;

	set_fault(fault);
	ck_assert_int_eq(ut_device_open(&device, wanted, &error), UT_DEVICE);
	set_fault("");
	expect_part(error.text, "cannot open ");
	expect_part(error.text, part);
}

START_TEST(a_device_that_fails_while_it_is_opened_is_not_waited_for)
{
	if (!is_there())
		return;
	/* what is known of the device already would not be asked for */
	setenv("UNDERTONE_CACHE", "off", 1);
	expect_no_opening("silent=1", "cannot run the probe: the device gave "
				      "no answer");
	expect_no_opening("lost=1", "cannot run the probe: CL_OUT_OF");
	unsetenv("UNDERTONE_CACHE");
}
END_TEST

START_TEST(kernels_that_do_not_compile_show_how_the_log_begins)
{
	static char log[TEST_OUTPUT];
	struct ut_device *device;
	struct ut_error error;
	const char *place;
	char path[128];

	if (!is_there())
		return;
	/* a program that is kept would not have to be compiled */
	setenv("UNDERTONE_CACHE", "off", 1);
	setenv("TMPDIR", test_scratch("."), 1);
	set_fault("build");
	ck_assert_int_eq(ut_device_open(&device, wanted, &error), UT_DEVICE);
	set_fault("");
	unsetenv("TMPDIR");
	unsetenv("UNDERTONE_CACHE");
	expect_part(error.text, "cannot compile the kernels for ");
	expect_part(error.text, "options \"");
	expect_part(error.text, "-DUT_");
	expect_part(error.text, "(error -11)");
	expect_part(error.text, "begins:\nline 1 of the log\n");
	expect_part(error.text, "line 40 of the log\n");
	ck_assert(!strstr(error.text, "line 41"));
	place = strstr(error.text, "whole log is in ");
	ck_assert_ptr_nonnull(place);
	ck_assert_int_eq(sscanf(place, "whole log is in %127[^;]", path), 1);
	test_slurp(path, log, sizeof(log));
	expect_part(log, "line 100 of the log\n");
}
END_TEST

/* What `fingerprint` prints of the tiny recipe's last line, on any device. */
static const char tiny[] = "cross-all 2 2a9cda521c405324640615e0a7913cad";

START_TEST(a_run_whose_device_is_lost_goes_on_in_a_new_process)
{
	const char *run = test_scratch("run");
	char part[512];

	if (!is_there())
		return;
	set_fault("lost=1000");
	ck_assert_int_eq(test_program("run tiny --device %s --quiet "
				      "--checkpoint 1 --out %s",
				      wanted, run),
			 FAILED);
	set_fault("");
	expect_part(test_complaint, "CL_OUT_OF_RESOURCES");
	snprintf(part, sizeof(part), "go on with `undertone resume %s`", run);
	expect_part(test_complaint, part);
	ck_assert_int_eq(test_program("resume %s --device %s --quiet", run,
				      wanted),
			 DONE);
	ck_assert_int_eq(test_program("fingerprint %s", run), DONE);
	expect_part(test_output, tiny);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("faults");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, choose, NULL);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, a_device_that_never_answers_is_given_up);
	tcase_add_test(tests,
		       a_device_that_is_lost_says_what_may_have_happened);
	tcase_add_test(tests, memory_that_runs_out_is_asked_for_twice);
	tcase_add_test(
		tests,
		a_device_that_fails_while_it_is_opened_is_not_waited_for);
	tcase_add_test(tests,
		       kernels_that_do_not_compile_show_how_the_log_begins);
	tcase_add_test(tests,
		       a_run_whose_device_is_lost_goes_on_in_a_new_process);
	return test_main_alone("faults", tests);
}
