/*
 * contrib/contract.py: the contract, written a second time from its document,
 * comes to the fingerprints of the program's runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* The interpreter that has what is wanted, or NULL after saying SKIP. */
static const char *python(void)
{
	const char *named = getenv("UNDERTONE_TEST_PYTHON");
	/* where another one stands first on the path, Debian's has them */
	const char *candidates[] = {named, "python3", "/usr/bin/python3"};
	size_t i;

	for (i = 0; i < sizeof(candidates) / sizeof(*candidates); ++i)
		if (candidates[i] &&
		    !test_command("'%s' -c 'import numpy, xxhash'",
				  candidates[i]))
			return candidates[i];
	test_skip("the contract repeated",
		  "no Python with numpy and xxhash here (Debian: "
		  "python3-numpy python3-xxhash); UNDERTONE_TEST_PYTHON names "
		  "one");
	return NULL;
}

static int repeat(const char *python, const char *run, const char *words)
{
	return test_command("'%s' contrib/contract.py %s --undertone $U %s",
			    python, run, words);
}

/* Runs a recipe, repeats it, and demands the lines of undertone fingerprint. */
static void repeats(const char *python, const char *recipe, const char *words)
{
	static char repeated[TEST_OUTPUT];
	const char *run = test_scratch("run");

	ck_assert_msg(test_program("run %s samples=0 --device host --quiet "
				   "--force --out %s",
				   recipe, run) == DONE,
		      "%s: %s", recipe, test_complaint);
	ck_assert_msg(!repeat(python, run, words), "%s: %s%s", recipe,
		      test_output, test_complaint);
	strcpy(repeated, test_output);
	ck_assert_int_eq(test_program("fingerprint %s", run), DONE);
	ck_assert_str_eq(repeated, test_output);
}

/* Two steps an epoch, the second of them smaller. */
#define SMALL                                                                \
	"data.limit=60 teacher.batch=50 teacher.epochs=1 distill.images=70 " \
	"distill.batch=60 distill.epochs=1 "

START_TEST(a_second_contract_comes_to_the_same_bits)
{
	const char *with = python();

	if (!with)
		return;
	repeats(with, "tiny " SMALL, "--no-answers");
	repeats(with, "tiny-cnn " SMALL "distill.epochs=2", "--no-answers");
}
END_TEST

START_TEST(nets_losses_optimisers_and_noise_of_every_kind)
{
	static const char *const recipes[] = {
		"conditions=aux net='pool 4, fc 7' distill.loss=revkl "
		"distill.temperature=3 distill.noise=normal "
		"distill.noise_space=pixel distill.noise_scale=0.3 "
		"distill.noise_shift=0.4 teacher.optimiser=adamw "
		"teacher.weight_decay=0.1 teacher.schedule=cosine",
		"conditions=aux net='avgpool 4, fc 7' distill.loss=js "
		"distill.noise=octaves order=sequential "
		"distill.optimiser=sgd distill.schedule=cosine",
		"conditions=aux,cross-aux net='fc 7' distill.loss=cosine "
		"distill.noise=lowrank distill.noise_rank=9 "
		"distill.control=derangement distill.share=body replicas=3",
		"conditions=aux net='conv 3 k5 s2 p1, pool, avgpool, conv 5' "
		"distill.loss=mse-norm distill.noise=constant "
		"distill.dropout=0.2",
		"conditions=all net='pool 5, fc 7' distill.loss=kd "
		"distill.alpha=0.3 distill.temperature=4 distill.noise=images "
		"distill.redraw=epoch",
		"conditions=aux net='pool, conv 4 s2, conv 3, pool, pool' "
		"distill.noise=zeros distill.noise_shift=0.2 "
		"distill.noise_mix=0.3",
	};
	const char *with = python(), *data = test_scratch("data");
	char recipe[1024], words[1024];
	size_t i;

	if (!with)
		return;
	snprintf(words, sizeof(words), "--no-answers --data %s", data);
	ck_assert_int_eq(test_program("export tiny " SMALL
				      "--what data --device host --out %s",
				      data),
			 DONE);
	for (i = 0; i < sizeof(recipes) / sizeof(*recipes); ++i) {
		snprintf(recipe, sizeof(recipe), "tiny %s%s", SMALL,
			 recipes[i]);
		repeats(with, recipe, words);
	}
}
END_TEST

START_TEST(answers_are_the_receipts)
{
	const char *with = python();

	if (with)
		repeats(with,
			"tiny " SMALL "net='avgpool 7, fc 6' robustness=yes "
			"data.classes=3,4 data.scale=standard init=pytorch "
			"distill.perturb=0.2 distill.share=fc1 distill.use=2 "
			"distill.noise_mix=0.2 distill.noise_set=glyphs "
			"conditions=aux,ceiling,shuffled-teacher,shuffled-aux",
			"");
}
END_TEST

START_TEST(what_is_not_the_same_is_named)
{
	const char *with = python(), *run = test_scratch("run");

	if (!with)
		return;
	ck_assert_int_eq(test_program("run tiny " SMALL
				      "net='pool 4, fc 7' conditions=aux "
				      "--device host --quiet --out %s",
				      run),
			 DONE);
	/* trained at a rate that the recipe does not say */
	ck_assert_int_eq(test_command("sed -i '/distill/,$ s/^lr = 0.003$/lr = "
				      "0.0030001/' %s/recipe.ini",
				      run),
			 DONE);
	ck_assert_int_eq(repeat(with, run, ""), 1);
	ck_assert_ptr_nonnull(
		strstr(test_complaint, "not the same: aux, epoch 1"));
	/* of the teacher alone it is the run's recipe still */
	ck_assert_int_eq(repeat(with, run, "--epochs 0"), 0);
	ck_assert_int_eq(test_command("sed -i 's/^limit = 60/limit = 50/' "
				      "%s/recipe.ini",
				      run),
			 DONE);
	ck_assert_int_eq(repeat(with, run, ""), 2);
	ck_assert_ptr_nonnull(strstr(test_complaint, "digest"));
	ck_assert_int_eq(repeat(with, "/nonexistent", ""), 2);
	ck_assert_ptr_nonnull(strstr(test_complaint, "no run's folder"));
}
END_TEST

START_TEST(its_fma_is_the_rounded_fraction)
{
	const char *with = python();

	if (!with)
		return;
	ck_assert_msg(!test_command("'%s' contrib/contract.py --check", with),
		      "%s%s", test_output, test_complaint);
	ck_assert_ptr_nonnull(strstr(test_output, "fma: 0 of"));
	ck_assert_ptr_null(strstr(test_output, "WRONG"));
}
END_TEST

START_TEST(the_self_tests_constants_are_its_too)
{
	const char *with = python();

	if (!with)
		return;
	ck_assert_int_eq(test_command("'%s' contrib/contract.py --selftest",
				      with),
			 DONE);
	/* those of src/device/selftest.c */
	ck_assert_str_eq(test_output, "MLP 7c9d452bdc13fb5fb96a2484e06c2fd9\n"
				      "CNN 1db6af111ef801e5732445d5573509b9\n");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("contract");

	/* small problems: two threads only wait for each other */
	setenv("OMP_NUM_THREADS", "1", 1);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, a_second_contract_comes_to_the_same_bits);
	tcase_add_test(tests, nets_losses_optimisers_and_noise_of_every_kind);
	tcase_add_test(tests, answers_are_the_receipts);
	tcase_add_test(tests, what_is_not_the_same_is_named);
	tcase_add_test(tests, its_fma_is_the_rounded_fraction);
	tcase_add_test(tests, the_self_tests_constants_are_its_too);
	return test_main_alone("contract", tests);
}
