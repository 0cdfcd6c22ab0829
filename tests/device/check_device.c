/* Listing and choosing devices, and what happens after a device's error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/backend.h"
#include "device/select.h"
#include "support/testing.h"

static enum ut_status open_and_close(const char *selector,
				     struct ut_error *error)
{
	struct ut_device *device = NULL;
	enum ut_status status;

	*error = (struct ut_error){0};
	status = ut_device_open(&device, selector, error);
	ck_assert((status == UT_OK) == (device != NULL));
	ut_device_close(device);
	return status;
}

START_TEST(the_host_is_the_first_device)
{
	struct ut_device_list list;
	struct ut_error error = {0};
	size_t i;

	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	ck_assert_uint_ge(list.count, 1);
	ck_assert_int_eq(list.devices[0].kind, UT_KIND_HOST);
	ck_assert(list.devices[0].usable);
	ck_assert_ptr_nonnull(list.notes);
	for (i = 0; i < list.count; ++i) {
		ck_assert_int_eq(list.devices[i].index, (int)i);
		ck_assert(list.devices[i].name[0]);
		ck_assert(list.devices[i].usable == !list.devices[i].reason[0]);
	}
	ut_device_list_release(&list);
	ut_device_list_release(&list);
}
END_TEST

START_TEST(the_host_has_its_names)
{
	static const char *const names[] = {"host", "HOST", "0"};
	struct ut_error error = {0};
	struct ut_device *device;
	size_t i;

	for (i = 0; i < 3; ++i) {
		ck_assert_int_eq(ut_device_open(&device, names[i], &error),
				 UT_OK);
		ck_assert_int_eq(ut_device_about(device)->kind, UT_KIND_HOST);
		ck_assert(ut_device_about(device)->level[0]);
		ut_device_close(device);
	}
	ut_device_close(NULL);
}
END_TEST

START_TEST(an_absent_device_is_an_error_that_lists_what_there_is)
{
	static const char *const names[] = {
		"no such device",
		"99",
		"host:0",
	};
	struct ut_error error;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); ++i) {
		ck_assert_int_eq(open_and_close(names[i], &error), UT_MISSING);
		ck_assert_int_eq(error.status, UT_MISSING);
		ck_assert_ptr_nonnull(strstr(error.text, names[i]));
		ck_assert_ptr_nonnull(strstr(error.text, "host"));
	}
	ck_assert_int_eq(open_and_close("", &error), UT_INVALID);
	ck_assert(error.text[0]);
}
END_TEST

START_TEST(an_ambiguous_device_is_an_error_that_lists_the_matches)
{
	struct ut_device_list list;
	const struct ut_device_info *match[2];
	struct ut_error error = {0};
	size_t i, count = 0;

	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	for (i = 0; i < list.count && count < 2; ++i)
		if (list.devices[i].kind == UT_KIND_CPU)
			match[count++] = &list.devices[i];
	if (count == 2) {
		ck_assert_int_eq(open_and_close("cpu", &error), UT_INVALID);
		for (i = 0; i < 2; ++i)
			ck_assert_ptr_nonnull(
				strstr(error.text, match[i]->platform));
	} else {
		test_skip("an ambiguous device",
			  "fewer than two OpenCL CPU devices");
	}
	ut_device_list_release(&list);
}
END_TEST

static void expect_selected(const struct ut_device_info *info,
			    const char *selector)
{
	struct ut_error error = {0};
	struct ut_device_info chosen;

	if (ut_device_select(&chosen, selector, &error))
		ck_abort_msg("%s: %s", selector, error.text);
	ck_assert_int_eq(chosen.index, info->index);
	ck_assert_str_eq(chosen.platform, info->platform);
	ck_assert_str_eq(chosen.name, info->name);
}

/* Every device answers to its number and to platform:device. */
START_TEST(every_device_can_be_named)
{
	struct ut_device_list list;
	struct ut_error error = {0};
	char selector[2 * UT_DEVICE_TEXT + 2];
	size_t i;

	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	for (i = 1; i < list.count; ++i) {
		const struct ut_device_info *info = &list.devices[i];

		if (!info->usable) {
			test_skip(info->name, info->reason);
			continue;
		}
		snprintf(selector, sizeof(selector), "%d", info->index);
		expect_selected(info, selector);
		snprintf(selector, sizeof(selector), "%u:%u",
			 info->platform_number, info->device_number);
		expect_selected(info, selector);
		snprintf(selector, sizeof(selector), "%.20s:%s", info->platform,
			 info->name);
		expect_selected(info, selector);
	}
	if (list.count < 2)
		test_skip("names of OpenCL devices", "none on this machine");
	ut_device_list_release(&list);
}
END_TEST

START_TEST(without_a_selector_the_environment_decides)
{
	struct ut_error error = {0};
	struct ut_device *device;

	setenv("UNDERTONE_DEVICE", "no such device", 1);
	ck_assert_int_eq(open_and_close(NULL, &error), UT_MISSING);
	ck_assert_int_eq(open_and_close("host", &error), UT_OK);
	setenv("UNDERTONE_DEVICE", "host", 1);
	ck_assert_int_eq(ut_device_open(&device, NULL, &error), UT_OK);
	ck_assert_int_eq(ut_device_about(device)->kind, UT_KIND_HOST);
	ut_device_close(device);
	unsetenv("UNDERTONE_DEVICE");
}
END_TEST

