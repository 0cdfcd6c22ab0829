/*
 * Drivers that misbehave while devices are listed and chosen: tests/icd/fake_icd.c
 * under several names, seen through the program and the library.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "config.h"
#include "device/select.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

static const char *build(void)
{
	const char *folder = getenv("BUILD");

	return folder ? folder : "build";
}

/*
 * Registers fake drivers by the names, words with spaces between, and nothing
 * else.
 */
static void use_drivers(const char *names)
{
	char *copy = strdup(names), *name, *rest = NULL;
	const char *folder = test_scratch("vendors");

	ck_assert_int_eq(ut_folder_remove(folder, NULL), UT_OK);
	ck_assert_int_eq(ut_folder_make(folder, NULL), UT_OK);
	for (name = strtok_r(copy, " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest))
		ck_assert_int_eq(
			test_command("cp %s/tests/icd/fake_icd.so %s/%s.so && "
				     "echo '%s/%s.so' >%s/%s.icd",
				     build(), folder, name, folder, name,
				     folder, name),
			DONE);
	free(copy);
	setenv("OCL_ICD_VENDORS", folder, 1);
	unsetenv("UNDERTONE_PATIENCE");
	unsetenv("OPENCL_LAYERS");
	unsetenv("OPENCL_VENDOR_PATH");
	unsetenv("UNDERTONE_DEVICE");
	unsetenv("UNDERTONE_TUNING");
}

/* What `undertone devices` prints has all of these in it; NULL ends them. */
static void expect_list(const char *part, ...)
{
	va_list parts;

	ck_assert_int_eq(test_program("devices"), DONE);
	va_start(parts, part);
	for (; part; part = va_arg(parts, const char *))
		ck_assert_msg(strstr(test_output, part), "no '%s' in\n%s", part,
			      test_output);
	va_end(parts);
}

static void expect_not_listed(const char *part)
{
	ck_assert_msg(!strstr(test_output, part), "'%s' in\n%s", part,
		      test_output);
}

/* The device that the selector means, in words of the list. */
static struct ut_device_info expect_choice(const char *selector,
					   const char *platform)
{
	struct ut_error error = {0};
	struct ut_device_info info;

	if (ut_device_select(&info, selector, &error))
		ck_abort_msg("%s: %s", selector, error.text);
	ck_assert_str_eq(info.platform, platform);
	return info;
}

static void expect_refusal(const char *selector, enum ut_status status,
			   const char *part)
{
	struct ut_error error = {0};
	struct ut_device_info info;

	ck_assert_int_eq(ut_device_select(&info, selector, &error), status);
	ck_assert_msg(strstr(error.text, part), "%s: no '%s' in %s", selector,
		      part, error.text);
}

/* A fake driver has no contexts to give: so far, the loader has survived. */
static void expect_opening(const char *selector, const char *name)
{
	char arguments[128], text[256];

	snprintf(arguments, sizeof(arguments), "bench memory --device %s",
		 selector);
	snprintf(text, sizeof(text), "cannot open %s: cannot create a context",
		 name);
	test_program_fails(FAILED, arguments, text);
}

START_TEST(every_kind_of_device_is_listed)
{
	use_drivers("P.gpu Q.unified R.acc S T.none");
	expect_list("P device 0", "Q device 0", "R device 0", "S device 0",
		    "kind      gpu, 1 compute unit, 1.0 GiB",
		    "kind      integrated gpu", "kind      accelerator",
		    "kind      cpu", "driver    1.0 fake", NULL);
	/* a platform without devices is no error, and nothing to tell */
	expect_not_listed("note");
	expect_choice("auto", "P");
	expect_choice("gpu", "P");
	expect_choice("cpu", "S");
	expect_choice("Q", "Q");
	expect_choice("r:device", "R");
	use_drivers("Q.unified R.acc S");
	expect_choice("auto", "Q");
	use_drivers("R.acc S");
	expect_choice("auto", "R");
	use_drivers("S");
	expect_choice("auto", "host");
}
END_TEST

START_TEST(a_device_that_cannot_be_used_says_why)
{
	static const char *const cases[][2] = {
		{"A.gpu.big", "it is big endian"},
		{"A.gpu.old", "it is older than OpenCL 1.2"},
		{"A.gpu.embedded", "it has the embedded profile only"},
		{"A.gpu.nocompiler", "the driver has no compiler"},
		{"A.gpu.gone", "the driver says it is not available"},
	};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		use_drivers(cases[i][0]);
		snprintf(text, sizeof(text), "usable    no: %s", cases[i][1]);
		expect_list("A device 0", text, NULL);
		expect_refusal("gpu", UT_DEVICE, cases[i][1]);
		expect_choice("auto", "host");
	}
	/* one that can be used is meant rather than one that cannot */
	use_drivers("A.gpu.old B.gpu");
	expect_choice("gpu", "B");
	expect_refusal("A:0", UT_DEVICE, "older");
}
END_TEST

START_TEST(a_device_on_two_platforms_counts_once)
{
	static const char *const platforms[] = {"P", "Q", "R"};
	struct ut_error error = {0};
	struct ut_device_info kept, other;
	size_t i;

	/* the loader lists them in whatever order */
	use_drivers("P.gpu.pci2 Q.gpu.nv2 R.gpu.amd2");
	ck_assert_int_eq(ut_device_select(&kept, "gpu", &error), UT_OK);
	ck_assert_int_eq(kept.index, 1);
	ck_assert_str_eq(kept.address, "0000:02:00.0");
	ck_assert_str_eq(kept.left_out, "");
	expect_choice("auto", kept.platform);
	expect_list("is device 1 again, at 0000:02:00.0",
		    "address   0000:02:00.0", "auto      no: it is device 1",
		    NULL);
	/* the others are there for who asks */
	for (i = 0; i < 3; ++i) {
		other = expect_choice(platforms[i], platforms[i]);
		ck_assert_str_eq(other.address, kept.address);
		ck_assert_str_eq(other.left_out, other.index == 1
							 ? ""
							 : "it is device 1 "
							   "again");
	}
	expect_opening("P:device", "P device 0");
	expect_opening("Q:0", "Q device 0");
	ck_assert_int_eq(test_program("compare tiny --devices all"), FAILED);
	ck_assert(strstr(test_complaint, "left out: "));
	ck_assert(strstr(test_complaint, " device 0: it is device 1 again\n"));
	/* one that cannot be used does not stand for one that can */
	use_drivers("P.gpu.pci2 Q.gpu.nv2.old");
	kept = expect_choice("gpu", "P");
	ck_assert_str_eq(kept.left_out, "");
}
END_TEST

START_TEST(parts_of_one_device_are_devices)
{
	use_drivers("P.gpu.two.pci2");
	expect_list("P device 0", "P device 1", NULL);
	expect_not_listed("again");
	expect_refusal("gpu", UT_INVALID, "2 devices match 'gpu', say which");
	expect_choice("P:1", "P");
}
END_TEST

START_TEST(a_driver_known_to_be_bad_must_be_asked_for)
{
	use_drivers("A.gpu.beignet B.unified");
	expect_list("auto      no: Beignet is known to fail", NULL);
	expect_choice("auto", "B");
	expect_choice("gpu", "B");
	expect_choice("A", "A");
	use_drivers("A.gpu.beignet");
	expect_choice("auto", "host");
	expect_choice("gpu", "A");
}
END_TEST

START_TEST(a_driver_that_breaks_the_loader_costs_its_own_devices)
{
	static const char *const cases[][2] = {
		{"abort", "crashed (Aborted) when it was loaded"},
		{"exit", "ended the program when it was loaded"},
	};
	char names[64], driver[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		snprintf(names, sizeof(names), "Good.gpu Bad.%s Fine",
			 cases[i][0]);
		use_drivers(names);
		snprintf(driver, sizeof(driver),
			 "driver %s/Bad.%s.icd (%s/Bad.%s.so) is broken",
			 test_scratch("vendors"), cases[i][0],
			 test_scratch("vendors"), cases[i][0]);
		expect_list("Good device 0", "Fine device 0", driver,
			    cases[i][1], NULL);
		/* this process loads drivers itself: the bad one not */
		expect_opening("gpu", "Good device 0");
	}
}
END_TEST

START_TEST(a_driver_that_breaks_when_asked_is_named_by_its_platform)
{
	use_drivers("Worse.crashids Good.gpu Bad.exitids Poor.error");
	expect_list("Good device 0", "platform Worse is broken: its driver, ",
		    "crashed (Aborted) when it was asked for its devices",
		    "platform Bad is broken: its driver, ",
		    "ended the program when it was asked for its devices",
		    "platform Poor is broken: it lists no devices "
		    "(CL_OUT_OF_HOST_MEMORY",
		    NULL);
	expect_opening("gpu", "Good device 0");
}
END_TEST

START_TEST(drivers_that_hang_are_waited_for_together)
{
	double began = ut_clock_now();

	use_drivers("A.hang B.hangids C.hang D.hangids Good.gpu");
	setenv("UNDERTONE_PATIENCE", "2", 1);
	expect_list("Good device 0", "gave no answer in 2 s when it was loaded",
		    "platform B is broken", "platform D is broken",
		    "gave no answer in 2 s when it was asked for its devices",
		    NULL);
	/* once all together, once each alone; not four times */
	ck_assert(ut_clock_now() - began < 8);
}
END_TEST

START_TEST(drivers_that_cannot_bear_each_other_are_told_apart)
{
	use_drivers("A.gpu.pair B.gpu.pair C");
	/* in the order of their files' names */
	expect_list("A device 0", "C device 0", "B.gpu.pair.so) works alone",
		    NULL);
	expect_not_listed("B device 0");
	expect_opening("gpu", "A device 0");
}
END_TEST

START_TEST(no_device_is_explained)
{
	char text[256];

	use_drivers("");
	snprintf(text, sizeof(text),
		 "note: no OpenCL driver is registered in %s; install",
		 test_scratch("vendors"));
	expect_list(text, "nvidia-opencl-icd", "pocl-opencl-icd", NULL);
	use_drivers("A.none B.abort");
	expect_list("though drivers are registered: ", "A.none.so), ",
		    "driver ", "B.abort.so) is broken", NULL);
	expect_refusal("gpu", UT_MISSING, "no OpenCL device was found");
	/* a driver's file that names what is not there */
	ck_assert_int_eq(test_command("echo libnosuch.so.7 >%s/C.icd",
				      test_scratch("vendors")),
			 DONE);
	expect_list("C.icd (libnosuch.so.7) cannot be loaded: "
		    "libnosuch.so.7: cannot open",
		    NULL);
}
END_TEST

/* ocl-icd takes a driver's file or library in place of the folder. */
START_TEST(one_driver_can_be_registered_alone)
{
	char path[256];

	use_drivers("A.gpu B.abort");
	snprintf(path, sizeof(path), "%s", test_scratch("vendors/A.gpu.icd"));
	setenv("OCL_ICD_VENDORS", path, 1);
	expect_list("A device 0", NULL);
	expect_not_listed("note");
	snprintf(path, sizeof(path), "%s", test_scratch("vendors/B.abort.so"));
	setenv("OCL_ICD_VENDORS", path, 1);
	expect_list(path, "is broken: it crashed", NULL);
}
END_TEST

START_TEST(what_selects_nothing_or_too_much_lists_what_there_is)
{
	use_drivers("A.gpu B.gpu C");
	test_program_fails(FAILED, "run tiny --device gpu",
			   "2 devices match 'gpu', say which; there are:\n"
			   "  0  host: ");
	ck_assert(strstr(test_complaint, "A: A device 0 (gpu)"));
	ck_assert(strstr(test_complaint, "B: B device 0 (gpu)"));
	test_program_fails(FAILED, "run tiny --device nosuch",
			   "no device matches 'nosuch'; there are:\n"
			   "  0  host: ");
	ck_assert(strstr(test_complaint, "C: C device 0 (cpu)"));
	test_program_fails(FAILED,
			   "run tiny --device=", "an empty device name");
	setenv("UNDERTONE_DEVICE", "", 1);
	test_program_fails(FAILED, "bench memory", "an empty device name");
	unsetenv("UNDERTONE_DEVICE");
	setenv("UNDERTONE_PATIENCE", "soon", 1);
	test_program_fails(FAILED, "devices", "UNDERTONE_PATIENCE is \"soon\"");
}
END_TEST

START_TEST(the_list_can_be_read_by_programs)
{
	use_drivers("A.gpu.pci2 B.old C.abort");
	ck_assert_int_eq(test_program("devices --json"), DONE);
	ck_assert(strstr(test_output, "\"address\": \"0000:02:00.0\""));
	ck_assert(strstr(test_output, "\"kind\": \"gpu\""));
	ck_assert(strstr(test_output, "\"usable\": false"));
	ck_assert(strstr(test_output, "\"notes\": \"driver "));
	ck_assert_int_eq(*test_output, '{');
}
END_TEST

static void skip_all(void)
{
	test_skip("drivers that misbehave", "this build has no OpenCL");
}

START_TEST(this_build_has_no_drivers)
{
	skip_all();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("icd");

	tcase_set_timeout(tests, 60);
	if (!UT_HAVE_OPENCL) {
		tcase_add_test(tests, this_build_has_no_drivers);
		return test_main_alone("icd", tests);
	}
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, every_kind_of_device_is_listed);
	tcase_add_test(tests, a_device_that_cannot_be_used_says_why);
	tcase_add_test(tests, a_device_on_two_platforms_counts_once);
	tcase_add_test(tests, parts_of_one_device_are_devices);
	tcase_add_test(tests, a_driver_known_to_be_bad_must_be_asked_for);
	tcase_add_test(tests,
		       a_driver_that_breaks_the_loader_costs_its_own_devices);
	tcase_add_test(
		tests,
		a_driver_that_breaks_when_asked_is_named_by_its_platform);
	tcase_add_test(tests, drivers_that_hang_are_waited_for_together);
	tcase_add_test(tests,
		       drivers_that_cannot_bear_each_other_are_told_apart);
	tcase_add_test(tests, no_device_is_explained);
	tcase_add_test(tests, one_driver_can_be_registered_alone);
	tcase_add_test(tests,
		       what_selects_nothing_or_too_much_lists_what_there_is);
	tcase_add_test(tests, the_list_can_be_read_by_programs);
	return test_main_alone("icd", tests);
}
