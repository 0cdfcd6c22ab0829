/* Arenas as files in PyTorch's names and layout, and back. */
#include "lab/weights.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

enum { NAME = 64 };

const char *ut_weights_file(enum ut_condition condition)
{
	static const char *const names[UT_CONDITIONS] = {
		[UT_REFERENCE] = "init.safetensors",
		[UT_TEACHER] = "teacher.safetensors",
		[UT_AUX] = "student-aux.safetensors",
		[UT_ALL] = "student-all.safetensors",
		[UT_CROSS_AUX] = "student-cross-aux.safetensors",
		[UT_CROSS_ALL] = "student-cross-all.safetensors",
		[UT_SHUFFLED_TEACHER] = "shuffled-teacher.safetensors",
		[UT_SHUFFLED_AUX] = "student-shuffled-aux.safetensors",
	};

	return names[condition];
}

size_t ut_weights_kept(const struct ut_recipe *recipe)
{
	if (recipe->save == UT_SAVE_NONE)
		return 0;
	return recipe->save == UT_SAVE_FIRST ? 1 : recipe->replicas;
}

/* A file that cannot be the recipe's weights is not taken into memory. */
static enum ut_status check_size(const char *path,
				 const struct ut_recipe *recipe,
				 const struct ut_net *net,
				 struct ut_error *error)
{
	enum { NAMING = 256 }; /* more than a tensor's entry in the header */
	double layer_bytes = (double)net->layer_count * 2 * NAMING;
	double most = (double)ut_weights_kept(recipe) *
		      (4 * (double)net->parameters + layer_bytes);
	struct stat info;

	if (stat(path, &info))
		return ut_file_error(error, errno, "cannot read %s", path);
	if (!S_ISREG(info.st_mode) || (double)info.st_size > most)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a file, or larger than the "
				    "recipe's weights can be",
				    path);
	return UT_OK;
}

enum ut_status ut_weights_read(struct ut_tensors *file, const char *folder,
			       const struct ut_recipe *recipe,
			       const struct ut_net *net,
			       enum ut_condition condition,
			       struct ut_error *error)
{
	char *path = ut_path_join(folder, ut_weights_file(condition));
	enum ut_status status;

	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = check_size(path, recipe, net, error);
	if (!status)
		status = ut_tensors_read(file, path, error);
	free(path);
	return status;
}

/* PyTorch's shapes: (O, C, kernel, kernel) or (O, D), and (O). */
static struct ut_shape weight_shape(const struct ut_layer *layer)
{
	if (layer->kind == UT_LAYER_CONV)
		return (struct ut_shape){4,
					 {layer->out.C, layer->in.C,
					  layer->kernel, layer->kernel}};
	return (struct ut_shape){2, {layer->out.C, ut_layer_fan_in(layer)}};
}

static struct ut_shape bias_shape(const struct ut_layer *layer)
{
	return (struct ut_shape){1, {layer->out.C}};
}

void ut_weights_add(struct ut_tensors *file, const struct ut_net *net,
		    size_t replica, const float *arena)
{
	char name[NAME];
	size_t i, j, k;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		size_t O = layer->out.C, inputs = ut_layer_fan_in(layer);
		float *to;

		if (!ut_layer_has_weights(layer))
			continue;
		snprintf(name, sizeof(name), "%zu.%s.weight", replica,
			 layer->name);
		to = ut_tensors_add(file, name, weight_shape(layer));
		for (j = 0; to && j < O; ++j)
			for (k = 0; k < inputs; ++k)
				to[j * inputs + k] =
					arena[ut_layer_weight_at(layer, j, k)];
		snprintf(name, sizeof(name), "%zu.%s.bias", replica,
			 layer->name);
		to = ut_tensors_add(file, name, bias_shape(layer));
		for (j = 0; to && j < O; ++j)
			to[j] = arena[layer->bias + j];
	}
}

/* A tensor of the file, all finite, or NULL and an error. */
static const float *find(const struct ut_tensors *file, const char *name,
			 struct ut_shape shape, struct ut_error *error)
{
	const float *found = ut_tensors_find(file, name, shape);
	size_t count = ut_shape_elements(&shape), i;

	if (!found) {
		ut_error_set(error, UT_CORRUPT,
			     "tensor %s is missing, or not "
			     "of the recipe's shape",
			     name);
		return NULL;
	}
	for (i = 0; i < count; ++i)
		if (!isfinite(found[i])) {
			ut_error_set(error, UT_CORRUPT,
				     "tensor %s holds a "
				     "number that is not finite",
				     name);
			return NULL;
		}
	return found;
}

enum ut_status ut_weights_find(const struct ut_tensors *file,
			       const struct ut_net *net, size_t replica,
			       float *arena, struct ut_error *error)
{
	char name[NAME];
	size_t i, j, k;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		size_t O = layer->out.C, inputs = ut_layer_fan_in(layer);
		const float *from;

		if (!ut_layer_has_weights(layer))
			continue;
		snprintf(name, sizeof(name), "%zu.%s.weight", replica,
			 layer->name);
		from = find(file, name, weight_shape(layer), error);
		if (!from)
			return UT_CORRUPT;
		for (j = 0; j < O; ++j)
			for (k = 0; k < inputs; ++k)
				arena[ut_layer_weight_at(layer, j, k)] =
					from[j * inputs + k];
		snprintf(name, sizeof(name), "%zu.%s.bias", replica,
			 layer->name);
		from = find(file, name, bias_shape(layer), error);
		if (!from)
			return UT_CORRUPT;
		for (j = 0; j < O; ++j)
			arena[layer->bias + j] = from[j];
	}
	return UT_OK;
}
