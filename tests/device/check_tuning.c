/* Tunings as text, kept ones, and that none changes a bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/tuning.h>

#include "lab/rehearsal.h"
#include "support/scratch.h"
#include "support/testing.h"

static bool is_tunable(size_t i)
{
	const struct ut_device_info *info =
		ut_device_about(test_device(i)->device);

	return *info->tuning && !test_device(i)->slow;
}

static bool is_gpu_shape(size_t i)
{
	return !strncmp(ut_device_about(test_device(i)->device)->tuning,
			"shape=gpu", 9);
}

/* Opens device i of the tests once more; NULL: with what is kept. */
static struct ut_device *open_tuned(size_t i, const char *tuning,
				    struct ut_error *error)
{
	struct ut_device *device = NULL;
	char selector[16];

	snprintf(selector, sizeof(selector), "%d",
		 ut_device_about(test_device(i)->device)->index);
	if (tuning)
		setenv("UNDERTONE_TUNING", tuning, 1);
	ut_device_open(&device, selector, error);
	unsetenv("UNDERTONE_TUNING");
	return device;
}

/* Kept things of a test's own; end_cache goes back to the user's. */
static void begin_cache(void)
{
	setenv("UNDERTONE_CACHE", test_scratch("cache"), 1);
}

static void end_cache(void)
{
	unsetenv("UNDERTONE_CACHE");
}

/* How many devices there are in this shape to try it on; says if none. */
static size_t find(size_t *which, bool gpu)
{
	size_t i, count = 0;

	for (i = 0; i < test_device_count(); ++i)
		if (is_tunable(i) && is_gpu_shape(i) == gpu)
			which[count++] = i;
	if (!count)
		test_skip("tunings", "no device here has any");
	return count;
}

START_TEST(what_is_no_tuning_is_refused_with_what_would_be)
{
	static const struct {
		const char *tuning, *part;
	} wrong[] = {
		{"shape=round", "shape=round: it can be cpu or gpu"},
		{"side", "cannot read 'side': a number is set as name=value"},
		{"=4", "no number ''"},
		{"shape=gpu,sid=8", "did you mean 'side'?"},
		{"shape=gpu,span=64", "no number 'span' of the gpu shape "
				      "(did you mean 'pad'?)"},
		{"shape=gpu,x=64", "there are: shape, block, side, depth, pad"},
		{"shape=cpu,side=8", "no number 'side' of the cpu shape"},
		{"shape=gpu,side=12", "power of two from 4 to 32"},
		{"shape=gpu,side=", "side=: it can be"},
		{"shape=gpu,side=8x", "side=8x: it can be"},
		{"shape=gpu,side=-8", "side=-8: it can be"},
		{"shape=gpu,side=64", "side=64: it can be"},
		{"shape=gpu,pad=2", "pad=2: it can be"},
		{"shape=cpu,panel=5000", "multiple of 4096 from 4096"},
		{"shape=cpu,columns=4294967552", "columns=4294967552"},
		{"shape=gpu,side=4,block=8", "side=4 is less than block=8"},
		{"shape=gpu,side=4,depth=32", "depth=32 is more than side=4"},
		{"shape=cpu,span=64,span=64", "span=64 and span=64"},
		{"shape=cpu,shape=gpu", "shape=cpu and shape=gpu"},
		{"shape=cpu,,span=64", "cannot read ''"},
	};
	size_t which[32], i;

	if (!find(which, false))
		return;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i) {
		struct ut_error error = {0};

		ck_assert_ptr_null(
			open_tuned(which[0], wrong[i].tuning, &error));
		ck_assert_int_eq(error.status, UT_INVALID);
		ck_assert_ptr_nonnull(strstr(error.text, "UNDERTONE_TUNING"));
		ck_assert_msg(strstr(error.text, wrong[i].part),
			      "'%s' lacks '%s'", error.text, wrong[i].part);
	}
}
END_TEST

START_TEST(fast_math_is_not_called_exact)
{
	const struct ut_device_info *info;
	struct ut_device *device;
	struct ut_error error;
	size_t which[32];

	if (!find(which, false))
		return;
	device = open_tuned(which[0], "shape=cpu,fast-math=1", &error);
	ck_assert_msg(device != NULL, "%s", error.text);
	info = ut_device_about(device);
	ck_assert(!info->bit_exact);
	ck_assert_ptr_nonnull(strstr(info->flaw, "fast-math"));
	ck_assert_ptr_nonnull(strstr(info->level, "fast-math"));
	ck_assert_ptr_nonnull(strstr(info->tuning, "fast-math=1"));
	ut_device_close(device);
}
END_TEST

