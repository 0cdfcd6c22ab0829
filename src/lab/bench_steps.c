/* Benchmarks of training steps, as runs take them. */
#include <stdio.h>
#include <stdlib.h>

#include "lab/bench_suite.h"

enum { CLASSES = 10 };

/* Images that nobody looks at, for teachers to train on. */
static enum ut_status make_images(struct ut_dataset *data,
				  struct ut_volume image, size_t count,
				  struct ut_error *error)
{
	struct ut_split split = {.count = count};
	size_t i, bytes = count * image.H * image.W * image.C;

	*data = (struct ut_dataset){
		.name = "none",
		.height = image.H,
		.width = image.W,
		.channels = image.C,
		.classes = CLASSES,
	};
	split.images = malloc(bytes);
	split.labels = malloc(count);
	if (!split.images || !split.labels) {
		free(split.images);
		free(split.labels);
		return ut_error_set(error, UT_MEMORY, "out of memory");
	}
	for (i = 0; i < bytes; ++i)
		split.images[i] = (uint8_t)(i * 7919 >> 5);
	for (i = 0; i < count; ++i)
		split.labels[i] = (uint8_t)(i % CLASSES);
	data->train = data->test = split;
	return UT_OK;
}

static void make_recipe(struct ut_recipe *recipe, const struct ut_step *step)
{
	ut_recipe_init(recipe);
	snprintf(recipe->net, sizeof(recipe->net), "%s", step->net);
	recipe->replicas = step->R;
	recipe->teacher.batch = recipe->distill.training.batch = step->batch;
	recipe->distill.images = step->batch;
	recipe->distill.aux = step->aux;
	recipe->distill.noise = step->noise;
	recipe->distill.loss = UT_MSE;
}

void ut_stand_step(void *context)
{
	struct ut_stand *stand = context;

	ut_trainer_step(&stand->trainer, 0);
}

double ut_stand_flop(const struct ut_stand *stand)
{
	return ut_trainer_flop(&stand->trainer) * stand->group.R *
	       (double)ut_trainer_batch(&stand->trainer, 0);
}

/* Nets drawn at random, and a trainer in its first epoch. */
static enum ut_status begin(struct ut_stand *stand, enum ut_condition phase,
			    struct ut_error *error)
{
	struct ut_group *group = &stand->group;
	const struct ut_session *session = &stand->session;
	enum ut_status status;

	ut_net_draw(&session->net, session->device, group->R, UT_INIT_HE,
		    ut_group_rng(group, UT_PURPOSE_INIT, 0),
		    ut_group_arenas(group, group->teacher));
	ut_net_draw(&session->net, session->device, group->R, UT_INIT_HE,
		    ut_group_rng(group, UT_PURPOSE_FRESH, 0),
		    ut_group_arenas(group, group->student));
	status = ut_trainer_init(&stand->trainer, group, phase, error);
	if (!status)
		ut_trainer_begin_epoch(&stand->trainer, 1);
	return status;
}

enum ut_status ut_stand_open(struct ut_stand *stand, struct ut_device *device,
			     const struct ut_step *step, struct ut_error *error)
{
	enum ut_status status;

	*stand = (struct ut_stand){
		.session =
			{
				.recipe = &stand->recipe,
				.data = &stand->data,
				.device = device,
				.observer = &stand->observer,
				.results = &stand->results,
			},
	};
	make_recipe(&stand->recipe, step);
	status = make_images(&stand->data, step->image, step->batch, error);
	if (!status)
		status = ut_session_init(&stand->session, error);
	if (!status)
		status = ut_session_upload(&stand->session, error);
	if (!status)
		status = ut_group_init(&stand->group, &stand->session, 0,
				       step->R, step->batch, error);
	if (!status)
		status = begin(stand, step->phase, error);
	return status;
}

void ut_stand_close(struct ut_stand *stand)
{
	ut_trainer_release(&stand->trainer);
	ut_group_release(&stand->group);
	ut_session_release(&stand->session);
	free(stand->data.train.images);
	free(stand->data.train.labels);
}

void ut_step_name(const struct ut_step *step, char *text, size_t size)
{
	snprintf(text, size, "%s step, R %u, batch %llu", step->name, step->R,
		 (unsigned long long)step->batch);
}

static enum ut_status bench_step(struct ut_bench *bench,
				 const struct ut_step *step)
{
	struct ut_measure result = {.suite = step->suite};
	struct ut_stand stand;
	enum ut_status status;

	status = ut_stand_open(&stand, bench->device, step, bench->error);
	if (!status) {
		result.flop = ut_stand_flop(&stand);
		ut_step_name(step, result.name, sizeof(result.name));
		status = ut_bench_measure(bench,
					  &(struct ut_work){bench->device,
							    ut_stand_step,
							    &stand},
					  &result);
	}
	ut_stand_close(&stand);
	return status;
}

static enum ut_status bench_steps(struct ut_bench *bench,
				  const struct ut_step *steps, size_t count)
{
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < count && !status; ++i)
		status = bench_step(bench, &steps[i]);
	return status;
}

#define DIGITS            \
	{                 \
		28, 28, 1 \
	}
#define PHOTOGRAPHS         \
	{                   \
		224, 224, 3 \
	}

const struct ut_step *ut_steps_mlp(size_t *count)
{
	static const struct ut_step steps[] = {
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 25, 1024, 3, 0},
		{"mlp", "distillation", "mlp", DIGITS, UT_AUX, 25, 1024, 3, 0},
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 1, 1024, 3, 0},
		{"mlp", "distillation", "mlp", DIGITS, UT_AUX, 1, 1024, 3, 0},
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 1, 64, 3, 0},
	};

	*count = sizeof(steps) / sizeof(*steps);
	return steps;
}

const struct ut_step *ut_steps_cnn(size_t *count)
{
	static const struct ut_step steps[] = {
		{"cnn", "28x28x1 teacher", "cnn3", DIGITS, UT_TEACHER, 1, 128,
		 3, 0},
		{"cnn", "28x28x1 teacher", "cnn3", DIGITS, UT_TEACHER, 4, 128,
		 3, 0},
		{"cnn", "28x28x1 distillation", "cnn3", DIGITS, UT_AUX, 1, 128,
		 64, UT_NOISE_BLURRED},
		{"cnn", "224x224x3 teacher", "cnn3", PHOTOGRAPHS, UT_TEACHER, 1,
		 16, 3, 0},
		{"cnn", "224x224x3 distillation", "cnn3", PHOTOGRAPHS, UT_AUX,
		 1, 16, 64, UT_NOISE_OCTAVES},
	};

	*count = sizeof(steps) / sizeof(*steps);
	return steps;
}

enum ut_status ut_bench_mlp(struct ut_bench *bench)
{
	size_t count;
	const struct ut_step *steps = ut_steps_mlp(&count);

	return bench_steps(bench, steps, count);
}

enum ut_status ut_bench_cnn(struct ut_bench *bench)
{
	size_t count;
	const struct ut_step *steps = ut_steps_cnn(&count);

	return bench_steps(bench, steps, count);
}
