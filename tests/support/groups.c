/* A group of replicas on a device, before anything was done with it. */
#include "groups.h"

#include <string.h>

#include "data/glyphs.h"
#include "lab/students.h"
#include "testing.h"

enum { ROWS = 20, TEST_IMAGES = 200 };

static struct ut_error error;

static void must(enum ut_status status)
{
	ck_assert_msg(!status, "%s", error.text);
}

static void draw(struct test_group *t, struct ut_device *device)
{
	struct ut_group *group = &t->group;

	ut_net_draw(&t->session.net, device, group->R,
		    (enum ut_init)t->recipe.init,
		    ut_group_rng(group, UT_PURPOSE_INIT, 0),
		    ut_group_arenas(group, group->initial));
	ut_copy(device, group->R, ut_group_arenas(group, group->initial),
		ut_group_arenas(group, group->teacher));
	ut_copy(device, group->R, ut_group_arenas(group, group->initial),
		ut_group_arenas(group, group->student));
}

void test_group_open(struct test_group *t, struct ut_device *device,
		     size_t images, const char *const *words)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	must(ut_recipe_load(&t->recipe, "data/recipes/tiny.ini", &error));
	t->recipe.data.limit = 0;
	t->recipe.teacher.batch = ROWS;
	t->recipe.distill.training.batch = ROWS;
	t->recipe.distill.images = images;
	for (i = 0; words && words[i]; ++i)
		must(ut_recipe_assign(&t->recipe, words[i], &error));
	must(ut_recipe_check(&t->recipe, &error));
	must(ut_glyphs_make(&t->data, images, TEST_IMAGES, UT_GLYPHS_SEED,
			    &error));
	must(ut_experiment_prepare(&t->recipe, &t->data, &error));
	must(ut_results_init(&t->results, &t->recipe, &t->data, &error));
	t->session = (struct ut_session){
		.recipe = &t->recipe,
		.data = &t->data,
		.device = device,
		.observer = &t->observer,
		.results = &t->results,
	};
	must(ut_session_init(&t->session, &error));
	must(ut_session_upload(&t->session, &error));
	must(ut_group_init(&t->group, &t->session, 0,
			   (unsigned)t->recipe.replicas, ROWS, &error));
	draw(t, device);
}

void test_group_close(struct test_group *t)
{
	ut_group_release(&t->group);
	ut_session_release(&t->session);
	ut_results_release(&t->results);
	ut_dataset_release(&t->data);
}

float *test_group_arenas(const struct test_group *t, struct ut_buffer *buffer)
{
	size_t count = t->group.R * t->session.net.parameters;
	float *arenas = test_alloc(count, sizeof(*arenas));

	must(ut_buffer_read(buffer, 0, count, arenas, &error));
	return arenas;
}
