/* Recipes: what single keys cannot check. */
#include <string.h>

#include "data/dataset.h"
#include "lab/recipe.h"

bool ut_recipe_shows_images(const struct ut_recipe *recipe)
{
	return recipe->distill.noise == UT_NOISE_IMAGES ||
	       recipe->distill.noise_mix > 0;
}

bool ut_recipe_shows_others(const struct ut_recipe *recipe)
{
	return ut_recipe_shows_images(recipe) && *recipe->distill.noise_set;
}

/* Shared layers ------------------------------------------------------------ */

static enum ut_status refuse_share(const struct ut_net *net, const char *word,
				   struct ut_error *error)
{
	struct ut_text names = {0};
	enum ut_status status;
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		if (ut_layer_has_weights(&net->layers[i]))
			ut_text_append(&names, "%s%s", names.length ? ", " : "",
				       net->layers[i].name);
	status = ut_error_set(error, UT_INVALID,
			      "distill.share: '%s' is not a layer; it is all, "
			      "body, head, or a comma list of %s",
			      word, ut_text_string(&names));
	ut_text_release(&names);
	return status;
}

/* The bit of a layer's name, or 0. */
static uint32_t layer_of(const struct ut_net *net, const char *name)
{
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		if (ut_layer_has_weights(&net->layers[i]) &&
		    !strcmp(net->layers[i].name, name))
			return 1u << i;
	return 0;
}

enum ut_status ut_recipe_shared(const struct ut_recipe *recipe,
				const struct ut_net *net, uint32_t *layers,
				struct ut_error *error)
{
	const char *share = recipe->distill.share;
	uint32_t head = 1u << (net->layer_count - 1), bit;
	enum ut_status status = UT_OK;
	struct ut_list names = {0};
	size_t i;

	*layers = UT_ALL_LAYERS;
	if (!strcmp(share, "all"))
		return UT_OK;
	*layers = !strcmp(share, "body") ? ~head : head;
	if (!strcmp(share, "body") || !strcmp(share, "head"))
		return UT_OK;
	if (!ut_list_split(&names, share))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	*layers = 0;
	for (i = 0; i < names.count && !status; ++i) {
		bit = layer_of(net, names.items[i]);
		*layers |= bit;
		if (!bit)
			status = refuse_share(net, names.items[i], error);
	}
	if (!names.count)
		status = refuse_share(net, "", error);
	ut_list_release(&names);
	return status;
}

/* Checking ----------------------------------------------------------------- */

static bool has_temperature(int loss)
{
	return loss == UT_KL || loss == UT_REVERSE_KL || loss == UT_JS;
}

/* Classic distillation is of the class logits, and may want labels. */
static enum ut_status check_classic(const struct ut_recipe *recipe,
				    struct ut_error *error)
{
	unsigned aux =
		1u << UT_AUX | 1u << UT_CROSS_AUX | 1u << UT_SHUFFLED_AUX;

	if (recipe->conditions & aux)
		return ut_error_set(error, UT_INVALID,
				    "distill.loss = kd is of class logits, "
				    "which aux students do not learn: set "
				    "conditions = all, cross-all");
	if (recipe->distill.use)
		return ut_error_set(error, UT_INVALID,
				    "distill.use = %llu: distill.loss = kd is "
				    "of class logits alone",
				    (unsigned long long)recipe->distill.use);
	if (recipe->distill.alpha > 0 &&
	    (!ut_recipe_shows_images(recipe) || ut_recipe_shows_others(recipe)))
		return ut_error_set(error, UT_INVALID,
				    "distill.alpha = %g needs labels: show the "
				    "teacher's own images by distill.noise = "
				    "images, or noise_mix, with an empty "
				    "noise_set",
				    recipe->distill.alpha);
	return UT_OK;
}

static enum ut_status check_loss(const struct ut_recipe *recipe,
				 struct ut_error *error)
{
	double temperature = recipe->distill.temperature;

	if (recipe->distill.loss == UT_KD)
		return check_classic(recipe, error);
	if (recipe->distill.alpha > 0)
		return ut_error_set(error, UT_INVALID,
				    "distill.alpha = %g needs distill.loss = "
				    "kd",
				    recipe->distill.alpha);
	if (!has_temperature(recipe->distill.loss) &&
	    (temperature < 1 || temperature > 1))
		return ut_error_set(error, UT_INVALID,
				    "distill.temperature = %g needs a loss "
				    "with a softmax: distill.loss = kl, revkl, "
				    "js or kd",
				    temperature);
	return UT_OK;
}

static enum ut_status check_images(const struct ut_recipe *recipe,
				   struct ut_error *error)
{
	bool images = recipe->distill.noise == UT_NOISE_IMAGES;
	double scale = recipe->distill.noise_scale;
	double shift = recipe->distill.noise_shift;

	if (images && recipe->distill.noise_mix > 0)
		return ut_error_set(error, UT_INVALID,
				    "distill.noise_mix = %g mixes images and "
				    "noise; distill.noise = images has none",
				    recipe->distill.noise_mix);
	if (images && (scale < 1 || scale > 1 || shift < 0 || shift > 0 ||
		       recipe->distill.noise_space != UT_SPACE_INPUT))
		return ut_error_set(error, UT_INVALID,
				    "distill.noise = images: images are scaled "
				    "by data.scale; noise_scale, noise_shift "
				    "and noise_space are of noise");
	if (*recipe->distill.noise_set && !ut_recipe_shows_images(recipe))
		return ut_error_set(error, UT_INVALID,
				    "distill.noise_set = %s is not shown: set "
				    "distill.noise = images, or noise_mix",
				    recipe->distill.noise_set);
	if (*recipe->distill.noise_dir && !*recipe->distill.noise_set)
		return ut_error_set(error, UT_INVALID,
				    "distill.noise_dir needs distill.noise_set "
				    "to say what is in it");
	return UT_OK;
}

static enum ut_status check_students(const struct ut_recipe *recipe,
				     struct ut_error *error)
{
	const struct ut_training *student = &recipe->distill.training;

	if (student->batch > recipe->distill.images)
		return ut_error_set(error, UT_INVALID,
				    "distill.batch = %llu "
				    "is larger than distill.images = %llu",
				    (unsigned long long)student->batch,
				    (unsigned long long)recipe->distill.images);
	if (recipe->distill.control == UT_CONTROL_DERANGEMENT &&
	    recipe->replicas < 2)
		return ut_error_set(error, UT_INVALID,
				    "distill.control = "
				    "derangement needs replicas = 2 or more");
	if (recipe->distill.use > recipe->distill.aux)
		return ut_error_set(error, UT_INVALID,
				    "distill.use = %llu is more than "
				    "distill.aux = %llu",
				    (unsigned long long)recipe->distill.use,
				    (unsigned long long)recipe->distill.aux);
	return UT_OK;
}

enum ut_status ut_recipe_check(const struct ut_recipe *recipe,
			       struct ut_error *error)
{
	struct ut_volume image = {28, 28, 1};
	enum ut_status status;
	struct ut_net net;
	uint32_t layers;

	status = check_students(recipe, error);
	if (!status)
		status = check_loss(recipe, error);
	if (!status)
		status = check_images(recipe, error);
	if (status)
		return status;
	if (ut_dataset_is_photographs(recipe->data.set))
		image = (struct ut_volume){recipe->image.size,
					   recipe->image.size,
					   recipe->image.colour == UT_GREY ? 1
									   : 3};
	status = ut_net_init(&net, recipe->net, image, 2, recipe->distill.aux,
			     error);
	return status ? status : ut_recipe_shared(recipe, &net, &layers, error);
}
