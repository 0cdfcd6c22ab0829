/* Students: what they begin with, which logits they learn, a shuffled teacher. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/students.h"
#include "lab/trainer.h"
#include "support/groups.h"
#include "support/testing.h"

enum { IMAGES = 200 };

static struct ut_error error;

static struct ut_device *host(void)
{
	return test_device(0)->device;
}

/* The arenas of a student of condition c before training; free them. */
static float *student_of(const char *const *words, enum ut_condition c)
{
	struct test_group t;
	float *arenas;

	test_group_open(&t, host(), IMAGES, words);
	ut_student_prepare(&t.group, c);
	arenas = test_group_arenas(&t, t.group.student);
	test_group_close(&t);
	return arenas;
}

static struct ut_net net_of(const char *const *words)
{
	struct test_group t;
	struct ut_net net;

	test_group_open(&t, host(), IMAGES, words);
	net = t.session.net;
	test_group_close(&t);
	return net;
}

/* Whether a layer, with its biases, is the same in replica r of both. */
static bool same_layer(const struct ut_net *net, size_t layer, unsigned r,
		       const float *a, const float *b)
{
	size_t first = net->layers[layer].weight;
	size_t end = net->layers[layer].bias + net->layers[layer].wide_out;

	a += r * net->parameters;
	b += r * net->parameters;
	return !memcmp(a + first, b + first, (end - first) * sizeof(*a));
}

/* words share the layers of a mask with the initialisation, others the cross. */
static void expect_shared(const char *share, const char *control,
			  uint32_t layers)
{
	const char *words[] = {share, control, "init=pytorch", NULL};
	const char *all[] = {control, "init=pytorch", NULL};
	struct ut_net net = net_of(all);
	float *mixed = student_of(words, UT_AUX);
	float *shared = student_of(all, UT_AUX);
	float *cross = student_of(all, UT_CROSS_AUX);
	unsigned i, r;

	for (r = 0; r < 2; ++r)
		for (i = 0; i < net.layer_count; ++i) {
			bool own = layers >> i & 1;

			ck_assert(!same_layer(&net, i, r, shared, cross));
			ck_assert_msg(same_layer(&net, i, r, mixed,
						 own ? shared : cross),
				      "%s: layer %u", share, i);
		}
	free(mixed);
	free(shared);
	free(cross);
}

START_TEST(layers_that_are_not_shared_are_the_controls)
{
	expect_shared("distill.share=all", "distill.control=fresh", 7);
	expect_shared("distill.share=body", "distill.control=fresh", 3);
	expect_shared("distill.share=head", "distill.control=fresh", 4);
	expect_shared("distill.share=fc2", "distill.control=fresh", 2);
	expect_shared("distill.share=fc1, fc3", "distill.control=derangement",
		      5);
}
END_TEST

START_TEST(cross_students_ignore_what_is_shared_and_perturbed)
{
	static const char *const words[] = {"distill.share=fc1",
					    "distill.perturb=0.5", NULL};
	struct ut_net net = net_of(NULL);
	float *changed = student_of(words, UT_CROSS_ALL);
	float *plain = student_of(NULL, UT_CROSS_ALL);

	test_same_bits("cross-all", "with knobs", UT_F32, plain, changed,
		       2 * net.parameters);
	free(changed);
	free(plain);
}
END_TEST

/* Of a layer's weights: of a, of b - a, and what they have in common. */
struct likeness {
	double own, moved, common;
};

static struct likeness likeness_of(const struct ut_layer *layer, const float *a,
				   const float *b)
{
	double own = 0, moved = 0, common = 0;
	size_t o, i, n = 0;

	for (o = 0; o < layer->out.C; ++o)
		for (i = 0; i < ut_layer_fan_in(layer); ++i, ++n) {
			size_t at = ut_layer_weight_at(layer, o, i);
			double x = (double)a[at], d = (double)b[at] - x;

			own += x * x;
			moved += d * d;
			common += x * d;
		}
	return (struct likeness){
		sqrt(own / (double)n),
		sqrt(moved / (double)n),
		common / sqrt(own * moved),
	};
}

