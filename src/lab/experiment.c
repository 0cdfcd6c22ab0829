/* The experiment: every replica's teacher, students and controls. */
#include "lab/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/checkpoint.h"
#include "lab/diagnostics.h"
#include "lab/noise.h"
#include "lab/students.h"
#include "lab/teachers.h"

enum ut_status ut_experiment_net(const struct ut_recipe *recipe,
				 const struct ut_dataset *data,
				 struct ut_net *net, struct ut_error *error)
{
	struct ut_volume image = {data->height, data->width, data->channels};

	return ut_net_init(net, recipe->net, image, data->classes,
			   recipe->distill.aux, error);
}

enum ut_status ut_experiment_prepare(const struct ut_recipe *recipe,
				     struct ut_dataset *set,
				     struct ut_error *error)
{
	uint8_t kept[UT_DATASET_CLASSES];
	enum ut_status status;
	size_t first, end, i;

	status = ut_recipe_classes(recipe, set->classes, &first, &end, error);
	for (i = first; i < end && !status; ++i)
		kept[i - first] = (uint8_t)i;
	if (!status && end - first < set->classes)
		status = ut_dataset_keep(set, kept, end - first, error);
	if (!status && recipe->data.split == UT_SPLIT_MERGED)
		status = ut_dataset_resplit(set, (uint32_t)recipe->seed, error);
	if (status)
		return status;
	ut_dataset_limit(set, recipe->data.limit, 0);
	if (recipe->teacher.batch > set->train.count)
		return ut_error_set(error, UT_INVALID,
				    "teacher.batch = %llu "
				    "is larger than the %zu training images",
				    (unsigned long long)recipe->teacher.batch,
				    set->train.count);
	return UT_OK;
}

/*
 * Rows that a forward pass without gradients takes at a time: a student's batch,
 * or more where images are small.
 */
static size_t watch_rows(const struct ut_session *session)
{
	size_t batch = session->recipe->distill.training.batch;
	size_t rows = ut_session_rows(session);

	return rows < batch ? batch : rows;
}

/* Bytes on the device that one more replica costs, about. */
static double replica_bytes(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_net *net = &session->net;
	size_t batch = recipe->teacher.batch > recipe->distill.training.batch
			       ? recipe->teacher.batch
			       : recipe->distill.training.batch;
	double input = 4 * (double)ut_net_input_width(net);
	double floats = 6.0 * (double)net->parameters +
			(double)recipe->distill.images +
			(double)session->data->train.count;

	if (ut_recipe_shows_images(recipe))
		floats += (double)recipe->distill.images;
	/* inputs, and what noise or changed images come from */
	return 4 * floats + (double)session->data->train.count +
	       ut_noise_bytes(session, recipe->distill.training.batch) +
	       (double)batch * (2 * input + ut_activations_bytes(net, true)) +
	       (double)watch_rows(session) * ut_activations_bytes(net, false);
}

/*
 * Replicas side by side. A GPU gets as many as fit into half its memory; a
 * processor as few as keep it busy, so that they stay in its caches.
 */
static unsigned group_size(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_device_info *info = ut_device_about(session->device);
	/* what the first layer has to do side by side: images, or pixels */
	double rows = (double)recipe->distill.training.batch *
		      (double)session->net.layers[0].out.H *
		      (double)session->net.layers[0].out.W;
	double fit = (double)info->memory_bytes / 2 / replica_bytes(session);
	double wanted = (double)recipe->group;

	/* the group that was under way stays as it was */
	if (session->checkpoint && session->checkpoint->resuming)
		return session->checkpoint->state.replicas;
	if (!recipe->group)
		wanted = info->kind == UT_KIND_HOST || info->kind == UT_KIND_CPU
				 ? 1 + 1024.0 / rows
				 : (double)recipe->replicas;
	if (wanted > (double)recipe->replicas)
		wanted = (double)recipe->replicas;
	if (info->memory_bytes && wanted > fit && !recipe->group)
		wanted = fit < 1 ? 1 : fit;
	return (unsigned)wanted;
}

/* Bytes of ordinary memory that a run takes beside the device's, about. */
static double host_bytes(const struct ut_session *session, unsigned size)
{
	const struct ut_recipe *recipe = session->recipe;
	double replicas = (double)recipe->replicas, arenas = size, ids;

	if (recipe->diagnostics)
		arenas += UT_DIAGNOSTICS_ARENAS * (double)size;
	/* kept for the run's files, of which one at a time is put together */
	if (recipe->save == UT_SAVE_FIRST)
		arenas += UT_CONDITIONS;
	else if (recipe->save == UT_SAVE_ALL)
		arenas += replicas * UT_CONDITIONS;
	ids = (double)(recipe->distill.images > session->data->train.count
			       ? recipe->distill.images
			       : session->data->train.count);
	/* the shown images' order is made of two more lists */
	if (ut_recipe_shows_images(recipe))
		ids *= 3;
	return 4 * (ids + arenas * (double)session->net.parameters);
}

/*
 * Bytes of the images on the device; on a processor with those that they are
 * copied from, unless these lie in a file.
 */
