/* Arenas as files in PyTorch's names and layout, and back. */
#include "lab/weights.h"

#include <math.h>
#include <stdio.h>

enum { NAME = 64 };

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