/* Opened as the cache says, the device has this tuning and level. */
static void expect_kept(size_t i, const char *part, bool tuned)
{
	const struct ut_device_info *info;
	struct ut_error error = {0};
	struct ut_device *device = open_tuned(i, NULL, &error);

	ck_assert_msg(device != NULL, "%s", error.text);
	info = ut_device_about(device);
	ck_assert_msg(strstr(info->tuning, part), "'%s' lacks '%s'",
		      info->tuning, part);
	ck_assert_msg(!strstr(info->level, ", tuned") == !tuned, "level %s",
		      info->level);
	ut_device_close(device);
}

START_TEST(a_kept_tuning_is_used_and_one_that_is_none_is_not)
{
	static const char *const none[] = {
		"",
		"nonsense",
		"shape=cpu,span=100",
		"shape=cpu,fast-math=1",
	};
	static const char text[] = "shape=cpu,span=512";
	struct ut_device_list list;
	struct ut_device_info info;
	size_t which[32], i;

	if (!find(which, false))
		return;
	begin_cache();
	info = *ut_device_about(test_device(which[0])->device);
	expect_kept(which[0], "span=1024", false);
	ck_assert(ut_tuning_keep(&info, text));
	expect_kept(which[0], "span=512", true);
	ck_assert(!ut_device_list_init(&list, NULL));
	ck_assert_str_eq(list.devices[info.index].level, "cpu shape, tuned");
	ut_device_list_release(&list);
	for (i = 0; i < sizeof(none) / sizeof(*none); ++i) {
		ck_assert(ut_tuning_keep(&info, none[i]));
		expect_kept(which[0], "span=1024", false);
	}
	/* a file that is not as it was stored */
	ck_assert(ut_tuning_keep(&info, text));
	test_scratch_write(test_scratch("cache/%s.tuning", info.tuning_key),
			   text, strlen(text), false);
	expect_kept(which[0], "span=1024", false);
	/* another device's, driver's or kernels' */
	info.tuning_key[0] = info.tuning_key[0] == 'a' ? 'b' : 'a';
	ck_assert(ut_tuning_keep(&info, text));
	expect_kept(which[0], "span=1024", false);
	end_cache();
}
END_TEST

START_TEST(one_that_does_not_build_any_more_is_let_go)
{
	static const char end[] =
		"\n#if UT_SPAN == 512\n#error as if\n#endif\n";
	struct ut_device_info info;
	struct ut_device *device;
	struct ut_error error;
	size_t which[32];
	char command[512];
	FILE *file;

	if (!find(which, false))
		return;
	snprintf(command, sizeof(command), "cp -r cl '%s'", test_scratch("cl"));
	ck_assert_int_eq(system(command), 0);
	file = fopen(test_scratch("cl/memory.cl"), "a");
	ck_assert_ptr_nonnull(file);
	fputs(end, file);
	fclose(file);
	begin_cache();
	setenv("UNDERTONE_KERNELS", test_scratch("cl"), 1);
	ck_assert_ptr_null(open_tuned(which[0], "shape=cpu,span=512", &error));
	ck_assert_ptr_nonnull(strstr(error.text, "UNDERTONE_TUNING"));
	device = open_tuned(which[0], NULL, &error);
	ck_assert_msg(device != NULL, "%s", error.text);
	info = *ut_device_about(device);
	ut_device_close(device);
	ck_assert(ut_tuning_keep(&info, "shape=cpu,span=512"));
	expect_kept(which[0], "span=1024", false);
	unsetenv("UNDERTONE_KERNELS");
	end_cache();
}
END_TEST

START_TEST(neighbours_differ_in_one_number_and_are_tunings)
{
	static const char *const from[] = {
		("shape=cpu,columns=256,parts=4,outputs=32,panel=53248,"
		 "span=1024,row-span=32"),
		"shape=gpu,block=4,side=8,depth=64,pad=1,group=64",
		"shape=gpu,block=8,side=8,depth=8,pad=0,group=1024",
	};
	static const size_t counts[] = {13, 7, 6};
	char neighbour[UT_DEVICE_TUNING];
	size_t which[32], i, count;
	struct ut_device_info info;

	if (!find(which, false))
		return;
	info = *ut_device_about(test_device(which[0])->device);
	for (i = 0; i < 3; ++i) {
		for (count = 0;
		     ut_tuning_neighbour(&info, from[i], count, neighbour);
		     ++count)
			ck_assert_str_ne(neighbour, from[i]);
		ck_assert_msg(count == counts[i], "%s: %zu neighbours", from[i],
			      count);
	}
	ck_assert(ut_tuning_neighbour(&info, from[0], 6, neighbour));
	ck_assert_str_eq(neighbour, "shape=cpu,columns=256,parts=4,outputs=32,"
				    "panel=24576,span=1024,row-span=32");
	ck_assert(ut_tuning_neighbour(&info, from[0], 12, neighbour));
	ck_assert_str_eq(neighbour, "shape=gpu");
	ck_assert(!ut_tuning_neighbour(&info, "nonsense", 0, neighbour));
	info = *ut_device_about(test_device(0)->device);
	ck_assert(!ut_tuning_neighbour(&info, from[0], 0, neighbour));
}
END_TEST

