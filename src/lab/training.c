/* Training: one loop for teachers, on images, and students, on noise. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "data/order.h"
#include "lab/session.h"

/* Between two waits a device gets about this much work: OpenCL queues grow
 * without bound otherwise, and progress would run ahead of the work. */
static const double wait_seconds = 0.25;

/* Everything one training holds on the device, allocated before its loop. */
struct training {
	struct ut_group *group;
	const struct ut_training *plan;
	enum ut_condition phase;
	size_t images, batch, steps;	/* an epoch */
	size_t first, count;		/* the logits of the loss */
	struct ut_buffer *arena;	/* (R, P): what is trained */
	struct ut_activations activations;
	struct ut_optimiser_state optimiser;
	struct ut_buffer *x;		/* (R, B, D) */
	struct ut_buffer *labels;	/* (R, B) u32 */
	struct ut_buffer *gradient;	/* (R, P) */
	struct ut_buffer *loss;		/* (R, B) */
	struct ut_buffer *history;	/* (R, steps) mean losses */
	struct ut_buffer *moments;	/* (R, 2 count) */
	struct ut_buffer *ids;		/* (R, images) u32: this epoch's order */
	struct ut_buffer *where;	/* (R) u32, of ut_check_finite */
	uint32_t *host_ids;		/* (images) */
	float *host_history;		/* (R, steps) */
	uint32_t *host_where;		/* (R) */
	uint64_t epoch;			/* from 1 */
};

static void choose_logits(struct training *t)
{
	const struct ut_net *net = &t->group->session->net;
	bool aux = t->phase == UT_AUX || t->phase == UT_CROSS_AUX;

	t->first = aux ? net->classes : 0;
	t->count = aux ? net->aux : net->classes;
	if (t->phase == UT_ALL || t->phase == UT_CROSS_ALL)
		t->count += net->aux;
}

static enum ut_status training_init(struct training *t, struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	struct ut_optimiser_plan plan = t->plan->optimiser;
	size_t R = group->R, B;
	enum ut_status status;

	t->batch = B = t->plan->batch < t->images ? t->plan->batch : t->images;
	t->steps = (t->images + B - 1) / B;
	plan.steps = t->steps * t->plan->epochs;
	choose_logits(t);
	ut_activations_init(&t->activations, net, device, group->R, B, true);
	ut_optimiser_init(&t->optimiser, &plan, device, group->R,
			  net->parameters);
	t->x = ut_buffer_new(device, UT_F32, R * B * net->layers[0].wide_D);
	t->labels = ut_buffer_new(device, UT_U32, R * B);
	t->gradient = ut_buffer_new(device, UT_F32, R * net->parameters);
	t->loss = ut_buffer_new(device, UT_F32, R * B);
	t->history = ut_buffer_new(device, UT_F32, R * t->steps);
	t->moments = ut_buffer_new(device, UT_F32, R * 2 * t->count);
	t->ids = ut_buffer_new(device, UT_U32, R * t->images);
	t->where = ut_buffer_new(device, UT_U32, R);
	t->host_ids = malloc(t->images * sizeof(*t->host_ids));
	t->host_history = malloc(R * t->steps * sizeof(*t->host_history));
	t->host_where = malloc(R * sizeof(*t->host_where));
	status = ut_device_finish(device, error);
	if (!status && (!t->host_ids || !t->host_history || !t->host_where))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	return status;
}

static void training_release(struct training *t)
{
	ut_activations_release(&t->activations);
	ut_optimiser_release(&t->optimiser);
	ut_buffer_free(t->x);
	ut_buffer_free(t->labels);
	ut_buffer_free(t->gradient);
	ut_buffer_free(t->loss);
	ut_buffer_free(t->history);
	ut_buffer_free(t->moments);
	ut_buffer_free(t->ids);
	ut_buffer_free(t->where);
	free(t->host_ids);
	free(t->host_history);
	free(t->host_where);
}

/*
 * The epoch's order of images, for each replica. Noise that is redrawn has new
 * names in each epoch instead: image i of epoch e is number (e - 1) images + i.
 */
