/* Checkpoints: wherever a run is stopped, it ends as if it had not been. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "device/backend.h"
#include "lab/checkpoint.h"
#include "lab/receipt.h"
#include "lab/run.h"
#include "support/same_run.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_supplies supplies; /* data are made once a test */
static struct ut_error error;
static char noted[4096];

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
	ut_supplies_release(&supplies);
	supplies = (struct ut_supplies){0};
	test_scratch_close();
}

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

/* How often a run is asked whether to stop until it is to. */
struct patience {
	unsigned asked, most;
};

static bool out_of_patience(void *user)
{
	struct patience *patience = user;

	return ++patience->asked >= patience->most;
}

static void keep_note(void *user, const char *text)
{
	(void)user;
	snprintf(noted, sizeof(noted), "%s", text);
}

static struct ut_run_options options_for(const char *out,
					 struct patience *patience)
{
	static const char *const nowhere[] = {NULL};

	return (struct ut_run_options){
		.device = "host",
		.out = out,
		.plain = true,
		.data_roots = nowhere,
		.supplies = &supplies,
		.observer = {.user = patience,
			     .stop = patience ? out_of_patience : NULL},
		.note = keep_note,
	};
}

static enum ut_status finish(enum ut_status status, struct ut_results *results)
{
	if (!status)
		ut_results_release(results);
	return status;
}

static enum ut_status start(const struct ut_run_options *options)
{
	struct ut_results results;

	return finish(ut_run(&recipe, options, &results, &error), &results);
}

static enum ut_status resume(const struct ut_run_options *options)
{
	struct ut_recipe read;
	struct ut_results results;

	return finish(ut_run_resume(&read, options, &results, &error),
		      &results);
}

/* A whole run without a stop. */
static void run_through(const char *out)
{
	struct ut_run_options options = options_for(out, NULL);

	ck_assert_msg(!start(&options), "%s", error.text);
}

/* Stops a new run at the n-th step. */
static void stop_at(const char *out, unsigned n)
{
	struct patience patience = {.most = n};
	struct ut_run_options options = options_for(out, &patience);

	ck_assert_int_eq(start(&options), UT_INTERRUPTED);
}

static void read_file(const char *folder, const char *name, char **data,
		      size_t *bytes)
{
	char *path = ut_path_join(folder, name);

	ck_assert_msg(!ut_file_read(path, 1 << 24, data, bytes, &error), "%s",
		      error.text);
	free(path);
}

/*
 * Stops a run at every k-th step, each time going on from there, and compares
 * it with one that was never stopped. Returns how often it was stopped.
 */
static unsigned stop_again_and_again(const char *name, unsigned k,
				     const char *device)
{
	const char *whole = test_scratch("whole-%s", name);
	const char *out = test_scratch("out-%s-%u", name, k);
	struct patience patience = {.most = k};
	struct ut_run_options options = options_for(out, &patience);
	enum ut_status status;
	unsigned stops = 0;

	if (!ut_file_exists(whole))
		run_through(whole);
	for (status = start(&options); status == UT_INTERRUPTED; ++stops) {
		ck_assert(!ut_file_exists(out));
		ck_assert(ut_run_interrupted(out));
		patience.asked = 0;
		options.device = stops % 2 ? "host" : device;
		status = resume(&options);
	}
	ck_assert_msg(!status, "%s", error.text);
	ck_assert(!ut_run_interrupted(out));
	ck_assert(
		!ut_file_exists(test_scratch("out-%s-%u.checkpoint", name, k)));
	test_same_run(whole, out);
	return stops;
}

