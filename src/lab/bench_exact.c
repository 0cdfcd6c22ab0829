/* What exactness costs: the same work in several ways, measured in turn. */
#include <stdio.h>
#include <stdlib.h>

#include "lab/bench_suite.h"

/* Many short samples: the median of ratios is steady on a shared machine, too. */
enum { ROUNDS = 31, QUICK_ROUNDS = 3 };
static const double sample_seconds = 0.03, quick_seconds = 0.002;

struct contest {
	struct ut_device *const *devices;
	bool quick;
	void (*each)(void *user, const struct ut_contest *c);
	void *user;
	struct ut_error *error;
};

/* The work of every device there is; the same time for each in turn. */
static enum ut_status measure(const struct contest *contest,
			      const struct ut_work works[UT_WAYS],
			      struct ut_contest *result)
{
	double seconds[UT_WAYS][ROUNDS], ratios[UT_WAYS][ROUNDS];
	size_t rounds = contest->quick ? QUICK_ROUNDS : ROUNDS, i;
	double wanted = contest->quick ? quick_seconds : sample_seconds;
	enum ut_status status = UT_OK;
	unsigned counts[UT_WAYS] = {0};
	int way;

	for (way = 0; way < UT_WAYS; ++way)
		if (contest->devices[way])
			counts[way] = ut_work_repetitions(&works[way], wanted);
	for (i = 0; i < rounds; ++i)
		for (way = 0; way < UT_WAYS; ++way) {
			if (!counts[way])
				continue;
			seconds[way][i] =
				ut_work_seconds(&works[way], counts[way]) /
				counts[way];
			ratios[way][i] = seconds[way][i] / seconds[0][i];
		}
	for (way = 0; way < UT_WAYS && !status; ++way) {
		if (!counts[way])
			continue;
		result->seconds[way] = ut_median(seconds[way], rounds);
		result->ratio[way] = ut_median(ratios[way], rounds);
		status =
			ut_device_finish(contest->devices[way], contest->error);
	}
	if (!status)
		contest->each(contest->user, result);
	return status;
}

static enum ut_status compete_product(const struct contest *contest, size_t B,
				      size_t O, size_t D)
{
	struct ut_products layers[UT_WAYS] = {0};
	struct ut_work works[UT_WAYS] = {0};
	struct ut_contest result = {
		.flop = 2.0 * (double)B * (double)O * (double)D,
	};
	enum ut_status status = UT_OK;
	int way;

	snprintf(result.name, sizeof(result.name), "gemm %zux%zux%zu", B, O, D);
	for (way = 0; way < UT_WAYS && !status; ++way) {
		struct ut_device *device = contest->devices[way];

		if (!device)
			continue;
		layers[way] = ut_products_new(device, B, O, D);
		works[way] = (struct ut_work){device, ut_products_forward,
					      &layers[way]};
		status = ut_device_finish(device, contest->error);
	}
	if (!status)
		status = measure(contest, works, &result);
	for (way = 0; way < UT_WAYS; ++way)
		ut_products_free(&layers[way]);
	return status;
}

static enum ut_status compete_step(const struct contest *contest,
				   const struct ut_step *step)
{
	struct ut_stand *stands = calloc(UT_WAYS, sizeof(*stands));
	struct ut_work works[UT_WAYS] = {0};
	struct ut_contest result = {0};
	enum ut_status status = UT_OK;
	int way, opened;

	if (!stands)
		return ut_error_set(contest->error, UT_MEMORY, "out of memory");
	for (way = 0; way < UT_WAYS && !status; ++way) {
		struct ut_device *device = contest->devices[way];

		works[way] =
			(struct ut_work){device, ut_stand_step, &stands[way]};
		if (device)
			status = ut_stand_open(&stands[way], device, step,
					       contest->error);
	}
	opened = way;
	if (!status) {
		char name[sizeof(result.name) - 8];

		ut_step_name(step, name, sizeof(name));
		snprintf(result.name, sizeof(result.name), "%s %s", step->suite,
			 name);
		result.flop = ut_stand_flop(&stands[UT_WAY_OWN]);
		status = measure(contest, works, &result);
	}
	for (way = 0; way < opened; ++way)
		if (contest->devices[way])
			ut_stand_close(&stands[way]);
	free(stands);
	return status;
}

enum ut_status ut_bench_exactness(struct ut_device *const devices[UT_WAYS],
				  bool quick,
				  void (*each)(void *user,
					       const struct ut_contest *c),
				  void *user, struct ut_error *error)
{
	const struct contest contest = {devices, quick, each, user, error};
	size_t mlp_count, cnn_count, i;
	const struct ut_step *mlp = ut_steps_mlp(&mlp_count);
	const struct ut_step *cnn = ut_steps_cnn(&cnn_count);
	/* of one replica: teachers' and students' */
	const struct ut_step *const steps[] = {&mlp[2], &mlp[3], &cnn[0],
					       &cnn[2]};
	enum ut_status status;

	status = compete_product(&contest, 1020, 256, 784);
	if (quick) {
		if (!status)
			status = compete_step(&contest, &mlp[4]);
		return status ? status : compete_step(&contest, &cnn[0]);
	}
	if (!status)
		status = compete_product(&contest, 1024, 1024, 1024);
	for (i = 0; i < 4 && !status; ++i)
		status = compete_step(&contest, steps[i]);
	return status;
}
