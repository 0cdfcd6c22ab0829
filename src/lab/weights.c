/* Arenas as files in PyTorch's names and layout, and back. */
#include "lab/weights.h"

#include <math.h>
#include <stdio.h>

enum { NAME = 64 };

/* from (rows, columns) of rows `wide` apart, to (columns, rows) packed. */
static void transpose_out(const float *from, size_t rows, size_t columns,
			  size_t wide, float *to)
{
	size_t i, j;

	for (j = 0; j < columns; ++j)
		for (i = 0; i < rows; ++i)
			to[j * rows + i] = from[i * wide + j];
}

void ut_weights_add(struct ut_tensors *file, const struct ut_net *net,
		    size_t replica, const float *arena)
{
	char name[NAME];
	size_t i, j;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		float *to;

		snprintf(name, sizeof(name), "%zu.%s.weight", replica,
			 layer->name);
		to = ut_tensors_add(file, name, layer->O, layer->D);
		if (to)
			transpose_out(arena + layer->weight, layer->D, layer->O,
				      layer->wide_O, to);
		snprintf(name, sizeof(name), "%zu.%s.bias", replica,
			 layer->name);
		to = ut_tensors_add(file, name, 0, layer->O);
		for (j = 0; to && j < layer->O; ++j)
			to[j] = arena[layer->bias + j];
	}
}

/* A tensor of the file, all finite, or NULL and an error. */
static const float *find(const struct ut_tensors *file, const char *name,
			 size_t rows, size_t columns, struct ut_error *error)
{
	const float *found = ut_tensors_find(file, name, rows, columns);
	size_t count = (rows ? rows : 1) * columns, i;

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
		const float *from;

		snprintf(name, sizeof(name), "%zu.%s.weight", replica,
			 layer->name);
		from = find(file, name, layer->O, layer->D, error);
		if (!from)
			return UT_CORRUPT;
		for (j = 0; j < layer->O; ++j)
			for (k = 0; k < layer->D; ++k)
				arena[layer->weight + k * layer->wide_O + j] =
					from[j * layer->D + k];
		snprintf(name, sizeof(name), "%zu.%s.bias", replica,
			 layer->name);
		from = find(file, name, 0, layer->O, error);
		if (!from)
			return UT_CORRUPT;
		for (j = 0; j < layer->O; ++j)
			arena[layer->bias + j] = from[j];
	}
	return UT_OK;
}