START_TEST(a_run_stopped_anywhere_ends_as_if_it_had_not_been)
{
	static const struct {
		const char *name, *file;
		const char *words[5];
	} cases[] = {
		{"mlp", "tiny", {"evaluate=epoch"}},
		{"groups", "tiny", {"evaluate=epoch", "group=1", "save=first"}},
		{"cnn", "tiny-cnn", {"evaluate=epoch", "robustness=yes"}},
		{"sgd",
		 "tiny",
		 {"teacher.optimiser=sgd", "distill.optimiser=adamw",
		  "distill.schedule=cosine", "distill.dropout=0.1",
		  "distill.redraw=epoch"}},
		{"noise",
		 "tiny",
		 {"diagnostics=yes", "distill.noise=lowrank",
		  "distill.perturb=0.1", "distill.control=derangement",
		  "conditions=aux, cross-aux"}},
		{"images",
		 "tiny",
		 {"distill.noise=normal", "distill.noise_set=glyphs",
		  "distill.noise_mix=0.5", "conditions=aux, all"}},
		{"shuffled",
		 "tiny",
		 {"conditions=aux, ceiling, shuffled-teacher, shuffled-aux",
		  "save=none"}},
	};
	static const unsigned steps[] = {1, 7, 23};
	size_t i, j, k;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char path[64];

		snprintf(path, sizeof(path), "data/recipes/%s.ini",
			 cases[i].file);
		ck_assert(!ut_recipe_load(&recipe, path, &error));
		for (j = 0; j < 5 && cases[i].words[j]; ++j)
			set(cases[i].words[j]);
		set("data.limit=200");
		set("distill.images=200");
		for (k = 0; k < sizeof(steps) / sizeof(*steps); ++k)
			ck_assert_uint_gt(stop_again_and_again(cases[i].name,
							       steps[k],
							       "host"),
					  0);
	}
}
END_TEST

START_TEST(a_run_goes_on_on_any_device)
{
	struct ut_device *device;
	static const char *const names[] = {"pocl", "intel"};
	const char *listed = getenv("UNDERTONE_TEST_DEVICES");
	size_t i;

	for (i = 0; i < 2; ++i) {
		if ((listed && !strstr(listed, names[i])) ||
		    ut_device_open(&device, names[i], &error)) {
			test_skip("going on with another device", names[i]);
			continue;
		}
		ut_device_close(device);
		set("evaluate=epoch");
		set("data.limit=200");
		set("distill.images=200");
		ck_assert_uint_gt(stop_again_and_again(names[i], 9, names[i]),
				  3);
	}
}
END_TEST

/* What an inexact device began is not the contract's, wherever it ends. */
START_TEST(a_run_begun_inexactly_stays_so)
{
	const char *out = test_scratch("out");
	struct patience patience = {.most = 20};
	struct ut_run_options options = options_for(out, &patience);
	const char *flaw;
	json_t *receipt;
	unsigned i;

	ck_assert(!ut_supplies_device(&supplies, "host", &error));
	supplies.devices[0]->info.bit_exact = false;
	strcpy(supplies.devices[0]->info.flaw, "made so");
	ck_assert_int_eq(start(&options), UT_INTERRUPTED);
	/* two more devices, both exact */
	for (i = 0; i < 2; ++i) {
		ut_supplies_release(&supplies);
		supplies = (struct ut_supplies){0};
		patience = (struct patience){.most = i ? UINT_MAX : 20};
		ck_assert_int_eq(resume(&options), i ? UT_OK : UT_INTERRUPTED);
	}
	ck_assert(!ut_receipt_read(&receipt, out, &error));
	ck_assert(json_is_false(json_object_get(receipt, "bit_exact")));
	flaw = json_string_value(json_object_get(receipt, "flaw"));
	ck_assert_str_eq(flaw, "made so");
	json_decref(receipt);
}
END_TEST

START_TEST(checkpoints_every_epoch_are_gone_on_from)
{
	const char *whole = test_scratch("whole"), *out = test_scratch("out");
	struct patience patience = {.most = 35};
	struct ut_run_options options = options_for(out, &patience);
	json_t *receipt;

	run_through(whole);
	options.checkpoint = 1;
	ck_assert_int_eq(start(&options), UT_INTERRUPTED);
	ck_assert_ptr_nonnull(strstr(error.text, "undertone resume"));
	ck_assert_ptr_nonnull(strstr(error.text, out));
	ck_assert(ut_file_exists(test_scratch("out.checkpoint/state-0")));
	ck_assert(ut_file_exists(test_scratch("out.checkpoint/state-1")));
	/* as if the process had died before it could keep the last of them */
	ck_assert(!unlink(test_scratch("out.checkpoint/state-0")) ||
		  !unlink(test_scratch("out.checkpoint/state-1")));
	options.observer.stop = NULL;
	options.out = test_scratch("out.checkpoint/");
	ck_assert_msg(!resume(&options), "%s", error.text);
	test_same_run(whole, out);
	ck_assert(!ut_receipt_read(&receipt, out, &error));
	json_decref(receipt);
}
END_TEST

