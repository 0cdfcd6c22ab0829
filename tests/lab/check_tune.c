/* The search for a tuning, on a device that does what its tuning says. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <undertone/tuning.h>

#include "device/backend.h"
#include "device/host/host.h"
#include "lab/tune.h"
#include "lab/tune_notes.h"
#include "support/scratch.h"
#include "support/testing.h"

/* The device: the host's, its updates later, or wrong ------------------------ */

static const char *const everything[] = {"wrong",  "not-a-number", "dies",
					 "hangs",  "stalls",       "unfit",
					 "slower", "faster",       NULL};

/* Test programs own their devices; their processes get these as they are. */
static struct {
	const char *const *offered; /* the neighbours of every tuning */
	const char *usual;          /* what the usual one does */
	const struct ut_backend *inner;
	struct ut_backend table;
	const char *tuning;
	unsigned updates;
} fake;

static bool does(const char *what)
{
	return !strcmp(fake.tuning, what);
}

static void fake_optimise(struct ut_device *device, unsigned R,
			  const struct ut_update *update, struct ut_slice w,
			  struct ut_slice g, struct ut_slice m,
			  struct ut_slice v)
{
	struct timespec pause = {.tv_nsec = 1000000};
	uint32_t word;

	if (does("faster"))
		pause.tv_nsec = 100000;
	if (does("slower"))
		pause.tv_nsec = 2000000;
	nanosleep(&pause, NULL);
	fake.inner->optimise(device, R, update, w, g, m, v);
	/* the last update of what is compared */
	if (++fake.updates == 4 && (does("wrong") || does("not-a-number"))) {
		fake.inner->read(device, w.buffer, w.offset, 1, &word);
		word = does("wrong") ? word ^ 1 : 0x7fc00000;
		fake.inner->write(device, w.buffer, w.offset, 1, &word);
	}
	while (fake.updates == 12 && does("stalls"))
		sleep(1);
}

static void fake_close(struct ut_device *device)
{
	device->backend = fake.inner;
	device->backend->close(device);
}

static bool fake_neighbour(const char *tuning, size_t i,
			   char neighbour[UT_DEVICE_TUNING])
{
	size_t count = 0;

	(void)tuning;
	while (fake.offered[count])
		++count;
	if (i < count)
		snprintf(neighbour, UT_DEVICE_TUNING, "%s", fake.offered[i]);
	return i < count;
}

static enum ut_status fake_open(struct ut_device *device,
				struct ut_error *error)
{
	const char *asked = getenv("UNDERTONE_TUNING");
	enum ut_status status = ut_host_backend.open(device, error);

	if (status)
		return status;
	fake.updates = 0;
	fake.tuning = !asked || !strcmp(asked, "default") ? fake.usual : asked;
	fake.inner = device->backend;
	fake.table = *device->backend;
	fake.table.close = fake_close;
	fake.table.optimise = fake_optimise;
	fake.table.tuning_neighbour = fake_neighbour;
	device->backend = &fake.table;
	snprintf(device->info.tuning, UT_DEVICE_TUNING, "%s", fake.tuning);
	snprintf(device->info.tuning_key, UT_DEVICE_KEY, "key");
	if (does("dies"))
		abort();
	while (does("hangs"))
		sleep(1);
	if (!does("unfit"))
		return UT_OK;
	fake_close(device);
	return ut_error_set(error, UT_INVALID, "it is too large");
}

static const struct ut_backend fake_backend = {
	.name = "fake",
	.open = fake_open,
	.tuning_neighbour = fake_neighbour,
};

static enum ut_status fake_list(struct ut_device_list *list,
				struct ut_error *error)
{
	enum ut_status status = ut_host_list(list, error);
	struct ut_device_info *info = &list->devices[list->count - 1];

	snprintf(info->name, sizeof(info->name), "fake");
	snprintf(info->platform, sizeof(info->platform), "tests");
	info->kind = UT_KIND_CPU;
	return status;
}

/* Instead of those of the build. */
const struct ut_backend_entry ut_backends[] = {
	{&ut_host_backend, ut_host_list},
	{&fake_backend, fake_list},
	{NULL, NULL},
};

