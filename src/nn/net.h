/* A network: its layers, its parameter arena, its passes. Device-blind. */
#ifndef UT_NET_H
#define UT_NET_H

#include <undertone/ops.h>

enum { UT_LAYERS_MAX = 16, UT_WIDTH_MAX = 65536, UT_ALIGN = 16 };

/*
 * A linear layer. Widths are as the user names them; `wide` ones are rounded up
 * to UT_ALIGN, and what is added stays +0 (docs/ARITHMETIC.md).
 */
struct ut_layer {
	char name[16]; /* fc1, fc2, ...: PyTorch's prefix */
	size_t D, O;
	size_t wide_D, wide_O;
	size_t weight, bias; /* offsets in the arena */
};

/* A description; owns nothing. The last layer gives classes + aux logits. */
struct ut_net {
	size_t layer_count;
	struct ut_layer layers[UT_LAYERS_MAX];
	size_t inputs, classes, aux;
	size_t parameters; /* floats of one replica's arena */
};

/*
 * Builds a network from its description: a comma list of hidden layers,
 * "fc WIDTH" each, with ReLU between; may be empty. inputs: elements of an
 * image. UT_INVALID names what cannot be read or is too large.
 */
enum ut_status ut_net_init(struct ut_net *net, const char *description,
			   size_t inputs, size_t classes, size_t aux,
			   struct ut_error *error);

/* Rounded up to UT_ALIGN. */
size_t ut_wide(size_t width);

/* The net's wide number of logits: columns of its logits' matrix. */
size_t ut_net_columns(const struct ut_net *net);

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

/*
 * Draws R arenas (parameters floats each, zeroed before). rng.stream is ignored:
 * layer i takes stream 2 i for weights, 2 i + 1 for biases.
 */
void ut_net_draw(const struct ut_net *net, struct ut_device *device, unsigned R,
		 enum ut_init init, struct ut_rng rng, struct ut_slice arena);

/* What a pass stores, for R replicas and batches of up to B images. */
struct ut_activations {
	unsigned R;
	size_t B;
	struct ut_buffer *outputs[UT_LAYERS_MAX];   /* (R, B, wide_O) */
	struct ut_buffer *gradients[UT_LAYERS_MAX]; /* of them, or NULL */
};

/* Allocates; failures latch in the device. training: with gradients. */
void ut_activations_init(struct ut_activations *activations,
			 const struct ut_net *net, struct ut_device *device,
			 unsigned R, size_t B, bool training);
void ut_activations_release(struct ut_activations *activations);

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

/* Dropout after every hidden ReLU; rate 0: none. */
struct ut_dropping {
	double rate;       /* in [0, 1) */
	struct ut_rng rng; /* stream is ignored: layer i takes stream i */
	uint32_t first_row;
};

/*
 * Logits of the b images x (b, wide_D of the first layer). dropping may be NULL.
 * arena: parameters floats a replica.
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
		     struct ut_slice gradient, double dropout_rate);

#endif
