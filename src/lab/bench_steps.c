/* Benchmarks of training steps, as runs take them. */
#include <stdio.h>
#include <stdlib.h>

#include "lab/bench_suite.h"
#include "lab/trainer.h"

/* What is trained, by what steps. */
struct step {
	const char *suite, *name;
	const char *net;
	struct ut_volume image;
	enum ut_condition phase;
	unsigned R;
	uint64_t batch;
	uint64_t aux; /* of students */
	int noise;
};

enum { CLASSES = 10 };

static void train_step(void *context)
{
	ut_trainer_step(context, 0);
}

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

static void make_recipe(struct ut_recipe *recipe, const struct step *step)
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

/* Trains on the group's nets, drawn at random; measures one step. */
static enum ut_status measure_step(struct ut_bench *bench,
				   const struct step *step,
				   struct ut_group *group)
{
	const struct ut_session *session = group->session;
	struct ut_trainer trainer = {0};
	struct ut_measure result = {.suite = step->suite};
	enum ut_status status;

	ut_net_draw(&session->net, bench->device, step->R, UT_INIT_HE,
		    ut_group_rng(group, UT_PURPOSE_INIT, 0),
		    ut_group_arenas(group, group->teacher));
	ut_net_draw(&session->net, bench->device, step->R, UT_INIT_HE,
		    ut_group_rng(group, UT_PURPOSE_FRESH, 0),
		    ut_group_arenas(group, group->student));
	status = ut_trainer_init(&trainer, group, step->phase, bench->error);
	if (!status) {
		result.flop = ut_trainer_flop(&trainer) * step->R *
			      (double)step->batch;
		snprintf(result.name, sizeof(result.name),
			 "%s step, R %u, batch %llu", step->name, step->R,
			 (unsigned long long)step->batch);
		ut_trainer_begin_epoch(&trainer, 1);
		status = ut_bench_measure(bench,
					  &(struct ut_work){train_step,
							    &trainer},
					  &result);
	}
	ut_trainer_release(&trainer);
	return status;
}

static enum ut_status bench_step(struct ut_bench *bench,
				 const struct step *step)
{
	struct ut_recipe recipe;
	struct ut_dataset data;
	struct ut_results results = {0};
	struct ut_observer observer = {0};
	struct ut_session session = {
		.recipe = &recipe,
		.data = &data,
		.device = bench->device,
		.observer = &observer,
		.results = &results,
	};
	struct ut_group group = {0};
	enum ut_status status;

	make_recipe(&recipe, step);
	status = make_images(&data, step->image, step->batch, bench->error);
	if (status)
		return status;
	status = ut_session_init(&session, bench->error);
	if (!status)
		status = ut_session_upload(&session, bench->error);
	if (!status)
		status = ut_group_init(&group, &session, 0, step->R,
				       step->batch, bench->error);
	if (!status)
		status = measure_step(bench, step, &group);
	ut_group_release(&group);
	ut_session_release(&session);
	free(data.train.images);
	free(data.train.labels);
	return status;
}

static enum ut_status bench_steps(struct ut_bench *bench,
				  const struct step *steps, size_t count)
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

enum ut_status ut_bench_mlp(struct ut_bench *bench)
{
	static const struct step steps[] = {
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 25, 1024, 3, 0},
		{"mlp", "distillation", "mlp", DIGITS, UT_AUX, 25, 1024, 3, 0},
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 1, 1024, 3, 0},
		{"mlp", "distillation", "mlp", DIGITS, UT_AUX, 1, 1024, 3, 0},
		{"mlp", "teacher", "mlp", DIGITS, UT_TEACHER, 1, 64, 3, 0},
	};

	return bench_steps(bench, steps, sizeof(steps) / sizeof(*steps));
}

enum ut_status ut_bench_cnn(struct ut_bench *bench)
{
	static const struct step steps[] = {
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

	return bench_steps(bench, steps, sizeof(steps) / sizeof(*steps));
}
