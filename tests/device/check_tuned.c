/* Linear layers whose products a tuned library makes, on one device that has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/edit.h"
#include "support/linear.h"
#include "support/scratch.h"
#include "support/testing.h"

/*
 * A runtime may compile for seconds at each shape's first product: one of each,
 * across the chunk.
 */
static const struct reference_shape shape = {301, 53, 41};

/* The device by the library and by itself; NULL where there is no library. */
static struct {
	char selector[64];
	struct ut_device *plain, *tuned;
} opened;

static struct ut_device *open_device(const char *selector)
{
	struct ut_device *device = NULL;
	struct ut_error error = {0};

	ck_assert_msg(!ut_device_open(&device, selector, &error), "%s: %s",
		      selector, error.text);
	return device;
}

/* The first device that has a library and an fma of its own. */
static void open_devices(void)
{
	const struct ut_library *library = NULL;
	struct ut_device_list list;
	struct ut_error error = {0};
	size_t i;

	ck_assert(!ut_device_list_init(&list, &error));
	for (i = 1; i < list.count && !library; ++i) {
		const struct ut_device_info *info = &list.devices[i];
		char index[16];

		if (!info->usable || strstr(info->platform, "rusticl") ||
		    strstr(info->platform, "Oclgrind"))
			continue;
		snprintf(index, sizeof(index), "%d", info->index);
		opened.plain = open_device(index);
		library = ut_device_library(opened.plain);
		if (library)
			snprintf(opened.selector, sizeof(opened.selector),
				 "%s+%s", index, library->name);
		else
			ut_device_close(opened.plain);
	}
	ut_device_list_release(&list);
	if (!library) {
		test_skip("products by a tuned library",
			  "no device here has one");
		return;
	}
	opened.tuned = open_device(opened.selector);
	printf("device: %s, %s\n", ut_device_about(opened.tuned)->name,
	       library->version);
}

static void close_devices(void)
{
	if (!opened.tuned)
		return;
	ut_device_close(opened.tuned);
	ut_device_close(opened.plain);
}

static struct linear_problem problem(uint64_t seed)
{
	struct test_random random = {seed};
	struct linear_problem p = linear_problem_new(&random, 2, shape);

	p.bias = p.relu = p.gated = true;
	return p;
}

/* What lies before, between and behind the two parts is as it was. */
static void expect_gaps(const struct test_part *expected,
			const struct test_part *got, size_t count)
{
	size_t second = got->offset + got->stride, end = second + count;
	size_t between = got->offset + count;
	const float *was = expected->data, *is = got->data;

	test_same_bits("before", "the library", UT_F32, was, is, got->offset);
	test_same_bits("between", "the library", UT_F32, was + between,
		       is + between, second - between);
	test_same_bits("behind", "the library", UT_F32, was + end, is + end,
		       got->total - end);
}

/*
 * Two orders of a chain of n err by at most 2 n 2^-24 of the sum of magnitudes,
 * which are below 4 each; the gate's scale is 1.25.
 */
static void expect_close(const char *what, const struct test_output *expected,
			 const struct test_output *got, size_t count, size_t n)
{
	double tolerance = 1.25 * 8 * (double)(n * n) * 0x1p-24;
	unsigned r;

	for (r = 0; r < 2; ++r) {
		double *wide =
			test_widen(test_output_f32(expected, 0, r), count);

		test_close(what, test_output_f32(got, 0, r), wide, count,
			   tolerance);
		test_clean(what, test_output_f32(got, 0, r), count);
		free(wide);
	}
	expect_gaps(&expected->part[0], &got->part[0], count);
}

static void compare(const char *what, test_run *run, size_t count, size_t n,
		    uint64_t seed)
{
	struct test_output expected = {0}, got = {0};
	struct linear_problem p;

	if (!opened.tuned)
		return;
	p = problem(seed);
	run(opened.plain, &p, &expected);
	run(opened.tuned, &p, &got);
	expect_close(what, &expected, &got, count, n);
	if (got.parts == 2)
		test_same_bits("bias gradient", "by the library", UT_F32,
			       expected.part[1].data, got.part[1].data,
			       got.part[1].total);
	test_output_free(&expected);
	test_output_free(&got);
	linear_problem_free(&p);
}

START_TEST(forward_is_close_to_our_own)
{
	compare("y", linear_run_forward, shape.B * shape.O, shape.D, 1);
}
END_TEST

START_TEST(the_data_gradient_is_close_to_our_own)
{
	compare("dx", linear_run_data, shape.B * shape.D, shape.O, 2);
}
END_TEST

