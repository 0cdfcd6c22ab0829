/* What a run needs before it starts, shared by the runs of one process. */
#include "lab/supplies.h"

#include <stdlib.h>
#include <string.h>

#include "lab/shown.h"

struct ut_image_options ut_data_options(const struct ut_recipe *recipe,
					const struct ut_observer *observer)
{
	return (struct ut_image_options){
		.size = (unsigned)recipe->image.size,
		.channels = recipe->image.colour == UT_GREY ? 1 : 3,
		.fit = (enum ut_image_fit)recipe->image.fit,
		.on_error = (enum ut_image_failure)recipe->data.on_error,
		.memory = recipe->data.memory,
		.cache = recipe->data.cache,
		.stop = observer ? observer->stop : NULL,
		.user = observer ? observer->user : NULL,
	};
}

enum ut_status ut_data_load(struct ut_dataset *data,
			    const struct ut_recipe *recipe,
			    const char *const *roots,
			    const struct ut_observer *observer,
			    struct ut_error *error)
{
	const char *dir = recipe->data.dir;
	struct ut_image_options images = ut_data_options(recipe, observer);
	enum ut_status status;

	status = ut_dataset_load(data, recipe->data.set, *dir ? dir : NULL,
				 roots, &images, error);
	if (status)
		return status;
	status = ut_experiment_prepare(recipe, data, error);
	if (status)
		ut_dataset_release(data);
	return status;
}

/*
 * Whether two recipes load and prepare the same data. What differs in nothing
 * but bytes past a text's end is loaded again, which costs time only.
 */
static bool same_data(const struct ut_recipe *a, const struct ut_recipe *b)
{
	return !memcmp(&a->data, &b->data, sizeof(a->data)) &&
	       !memcmp(&a->image, &b->image, sizeof(a->image)) &&
	       ut_shown_same(a, b) &&
	       (a->data.split != UT_SPLIT_MERGED || a->seed == b->seed) &&
	       /* preparing checks this one against the images */
	       a->teacher.batch >= b->teacher.batch;
}

static void drop_data(struct ut_supplies *supplies)
{
	if (supplies->loaded)
		ut_dataset_release(&supplies->data);
	supplies->loaded = false;
}

enum ut_status ut_supplies_data(struct ut_supplies *supplies,
				const struct ut_recipe *recipe,
				const char *const *roots,
				const struct ut_observer *observer,
				struct ut_error *error)
{
	enum ut_status status;

	if (supplies->loaded && same_data(&supplies->recipe, recipe))
		return UT_OK;
	drop_data(supplies);
	status = ut_data_load(&supplies->data, recipe, roots, observer, error);
	if (status)
		return status;
	status = ut_shown_load(&supplies->data, recipe, roots, observer, error);
	if (status) {
		ut_dataset_release(&supplies->data);
		return status;
	}
	supplies->recipe = *recipe;
	supplies->loaded = true;
	return UT_OK;
}

static void drop_device(struct ut_supplies *supplies)
{
	ut_device_close(supplies->device);
	free(supplies->selector);
	supplies->device = NULL;
	supplies->selector = NULL;
	supplies->selected = false;
}

static bool same_selector(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

enum ut_status ut_supplies_device(struct ut_supplies *supplies,
				  const char *selector, struct ut_error *error)
{
	enum ut_status status;

	if (supplies->selected && same_selector(supplies->selector, selector)) {
		ut_device_restart_peak(supplies->device);
		return UT_OK;
	}
	drop_device(supplies);
	if (selector) {
		supplies->selector = malloc(strlen(selector) + 1);
		if (!supplies->selector)
			return ut_error_set(error, UT_MEMORY, "out of memory");
		strcpy(supplies->selector, selector);
	}
	status = ut_device_open(&supplies->device, selector, error);
	if (status)
		drop_device(supplies);
	else
		supplies->selected = true;
	return status;
}

void ut_supplies_check(struct ut_supplies *supplies)
{
	struct ut_error error;

	if (supplies->selected && ut_device_finish(supplies->device, &error))
		drop_device(supplies);
}

void ut_supplies_release(struct ut_supplies *supplies)
{
	drop_data(supplies);
	drop_device(supplies);
}
