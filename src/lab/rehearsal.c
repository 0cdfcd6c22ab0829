/* A recipe's training steps without its data. */
#include "lab/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/demand.h"
#include "lab/trainer.h"

static const enum ut_condition phases[UT_REHEARSED] = {UT_TEACHER, UT_AUX};

/* Steps of an epoch: the second one begins with what the first has made. */
enum { STEPS = 2 };

/* Of a set of a user's own photographs the classes are not known. */
enum { SIDE = 28, CLASSES = 10 };

struct ut_rehearsal {
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_observer observer;
	struct ut_results results;
	struct ut_session session;
	struct ut_group group;
	struct ut_trainer trainers[UT_REHEARSED];
};

/* Images and labels without sense, of the recipe's shapes. */
static enum ut_status make_data(struct ut_dataset *data,
				const struct ut_recipe *recipe,
				struct ut_error *error)
{
	bool photographs = ut_dataset_is_photographs(recipe->data.set);
	struct ut_split split = {.count = STEPS * recipe->teacher.batch};
	size_t i, bytes;

	*data = (struct ut_dataset){
		.name = "none",
		.height = photographs ? recipe->image.size : SIDE,
		.width = photographs ? recipe->image.size : SIDE,
		.channels =
			photographs && recipe->image.colour == UT_RGB ? 3 : 1,
		.classes = CLASSES,
	};
	bytes = split.count * ut_dataset_image_bytes(data);
	split.images = malloc(bytes);
	split.labels = malloc(split.count);
	data->train = data->test = split;
	if (!split.images || !split.labels)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < bytes; ++i)
		split.images[i] = (uint8_t)(i * 7919 >> 5);
	for (i = 0; i < split.count; ++i)
		split.labels[i] = (uint8_t)(i % CLASSES);
	data->test.count = 1;
	return UT_OK;
}

/* What leaves shapes and work as they are, and takes less memory. */
static void shorten(struct ut_recipe *recipe)
{
	recipe->distill.images = STEPS * recipe->distill.training.batch;
	recipe->distill.noise_set[0] = '\0';
	strcpy(recipe->data.classes, "all");
	recipe->diagnostics = 0;
}

/* As many as a run has, unless a host needs seconds for the same. */
static unsigned choose_replicas(const struct ut_session *session)
{
	const double most_flop = 40e9;
	const struct ut_recipe *recipe = session->recipe;
	double flop = ut_net_training_flop(&session->net) *
		      (double)(recipe->teacher.batch +
			       recipe->distill.training.batch);
	unsigned wanted = ut_demand_group(session);
	double most = most_flop / flop;

	if (most >= wanted)
		return wanted;
	return most < 1 ? 1 : (unsigned)most;
}

static enum ut_status begin(struct ut_rehearsal *r, unsigned R,
			    struct ut_error *error)
{
	struct ut_session *session = &r->session;
	const struct ut_recipe *recipe = &r->recipe;
	size_t batch = recipe->distill.training.batch;
	struct ut_group *group = &r->group;
	enum ut_status status;
	size_t i;

	status = ut_session_init(session, error);
	if (!status)
		status = ut_session_upload(session, error);
	if (!status)
		status = ut_group_init(group, session, 0,
				       R ? R : choose_replicas(session), batch,
				       error);
	if (status)
		return status;
	/* a student that begins as the teacher would have little to learn */
	ut_net_draw(&session->net, session->device, group->R,
		    (enum ut_init)recipe->init,
		    ut_group_rng(group, UT_PURPOSE_INIT, 0),
		    ut_group_arenas(group, group->teacher));
	ut_net_draw(&session->net, session->device, group->R,
		    (enum ut_init)recipe->init,
		    ut_group_rng(group, UT_PURPOSE_FRESH, 0),
		    ut_group_arenas(group, group->student));
	for (i = 0; i < UT_REHEARSED && !status; ++i) {
		status = ut_trainer_init(&r->trainers[i], group, phases[i],
					 error);
		if (!status)
			ut_trainer_begin_epoch(&r->trainers[i], 1);
	}
	return status;
}

enum ut_status ut_rehearsal_new(struct ut_rehearsal **rehearsal,
				const struct ut_recipe *recipe, unsigned R,
				struct ut_device *device,
				struct ut_error *error)
{
	struct ut_rehearsal *r = calloc(1, sizeof(*r));
	enum ut_status status;

	*rehearsal = r;
	if (!r)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	r->recipe = *recipe;
	shorten(&r->recipe);
	r->session = (struct ut_session){
		.recipe = &r->recipe,
		.data = &r->data,
		.device = device,
		.observer = &r->observer,
		.results = &r->results,
	};
	status = make_data(&r->data, &r->recipe, error);
	return status ? status : begin(r, R, error);
}

void ut_rehearsal_free(struct ut_rehearsal *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < UT_REHEARSED; ++i)
		ut_trainer_release(&r->trainers[i]);
	ut_group_release(&r->group);
	ut_session_release(&r->session);
	free(r->data.train.images);
	free(r->data.train.labels);
	free(r);
}

unsigned ut_rehearsal_replicas(const struct ut_rehearsal *rehearsal)
{
	return rehearsal->group.R;
}

/* Takes in the floats of a buffer. */
static enum ut_status take_in(struct ut_fingerprinter *in, float *numbers,
			      struct ut_buffer *buffer, struct ut_error *error)
{
	size_t count = ut_buffer_count(buffer);
	enum ut_status status =
		ut_buffer_read(buffer, 0, count, numbers, error);

	if (!status)
		ut_fingerprint_update_f32(in, numbers, count);
	return status;
}

enum ut_status ut_rehearsal_prove(struct ut_rehearsal *r,
				  struct ut_fingerprint *print,
				  struct ut_error *error)
{
	enum ut_status status = UT_OK;
	struct ut_fingerprinter in;
	size_t kind, step;

	ut_fingerprint_init(&in);
	for (kind = 0; kind < UT_REHEARSED; ++kind)
		for (step = 0; step < STEPS && !status; ++step) {
			struct ut_trainer *t = &r->trainers[kind];

			ut_trainer_step(t, step);
			/* an update can hide what is wrong with a gradient */
			status = take_in(&in, r->group.arenas, t->gradient,
					 error);
			if (!status)
				status = take_in(&in, r->group.arenas, t->arena,
						 error);
		}
	*print = ut_fingerprint_finish(&in);
	return status;
}

enum ut_status ut_rehearsal_time(struct ut_rehearsal *r, unsigned kind,
				 unsigned steps, double *seconds,
				 struct ut_error *error)
{
	double start = ut_clock_now();
	enum ut_status status;
	unsigned i;

	for (i = 0; i < steps; ++i)
		ut_trainer_step(&r->trainers[kind], i % STEPS);
	status = ut_device_finish(r->session.device, error);
	*seconds = ut_clock_now() - start;
	return status;
}