START_TEST(students_of_kept_teachers_go_on_too)
{
	const char *teacher = test_scratch("teacher");
	struct patience patience = {.most = 11};
	struct ut_run_options options =
		options_for(test_scratch("out"), &patience);

	run_through(teacher);
	options.teacher = teacher;
	set("distill.loss=mse");
	ck_assert_int_eq(start(&options), UT_INTERRUPTED);
	options.observer.stop = NULL;
	options.teacher = NULL;
	ck_assert_msg(!resume(&options), "%s", error.text);
	options.out = test_scratch("whole");
	options.teacher = teacher;
	ck_assert_msg(!start(&options), "%s", error.text);
	test_same_run(test_scratch("whole"), test_scratch("out"));
}
END_TEST

START_TEST(an_interrupted_run_is_not_begun_again_by_mistake)
{
	const char *out = test_scratch("out");
	struct ut_run_options options = options_for(out, NULL);

	stop_at(out, 5);
	ck_assert_int_eq(start(&options), UT_EXISTS);
	ck_assert_ptr_nonnull(strstr(error.text, "undertone resume"));
	ck_assert(ut_run_interrupted(out));
	options.force = true;
	ck_assert_msg(!start(&options), "%s", error.text);
	ck_assert(!ut_run_interrupted(out));
	run_through(test_scratch("whole"));
	test_same_run(test_scratch("whole"), out);
}
END_TEST

START_TEST(a_sweep_may_say_go_on_where_you_can)
{
	const char *out = test_scratch("out");
	struct ut_run_options options = options_for(out, NULL);

	options.resume = true;
	ck_assert_msg(!start(&options), "%s", error.text);
	stop_at(test_scratch("two"), 12);
	options.out = test_scratch("two");
	ck_assert_msg(!start(&options), "%s", error.text);
	test_same_run(out, test_scratch("two"));
	stop_at(test_scratch("three"), 12);
	options.out = test_scratch("three");
	set("seed=2");
	ck_assert_int_eq(start(&options), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "of another recipe"));
}
END_TEST

START_TEST(nothing_to_go_on_from_is_said)
{
	struct ut_run_options options = options_for(test_scratch("none"), NULL);

	ck_assert_int_eq(resume(&options), UT_MISSING);
	ck_assert_ptr_nonnull(strstr(error.text, "none.checkpoint"));
	ck_assert(!ut_file_exists(test_scratch("none.checkpoint")));
}
END_TEST

/* Two states, of which the newer is in slot *newer. */
static const char *keep_two_states(void)
{
	const char *out = test_scratch("out");
	struct patience patience = {.most = 9};
	struct ut_run_options options = options_for(out, &patience);

	ck_assert_int_eq(start(&options), UT_INTERRUPTED);
	patience.asked = 0;
	ck_assert_int_eq(resume(&options), UT_INTERRUPTED);
	return out;
}

static void write_state(unsigned slot, const char *data, size_t bytes)
{
	ck_assert(!ut_file_write(test_scratch("out.checkpoint/state-%u", slot),
				 data, bytes, &error));
}

START_TEST(a_damaged_state_is_named_and_the_other_used)
{
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	char *data;
	size_t bytes;

	read_file(test_scratch("out.checkpoint"), "state-0", &data, &bytes);
	data[bytes / 2] ^= 4;
	write_state(0, data, bytes);
	free(data);
	ck_assert_msg(!resume(&options), "%s", error.text);
	ck_assert_msg(strstr(noted, "state-0: damaged") &&
			      strstr(noted, "the other"),
		      "%s", noted);
	run_through(test_scratch("whole"));
	test_same_run(test_scratch("whole"), out);
}
END_TEST