/* Helpers -------------------------------------------------------------------- */

static struct ut_recipe recipe;
static struct ut_tune_result found;

static void open_search(void)
{
	test_scratch_open();
	setenv("UNDERTONE_CACHE", test_scratch("cache"), 1);
	/* a team of spinning threads would take the time that is measured */
	omp_set_num_threads(1);
	ut_recipe_init(&recipe);
	strcpy(recipe.data.set, "glyphs");
	strcpy(recipe.net, "fc 8");
	recipe.replicas = 1;
	recipe.teacher.batch = recipe.distill.training.batch = 8;
	fake.offered = everything;
	fake.usual = "usual";
}

static void close_search(void)
{
	ut_tune_release(&found);
	test_scratch_close();
}

static struct ut_tune_options options_for(const char *device)
{
	return (struct ut_tune_options){
		.device = device,
		.recipes = &recipe,
		.count = 1,
		.budget = 100,
		.patience = 1,
		.sample = 0.005,
	};
}

static void search(const struct ut_tune_options *options)
{
	struct ut_error error;

	ut_tune_release(&found);
	if (ut_tune(options, &found, &error))
		ck_abort_msg("tune: %s", error.text);
}

static const struct ut_tune_trial *trial_of(const char *tuning)
{
	size_t i;

	for (i = 0; i < found.count; ++i)
		if (!strcmp(found.trials[i].tuning, tuning))
			return &found.trials[i];
	ck_abort_msg("%s was not tried", tuning);
	return NULL;
}

static void expect(const char *tuning, enum ut_tune_verdict verdict,
		   const char *part)
{
	const struct ut_tune_trial *trial = trial_of(tuning);

	ck_assert_msg(trial->verdict == verdict, "%s: %s, %s", tuning,
		      ut_tune_verdict_name(trial->verdict), trial->text);
	ck_assert_msg(strstr(trial->text, part), "%s: '%s' lacks '%s'", tuning,
		      trial->text, part);
}

static enum ut_status fails(const struct ut_tune_options *options,
			    const char *part)
{
	struct ut_error error = {0};
	enum ut_status status;

	ut_tune_release(&found);
	status = ut_tune(options, &found, &error);
	ck_assert_msg(status && strstr(error.text, part), "'%s' lacks '%s'",
		      error.text, part);
	return status;
}

/* Tests ---------------------------------------------------------------------- */

START_TEST(the_faster_one_is_found_among_those_that_fail)
{
	const struct ut_tune_options options = options_for("fake");
	char kept[UT_DEVICE_TUNING];

	search(&options);
	expect("wrong", UT_TUNE_WRONG, "");
	expect("not-a-number", UT_TUNE_WRONG, "");
	expect("dies", UT_TUNE_DIES, "signal 6");
	expect("hangs", UT_TUNE_HANGS, "no answer within 1.0 s");
	expect("stalls", UT_TUNE_HANGS, "no answer");
	expect("unfit", UT_TUNE_UNFIT, "too large");
	expect("slower", UT_TUNE_EVEN, "");
	expect("faster", UT_TUNE_FASTER, "");
	ck_assert(trial_of("slower")->gain < 0.9);
	ck_assert(trial_of("faster")->gain > 1.1);
	ck_assert_str_eq(found.info.tuning, "usual");
	ck_assert_str_eq(found.best, "faster");
	ck_assert(found.gain > 1.1 && found.kept && found.ended);
	ck_assert(ut_tuning_kept(&found.info, kept));
	ck_assert_str_eq(kept, "faster");

	/* what failed is not tried again, what was kept comes first */
	search(&options);
	expect("wrong", UT_TUNE_SKIPPED, "wrong bits in an earlier search");
	expect("dies", UT_TUNE_SKIPPED, "failed in an earlier search");
	expect("hangs", UT_TUNE_SKIPPED, "failed in an earlier search");
	expect("unfit", UT_TUNE_UNFIT, "too large");
	ck_assert_str_eq(found.trials[0].tuning, "faster");
	expect("faster", UT_TUNE_FASTER, "");
	ck_assert_str_eq(found.best, "faster");
}
END_TEST

