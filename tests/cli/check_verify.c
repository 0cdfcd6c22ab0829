/* verify: a run repeated from its receipt, and receipts that are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/defects.h"
#include "support/edit.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

static void assert_status(int got, int status)
{
	ck_assert_msg(got == status, "status %d, not %d: %s%s", got, status,
		      test_output, test_complaint);
}

/* Fails unless the last output has the part. */
static void assert_said(const char *part)
{
	ck_assert_msg(strstr(test_output, part) || strstr(test_complaint, part),
		      "'%s%s' lacks '%s'", test_output, test_complaint, part);
}

/* The scratch folder with a run of mlp in it. */
static void open_run(void)
{
	test_defects_open();
	assert_status(test_faulty("", "run ./mlp.ini --device host --quiet "
				      "--out run"),
		      DONE);
}

START_TEST(a_receipt_is_verified_in_its_folder_and_alone)
{
	assert_status(test_faulty("", "verify run --device host --quiet"),
		      DONE);
	assert_said("verified: same bits on host: ");
	assert_said(", 6 of 6 epochs\n");
	ck_assert_str_eq(test_complaint, "");
	assert_status(test_faulty("", "verify run/receipt.json --device "
				      "faulty --quiet"),
		      DONE);
	/* alone, and the data are elsewhere */
	assert_status(test_command("cd %s && mkdir data alone && mv *ubyte "
				   "data && cp run/receipt.json alone/mine",
				   test_scratch(".")),
		      DONE);
	assert_status(test_faulty("", "verify alone/mine --device host "
				      "--data-dir data --json"),
		      DONE);
	assert_said("\"verified\": true");
	assert_said("\"checked\": 6");
	assert_status(test_faulty("", "verify alone/mine --device host "
				      "data.dir=data group=1 --quiet"),
		      DONE);
	assert_status(test_faulty("", "verify alone/mine --device host"),
		      FAILED);
	/* what a receipt holds is a recipe to run, too */
	assert_status(test_command("mv %s %s", test_scratch("alone/mine"),
				   test_scratch("alone/mine.json")),
		      DONE);
	assert_status(test_faulty("", "run alone/mine.json --data-dir data "
				      "--device host --quiet --out again"),
		      DONE);
	assert_status(test_command("cmp %s/run/metrics.csv "
				   "%s/again/metrics.csv",
				   test_scratch("."), test_scratch(".")),
		      DONE);
}
END_TEST

START_TEST(it_parts_at_the_first_other_fingerprint)
{
	assert_status(test_faulty("wrong:optimise:2",
				  "verify run --device faulty --quiet"),
		      FAILED);
	assert_said("parts at teacher epoch 1: faulty: ");
	assert_said("the 1 fingerprints before it are the same");
	assert_said("undertone compare run/recipe.ini --devices");
	/* 8 updates of the teacher, then 3 an epoch */
	assert_status(test_faulty("wrong:optimise:12",
				  "verify run --device faulty --json"),
		      FAILED);
	assert_said("\"phase\": \"aux\",\n    \"epoch\": 2");
	assert_said("\"same\": 5");
	assert_status(test_faulty("wrong:random:1",
				  "verify run --device faulty --quiet"),
		      FAILED);
	assert_said("parts at teacher epoch 0");
	/* the second group of one has it, too */
	assert_status(test_faulty("wrong:optimise:20",
				  "verify run group=1 --device faulty --quiet"),
		      FAILED);
	assert_said("parts at teacher epoch 2");
	assert_status(test_faulty("skip:argmax:1",
				  "verify run --device faulty --quiet"),
		      FAILED);
	assert_said("same fingerprints on faulty: ");
	assert_said("but other accuracies:\n  teacher ");
}
END_TEST

START_TEST(first_epochs_alone_are_quicker_and_say_what_is_left)
{
	assert_status(test_faulty("", "verify run --epochs 1 --device host "
				      "--quiet"),
		      DONE);
	assert_said(", 2 of 6 epochs\n");
	assert_said("not checked: teacher from epoch 2 on, aux (its teacher "
		    "was not trained to the end), all accuracies");
	assert_status(test_faulty("", "verify run --epochs 2 --device host "
				      "--quiet"),
		      DONE);
	assert_said(", 6 of 6 epochs\nnot checked: all accuracies");
	/* only what was left out is wrong */
	assert_status(test_faulty("wrong:optimise:5",
				  "verify run --epochs 1 --device faulty "
				  "--quiet"),
		      DONE);
	assert_status(test_faulty("wrong:optimise:4",
				  "verify run --epochs 1 --device faulty "
				  "--quiet"),
		      FAILED);
	assert_status(test_faulty("", "verify run --epochs 1-2"), USAGE);
	assert_status(test_faulty("", "verify run --epochs 0"), USAGE);
}
END_TEST

START_TEST(a_run_of_other_bits_is_verified_loosely)
{
	test_edit(test_scratch("run"), "receipt.json", "\"bit_exact\": true",
		  "\"bit_exact\": false");
	test_edit(test_scratch("run"), "receipt.json", "\"compute_units\"",
		  "\"flaw\": \"a library\", \"compute_units\"");
	assert_status(test_faulty("wrong:optimise:2",
				  "verify run --device faulty --quiet"),
		      DONE);
	assert_said("verified loosely: the bits of host: ");
	assert_said("(a library)");
	assert_said("; 2 of 6 fingerprints are the same\n  teacher ");
	assert_status(test_faulty("", "verify run --epochs 1"), FAILED);
	assert_said("and no first epochs");
	test_edit(test_scratch("run"), "receipt.json", "\"accuracy\": [",
		  "\"accuracy\": [0.9123, 0.9123, ");
	assert_status(test_faulty("", "verify run --device host --quiet"),
		      FAILED);
	assert_said("not verified, not even loosely");
	assert_said("too far apart");
}
END_TEST

