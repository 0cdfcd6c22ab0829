/* The self-test: it finds seeded defects by name, and mends what can be mended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "device/selftest.h"
#include "device/selftest_lane.h"
#include "support/mistakes.h"
#include "support/edit.h"
#include "support/scratch.h"
#include "support/testing.h"

enum { LINES = 64 };

/* What was told, in order. */
struct story {
	size_t count;
	struct {
		char what[64], found[160];
		unsigned clause;
		enum ut_verdict verdict;
	} lines[LINES];
};

static void told(void *user, const struct ut_selftest_line *line)
{
	struct story *story = user;
	size_t i = story->count++;

	ck_assert_uint_lt(i, LINES);
	snprintf(story->lines[i].what, sizeof(story->lines[i].what), "%s",
		 line->what);
	snprintf(story->lines[i].found, sizeof(story->lines[i].found), "%s",
		 line->found);
	story->lines[i].clause = line->clause;
	story->lines[i].verdict = line->verdict;
	ck_assert_str_ne(ut_clause_name(line->clause), "?");
}

static enum ut_verdict verdict_of(const struct story *story, const char *what)
{
	size_t i;

	for (i = 0; i < story->count; ++i)
		if (!strcmp(story->lines[i].what, what))
			return story->lines[i].verdict;
	ck_abort_msg("nothing was told of %s", what);
}

static bool is_training(const char *what)
{
	return !strcmp(what, "MLP") || !strcmp(what, "CNN");
}

/* Of the operations those that are named are wrong and no others. */
static void assert_wrong(const struct story *story, const char *why,
			 const char *const *ops)
{
	size_t i, j;

	for (j = 0; ops[j]; ++j)
		ck_assert_msg(verdict_of(story, ops[j]) == UT_WRONG,
			      "%s: %s passed", why, ops[j]);
	for (i = 0; i < story->count; ++i) {
		const char *what = story->lines[i].what;

		if (story->lines[i].verdict != UT_WRONG || is_training(what))
			continue;
		for (j = 0; ops[j] && strcmp(ops[j], what); ++j)
			;
		ck_assert_msg(ops[j], "%s: %s was blamed: %s", why, what,
			      story->lines[i].found);
		ck_assert_uint_gt(strlen(story->lines[i].found), 0);
	}
}

/* The host ------------------------------------------------------------------ */

START_TEST(the_host_is_proven)
{
	static const char *const nothing[] = {NULL};
	struct story story = {0};
	struct ut_device_info info;
	struct ut_error error = {0};

	ck_assert_msg(!ut_selftest("host", told, &story, &info, &error), "%s",
		      error.text);
	assert_wrong(&story, "the host", nothing);
	ck_assert_msg(info.bit_exact, "%s", info.flaw);
	ck_assert_int_eq(verdict_of(&story, "MLP"), UT_PROVEN);
	ck_assert_int_eq(verdict_of(&story, "CNN"), UT_PROVEN);
	ck_assert_int_eq(verdict_of(&story, "fma rounds once"), UT_PROVEN);
}
END_TEST

/* A second host whose numbers nobody takes for granted. */
static struct ut_device *open_other(void)
{
	struct ut_device *device = NULL;
	struct ut_error error = {0};

	ck_assert_msg(!ut_device_open(&device, "host", &error), "%s",
		      error.text);
	device->info.kind = UT_KIND_ACCELERATOR;
	return device;
}

START_TEST(every_slot_is_tried)
{
	/* every word of struct ut_backend that computes, but the tuned library's */
	static const char *const slots[] = {
		"copy",          "fill",           "linear_forward",
		"linear_data",   "linear_weights", "conv_forward",
		"conv_data",     "conv_weights",   "max_pool",
		"average_pool",  "pool_data",      "random",
		"dropout",       "filter",         "octaves",
		"blend",         "augment",        "gather_images",
		"gather_labels", "cross_entropy",  "distil",
		"moments",       "mean",           "optimise",
		"argmax",        "count_equal",    "fma_chain",
		"check_finite",
	};
	struct ut_device *device = open_other();
	struct story story = {0};
	struct ut_error error = {0};
	size_t i;

	/* fails if an operation of the table was never run */
	ck_assert_msg(!ut_selftest_operations(device, told, &story, &error),
		      "%s", error.text);
	for (i = 0; i < sizeof(slots) / sizeof(*slots); ++i)
		ck_assert_int_eq(verdict_of(&story, slots[i]), UT_PROVEN);
	ck_assert(device->info.bit_exact);
	ck_assert_uint_eq(ut_device_bytes(device), 0);
	ck_assert_uint_eq(ut_device_bytes_peak(device), 0);
	ck_assert(!ut_device_finish(device, &error));
	ut_device_close(device);
}
END_TEST

