/* A training's buffers and its step: images for teachers, noise for students. */
#include "lab/trainer.h"

#include <stdlib.h>

#include "data/order.h"

static bool teaches(const struct ut_trainer *t)
{
	return ut_condition_is_teacher(t->phase);
}

static void choose_logits(struct ut_trainer *t)
{
	const struct ut_recipe *recipe = t->group->session->recipe;
	const struct ut_net *net = &t->group->session->net;
	bool all = t->phase == UT_ALL || t->phase == UT_CROSS_ALL;
	uint64_t use = recipe->distill.use;

	t->first = 0;
	t->count = net->classes;
	/* labels name classes: classic distillation is of their logits alone */
	if (teaches(t) || recipe->distill.loss == UT_KD)
		return;
	if (!all) {
		t->first = net->classes;
		t->count = 0;
	}
	t->count += use ? use : net->aux;
}

static bool augments(const struct ut_recipe *recipe)
{
	return recipe->augment.rotate > 0 || recipe->augment.shift ||
	       recipe->augment.flip || recipe->augment.brightness > 0;
}

/* Room for changed images, which are then all taken in turn. */
static void allocate_changed(struct ut_trainer *t, size_t rows)
{
	struct ut_device *device = t->group->session->device;
	const struct ut_dataset *data = t->group->session->data;

	t->changed = ut_buffer_new(device, UT_U8,
				   rows * ut_dataset_image_bytes(data));
	t->in_turn = ut_buffer_new(device, UT_U32, t->batch);
	if (!t->in_turn || !t->host_ids)
		return;
	ut_order_sequential(t->host_ids, t->batch);
	ut_buffer_write(t->in_turn, 0, t->batch, t->host_ids);
}

size_t ut_trainer_steps(const struct ut_recipe *recipe,
			const struct ut_dataset *data, enum ut_condition phase)
{
	size_t batch = ut_recipe_training(recipe, phase)->batch;
	size_t images = ut_condition_is_student(phase) ? recipe->distill.images
						       : data->train.count;

	return batch < images ? (images + batch - 1) / batch : 1;
}

/* What a student's images take; false where there is no memory. */
static bool allocate_noise(struct ut_trainer *t)
{
	const struct ut_session *session = t->group->session;

	ut_noise_init(&t->noise, t->group, t->batch);
	if (!ut_recipe_shows_images(session->recipe))
		return true;
	t->shown =
		ut_buffer_new(session->device, UT_U32, t->group->R * t->images);
	return ut_shown_init(&t->choice, session, t->images);
}

/* Each replica's labels in an order of its own; host_ids is overwritten. */
static bool shuffle_labels(struct ut_trainer *t)
{
	const struct ut_session *session = t->group->session;
	struct ut_rng rng = ut_group_rng(t->group, UT_PURPOSE_LABELS, 0);
	size_t N = t->images, r, i;
	uint8_t *labels = malloc(N);
	bool good = labels && t->host_ids;

	t->shuffled = ut_buffer_new(session->device, UT_U8, t->group->R * N);
	for (r = 0; good && t->shuffled && r < t->group->R; ++r) {
		rng.replica = t->group->first + (unsigned)r;
		ut_order_shuffle(t->host_ids, N, rng, 0);
		for (i = 0; i < N; ++i)
			labels[i] = session->data->train.labels[t->host_ids[i]];
		ut_buffer_write(t->shuffled, r * N, N, labels);
	}
	free(labels);
	return good;
}

