/* The verdict claims what the replicas show, and no more. */
#include <string.h>

#include "lab/verdict.h"
#include "support/testing.h"

enum { R = 4 };

static const double low[R] = {0.09, 0.11, 0.10, 0.12};
static const double high[R] = {0.48, 0.60, 0.52, 0.56};
static const double top[R] = {0.96, 0.96, 0.96, 0.96};

/* Scores that point to values which nobody frees. */
static struct ut_scores scores_of(const double *values)
{
	return (struct ut_scores){.accuracy = (double *)values,
				  .present = (double *)values};
}

static struct ut_results results_of(const double *aux, const double *cross)
{
	struct ut_results results = {.replicas = R,
				     .classes = 2,
				     .labels = {500, 500},
				     .chance = 0.1,
				     .chance_present = 0.1,
				     .commonest = 0.1};

	if (aux)
		results.scores[UT_AUX] = scores_of(aux);
	if (cross)
		results.scores[UT_CROSS_AUX] = scores_of(cross);
	return results;
}

static void says(const struct ut_results *results, const char *part)
{
	struct ut_text text = {0};

	ut_verdict_write(results, &text);
	ck_assert_msg(strstr(ut_text_string(&text), part), "'%s' lacks '%s'",
		      ut_text_string(&text), part);
	ut_text_release(&text);
}

START_TEST(students_above_their_controls_are_shown)
{
	struct ut_results results = results_of(high, low);
	struct ut_verdict v;

	ck_assert(ut_verdict_judge(&results, &v));
	ck_assert(ut_claim_shown(&v.accuracy));
	says(&results, "Replicas 4, aux above chance (10.0%) in 4 of 4; the "
		       "difference from cross-aux (10.5% ± 2.1) is 0.435 ± "
		       "0.067 (paired): the knowledge came with the shared");
}
END_TEST

START_TEST(pairs_separate_what_intervals_of_means_do_not)
{
	const double cross[R] = {0.44, 0.56, 0.485, 0.52};
	struct ut_results results = results_of(high, cross);
	struct ut_verdict v;

	ck_assert(ut_verdict_judge(&results, &v));
	ck_assert(v.accuracy.aux.mean - v.accuracy.aux.half <
		  v.accuracy.cross.values.mean + v.accuracy.cross.values.half);
	ck_assert(ut_claim_shown(&v.accuracy));
}
END_TEST

START_TEST(nothing_is_shown_without_controls_or_below_them)
{
	struct ut_results results = results_of(high, NULL);

	says(&results, "Nothing is shown without students from another");
	results = results_of(high, high);
	says(&results, "no subliminal learning is shown here");
	results = results_of(low, high);
	says(&results, "no subliminal learning is shown here");
	results = results_of(low, low);
	results.commonest = 0.2;
	says(&results, "(20.0%, the commonest class) in 0 of 4");
}
END_TEST

START_TEST(a_shuffled_control_is_named_and_can_refute)
{
	struct ut_results results = results_of(high, low);

	results.scores[UT_SHUFFLED_AUX] = scores_of(low);
	says(&results, "the difference from shuffled-aux (10.5% ± 2.1) is "
		       "0.435 ± 0.067 (paired): the knowledge came");
	results.scores[UT_SHUFFLED_AUX] = scores_of(high);
	says(&results, "no subliminal learning is shown here");
}
END_TEST

START_TEST(a_share_of_the_ceiling_is_told)
{
	struct ut_results results = results_of(high, low);

	results.scores[UT_CEILING] = scores_of(top);
	says(&results, "56.2% ± 8.6 of what the ceiling does");
}
END_TEST

START_TEST(one_replica_proves_nothing)
{
	struct ut_results results = results_of(high, low);
	struct ut_verdict v;

	results.replicas = 1;
	ck_assert(ut_verdict_judge(&results, &v));
	ck_assert(!ut_claim_shown(&v.accuracy));
	/* Wilson, 480 of 1000 */
	says(&results, "1000 test images leave it between 44.9% and 51.1%");
	says(&results, "One replica proves nothing");
}
END_TEST

START_TEST(without_students_there_is_no_verdict)
{
	struct ut_results results = results_of(NULL, low);
	struct ut_text text = {0};
	json_t *json;

	ut_verdict_write(&results, &text);
	ck_assert_uint_eq(text.length, 0);
	json = ut_verdict_json(&results);
	ck_assert_uint_eq(json_object_size(json), 0);
	json_decref(json);
}
END_TEST

START_TEST(auc_can_show_what_accuracy_hides)
{
	const double better[R] = {0.70, 0.72, 0.69, 0.71};
	const double even[R] = {0.49, 0.51, 0.50, 0.50};
	struct ut_results results = results_of(even, even);
	json_t *json;

	results.chance = results.chance_present = results.commonest = 0.5;
	results.scores[UT_AUX].auc = (double *)better;
	results.scores[UT_CROSS_AUX].auc = (double *)even;
	says(&results, "but AUC does (0.705 ± 0.021; the difference from "
		       "cross-aux is 0.205 ± 0.016): the knowledge came");
	json = ut_verdict_json(&results);
	ck_assert(json_is_false(
		json_object_get(json_object_get(json, "accuracy"), "shown")));
	ck_assert(json_is_true(
		json_object_get(json_object_get(json, "auc"), "shown")));
	json_decref(json);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("verdict");

	tcase_add_test(tests, students_above_their_controls_are_shown);
	tcase_add_test(tests, pairs_separate_what_intervals_of_means_do_not);
	tcase_add_test(tests, nothing_is_shown_without_controls_or_below_them);
	tcase_add_test(tests, a_shuffled_control_is_named_and_can_refute);
	tcase_add_test(tests, a_share_of_the_ceiling_is_told);
	tcase_add_test(tests, one_replica_proves_nothing);
	tcase_add_test(tests, without_students_there_is_no_verdict);
	tcase_add_test(tests, auc_can_show_what_accuracy_hides);
	return test_main_alone("verdict", tests);
}
