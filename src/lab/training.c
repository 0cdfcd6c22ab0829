/* Training, epoch by epoch: pace, progress, checks and records. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lab/checkpoint.h"
#include "lab/diagnostics.h"
#include "lab/trainer.h"

/* Between two waits a device gets about this much work: OpenCL queues grow
 * without bound otherwise, and progress would run ahead of the work. */
static const double wait_seconds = 0.25;

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

/* A run that is stopped can go on from after this many steps of the epoch. */
static enum ut_status end_early(struct ut_trainer *t, size_t steps,
				struct ut_error *error)
{
	struct ut_checkpoint *checkpoint = t->group->session->checkpoint;
	enum ut_status status = UT_OK;

	if (checkpoint)
		status = ut_checkpoint_save(checkpoint, t, t->epoch, steps,
					    error);
	return status ? status
		      : ut_error_set(error, UT_INTERRUPTED, "interrupted");
}

static enum ut_status report_step(struct ut_trainer *t, size_t step,
				  struct ut_error *error)
{
	struct ut_session *session = t->group->session;
	const struct ut_observer *watcher = session->observer;
	struct ut_progress *progress = &session->progress;
	enum ut_status status = pace(session, error);

	if (!status && watcher->stop && watcher->stop(watcher->user))
		return end_early(t, step + 1, error);
	if (!status && watcher->progress && !session->steps_since_wait) {
		progress->epoch_ends = false;
		progress->loss = progress->accuracy = -1;
		watcher->progress(watcher->user, progress);
	}
	return status;
}

/* "replica 3: fc2.weight": the tensor an arena's element belongs to. */
static enum ut_status refuse_weight(const struct ut_trainer *t, size_t r,
				    uint32_t element, struct ut_error *error)
{
	const struct ut_net *net = &t->group->session->net;
	size_t i = net->layer_count - 1;

	while (!ut_layer_has_weights(&net->layers[i]) ||
	       net->layers[i].weight > element)
		--i;
	return ut_error_set(error, UT_NONFINITE,
			    "%s, epoch %llu, replica "
			    "%zu: %s.%s is not finite; try a smaller learning "
			    "rate",
			    ut_condition_name(t->phase),
			    (unsigned long long)t->epoch, t->group->first + r,
			    net->layers[i].name,
			    element < net->layers[i].bias ? "weight" : "bias");
}

/* Clause 7: NaN and infinities stop the run, by name. */
static enum ut_status check_epoch(struct ut_trainer *t, struct ut_error *error)
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
				status = ut_error_set(
					error, UT_NONFINITE,
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

static double mean_loss(const struct ut_trainer *t, size_t r)
{
	double sum = 0;
	size_t s;

	for (s = 0; s < t->steps; ++s)
		sum += t->host_history[r * t->steps + s];
	return sum / (double)t->steps;
}

/* Writes down a replica's state after epoch t->epoch; 0: before training. */
static enum ut_status record(struct ut_trainer *t, struct ut_error *error)
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
		status = ut_group_accuracy(group, t->arena, accuracy, error);
	if (measured)
		session->progress.done[UT_EFFORT_MEASURE] +=
			group->R * ut_session_look_flop(session);
	if (!status)
		status = ut_buffer_read(t->arena, 0, group->R * P,
					group->arenas, error);
	session->progress.loss = session->progress.accuracy = 0;
	for (r = 0; r < group->R && !status; ++r) {
		points[r].print =
			ut_fingerprint_of_f32(group->arenas + r * P, P);
		points[r].loss = t->epoch ? mean_loss(t, r) : -1;
		points[r].accuracy = measured ? accuracy[r] : -1;
		points[r].rate =
			t->epoch ? ut_optimiser_rate(&t->optimiser.plan,
						     t->epoch * t->steps)
				 : 0;
		session->progress.loss += points[r].loss / group->R;
		session->progress.accuracy += points[r].accuracy / group->R;
	}
	free(accuracy);
	if (!status)
		status = ut_diagnostics_epoch(t->diagnostics, t, error);
	return status ? status
		      : ut_session_stage(session, UT_STAGE_RECORD, t->phase,
					 t->epoch, 0, error);
}

/* The epoch, from step `from` on. */
static enum ut_status run_epoch(struct ut_trainer *t, uint64_t epoch,
				size_t from, struct ut_error *error)
{
	struct ut_session *session = t->group->session;
	const struct ut_observer *watcher = session->observer;
	struct ut_progress *progress = &session->progress;
	enum ut_effort effort = ut_condition_is_teacher(t->phase)
					? UT_EFFORT_TEACHER
					: UT_EFFORT_STUDENT;
	enum ut_status status = UT_OK;
	size_t s;

	progress->epoch = epoch;
	ut_trainer_begin_epoch(t, epoch);
	for (s = from; s < t->steps && !status; ++s) {
		double images = (double)ut_trainer_batch(t, s) * t->group->R;

		status = ut_session_stage(session, UT_STAGE_STEP, t->phase,
					  epoch, s + 1, error);
		if (status)
			break;
		ut_trainer_step(t, s);
		progress->images += images;
		progress->done[effort] += images * ut_trainer_flop(t);
		status = report_step(t, s, error);
	}
	if (!status)
		status = ut_session_stage(session, UT_STAGE_LOOK, t->phase,
					  epoch, 0, error);
	if (!status)
		status = check_epoch(t, error);
	if (!status)
		status = record(t, error);
	if (!status)
		status = ut_checkpoint_epoch(session->checkpoint, t, error);
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
	struct ut_trainer t;
	enum ut_status status = ut_trainer_init(&t, group, phase, error);
	uint64_t epochs = ut_session_epochs(session, phase), epoch = 1;
	size_t step = 0;
	bool resumes;

	session->progress.phase = phase;
	session->progress.epochs = epochs;
	session->last_wait = ut_clock_now();
	resumes = !status && ut_checkpoint_resumes(session, phase);
	if (resumes) {
		epoch = session->kept->place.epoch;
		step = session->kept->place.step;
		status = ut_checkpoint_restore(&t, error);
	}
	if (!status)
		status = ut_diagnostics_begin(&t.diagnostics, &t, error);
	if (!status && !resumes)
		status = record(&t, error);
	for (; epoch <= epochs && !status; ++epoch, step = 0)
		status = run_epoch(&t, epoch, step, error);
	ut_diagnostics_free(t.diagnostics);
	ut_trainer_release(&t);
	return status;
}