/* Every flip and every cut is found; none of them is read as a state. */
START_TEST(no_damaged_state_is_taken)
{
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	char *data, saved;
	size_t bytes, i, at;

	read_file(test_scratch("out.checkpoint"), "state-0", &data, &bytes);
	ck_assert(!unlink(test_scratch("out.checkpoint/state-1")));
	for (i = 0; i < 60; ++i) {
		/* all over the head, then here and there */
		at = i < 40 ? i * 5 : i * 7919 * 13 % bytes;
		saved = data[at];
		data[at] ^= (char)(1 << i % 8);
		write_state(0, data, bytes);
		data[at] = saved;
		ck_assert_msg(resume(&options) == UT_CORRUPT, "byte %zu", at);
		ck_assert_ptr_nonnull(strstr(error.text, "nothing to go on"));
	}
	for (i = 0; i < 20; ++i) {
		write_state(0, data, i < 10 ? i * 23 : bytes - 1 - i * 1000);
		ck_assert_int_eq(resume(&options), UT_CORRUPT);
		ck_assert_ptr_nonnull(strstr(error.text, "cut short"));
	}
	write_state(0, data, bytes);
	ck_assert_msg(!resume(&options), "%s", error.text);
	free(data);
}
END_TEST

START_TEST(a_file_without_end_is_not_read)
{
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);

	ck_assert(!truncate(test_scratch("out.checkpoint/state-0"),
			    (off_t)1 << 40));
	ck_assert(!unlink(test_scratch("out.checkpoint/state-1")));
	ck_assert(
		!symlink("/dev/zero", test_scratch("out.checkpoint/state-1")));
	ck_assert_int_eq(resume(&options), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "longer than"));
}
END_TEST

/* The digest does not stop one who makes a new one. */
static void forge(char *data, size_t bytes, size_t at, uint32_t value)
{
	struct ut_fingerprinter print;
	struct ut_fingerprint digest;

	memcpy(data + at, &value, sizeof(value));
	ut_fingerprint_init(&print);
	ut_fingerprint_update(&print, data, bytes - sizeof(digest));
	digest = ut_fingerprint_finish(&print);
	memcpy(data + bytes - sizeof(digest), &digest, sizeof(digest));
	write_state(0, data, bytes);
}

START_TEST(a_forged_state_leads_nowhere)
{
	/* where the state's numbers and the group's are: see lab/state.c */
	enum {
		STATE = 16 + 8 + 24 + 8,
		FINISHED = STATE + sizeof(struct ut_state) +
			   4 * sizeof(struct ut_fingerprint) + UT_FLAW,
		PLACE = FINISHED + 2,
	};
	static const size_t members[] = {
		PLACE + offsetof(struct ut_place, first),
		PLACE + offsetof(struct ut_place, replicas),
		PLACE + offsetof(struct ut_place, phase),
		PLACE + offsetof(struct ut_place, step),
		PLACE + offsetof(struct ut_place, epoch),
		PLACE + offsetof(struct ut_place, epoch) + 4,
		STATE + offsetof(struct ut_state, groups),
		FINISHED,
	};
	static const uint32_t values[] = {0x7fffffff, 0xffffffff, 4, 1000};
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	char *data, saved[4], end[16];
	size_t bytes, i, j;

	read_file(test_scratch("out.checkpoint"), "state-0", &data, &bytes);
	ck_assert(!unlink(test_scratch("out.checkpoint/state-1")));
	memcpy(end, data + bytes - 16, 16);
	for (i = 0; i < sizeof(members) / sizeof(*members); ++i) {
		memcpy(saved, data + members[i], 4);
		for (j = 0; j < sizeof(values) / sizeof(*values); ++j) {
			/* steps of 4 there are */
			if (i == 3 && j == 2)
				continue;
			forge(data, bytes, members[i], values[j]);
			ck_assert_msg(resume(&options) == UT_CORRUPT,
				      "member %zu, value %zu: %s", i, j,
				      error.text);
			ck_assert_msg(strstr(error.text, "nowhere"),
				      "member %zu, value %zu: %s", i, j,
				      error.text);
		}
		memcpy(data + members[i], saved, 4);
	}
	memcpy(data + bytes - 16, end, 16);
	write_state(0, data, bytes);
	ck_assert_msg(!resume(&options), "%s", error.text);
	free(data);
}
END_TEST

START_TEST(an_edited_recipe_is_not_that_of_the_states)
{
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	char *text, *at;
	size_t bytes;

	read_file(test_scratch("out.checkpoint"), "recipe.ini", &text, &bytes);
	at = strstr(text, "seed = 1");
	ck_assert_ptr_nonnull(at);
	at[7] = '2';
	ck_assert(!ut_file_write(test_scratch("out.checkpoint/recipe.ini"),
				 text, bytes, &error));
	free(text);
	ck_assert_int_eq(resume(&options), UT_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "of another recipe"));
}
END_TEST

