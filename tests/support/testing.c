/* The devices of this machine, opened for tests. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES = 32 };

/* Test programs are single-threaded and own their devices as a whole. */
static struct {
	struct test_device list[DEVICES];
	size_t count;
} opened;

size_t test_device_count(void)
{
	return opened.count;
}

const struct test_device *test_device(size_t i)
{
	return &opened.list[i];
}

void test_skip(const char *what, const char *why)
{
	printf("SKIP: %s: %s\n", what, why);
}

/* The same host level or kernel shape on the same device, opened before? */
static bool known(const struct ut_device_info *info)
{
	size_t i;

	for (i = 0; i < opened.count; ++i) {
		const struct ut_device_info *other =
			ut_device_about(opened.list[i].device);

		if (other->index == info->index &&
		    !strcmp(other->level, info->level))
			return true;
	}
	return false;
}

/* Opens one more device, with an environment variable set meanwhile. */
static void open_variant(const char *selector, const char *variable,
			 const char *value)
{
	struct test_device *next = &opened.list[opened.count];
	const struct ut_device_info *info;
	struct ut_error error = {0};
	enum ut_status status;

	ck_assert_uint_lt(opened.count, DEVICES);
	if (variable)
		setenv(variable, value, 1);
	status = ut_device_open(&next->device, selector, &error);
	if (variable)
		unsetenv(variable);
	if (status)
		ck_abort_msg("cannot open %s (%s): %s", selector,
			     variable ? value : "default", error.text);
	info = ut_device_about(next->device);
	if (known(info)) {
		ut_device_close(next->device);
		return;
	}
	snprintf(next->label, sizeof(next->label), "%.80s: %.80s [%.40s]",
		 info->platform, info->name, info->level);
	/* an fma in software, and a simulator */
	next->slow = strstr(info->platform, "rusticl") ||
		     strstr(info->platform, "Oclgrind");
	printf("device: %s\n", next->label);
	++opened.count;
}

static void open_host_levels(void)
{
#ifdef __x86_64__
	open_variant("host", "UNDERTONE_HOST_LEVEL", "baseline");
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	    __builtin_cpu_supports("bmi2"))
		open_variant("host", "UNDERTONE_HOST_LEVEL", "v3");
	else
		test_skip("host level v3", "the processor has no AVX2");
	if (__builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512cd") &&
	    __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		open_variant("host", "UNDERTONE_HOST_LEVEL", "v4");
	else
		test_skip("host level v4", "the processor has no AVX-512");
#endif
}

static void open_shapes(const char *selector)
{
	open_variant(selector, "UNDERTONE_TUNING", "shape=cpu");
	open_variant(selector, "UNDERTONE_TUNING", "shape=gpu");
}

static void open_all(void)
{
	struct ut_device_list list;
	struct ut_error error = {0};
	char selector[16];
	size_t i;

	if (ut_device_list_init(&list, &error))
		ck_abort_msg("cannot list devices: %s", error.text);
	open_host_levels();
	for (i = 0; i < list.count; ++i) {
		const struct ut_device_info *info = &list.devices[i];

		snprintf(selector, sizeof(selector), "%d", info->index);
		if (!info->usable)
			test_skip(info->name, info->reason);
		else if (info->kind != UT_KIND_HOST)
			open_shapes(selector);
	}
	if (list.count < 2)
		test_skip("OpenCL", "no device on this machine");
	ut_device_list_release(&list);
}

static void open_devices(void)
{
	const char *wanted = getenv("UNDERTONE_TEST_DEVICES");
	char *copy, *word, *rest = NULL;

	open_variant("host", NULL, NULL);
	if (!wanted) {
		open_all();
		return;
	}
	copy = test_alloc(strlen(wanted) + 1, 1);
	strcpy(copy, wanted);
	for (word = strtok_r(copy, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (!strcmp(word, "host"))
			open_host_levels();
		else
			open_shapes(word);
	}
	free(copy);
}

static void close_devices(void)
{
	while (opened.count)
		ut_device_close(opened.list[--opened.count].device);
}

static int run(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Mesa shows its software device only when asked. */
	setenv("RUSTICL_ENABLE", "llvmpipe", 0);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int test_main(const char *name, TCase *tests)
{
	tcase_add_unchecked_fixture(tests, open_devices, close_devices);
	return run(name, tests);
}

static void open_host(void)
{
	open_variant("host", NULL, NULL);
}

int test_main_host(const char *name, TCase *tests)
{
	tcase_add_unchecked_fixture(tests, open_host, close_devices);
	return run(name, tests);
}

int test_main_alone(const char *name, TCase *tests)
{
	return run(name, tests);
}

struct test_output test_everywhere(const char *what, bool slow, test_run *run,
				   const void *arguments)
{
	struct test_output expected = {0}, got;
	size_t i;
	unsigned p;

	run(opened.list[0].device, arguments, &expected);
	for (i = 1; i < opened.count; ++i) {
		const struct test_device *device = &opened.list[i];

		if (device->slow && !slow)
			continue;
		got = (struct test_output){0};
		run(device->device, arguments, &got);
		ck_assert_uint_eq(got.parts, expected.parts);
		for (p = 0; p < got.parts; ++p) {
			char text[256];

			snprintf(text, sizeof(text), "%s: %s", what,
				 expected.part[p].name);
			test_same_bits(text, device->label,
				       expected.part[p].type,
				       expected.part[p].data, got.part[p].data,
				       expected.part[p].total);
		}
		test_output_free(&got);
	}
	return expected;
}
