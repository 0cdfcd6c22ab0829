/* Recipes: every key, good and bad values, files, and the documentation. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/recipe.h"
#include "support/scratch.h"
#include "support/testing.h"

static struct ut_recipe recipe;
static struct ut_error error;

static void begin(void)
{
	ut_recipe_init(&recipe);
	error = (struct ut_error){0};
}

static void refuses(const char *word, const char *part)
{
	ck_assert_int_eq(ut_recipe_assign(&recipe, word, &error), UT_INVALID);
	ck_assert_msg(strstr(error.text, part), "'%s' lacks '%s'", error.text,
		      part);
}

START_TEST(a_key_is_set_by_a_word)
{
	ck_assert(!ut_recipe_assign(&recipe, "distill.aux=7", &error));
	ck_assert_uint_eq(recipe.distill.aux, 7);
	ck_assert(!ut_recipe_assign(&recipe, "teacher.lr=2.5e-3", &error));
	ck_assert(recipe.teacher.optimiser.rate == 2.5e-3);
	ck_assert(!ut_recipe_assign(&recipe, "distill.loss=mse-norm", &error));
	ck_assert_int_eq(recipe.distill.loss, UT_MSE_NORM);
	ck_assert(!ut_recipe_assign(&recipe, "net=fc 8, fc 9", &error));
	ck_assert_str_eq(recipe.net, "fc 8, fc 9");
}
END_TEST

START_TEST(conditions_are_a_set_with_teacher_and_reference)
{
	unsigned always = 1u << UT_TEACHER | 1u << UT_REFERENCE;

	ck_assert(!ut_recipe_assign(&recipe, "conditions=aux,ceiling", &error));
	ck_assert_uint_eq(recipe.conditions,
			  always | 1u << UT_AUX | 1u << UT_CEILING);
	refuses("conditions=aux, nobody", "comma list");
}
END_TEST

START_TEST(bad_values_are_refused_with_what_is_allowed)
{
	refuses("replicas=0", "from 1 to 100000");
	refuses("replicas=1000000000", "from 1 to 100000");
	refuses("replicas=-1", "replicas = -1");
	refuses("seed=4294967296", "4294967295");
	refuses("teacher.lr=fast", "number");
	refuses("teacher.lr=nan", "number");
	refuses("distill.loss=hinge",
		"kl, mse, mse-norm, revkl, js, cosine or kd");
	refuses("teacher.batch=65537", "65536");
	refuses("teacher.dropout=1", "0.99");
	refuses("no equals sign", "key=value");
	ck_assert_uint_eq(recipe.replicas, 5);
}
END_TEST

START_TEST(a_name_leads_nowhere_else)
{
	refuses("name=../../x", "letters and digits");
	refuses("name=/x", "letters and digits");
	refuses("name=.x", "letters and digits");
	refuses("name=\xff", "letters and digits");
	ck_assert(!ut_recipe_assign(&recipe, "name=a-b_c.2", &error));
	ck_assert_str_eq(recipe.name, "a-b_c.2");
}
END_TEST

/* Every text that is taken comes back from recipe.ini. */
START_TEST(texts_are_what_a_file_can_hold)
{
	char word[512], longest[512] = "";
	size_t length;

	refuses("about=one ; two", "';'");
	refuses("about=;", "';'");
	refuses("about=one\ntwo", "one line");
	ck_assert(!ut_recipe_assign(&recipe, "about=  a; b ", &error));
	ck_assert_str_eq(recipe.about, "a; b");
	for (length = 1; length < 300; ++length) {
		struct ut_recipe back;
		struct ut_text text = {0};

		snprintf(word, sizeof(word), "data.dir=%0*d", (int)length, 0);
		if (ut_recipe_assign(&recipe, word, &error))
			break;
		strcpy(longest, recipe.data.dir);
		ut_recipe_write(&recipe, &text);
		ut_recipe_init(&back);
		ck_assert_msg(!ut_recipe_parse(&back, ut_text_string(&text),
					       "x", &error),
			      "%zu bytes: %s", length, error.text);
		ck_assert_str_eq(back.data.dir, longest);
		ut_text_release(&text);
	}
	ck_assert_uint_gt(length, 180);
	refuses(word, "at most");
}
END_TEST

