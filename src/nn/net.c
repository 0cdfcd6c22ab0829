/* Networks: descriptions, arenas, initial weights. */
#include "nn/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#include <undertone/trace.h>

/* Names for descriptions that many recipes share. */
static const struct {
	const char *name, *description;
} presets[] = {
	{"mlp", "fc 256, fc 256"},
	{"cnn2", "conv 32, pool, conv 64, pool, fc 128"},
	{"cnn3", "conv 32, pool, conv 64, pool, conv 128, pool, fc 128"},
};

enum { PRESETS = sizeof(presets) / sizeof(*presets), WORDS = 5 };

size_t ut_wide(size_t width)
{
	return (width + UT_ALIGN - 1) / UT_ALIGN * UT_ALIGN;
}

size_t ut_net_input_width(const struct ut_net *net)
{
	return net->layers[0].wide_D;
}

size_t ut_net_columns(const struct ut_net *net)
{
	return net->layers[net->layer_count - 1].wide_O;
}

bool ut_layer_has_weights(const struct ut_layer *layer)
{
	return layer->kind == UT_LAYER_LINEAR || layer->kind == UT_LAYER_CONV;
}

size_t ut_layer_weight_at(const struct ut_layer *layer, size_t o, size_t i)
{
	size_t row = i % layer->groups * layer->wide_in + i / layer->groups;

	return layer->weight + row * layer->wide_out + o;
}

size_t ut_layer_fan_in(const struct ut_layer *layer)
{
	return layer->groups * layer->in.C;
}

size_t ut_net_weight_count(const struct ut_net *net)
{
	size_t count = 0, i;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];

		if (ut_layer_has_weights(layer))
			count += (ut_layer_fan_in(layer) + 1) * layer->out.C;
	}
	return count;
}

/* Building ----------------------------------------------------------------- */

static size_t elements(struct ut_volume v)
{
	return v.H * v.W * v.C;
}

/* What the next layer sees, and its channels as they are stored. */
static struct ut_volume front(const struct ut_net *net, size_t *wide)
{
	const struct ut_layer *last;

	*wide = net->image.C;
	if (!net->layer_count)
		return net->image;
	last = &net->layers[net->layer_count - 1];
	*wide = last->wide_out;
	return last->out;
}

/* Places the layer's weights in the arena; counts those of its kind. */
static void add_weights(struct ut_net *net, struct ut_layer *layer)
{
	bool conv = layer->kind == UT_LAYER_CONV;
	size_t same = 0, i;

	for (i = 0; i < net->layer_count; ++i) {
		same += net->layers[i].kind == layer->kind;
		layer->number += ut_layer_has_weights(&net->layers[i]);
	}
	snprintf(layer->name, sizeof(layer->name), "%s%zu",
		 conv ? "conv" : "fc", same + 1);
	layer->groups = conv ? (size_t)layer->kernel * layer->kernel
			     : layer->in.H * layer->in.W;
	layer->wide_rows = layer->groups * layer->wide_in;
	layer->weight = net->parameters;
	layer->bias = layer->weight + layer->wide_rows * layer->wide_out;
	net->parameters = layer->bias + layer->wide_out;
}

/* Completes a layer whose in, out and channels are known, and adds it. */
static void add_layer(struct ut_net *net, struct ut_layer *layer)
{
	layer->D = elements(layer->in);
	layer->O = elements(layer->out);
	layer->wide_D = layer->in.H * layer->in.W * layer->wide_in;
	layer->wide_O = layer->out.H * layer->out.W * layer->wide_out;
	if (ut_layer_has_weights(layer))
		add_weights(net, layer);
	net->layers[net->layer_count++] = *layer;
}

static void add_linear(struct ut_net *net, size_t width, bool relu)
{
	struct ut_layer layer = {.kind = UT_LAYER_LINEAR, .relu = relu};

	layer.in = front(net, &layer.wide_in);
	if (!net->layer_count) {
		layer.in = (struct ut_volume){1, 1, elements(layer.in)};
		layer.wide_in = ut_wide(layer.in.C);
	}
	layer.out = (struct ut_volume){1, 1, width};
	layer.wide_out = ut_wide(width);
	add_layer(net, &layer);
}

