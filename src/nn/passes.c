/* Forward and backward passes, and what they store. */
#include "nn/net.h"

#include <undertone/trace.h>

static bool has_index(const struct ut_layer *layer)
{
	return layer->pool || layer->kind == UT_LAYER_MAX_POOL;
}

void ut_activations_init(struct ut_activations *activations,
			 const struct ut_net *net, struct ut_device *device,
			 unsigned R, size_t B, bool training)
{
	size_t i;

	*activations = (struct ut_activations){.R = R, .B = B};
	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		size_t count = R * B * layer->wide_O;

		activations->outputs[i] = ut_buffer_new(device, UT_F32, count);
		if (!training)
			continue;
		activations->gradients[i] =
			ut_buffer_new(device, UT_F32, count);
		if (has_index(layer))
			activations->indices[i] =
				ut_buffer_new(device, UT_U8, count);
	}
}

void ut_activations_release(struct ut_activations *activations)
{
	size_t i;

	for (i = 0; i < UT_LAYERS_MAX; ++i) {
		ut_buffer_free(activations->outputs[i]);
		ut_buffer_free(activations->gradients[i]);
		ut_buffer_free(activations->indices[i]);
	}
	*activations = (struct ut_activations){0};
}

double ut_activations_bytes(const struct ut_net *net, bool training)
{
	double bytes = 0;
	size_t i;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];
		double each = training ? 8 + has_index(layer) : 4;

		bytes += each * (double)layer->wide_O;
	}
	return bytes;
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

/* One pass under way; its steps share these. */
struct pass {
	const struct ut_net *net;
	struct ut_device *device;
	const struct ut_activations *activations;
	size_t b;
	struct ut_slice x, arena, gradient;
	const struct ut_dropping *dropping; /* or NULL */
};

static struct ut_slice weights(const struct ut_layer *layer,
			       struct ut_slice arena)
{
	return ut_slice_part(arena, layer->weight,
			     layer->wide_rows * layer->wide_out);
}

static struct ut_slice biases(const struct ut_layer *layer,
			      struct ut_slice arena)
{
	return ut_slice_part(arena, layer->bias, layer->wide_out);
}

static struct ut_slice output(const struct pass *pass, size_t i)
{
	return ut_rows(pass->activations->outputs[i], pass->activations->B,
		       pass->b, pass->net->layers[i].wide_O);
}

static struct ut_slice output_gradient(const struct pass *pass, size_t i)
{
	return ut_rows(pass->activations->gradients[i], pass->activations->B,
		       pass->b, pass->net->layers[i].wide_O);
}

/* Of a pool's layer while training, else none. */
static struct ut_slice index_of(const struct pass *pass, size_t i)
{
	struct ut_buffer *buffer = pass->activations->indices[i];

	if (!buffer)
		return (struct ut_slice){0};
	return ut_rows(buffer, pass->activations->B, pass->b,
		       pass->net->layers[i].wide_O);
}

static struct ut_slice input(const struct pass *pass, size_t i)
{
	return i ? output(pass, i - 1) : pass->x;
}

static struct ut_conv_shape conv_shape(const struct ut_layer *layer, size_t b)
{
	return (struct ut_conv_shape){
		.B = b,
		.H = layer->in.H,
		.W = layer->in.W,
		.C = layer->wide_in,
		.O = layer->wide_out,
		.kernel = layer->kernel,
		.pad = layer->pad,
		.stride = layer->stride,
		.pool = layer->pool,
	};
}

/* Dropout ------------------------------------------------------------------ */

/* What is dropped of a layer's outputs. */
static double rate_of(const struct pass *pass, const struct ut_layer *layer)
{
	if (!pass->dropping || !layer->relu)
		return 0;
	return layer->kind == UT_LAYER_CONV ? pass->dropping->rate
					    : pass->dropping->fc_rate;
}

static float scale_of(double rate)
{
	return (float)(1.0 / (1.0 - rate));
}

/* Drops hidden activations; padding is +0 before and after. */
static void drop(const struct pass *pass, size_t i, double rate)
{
	const struct ut_layer *layer = &pass->net->layers[i];
	struct ut_dropout op = {
		.R = pass->activations->R,
		.B = pass->b,
		.D = layer->wide_O,
		.threshold = (uint32_t)(rate * 4294967296.0 + 0.5),
		.scale = scale_of(rate),
		.rng = pass->dropping->rng,
		.first_row = pass->dropping->first_row,
		.x = output(pass, i),
	};

	op.rng.stream = layer->number;
	ut_dropout(pass->device, &op);
}

/* Forward ------------------------------------------------------------------ */

static void forward_linear(const struct pass *pass, size_t i)
{
	const struct ut_layer *layer = &pass->net->layers[i];

	ut_linear_forward(pass->device,
			  &(struct ut_linear){
				  .R = pass->activations->R,
				  .B = pass->b,
				  .D = layer->wide_D,
				  .O = layer->wide_O,
				  .x = input(pass, i),
				  .w = weights(layer, pass->arena),
				  .b = biases(layer, pass->arena),
				  .relu = layer->relu,
				  .y = output(pass, i),
			  });
}

static void forward_conv(const struct pass *pass, size_t i)
{
	const struct ut_layer *layer = &pass->net->layers[i];

	ut_conv_forward(pass->device,
			&(struct ut_conv){
				.R = pass->activations->R,
				.shape = conv_shape(layer, pass->b),
				.x = input(pass, i),
				.w = weights(layer, pass->arena),
				.b = biases(layer, pass->arena),
				.relu = layer->relu,
				.y = output(pass, i),
				.index = index_of(pass, i),
			});
}

