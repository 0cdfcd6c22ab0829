/* Runs read back: what was measured, and every file that is not what it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/record.h"
#include "lab/run.h"
#include "support/edit.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_results results;
static struct ut_record record;
static struct ut_error error;
static const char *folder;

static void set(const char *word)
{
	ck_assert_msg(!ut_recipe_assign(&recipe, word, &error), "%s",
		      error.text);
}

static void run_it(void)
{
	static const char *const nowhere[] = {NULL};

	ck_assert_msg(!ut_run(&recipe,
			      &(struct ut_run_options){
				      .device = "host",
				      .out = folder,
				      .force = true,
				      .plain = true,
				      .data_roots = nowhere,
			      },
			      &results, &error),
		      "%s", error.text);
}

static void begin(void)
{
	static const char *const words[] = {
		"data.limit=60",    "distill.images=60", "samples=3",
		"evaluate=epoch",   "robustness=yes",    "replicas=2",
		"teacher.epochs=1", "save=none",         "conditions=aux",
	};
	size_t i;

	test_scratch_open();
	error = (struct ut_error){0};
	record = (struct ut_record){0};
	results = (struct ut_results){0};
	folder = test_scratch("run");
	ck_assert(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error));
	for (i = 0; i < sizeof(words) / sizeof(*words); ++i)
		set(words[i]);
	run_it();
}

static void end(void)
{
	ut_record_release(&record);
	ut_results_release(&results);
	test_scratch_close();
}

static enum ut_status read_it(void)
{
	ut_record_release(&record);
	return ut_record_read(&record, folder, &error);
}

static void same_numbers(const double *a, const double *b)
{
	size_t r;

	ck_assert(!a == !b);
	for (r = 0; a && r < results.replicas; ++r)
		ck_assert(fabs(a[r] - b[r]) < 1e-9);
}

static void same_points(const struct ut_phase *a, const struct ut_phase *b)
{
	size_t count = (size_t)(a->epochs + 1) * results.replicas, i;

	ck_assert_int_eq(a->trained, b->trained);
	ck_assert_uint_eq(a->epochs, b->epochs);
	for (i = 0; a->trained && i < count; ++i) {
		ck_assert(ut_fingerprint_equal(a->points[i].print,
					       b->points[i].print));
		ck_assert(fabs(a->points[i].loss - b->points[i].loss) < 1e-6);
		ck_assert(fabs(a->points[i].accuracy - b->points[i].accuracy) <
			  1e-5);
	}
}

START_TEST(what_was_measured_comes_back)
{
	size_t cells = results.classes * results.classes, logits, i;
	uint64_t *counts = calloc(cells, sizeof(*counts));
	const struct ut_results *read = &record.results;
	int c, kind;

	ck_assert_msg(!read_it(), "%s", error.text);
	ck_assert_uint_eq(read->replicas, results.replicas);
	ck_assert_uint_eq(read->classes, results.classes);
	ck_assert_uint_eq(read->aux, results.aux);
	ck_assert_uint_eq(read->samples, 3);
	ck_assert(!memcmp(read->labels, results.labels, sizeof(read->labels)));
	ck_assert(!memcmp(read->sample_labels, results.sample_labels, 3));
	ck_assert(fabs(read->commonest - results.commonest) < 1e-9);
	logits = 2 * 3 * (results.classes + results.aux);
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_scores *scores = &results.scores[c];

		same_numbers(scores->accuracy, read->scores[c].accuracy);
		same_numbers(scores->present, read->scores[c].present);
		for (kind = 0; kind < UT_ROBUST_KINDS; ++kind)
			same_numbers(results.robust[c][kind].present,
				     read->robust[c][kind].present);
		same_points(&results.phases[c], &read->phases[c]);
		ck_assert(!record.confusion[c] == !scores->accuracy);
		if (!scores->accuracy)
			continue;
		ut_results_confusion(&results, scores, counts);
		ck_assert(!memcmp(counts, record.confusion[c],
				  cells * sizeof(*counts)));
		for (i = 0; i < logits; ++i)
			ck_assert(results.sample_logits[c][i] ==
				  read->sample_logits[c][i]);
	}
	free(counts);
	ck_assert_str_eq(ut_record_text(&record, "data.set"), "glyphs");
	ck_assert_str_eq(ut_record_text(&record, "data.nothing.at"), "");
	ck_assert(isnan(ut_record_number(&record, "recipe")));
	ck_assert(ut_record_number(&record, "data.train.images") == 60);
}
END_TEST

START_TEST(pictures_are_the_first_of_the_run)
{
	ck_assert_msg(!read_it(), "%s", error.text);
	ck_assert_uint_eq(record.pictures.height, 28);
	ck_assert_uint_eq(record.pictures.noise.count, 16);
	ck_assert_uint_eq(record.pictures.train.count, 16);
	ck_assert_uint_eq(record.pictures.test.count, 16);
	ck_assert_uint_eq(record.pictures.augmented.count, 0);
	ck_assert_ptr_nonnull(record.pictures.noise.numbers);
	ck_assert(!unlink(test_scratch("run/pictures.safetensors")));
	ck_assert_msg(!read_it(), "%s", error.text);
	ck_assert_uint_eq(record.pictures.noise.count, 0);
}
END_TEST

/* Reading must fail with this status and name what is wrong. */
static void refused(enum ut_status status, const char *part)
{
	enum ut_status got = read_it();

	ck_assert_msg(got == status, "status %d, not %d: %s", got, status,
		      error.text);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
}