START_TEST(an_unknown_key_names_the_nearest)
{
	refuses("teacher.epoch=3", "teacher.epochs");
	refuses("distil.aux=3", "distill.aux");
	refuses("qqqqqqqq=3", "unknown key");
}
END_TEST

START_TEST(what_does_not_go_together_is_refused)
{
	ck_assert(!ut_recipe_check(&recipe, &error));
	ck_assert(!ut_recipe_assign(&recipe, "distill.images=100", &error));
	ck_assert_int_eq(ut_recipe_check(&recipe, &error), UT_INVALID);
	begin();
	recipe.replicas = 1;
	recipe.distill.control = UT_CONTROL_DERANGEMENT;
	ck_assert_int_eq(ut_recipe_check(&recipe, &error), UT_INVALID);
	begin();
	snprintf(recipe.net, sizeof(recipe.net), "fc 12, fish 7");
	ck_assert_int_eq(ut_recipe_check(&recipe, &error), UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "fish 7"));
}
END_TEST

/* Words that one by one are right, and what is said of them together. */
static void refuses_together(const char *words, const char *part)
{
	struct ut_list list = {0};
	size_t i;

	begin();
	ck_assert(ut_list_split(&list, words));
	for (i = 0; i < list.count; ++i)
		ck_assert_msg(!ut_recipe_assign(&recipe, list.items[i], &error),
			      "%s", error.text);
	ut_list_release(&list);
	ck_assert_int_eq(ut_recipe_check(&recipe, &error), UT_INVALID);
	ck_assert_msg(strstr(error.text, part), "%s: '%s' lacks '%s'", words,
		      error.text, part);
}

START_TEST(knobs_of_students_that_do_not_go_together_are_refused)
{
	refuses_together("distill.use=4", "more than distill.aux = 3");
	refuses_together("distill.share=fc4", "fc1, fc2, fc3");
	refuses_together("distill.share=", "fc1, fc2, fc3");
	refuses_together("distill.temperature=2, distill.loss=mse", "softmax");
	refuses_together("distill.alpha=0.1", "distill.loss = kd");
	refuses_together("distill.loss=kd", "conditions = all, cross-all");
	refuses_together("distill.loss=kd, conditions=all, distill.use=1",
			 "class logits alone");
	refuses_together("distill.loss=kd, conditions=all, distill.alpha=0.1",
			 "distill.noise = images");
	refuses_together("distill.loss=kd, conditions=all, distill.alpha=0.1, "
			 "distill.noise=images, distill.noise_set=mnist",
			 "empty noise_set");
	refuses_together("distill.noise=images, distill.noise_mix=0.1",
			 "has none");
	refuses_together("distill.noise=images, distill.noise_scale=2",
			 "data.scale");
	refuses_together("distill.noise=images, distill.noise_space=pixel",
			 "data.scale");
	refuses_together("distill.noise_set=mnist", "is not shown");
	refuses_together("distill.noise_mix=0.1, distill.noise_dir=x",
			 "distill.noise_set");
}
END_TEST

static void accepts_together(const char *const *words)
{
	begin();
	for (; *words; ++words)
		ck_assert(!ut_recipe_assign(&recipe, *words, &error));
	ck_assert_msg(!ut_recipe_check(&recipe, &error), "%s", error.text);
}

START_TEST(knobs_of_students_that_go_together_are_taken)
{
	static const char *const classic[] = {"distill.loss=kd",
					      "conditions=all, cross-all",
					      "distill.alpha=0.1",
					      "distill.temperature=4",
					      "distill.noise=images",
					      NULL};
	static const char *const mixed[] = {"distill.loss=kd", "conditions=all",
					    "distill.alpha=0.1",
					    "distill.noise_mix=0.5", NULL};
	static const char *const shared[] = {"net=conv 4, pool, fc 9",
					     "distill.share=conv1, fc2",
					     "distill.use=3", NULL};

	accepts_together(classic);
	accepts_together(mixed);
	accepts_together(shared);
}
END_TEST