START_TEST(other_data_are_noticed_before_anything_is_run)
{
	test_edit_cut(test_scratch("."), "train-images-idx3-ubyte", 100);
	assert_status(test_faulty("", "verify run --device host"), FAILED);
	assert_said("train-images-idx3-ubyte");
	test_defects_open();
	assert_status(test_faulty("", "run ./mlp.ini --device host --quiet "
				      "--out run"),
		      DONE);
	/* a pixel of the first image */
	assert_status(test_command("printf x | dd of=%s bs=1 seek=20 "
				   "conv=notrunc 2>&1",
				   test_scratch("train-images-idx3-ubyte")),
		      DONE);
	assert_status(test_faulty("hang:optimise:1",
				  "verify run --device faulty"),
		      FAILED);
	assert_said("is not the one of the run: digests differ");
}
END_TEST

/* What is wrong with a receipt, and what is said of it. */
START_TEST(receipts_that_make_no_sense_are_refused)
{
	static const char *const cases[][3] = {
		{"\"contract\": 1", "\"contract\": 2", "of contract 2"},
		{"\"contract\": 1", "\"contract\": \"1\"", "which undertone"},
		{"\"contract\": 1", "\"contract\": 1e300", "which undertone"},
		{"\"recipe\": \"mlp\"", "\"recipe\": \"other\"",
		 "another name"},
		{"\"seed\": 1", "\"seed\": 2", "another seed"},
		{"\"seed\": 1", "\"seed\": 99999999999999999999",
		 "not a receipt"},
		{"\"seed\": \"1\"", "\"seed\": \"2\"", "another seed"},
		{"\"seed\": \"1\"", "\"seed\": 1", "has no text"},
		{"\"seed\": \"1\"", "\"seed\": \"1e9999\"", "seed"},
		{"\"teacher.epochs\": \"2\"",
		 "\"teacher.epochs\": \"99999999999999999999\"",
		 "teacher.epochs"},
		{"\"teacher.epochs\": \"2\"", "\"teacher.epochs\": \"3\"",
		 "3 fingerprints of teacher"},
		{"\"replicas\": \"2\"", "\"replicas\": \"3\"",
		 "other replicas"},
		{"\"net\": \"fc 24, fc 20\"", "\"net\": \"fc 65536, nonsense\"",
		 "nonsense"},
		{"\"net\": \"fc 24, fc 20\"", "\"nets\": \"fc 24, fc 20\"",
		 "unknown key 'nets'"},
		{"\"net\": \"fc 24, fc 20\"",
		 "\"data.cache\": \"/tmp\", \"net\": \"fc 24, fc 20\"",
		 "which no receipt has"},
		{"\"keys\": {", "\"keys\": [], \"more\": {", "are no object"},
		{"\"fingerprints\"", "\"prints\"", "0 fingerprints of teacher"},
		{"\"bit_exact\": true", "\"bit_exact\": 1",
		 "whether its bits are exact"},
		{"\"driver\"", "\"chauffeur\"", "which device"},
		{"\"xxh3_128\": \"", "\"xxh3_128\": \"0", "digests differ"},
	};
	size_t bytes, i;
	char *whole =
		test_edit_read(test_scratch("run"), "receipt.json", &bytes);

	/* recipe.ini must not help */
	ck_assert(!remove(test_scratch("run/recipe.ini")));
	for (i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		test_edit_write(test_scratch("run"), "receipt.json", whole,
				bytes);
		test_edit(test_scratch("run"), "receipt.json", cases[i][0],
			  cases[i][1]);
		assert_status(test_faulty("", "verify run --device host "
					      "--data-dir . --quiet"),
			      FAILED);
		assert_said(cases[i][2]);
		ck_assert_str_eq(test_output, "");
	}
	test_edit_write(test_scratch("run"), "receipt.json", whole, bytes / 2);
	assert_status(test_faulty("", "verify run"), FAILED);
	assert_said("not a receipt");
	free(whole);
}
END_TEST

START_TEST(older_receipts_need_their_recipe_beside_them)
{
	test_edit(test_scratch("run"), "receipt.json", "\"keys\"", "\"locks\"");
	assert_status(test_faulty("", "verify run --device host --quiet"),
		      DONE);
	ck_assert(!remove(test_scratch("run/recipe.ini")));
	assert_status(test_faulty("", "verify run --device host"), FAILED);
	assert_said("holds no recipe");
}
END_TEST

START_TEST(wrong_calls_say_what_is_wrong)
{
	assert_status(test_faulty("", "verify"), USAGE);
	assert_status(test_faulty("", "verify run other"), USAGE);
	assert_status(test_faulty("", "verify run seed=2"), FAILED);
	assert_said("would not be the same run");
	assert_status(test_faulty("", "verify nowhere"), FAILED);
	assert_said("nowhere");
	assert_status(test_faulty("", "verify run --device nonsense"), FAILED);
	assert_said("no device matches");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("verify");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, open_run, test_scratch_close);
	tcase_add_test(tests, a_receipt_is_verified_in_its_folder_and_alone);
	tcase_add_test(tests, it_parts_at_the_first_other_fingerprint);
	tcase_add_test(tests,
		       first_epochs_alone_are_quicker_and_say_what_is_left);
	tcase_add_test(tests, a_run_of_other_bits_is_verified_loosely);
	tcase_add_test(tests, other_data_are_noticed_before_anything_is_run);
	tcase_add_test(tests, receipts_that_make_no_sense_are_refused);
	tcase_add_test(tests, older_receipts_need_their_recipe_beside_them);
	tcase_add_test(tests, wrong_calls_say_what_is_wrong);
	return test_main_alone("verify", tests);
}
