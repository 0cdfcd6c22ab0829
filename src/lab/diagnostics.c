/* Diagnostics of students' weights and gradients, and all of them as a table. */
#include "lab/diagnostics.h"

#include <math.h>
#include <stdlib.h>

#include "lab/students.h"
#include "report/similarity.h"

struct ut_diagnostics {
	size_t batch; /* images of the task's gradient */
	struct ut_buffer *ids, *labels, *x, *loss;
	/* (R, P) each: where the students and their teachers began, and where
	 * the teachers ended; gradients of the distillation, and of the task */
	float *start, *origin, *goal, *distilling, *task;
};

struct ut_buffer *ut_diagnostics_ids(struct ut_device *device, size_t n,
				     size_t N)
{
	struct ut_buffer *buffer = ut_buffer_new(device, UT_U32, n);
	uint32_t *ids = malloc(n * sizeof(*ids));
	size_t i;

	for (i = 0; ids && i < n; ++i)
		ids[i] = (uint32_t)((uint64_t)i * N / n);
	if (buffer && ids) {
		ut_buffer_write(buffer, 0, n, ids);
	} else {
		ut_buffer_free(buffer);
		buffer = NULL;
	}
	free(ids);
	return buffer;
}

/* The part of an arena that a layer's weights and biases are. */
static size_t layer_begin(const struct ut_layer *layer)
{
	return layer->weight;
}

static size_t layer_length(const struct ut_layer *layer)
{
	return layer->bias + layer->wide_out - layer->weight;
}

/* Where the students of a phase began: prepared anew, elsewhere. */
static enum ut_status read_start(struct ut_trainer *t, float *to,
				 struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_buffer *student = group->student;
	size_t count = group->R * group->session->net.parameters;
	enum ut_status status;

	group->student = ut_buffer_new(group->session->device, UT_F32, count);
	if (group->student)
		ut_student_prepare(group, t->phase);
	status = ut_device_finish(group->session->device, error);
	if (!status)
		status = ut_buffer_read(group->student, 0, count, to, error);
	ut_buffer_free(group->student);
	group->student = student;
	return status;
}

static enum ut_status read_beginnings(struct ut_diagnostics *d,
				      struct ut_trainer *t,
				      struct ut_error *error)
{
	struct ut_group *group = t->group;
	size_t count = group->R * group->session->net.parameters;
	enum ut_status status = read_start(t, d->start, error);

	if (!status)
		status = ut_buffer_read(group->initial, 0, count, d->origin,
					error);
	if (!status)
		status = ut_buffer_read(group->teacher, 0, count, d->goal,
					error);
	return status;
}

/* The images of the task, and room for their gradients. */
static void open_task(struct ut_diagnostics *d, struct ut_trainer *t)
{
	const struct ut_session *session = t->group->session;
	struct ut_device *device = session->device;
	size_t N = session->data->train.count, b = d->batch;
	size_t width = ut_net_input_width(&session->net);
	size_t D = ut_dataset_image_bytes(session->data);

	d->ids = ut_diagnostics_ids(device, b, N);
	d->labels = ut_buffer_new(device, UT_U32, b);
	d->x = ut_buffer_new(device, UT_F32, b * width);
	d->loss = ut_buffer_new(device, UT_F32, t->group->R * b);
	if (!d->ids || !d->labels || !d->x || !d->loss)
		return;
	ut_gather_images(device,
			 &(struct ut_gather){
				 .R = 1,
				 .B = b,
				 .N = N,
				 .D = D,
				 .width = width,
				 .images = ut_slice_of(session->images, N * D),
				 .ids = ut_slice_of(d->ids, b),
				 .affine = session->pixels,
				 .x = ut_slice_of(d->x, b * width),
			 });
	ut_gather_labels(device, 1, b, N, ut_slice_of(session->labels, N),
			 ut_slice_of(d->ids, b), ut_slice_of(d->labels, b));
}