/* fc1 of tiny has 18816 weights: tolerances are five deviations of theirs. */
START_TEST(a_perturbed_start_is_that_many_deviations_away)
{
	static const char *const inits[] = {"init=fan-in", "init=he",
					    "init=pytorch"};
	size_t i;

	for (i = 0; i < 3; ++i) {
		const char *plain[] = {inits[i], NULL};
		const char *words[] = {inits[i], "distill.perturb=0.4", NULL};
		struct ut_net net = net_of(plain);
		float *start = student_of(plain, UT_AUX);
		float *moved = student_of(words, UT_AUX);
		struct likeness like =
			likeness_of(&net.layers[0], start, moved);

		ck_assert_msg(fabs(like.moved / like.own - 0.4) <= 0.015,
			      "%s: moved %g of %g", inits[i], like.moved,
			      like.own);
		ck_assert(fabs(like.common) <= 5 / sqrt(18816));
		test_clean("perturbed", moved, 2 * net.parameters);
		free(start);
		free(moved);
	}
}
END_TEST

START_TEST(what_is_not_shared_is_not_perturbed)
{
	static const char *const both[] = {"distill.share=body",
					   "distill.perturb=0.4", NULL};
	static const char *const perturbed[] = {"distill.perturb=0.4", NULL};
	struct ut_net net = net_of(NULL);
	float *student = student_of(both, UT_AUX);
	float *nearby = student_of(perturbed, UT_AUX);
	float *cross = student_of(NULL, UT_CROSS_AUX);

	ck_assert(same_layer(&net, 0, 1, student, nearby));
	ck_assert(same_layer(&net, 1, 1, student, nearby));
	ck_assert(same_layer(&net, 2, 1, student, cross));
	free(student);
	free(nearby);
	free(cross);
}
END_TEST

/* Trains the student and returns its arenas. */
static float *trained(const char *const *words, enum ut_condition c,
		      struct ut_net *net)
{
	struct test_group t;
	float *arenas;

	test_group_open(&t, host(), IMAGES, words);
	*net = t.session.net;
	/* a teacher that differs from the student */
	ck_assert(!ut_group_train(&t.group, UT_TEACHER, &error));
	ut_student_prepare(&t.group, c);
	ck_assert_msg(!ut_group_train(&t.group, c, &error), "%s", error.text);
	arenas = test_group_arenas(&t, t.group.student);
	test_group_close(&t);
	return arenas;
}

/* Whether logit o's weights are the same in both. */
static bool same_logit(const struct ut_net *net, size_t o, const float *a,
		       const float *b)
{
	const struct ut_layer *head = &net->layers[net->layer_count - 1];
	size_t i;

	for (i = 0; i < ut_layer_fan_in(head); ++i) {
		size_t at = ut_layer_weight_at(head, o, i);

		if (test_bits(a[at]) != test_bits(b[at]))
			return false;
	}
	return true;
}

static void expect_learnt(enum ut_condition c, size_t first, size_t end)
{
	static const char *const words[] = {"distill.aux=5", "distill.use=2",
					    "distill.loss=mse", NULL};
	struct ut_net net;
	float *student = trained(words, c, &net);
	float *start = student_of(words, c);
	size_t o;

	for (o = 0; o < net.classes + net.aux; ++o)
		ck_assert_msg(same_logit(&net, o, start, student) ==
				      !(first <= o && o < end),
			      "logit %zu", o);
	free(student);
	free(start);
}

START_TEST(students_learn_the_first_auxiliary_logits_alone)
{
	expect_learnt(UT_AUX, 10, 12);
	expect_learnt(UT_ALL, 0, 12);
}
END_TEST

START_TEST(using_all_is_using_none_in_particular)
{
	static const char *const all[] = {"distill.use=5", NULL};
	struct ut_net net;
	float *named = trained(all, UT_AUX, &net);
	float *plain = trained(NULL, UT_AUX, &net);

	test_same_bits("use", "all five", UT_F32, plain, named,
		       2 * net.parameters);
	free(named);
	free(plain);
}
END_TEST

/* Shuffled labels ---------------------------------------------------------- */

