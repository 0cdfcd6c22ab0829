/*
 * Devices whose kernels are not what they should be: drivers that round as they
 * like, which can be mended, and mistakes in kernels, which are found by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "device/backend.h"
#include "device/selftest.h"
#include "device/selftest_lane.h"
#include "support/edit.h"
#include "support/testing.h"

/*
 * A copy of cl/, always at the same place: a driver that caches by itself then
 * compiles it once.
 */
static const char *copy_kernels(const char *name)
{
	const char *build = getenv("BUILD");
	static char folder[256];
	char command[600];

	snprintf(folder, sizeof(folder), "%s/tests/%s", build ? build : "build",
		 name);
	snprintf(command, sizeof(command), "rm -rf '%s' && cp -r cl '%s'",
		 folder, folder);
	ck_assert_int_eq(system(command), 0);
	return folder;
}

/* Opens a device with such kernels, in the shape for processors; NULL: not here. */
static struct ut_device *open_edited(const char *selector, const char *folder)
{
	struct ut_device *device = NULL;
	struct ut_error error = {0};
	enum ut_status status;

	setenv("UNDERTONE_KERNELS", folder, 1);
	setenv("UNDERTONE_TUNING", "shape=cpu", 1);
	setenv("UNDERTONE_SELFTEST", "off", 1);
	status = ut_device_open(&device, selector, &error);
	unsetenv("UNDERTONE_SELFTEST");
	unsetenv("UNDERTONE_TUNING");
	unsetenv("UNDERTONE_KERNELS");
	if (status == UT_MISSING) {
		test_skip(selector, "no such device on this machine");
		return NULL;
	}
	ck_assert_msg(!status, "%s: %s", selector, error.text);
	return device;
}

/* Drivers ------------------------------------------------------------------- */

/* A compiler that fuses what it can, an fma that is none, a careless division. */
static const char *careless_kernels(void)
{
	const char *folder = copy_kernels("careless");

	test_edit(folder, "scalar.h", "#pragma OPENCL FP_CONTRACT OFF",
		  "#pragma clang fp contract(fast)");
	test_edit(
		folder, "scalar.h",
		"#define ut_native_fma(a, b, c) __builtin_fmaf((a), (b), (c))",
		"#define ut_native_fma(a, b, c) (as_float(as_uint((a) * (b)) "
		"^ (uint)get_global_offset(1)) + (c))");
	test_edit(folder, "scalar.h",
		  "#define ut_native_fma8(a, b, c) fma((a), (b), (c))",
		  "#define ut_native_fma8(a, b, c) (as_float8(as_uint8((a) * "
		  "(b)) ^ (uint)get_global_offset(1)) + (c))");
	test_edit(folder, "scalar.h", "#define ut_div(a, b) ((a) / (b))",
		  "#define ut_div(a, b) ((a) * (1.0f / (b)))");
	test_edit(folder, "probe.cl", "as_uint(a / b)",
		  "as_uint(a * (1.0f / b))");
	return folder;
}

static void assert_verdict(const struct ut_device *device,
			   enum ut_primitive primitive, enum ut_verdict verdict)
{
	const struct ut_primitive_proof *proof =
		&device->proof.primitives[primitive];

	ck_assert_msg(proof->verdict == verdict, "%s: %s has verdict %d: %s",
		      device->info.platform, ut_primitive_name(primitive),
		      (int)proof->verdict, proof->found);
}

/* False where there is no such device. */
static bool mend(const char *selector)
{
	struct ut_device *device = open_edited(selector, careless_kernels());
	struct selftest_lane lane = {.device = device};
	struct ut_fingerprint print;
	char text[UT_FINGERPRINT_TEXT];
	struct ut_error error = {0};
	int type;

	if (!device)
		return false;
	ck_assert_uint_eq(device->proof.repairs, UT_REPAIR_ALL);
	assert_verdict(device, UT_PRIMITIVE_FMA, UT_MENDED);
	assert_verdict(device, UT_PRIMITIVE_SEPARATE, UT_MENDED);
	assert_verdict(device, UT_PRIMITIVE_QUOTIENT, UT_MENDED);
	assert_verdict(device, UT_PRIMITIVE_ORDER, UT_PROVEN);
	ck_assert_ptr_nonnull(strstr(device->info.level, "fma from sums"));
	for (type = 0; type < SELFTEST_TYPES; ++type)
		lane.arena[type] =
			ut_buffer_new(device, type, ut_selftest_arena(type));
	ck_assert_msg(!ut_selftest_mlp(&lane, &print, &error), "%s",
		      error.text);
	ut_fingerprint_text(print, text);
	/* docs/ARITHMETIC.md */
	ck_assert_str_eq(text, "7c9d452bdc13fb5fb96a2484e06c2fd9");
	for (type = 0; type < SELFTEST_TYPES; ++type)
		ut_buffer_free(lane.arena[type]);
	ut_device_close(device);
	return true;
}

START_TEST(careless_drivers_are_mended)
{
	/* one is enough: it takes seconds to compile all that */
	if (!mend("pocl"))
		mend("intel");
}
END_TEST