/* Reading ------------------------------------------------------------------ */

/* A layer's description, cut at its spaces. */
struct words {
	const char *whole;
	size_t count;
	char storage[64];
	char *at[WORDS + 1]; /* one more than any layer has */
};

static enum ut_status refuse(const struct words *words, const char *why,
			     struct ut_error *error)
{
	return ut_error_set(error, UT_INVALID, "net: '%s': %s", words->whole,
			    why);
}

static void cut(struct words *words, const char *text)
{
	char *word, *rest;

	*words = (struct words){.whole = text};
	if (strlen(text) >= sizeof(words->storage))
		return;
	strcpy(words->storage, text);
	for (word = strtok_r(words->storage, " \t", &rest);
	     word && words->count <= WORDS; word = strtok_r(NULL, " \t", &rest))
		words->at[words->count++] = word;
}

/* A number of the description, like the 32 of "conv 32". */
static enum ut_status read_number(const struct words *words, const char *text,
				  uint64_t least, uint64_t most, size_t *number,
				  struct ut_error *error)
{
	uint64_t value;

	if (!text || !ut_parse_u64(text, least, most, &value))
		return ut_error_set(error, UT_INVALID,
				    "net: '%s': %s is not a number from %llu "
				    "to %llu",
				    words->whole, text ? text : "nothing",
				    (unsigned long long)least,
				    (unsigned long long)most);
	*number = (size_t)value;
	return UT_OK;
}

/* Options kN, sN, pN of a convolution, each at most once. */
static enum ut_status read_options(const struct words *words, size_t *kernel,
				   size_t *stride, size_t *pad,
				   struct ut_error *error)
{
	enum ut_status status = UT_OK;
	char seen[WORDS + 1] = "";
	size_t i;

	*kernel = 3;
	*stride = 1;
	for (i = 2; i < words->count && !status; ++i) {
		const char *text = words->at[i] + 1;
		char option = words->at[i][0];

		if (strchr(seen, option))
			return refuse(words, "an option stands there twice",
				      error);
		seen[i - 2] = option;
		switch (option) {
		case 'k':
			status = read_number(words, text, 1, UT_KERNEL_MAX,
					     kernel, error);
			break;
		case 's':
			status = read_number(words, text, 1, 2, stride, error);
			break;
		case 'p':
			status = read_number(words, text, 0, UT_KERNEL_MAX, pad,
					     error);
			break;
		default:
			status = refuse(words,
					"an option is kN (kernel), sN "
					"(stride) or pN (padding)",
					error);
		}
	}
	if (!strchr(seen, 'p'))
		*pad = (*kernel - 1) / 2;
	return status;
}

static enum ut_status read_conv(struct ut_net *net, const struct words *words,
				struct ut_error *error)
{
	struct ut_layer layer = {.kind = UT_LAYER_CONV, .relu = true};
	struct ut_conv_shape shape = {0};
	size_t channels = 0, kernel, stride, pad = 0;
	enum ut_status status;

	status = read_number(words, words->at[1], 1, UT_WIDTH_MAX, &channels,
			     error);
	if (!status)
		status = read_options(words, &kernel, &stride, &pad, error);
	if (status)
		return status;
	if (kernel % 2 == 0)
		return refuse(words, "a kernel's side is odd", error);
	if (pad >= kernel)
		return refuse(words, "padding is less than the kernel", error);
	layer.in = front(net, &layer.wide_in);
	layer.kernel = shape.kernel = (unsigned)kernel;
	layer.stride = shape.stride = (unsigned)stride;
	layer.pad = shape.pad = (unsigned)pad;
	layer.out =
		(struct ut_volume){ut_conv_side(&shape, layer.in.H),
				   ut_conv_side(&shape, layer.in.W), channels};
	layer.wide_out = ut_wide(channels);
	if (!layer.out.H || !layer.out.W)
		return ut_error_set(error, UT_INVALID,
				    "net: '%s': a kernel of %zu x %zu is "
				    "larger than the %zu x %zu pixels that "
				    "are left, padding included",
				    words->whole, kernel, kernel,
				    layer.in.H + 2 * pad, layer.in.W + 2 * pad);
	add_layer(net, &layer);
	return UT_OK;
}

