/* Networks: descriptions, arenas, forward and backward passes. */
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

size_t ut_wide(size_t width)
{
	return (width + UT_ALIGN - 1) / UT_ALIGN * UT_ALIGN;
}

size_t ut_net_columns(const struct ut_net *net)
{
	return net->layers[net->layer_count - 1].wide_O;
}

static void add_layer(struct ut_net *net, size_t D, size_t O)
{
	struct ut_layer *layer = &net->layers[net->layer_count++];

	snprintf(layer->name, sizeof(layer->name), "fc%zu", net->layer_count);
	layer->D = D;
	layer->O = O;
	layer->wide_D = ut_wide(D);
	layer->wide_O = ut_wide(O);
	layer->weight = net->parameters;
	layer->bias = layer->weight + layer->wide_D * layer->wide_O;
	net->parameters = layer->bias + layer->wide_O;
}

/* Adds the hidden layer that a word names: "fc WIDTH". */
static enum ut_status parse_layer(struct ut_net *net, const char *word,
				  size_t D, struct ut_error *error)
{
	size_t gap = strncmp(word, "fc", 2) ? 0 : strspn(word + 2, " \t");
	uint64_t width;

	if (!gap)
		return ut_error_set(error, UT_INVALID,
				    "net: cannot read "
				    "layer '%s': a layer is 'fc WIDTH'",
				    word);
	if (!ut_parse_u64(word + 2 + gap, 1, UT_WIDTH_MAX, &width))
		return ut_error_set(error, UT_INVALID,
				    "net: width '%s' is "
				    "not a number from 1 to %d",
				    word + 2 + gap, UT_WIDTH_MAX);
	if (net->layer_count + 1 == UT_LAYERS_MAX)
		return ut_error_set(error, UT_INVALID,
				    "net: more than %d "
				    "hidden layers",
				    UT_LAYERS_MAX - 1);
	add_layer(net, D, (size_t)width);
	return UT_OK;
}

enum ut_status ut_net_init(struct ut_net *net, const char *description,
			   size_t inputs, size_t classes, size_t aux,
			   struct ut_error *error)
{
	struct ut_list words = {0};
	enum ut_status status = UT_OK;
	size_t i, D = inputs;

	*net = (struct ut_net){.inputs = inputs,
			       .classes = classes,
			       .aux = aux};
	if (!ut_list_split(&words, description))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < words.count && !status; ++i) {
		status = parse_layer(net, words.items[i], D, error);
		if (!status)
			D = net->layers[i].O;
	}
	ut_list_release(&words);
	if (!status)
		add_layer(net, D, classes + aux);
	return status;
}

double ut_net_forward_flop(const struct ut_net *net)
{
	double flop = 0;
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		flop += 2.0 * (double)net->layers[i].D *
			(double)net->layers[i].O;
	return flop;
}

double ut_net_training_flop(const struct ut_net *net)
{
	return 3 * ut_net_forward_flop(net) -
	       2.0 * (double)net->layers[0].D * (double)net->layers[0].O;
}

/* A layer's weights (wide_D, wide_O) and biases (wide_O) in an arena. */
static struct ut_slice weights(const struct ut_layer *layer,
			       struct ut_slice arena)
{
	return ut_slice_part(arena, layer->weight,
			     layer->wide_D * layer->wide_O);
}

static struct ut_slice biases(const struct ut_layer *layer,
			      struct ut_slice arena)
{
	return ut_slice_part(arena, layer->bias, layer->wide_O);
}

void ut_net_draw(const struct ut_net *net, struct ut_device *device, unsigned R,
		 enum ut_init init, struct ut_rng rng, struct ut_slice arena)
{
	size_t i;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		double gain = init == UT_INIT_HE ? 2.0 : 1.0;
		struct ut_random op = {
			.R = R,
			.B = layer->D,
			.columns = layer->O,
			.width = layer->wide_O,
			.distribution = init == UT_INIT_PYTORCH ? UT_UNIFORM
								: UT_NORMAL,
			.affine = ut_affine_of(
				(float)sqrt(gain / (double)layer->D), 0),
			.rng = rng,
			.x = ut_slice_part(arena, layer->weight,
					   layer->D * layer->wide_O),
		};

		op.rng.stream = (uint32_t)(2 * i);
		ut_random(device, &op);
		if (init != UT_INIT_PYTORCH)
			continue;
		op.B = 1;
		op.rng.stream = (uint32_t)(2 * i + 1);
		op.x = biases(layer, arena);
		ut_random(device, &op);
	}
}