START_TEST(ways_around_that_are_none_are_refused)
{
	struct ut_device *device;
	struct ut_error error = {0};
	enum ut_status status;

	setenv("UNDERTONE_REPAIRS", "guard, divide, soap", 1);
	status = ut_device_open(&device, "pocl", &error);
	unsetenv("UNDERTONE_REPAIRS");
	if (status == UT_MISSING) {
		test_skip("pocl", "no such device on this machine");
		return;
	}
	ck_assert_int_eq(status, UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "\"soap\""));
}
END_TEST

/* Kernels ------------------------------------------------------------------- */

static const struct edit {
	const char *what, *op, *file, *from, *to;
} edits[] = {
	{"the last row of a tail is left out", "linear_forward",
	 "linear_cpu.cl", "uint rows = min((uint)UT_ROWS, m1 - m);",
	 "uint rows = min((uint)UT_ROWS, m1 - m) - (m1 - m == 1);"},
	{"the gate of ReLU is lost", "linear_data", "linear_cpu.cl",
	 "if (last && has_gate)", "if (last && has_gate && scale < 0.0f)"},
	{"a bias gradient is the last chunk's", "linear_weights",
	 "linear_cpu.cl", "if (!first)\n\t\t\ttotal = ut_wide_load(db",
	 "if (!last)\n\t\t\ttotal = ut_wide_load(db"},
	{"rows and columns of a window are swapped", "conv_forward",
	 "conv_cpu.cl", "ut_wide_get(c + ((k) / 2 * p.columns + j ",
	 "ut_wide_get(c + ((k) % 2 * p.columns + (k) / 2 + j - (k) % 2 "},
	{"an index is transposed", "max_pool", "pool.cl", "side * i + j",
	 "side * j + i"},
	{"the threshold is off by one", "dropout", "random.cl",
	 "x[4 * whole + left] = words.w[left] >= threshold",
	 "x[4 * whole + left] = words.w[left] > threshold"},
	{"a product and a sum are fused", "blend", "blend.cl",
	 "ut_fma(y[i], own, added)", "ut_fma(other, x[i], y[i] * own)"},
	{"small numbers are flushed", "filter", "noise.cl",
	 "(float8)weights[i]",
	 "(float8)(fabs(weights[i]) < 0x1p-1f ? 0.0f : weights[i])"},
	{"a sum is reordered", "cross_entropy", "loss.cl", "s = s + g[i];",
	 "s = s + g[count - 1 - i];"},
	{"fma is not fused", "moments", "loss.cl", "p = ut_fma(d, d, p);",
	 "p = p + d * d;"},
	{"epsilon is inside the root", "optimise", "optimiser.cl",
	 "size = ut_sqrt(second * correction2);\n\t\tsize = size + epsilon;",
	 "size = ut_sqrt(second * correction2 + epsilon);"},
	{"of equal ones the last wins", "argmax", "evaluate.cl",
	 "if (largest < row[i])", "if (largest <= row[i])"},
	{"the last element is not copied", "copy", "memory.cl", "UT_FOR(i, n) ",
	 "UT_FOR(i, n - 1) "},
};

enum { EDITS = sizeof(edits) / sizeof(*edits) };

struct story {
	bool wrong[EDITS];
	const char *device;
};

static void told(void *user, const struct ut_selftest_line *line)
{
	struct story *story = user;
	size_t i = 0;

	if (line->verdict != UT_WRONG || line->clause == 8)
		return;
	while (i < EDITS && strcmp(edits[i].op, line->what))
		++i;
	ck_assert_msg(i < EDITS, "%s: %s was blamed: %s", story->device,
		      line->what, line->found);
	story->wrong[i] = true;
}

/* The operations of a device with all of the mistakes, in one program. */
static bool find_mistakes(const char *selector)
{
	const char *folder = copy_kernels("mistaken");
	struct story story = {.device = selector};
	struct ut_error error = {0};
	struct ut_device *device;
	size_t i;

	for (i = 0; i < EDITS; ++i)
		test_edit(folder, edits[i].file, edits[i].from, edits[i].to);
	/* and what nothing mends */
	test_edit(folder, "probe.cl", "float sum = a + b;",
		  "float sum = nextafter(a + b, 0.0f);");
	device = open_edited(selector, folder);
	if (!device)
		return false;
	ck_assert(!device->info.bit_exact);
	ck_assert_ptr_nonnull(
		strstr(device->info.flaw,
		       "clause 1, a sum is rounded to nearest even: of "));
	ck_assert_msg(!ut_selftest_operations(device, told, &story, &error),
		      "%s: %s", selector, error.text);
	for (i = 0; i < EDITS; ++i)
		ck_assert_msg(story.wrong[i], "%s: %s: %s passed", selector,
			      edits[i].what, edits[i].op);
	ut_device_close(device);
	return true;
}

START_TEST(mistakes_in_kernels_are_found_by_name)
{
	/* one is enough, and Intel's compiles faster */
	if (!find_mistakes("intel"))
		find_mistakes("pocl");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("repairs");

	tcase_add_test(tests, careless_drivers_are_mended);
	tcase_add_test(tests, ways_around_that_are_none_are_refused);
	tcase_add_test(tests, mistakes_in_kernels_are_found_by_name);
	return test_main_alone("repairs", tests);
}