START_TEST(auto_never_takes_an_opencl_cpu)
{
	struct ut_error error = {0};
	struct ut_device *device;

	ck_assert_int_eq(ut_device_open(&device, "auto", &error), UT_OK);
	ck_assert_int_ne(ut_device_about(device)->kind, UT_KIND_CPU);
	ut_device_close(device);
}
END_TEST

START_TEST(an_unknown_host_level_is_an_error)
{
	struct ut_error error;

	setenv("UNDERTONE_HOST_LEVEL", "v99", 1);
	ck_assert_int_ne(open_and_close("host", &error), UT_OK);
	ck_assert_ptr_nonnull(strstr(error.text, "v99"));
	unsetenv("UNDERTONE_HOST_LEVEL");
}
END_TEST

static void latch_twice(struct ut_device *device)
{
	ut_device_latch(device, UT_DEVICE, "first trouble: %d", 7);
	ut_device_latch(device, UT_MEMORY, "second trouble");
}

/* The first error stays, is reported everywhere, and stops all work. */
START_TEST(after_an_error_nothing_runs)
{
	static const float two[] = {2, 2, 2};
	struct ut_error error = {0};
	struct ut_device *device;
	struct ut_slice x;
	float got[3] = {1, 1, 1};

	ck_assert_int_eq(ut_device_open(&device, "host", &error), UT_OK);
	x = test_upload_f32(device, two, 1, 3);
	ck_assert_int_eq(ut_device_finish(device, &error), UT_OK);
	latch_twice(device);
	ut_fill_f32(device, 1, x, 5);
	ut_buffer_write(x.buffer, 0, 3, got);
	ck_assert_ptr_null(ut_buffer_new(device, UT_F32, 1));
	/* an operation on a buffer that could not be made is no crash */
	ut_fill_f32(device, 1, (struct ut_slice){NULL, 0, 1, 1}, 5);
	ck_assert_int_eq(ut_buffer_read(x.buffer, 0, 3, got, &error),
			 UT_DEVICE);
	ck_assert_str_eq(error.text, "first trouble: 7");
	ck_assert(got[0] == 1 && got[1] == 1 && got[2] == 1);
	error = (struct ut_error){0};
	ck_assert_int_eq(ut_device_finish(device, &error), UT_DEVICE);
	ck_assert_str_eq(error.text, "first trouble: 7");
	ck_assert_int_eq(ut_device_finish(device, NULL), UT_DEVICE);
	/* behind the front: the work was not done */
	device->backend->read(device, x.buffer, 0, 3, got);
	ck_assert(got[0] == 2 && got[1] == 2 && got[2] == 2);
	test_drop(x);
	ut_device_close(device);
}
END_TEST

START_TEST(a_buffer_that_does_not_fit_latches)
{
#if defined(__SANITIZE_ADDRESS__)
	test_skip("a buffer that does not fit", "the sanitizer forbids it");
#else
	struct ut_error error = {0};
	struct ut_device_list list;
	struct ut_device *device;
	char selector[32];
	size_t i;

	ck_assert_int_eq(ut_device_list_init(&list, &error), UT_OK);
	for (i = 0; i < list.count; ++i) {
		if (!list.devices[i].usable)
			continue;
		snprintf(selector, sizeof(selector), "%zu", i);
		ck_assert_int_eq(ut_device_open(&device, selector, &error),
				 UT_OK);
		ck_assert_ptr_null(
			ut_buffer_new(device, UT_F32, SIZE_MAX / 16));
		ck_assert_uint_eq(ut_device_bytes(device), 0);
		error = (struct ut_error){0};
		ck_assert_int_ne(ut_device_finish(device, &error), UT_OK);
		ck_assert(error.text[0]);
		ut_device_close(device);
	}
	ut_device_list_release(&list);
#endif
}
END_TEST

START_TEST(a_size_beyond_counting_latches)
{
	struct ut_error error = {0};
	struct ut_device *device;

	ck_assert_int_eq(ut_device_open(&device, "host", &error), UT_OK);
	ck_assert_ptr_null(ut_buffer_new(device, UT_F32, SIZE_MAX));
	ck_assert_int_eq(ut_device_finish(device, &error), UT_MEMORY);
	ut_device_close(device);
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(ut_device_kind_name(UT_KIND_HOST), "host");
	ck_assert_str_eq(ut_device_kind_name(UT_KIND_CPU), "cpu");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("device");

	tcase_add_test(tests, the_host_is_the_first_device);
	tcase_add_test(tests, the_host_has_its_names);
	tcase_add_test(tests,
		       an_absent_device_is_an_error_that_lists_what_there_is);
	tcase_add_test(tests,
		       an_ambiguous_device_is_an_error_that_lists_the_matches);
	tcase_add_test(tests, every_device_can_be_named);
	tcase_add_test(tests, without_a_selector_the_environment_decides);
	tcase_add_test(tests, auto_never_takes_an_opencl_cpu);
	tcase_add_test(tests, an_unknown_host_level_is_an_error);
	tcase_add_test(tests, after_an_error_nothing_runs);
	tcase_add_test(tests, a_buffer_that_does_not_fit_latches);
	tcase_add_test(tests, a_size_beyond_counting_latches);
	tcase_add_test(tests, kinds_have_names);
	return test_main_alone("device", tests);
}