static enum ut_status allocate(struct ut_trainer *t, struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	struct ut_optimiser_plan plan = t->plan->optimiser;
	size_t R = group->R, B;
	enum ut_status status;
	bool room = true;

	t->batch = B = t->plan->batch < t->images ? t->plan->batch : t->images;
	t->steps = ut_trainer_steps(session->recipe, session->data, t->phase);
	plan.steps = t->steps * t->plan->epochs;
	choose_logits(t);
	t->host_ids = malloc(t->images * sizeof(*t->host_ids));
	ut_activations_init(&t->activations, net, device, group->R, B, true);
	ut_optimiser_init(&t->optimiser, &plan, device, group->R,
			  net->parameters);
	t->x = ut_buffer_new(device, UT_F32, R * B * ut_net_input_width(net));
	if (!teaches(t))
		room = allocate_noise(t);
	else if (augments(session->recipe))
		allocate_changed(t, R * B);
	if (t->phase == UT_SHUFFLED_TEACHER)
		room = shuffle_labels(t);
	t->labels = ut_buffer_new(device, UT_U32, R * B);
	t->gradient = ut_buffer_new(device, UT_F32, R * net->parameters);
	t->loss = ut_buffer_new(device, UT_F32, R * B);
	t->history = ut_buffer_new(device, UT_F32, R * t->steps);
	t->moments = ut_buffer_new(device, UT_F32, R * 2 * t->count);
	t->ids = ut_buffer_new(device, UT_U32, R * t->images);
	t->where = ut_buffer_new(device, UT_U32, R);
	t->host_history = malloc(R * t->steps * sizeof(*t->host_history));
	t->host_where = malloc(R * sizeof(*t->host_where));
	status = ut_device_finish(device, error);
	room = room && t->host_ids && t->host_history && t->host_where;
	if (!status && !room)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	return status;
}

enum ut_status ut_trainer_init(struct ut_trainer *t, struct ut_group *group,
			       enum ut_condition phase, struct ut_error *error)
{
	const struct ut_session *session = group->session;
	const struct ut_recipe *recipe = session->recipe;
	bool teacher = ut_condition_is_teacher(phase);

	*t = (struct ut_trainer){
		.group = group,
		.phase = phase,
		.plan = ut_recipe_training(recipe, phase),
		.images = teacher ? session->data->train.count
				  : recipe->distill.images,
		.arena = teacher ? group->teacher : group->student,
	};
	return allocate(t, error);
}

