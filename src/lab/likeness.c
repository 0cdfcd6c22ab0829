/* Diagnostics of final networks: activations, answers and linear probes. */
#include <math.h>
#include <stdlib.h>

#include "lab/diagnostics.h"
#include "report/probe.h"
#include "report/similarity.h"

/* Outputs of a layer that take part, at most: wide ones are thinned out. */
enum { LIKENESS_OUTPUTS = 4096, PROBE_OUTPUTS = 1024 };

/* What is kept of a layer's outputs for n images. */
struct taking {
	size_t layer; /* its place in the net */
	size_t step;  /* every step-th of its outputs */
	size_t count;
	bool by_output; /* values are (count, n), else (n, count) */
	double *values; /* owned */
};

/* n images of a split, evenly spaced, shown to one replica at a time. */
struct showing {
	struct ut_group *group;
	struct ut_buffer *images, *ids;
	size_t N, n;
	float *rows; /* (watch.B, the widest output) */
};

static size_t common_divisor(size_t a, size_t b)
{
	while (b) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* At most `most` outputs of a layer, of all its channels alike. */
static struct taking thin(const struct ut_net *net, size_t layer, size_t most)
{
	const struct ut_volume *out = &net->layers[layer].out;
	size_t all = out->H * out->W * out->C, step = (all + most - 1) / most;

	while (step > 1 && common_divisor(step, out->C) > 1)
		++step;
	return (struct taking){.layer = layer,
			       .step = step,
			       .count = (all + step - 1) / step};
}

/* The place of a layer's output, as it is named, in its wide row. */
static size_t wide_place(const struct ut_layer *layer, size_t output)
{
	return output / layer->out.C * layer->wide_out + output % layer->out.C;
}

static void take_rows(const struct showing *s, const struct taking *taking,
		      size_t at, size_t b)
{
	const struct ut_layer *layer =
		&s->group->session->net.layers[taking->layer];
	size_t i, k;

	for (k = 0; k < taking->count; ++k) {
		size_t place = wide_place(layer, k * taking->step);

		for (i = 0; i < b; ++i) {
			size_t to = taking->by_output
					    ? k * s->n + at + i
					    : (at + i) * taking->count + k;

			taking->values[to] = s->rows[i * layer->wide_O + place];
		}
	}
}

/* Shows the images to replica r of the arenas, and keeps what is asked for. */
static enum ut_status show(const struct showing *s, struct ut_buffer *arenas,
			   unsigned r, const struct taking *takings,
			   size_t count, struct ut_error *error)
{
	struct ut_group *group = s->group;
	const struct ut_session *session = group->session;
	const struct ut_net *net = &session->net;
	size_t width = ut_net_input_width(net), at, k;
	size_t D = ut_dataset_image_bytes(session->data);
	struct ut_activations one = group->watch;
	struct ut_slice arena =
		ut_slice_from(ut_group_arenas(group, arenas), r);
	enum ut_status status = UT_OK;

	one.R = 1;
	for (at = 0; at < s->n && !status; at += one.B) {
		size_t b = s->n - at < one.B ? s->n - at : one.B;
		struct ut_slice x = {group->test_x, 0, b * width, 0};

		ut_gather_images(session->device,
				 &(struct ut_gather){
					 .R = 1,
					 .B = b,
					 .N = s->N,
					 .D = D,
					 .width = width,
					 .images = ut_slice_of(s->images,
							       s->N * D),
					 .ids = {s->ids, at, b, 0},
					 .affine = session->pixels,
					 .x = x,
				 });
		ut_net_forward(net, session->device, &one, b, x, arena, NULL);
		for (k = 0; k < count && !status; ++k) {
			size_t layer = takings[k].layer;

			status = ut_buffer_read(one.outputs[layer], 0,
						b * net->layers[layer].wide_O,
						s->rows, error);
			if (!status)
				take_rows(s, &takings[k], at, b);
		}
	}
	return status;
}

static enum ut_status out_of_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY,
			    "out of memory for diagnostics; choose diagnostics "
			    "= no");
}