static double data_bytes(const struct ut_session *session, bool processor)
{
	const struct ut_dataset *data = session->data;
	bool held = !data->loading.mapped ||
		    session->recipe->data.split == UT_SPLIT_MERGED;
	double each = (double)ut_dataset_image_bytes(data);
	double bytes = each * (double)(data->train.count + data->test.count);
	double shown =
		data->shown ? each * (double)data->shown->train.count : 0;

	if (processor && data->shown && !data->shown->loading.mapped)
		shown *= 2;
	return (processor && held ? 2 * bytes : bytes) + shown;
}

/* A run beyond the memory is refused: the kernel would kill it in the end. */
static enum ut_status check_memory(const struct ut_session *session,
				   struct ut_error *error)
{
	const struct ut_device_info *info = ut_device_about(session->device);
	bool processor =
		info->kind == UT_KIND_HOST || info->kind == UT_KIND_CPU;
	unsigned size = group_size(session);
	double images = data_bytes(session, processor);
	double bytes = images + size * replica_bytes(session);

	if (processor)
		bytes += host_bytes(session, size);
	if (!info->memory_bytes || bytes <= (double)info->memory_bytes)
		return UT_OK;
	return ut_error_set(error, UT_MEMORY,
			    "the recipe takes about %.1f GiB (%.1f of them for "
			    "the data), but %s has %.1f; make group, replicas "
			    "(or save = none), net, batch, distill.images, "
			    "image.size or data.limit smaller",
			    bytes / (1 << 30), images / (1 << 30), info->name,
			    (double)info->memory_bytes / (1 << 30));
}

static bool wants(const struct ut_session *session, enum ut_condition c)
{
	if (!(session->recipe->conditions & 1u << c))
		return false;
	if (!session->epochs || ut_condition_is_teacher(c))
		return true;
	return ut_condition_is_student(c) &&
	       session->epochs >= session->recipe->teacher.epochs;
}

/* Operations of measuring a replica of a condition. */
static double measuring_flop(const struct ut_session *session)
{
	return ut_session_look_flop(session) *
	       (session->recipe->robustness ? 1 + UT_ROBUST_KINDS : 1);
}

static void report_measured(struct ut_session *session, enum ut_condition c)
{
	const struct ut_observer *watcher = session->observer;
	struct ut_progress *progress = &session->progress;

	progress->done[UT_EFFORT_MEASURE] +=
		progress->replicas * measuring_flop(session);
	if (!watcher->progress)
		return;
	progress->phase = c;
	progress->epoch = progress->epochs = 0;
	progress->epoch_ends = false;
	progress->loss = progress->accuracy = -1;
	progress->measured = session->results;
	watcher->progress(watcher->user, progress);
	progress->measured = NULL;
}

/* Measures a condition whose arenas are in buffer, and hands them out. */
static enum ut_status finish_condition(struct ut_group *group,
				       enum ut_condition c,
				       struct ut_buffer *buffer,
				       struct ut_error *error)
{
	struct ut_session *session = group->session;
	const struct ut_observer *watcher = session->observer;
	uint64_t epochs = session->results->phases[c].epochs;
	enum ut_status status;

	status = ut_session_stage(session, UT_STAGE_MEASURE, c, epochs, 0,
				  error);
	if (!status)
		status = ut_group_measure(group, buffer, c, error);
	if (!status)
		status = ut_diagnostics_finish(group, c, buffer, error);
	if (!status)
		status = ut_session_stage(session, UT_STAGE_MEASURED, c, epochs,
					  0, error);
	if (status)
		return status;
	report_measured(session, c);
	if (!watcher->weights)
		return UT_OK;
	status = ut_buffer_read(buffer, 0, group->R * session->net.parameters,
				group->arenas, error);
	if (!status)
		status = watcher->weights(watcher->user, &session->net, c,
					  group->first, group->R, group->arenas,
					  error);
	return status;
}

/* A teacher before training. */
static void begin_teacher(struct ut_group *group)
{
	ut_copy(group->session->device, group->R,
		ut_group_arenas(group, group->initial),
		ut_group_arenas(group, group->teacher));
}

static enum ut_status obtain_teacher(struct ut_group *group,
				     struct ut_error *error)
{
	const struct ut_teachers *teachers = group->session->teachers;

	return teachers ? ut_teachers_give(teachers, group, error)
			: ut_group_train(group, UT_TEACHER, error);
}

static enum ut_status run_condition(struct ut_group *group, enum ut_condition c,
				    struct ut_error *error)
{
	struct ut_buffer *buffer = group->student;
	enum ut_status status;

	status = ut_session_stage(group->session, UT_STAGE_PREPARE, c, 0, 0,
				  error);
	if (status)
		return status;
	if (c == UT_TEACHER) {
		buffer = group->teacher;
		status = obtain_teacher(group, error);
	} else if (c == UT_SHUFFLED_TEACHER) {
		/* the other teacher's students are done by now */
		buffer = group->teacher;
		begin_teacher(group);
		status = ut_group_train(group, c, error);
	} else if (c == UT_REFERENCE) {
		buffer = group->initial;
	} else if (c == UT_CEILING) {
		ut_student_prepare_ceiling(group);
	} else {
		ut_student_prepare(group, c);
		status = ut_group_train(group, c, error);
	}
	if (status || group->session->epochs)
		return status;
	return finish_condition(group, c, buffer, error);
}