void ut_activations_init(struct ut_activations *activations,
			 const struct ut_net *net, struct ut_device *device,
			 unsigned R, size_t B, bool training)
{
	size_t i;

	*activations = (struct ut_activations){.R = R, .B = B};
	for (i = 0; i < net->layer_count; ++i) {
		size_t count = R * B * net->layers[i].wide_O;

		activations->outputs[i] = ut_buffer_new(device, UT_F32, count);
		if (training)
			activations->gradients[i] =
				ut_buffer_new(device, UT_F32, count);
	}
}

void ut_activations_release(struct ut_activations *activations)
{
	size_t i;

	for (i = 0; i < UT_LAYERS_MAX; ++i) {
		ut_buffer_free(activations->outputs[i]);
		ut_buffer_free(activations->gradients[i]);
	}
	*activations = (struct ut_activations){0};
}

struct ut_slice ut_rows(struct ut_buffer *buffer, size_t B, size_t b,
			size_t wide)
{
	return (struct ut_slice){buffer, 0, b * wide, B * wide};
}

struct ut_slice ut_net_logits(const struct ut_net *net,
			      const struct ut_activations *activations,
			      size_t b)
{
	return ut_rows(activations->outputs[net->layer_count - 1],
		       activations->B, b, ut_net_columns(net));
}

struct ut_slice ut_net_logits_gradient(const struct ut_net *net,
				       const struct ut_activations *activations,
				       size_t b)
{
	return ut_rows(activations->gradients[net->layer_count - 1],
		       activations->B, b, ut_net_columns(net));
}

static float dropout_scale(double rate)
{
	return (float)(1.0 / (1.0 - rate));
}

/* Drops hidden activations; padding is +0 before and after. */
static void drop(struct ut_device *device, unsigned R, size_t b, size_t wide,
		 const struct ut_dropping *dropping, size_t layer,
		 struct ut_slice x)
{
	struct ut_dropout op = {
		.R = R,
		.B = b,
		.D = wide,
		.threshold = (uint32_t)(dropping->rate * 4294967296.0 + 0.5),
		.scale = dropout_scale(dropping->rate),
		.rng = dropping->rng,
		.first_row = dropping->first_row,
		.x = x,
	};

	op.rng.stream = (uint32_t)layer;
	ut_dropout(device, &op);
}

void ut_net_forward(const struct ut_net *net, struct ut_device *device,
		    const struct ut_activations *activations, size_t b,
		    struct ut_slice x, struct ut_slice arena,
		    const struct ut_dropping *dropping)
{
	size_t i, last = net->layer_count - 1;

	for (i = 0; i <= last; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		struct ut_linear op = {
			.R = activations->R,
			.B = b,
			.D = layer->wide_D,
			.O = layer->wide_O,
			.x = x,
			.w = weights(layer, arena),
			.b = biases(layer, arena),
			.relu = i < last,
			.y = ut_rows(activations->outputs[i], activations->B, b,
				     layer->wide_O),
		};

		ut_linear_forward(device, &op);
		if (op.relu && dropping && dropping->rate > 0)
			drop(device, op.R, b, op.O, dropping, i, op.y);
		x = op.y;
	}
}

void ut_net_backward(const struct ut_net *net, struct ut_device *device,
		     const struct ut_activations *activations, size_t b,
		     struct ut_slice x, struct ut_slice arena,
		     struct ut_slice gradient, double dropout_rate)
{
	size_t B = activations->B, i;

	for (i = net->layer_count; i-- > 0;) {
		const struct ut_layer *layer = &net->layers[i];
		size_t D = layer->wide_D, O = layer->wide_O;
		struct ut_slice dy =
			ut_rows(activations->gradients[i], B, b, O);
		struct ut_slice input =
			i ? ut_rows(activations->outputs[i - 1], B, b, D) : x;

		ut_linear_backward_weights(
			device, &(struct ut_linear_weights){
					.R = activations->R,
					.B = b,
					.D = D,
					.O = O,
					.x = input,
					.dy = dy,
					.dw = weights(layer, gradient),
					.db = biases(layer, gradient),
				});
		if (!i)
			break;
		ut_linear_backward_data(
			device,
			&(struct ut_linear_data){
				.R = activations->R,
				.B = b,
				.D = D,
				.O = O,
				.dy = dy,
				.w = weights(layer, arena),
				.gate = input,
				.scale = dropout_scale(dropout_rate),
				.dx = ut_rows(activations->gradients[i - 1], B,
					      b, D),
			});
	}
}