/* At most `most` of a split's images; test or training. */
static enum ut_status showing_init(struct showing *s, struct ut_group *group,
				   bool test, size_t most,
				   struct ut_error *error)
{
	const struct ut_session *session = group->session;
	const struct ut_net *net = &session->net;
	const struct ut_split *split =
		test ? &session->data->test : &session->data->train;
	size_t widest = 0, i;
	enum ut_status status;

	for (i = 0; i < net->layer_count; ++i)
		if (net->layers[i].wide_O > widest)
			widest = net->layers[i].wide_O;
	*s = (struct showing){
		.group = group,
		.images = test ? session->test_images : session->images,
		.N = split->count,
		.n = split->count < most ? split->count : most,
		.rows = malloc(group->watch.B * widest * sizeof(float)),
	};
	s->ids = ut_diagnostics_ids(session->device, s->n, s->N);
	status = ut_device_finish(session->device, error);
	if (!status && (!s->rows || !s->ids))
		status = out_of_memory(error);
	return status;
}

static void showing_release(struct showing *s)
{
	ut_buffer_free(s->ids);
	free(s->rows);
}

/* Likeness ----------------------------------------------------------------- */

/* What is taken of a network to compare it: hidden layers, then logits. */
struct view {
	struct taking takings[UT_LAYERS_MAX];
	size_t count;
};

static bool view_init(struct view *view, const struct ut_net *net, size_t n)
{
	size_t i;

	*view = (struct view){.count = 0};
	for (i = 0; i < net->layer_count; ++i) {
		bool last = i + 1 == net->layer_count;
		struct taking *taking = &view->takings[view->count];

		if (!ut_layer_has_weights(&net->layers[i]))
			continue;
		*taking = thin(net, i, LIKENESS_OUTPUTS);
		taking->by_output = !last;
		if (last) {
			taking->step = 1;
			taking->count = net->classes;
		}
		++view->count;
		taking->values = malloc(taking->count * n * sizeof(double));
		if (!taking->values)
			return false;
	}
	return true;
}

static void view_release(struct view *view)
{
	size_t k;

	for (k = 0; k < view->count; ++k)
		free(view->takings[k].values);
}

/* CKA of each hidden layer, and the KL from the teacher's answers. */
static bool compare(const struct view *student, const struct view *teacher,
		    size_t n, double *values)
{
	size_t hidden = student->count - 1, k, i;
	const struct taking *p = &teacher->takings[hidden];
	const struct taking *q = &student->takings[hidden];
	double *grams = malloc(2 * n * n * sizeof(*grams)), sum = 0;

	if (!grams)
		return false;
	for (k = 0; k < hidden; ++k) {
		const struct taking *a = &student->takings[k];

		ut_gram(a->values, a->count, n, grams);
		ut_gram(teacher->takings[k].values, a->count, n, grams + n * n);
		values[k * UT_DIAGNOSTICS + UT_DIAGNOSTIC_CKA] =
			ut_linear_cka(grams, grams + n * n, n);
	}
	for (i = 0; i < n; ++i)
		sum += ut_kl(p->values + i * p->count, q->values + i * q->count,
			     p->count);
	values[student->count * UT_DIAGNOSTICS + UT_DIAGNOSTIC_KL] =
		sum / (double)n;
	free(grams);
	return true;
}

/* Replica r's final diagnostics. */
static double *values_of(const struct ut_group *group, enum ut_condition c,
			 unsigned r)
{
	const struct ut_results *results = group->session->results;

	return ut_results_diagnostics(results, c, results->diagnoses[c].epochs,
				      group->first + r);
}

static enum ut_status measure_likeness(struct ut_group *group,
				       enum ut_condition c,
				       struct ut_buffer *arenas,
				       struct ut_error *error)
{
	const struct ut_net *net = &group->session->net;
	struct view student = {.count = 0}, teacher = {.count = 0};
	struct showing s;
	enum ut_status status =
		showing_init(&s, group, true, UT_LIKENESS_IMAGES, error);
	unsigned r;