void ut_trainer_release(struct ut_trainer *t)
{
	ut_activations_release(&t->activations);
	ut_optimiser_release(&t->optimiser);
	ut_noise_release(&t->noise);
	ut_shown_release(&t->choice);
	ut_buffer_free(t->shown);
	ut_buffer_free(t->shuffled);
	ut_buffer_free(t->x);
	ut_buffer_free(t->changed);
	ut_buffer_free(t->in_turn);
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

/* The real images that go with the names of replica r's noise in host_ids. */
static void choose_shown(struct ut_trainer *t, size_t r, bool shuffled,
			 uint64_t first)
{
	struct ut_rng rng = ut_group_rng(t->group, UT_PURPOSE_SHOWN, 0);

	rng.replica += (uint32_t)r;
	ut_shown_choose(&t->choice, rng, shuffled, first, t->host_ids);
	ut_buffer_write(t->shown, r * t->images, t->images, t->host_ids);
}

void ut_trainer_begin_epoch(struct ut_trainer *t, uint64_t epoch)
{
	const struct ut_session *session = t->group->session;
	const struct ut_recipe *recipe = session->recipe;
	struct ut_rng rng = ut_group_rng(t->group,
					 teaches(t) ? UT_PURPOSE_ORDER
						    : UT_PURPOSE_NOISE_ORDER,
					 0);
	bool redrawn =
		!teaches(t) && recipe->distill.redraw == UT_IMAGES_REDRAWN;
	bool shuffled = recipe->order == UT_ORDER_SHUFFLED;
	uint64_t first = redrawn ? (epoch - 1) * t->images : 0;
	uint32_t base = (uint32_t)first;
	size_t i, r;

	t->epoch = epoch;
	for (r = 0; r < t->group->R; ++r, ++rng.replica) {
		if (!shuffled || redrawn)
			ut_order_sequential(t->host_ids, t->images);
		else
			ut_order_shuffle(t->host_ids, t->images, rng,
					 (uint32_t)t->epoch);
		for (i = 0; base && i < t->images; ++i)
			t->host_ids[i] += base;
		ut_buffer_write(t->ids, r * t->images, t->images, t->host_ids);
		if (t->shown)
			choose_shown(t, r, shuffled, first);
	}
}

/* The names of the b images of a step: of ids, or of shown. */
static struct ut_slice step_ids(const struct ut_trainer *t,
				struct ut_buffer *ids, size_t step, size_t b)
{
	return (struct ut_slice){ids, step * t->batch, b, t->images};
}

size_t ut_trainer_batch(const struct ut_trainer *t, size_t step)
{
	size_t left = t->images - step * t->batch;

	return left < t->batch ? left : t->batch;
}

double ut_trainer_flop(const struct ut_trainer *t)
{
	const struct ut_net *net = &t->group->session->net;

	return ut_net_training_flop(net) +
	       (teaches(t) ? 0 : ut_net_forward_flop(net));
}

/* The number of a step's first image in the whole training. */
static uint32_t first_row(const struct ut_trainer *t, size_t step)
{
	uint64_t number = (t->epoch - 1) * t->steps + step;

	return (uint32_t)(number * t->batch);
}

/* Changes the images that op names, and makes op name the changed ones. */
static void augment(struct ut_trainer *t, size_t step, struct ut_gather *op)
{
	const struct ut_session *session = t->group->session;
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_dataset *data = session->data;
	struct ut_augment change = {
		.R = op->R,
		.B = op->B,
		.N = op->N,
		.H = data->height,
		.W = data->width,
		.C = data->channels,
		.turn = (uint32_t)(recipe->augment.rotate / 360 * 4294967296.0 +
				   0.5),
		.shift = (unsigned)recipe->augment.shift,
		.flip = recipe->augment.flip,
		.brightness =
			(unsigned)(recipe->augment.brightness * 256 + 0.5),
		.rng = ut_group_rng(t->group, UT_PURPOSE_AUGMENT, 0),
		.first_row = first_row(t, step),
		.images = op->images,
		.ids = op->ids,
		.to = ut_rows(t->changed, t->batch, op->B, op->D),
	};

	ut_augment_images(session->device, &change);
	op->images = change.to;
	op->N = op->B;
	op->ids = (struct ut_slice){t->in_turn, 0, op->B, 0};
}

/* Labels of the images that ids (b) name. */
static void feed_labels(struct ut_trainer *t, size_t b, struct ut_slice ids)
{
	const struct ut_session *session = t->group->session;
	size_t N = session->data->train.count;
	struct ut_slice labels = {session->labels, 0, N, 0};

	if (t->shuffled)
		labels = ut_slice_of(t->shuffled, N);
	ut_gather_labels(session->device, t->group->R, b, N, labels, ids,
			 ut_rows(t->labels, t->batch, b, 1));
}

/* Images and labels of a teacher's step. */
static void feed_images(struct ut_trainer *t, size_t step, size_t b,
			struct ut_slice x)
{
	const struct ut_session *session = t->group->session;
	size_t N = session->data->train.count;
	size_t D = ut_dataset_image_bytes(session->data);
	struct ut_slice ids = step_ids(t, t->ids, step, b);
	struct ut_gather op = {
		.R = t->group->R,
		.B = b,
		.N = N,
		.D = D,
		.width = ut_net_input_width(&session->net),
		.images = {session->images, 0, N * D, 0},
		.ids = ids,
		.affine = session->pixels,
		.x = x,
	};

	if (t->changed)
		augment(t, step, &op);
	ut_gather_images(session->device, &op);
	feed_labels(t, b, ids);
}

/* Noise or images of a student's step, and what the loss asks for. */
static void feed_noise(struct ut_trainer *t, size_t step, size_t b,
		       struct ut_slice x)
{
	const struct ut_recipe *recipe = t->group->session->recipe;
	struct ut_slice shown = {0};

	if (t->shown)
		shown = step_ids(t, t->shown, step, b);
	ut_noise_make(&t->noise, step_ids(t, t->ids, step, b), shown, b, x);
	if (recipe->distill.loss == UT_KD && recipe->distill.alpha > 0)
		feed_labels(t, b, shown);
}

/* The student's loss: its distance from the teacher's logits on x. */
static void compare_with_teacher(struct ut_trainer *t, size_t b,
				 struct ut_slice x, const struct ut_loss *loss)
{
	const struct ut_session *session = t->group->session;
	const struct ut_recipe *recipe = session->recipe;
	struct ut_distil distil = {
		.loss = *loss,
		.kind = (enum ut_distillation)recipe->distill.loss,
		.temperature = recipe->distill.temperature,
		.alpha = recipe->distill.alpha,
	};

	ut_net_forward(&session->net, session->device, &t->group->watch, b, x,
		       ut_group_arenas(t->group, t->group->teacher), NULL);
	distil.teacher = ut_net_logits(&session->net, &t->group->watch, b);
	if (distil.kind == UT_MSE_NORM) {
		distil.moments = ut_slice_of(t->moments, 2 * t->count);
		ut_moments(session->device, t->group->R, b, loss->C, t->first,
			   t->count, distil.teacher, distil.moments);
	}
	if (distil.kind == UT_KD && distil.alpha > 0)
		distil.labels = ut_rows(t->labels, t->batch, b, 1);
	ut_distil(session->device, &distil);
}

/* The rows of t->x that a step's batch has. */
static struct ut_slice step_rows(const struct ut_trainer *t, size_t b)
{
	return ut_rows(t->x, t->batch, b,
		       ut_net_input_width(&t->group->session->net));
}

void ut_trainer_feed(struct ut_trainer *t, size_t step)
{
	size_t b = ut_trainer_batch(t, step);

	if (teaches(t))
		feed_images(t, step, b, step_rows(t, b));
	else
		feed_noise(t, step, b, step_rows(t, b));
}

void ut_trainer_differentiate(struct ut_trainer *t, size_t step)
{
	struct ut_group *group = t->group;
	const struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	size_t b = ut_trainer_batch(t, step);
	struct ut_slice x = step_rows(t, b);
	struct ut_slice arena = ut_group_arenas(group, t->arena);
	struct ut_slice gradient = ut_group_arenas(group, t->gradient);
	struct ut_dropping dropping = {
		.rate = t->plan->dropout,
		.fc_rate = t->plan->dropout_fc < 0 ? t->plan->dropout
						   : t->plan->dropout_fc,
		.rng = ut_group_rng(group, UT_PURPOSE_DROPOUT + t->phase, 0),
		.first_row = first_row(t, step),
	};
	struct ut_loss loss = {
		.R = group->R,
		.B = b,
		.C = ut_net_columns(net),
		.first = t->first,
		.count = t->count,
		.logits = ut_net_logits(net, &t->activations, b),
		.gradient = ut_net_logits_gradient(net, &t->activations, b),
		.loss = ut_rows(t->loss, t->batch, b, 1),
	};

	ut_trainer_feed(t, step);
	ut_net_forward(net, device, &t->activations, b, x, arena, &dropping);
	if (teaches(t))
		ut_cross_entropy(device, &loss,
				 ut_rows(t->labels, t->batch, b, 1));
	else
		compare_with_teacher(t, b, x, &loss);
	ut_net_backward(net, device, &t->activations, b, x, arena, gradient,
			&dropping);
}

void ut_trainer_step(struct ut_trainer *t, size_t step)
{
	struct ut_group *group = t->group;
	struct ut_device *device = group->session->device;

	ut_trainer_differentiate(t, step);
	ut_optimiser_step(&t->optimiser, device,
			  ut_group_arenas(group, t->arena),
			  ut_group_arenas(group, t->gradient));
	ut_mean(device, group->R,
		ut_rows(t->loss, t->batch, ut_trainer_batch(t, step), 1),
		(struct ut_slice){t->history, step, 1, t->steps});
}