static bool allocate(struct ut_diagnostics *d, size_t count)
{
	float **arrays[] = {&d->start, &d->origin, &d->goal, &d->distilling,
			    &d->task};
	size_t i;

	for (i = 0; i < sizeof(arrays) / sizeof(*arrays); ++i) {
		*arrays[i] = malloc(count * sizeof(float));
		if (!*arrays[i])
			return false;
	}
	return true;
}

enum ut_status ut_diagnostics_begin(struct ut_diagnostics **diagnostics,
				    struct ut_trainer *t,
				    struct ut_error *error)
{
	const struct ut_session *session = t->group->session;
	size_t N = session->data->train.count;
	struct ut_diagnostics *d;
	enum ut_status status;

	*diagnostics = NULL;
	if (!session->recipe->diagnostics || !ut_condition_is_student(t->phase))
		return UT_OK;
	*diagnostics = d = calloc(1, sizeof(*d));
	if (!d || !allocate(d, t->group->R * session->net.parameters))
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for the diagnostics of %u "
				    "replicas",
				    t->group->R);
	d->batch = t->batch < N ? t->batch : N;
	open_task(d, t);
	status = ut_device_finish(session->device, error);
	if (!status && !d->ids)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	return status ? status : read_beginnings(d, t, error);
}

void ut_diagnostics_free(struct ut_diagnostics *diagnostics)
{
	if (!diagnostics)
		return;
	ut_buffer_free(diagnostics->ids);
	ut_buffer_free(diagnostics->labels);
	ut_buffer_free(diagnostics->x);
	ut_buffer_free(diagnostics->loss);
	free(diagnostics->start);
	free(diagnostics->origin);
	free(diagnostics->goal);
	free(diagnostics->distilling);
	free(diagnostics->task);
	free(diagnostics);
}

/* Gradients ---------------------------------------------------------------- */

/* The distillation's, on the first batch of an epoch: 0 has the first's. */
static enum ut_status read_distilling(struct ut_diagnostics *d,
				      struct ut_trainer *t,
				      struct ut_error *error)
{
	uint64_t epoch = t->epoch;

	if (!epoch)
		ut_trainer_begin_epoch(t, 1);
	ut_trainer_differentiate(t, 0);
	t->epoch = epoch;
	return ut_buffer_read(t->gradient, 0,
			      t->group->R * t->group->session->net.parameters,
			      d->distilling, error);
}

/* The task's: cross-entropy of images and labels that are always the same. */
static enum ut_status read_task(struct ut_diagnostics *d, struct ut_trainer *t,
				struct ut_error *error)
{
	struct ut_group *group = t->group;
	const struct ut_net *net = &group->session->net;
	struct ut_device *device = group->session->device;
	struct ut_slice arena = ut_group_arenas(group, t->arena);
	struct ut_slice x = {d->x, 0, d->batch * ut_net_input_width(net), 0};
	struct ut_loss loss = {
		.R = group->R,
		.B = d->batch,
		.C = ut_net_columns(net),
		.first = 0,
		.count = net->classes,
		.logits = ut_net_logits(net, &t->activations, d->batch),
		.gradient =
			ut_net_logits_gradient(net, &t->activations, d->batch),
		.loss = ut_slice_of(d->loss, d->batch),
	};

	ut_net_forward(net, device, &t->activations, d->batch, x, arena, NULL);
	ut_cross_entropy(device, &loss,
			 (struct ut_slice){d->labels, 0, d->batch, 0});
	ut_net_backward(net, device, &t->activations, d->batch, x, arena,
			ut_group_arenas(group, t->gradient), NULL);
	return ut_buffer_read(t->gradient, 0, group->R * net->parameters,
			      d->task, error);
}

/* Weights ------------------------------------------------------------------ */

static void put(double *values, size_t row, enum ut_diagnostic which,
		double value)
{
	values[row * UT_DIAGNOSTICS + which] = value;
}

