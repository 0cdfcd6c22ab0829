/* A network: its layers, its parameter arena, its passes. Device-blind. */
#ifndef UT_NET_H
#define UT_NET_H

#include <undertone/ops.h>

enum {
	UT_LAYERS_MAX = 32,
	UT_WIDTH_MAX = 65536,
	UT_KERNEL_MAX = 31,
	UT_ALIGN = 16,
};

/* Height, width and channels of an image, or of what a layer makes of it. */
struct ut_volume {
	size_t H, W, C;
};

enum ut_layer_kind {
	UT_LAYER_LINEAR,
	UT_LAYER_CONV,
	UT_LAYER_MAX_POOL,
	UT_LAYER_AVERAGE_POOL,
};

/*
 * A layer. Widths are as the user names them; `wide` ones are as they are
 * stored: the channels of hidden volumes rounded up to UT_ALIGN, where what is
 * added stays +0 (docs/ARITHMETIC.md). An input image's channels are stored as
 * they are, but a linear first layer sees one row of numbers, rounded up.
 */
struct ut_layer {
	enum ut_layer_kind kind;
	char name[16]; /* conv1, conv2, ... fc1, ...: PyTorch's prefix */
	struct ut_volume in, out;
	size_t D, O;                  /* elements of in and out */
	size_t wide_in, wide_out;     /* channels */
	size_t wide_D, wide_O;        /* elements */
	unsigned kernel, pad, stride; /* of a convolution */
	bool pool;                    /* a convolution's 2 x 2 max-pool */
	bool relu;     /* every layer with weights but the last */
	unsigned side; /* of a pool's windows */
	/*
	 * Weights are a matrix (wide_rows, wide_out) in the arena, of `groups`
	 * groups (a kernel's places, a flattened image's pixels) of wide_in
	 * rows each, of which in.C are weights and the others +0.
	 */
	unsigned number; /* among the layers with weights, from 0 */
	size_t groups, wide_rows;
	size_t weight, bias; /* offsets in the arena */
};

/* A description; owns nothing. The last layer gives classes + aux logits. */
struct ut_net {
	size_t layer_count;
	struct ut_layer layers[UT_LAYERS_MAX];
	struct ut_volume image;
	size_t classes, aux;
	size_t parameters; /* floats of one replica's arena */
};

/*
 * Builds a network from its description, a comma list of hidden layers:
 *
 *   conv CHANNELS [kN] [sN] [pN]   kernel N x N (3), stride N (1), padding N
 *                                  ((kernel - 1) / 2); then ReLU
 *   pool [N]                       the largest of windows N x N (2)
 *   avgpool [N]                    their average
 *   fc WIDTH                       linear; then ReLU
 *
 * It may be empty; mlp, cnn2 and cnn3 name common ones (docs/RECIPES.md).
 * UT_INVALID names the layer that cannot be read, does not fit or is too large.
 */
enum ut_status ut_net_init(struct ut_net *net, const char *description,
			   struct ut_volume image, size_t classes, size_t aux,
			   struct ut_error *error);

/* Rounded up to UT_ALIGN. */
size_t ut_wide(size_t width);

/* Length of a row of an input batch, of which the image is the beginning. */
size_t ut_net_input_width(const struct ut_net *net);

/* The net's wide number of logits: columns of its logits' matrix. */
size_t ut_net_columns(const struct ut_net *net);

bool ut_layer_has_weights(const struct ut_layer *layer);

/* Where in the arena PyTorch's weight (o, i) is, i its flattened inputs. */
size_t ut_layer_weight_at(const struct ut_layer *layer, size_t o, size_t i);

/* Inputs of an output, PyTorch's fan_in: C kernel^2, or D. */
size_t ut_layer_fan_in(const struct ut_layer *layer);

/* Weights and biases, without what was rounded up. */
size_t ut_net_weight_count(const struct ut_net *net);

/*
 * Useful floating-point operations an image, 2 a multiply-add: of the forward
 * pass, and of forward and backward without the first layer's data gradient.
 */
double ut_net_forward_flop(const struct ut_net *net);
double ut_net_training_flop(const struct ut_net *net);

enum ut_init {
	UT_INIT_FAN_IN,  /* weights N(0, 1/fan_in), biases 0 */
	UT_INIT_HE,      /* weights N(0, 2/fan_in), biases 0 (He et al. 2015) */
	UT_INIT_PYTORCH, /* both uniform in +-1/sqrt(fan_in) */
};

/* A set of layers: bit 1 << place in ut_net.layers. */
#define UT_ALL_LAYERS 0xffffffffu

/*
 * Draws R arenas (parameters floats each, zeroed before). rng.stream is ignored:
 * layer number i takes stream 2 i for weights, 2 i + 1 for biases.
 */
void ut_net_draw(const struct ut_net *net, struct ut_device *device, unsigned R,
		 enum ut_init init, struct ut_rng rng, struct ut_slice arena);

/*
 * The same for the layers of a set alone, as they come out of all. Biases that
 * init has 0 are not touched.
 */
void ut_net_draw_layers(const struct ut_net *net, struct ut_device *device,
			unsigned R, enum ut_init init, struct ut_rng rng,
			uint32_t layers, struct ut_slice arena);

/* What a pass stores, for R replicas and batches of up to B images. */
struct ut_activations {
	unsigned R;
	size_t B;
	struct ut_buffer *outputs[UT_LAYERS_MAX];   /* (R, B, wide_O) */
	struct ut_buffer *gradients[UT_LAYERS_MAX]; /* of them, or NULL */
	struct ut_buffer *indices[UT_LAYERS_MAX];   /* of pools, or NULL */
};

/* Allocates; failures latch in the device. training: with gradients. */
void ut_activations_init(struct ut_activations *activations,
			 const struct ut_net *net, struct ut_device *device,
			 unsigned R, size_t B, bool training);
void ut_activations_release(struct ut_activations *activations);

/* Bytes of it for one image of one replica. */
double ut_activations_bytes(const struct ut_net *net, bool training);

/* The first b of B rows of a buffer (R, B, wide). */
struct ut_slice ut_rows(struct ut_buffer *buffer, size_t B, size_t b,
			size_t wide);

/* The first b rows of the logits, and of their gradient: (b, C). */
struct ut_slice ut_net_logits(const struct ut_net *net,
			      const struct ut_activations *activations,
			      size_t b);
struct ut_slice ut_net_logits_gradient(const struct ut_net *net,
				       const struct ut_activations *activations,
				       size_t b);

/*
 * Dropout after every hidden ReLU (a convolution's, after its max-pool); rates
 * are in [0, 1), 0: none.
 */
struct ut_dropping {
	double rate, fc_rate; /* of convolutions, and of linear layers */
	struct ut_rng rng;    /* stream is ignored: layer number i takes i */
	uint32_t first_row;
};

/*
 * Logits of the b images x (b, input width). dropping may be NULL: none. arena:
 * parameters floats a replica.
 */
void ut_net_forward(const struct ut_net *net, struct ut_device *device,
		    const struct ut_activations *activations, size_t b,
		    struct ut_slice x, struct ut_slice arena,
		    const struct ut_dropping *dropping);

/*
 * The gradient of every parameter, from the logits' gradient, after a forward
 * pass with the same arguments. gradient: an arena, overwritten.
 */
void ut_net_backward(const struct ut_net *net, struct ut_device *device,
		     const struct ut_activations *activations, size_t b,
		     struct ut_slice x, struct ut_slice arena,
		     struct ut_slice gradient,
		     const struct ut_dropping *dropping);

#endif