static void upload_order(struct training *t)
{
	const struct ut_session *session = t->group->session;
	const struct ut_recipe *recipe = session->recipe;
	struct ut_rng rng = ut_group_rng(t->group,
					 t->phase == UT_TEACHER
					 ? UT_PURPOSE_ORDER
					 : UT_PURPOSE_NOISE_ORDER, 0);
	bool redrawn = t->phase != UT_TEACHER &&
		       recipe->distill.redraw == UT_IMAGES_REDRAWN;
	uint32_t base = redrawn ? (uint32_t)((t->epoch - 1) * t->images) : 0;
	size_t i, r;

	for (r = 0; r < t->group->R; ++r, ++rng.replica) {
		if (recipe->order == UT_ORDER_SEQUENTIAL || redrawn)
			ut_order_sequential(t->host_ids, t->images);
		else
			ut_order_shuffle(t->host_ids, t->images, rng,
					 (uint32_t)t->epoch);
		for (i = 0; base && i < t->images; ++i)
			t->host_ids[i] += base;
		ut_buffer_write(t->ids, r * t->images, t->images, t->host_ids);
	}
}

/* The names of the b images of a step. */
static struct ut_slice step_ids(const struct training *t, size_t step,
				size_t b)
{
	return (struct ut_slice){t->ids, step * t->batch, b, t->images};
}

/* Images and labels of a teacher's step. */
static void feed_images(struct training *t, size_t step, size_t b,
			struct ut_slice x)
{
	const struct ut_session *session = t->group->session;
	const struct ut_net *net = &session->net;
	size_t N = session->data->train.count;
	struct ut_slice ids = step_ids(t, step, b);

	ut_gather_images(session->device, &(struct ut_gather){
		.R = t->group->R, .B = b, .N = N, .D = net->inputs,
		.width = net->layers[0].wide_D,
		.images = {session->images, 0, N * net->inputs, 0},
		.ids = ids,
		.scale = session->scale, .shift = session->shift, .x = x,
	});
	ut_gather_labels(session->device, t->group->R, b, N,
			 (struct ut_slice){session->labels, 0, N, 0}, ids,
			 ut_rows(t->labels, t->batch, b, 1));
}

/* Noise of a student's step. */
static void feed_noise(struct training *t, size_t step, size_t b,
		       struct ut_slice x)
{
	const struct ut_session *session = t->group->session;
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_net *net = &session->net;

	ut_random(session->device, &(struct ut_random){
		.R = t->group->R, .B = b, .columns = net->inputs,
		.width = net->layers[0].wide_D,
		.distribution = (enum ut_distribution)recipe->distill.noise,
		.scale = (float)recipe->distill.noise_scale,
		.shift = (float)recipe->distill.noise_shift,
		.rng = ut_group_rng(t->group, UT_PURPOSE_NOISE, 0),
		.rows = step_ids(t, step, b),
		.x = x,
	});
}

/* The student's loss: its distance from the teacher's logits on x. */
static void compare_with_teacher(struct training *t, size_t b,
				 struct ut_slice x, const struct ut_loss *loss)
{
	const struct ut_session *session = t->group->session;
	enum ut_distillation kind =
		(enum ut_distillation)session->recipe->distill.loss;
	struct ut_slice teacher, moments = {0};

	ut_net_forward(&session->net, session->device, &t->group->watch, b, x,
		       ut_group_arenas(t->group, t->group->teacher), NULL);
	teacher = ut_net_logits(&session->net, &t->group->watch, b);
	if (kind == UT_MSE_NORM) {
		moments = ut_slice_of(t->moments, 2 * t->count);
		ut_moments(session->device, t->group->R, b, loss->C, t->first,
			   t->count, teacher, moments);
	}
	ut_distil(session->device, loss, kind, teacher, moments);
}