/* Nets whose layers are wider, and batches longer, than the small numbers. */
static struct ut_recipe recipes[2];

static void make_recipes(void)
{
	size_t i;

	for (i = 0; i < 2; ++i) {
		ut_recipe_init(&recipes[i]);
		strcpy(recipes[i].data.set, "glyphs");
		recipes[i].replicas = 2;
	}
	strcpy(recipes[0].net, "fc 150, fc 40");
	recipes[0].teacher.batch = 70;
	recipes[0].distill.training.batch = 300;
	strcpy(recipes[1].net, "conv 12, pool, conv 40, avgpool 7");
	recipes[1].teacher.batch = recipes[1].distill.training.batch = 5;
}

static struct ut_fingerprint prove(struct ut_device *device, size_t i)
{
	struct ut_rehearsal *rehearsal = NULL;
	struct ut_fingerprint print = {0};
	struct ut_error error;

	if (ut_rehearsal_new(&rehearsal, &recipes[i], 2, device, &error) ||
	    ut_rehearsal_prove(rehearsal, &print, &error))
		ck_abort_msg("%s", error.text);
	ut_rehearsal_free(rehearsal);
	return print;
}

static void check_bits(size_t i, const char *tuning,
		       const struct ut_fingerprint right[2])
{
	struct ut_error error;
	struct ut_device *device = open_tuned(i, tuning, &error);
	size_t r;

	ck_assert_msg(device != NULL, "%s", error.text);
	for (r = 0; r < 2; ++r)
		ck_assert_msg(ut_fingerprint_equal(prove(device, r), right[r]),
			      "%s, %s: other bits", test_device(i)->label,
			      tuning);
	ut_device_close(device);
}

/*
 * Every number is another than by default. Compilers take seconds for that: each
 * shape has its turn on one device, the first or the last, unless
 * UNDERTONE_TEST_TUNINGS is "all".
 */
START_TEST(no_number_changes_a_bit)
{
	static const char *const tunings[2][2] = {
		{"shape=cpu,columns=16,parts=16,outputs=4,panel=8192,span=64,"
		 "row-span=1",
		 "shape=cpu,columns=1024,parts=1,outputs=128,panel=49152,"
		 "span=16384,row-span=512"},
		{"shape=gpu,block=8,side=8,depth=8,pad=0,group=16",
		 "shape=gpu,block=4,side=4,depth=16,pad=0,group=256"},
	};
	const char *wanted = getenv("UNDERTONE_TEST_TUNINGS");
	bool all = wanted && !strcmp(wanted, "all");
	struct ut_fingerprint right[2];
	size_t which[32], gpu, r, t, i, count;

	make_recipes();
	for (r = 0; r < 2; ++r)
		right[r] = prove(test_device(0)->device, r);
	for (gpu = 0; gpu < 2; ++gpu) {
		count = find(which, gpu);
		for (i = 0; i < count; ++i) {
			if (!all && i != (gpu ? count - 1 : 0))
				continue;
			for (t = 0; t < (all ? 2 : 1); ++t)
				check_bits(which[i], tunings[gpu][t], right);
		}
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tuning");

	/* it takes seconds for each tuning, and bits are compared here */
	setenv("UNDERTONE_SELFTEST", "off", 1);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_is_no_tuning_is_refused_with_what_would_be);
	tcase_add_test(tests, fast_math_is_not_called_exact);
	tcase_add_test(tests,
		       a_kept_tuning_is_used_and_one_that_is_none_is_not);
	tcase_add_test(tests, one_that_does_not_build_any_more_is_let_go);
	tcase_add_test(tests, neighbours_differ_in_one_number_and_are_tunings);
	tcase_add_test(tests, no_number_changes_a_bit);
	return test_main("tuning", tests);
}
