/* The experiment: every replica's teacher, students and controls. */
#include "lab/experiment.h"

#include "lab/demand.h"
#include "lab/diagnostics.h"
#include "lab/fleet.h"
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

/* A group from its beginning, or from where it was kept, to its end. */
static enum ut_status run_group(struct ut_session *session, unsigned first,
				unsigned R, struct ut_error *error)
{
	struct ut_group group;
	enum ut_status status;
	int c = session->kept ? (int)session->kept->place.phase : 0;

	status = ut_group_init(&group, session, first, R,
			       ut_demand_rows(session), error);
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
	for (; c < UT_CONDITIONS && !status; ++c)
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
	progress->loss = progress->accuracy = -1;
}

enum ut_status ut_experiment_run(const struct ut_experiment *experiment,
				 struct ut_results *results,
				 struct ut_error *error)
{
	struct ut_session session = {
		.recipe = experiment->recipe,
		.data = experiment->data,
		.observer = experiment->observer,
		.teachers = experiment->teachers,
		.checkpoint = experiment->checkpoint,
		.results = results,
		.epochs = experiment->epochs,
	};
	enum ut_status status = ut_session_init(&session, error);

	if (status)
		return status;
	plan_progress(&session);
	results->chance = 1.0 / (double)session.net.classes;
	results->chance_present =
		1.0 / (double)(session.end_class - session.first_class);
	return ut_fleet_run(experiment, &session, run_group, error);
}
