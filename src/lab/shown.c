/* The real images that students are shown, and which of them when. */
#include "lab/shown.h"

#include <stdlib.h>
#include <string.h>

#include "data/order.h"
#include "lab/supplies.h"

static enum ut_status check_size(const struct ut_dataset *data,
				 const struct ut_dataset *shown,
				 struct ut_error *error)
{
	bool photographs = ut_dataset_is_photographs(shown->name);

	if (shown->height == data->height && shown->width == data->width &&
	    shown->channels == data->channels)
		return UT_OK;
	return ut_error_set(error, UT_INVALID,
			    "distill.noise_set = %s: its images are %zu x %zu "
			    "x %zu, those of %s are %zu x %zu x %zu%s",
			    shown->name, shown->height, shown->width,
			    shown->channels, data->name, data->height,
			    data->width, data->channels,
			    photographs ? "; image.size and image.colour "
					  "make photographs fit"
					: "");
}

enum ut_status ut_shown_load(struct ut_dataset *data,
			     const struct ut_recipe *recipe,
			     const char *const *roots,
			     const struct ut_observer *observer,
			     struct ut_error *error)
{
	const char *dir = recipe->distill.noise_dir;
	struct ut_image_options images = ut_data_options(recipe, observer);
	struct ut_dataset *shown;
	enum ut_status status;

	if (!ut_recipe_shows_others(recipe))
		return UT_OK;
	shown = calloc(1, sizeof(*shown));
	if (!shown)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_dataset_load(shown, recipe->distill.noise_set,
				 *dir ? dir : NULL, roots, &images, error);
	if (!status) {
		status = check_size(data, shown, error);
		if (status)
			ut_dataset_release(shown);
	}
	if (status)
		free(shown);
	else
		data->shown = shown;
	return status;
}

bool ut_shown_same(const struct ut_recipe *a, const struct ut_recipe *b)
{
	if (!ut_recipe_shows_others(a) || !ut_recipe_shows_others(b))
		return ut_recipe_shows_others(a) == ut_recipe_shows_others(b);
	return !strcmp(a->distill.noise_set, b->distill.noise_set) &&
	       !strcmp(a->distill.noise_dir, b->distill.noise_dir);
}

size_t ut_shown_count(const struct ut_session *session)
{
	const struct ut_dataset *data = session->data;

	return data->shown ? data->shown->train.count : data->train.count;
}

struct ut_slice ut_shown_images(const struct ut_session *session)
{
	size_t bytes =
		ut_shown_count(session) * ut_dataset_image_bytes(session->data);

	return (struct ut_slice){
		session->shown ? session->shown : session->images,
		0,
		bytes,
		0,
	};
}

bool ut_shown_init(struct ut_shown *shown, const struct ut_session *session,
		   size_t images)
{
	*shown = (struct ut_shown){
		.images = images,
		.count = ut_shown_count(session),
	};
	shown->sequence = malloc(images * sizeof(*shown->sequence));
	shown->pass = malloc(shown->count * sizeof(*shown->pass));
	return shown->sequence && shown->pass;
}

void ut_shown_release(struct ut_shown *shown)
{
	free(shown->sequence);
	free(shown->pass);
	*shown = (struct ut_shown){0};
}

/* sequence = places first, first + 1, ... of the endless sequence */
static void make_sequence(struct ut_shown *shown, struct ut_rng rng,
			  bool shuffled, uint64_t first)
{
	size_t done = 0, part;

	while (done < shown->images) {
		uint64_t pass = (first + done) / shown->count;
		size_t at = (size_t)((first + done) % shown->count);

		if (shuffled)
			ut_order_shuffle(shown->pass, shown->count, rng,
					 (uint32_t)pass);
		else
			ut_order_sequential(shown->pass, shown->count);
		part = shown->count - at;
		if (part > shown->images - done)
			part = shown->images - done;
		memcpy(shown->sequence + done, shown->pass + at,
		       part * sizeof(*shown->pass));
		done += part;
	}
}

void ut_shown_choose(struct ut_shown *shown, struct ut_rng rng, bool shuffled,
		     uint64_t first, uint32_t *ids)
{
	size_t i;

	make_sequence(shown, rng, shuffled, first);
	for (i = 0; i < shown->images; ++i)
		ids[i] = shown->sequence[ids[i] - (uint32_t)first];
}