/* Defects ------------------------------------------------------------------- */

START_TEST(seeded_defects_are_found_by_name)
{
	const struct test_mistake *d;
	struct ut_error error = {0};

	for (d = test_mistakes; d->what; ++d) {
		const char *const ops[] = {d->op, NULL};
		struct ut_device *device = open_other();
		struct story story = {0};

		test_mistake_begin(device, d);
		ck_assert_msg(!ut_selftest_operations(device, told, &story,
						      &error),
			      "%s: %s", d->what, error.text);
		test_mistake_end(device);
		assert_wrong(&story, d->what, ops);
		ck_assert(!device->info.bit_exact);
		ck_assert_ptr_nonnull(strstr(device->info.flaw, d->op));
		ut_device_close(device);
	}
}
END_TEST

START_TEST(untold_it_ends_at_the_first)
{
	struct ut_device *device = open_other();
	struct ut_error error = {0};

	test_mistake_begin(device, &test_mistakes[0]);
	ck_assert(!ut_selftest_operations(device, NULL, NULL, &error));
	test_mistake_end(device);
	ck_assert(!device->info.bit_exact);
	/* "clause 2, linear_forward: y[0] of replica 0 is ..., not ..." */
	ck_assert_ptr_nonnull(strstr(device->info.flaw, "clause 2, "));
	ck_assert_ptr_nonnull(strstr(device->info.flaw, "y["));
	ck_assert_ptr_nonnull(strstr(device->info.flaw, ", not "));
	ut_device_close(device);
}
END_TEST

static const struct ut_backend *patient;

/* Right while somebody looks at each step. */
static void hasty(struct ut_device *device, const struct ut_linear_data *op)
{
	struct ut_linear_data wrong = *op;

	if (!device->trace)
		wrong.gate = (struct ut_slice){0};
	patient->linear_data(device, &wrong);
}

START_TEST(what_watching_hides_is_found_by_training)
{
	static const char *const nothing[] = {NULL};
	struct ut_device *device = open_other();
	struct ut_backend table = *device->backend;
	struct story story = {0};
	struct ut_error error = {0};

	patient = device->backend;
	table.linear_data = hasty;
	device->backend = &table;
	ck_assert(!ut_selftest_operations(device, told, &story, &error));
	device->backend = patient;
	assert_wrong(&story, "hasty", nothing);
	ck_assert_int_eq(verdict_of(&story, "MLP"), UT_WRONG);
	ck_assert_int_eq(verdict_of(&story, "CNN"), UT_WRONG);
	ck_assert(!device->info.bit_exact);
	ut_device_close(device);
}
END_TEST

START_TEST(a_device_that_fails_is_an_error)
{
	struct ut_device *device = open_other();
	struct ut_error error = {0};

	ut_device_latch(device, UT_DEVICE, "it is gone");
	ck_assert_int_eq(ut_selftest_operations(device, NULL, NULL, &error),
			 UT_DEVICE);
	ck_assert_str_eq(error.text, "it is gone");
	ut_device_close(device);
}
END_TEST

/* Ways around, and what is kept ---------------------------------------------- */

/* A device that computes as it should with the guard alone, or never. */
static struct {
	struct ut_backend table;
	unsigned opened, calls;
	bool hopeless;
} odd;

static enum ut_status odd_open(struct ut_device *device, struct ut_error *error)
{
	enum ut_status status = patient->open(device, error);

	/* the host chooses a table by its level */
	device->backend = &odd.table;
	++odd.opened;
	device->info.kind = UT_KIND_ACCELERATOR;
	device->proof.wanted = true;
	return status;
}

static void odd_close(struct ut_device *device)
{
	patient->close(device);
	device->backend = &odd.table;
}

static void odd_linear_data(struct ut_device *device,
			    const struct ut_linear_data *op)
{
	struct ut_linear_data wrong = *op;

	++odd.calls;
	if (odd.hopeless || !(device->proof.repairs & UT_REPAIR_GUARD))
		wrong.gate = (struct ut_slice){0};
	patient->linear_data(device, &wrong);
}