static void step(struct training *t, size_t step)
{
	struct ut_group *group = t->group;
	const struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	size_t left = t->images - step * t->batch;
	size_t b = left < t->batch ? left : t->batch;
	uint64_t number = (t->epoch - 1) * t->steps + step;
	struct ut_slice x = ut_rows(t->x, t->batch, b, net->layers[0].wide_D);
	struct ut_slice arena = ut_group_arenas(group, t->arena);
	struct ut_slice gradient = ut_group_arenas(group, t->gradient);
	struct ut_dropping dropping = {
		.rate = t->plan->dropout,
		.rng = ut_group_rng(group, UT_PURPOSE_DROPOUT + t->phase, 0),
		.first_row = (uint32_t)(number * t->batch),
	};
	struct ut_loss loss = {
		.R = group->R, .B = b, .C = ut_net_columns(net),
		.first = t->first, .count = t->count,
		.logits = ut_net_logits(net, &t->activations, b),
		.gradient = ut_net_logits_gradient(net, &t->activations, b),
		.loss = ut_rows(t->loss, t->batch, b, 1),
	};

	if (t->phase == UT_TEACHER)
		feed_images(t, step, b, x);
	else
		feed_noise(t, step, b, x);
	ut_net_forward(net, device, &t->activations, b, x, arena, &dropping);
	if (t->phase == UT_TEACHER)
		ut_cross_entropy(device, &loss,
				 ut_rows(t->labels, t->batch, b, 1));
	else
		compare_with_teacher(t, b, x, &loss);
	ut_net_backward(net, device, &t->activations, b, x, arena, gradient,
			t->plan->dropout);
	ut_optimiser_step(&t->optimiser, device, arena, gradient);
	ut_mean(device, group->R, loss.loss,
		(struct ut_slice){t->history, step, 1, t->steps});
}

/* Waits for the queued work now and then, so that it stays bounded. */
static enum ut_status pace(struct ut_session *session, struct ut_error *error)
{
	enum ut_status status;
	double now, took;

	if (++session->steps_since_wait < session->steps_between_waits)
		return UT_OK;
	status = ut_device_finish(session->device, error);
	now = ut_clock_now();
	took = now - session->last_wait;
	if (took < wait_seconds / 2 && session->steps_between_waits < 1 << 20)
		session->steps_between_waits *= 2;
	else if (took > wait_seconds * 2 && session->steps_between_waits > 1)
		session->steps_between_waits /= 2;
	session->last_wait = now;
	session->steps_since_wait = 0;
	return status;
}

static enum ut_status report_step(struct training *t, struct ut_error *error)
{
	struct ut_session *session = t->group->session;
	const struct ut_observer *watcher = session->observer;
	struct ut_progress *progress = &session->progress;
	enum ut_status status = pace(session, error);

	if (!status && watcher->stop && watcher->stop(watcher->user))
		return ut_error_set(error, UT_INTERRUPTED, "interrupted");
	if (!status && watcher->progress && !session->steps_since_wait) {
		progress->epoch_ends = false;
		progress->loss = progress->accuracy = -1;
		watcher->progress(watcher->user, progress);
	}
	return status;
}

/* "replica 3: fc2.weight": the tensor an arena's element belongs to. */
static enum ut_status refuse_weight(const struct training *t, size_t r,
				    uint32_t element, struct ut_error *error)
{
	const struct ut_net *net = &t->group->session->net;
	size_t i = net->layer_count - 1;

	while (i && net->layers[i].weight > element)
		--i;
	return ut_error_set(error, UT_NONFINITE, "%s, epoch %llu, replica "
			    "%zu: %s.%s is not finite; try a smaller learning "
			    "rate", ut_condition_name(t->phase),
			    (unsigned long long)t->epoch, t->group->first + r,
			    net->layers[i].name,
			    element < net->layers[i].bias ? "weight" : "bias");
}

/* Clause 7: NaN and infinities stop the run, by name. */
static enum ut_status check_epoch(struct training *t, struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_device *device = group->session->device;
	enum ut_status status;
	size_t r, s;

	ut_fill_u32(device, group->R, ut_slice_of(t->where, 1), UT_ALL_FINITE);
	ut_check_finite(device, group->R, ut_group_arenas(group, t->arena),
			ut_slice_of(t->where, 1));
	status = ut_buffer_read(t->where, 0, group->R, t->host_where, error);
	if (!status)
		status = ut_buffer_read(t->history, 0, group->R * t->steps,
					t->host_history, error);
	for (s = 0; s < t->steps && !status; ++s)
		for (r = 0; r < group->R && !status; ++r)
			if (!isfinite(t->host_history[r * t->steps + s]))
				status = ut_error_set(error, UT_NONFINITE,
					"%s, epoch %llu, step %zu, replica "
					"%zu: the loss is not finite; try a "
					"smaller learning rate",
					ut_condition_name(t->phase),
					(unsigned long long)t->epoch, s + 1,
					group->first + r);
	for (r = 0; r < group->R && !status; ++r)
		if (t->host_where[r] != UT_ALL_FINITE)
			status = refuse_weight(t, r, t->host_where[r], error);
	return status;
}