/* A 2 x 2 max-pool right after a convolution becomes part of it. */
static bool fuse(struct ut_net *net, enum ut_layer_kind kind, size_t side)
{
	struct ut_layer *last;

	if (!net->layer_count || kind != UT_LAYER_MAX_POOL || side != 2)
		return false;
	last = &net->layers[net->layer_count - 1];
	if (last->kind != UT_LAYER_CONV || last->pool)
		return false;
	last->pool = true;
	last->out.H /= 2;
	last->out.W /= 2;
	last->O = elements(last->out);
	last->wide_O = last->out.H * last->out.W * last->wide_out;
	return true;
}

static enum ut_status read_pool(struct ut_net *net, const struct words *words,
				enum ut_layer_kind kind, struct ut_error *error)
{
	struct ut_layer layer = {.kind = kind};
	enum ut_status status = UT_OK;
	size_t side = 2;

	if (words->count > 1)
		status = read_number(words, words->at[1], 2, 16, &side, error);
	if (status)
		return status;
	layer.in = front(net, &layer.wide_in);
	if (layer.in.H < side || layer.in.W < side)
		return ut_error_set(error, UT_INVALID,
				    "net: '%s': nothing is left: windows of "
				    "%zu x %zu on %zu x %zu pixels",
				    words->whole, side, side, layer.in.H,
				    layer.in.W);
	if (fuse(net, kind, side))
		return UT_OK;
	layer.out = (struct ut_volume){layer.in.H / side, layer.in.W / side,
				       layer.in.C};
	layer.wide_out = layer.wide_in;
	layer.side = (unsigned)side;
	add_layer(net, &layer);
	return UT_OK;
}

static enum ut_status read_linear(struct ut_net *net, const struct words *words,
				  struct ut_error *error)
{
	enum ut_status status;
	size_t width = 0;

	status = read_number(words, words->at[1], 1, UT_WIDTH_MAX, &width,
			     error);
	if (!status)
		add_linear(net, width, true);
	return status;
}

/* Adds the hidden layer that a text describes. */
static enum ut_status read_layer(struct ut_net *net, const char *text,
				 struct ut_error *error)
{
	static const char kinds[] =
		"a layer is 'conv CHANNELS [kN] [sN] [pN]', 'pool [N]', "
		"'avgpool [N]' or 'fc WIDTH'";
	size_t count = net->layer_count;
	bool flat = count && net->layers[count - 1].kind == UT_LAYER_LINEAR;
	struct words words;
	const char *kind;

	cut(&words, text);
	kind = words.count ? words.at[0] : "";
	if (net->layer_count + 1 == UT_LAYERS_MAX)
		return ut_error_set(error, UT_INVALID,
				    "net: more than %d hidden layers",
				    UT_LAYERS_MAX - 1);
	if (!strcmp(kind, "fc") && words.count <= 2)
		return read_linear(net, &words, error);
	if (flat && strcmp(kind, "fc") != 0)
		return refuse(&words, "after 'fc' there is no image left",
			      error);
	if (!strcmp(kind, "conv") && words.count <= WORDS)
		return read_conv(net, &words, error);
	if (!strcmp(kind, "pool") && words.count <= 2)
		return read_pool(net, &words, UT_LAYER_MAX_POOL, error);
	if (!strcmp(kind, "avgpool") && words.count <= 2)
		return read_pool(net, &words, UT_LAYER_AVERAGE_POOL, error);
	return refuse(&words, kinds, error);
}

/* What a preset stands for, or the description itself. */
static const char *expand(const char *description)
{
	size_t i;

	for (i = 0; i < PRESETS; ++i)
		if (!strcmp(description, presets[i].name))
			return presets[i].description;
	return description;
}

/* Sizes that the contract's 32-bit counters can number. */
static enum ut_status check_sizes(const struct ut_net *net,
				  struct ut_error *error)
{
	size_t i;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];

		if (layer->wide_D >> 31 || layer->wide_O >> 31 ||
		    layer->wide_rows >> 31)
			return ut_error_set(error, UT_INVALID,
					    "net: layer %zu has more than 2^31 "
					    "elements an image",
					    i + 1);
	}
	return UT_OK;
}

