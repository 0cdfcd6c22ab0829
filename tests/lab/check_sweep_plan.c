/* Plans of sweeps: axes, cells, shared teachers, shards; what is refused. */
#include <stdlib.h>
#include <string.h>

#include "lab/sweep_plan.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_sweep_plan plan;
static struct ut_error error;

static void begin(void)
{
	error = (struct ut_error){0};
	ck_assert_msg(!ut_recipe_load(&recipe, "data/recipes/tiny.ini", &error),
		      "%s", error.text);
}

static void end(void)
{
	ut_sweep_plan_release(&plan);
}

enum { WORDS = 4 };

static enum ut_status try_words(const char *const words[WORDS])
{
	size_t count = 0;

	while (count < WORDS && words[count])
		++count;
	ut_sweep_plan_release(&plan);
	return ut_sweep_plan_make(&plan, &recipe, words, count, &error);
}

static void make(const char *const words[WORDS])
{
	ck_assert_msg(!try_words(words), "%s", error.text);
}

static void refuses(const char *const words[WORDS], const char *part)
{
	ck_assert_int_eq(try_words(words), UT_INVALID);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
}

static void value_is(size_t cell, const char *key, const char *value)
{
	struct ut_recipe of_cell;
	struct ut_text text = {0};

	ut_sweep_cell_recipe(&plan, cell, &of_cell);
	ck_assert(ut_recipe_value(&of_cell, key, &text));
	ck_assert_msg(!strcmp(ut_text_string(&text), value),
		      "cell %zu: %s is %s, not %s", cell, key,
		      ut_text_string(&text), value);
	ut_text_release(&text);
}

START_TEST(the_last_axis_varies_fastest)
{
	make((const char *const[WORDS]){"distill.epochs=1, 2",
					"distill.noise=uniform,normal,zeros",
					"seed=7"});
	ck_assert_uint_eq(plan.axis_count, 2);
	ck_assert_uint_eq(plan.cell_count, 6);
	value_is(0, "distill.epochs", "1");
	value_is(0, "distill.noise", "uniform");
	value_is(1, "distill.noise", "normal");
	value_is(2, "distill.noise", "zeros");
	value_is(3, "distill.epochs", "2");
	value_is(3, "distill.noise", "uniform");
	value_is(5, "seed", "7");
	ck_assert_ptr_eq(strstr(plan.cells[1].name,
				"distill.epochs=1,distill.noise=normal-"),
			 plan.cells[1].name);
}
END_TEST

START_TEST(cells_keep_no_weights_unless_asked_to)
{
	make((const char *const[WORDS]){"seed=1,2"});
	value_is(0, "save", "none");
	make((const char *const[WORDS]){"seed=1,2", "save=first"});
	value_is(0, "save", "first");
}
END_TEST

START_TEST(values_that_hold_commas_are_parted_by_semicolons)
{
	make((const char *const[WORDS]){"net=fc 8, fc 8; fc 16;"});
	ck_assert_uint_eq(plan.cell_count, 3);
	value_is(0, "net", "fc 8, fc 8");
	value_is(1, "net", "fc 16");
	value_is(2, "net", "");
	make((const char *const[WORDS]){"conditions=aux, cross-aux; all",
					"distill.lr=1e-3, 0.01"});
	ck_assert_uint_eq(plan.cell_count, 4);
	value_is(0, "conditions", "aux, cross-aux");
	value_is(2, "conditions", "all");
	value_is(1, "distill.lr", "0.01");
	refuses((const char *const[WORDS]){"net=fc 8, fc 8"}, "';'");
}
END_TEST

START_TEST(a_cell_is_named_by_what_it_is_not_by_how_it_was_typed)
{
	char first[UT_SWEEP_NAME];

	make((const char *const[WORDS]){"distill.lr=0.001,0.01"});
	strcpy(first, plan.cells[0].name);
	make((const char *const[WORDS]){"distill.lr=1e-3,1e-2",
					"data.dir=/elsewhere", "group=3"});
	ck_assert_str_eq(plan.cells[0].name, first);
	make((const char *const[WORDS]){"distill.lr=1e-3,1e-2",
					"distill.batch=50"});
	ck_assert_str_ne(plan.cells[0].name, first);
}
END_TEST

START_TEST(names_lead_nowhere_and_are_short)
{
	char word[700] = "about=";
	size_t i;

	make((const char *const[WORDS]){"about=../../x;/etc/passwd"});
	for (i = 0; i < plan.cell_count; ++i)
		ck_assert_ptr_null(strchr(plan.cells[i].name, '/'));
	memset(word + 6, 'a', 180);
	strcat(word, ";");
	memset(word + strlen(word), 'a', 181);
	make((const char *const[WORDS]){word});
	ck_assert_uint_lt(strlen(plan.cells[0].name), UT_SWEEP_NAME);
	ck_assert_str_ne(plan.cells[0].name, plan.cells[1].name);
}
END_TEST

START_TEST(auxiliary_logits_vary_under_one_set_of_teachers)
{
	make((const char *const[WORDS]){"distill.aux=2,10,1"});
	ck_assert_uint_eq(plan.teacher_count, 1);
	value_is(0, "distill.aux", "10");
	value_is(0, "distill.use", "2");
	value_is(1, "distill.use", "10");
	value_is(2, "distill.use", "1");
	ck_assert_str_eq(ut_sweep_value(&plan, 0, 0), "2");
	refuses((const char *const[WORDS]){"distill.aux=2,3", "distill.use=1"},
		"distill.use");
	refuses((const char *const[WORDS]){"distill.aux=2,3",
					   "distill.use=1,2"},
		"distill.use");
	make((const char *const[WORDS]){"distill.use=1,2"});
	ck_assert_uint_eq(plan.teacher_count, 1);
}
END_TEST