START_TEST(a_plan_that_is_none_is_refused)
{
	static const char *const texts[] = {
		"", "[]", "{\"teacher\": 7}",
		"{\"teacher\": \"\", \"force\": false, \"checkpoint\": -1}"};
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
		ck_assert(
			!ut_file_write(test_scratch("out.checkpoint/plan.json"),
				       texts[i], strlen(texts[i]), &error));
		ck_assert_int_eq(resume(&options), UT_CORRUPT);
		ck_assert_ptr_nonnull(strstr(error.text, "plan.json"));
	}
}
END_TEST

START_TEST(a_folder_in_the_way_is_not_touched)
{
	const char *out = test_scratch("out");
	struct ut_run_options options = options_for(out, NULL);

	ck_assert(!ut_folder_make(test_scratch("out.checkpoint"), &error));
	test_scratch_write(test_scratch("out.checkpoint/letter"), "x", 1,
			   false);
	options.force = true;
	ck_assert_int_eq(start(&options), UT_EXISTS);
	ck_assert_ptr_nonnull(strstr(error.text, "in the way"));
	ck_assert(ut_file_exists(test_scratch("out.checkpoint/letter")));
	ck_assert(!unlink(test_scratch("out.checkpoint/letter")));
	ck_assert_msg(!start(&options), "%s", error.text);
}
END_TEST

/* Another process that holds the lock, until the pipe is closed. */
static pid_t hold_lock(const char *path, int *pipe_end)
{
	int there[2], back[2];
	char word;
	pid_t child;

	ck_assert(!pipe(there) && !pipe(back));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int file = open(path, O_RDWR | O_CREAT, 0666);
		bool good = file >= 0 && !fcntl(file, F_SETLK, &lock);

		close(there[1]);
		if (write(back[1], "x", good) < 0 || read(there[0], &word, 1))
			_exit(1);
		_exit(0);
	}
	close(there[0]);
	ck_assert_int_eq(read(back[0], &word, 1), 1);
	close(back[0]);
	close(back[1]);
	*pipe_end = there[1];
	return child;
}

START_TEST(two_processes_are_not_at_one_run)
{
	const char *out = keep_two_states();
	struct ut_run_options options = options_for(out, NULL);
	char number[32];
	int end;
	pid_t other = hold_lock(test_scratch(".out.lock"), &end);

	snprintf(number, sizeof(number), "process %ld", (long)other);
	ck_assert_int_eq(resume(&options), UT_EXISTS);
	ck_assert_msg(strstr(error.text, number), "%s", error.text);
	options.force = true;
	ck_assert_int_eq(start(&options), UT_EXISTS);
	ck_assert(ut_run_interrupted(out));
	close(end);
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	options.force = false;
	ck_assert_msg(!resume(&options), "%s", error.text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("checkpoint");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests,
		       a_run_stopped_anywhere_ends_as_if_it_had_not_been);
	tcase_add_test(tests, a_run_goes_on_on_any_device);
	tcase_add_test(tests, a_run_begun_inexactly_stays_so);
	tcase_add_test(tests, checkpoints_every_epoch_are_gone_on_from);
	tcase_add_test(tests, students_of_kept_teachers_go_on_too);
	tcase_add_test(tests, an_interrupted_run_is_not_begun_again_by_mistake);
	tcase_add_test(tests, a_sweep_may_say_go_on_where_you_can);
	tcase_add_test(tests, nothing_to_go_on_from_is_said);
	tcase_add_test(tests, a_damaged_state_is_named_and_the_other_used);
	tcase_add_test(tests, no_damaged_state_is_taken);
	tcase_add_test(tests, a_file_without_end_is_not_read);
	tcase_add_test(tests, a_forged_state_leads_nowhere);
	tcase_add_test(tests, an_edited_recipe_is_not_that_of_the_states);
	tcase_add_test(tests, a_plan_that_is_none_is_refused);
	tcase_add_test(tests, a_folder_in_the_way_is_not_touched);
	tcase_add_test(tests, two_processes_are_not_at_one_run);
	return test_main_alone("checkpoint", tests);
}