START_TEST(the_weight_gradient_is_close_and_the_biases_has_its_bits)
{
	compare("dw", linear_run_weights, shape.D * shape.O, shape.B, 3);
}
END_TEST

START_TEST(the_device_says_that_its_bits_are_not_the_contracts)
{
	const struct ut_device_info *info;

	if (!opened.tuned)
		return;
	info = ut_device_about(opened.plain);
	ck_assert(info->bit_exact && !*info->flaw && !*info->library);
	info = ut_device_about(opened.tuned);
	ck_assert(!info->bit_exact);
	ck_assert_ptr_nonnull(
		strstr(info->flaw, ut_device_library(opened.tuned)->version));
	ck_assert_str_eq(info->library, ut_device_library(opened.tuned)->name);
}
END_TEST

static void expect_refused(const char *selector, enum ut_status status,
			   const char *part)
{
	struct ut_device *device = NULL;
	struct ut_error error = {0};

	ck_assert_int_eq(ut_device_open(&device, selector, &error), status);
	ck_assert_msg(strstr(error.text, part), "%s: %s", selector, error.text);
	ck_assert_ptr_null(device);
}

START_TEST(a_library_that_is_not_there_is_an_error_that_says_which_are)
{
	const struct ut_library *library;
	char selector[96];

	expect_refused("host+fast", UT_MISSING, "there is none");
	expect_refused("host+", UT_INVALID, "name of a library");
	expect_refused("nowhere+fast", UT_MISSING, "no device matches");
	if (!opened.tuned)
		return;
	library = ut_device_library(opened.tuned);
	snprintf(selector, sizeof(selector), "%d+fast",
		 ut_device_about(opened.plain)->index);
	expect_refused(selector, UT_MISSING, library->name);
}
END_TEST

START_TEST(a_library_alone_is_of_the_usual_device)
{
	struct ut_device *device;
	const char *plus = strchr(opened.selector, '+');

	if (!opened.tuned)
		return;
	setenv("UNDERTONE_DEVICE", opened.selector, 1);
	device = open_device(plus);
	ck_assert_int_eq(ut_device_about(device)->index,
			 ut_device_about(opened.plain)->index);
	ck_assert(!ut_device_about(device)->bit_exact);
	ut_device_close(device);
	unsetenv("UNDERTONE_DEVICE");
}
END_TEST

/* Our own product is the wrong one here: the two differ just as well. */
START_TEST(a_wrong_product_is_found_at_its_first_use)
{
	const char *kernels = test_scratch("cl");
	struct linear_problem p;
	struct ut_device *device;
	struct ut_error error = {0};
	char command[512];
	struct ut_linear op;

	if (!opened.tuned)
		return;
	p = problem(1);
	snprintf(command, sizeof(command), "cp -r cl '%s'", kernels);
	ck_assert_int_eq(system(command), 0);
	test_edit(kernels, "linear_cpu.cl", "kn, k > 0);", "kn - 1, k > 0);");
	test_edit(kernels, "linear_gpu.cl", "float z = s[i][j];",
		  "float z = 2.0f * s[i][j];");
	setenv("UNDERTONE_KERNELS", kernels, 1);
	device = open_device(opened.selector);
	unsetenv("UNDERTONE_KERNELS");
	op = (struct ut_linear){
		.R = p.R,
		.B = p.shape.B,
		.D = p.shape.D,
		.O = p.shape.O,
		.x = test_upload(device, &p.x),
		.w = test_upload(device, &p.w),
		.y = test_upload(device, &p.y),
	};
	ut_linear_forward(device, &op);
	ck_assert_int_eq(ut_device_finish(device, &error), UT_DEVICE);
	ck_assert_msg(strstr(error.text, "wrong product"), "%s", error.text);
	test_drop(op.x);
	test_drop(op.w);
	test_drop(op.y);
	ut_device_close(device);
	linear_problem_free(&p);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tuned");

	tcase_add_unchecked_fixture(tests, open_devices, close_devices);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, forward_is_close_to_our_own);
	tcase_add_test(tests, the_data_gradient_is_close_to_our_own);
	tcase_add_test(
		tests,
		the_weight_gradient_is_close_and_the_biases_has_its_bits);
	tcase_add_test(tests,
		       the_device_says_that_its_bits_are_not_the_contracts);
	tcase_add_test(
		tests,
		a_library_that_is_not_there_is_an_error_that_says_which_are);
	tcase_add_test(tests, a_library_alone_is_of_the_usual_device);
	tcase_add_test(tests, a_wrong_product_is_found_at_its_first_use);
	return test_main_alone("tuned", tests);
}
