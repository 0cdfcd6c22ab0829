/*
 * A network of one's own: points of two spirals, told apart by two hidden layers
 * that are trained with Adam. Four replicas, which differ in their seeds alone,
 * are trained side by side. On every device the same numbers come out.
 *
 *   cc spirals.c $(pkg-config --cflags --libs undertone) -lm -o spirals
 *   ./spirals [DEVICE]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <undertone/ops.h>

/* Replicas, points (a batch is all of them), widths, steps. */
enum { R = 4, POINTS = 512, IN = 16, HIDDEN = 64, OUT = 16, STEPS = 400 };
enum { LAYERS = 3, CLASSES = 2 };

static const size_t widths[LAYERS + 1] = {IN, HIDDEN, HIDDEN, OUT};

/* Everything on the device. Parameters lie in one arena for each replica. */
struct network {
	struct ut_device *device;
	size_t weight[LAYERS], bias[LAYERS], parameters; /* where in it */
	struct ut_buffer *arena, *gradient, *m, *v;      /* (R, parameters) */
	struct ut_buffer *x;                      /* (POINTS, IN), for all R */
	struct ut_buffer *labels, *predicted;     /* u32 */
	struct ut_buffer *y[LAYERS], *dy[LAYERS]; /* (R, POINTS, width) */
	struct ut_buffer *losses, *loss, *right;
};

static void lay_out(struct network *net)
{
	size_t at = 0;
	int i;

	for (i = 0; i < LAYERS; ++i) {
		net->weight[i] = at;
		at += widths[i] * widths[i + 1];
		net->bias[i] = at;
		at += widths[i + 1];
	}
	net->parameters = at;
}

/* Errors of allocation are latched: the next finish tells of them. */
static void allocate(struct network *net)
{
	struct ut_device *device = net->device;
	int i;

	net->arena = ut_buffer_new(device, UT_F32, R * net->parameters);
	net->gradient = ut_buffer_new(device, UT_F32, R * net->parameters);
	net->m = ut_buffer_new(device, UT_F32, R * net->parameters);
	net->v = ut_buffer_new(device, UT_F32, R * net->parameters);
	net->x = ut_buffer_new(device, UT_F32, POINTS * IN);
	net->labels = ut_buffer_new(device, UT_U32, POINTS);
	net->predicted = ut_buffer_new(device, UT_U32, R * POINTS);
	net->losses = ut_buffer_new(device, UT_F32, R * POINTS);
	net->loss = ut_buffer_new(device, UT_F32, R);
	net->right = ut_buffer_new(device, UT_U32, R);
	for (i = 0; i < LAYERS; ++i) {
		size_t count = R * POINTS * widths[i + 1];

		net->y[i] = ut_buffer_new(device, UT_F32, count);
		net->dy[i] = ut_buffer_new(device, UT_F32, count);
	}
}

static void release(struct network *net)
{
	int i;

	for (i = 0; i < LAYERS; ++i) {
		ut_buffer_free(net->y[i]);
		ut_buffer_free(net->dy[i]);
	}
	ut_buffer_free(net->arena);
	ut_buffer_free(net->gradient);
	ut_buffer_free(net->m);
	ut_buffer_free(net->v);
	ut_buffer_free(net->x);
	ut_buffer_free(net->labels);
	ut_buffer_free(net->predicted);
	ut_buffer_free(net->losses);
	ut_buffer_free(net->loss);
	ut_buffer_free(net->right);
}

/* Points of two arms, one and a half turns each; label 1 is the other arm. */
static void upload_points(struct network *net)
{
	static float x[POINTS][IN]; /* columns from 2 on stay 0 */
	static uint32_t labels[POINTS];
	size_t i;

	for (i = 0; i < POINTS; ++i) {
		double way = (double)(i / 2) / (POINTS / 2);
		double angle = 3 * 3.141592653589793 * way;
		double radius = (0.1 + 0.9 * way) * (i % 2 ? -1 : 1);

		labels[i] = i % 2;
		x[i][0] = (float)(radius * cos(angle));
		x[i][1] = (float)(radius * sin(angle));
	}
	ut_buffer_write(net->x, 0, POINTS * IN, x);
	ut_buffer_write(net->labels, 0, POINTS, labels);
}

/* count elements of each replica's part of the arena, or of its gradient. */
static struct ut_slice part(const struct network *net, struct ut_buffer *arena,
			    size_t at, size_t count)
{
	return ut_slice_part(ut_slice_of(arena, net->parameters), at, count);
}

static struct ut_slice weights(const struct network *net,
			       struct ut_buffer *arena, int layer)
{
	return part(net, arena, net->weight[layer],
		    widths[layer] * widths[layer + 1]);
}

static struct ut_slice biases(const struct network *net,
			      struct ut_buffer *arena, int layer)
{
	return part(net, arena, net->bias[layer], widths[layer + 1]);
}

/* Weights N(0, 2 / inputs) (He et al. 2015); biases stay 0. */
static void draw_weights(struct network *net)
{
	int i;

	for (i = 0; i < LAYERS; ++i)
		ut_random(net->device,
			  &(struct ut_random){
				  .R = R,
				  .B = widths[i],
				  .columns = widths[i + 1],
				  .width = widths[i + 1],
				  .distribution = UT_NORMAL,
				  .affine = ut_affine_of(
					  (float)sqrt(
						  2.0 /
						  (double)(i ? widths[i] : 2)),
					  0),
				  .rng = {.seed = 7, .stream = (uint32_t)i},
				  .x = weights(net, net->arena, i),
			  });
}