START_TEST(a_missing_file_is_named)
{
	static const char *const names[] = {"receipt.json", "recipe.ini",
					    "metrics.csv", "samples.csv"};
	size_t i, bytes;

	for (i = 0; i < 4; ++i) {
		char *text = test_edit_read(folder, names[i], &bytes);

		ck_assert(!unlink(test_scratch("run/%s", names[i])));
		refused(UT_MISSING, names[i]);
		test_edit_write(folder, names[i], text, bytes);
		free(text);
	}
	ck_assert_msg(!read_it(), "%s", error.text);
}
END_TEST

START_TEST(a_cut_file_is_named)
{
	static const char *const names[] = {"receipt.json", "metrics.csv",
					    "samples.csv",
					    "pictures.safetensors"};
	size_t i, bytes;

	for (i = 0; i < 4; ++i) {
		char *text = test_edit_read(folder, names[i], &bytes);

		test_edit_cut(folder, names[i], bytes / 2);
		refused(UT_CORRUPT, names[i]);
		test_edit_cut(folder, names[i], 0);
		refused(UT_CORRUPT, names[i]);
		test_edit_write(folder, names[i], text, bytes);
		free(text);
	}
	ck_assert_msg(!read_it(), "%s", error.text);
}
END_TEST

START_TEST(an_edited_file_is_found_out)
{
	static const struct {
		const char *name, *from, *to, *part;
	} edits[] = {
		{"receipt.json", "\"mean\": 0.", "\"mean\": 0.9", "mean"},
		{"receipt.json", "\"chance\": 0.1", "\"chance\": 7", "chance"},
		{"receipt.json", "\"replicas\": 2", "\"replicas\": 3",
		 "replicas"},
		{"receipt.json", "\"seed\": 1", "\"seed\": 2", "seed"},
		{"receipt.json", "\"recipe\": \"tiny\"", "\"recipe\": \"tin\"",
		 "recipe.ini"},
		{"receipt.json", "\"accuracy\": [", "\"accuracy\": [0.5, ",
		 "replica"},
		{"receipt.json", "\"confusion\": [", "\"confusion\": [[], ",
		 "confusion"},
		{"receipt.json", "\"classes\": 10", "\"classes\": 9", "class"},
		{"receipt.json", "\"classes\": 10", "\"classes\": 100000",
		 "data.classes"},
		{"receipt.json", "\"height\": 28", "\"height\": 27", "size"},
		{"receipt.json", "{", "[", "receipt"},
		{"recipe.ini", "replicas = 2", "replicas = 1", "replicas"},
		{"recipe.ini", "samples = 3", "samples = 4", "samples.csv"},
		{"recipe.ini", "seed = 1", "sead = 1", "sead"},
		{"metrics.csv", "teacher,1,0", "teacher,2,0", "line 4"},
		{"metrics.csv", "teacher,1,0,", "teacher,1,0,-", "line 4"},
		{"metrics.csv", "teacher,1,0,", "teacher,1,0,1,", "fields"},
		{"metrics.csv", "phase", "fase", "phase"},
		{"samples.csv", "teacher,0,1", "teacher,0,0", "line 3"},
		{"samples.csv", "teacher,0,0,", "teacher,0,0,9", "line 2"},
		{"samples.csv", "aux,0,0,0,", "aux,0,0,0,nan", "not a logit"},
		{"samples.csv", "\naux,0,0,", "\naux,0,0,1", "label"},
	};
	size_t i, bytes;

	for (i = 0; i < sizeof(edits) / sizeof(*edits); ++i) {
		const char *name = edits[i].name;
		char *text = test_edit_read(folder, name, &bytes);

		test_edit(folder, name, edits[i].from, edits[i].to);
		ck_assert_msg(read_it(), "edit %zu of %s is not noticed", i,
			      name);
		ck_assert_msg(strstr(error.text, edits[i].part),
			      "'%s' lacks '%s'", error.text, edits[i].part);
		test_edit_write(folder, name, text, bytes);
		free(text);
	}
	ck_assert_msg(!read_it(), "%s", error.text);
}
END_TEST

/* The fingerprints of metrics.csv are those of the receipt, or refused. */
START_TEST(an_edited_fingerprint_is_found_out)
{
	size_t bytes;
	char *text = test_edit_read(folder, "metrics.csv", &bytes), print[33];
	const char *at = strstr(text, "teacher,1,1");
	int comma;

	for (comma = 0; comma < 6; ++at)
		comma += *at == ',';
	memcpy(print, at, 32);
	print[32] = '\0';
	free(text);
	test_edit(folder, "metrics.csv", print,
		  "00000000000000000000000000000000");
	refused(UT_CORRUPT, "fingerprints of teacher, epoch 1");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("record");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, what_was_measured_comes_back);
	tcase_add_test(tests, pictures_are_the_first_of_the_run);
	tcase_add_test(tests, a_missing_file_is_named);
	tcase_add_test(tests, a_cut_file_is_named);
	tcase_add_test(tests, an_edited_file_is_found_out);
	tcase_add_test(tests, an_edited_fingerprint_is_found_out);
	return test_main_alone("record", tests);
}
