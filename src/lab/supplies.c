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

static void drop_devices(struct ut_supplies *supplies)
{
	size_t i;

	for (i = 0; i < supplies->device_count; ++i)
		ut_device_close(supplies->devices[i]);
	free(supplies->devices);
	free(supplies->selector);
	supplies->devices = NULL;
	supplies->device_count = 0;
	supplies->selector = NULL;
	supplies->listed = false;
}

static bool same_selector(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* True when they are open already. */
static bool keep_devices(const struct ut_supplies *supplies,
			 const char *selector, bool listed)
{
	size_t i;

	if (!supplies->device_count || supplies->listed != listed ||
	    !same_selector(supplies->selector, selector))
		return false;
	for (i = 0; i < supplies->device_count; ++i)
		ut_device_restart_peak(supplies->devices[i]);
	return true;
}

/* Room for count devices, and the selector that they are opened by. */
static enum ut_status make_room(struct ut_supplies *supplies, size_t count,
				const char *selector, bool listed,
				struct ut_error *error)
{
	drop_devices(supplies);
	supplies->listed = listed;
	supplies->devices = calloc(count, sizeof(*supplies->devices));
	if (selector)
		supplies->selector = strdup(selector);
	if (!supplies->devices || (selector && !supplies->selector))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	return UT_OK;
}

/* Opens one more, which must not be one of those that are open. */
static enum ut_status open_next(struct ut_supplies *supplies,
				const char *selector, struct ut_error *error)
{
	struct ut_device **next = &supplies->devices[supplies->device_count];
	enum ut_status status = ut_device_open(next, selector, error);
	size_t i;

	if (status)
		return status;
	for (i = 0; i < supplies->device_count; ++i)
		if (ut_device_about(supplies->devices[i])->index ==
		    ut_device_about(*next)->index)
			status = ut_error_set(
				error, UT_INVALID,
				"'%s' is device %d once more, %s: each one "
				"shares the replicas once",
				selector, ut_device_about(*next)->index,
				ut_device_about(*next)->name);
	++supplies->device_count;
	return status;
}

enum ut_status ut_supplies_device(struct ut_supplies *supplies,
				  const char *selector, struct ut_error *error)
{
	enum ut_status status;

	if (keep_devices(supplies, selector, false))
		return UT_OK;
	status = make_room(supplies, 1, selector, false, error);
	if (!status)
		status = open_next(supplies, selector, error);
	if (status)
		drop_devices(supplies);
	return status;
}

enum ut_status ut_supplies_devices(struct ut_supplies *supplies,
				   const char *selectors,
				   struct ut_error *error)
{
	enum ut_status status;
	size_t count = 1, i;
	char *copy, *word, *comma;

	if (keep_devices(supplies, selectors, true))
		return UT_OK;
	for (i = 0; selectors[i]; ++i)
		count += selectors[i] == ',';
	status = make_room(supplies, count, selectors, true, error);
	copy = strdup(selectors);
	if (!status && !copy)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	for (word = copy; word && !status; word = comma) {
		comma = strchr(word, ',');
		if (comma)
			*comma++ = '\0';
		status = open_next(supplies, word, error);
	}
	free(copy);
	if (status)
		drop_devices(supplies);
	return status;
}

void ut_supplies_check(struct ut_supplies *supplies)
{
	bool failed = false;
	size_t i;

	for (i = 0; i < supplies->device_count; ++i)
		if (ut_device_finish(supplies->devices[i], NULL))
			failed = true;
	if (failed)
		drop_devices(supplies);
}

void ut_supplies_release(struct ut_supplies *supplies)
{
	drop_data(supplies);
	drop_devices(supplies);
}