/* Where a group begins: a resumed one where it was stopped. */
static int first_condition(const struct ut_session *session)
{
	const struct ut_checkpoint *checkpoint = session->checkpoint;

	return checkpoint && checkpoint->resuming ? (int)checkpoint->state.phase
						  : 0;
}

static enum ut_status run_group(struct ut_session *session, unsigned first,
				unsigned R, struct ut_error *error)
{
	struct ut_group group;
	enum ut_status status;
	int c;

	session->progress.first = first;
	session->progress.replicas = R;
	status = ut_group_init(&group, session, first, R, watch_rows(session),
			       error);
	if (!status)
		status = ut_session_stage(session, UT_STAGE_PREPARE, UT_TEACHER,
					  0, 0, error);
	if (!status) {
		ut_net_draw(&session->net, session->device, R,
			    (enum ut_init)session->recipe->init,
			    ut_group_rng(&group, UT_PURPOSE_INIT, 0),
			    ut_group_arenas(&group, group.initial));
		begin_teacher(&group);
	}
	for (c = first_condition(session); c < UT_CONDITIONS && !status; ++c)
		if (wants(session, c))
			status = run_condition(&group, c, error);
	ut_group_release(&group);
	return status;
}

/* What the whole experiment costs, for progress. */
static void plan_progress(struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	struct ut_progress *progress = &session->progress;
	double training = ut_net_training_flop(&session->net);
	double forward = ut_net_forward_flop(&session->net);
	double R = (double)recipe->replicas;
	double each = recipe->evaluate == UT_EACH_EPOCH
			      ? R * ut_session_look_flop(session)
			      : 0;
	double seen = (double)session->data->train.count;
	double noise = (double)recipe->distill.images;
	int c;

	progress->all = (unsigned)recipe->replicas;
	for (c = 0; c < UT_CONDITIONS; ++c) {
		bool teacher = ut_condition_is_teacher(c);
		double epochs = (double)ut_session_epochs(session, c);

		if (!wants(session, c))
			continue;
		if (!session->epochs)
			progress->planned[UT_EFFORT_MEASURE] +=
				R * measuring_flop(session);
		if (c == UT_TEACHER && session->teachers)
			continue;
		if (teacher)
			progress->planned[UT_EFFORT_TEACHER] +=
				R * epochs * seen * training;
		else if (ut_condition_is_student(c))
			progress->planned[UT_EFFORT_STUDENT] +=
				R * epochs * noise * (training + forward);
		if (teacher || ut_condition_is_student(c))
			progress->planned[UT_EFFORT_MEASURE] +=
				(epochs + 1) * each;
	}
	/* what was done before an interruption says nothing of rates now */
	if (session->checkpoint && session->checkpoint->resuming) {
		const struct ut_state *state = &session->checkpoint->state;

		memcpy(progress->done, state->done, sizeof(state->done));
		progress->images = state->images;
	}
	progress->loss = progress->accuracy = -1;
	if (session->observer->progress)
		session->observer->progress(session->observer->user, progress);
}

enum ut_status ut_experiment_run(const struct ut_experiment *experiment,
				 struct ut_results *results,
				 struct ut_error *error)
{
	const struct ut_recipe *recipe = experiment->recipe;
	struct ut_session session = {
		.recipe = recipe,
		.data = experiment->data,
		.device = experiment->device,
		.observer = experiment->observer,
		.teachers = experiment->teachers,
		.checkpoint = experiment->checkpoint,
		.epochs = experiment->epochs,
		.results = results,
	};
	enum ut_status status = ut_session_init(&session, error);
	unsigned first = 0, all = (unsigned)recipe->replicas, size;

	if (!status)
		status = check_memory(&session, error);
	if (!status)
		status = ut_session_stage(&session, UT_STAGE_PREPARE,
					  UT_TEACHER, 0, 0, error);
	if (!status)
		status = ut_session_upload(&session, error);
	if (!status) {
		plan_progress(&session);
		results->chance = 1.0 / (double)session.net.classes;
		results->chance_present =
			1.0 / (double)(session.end_class - session.first_class);
	}
	session.started = ut_clock_now();
	if (session.checkpoint && session.checkpoint->resuming)
		first = session.checkpoint->state.first;
	while (!status && first < all) {
		size = group_size(&session);
		size = size < all - first ? size : all - first;
		status = run_group(&session, first, size, error);
		first += size;
	}
	results->seconds = ut_clock_now() - session.started;
	results->flop = session.progress.done[UT_EFFORT_TEACHER] +
			session.progress.done[UT_EFFORT_STUDENT];
	results->device_bytes = ut_device_bytes_peak(experiment->device);
	ut_session_release(&session);
	return status;
}