/* What ut_device_open does; the verdict is kept under a name of the test's. */
static void odd_prove(struct ut_device *device)
{
	struct ut_device *host = open_other();
	struct ut_error error = {0};

	patient = host->backend;
	odd.table = *patient;
	odd.table.open = odd_open;
	odd.table.close = odd_close;
	odd.table.linear_data = odd_linear_data;
	odd.opened = odd.calls = 0;
	*device = (struct ut_device){.backend = &odd.table, .info = host->info};
	device->info.flaw[0] = '\0';
	device->info.bit_exact = true;
	strcpy(device->proof.key, odd.hopeless ? "hopeless" : "odd");
	ut_device_close(host);
	if (!ut_proof_load(&device->proof, &device->info))
		ck_assert(!odd_open(device, &error));
	else
		ck_assert(!patient->open(device, &error));
	ck_assert_msg(!ut_prove(device, NULL, NULL, &error), "%s", error.text);
}

START_TEST(what_a_probe_does_not_see_is_mended)
{
	struct ut_device device;

	odd.hopeless = false;
	odd_prove(&device);
	ck_assert(device.info.bit_exact);
	ck_assert_uint_eq(device.proof.repairs, UT_REPAIR_GUARD);
	ck_assert_uint_eq(odd.opened, 2);
	device.backend->close(&device);
}
END_TEST

START_TEST(a_verdict_is_kept)
{
	struct ut_device device;
	char flaw[sizeof(device.info.flaw)];

	odd.hopeless = true;
	odd_prove(&device);
	ck_assert(!device.info.bit_exact);
	ck_assert_ptr_nonnull(strstr(device.info.flaw, "linear_data"));
	/* itself, with the guard, with everything, and as it was */
	ck_assert_uint_eq(odd.opened, 4);
	ck_assert_uint_eq(device.proof.repairs, 0);
	ck_assert_uint_gt(odd.calls, 0);
	memcpy(flaw, device.info.flaw, sizeof(flaw));
	device.backend->close(&device);

	odd_prove(&device);
	ck_assert(!device.info.bit_exact);
	ck_assert_str_eq(device.info.flaw, flaw);
	ck_assert_uint_eq(odd.opened, 0);
	ck_assert_uint_eq(odd.calls, 0);
	device.backend->close(&device);

	odd.hopeless = false;
	odd_prove(&device);
	device.backend->close(&device);
	odd_prove(&device);
	ck_assert(device.info.bit_exact);
	ck_assert_uint_eq(device.proof.repairs, UT_REPAIR_GUARD);
	ck_assert_uint_eq(odd.calls, 0);
	device.backend->close(&device);

	setenv("UNDERTONE_CACHE", "off", 1);
	odd_prove(&device);
	ck_assert_uint_gt(odd.calls, 0);
	device.backend->close(&device);
	setenv("UNDERTONE_CACHE", test_scratch("cache"), 1);
}
END_TEST

START_TEST(the_document_has_the_fingerprints)
{
	struct ut_device *device = open_other();
	struct selftest_lane lane = {.device = device};
	struct ut_fingerprint mlp, cnn;
	char text[UT_FINGERPRINT_TEXT];
	struct ut_error error = {0};
	size_t bytes;
	char *document = test_edit_read("docs", "ARITHMETIC.md", &bytes);
	int type;

	for (type = 0; type < SELFTEST_TYPES; ++type)
		lane.arena[type] =
			ut_buffer_new(device, type, ut_selftest_arena(type));
	ck_assert(!ut_selftest_mlp(&lane, &mlp, &error));
	memset(lane.used, 0, sizeof(lane.used));
	ck_assert(!ut_selftest_cnn(&lane, &cnn, &error));
	ut_fingerprint_text(mlp, text);
	ck_assert_ptr_nonnull(strstr(document, text));
	ut_fingerprint_text(cnn, text);
	ck_assert_ptr_nonnull(strstr(document, text));
	free(document);
	for (type = 0; type < SELFTEST_TYPES; ++type)
		ut_buffer_free(lane.arena[type]);
	ut_device_close(device);
}
END_TEST

static void begin(void)
{
	test_scratch_open();
	setenv("UNDERTONE_CACHE", test_scratch("cache"), 1);
}

int main(void)
{
	TCase *tests = tcase_create("selftest");

	tcase_add_unchecked_fixture(tests, begin, test_scratch_close);
	tcase_add_test(tests, the_host_is_proven);
	tcase_add_test(tests, every_slot_is_tried);
	tcase_add_test(tests, seeded_defects_are_found_by_name);
	tcase_add_test(tests, untold_it_ends_at_the_first);
	tcase_add_test(tests, what_watching_hides_is_found_by_training);
	tcase_add_test(tests, a_device_that_fails_is_an_error);
	tcase_add_test(tests, what_a_probe_does_not_see_is_mended);
	tcase_add_test(tests, a_verdict_is_kept);
	tcase_add_test(tests, the_document_has_the_fingerprints);
	return test_main_alone("selftest", tests);
}