static void forward_pool(const struct pass *pass, size_t i)
{
	const struct ut_layer *layer = &pass->net->layers[i];
	struct ut_pool op = {
		.R = pass->activations->R,
		.B = pass->b,
		.H = layer->in.H,
		.W = layer->in.W,
		.C = layer->wide_in,
		.side = layer->side,
		.x = input(pass, i),
		.y = output(pass, i),
		.index = index_of(pass, i),
	};

	if (layer->kind == UT_LAYER_MAX_POOL)
		ut_max_pool(pass->device, &op);
	else
		ut_average_pool(pass->device, &op);
}

void ut_net_forward(const struct ut_net *net, struct ut_device *device,
		    const struct ut_activations *activations, size_t b,
		    struct ut_slice x, struct ut_slice arena,
		    const struct ut_dropping *dropping)
{
	struct pass pass = {
		.net = net,
		.device = device,
		.activations = activations,
		.b = b,
		.x = x,
		.arena = arena,
		.dropping = dropping,
	};
	size_t i;

	for (i = 0; i < net->layer_count; ++i) {
		double rate = rate_of(&pass, &net->layers[i]);

		ut_device_label(device, net->layers[i].name);
		switch (net->layers[i].kind) {
		case UT_LAYER_LINEAR:
			forward_linear(&pass, i);
			break;
		case UT_LAYER_CONV:
			forward_conv(&pass, i);
			break;
		default:
			forward_pool(&pass, i);
		}
		if (rate > 0)
			drop(&pass, i, rate);
	}
	ut_device_label(device, NULL);
}

/* Backward ----------------------------------------------------------------- */

/*
 * The gate of layer i's input gradient: that input, where a ReLU made it, and
 * the scale of the dropout after that.
 */
static struct ut_slice gate_of(const struct pass *pass, size_t i, float *scale)
{
	const struct ut_layer *below = &pass->net->layers[i - 1];

	*scale = scale_of(rate_of(pass, below));
	return below->relu ? input(pass, i) : (struct ut_slice){0};
}

static void backward_linear(const struct pass *pass, size_t i, bool data)
{
	const struct ut_layer *layer = &pass->net->layers[i];
	struct ut_linear_weights op = {
		.R = pass->activations->R,
		.B = pass->b,
		.D = layer->wide_D,
		.O = layer->wide_O,
		.x = input(pass, i),
		.dy = output_gradient(pass, i),
		.dw = weights(layer, pass->gradient),
		.db = biases(layer, pass->gradient),
	};
	struct ut_linear_data back = {
		.R = op.R,
		.B = op.B,
		.D = op.D,
		.O = op.O,
		.dy = op.dy,
		.w = weights(layer, pass->arena),
	};

	ut_linear_backward_weights(pass->device, &op);
	if (!data)
		return;
	back.gate = gate_of(pass, i, &back.scale);
	back.dx = output_gradient(pass, i - 1);
	ut_linear_backward_data(pass->device, &back);
}

static void backward_conv(const struct pass *pass, size_t i, bool data)
{
	const struct ut_layer *layer = &pass->net->layers[i];
	struct ut_conv_weights op = {
		.R = pass->activations->R,
		.shape = conv_shape(layer, pass->b),
		.x = input(pass, i),
		.dy = output_gradient(pass, i),
		.index = index_of(pass, i),
		.dw = weights(layer, pass->gradient),
		.db = biases(layer, pass->gradient),
	};
	struct ut_conv_data back = {
		.R = op.R,
		.shape = op.shape,
		.dy = op.dy,
		.index = op.index,
		.w = weights(layer, pass->arena),
	};

	ut_conv_backward_weights(pass->device, &op);
	if (!data)
		return;
	back.gate = gate_of(pass, i, &back.scale);
	back.dx = output_gradient(pass, i - 1);
	ut_conv_backward_data(pass->device, &back);
}

static void backward_pool(const struct pass *pass, size_t i)
{
	const struct ut_layer *layer = &pass->net->layers[i];
	struct ut_pool_data op = {
		.R = pass->activations->R,
		.B = pass->b,
		.H = layer->in.H,
		.W = layer->in.W,
		.C = layer->wide_in,
		.side = layer->side,
		.dy = output_gradient(pass, i),
		.index = index_of(pass, i),
		.dx = output_gradient(pass, i - 1),
	};

	op.gate = gate_of(pass, i, &op.scale);
	ut_pool_backward(pass->device, &op);
}

void ut_net_backward(const struct ut_net *net, struct ut_device *device,
		     const struct ut_activations *activations, size_t b,
		     struct ut_slice x, struct ut_slice arena,
		     struct ut_slice gradient,
		     const struct ut_dropping *dropping)
{
	struct pass pass = {
		.net = net,
		.device = device,
		.activations = activations,
		.b = b,
		.x = x,
		.arena = arena,
		.gradient = gradient,
		.dropping = dropping,
	};
	size_t first = 0, i;

	while (!ut_layer_has_weights(&net->layers[first]))
		++first;
	for (i = net->layer_count; i-- > first;) {
		ut_device_label(device, net->layers[i].name);
		switch (net->layers[i].kind) {
		case UT_LAYER_LINEAR:
			backward_linear(&pass, i, i > first);
			break;
		case UT_LAYER_CONV:
			backward_conv(&pass, i, i > first);
			break;
		default:
			backward_pool(&pass, i);
		}
	}
	ut_device_label(device, NULL);
}