/* The input of a layer: the points, which all replicas share, or what is below. */
static struct ut_slice input(const struct network *net, int layer)
{
	struct ut_slice points = ut_slice_of(net->x, POINTS * IN);

	points.stride = 0;
	return layer ? ut_slice_of(net->y[layer - 1], POINTS * widths[layer])
		     : points;
}

static struct ut_slice output(struct ut_buffer *const *of, int layer)
{
	return ut_slice_of(of[layer], POINTS * widths[layer + 1]);
}

static void forward(struct network *net)
{
	int i;

	for (i = 0; i < LAYERS; ++i)
		ut_linear_forward(net->device,
				  &(struct ut_linear){
					  .R = R,
					  .B = POINTS,
					  .D = widths[i],
					  .O = widths[i + 1],
					  .x = input(net, i),
					  .w = weights(net, net->arena, i),
					  .b = biases(net, net->arena, i),
					  .relu = i < LAYERS - 1,
					  .y = output(net->y, i),
				  });
}

static void backward(struct network *net)
{
	struct ut_slice labels = ut_slice_of(net->labels, POINTS);
	int i;

	labels.stride = 0; /* the same for every replica */
	ut_cross_entropy(net->device,
			 &(struct ut_loss){
				 .R = R,
				 .B = POINTS,
				 .C = OUT,
				 .count = CLASSES,
				 .logits = output(net->y, LAYERS - 1),
				 .gradient = output(net->dy, LAYERS - 1),
				 .loss = ut_slice_of(net->losses, POINTS),
			 },
			 labels);
	for (i = LAYERS - 1; i >= 0; --i) {
		ut_linear_backward_weights(
			net->device,
			&(struct ut_linear_weights){
				.R = R,
				.B = POINTS,
				.D = widths[i],
				.O = widths[i + 1],
				.x = input(net, i),
				.dy = output(net->dy, i),
				.dw = weights(net, net->gradient, i),
				.db = biases(net, net->gradient, i),
			});
		if (i == 0)
			break;
		ut_linear_backward_data(net->device,
					&(struct ut_linear_data){
						.R = R,
						.B = POINTS,
						.D = widths[i],
						.O = widths[i + 1],
						.dy = output(net->dy, i),
						.w = weights(net, net->arena,
							     i),
						.gate = input(net, i),
						.scale = 1,
						.dx = output(net->dy, i - 1),
					});
	}
}

static void train(struct network *net)
{
	const double beta1 = 0.9, beta2 = 0.999;
	double power1 = 1, power2 = 1;
	int step;

	for (step = 1; step <= STEPS; ++step) {
		struct ut_update update;

		forward(net);
		backward(net);
		power1 *= beta1;
		power2 *= beta2;
		update = ut_update_at(UT_ADAM, 3e-3, beta1, beta2, power1,
				      power2, 1e-8, 0);
		ut_optimise(net->device, R, &update,
			    part(net, net->arena, 0, net->parameters),
			    part(net, net->gradient, 0, net->parameters),
			    part(net, net->m, 0, net->parameters),
			    part(net, net->v, 0, net->parameters));
	}
}

/* Prints every replica's loss, as its bits too, and its accuracy. */
static enum ut_status report(struct network *net, struct ut_error *error)
{
	struct ut_slice labels = ut_slice_of(net->labels, POINTS);
	struct ut_slice predicted = ut_slice_of(net->predicted, POINTS);
	float loss[R];
	uint32_t right[R];
	enum ut_status status;
	int r;

	labels.stride = 0;
	forward(net);
	ut_argmax(net->device, R, POINTS, OUT, 0, CLASSES,
		  output(net->y, LAYERS - 1), predicted);
	ut_count_equal(net->device, R, predicted, labels,
		       ut_slice_of(net->right, 1));
	ut_mean(net->device, R, ut_slice_of(net->losses, POINTS),
		ut_slice_of(net->loss, 1));
	status = ut_buffer_read(net->loss, 0, R, loss, error);
	if (!status)
		status = ut_buffer_read(net->right, 0, R, right, error);
	for (r = 0; r < R && !status; ++r)
		printf("replica %d: loss %.6f (%a), %u of %d points right\n", r,
		       (double)loss[r], (double)loss[r], (unsigned)right[r],
		       POINTS);
	return status;
}

int main(int count, char **words)
{
	struct network net = {0};
	struct ut_error error;
	enum ut_status status;

	status = ut_device_open(&net.device, count > 1 ? words[1] : NULL,
				&error);
	if (status) {
		fprintf(stderr, "spirals: %s\n", error.text);
		return 1;
	}
	lay_out(&net);
	allocate(&net);
	status = ut_device_finish(net.device, &error);
	if (!status) {
		upload_points(&net);
		draw_weights(&net);
		train(&net);
		status = report(&net, &error);
	}
	if (status)
		fprintf(stderr, "spirals: %s\n", error.text);
	release(&net);
	ut_device_close(net.device);
	return status != UT_OK;
}