START_TEST(shared_layers_are_a_set_of_places)
{
	struct ut_volume image = {28, 28, 1};
	struct ut_net net;
	uint32_t layers;

	ck_assert(!ut_net_init(&net, "conv 4, avgpool, fc 9", image, 10, 3,
			       &error));
	ck_assert(!ut_recipe_shared(&recipe, &net, &layers, &error));
	ck_assert_uint_eq(layers & 15, 15);
	ck_assert(
		!ut_recipe_assign(&recipe, "distill.share=conv1, fc2", &error));
	ck_assert(!ut_recipe_shared(&recipe, &net, &layers, &error));
	ck_assert_uint_eq(layers, 1 | 8);
	ck_assert(!ut_recipe_assign(&recipe, "distill.share=body", &error));
	ck_assert(!ut_recipe_shared(&recipe, &net, &layers, &error));
	ck_assert_uint_eq(layers & 13, 5);
}
END_TEST

START_TEST(shuffled_students_bring_their_teacher)
{
	ck_assert(
		!ut_recipe_assign(&recipe, "conditions=shuffled-aux", &error));
	ck_assert(recipe.conditions & 1u << UT_SHUFFLED_TEACHER);
	ck_assert(!(recipe.conditions & 1u << UT_AUX));
}
END_TEST

START_TEST(a_written_recipe_reads_back_the_same)
{
	struct ut_recipe back;
	struct ut_text text = {0}, again = {0};

	ck_assert(!ut_recipe_assign(&recipe, "teacher.lr=0.1", &error));
	ck_assert(
		!ut_recipe_assign(&recipe, "distill.noise_shift=-0.1", &error));
	ck_assert(!ut_recipe_assign(&recipe, "conditions=cross-all", &error));
	ut_recipe_write(&recipe, &text);
	ut_recipe_init(&back);
	ck_assert_msg(!ut_recipe_parse(&back, ut_text_string(&text), "x",
				       &error),
		      "%s", error.text);
	ck_assert(!memcmp(&back, &recipe, sizeof(back)));
	ut_recipe_write(&back, &again);
	ck_assert_str_eq(ut_text_string(&text), ut_text_string(&again));
	ut_text_release(&text);
	ut_text_release(&again);
}
END_TEST

START_TEST(bad_files_name_the_line)
{
	ck_assert_int_eq(ut_recipe_parse(&recipe, "seed = 1\n???\n", "r.ini",
					 &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "r.ini:2"));
	ck_assert_int_eq(ut_recipe_parse(&recipe, "[data]\nsat = mnist\n",
					 "r.ini", &error),
			 UT_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "r.ini:2"));
	ck_assert_ptr_nonnull(strstr(error.text, "data.set"));
}
END_TEST

/* Writes a recipe into the scratch folder; returns its path. */
static const char *write_recipe(const char *name, const char *text)
{
	const char *path = test_scratch("%s", name);

	ck_assert_msg(!ut_file_write(path, text, strlen(text), &error), "%s",
		      error.text);
	return path;
}

START_TEST(a_recipe_builds_on_another)
{
	const char *path;

	write_recipe("first.ini", "seed = 7\n[distill]\naux = 9\n");
	path = write_recipe("second.ini",
			    "; a comment\nbase = first\nreplicas = 3\n");
	ck_assert_msg(!ut_recipe_load(&recipe, path, &error), "%s", error.text);
	ck_assert_uint_eq(recipe.seed, 7);
	ck_assert_uint_eq(recipe.distill.aux, 9);
	ck_assert_uint_eq(recipe.replicas, 3);
}
END_TEST

START_TEST(a_base_that_is_none_is_named)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{"base = itself\n", "more than 4"},
		{"base = nobody\n", "nobody.ini"},
		{"base = ../first\n", "in the same folder"},
		{"base =\n", "in the same folder"},
		{"seed = 1\nbase = first\n", "before every other key"},
		{"[data]\nbase = first\n", "unknown key 'data.base'"},
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i) {
		const char *path = write_recipe("itself.ini", wrong[i].text);

		ck_assert_int_ne(ut_recipe_load(&recipe, path, &error), UT_OK);
		ck_assert_msg(strstr(error.text, wrong[i].says) != NULL, "%s",
			      error.text);
	}
	refuses("base=first", "before every other key");
}
END_TEST