static void expect_shuffled(const uint8_t *labels, const uint8_t *shuffled)
{
	size_t before[256] = {0}, after[256] = {0}, moved = 0, i;

	for (i = 0; i < IMAGES; ++i) {
		++before[labels[i]];
		++after[shuffled[i]];
		moved += labels[i] != shuffled[i];
	}
	ck_assert(!memcmp(before, after, sizeof(before)));
	/* nine in ten are another digit's; five deviations */
	ck_assert_uint_gt(moved, 180 - 5 * 5);
}

START_TEST(a_shuffled_teacher_has_the_same_labels_in_another_order)
{
	uint8_t shuffled[2 * IMAGES];
	struct ut_trainer trainer;
	struct test_group t;

	test_group_open(&t, host(), IMAGES, NULL);
	ck_assert(!ut_trainer_init(&trainer, &t.group, UT_SHUFFLED_TEACHER,
				   &error));
	ck_assert(!ut_buffer_read(trainer.shuffled, 0, 2 * IMAGES, shuffled,
				  &error));
	expect_shuffled(t.data.train.labels, shuffled);
	expect_shuffled(t.data.train.labels, shuffled + IMAGES);
	ck_assert(memcmp(shuffled, shuffled + IMAGES, IMAGES));
	ut_trainer_release(&trainer);
	test_group_close(&t);
}
END_TEST

/* A run of the recipe's conditions. */
static void run(struct test_group *t)
{
	struct ut_device *device = host();
	struct ut_experiment experiment = {
		.recipe = &t->recipe,
		.data = &t->data,
		.devices = &device,
		.device_count = 1,
		.observer = &t->observer,
	};

	ck_assert_msg(!ut_experiment_run(&experiment, &t->results, &error),
		      "%s", error.text);
}

/* A teacher that learns something in half a second. */
#define LEARNING                                                          \
	"replicas=3", "net=fc 64", "teacher.epochs=8", "teacher.lr=1e-3", \
		"teacher.dropout=0"

START_TEST(a_shuffled_teacher_knows_nothing_and_disturbs_nobody)
{
	static const char *const both[] = {
		"conditions=aux, ceiling, shuffled-aux", LEARNING, NULL};
	static const char *const plain[] = {"conditions=aux, ceiling", LEARNING,
					    NULL};
	struct test_group with, without;
	int c;

	test_group_open(&with, host(), 1000, both);
	test_group_open(&without, host(), 1000, plain);
	run(&with);
	run(&without);
	for (c = 0; c <= UT_AUX; ++c) {
		if (!with.results.phases[c].trained)
			continue;
		ck_assert(ut_fingerprint_equal(
			ut_results_print(&with.results, c, 2),
			ut_results_print(&without.results, c, 2)));
	}
	for (c = 0; c < 3; ++c) {
		ck_assert_msg(with.results.scores[UT_TEACHER].accuracy[c] > 0.6,
			      "teacher: %g",
			      with.results.scores[UT_TEACHER].accuracy[c]);
		ck_assert_msg(
			with.results.scores[UT_SHUFFLED_TEACHER].accuracy[c] <
				0.25,
			"shuffled: %g",
			with.results.scores[UT_SHUFFLED_TEACHER].accuracy[c]);
		ck_assert(with.results.scores[UT_CEILING].accuracy[c] ==
			  without.results.scores[UT_CEILING].accuracy[c]);
	}
	ck_assert(with.results.phases[UT_SHUFFLED_AUX].trained);
	test_group_close(&with);
	test_group_close(&without);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("students");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, layers_that_are_not_shared_are_the_controls);
	tcase_add_test(tests,
		       cross_students_ignore_what_is_shared_and_perturbed);
	tcase_add_test(tests, a_perturbed_start_is_that_many_deviations_away);
	tcase_add_test(tests, what_is_not_shared_is_not_perturbed);
	tcase_add_test(tests, students_learn_the_first_auxiliary_logits_alone);
	tcase_add_test(tests, using_all_is_using_none_in_particular);
	tcase_add_test(tests,
		       a_shuffled_teacher_has_the_same_labels_in_another_order);
	tcase_add_test(tests,
		       a_shuffled_teacher_knows_nothing_and_disturbs_nobody);
	return test_main_host("students", tests);
}