	if (!status &&
	    (!view_init(&student, net, s.n) || !view_init(&teacher, net, s.n)))
		status = out_of_memory(error);
	for (r = 0; r < group->R && !status; ++r) {
		status = show(&s, arenas, r, student.takings, student.count,
			      error);
		if (!status)
			status = show(&s, group->teacher, r, teacher.takings,
				      teacher.count, error);
		if (!status &&
		    !compare(&student, &teacher, s.n, values_of(group, c, r)))
			status = out_of_memory(error);
	}
	view_release(&student);
	view_release(&teacher);
	showing_release(&s);
	return status;
}

/* Probes ------------------------------------------------------------------- */

/* Labels of the images that are shown. */
static uint8_t *labels_of(const struct showing *s, const struct ut_split *split)
{
	uint8_t *labels = malloc(s->n);
	size_t i;

	for (i = 0; labels && i < s->n; ++i)
		labels[i] = split->labels[(uint64_t)i * s->N / s->n];
	return labels;
}

static enum ut_status run_probe(const struct showing *train,
				const struct showing *test,
				struct ut_buffer *arenas, unsigned r,
				double *accuracy, struct ut_error *error)
{
	const struct ut_session *session = train->group->session;
	const struct ut_net *net = &session->net;
	struct taking seen = thin(net, net->layer_count - 2, PROBE_OUTPUTS);
	struct taking tested = seen;
	uint8_t *seen_labels = labels_of(train, &session->data->train);
	uint8_t *tested_labels = labels_of(test, &session->data->test);
	enum ut_status status = UT_OK;

	seen.values = malloc(train->n * seen.count * sizeof(double));
	tested.values = malloc(test->n * seen.count * sizeof(double));
	if (!seen.values || !tested.values || !seen_labels || !tested_labels)
		status = out_of_memory(error);
	if (!status)
		status = show(train, arenas, r, &seen, 1, error);
	if (!status)
		status = show(test, arenas, r, &tested, 1, error);
	if (!status)
		status = ut_probe((struct ut_probe_set){train->n, seen.values,
							seen_labels},
				  (struct ut_probe_set){test->n, tested.values,
							tested_labels},
				  seen.count, net->classes, accuracy, error);
	free(seen.values);
	free(tested.values);
	free(seen_labels);
	free(tested_labels);
	return status;
}

/* What a linear classifier reads out of the head's input. */
static enum ut_status measure_probe(struct ut_group *group, enum ut_condition c,
				    struct ut_buffer *arenas,
				    struct ut_error *error)
{
	struct showing train = {0}, test = {0};
	size_t row = group->session->results->layers - 2;
	enum ut_status status;
	unsigned r;

	status = showing_init(&train, group, false, UT_PROBE_IMAGES, error);
	if (!status)
		status = showing_init(&test, group, true, UT_PROBE_IMAGES,
				      error);
	for (r = 0; r < group->R && !status; ++r)
		status = run_probe(&train, &test, arenas, r,
				   values_of(group, c, r) +
					   row * UT_DIAGNOSTICS +
					   UT_DIAGNOSTIC_PROBE,
				   error);
	showing_release(&train);
	showing_release(&test);
	return status;
}

/* Both -------------------------------------------------------------------- */

enum ut_status ut_diagnostics_finish(struct ut_group *group,
				     enum ut_condition c,
				     struct ut_buffer *arenas,
				     struct ut_error *error)
{
	const struct ut_results *results = group->session->results;
	enum ut_status status = UT_OK;

	if (!results->diagnoses[c].values)
		return UT_OK;
	if (ut_condition_is_student(c))
		status = measure_likeness(group, c, arenas, error);
	/* a network without hidden layers has nothing to probe */
	if (!status && results->layers > 1)
		status = measure_probe(group, c, arenas, error);
	return status;
}