START_TEST(classes_are_a_range)
{
	size_t first, end;

	snprintf(recipe.data.classes, sizeof(recipe.data.classes), "0, 1");
	ck_assert(!ut_recipe_classes(&recipe, 10, &first, &end, &error));
	ck_assert(first == 0 && end == 2);
	snprintf(recipe.data.classes, sizeof(recipe.data.classes), "3-7");
	ck_assert(!ut_recipe_classes(&recipe, 10, &first, &end, &error));
	ck_assert(first == 3 && end == 8);
	snprintf(recipe.data.classes, sizeof(recipe.data.classes), "0, 2");
	ck_assert_int_eq(ut_recipe_classes(&recipe, 10, &first, &end, &error),
			 UT_INVALID);
	snprintf(recipe.data.classes, sizeof(recipe.data.classes), "8-10");
	ck_assert_int_eq(ut_recipe_classes(&recipe, 10, &first, &end, &error),
			 UT_INVALID);
	snprintf(recipe.data.classes, sizeof(recipe.data.classes), "7-3");
	ck_assert_int_eq(ut_recipe_classes(&recipe, 10, &first, &end, &error),
			 UT_INVALID);
}
END_TEST

START_TEST(every_recipe_of_the_project_loads)
{
	DIR *folder = opendir("data/recipes");
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder))) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "data/recipes/%s", entry->d_name);
		ck_assert_msg(!ut_recipe_load(&recipe, path, &error), "%s",
			      error.text);
		ck_assert_msg(!ut_recipe_check(&recipe, &error), "%s: %s", path,
			      error.text);
		snprintf(path, sizeof(path), "%s.ini", recipe.name);
		ck_assert_str_eq(path, entry->d_name);
		++count;
	}
	closedir(folder);
	ck_assert_int_ge(count, 20);
}
END_TEST

START_TEST(every_key_stands_in_the_documentation)
{
	const char *name, *meaning;
	struct ut_text values = {0};
	size_t bytes, i;
	char *text;

	ck_assert_msg(!ut_file_read("docs/RECIPES.md", 1 << 20, &text, &bytes,
				    &error),
		      "%s", error.text);
	for (i = 0; ut_recipe_describe(i, &name, &meaning, &values); ++i) {
		struct ut_text row = {0};

		ut_text_append(&row, "| `%s` | %s | %s |", name,
			       ut_text_string(&values), meaning);
		ck_assert_msg(strstr(text, ut_text_string(&row)),
			      "docs/RECIPES.md lacks the row\n%s",
			      ut_text_string(&row));
		ut_text_release(&row);
		ut_text_release(&values);
	}
	ut_text_release(&values);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("recipe");

	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, a_key_is_set_by_a_word);
	tcase_add_test(tests, conditions_are_a_set_with_teacher_and_reference);
	tcase_add_test(tests, bad_values_are_refused_with_what_is_allowed);
	tcase_add_test(tests, a_name_leads_nowhere_else);
	tcase_add_test(tests, texts_are_what_a_file_can_hold);
	tcase_add_test(tests, an_unknown_key_names_the_nearest);
	tcase_add_test(tests, what_does_not_go_together_is_refused);
	tcase_add_test(tests,
		       knobs_of_students_that_do_not_go_together_are_refused);
	tcase_add_test(tests, knobs_of_students_that_go_together_are_taken);
	tcase_add_test(tests, shared_layers_are_a_set_of_places);
	tcase_add_test(tests, shuffled_students_bring_their_teacher);
	tcase_add_test(tests, a_written_recipe_reads_back_the_same);
	tcase_add_test(tests, bad_files_name_the_line);
	tcase_add_test(tests, a_recipe_builds_on_another);
	tcase_add_test(tests, a_base_that_is_none_is_named);
	tcase_add_test(tests, classes_are_a_range);
	tcase_add_test(tests, every_recipe_of_the_project_loads);
	tcase_add_test(tests, every_key_stands_in_the_documentation);
	return test_main_alone("recipe", tests);
}
