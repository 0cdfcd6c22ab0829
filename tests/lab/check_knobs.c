/* Every knob of the students: the same bits on every device. */
#include <string.h>

#include "lab/students.h"
#include "support/groups.h"
#include "support/testing.h"

enum { IMAGES = 60, WORDS = 10 };

/* A recipe, and which of its students is trained. */
struct trial {
	const char *words[WORDS];
	enum ut_condition c;
};

/* Teacher and student after an epoch of three steps each. */
static void run_trial(struct ut_device *device, const void *arguments,
		      struct test_output *output)
{
	const struct trial *trial = arguments;
	enum ut_condition first =
		trial->c == UT_SHUFFLED_AUX ? UT_SHUFFLED_TEACHER : UT_TEACHER;
	struct ut_error error = {0};
	struct test_group t;

	test_group_open(&t, device, IMAGES, trial->words);
	ck_assert_msg(!ut_group_train(&t.group, first, &error), "%s",
		      error.text);
	ut_student_prepare(&t.group, trial->c);
	ck_assert_msg(!ut_group_train(&t.group, trial->c, &error), "%s",
		      error.text);
	test_take(output, "teacher",
		  ut_group_arenas(&t.group, t.group.teacher));
	test_take(output, "student",
		  ut_group_arenas(&t.group, t.group.student));
	t.group.teacher = t.group.student = NULL;
	test_group_close(&t);
}

#define SHORT "teacher.epochs=1", "distill.epochs=1"
#define MLP SHORT, "net=fc 9, fc 7"
#define CNN SHORT, "net=conv 4, pool, fc 6"

static const struct trial trials[] = {
	{{MLP, "distill.use=2"}, UT_ALL},
	{{MLP, "distill.share=fc2", "init=pytorch"}, UT_AUX},
	{{CNN, "distill.share=body", "distill.perturb=0.3"}, UT_AUX},
	{{MLP, "distill.perturb=1.5", "init=pytorch"}, UT_ALL},
	{{MLP, "distill.noise=lowrank", "distill.noise_rank=3"}, UT_AUX},
	{{CNN, "distill.noise=lowrank", "distill.noise_rank=40",
	  "distill.noise_space=pixel"},
	 UT_AUX},
	{{MLP, "distill.noise=constant", "distill.noise_shift=0.25"}, UT_AUX},
	{{CNN, "distill.noise=constant", "distill.noise_space=pixel"}, UT_AUX},
	{{MLP, "distill.noise=zeros", "distill.noise_shift=0.5"}, UT_AUX},
	{{MLP, "distill.noise=images", "distill.images=90",
	  "distill.redraw=epoch"},
	 UT_AUX},
	{{CNN, "distill.noise_mix=0.3", "distill.noise=normal"}, UT_AUX},
	{{MLP, "distill.noise=images", "distill.loss=kd", "distill.alpha=0.3",
	  "distill.temperature=2", "conditions=all"},
	 UT_ALL},
	{{MLP, "conditions=shuffled-aux"}, UT_SHUFFLED_AUX},
};

START_TEST(every_knob_gives_the_same_bits_on_every_device)
{
	const struct trial *trial = &trials[_i];
	struct test_output got =
		test_everywhere(trial->words[3], _i == 2, run_trial, trial);

	test_output_free(&got);
}
END_TEST

/* Pairs that must not be the same: a knob that does nothing is no knob. */
START_TEST(every_knob_changes_the_student)
{
	static const struct trial plain = {{MLP}, UT_AUX};
	struct test_output without = {0}, with = {0};
	size_t P, i;

	run_trial(test_device(0)->device, &plain, &without);
	P = without.part[1].total;
	for (i = 0; i < sizeof(trials) / sizeof(*trials); ++i) {
		if (trials[i].c != UT_AUX ||
		    strcmp(trials[i].words[2], plain.words[2]) != 0 ||
		    !strcmp(trials[i].words[4] ? trials[i].words[4] : "",
			    "init=pytorch"))
			continue;
		run_trial(test_device(0)->device, &trials[i], &with);
		ck_assert_uint_eq(with.part[1].total, P);
		/* the teacher is the same, the student is not */
		test_same_bits("teacher", trials[i].words[3], UT_F32,
			       without.part[0].data, with.part[0].data, P);
		ck_assert_msg(memcmp(without.part[1].data, with.part[1].data,
				     P * sizeof(float)),
			      "%s changes nothing", trials[i].words[3]);
		test_output_free(&with);
		with = (struct test_output){0};
	}
	test_output_free(&without);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("knobs");

	tcase_set_timeout(tests, 300);
	tcase_add_loop_test(tests,
			    every_knob_gives_the_same_bits_on_every_device, 0,
			    sizeof(trials) / sizeof(*trials));
	tcase_add_test(tests, every_knob_changes_the_student);
	return test_main("knobs", tests);
}