START_TEST(what_took_the_machine_down_is_not_tried_again)
{
	static const char *const offered[] = {"faster", NULL};
	struct ut_tune_options options = options_for("fake");
	struct ut_tune_notes notes;

	fake.offered = offered;
	ut_tune_notes_read(&notes, "key", false);
	ut_tune_notes_begin(&notes, "faster");
	ut_tune_notes_release(&notes);
	search(&options);
	expect("faster", UT_TUNE_SKIPPED, "never came to its end");
	ck_assert_str_eq(found.best, "usual");
	options.again = true;
	search(&options);
	expect("faster", UT_TUNE_FASTER, "");
}
END_TEST

START_TEST(what_is_not_faster_any_more_is_forgotten)
{
	static const char *const offered[] = {"slower", NULL};
	const struct ut_tune_options options = options_for("fake");
	char kept[UT_DEVICE_TUNING];

	fake.offered = offered;
	search(&options);
	ck_assert(!ut_tuning_kept(&found.info, kept));
	ck_assert(ut_tuning_keep(&found.info, "slower"));
	search(&options);
	ck_assert_str_eq(found.best, "usual");
	ck_assert(!found.kept && !ut_tuning_kept(&found.info, kept));
}
END_TEST

static bool stop_after(void *user)
{
	return found.count >= *(const size_t *)user;
}

START_TEST(a_search_can_be_stopped_and_leaves_nothing)
{
	static const char *const offered[] = {"hangs", NULL};
	struct ut_tune_options options = options_for("fake");
	struct ut_tune_notes notes;
	size_t trials = 1;

	fake.offered = offered;
	options.stop = stop_after;
	options.user = &trials;
	options.patience = 100;
	ck_assert_int_eq(fails(&options, "interrupted"), UT_INTERRUPTED);
	ut_tune_notes_read(&notes, "key", false);
	ck_assert_ptr_null(ut_tune_notes_find(&notes, "hangs"));
	ut_tune_notes_release(&notes);
}
END_TEST

START_TEST(the_budget_is_kept)
{
	static const char *const offered[] = {"hangs", NULL};
	struct ut_tune_options options = options_for("fake");

	/* less than the usual one and the host take */
	options.budget = 0.01;
	search(&options);
	ck_assert_uint_eq(found.count, 0);
	ck_assert(!found.ended && found.gain == 1);
	/* what hangs when it ends is not said to do so */
	fake.offered = offered;
	options.budget = 1.5;
	options.patience = 100;
	search(&options);
	expect("hangs", UT_TUNE_SKIPPED, "the budget ended");
	ck_assert(found.seconds < 10);
}
END_TEST

START_TEST(a_device_with_wrong_bits_is_not_tuned)
{
	const struct ut_tune_options options = options_for("fake");

	fake.usual = "wrong";
	ck_assert_int_eq(fails(&options, "undertone selftest"), UT_DEVICE);
	fake.usual = "dies";
	ck_assert_int_eq(fails(&options, "signal 6"), UT_DEVICE);
}
END_TEST

START_TEST(a_device_without_numbers_is_said_to_have_none)
{
	const struct ut_tune_options options = options_for("host");

	ck_assert_int_eq(fails(&options, "nothing to tune"), UT_INVALID);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tune");

	tcase_add_checked_fixture(tests, open_search, close_search);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_faster_one_is_found_among_those_that_fail);
	tcase_add_test(tests, what_took_the_machine_down_is_not_tried_again);
	tcase_add_test(tests, what_is_not_faster_any_more_is_forgotten);
	tcase_add_test(tests, a_search_can_be_stopped_and_leaves_nothing);
	tcase_add_test(tests, the_budget_is_kept);
	tcase_add_test(tests, a_device_with_wrong_bits_is_not_tuned);
	tcase_add_test(tests, a_device_without_numbers_is_said_to_have_none);
	return test_main_alone("tune", tests);
}