enum ut_status ut_net_init(struct ut_net *net, const char *description,
			   struct ut_volume image, size_t classes, size_t aux,
			   struct ut_error *error)
{
	struct ut_list layers = {0};
	enum ut_status status = UT_OK;
	size_t i;

	*net = (struct ut_net){.image = image, .classes = classes, .aux = aux};
	if (!ut_list_split(&layers, expand(description)))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < layers.count && !status; ++i)
		status = read_layer(net, layers.items[i], error);
	ut_list_release(&layers);
	if (status)
		return status;
	add_linear(net, classes + aux, false);
	return check_sizes(net, error);
}

/* Counting ----------------------------------------------------------------- */

/* Useful operations of a layer's forward pass; those of pools are few. */
static double layer_flop(const struct ut_layer *layer)
{
	double places = 1;

	if (!ut_layer_has_weights(layer))
		return 0;
	if (layer->kind == UT_LAYER_CONV) {
		struct ut_conv_shape shape = {
			.kernel = layer->kernel,
			.pad = layer->pad,
			.stride = layer->stride,
		};

		places = (double)ut_conv_side(&shape, layer->in.H) *
			 (double)ut_conv_side(&shape, layer->in.W);
	}
	return 2 * places * (double)ut_layer_fan_in(layer) *
	       (double)layer->out.C;
}

double ut_net_forward_flop(const struct ut_net *net)
{
	double flop = 0;
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		flop += layer_flop(&net->layers[i]);
	return flop;
}

double ut_net_training_flop(const struct ut_net *net)
{
	size_t first = 0;

	while (!ut_layer_has_weights(&net->layers[first]))
		++first;
	return 3 * ut_net_forward_flop(net) - layer_flop(&net->layers[first]);
}

/* Initial weights ---------------------------------------------------------- */

/* Draws the rows of a layer's groups that are weights, as many as lie together. */
static void draw_weights(const struct ut_layer *layer, struct ut_device *device,
			 struct ut_random *op, struct ut_slice arena)
{
	bool together = layer->in.C == layer->wide_in || layer->groups == 1;
	size_t groups = together ? 1 : layer->groups, g;
	size_t rows = ut_layer_fan_in(layer) / groups;

	op->B = rows;
	for (g = 0; g < groups; ++g) {
		size_t at = g * layer->wide_in * layer->wide_out;

		op->first_row = (uint32_t)(g * rows);
		op->x = ut_slice_part(arena, layer->weight + at,
				      rows * layer->wide_out);
		ut_random(device, op);
	}
}

static void draw_layer(const struct ut_layer *layer, struct ut_device *device,
		       unsigned R, enum ut_init init, struct ut_rng rng,
		       struct ut_slice arena)
{
	double gain = init == UT_INIT_HE ? 2.0 : 1.0;
	double fan_in = (double)ut_layer_fan_in(layer);
	struct ut_random op = {
		.R = R,
		.columns = layer->out.C,
		.width = layer->wide_out,
		.distribution =
			init == UT_INIT_PYTORCH ? UT_UNIFORM : UT_NORMAL,
		.affine = ut_affine_of((float)sqrt(gain / fan_in), 0),
		.rng = rng,
	};

	ut_device_label(device, layer->name);
	op.rng.stream = 2 * layer->number;
	draw_weights(layer, device, &op, arena);
	if (init != UT_INIT_PYTORCH)
		return;
	op.B = 1;
	op.first_row = 0;
	op.rng.stream = 2 * layer->number + 1;
	op.x = ut_slice_part(arena, layer->bias, layer->wide_out);
	ut_random(device, &op);
}

void ut_net_draw_layers(const struct ut_net *net, struct ut_device *device,
			unsigned R, enum ut_init init, struct ut_rng rng,
			uint32_t layers, struct ut_slice arena)
{
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		if (ut_layer_has_weights(&net->layers[i]) && layers >> i & 1)
			draw_layer(&net->layers[i], device, R, init, rng,
				   arena);
	ut_device_label(device, NULL);
}

void ut_net_draw(const struct ut_net *net, struct ut_device *device, unsigned R,
		 enum ut_init init, struct ut_rng rng, struct ut_slice arena)
{
	ut_net_draw_layers(net, device, R, init, rng, UT_ALL_LAYERS, arena);
}