/* `count` weights from `at` on, of a replica whose arena begins at `base`. */
static void measure_part(const struct ut_diagnostics *d, const float *now,
			 size_t base, size_t at, size_t count, double *values,
			 size_t row)
{
	size_t i = base + at;
	struct ut_displacement moved =
		ut_displacement_of(d->start + i, now + i, d->origin + i,
				   d->goal + i, count);

	put(values, row, UT_DIAGNOSTIC_DRIFT, moved.drift);
	put(values, row, UT_DIAGNOSTIC_COSINE, moved.cosine);
	put(values, row, UT_DIAGNOSTIC_PROGRESS, moved.progress);
	put(values, row, UT_DIAGNOSTIC_GRADIENT,
	    ut_cosine(d->distilling + i, d->task + i, count));
}

enum ut_status ut_diagnostics_epoch(struct ut_diagnostics *d,
				    struct ut_trainer *t,
				    struct ut_error *error)
{
	const struct ut_group *group = t->group;
	const struct ut_session *session = group->session;
	const struct ut_net *net = &session->net;
	size_t P = net->parameters, r, i;
	enum ut_status status;

	if (!d)
		return UT_OK;
	status = read_distilling(d, t, error);
	if (!status)
		status = read_task(d, t, error);
	for (r = 0; r < group->R && !status; ++r) {
		double *values =
			ut_results_diagnostics(session->results, t->phase,
					       t->epoch, group->first + r);

		for (i = 0; i < net->layer_count; ++i) {
			const struct ut_layer *layer = &net->layers[i];

			if (ut_layer_has_weights(layer))
				measure_part(d, group->arenas, r * P,
					     layer_begin(layer),
					     layer_length(layer), values,
					     layer->number);
		}
		measure_part(d, group->arenas, r * P, 0, P, values,
			     session->results->layers);
	}
	return status;
}

/* The table ---------------------------------------------------------------- */

static const char *const names[UT_DIAGNOSTICS] = {
	[UT_DIAGNOSTIC_DRIFT] = "drift",
	[UT_DIAGNOSTIC_COSINE] = "cosine",
	[UT_DIAGNOSTIC_PROGRESS] = "progress",
	[UT_DIAGNOSTIC_GRADIENT] = "gradient-cosine",
	[UT_DIAGNOSTIC_CKA] = "cka",
	[UT_DIAGNOSTIC_PROBE] = "probe",
	[UT_DIAGNOSTIC_KL] = "kl",
};

/* The name of the layer with weights of that number; "all": past the last. */
static const char *layer_name(const struct ut_net *net, size_t number)
{
	size_t i;

	for (i = 0; i < net->layer_count; ++i)
		if (ut_layer_has_weights(&net->layers[i]) &&
		    net->layers[i].number == number)
			return net->layers[i].name;
	return "all";
}

static void append_replica(struct ut_text *text,
			   const struct ut_results *results,
			   const struct ut_net *net, int c, uint64_t epoch,
			   size_t r)
{
	const double *values = ut_results_diagnostics(results, c, epoch, r);
	/* networks measured at their end have no other epoch */
	uint64_t shown = results->diagnoses[c].epochs
				 ? epoch
				 : results->phases[c].epochs;
	size_t row;
	int which;

	for (row = 0; row <= results->layers; ++row)
		for (which = 0; which < UT_DIAGNOSTICS; ++which) {
			double value =
				values[row * UT_DIAGNOSTICS + (size_t)which];

			if (isnan(value))
				continue;
			ut_text_append(text, "%s,%zu,%llu,%s,%s,%.9g\n",
				       ut_condition_name(c), r,
				       (unsigned long long)shown,
				       layer_name(net, row), names[which],
				       value);
		}
}

void ut_diagnostics_table(const struct ut_results *results,
			  const struct ut_net *net, struct ut_text *text)
{
	uint64_t epoch;
	size_t r;
	int c;

	ut_text_append(text, "condition,replica,epoch,layer,measure,value\n");
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_diagnosis *diagnosis = &results->diagnoses[c];

		for (epoch = 0; diagnosis->values && epoch <= diagnosis->epochs;
		     ++epoch)
			for (r = 0; r < results->replicas; ++r)
				append_replica(text, results, net, c, epoch, r);
	}
}