static double mean_loss(const struct training *t, size_t r)
{
	double sum = 0;
	size_t s;

	for (s = 0; s < t->steps; ++s)
		sum += t->host_history[r * t->steps + s];
	return sum / (double)t->steps;
}

/* Writes down a replica's state after epoch t->epoch; 0: before training. */
static enum ut_status record(struct training *t, struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_session *session = group->session;
	struct ut_results *results = session->results;
	struct ut_point *points = results->phases[t->phase].points +
				  t->epoch * results->replicas + group->first;
	size_t P = session->net.parameters, r;
	enum ut_status status = UT_OK;
	double *accuracy = calloc(group->R, sizeof(*accuracy));
	bool measured = session->recipe->evaluate == UT_EACH_EPOCH;

	if (!accuracy)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (measured)
		status = ut_group_evaluate(group, t->arena, accuracy, NULL,
					   error);
	if (!status)
		status = ut_buffer_read(t->arena, 0, group->R * P,
					group->arenas, error);
	session->progress.loss = session->progress.accuracy = 0;
	for (r = 0; r < group->R && !status; ++r) {
		struct ut_fingerprinter print;

		ut_fingerprint_init(&print);
		ut_fingerprint_update_f32(&print, group->arenas + r * P, P);
		points[r].print = ut_fingerprint_finish(&print);
		points[r].loss = t->epoch ? mean_loss(t, r) : -1;
		points[r].accuracy = measured ? accuracy[r] : -1;
		points[r].rate = t->epoch
			? ut_optimiser_rate(&t->optimiser.plan,
					    t->epoch * t->steps) : 0;
		session->progress.loss += points[r].loss / group->R;
		session->progress.accuracy += points[r].accuracy / group->R;
	}
	free(accuracy);
	return status;
}

static enum ut_status run_epoch(struct training *t, struct ut_error *error)
{
	struct ut_session *session = t->group->session;
	const struct ut_observer *watcher = session->observer;
	struct ut_progress *progress = &session->progress;
	const struct ut_net *net = &session->net;
	double flop = ut_net_training_flop(net);
	enum ut_status status = UT_OK;
	size_t s;

	if (t->phase != UT_TEACHER)
		flop += ut_net_forward_flop(net);
	progress->epoch = t->epoch;
	upload_order(t);
	for (s = 0; s < t->steps && !status; ++s) {
		size_t left = t->images - s * t->batch;
		double images = (double)(left < t->batch ? left : t->batch) *
				t->group->R;

		step(t, s);
		progress->images += images;
		progress->flop += images * flop;
		status = report_step(t, error);
	}
	if (!status)
		status = check_epoch(t, error);
	if (!status)
		status = record(t, error);
	if (!status && watcher->progress) {
		progress->epoch_ends = true;
		watcher->progress(watcher->user, progress);
	}
	return status;
}

enum ut_status ut_group_train(struct ut_group *group, enum ut_condition phase,
			      struct ut_error *error)
{
	struct ut_session *session = group->session;
	const struct ut_recipe *recipe = session->recipe;
	bool teacher = phase == UT_TEACHER;
	struct training t = {
		.group = group,
		.phase = phase,
		.plan = teacher ? &recipe->teacher : &recipe->distill.training,
		.images = teacher ? session->data->train.count
				  : recipe->distill.images,
		.arena = teacher ? group->teacher : group->student,
	};
	enum ut_status status = training_init(&t, error);

	session->progress.phase = phase;
	session->progress.epochs = t.plan->epochs;
	session->last_wait = ut_clock_now();
	if (!status)
		status = record(&t, error);
	while (!status && t.epoch < t.plan->epochs) {
		++t.epoch;
		status = run_epoch(&t, error);
	}
	training_release(&t);
	return status;
}