START_TEST(what_decides_the_teachers_parts_them)
{
	struct ut_recipe teacher;

	make((const char *const[WORDS]){"teacher.epochs=1,2", "replicas=2,3",
					"distill.loss=kl,mse"});
	ck_assert_uint_eq(plan.cell_count, 8);
	ck_assert_uint_eq(plan.teacher_count, 2);
	ck_assert_uint_eq(plan.teachers[1].cells, 4);
	ut_sweep_teacher_recipe(&plan, 1, &teacher);
	ck_assert_uint_eq(teacher.replicas, 3);
	ck_assert_uint_eq(teacher.teacher.epochs, 2);
	ck_assert_uint_eq(teacher.conditions,
			  1u << UT_TEACHER | 1u << UT_REFERENCE);
	ck_assert_int_eq(teacher.save, UT_SAVE_ALL);
	make((const char *const[WORDS]){"data.dir=/a;/b", "replicas=2"});
	ck_assert_uint_eq(plan.teacher_count, 2);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_before_anything_runs)
{
	refuses((const char *const[WORDS]){"distil.aux=1,2"},
		"did you mean 'distill.aux'");
	refuses((const char *const[WORDS]){"seed=1,2", "sead=3"},
		"did you mean 'seed'");
	refuses((const char *const[WORDS]){"distill.aux=1,0"},
		"distill.aux = 0: must be");
	refuses((const char *const[WORDS]){"distill.aux=1,,2"},
		"distill.aux = : must be");
	refuses((const char *const[WORDS]){"distill.lr=0.001,1e-3"},
		"distill.lr=0.001 stands twice");
	refuses((const char *const[WORDS]){"seed=1,2", "seed=3"},
		"seed is given twice");
	refuses((const char *const[WORDS]){"seed=1"}, "no key has several");
	refuses((const char *const[WORDS]){NULL}, "no key has several");
	refuses((const char *const[WORDS]){"seed"}, "cannot read 'seed'");
	refuses((const char *const[WORDS]){"distill.batch=60,600"},
		"the cell distill.batch=600: distill.batch");
	refuses((const char *const[WORDS]){"base=a,b"}, "base");
}
END_TEST

START_TEST(more_cells_than_anybody_wants_are_refused)
{
	struct ut_text word = {0}, other = {0};
	int i;

	ut_text_append(&word, "seed=0");
	ut_text_append(&other, "samples=0");
	for (i = 1; i < 101; ++i) {
		ut_text_append(&word, ",%d", i);
		ut_text_append(&other, ",%d", i);
	}
	refuses((const char *const[WORDS]){ut_text_string(&word),
					   ut_text_string(&other)},
		"10000 cells");
	ut_text_release(&word);
	ut_text_release(&other);
}
END_TEST

/* How many sets of teachers the shards make in all. */
static size_t count_teachers(unsigned shards)
{
	size_t count = 0, i, t;
	unsigned s;

	for (s = 1; s <= shards; ++s)
		for (t = 0; t < plan.teacher_count; ++t) {
			bool has = false;

			for (i = 0; i < plan.cell_count; ++i)
				has |= plan.cells[i].teacher == t &&
				       ut_sweep_in_shard(&plan, i, s, shards);
			count += has;
		}
	return count;
}

START_TEST(shards_part_the_cells_and_duplicate_few_teachers)
{
	unsigned shards, s;
	size_t i, in;

	make((const char *const[WORDS]){"distill.lr=1e-3,1e-2,1e-1,1",
					"teacher.epochs=1,2,3"});
	ck_assert_uint_eq(plan.teacher_count, 3);
	for (shards = 1; shards <= 20; ++shards) {
		for (i = 0; i < plan.cell_count; ++i) {
			for (in = 0, s = 1; s <= shards; ++s)
				in += ut_sweep_in_shard(&plan, i, s, shards);
			ck_assert_msg(in == 1, "cell %zu in %zu of %u shards",
				      i, in, shards);
		}
		/* a shard without teachers of its own needs one set at least */
		ck_assert_uint_eq(count_teachers(shards), shards < 3    ? 3
							  : shards < 12 ? shards
									: 12);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sweep_plan");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, the_last_axis_varies_fastest);
	tcase_add_test(tests, cells_keep_no_weights_unless_asked_to);
	tcase_add_test(tests, values_that_hold_commas_are_parted_by_semicolons);
	tcase_add_test(tests,
		       a_cell_is_named_by_what_it_is_not_by_how_it_was_typed);
	tcase_add_test(tests, names_lead_nowhere_and_are_short);
	tcase_add_test(tests, auxiliary_logits_vary_under_one_set_of_teachers);
	tcase_add_test(tests, what_decides_the_teachers_parts_them);
	tcase_add_test(tests,
		       what_makes_no_sense_is_refused_before_anything_runs);
	tcase_add_test(tests, more_cells_than_anybody_wants_are_refused);
	tcase_add_test(tests, shards_part_the_cells_and_duplicate_few_teachers);
	return test_main_alone("sweep_plan", tests);
}
